//! Who a Shtrih registrar is, its clock, and the lines above its receipts.
//!
//! Numbers of tables and rows are those of the vendor's own driver; a model that it does not know has no header here.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::Shtrih;
use super::commands::{self, Answer};
use crate::fiscal::{FiscalDetails, FiscalError};
use crate::text;

/// The table of texts, whose rows are lines with one field.
const TEXTS: u8 = 4;
const LINE_FIELD: u8 = 1;
/// Name, type and size of a field.
const FIELD_NAME_BYTES: usize = 40;
/// The longest value that is written at once.
const VALUE_BYTES_MAX: usize = 40;
/// The century of two-digit years.
const CENTURY: i32 = 2000;
/// Ten digits; a person's number has twelve.
const COMPANY_MAX: u64 = 9_999_999_999;
/// Six bytes that say that the device was never registered.
const NO_TAXPAYER: u64 = 0xFFFF_FFFF_FFFF;

/// What the fiscal storage warns of, from bit 0.
const WARNINGS: [&str; 4] = [
    "replace the fiscal storage within 3 days",
    "replace the fiscal storage within 30 days",
    "the archive of the fiscal storage is nearly full; replace it",
    "the tax operator does not answer; check the connection",
];

impl Shtrih {
    pub(super) async fn tell_details(&mut self) -> Result<FiscalDetails, FiscalError> {
        let (_, model) = self.model().await?;
        let mut status = read_full_status(self.ask(&commands::FULL_STATUS).await?)?;
        let storage = self.storage_status().await?;
        let warned = WARNINGS.iter().enumerate().filter(|(bit, _)| storage.warnings & 1 << bit != 0);
        status.warnings = warned.map(|(_, warning)| (*warning).to_owned()).collect();
        let mut until = self.ask(&commands::STORAGE_UNTIL).await?;
        let storage_until = date([until.byte()?, until.byte()?, until.byte()?]);
        let (unsent, unsent_since) = read_exchange(self.ask(&commands::EXCHANGE_STATUS).await?)?;
        Ok(FiscalDetails { model, storage_until, unsent, unsent_since, ..status })
    }

    /// The date first, if it is another one: the device waits until it is said twice.
    pub(super) async fn put_clock(&mut self, now: NaiveDateTime) -> Result<(), FiscalError> {
        let clock = read_full_status(self.ask(&commands::FULL_STATUS).await?)?.clock;
        if clock.is_none_or(|clock| clock.date() != now.date()) {
            let [year, month, day] = [now.year() % 100, now.month() as i32, now.day() as i32].map(|part| part as u8);
            for command in [&commands::SET_DATE, &commands::CONFIRM_DATE] {
                self.send(command, |body| body.extend([day, month, year])).await?;
            }
        }
        let time = [now.hour(), now.minute(), now.second()].map(|part| part as u8);
        self.send(&commands::SET_TIME, |body| body.extend(time)).await?;
        Ok(())
    }

    pub(super) async fn read_header(&mut self) -> Result<Vec<String>, FiscalError> {
        let mut lines = Vec::new();
        for row in self.header_rows().await? {
            let mut answer = self.send(&commands::READ_TABLE, |body| put_place(row, body)).await?;
            lines.push(text::printed(answer.remainder()));
        }
        Ok(lines)
    }

    pub(super) async fn write_header(&mut self, lines: &[String]) -> Result<(), FiscalError> {
        let rows = self.header_rows().await?;
        let mut answer = self.send(&commands::FIELD, |body| body.extend([TEXTS, LINE_FIELD])).await?;
        answer.bytes(FIELD_NAME_BYTES + 1)?;
        let width = usize::from(answer.byte()?).clamp(1, VALUE_BYTES_MAX);
        let refuse = |what: String| Err(FiscalError::Protocol { what });
        if lines.len() > rows.len() {
            return refuse(format!("it has room for {} lines above a receipt", rows.len()));
        }
        if let Some(line) = lines.iter().find(|line| line.chars().count() > width) {
            return refuse(format!("\"{line}\" is longer than {width} characters"));
        }
        for (place, row) in rows.enumerate() {
            let line = lines.get(place).map_or("", String::as_str);
            self.send(&commands::WRITE_TABLE, |body| {
                put_place(row, body);
                text::put_padded(line, width, body);
            })
            .await?;
        }
        Ok(())
    }

    async fn header_rows(&mut self) -> Result<std::ops::Range<u16>, FiscalError> {
        let (number, name) = self.model().await?;
        header_rows(number).ok_or_else(|| FiscalError::Protocol {
            what: format!("it is not known where {name} keeps the lines above a receipt"),
        })
    }

    /// Its number and its name.
    async fn model(&mut self) -> Result<(u8, String), FiscalError> {
        let mut answer = self.ask(&commands::DEVICE_TYPE).await?;
        // Type, subtype, version and subversion of the protocol; language.
        answer.bytes(4)?;
        let number = answer.byte()?;
        answer.byte()?;
        Ok((number, text::printed(answer.remainder())))
    }
}

/// Rows of the table of texts that stand above a receipt.
fn header_rows(model: u8) -> Option<std::ops::Range<u16>> {
    match model {
        0 | 4 | 5 | 8 | 9 | 11 | 12 | 15 | 31 => Some(4..8),
        7 | 14 => Some(23..27),
        17 => Some(11..16),
        19 | 251 | 252 => Some(12..15),
        239 | 250 => Some(11..15),
        _ => None,
    }
}

fn put_place(row: u16, body: &mut Vec<u8>) {
    body.push(TEXTS);
    body.extend_from_slice(&row.to_le_bytes());
    body.push(LINE_FIELD);
}

/// Clock, serial and taxpayer of the full status.
fn read_full_status(mut answer: Answer<'_>) -> Result<FiscalDetails, FiscalError> {
    // Operator; version, build and date; room, document, flags, mode, submode, port; the same of the fiscal memory.
    answer.bytes(1 + 7 + 8 + 7)?;
    let [day, month, year] = [answer.byte()?, answer.byte()?, answer.byte()?];
    let [hour, minute, second] = [answer.byte()?, answer.byte()?, answer.byte()?];
    answer.byte()?;
    let serial = answer.long()?;
    // The last shift; free records of the fiscal memory; registrations made and left.
    answer.bytes(2 + 2 + 2)?;
    let taxpayer = answer.number(6)?;
    let digits = if taxpayer <= COMPANY_MAX { 10 } else { 12 };
    Ok(FiscalDetails {
        serial: serial.to_string(),
        taxpayer: (taxpayer != NO_TAXPAYER && taxpayer != 0).then(|| format!("{taxpayer:0digits$}")),
        clock: date([year, month, day]).and_then(|date| date.and_hms_opt(hour.into(), minute.into(), second.into())),
        ..FiscalDetails::default()
    })
}

/// How many documents wait, and since when.
fn read_exchange(mut answer: Answer<'_>) -> Result<(u16, Option<NaiveDateTime>), FiscalError> {
    answer.bytes(2)?;
    let unsent = answer.short()?;
    answer.long()?;
    let day = date([answer.byte()?, answer.byte()?, answer.byte()?]);
    let (hour, minute) = (answer.byte()?, answer.byte()?);
    let since = day.and_then(|day| day.and_hms_opt(hour.into(), minute.into(), 0));
    Ok((unsent, since.filter(|_| unsent > 0)))
}

/// Year, month, day.
fn date([year, month, day]: [u8; 3]) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(CENTURY + i32::from(year), month.into(), day.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    #[test]
    fn the_full_status_and_what_waits_are_read_as_the_protocol_shows() {
        let status = hex(
            "1E 43 31 01 00 0E 02 11 01 00 00 92 02 04 00 00 31 31 00 00 01 01 14 17 0B 1A 0C 00 00 00 39 30 00 00 00 00 \
             00 00 01 0F 87 83 07 CB 01 00",
        );
        let read = |bytes: &[u8]| read_full_status(Answer::new(&commands::FULL_STATUS, bytes));
        let noon = NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(12, 0, 0));
        let expected = FiscalDetails {
            serial: "12345".into(),
            taxpayer: Some("7701234567".into()),
            clock: noon,
            ..FiscalDetails::default()
        };
        assert_eq!(read(&status), Ok(expected));
        assert!(matches!(read(&status[..45]), Err(FiscalError::Protocol { .. })));
        let none = [&status[..40], &[0xFF; 6]].concat();
        assert_eq!(read(&none).map(|details| details.taxpayer), Ok(None));

        let read = |text: &str| read_exchange(Answer::new(&commands::EXCHANGE_STATUS, &hex(text)));
        assert_eq!(read("02 00 03 00 07 00 00 00 1A 0B 17 0C 00"), Ok((3, noon)));
        assert_eq!(read("01 00 00 00 00 00 00 00 00 00 00 00 00"), Ok((0, None)));
        assert_eq!(read("02 00 03 00 07 00 00 00 1A 00 17 0C 00"), Ok((3, None)));
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let read = read_full_status(Answer::new(&commands::FULL_STATUS, &bytes));
            prop_assert_eq!(read.is_ok(), bytes.len() >= 46);
            let read = read_exchange(Answer::new(&commands::EXCHANGE_STATUS, &bytes));
            prop_assert_eq!(read.is_ok(), bytes.len() >= 13);
        }
    }

    #[test]
    fn a_line_above_a_receipt_is_written_as_the_protocol_shows() {
        let mut body = Vec::new();
        commands::begin(&commands::WRITE_TABLE, &mut body);
        put_place(11, &mut body);
        text::put_padded("Лавка", 8, &mut body);
        assert_eq!(body, hex("1E 1E 00 00 00 04 0B 00 01 CB E0 E2 EA E0 00 00 00"));
        commands::begin(&commands::DEVICE_TYPE, &mut body);
        assert_eq!(body, [0xFC]);
        assert_eq!((header_rows(250), header_rows(252), header_rows(1)), (Some(11..15), Some(12..15), None));
    }
}
