//! What the error codes of Shtrih-Print and Mertech label scales mean, in words that say what to do.

/// The codes that a driver or the emulator acts on by itself.
pub(crate) const NO_PAPER: u8 = 1;
pub(crate) const UNKNOWN_COMMAND: u8 = 120;
pub(crate) const BAD_LENGTH: u8 = 121;
pub(crate) const WRONG_PASSWORD: u8 = 122;
pub(crate) const NOT_IN_THIS_MODE: u8 = 123;
pub(crate) const BAD_VALUE: u8 = 124;
pub(crate) const BAD_PLU: u8 = 128;
pub(crate) const BAD_LINE: u8 = 129;
pub(crate) const BAD_CODE: u8 = 130;
pub(crate) const BAD_PRICE: u8 = 131;
pub(crate) const BAD_SHELF_LIFE: u8 = 132;
pub(crate) const BAD_GROUP: u8 = 134;
pub(crate) const BAD_MESSAGE: u8 = 135;
pub(crate) const PLU_EMPTY: u8 = 140;
pub(crate) const PLU_SELECTED: u8 = 141;
pub(crate) const TOO_MANY_PASSWORDS: u8 = 170;

pub(crate) fn sentence(code: u8) -> &'static str {
    match code {
        NO_PAPER => "there is no tape; put a roll in",
        2 => "the label does not stand at its place; feed the tape",
        3 => "the print head is open; close it",
        4 => "the printed label was not taken; take it",
        5 | 6 => "the print head is too hot; wait",
        9 => "printing was interrupted",
        10 => "the clock cannot be read; set it",
        11..=14 => "a part of the label cannot be made; ask the service of the scale",
        15..=20 => "a number on the label is out of range",
        100..=106 => "the prefixes of the barcodes contradict each other",
        107 => "the number of the scale is wrong",
        108 => "the group is wrong",
        109 | 110 => "the number of lines is wrong",
        111 | 112 => "the barcode prefix is wrong",
        113 => "the label format is wrong",
        114 => "the barcode format is wrong",
        115 => "printing is forbidden in the settings of the scale",
        UNKNOWN_COMMAND => "this model does not know the command",
        BAD_LENGTH => "the command has a wrong length",
        WRONG_PASSWORD => "the password is wrong; set the password of the scale",
        NOT_IN_THIS_MODE => "somebody is in its menu, or it clears its memory",
        BAD_VALUE => "a value in the command is wrong",
        125 | 167 => "this line cannot be used for the command",
        126 => "the value can only be read",
        127 => "there is nothing to copy",
        BAD_PLU => "it has no such PLU; its table of goods is shorter",
        BAD_LINE => "the text has no such line",
        BAD_CODE => "the goods code is wrong",
        BAD_PRICE => "the price is wrong",
        BAD_SHELF_LIFE | 142 => "the shelf life is wrong",
        133 => "the tare is wrong",
        BAD_GROUP => "the group is wrong",
        BAD_MESSAGE => "it has no such text; its table of texts is shorter",
        136 => "it has no such picture",
        139 => "it has no goods",
        PLU_EMPTY => "the PLU is empty",
        PLU_SELECTED => "the article is being weighed",
        145..=149 => "the labels that are being added up do not allow this",
        150..=152 => "the platform is not at rest or carries too much",
        153 => "the cost is too large",
        161..=164 => "the picture is wrong",
        165 => "the clock is broken; ask the service of the scale",
        168 | 169 => "the memory is broken; ask the service of the scale",
        TOO_MANY_PASSWORDS => "the password was wrong too often; switch the scale off and on",
        171..=203 => "the file with the goods is refused",
        _ => "for a reason that its protocol does not name",
    }
}
