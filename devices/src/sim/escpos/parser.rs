//! The ESC/POS stream cut into commands. Pure; written from the documents and not from the encoder.

/// The largest command: data of a QR code whose length is in two bytes. What is longer is not waited for.
pub(super) const COMMAND_BYTES_MAX: usize = 5 + 0xFFFF;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// One printable byte in the chosen code page.
    Text(u8),
    LineFeed,
    Initialise,
    CodePage(u8),
    Kanji(bool),
    /// Times as wide.
    Width(u8),
    /// Print what is in the line, and feed so many lines.
    Feed(u8),
    Cut,
    /// A function of QR codes with its data.
    Qr(u8, &'a [u8]),
    Barcode(&'a [u8]),
    /// Asked for at once.
    State(u8),
    /// Asked for when all before it is printed.
    Printed(u8),
    /// Asked for, under these letters, when all before it is printed.
    Proof([u8; 4]),
    /// A pulse to a drawer, when all before it is printed and at once.
    Pulse,
    PulseNow,
    Identity(u8),
    AutoState(u8),
    /// Known to be so long, and without an effect here.
    Ignored,
}

/// The first command and its length, or nothing until more bytes are there.
pub(super) fn next(bytes: &[u8]) -> Option<(Command<'_>, usize)> {
    let at = |index: usize| bytes.get(index).copied();
    let ignored = |length: usize| (bytes.len() >= length).then_some((Command::Ignored, length));
    match at(0)? {
        0x0A => Some((Command::LineFeed, 1)),
        0x10 => match at(1)? {
            0x04 => Some((Command::State(at(2)?), 3)),
            0x05 => ignored(3),
            0x14 => at(4).map(|_| (if at(2) == Some(1) { Command::PulseNow } else { Command::Ignored }, 5)),
            _ => ignored(1),
        },
        0x1B => match at(1)? {
            0x40 => Some((Command::Initialise, 2)),
            0x74 => Some((Command::CodePage(at(2)?), 3)),
            0x64 => Some((Command::Feed(at(2)?), 3)),
            0x21 => Some((Command::Width(1 + (at(2)? >> 5 & 1)), 3)),
            0x32 => ignored(2),
            0x24 | 0x5C | 0x63 | 0x42 => ignored(4),
            0x70 => at(4).map(|_| (Command::Pulse, 5)),
            0x61 | 0x45 | 0x2D | 0x4D | 0x7B | 0x56 | 0x33 | 0x4A | 0x52 | 0x3D => ignored(3),
            _ => ignored(2),
        },
        0x1C => match at(1)? {
            0x2E => Some((Command::Kanji(false), 2)),
            0x26 => Some((Command::Kanji(true), 2)),
            _ => ignored(2),
        },
        0x1D => match at(1)? {
            0x21 => Some((Command::Width(1 + (at(2)? >> 4 & 7)), 3)),
            0x56 => match at(2)? {
                0x41 | 0x42 => at(3).map(|_| (Command::Cut, 4)),
                _ => Some((Command::Cut, 3)),
            },
            0x28 => {
                let length = usize::from(u16::from_le_bytes([at(3)?, at(4)?]));
                let data = bytes.get(5..5 + length)?;
                let command = match (at(2)?, data) {
                    (0x6B, [0x31, function, data @ ..]) => Command::Qr(*function, data),
                    (0x48, [0x30, 0x30, a, b, c, d]) => Command::Proof([*a, *b, *c, *d]),
                    _ => Command::Ignored,
                };
                Some((command, 5 + length))
            }
            0x6B => match at(2)? {
                0..=6 => {
                    let length = bytes[3..].iter().position(|byte| *byte == 0)?;
                    Some((Command::Barcode(&bytes[3..3 + length]), 4 + length))
                }
                _ => {
                    let end = 4 + usize::from(at(3)?);
                    Some((Command::Barcode(bytes.get(4..end)?), end))
                }
            },
            0x76 => {
                let columns = usize::from(u16::from_le_bytes([at(4)?, at(5)?]));
                let rows = usize::from(u16::from_le_bytes([at(6)?, at(7)?]));
                ignored(8 + columns * rows)
            }
            0x72 => Some((Command::Printed(at(2)?), 3)),
            0x49 => Some((Command::Identity(at(2)?), 3)),
            0x61 => Some((Command::AutoState(at(2)?), 3)),
            0x4C | 0x57 => ignored(4),
            0x42 | 0x48 | 0x66 | 0x68 | 0x77 => ignored(3),
            _ => ignored(2),
        },
        text @ 0x20.. => Some((Command::Text(text), 1)),
        _ => ignored(1),
    }
}
