//! What the result codes of a ZVT terminal mean, in words a cashier can act on.
//!
//! Codes up to 99 come from the bank; the others are the terminal's own.

/// The codes that a driver or the simulator acts on by itself.
pub(crate) const NOT_REGISTERED: u8 = 0x6B;
pub(crate) const TURNOVER_FULL: u8 = 0x6A;
pub(crate) const ABORTED: u8 = 0x6C;
pub(crate) const WRONG_CURRENCY: u8 = 0x6F;
pub(crate) const NOT_POSSIBLE: u8 = 0x83;
pub(crate) const PROTOCOL: u8 = 0x9A;
pub(crate) const PLEASE_WAIT: u8 = 0x9C;
pub(crate) const ALREADY_REVERSED: u8 = 0xB4;
pub(crate) const REVERSAL_NOT_POSSIBLE: u8 = 0xB5;
pub(crate) const AMOUNT_TOO_LARGE: u8 = 0xC3;

/// The code and a sentence.
pub(crate) fn text(code: u8) -> String {
    format!("{} (code {code:02X})", sentence(code))
}

fn sentence(code: u8) -> &'static str {
    match code {
        1 | 2 => "the bank wants to be called",
        3 => "the bank does not know this merchant",
        4 | 7 | 41 | 43 => "the bank wants the card kept; do not give it back and call the bank",
        5 => "the bank said no; ask for another card",
        12 => "the bank does not allow this operation",
        13 => "the bank refuses the amount",
        14 => "there is no such card",
        30 => "the bank did not understand the request",
        33 | 54 => "the card has expired; ask for another card",
        38 | 75 => "the PIN was wrong too often; ask for another card",
        51 => "there is not enough money on the card",
        55 => "the PIN is wrong; try again",
        57 | 58 => "the card or the terminal may not do this",
        61 | 65 => "the limit of the card is reached",
        62 => "the card is restricted",
        91 | 92 => "the bank of the card does not answer; try again later",
        96 => "the bank has a fault; try again later",
        ..=99 => "the bank said no",
        0x64 => "the card cannot be read; try again or ask for another card",
        0x65 => "there are no card data; try again",
        0x66 => "the terminal failed while it worked; try again",
        0x67 | 0x68 => "this kind of card may not do this",
        0x6A => "the memory of the terminal is full; close its day",
        0x6B => "the terminal is not registered with the till",
        0x6C => "it was stopped at the terminal, or nobody gave a card in time",
        0x6E => "the card is blocked",
        0x6F => "the terminal is set to another currency",
        0x71 => "there is not enough money on the card",
        0x72 => "the chip of the card cannot be read; try again",
        0x73 => "the data of the card are wrong",
        0x77 => "the day of the terminal cannot be closed now",
        0x78 => "the card has expired; ask for another card",
        0x79 => "the card is not valid yet",
        0x7A => "the terminal does not know this card",
        0x7D | 0x9B | 0xA1 | 0xA3 => "the terminal cannot reach the bank; check its network",
        0x83 => "the terminal cannot do this now",
        0x85 => "the terminal has no keys; ask its service",
        0x89 | 0xED => "the keypad of the terminal is broken; ask its service",
        0x9A => "the terminal did not understand the till",
        0x9C => "the terminal is busy; wait and try again",
        0xA0 => "the terminal is not ready; try again",
        0xB1 | 0xB2 => "the memory of the terminal is full; close its day",
        0xB4 => "the payment is already reversed",
        0xB5 => "the payment cannot be reversed; give the money back with a refund",
        0xB7 | 0xB8 => "the reservation is wrong",
        0xC1 => "the merchant is blocked; call the bank",
        0xC2 => "the terminal needs a diagnosis; ask its service",
        0xC3 => "the amount is too large",
        0xC5 => "the terminal does not take this kind of payment",
        0xC6 => "the currency is not possible with this card",
        0xC8 => "the amount is too small",
        0xCC => "the printer of the terminal is not ready; check its paper",
        0xDC => "a card is still in the terminal; take it out",
        0xE0 => "the terminal is being serviced from afar; wait and try again",
        0xE2 | 0xE3 => "the card reader of the terminal does not answer; ask its service",
        0xEC => "the PIN cannot be checked; ask the terminal's service",
        0xF0 => "the last day of the terminal is not closed; close it",
        0xFC => "a part of the terminal is missing or broken; ask its service",
        _ => "the terminal has failed; ask its service",
    }
}
