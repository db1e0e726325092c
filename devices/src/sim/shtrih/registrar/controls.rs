//! The rest of the simulated registrar: printing, drawer, tables, clock, X report.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::{Input, Refusal, Registrar, Roll, code};
use crate::text;

/// The one table that has names: settings of the device, all one byte but the last, a text.
const SETTINGS_TABLE: u8 = 1;
const SETTINGS_NAME: &str = "ТИП И РЕЖИМ КАССЫ";
const TEXT_FIELD: u8 = 10;
/// The table of texts, whose rows are lines with one field: of its last four, each that is set stands above every receipt.
const TEXTS_TABLE: u8 = 4;
const TEXT_ROWS: u16 = 14;
const HEADER_ROWS: std::ops::RangeInclusive<u16> = 11..=TEXT_ROWS;
/// The longest value of a table.
const FIELD_BYTES_MAX: u8 = 40;
/// Places that take a value; a real device has about as many, and they bound the memory.
const TABLES_MAX: u8 = 30;
const ROWS_MAX: u16 = 200;
/// Font 1: 576 dots a line, a character of 12 by 24, one font.
const FONT: [u8; 5] = [0x40, 0x02, 12, 24, 1];

impl Registrar {
    pub(super) fn answer_service(
        &mut self,
        command: u16,
        mut input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match command {
            0x16 => {}
            0x14 | 0x1E..=0x24 | 0x26 | 0x27 | 0x2D | 0x2E => {
                self.administrator(&mut input)?;
                self.set_up(command, &mut input, now, out)?;
            }
            0x2C | 0x40 | 0x42..=0x45 => {
                out.push(self.administrator(&mut input)?);
                self.no_receipt()?;
                self.register.report_x();
            }
            0x17 | 0x2F => {
                out.push(self.operator(&mut input)?);
                input.bytes(if command == 0x17 { 1 } else { 2 })?;
                self.register.print(text::printed(input.remainder()));
            }
            0x18 => {
                out.push(self.operator(&mut input)?);
                self.register.print(text::printed(input.bytes(30)?));
                input.short()?;
                out.extend_from_slice(&self.register.memory.running.to_le_bytes());
            }
            0x28 => {
                out.push(self.operator(&mut input)?);
                input.byte()?;
                self.register.drawer_openings = self.register.drawer_openings.wrapping_add(1);
            }
            0xB0 => {
                out.push(self.operator(&mut input)?);
                self.roll = if self.roll == Roll::Loaded { Roll::Fine } else { self.roll };
            }
            // Paper, cutter, graphics and bar codes leave no trace in the simulated roll.
            0x13 | 0x19 | 0x25 | 0x29 | 0x2B | 0x52..=0x54 | 0xC0..=0xC5 | 0xCB | 0xDD | 0xDE | 0xE1..=0xE3 => {
                out.push(self.operator(&mut input)?);
                input.remainder();
            }
            _ => return Err(code::UNKNOWN_COMMAND),
        }
        input.end()
    }

    pub(super) fn print_header(&mut self) {
        let lines = HEADER_ROWS.filter_map(|row| self.tables.get(&(TEXTS_TABLE, row, 1)));
        let lines: Vec<String> = lines.map(|line| text::printed(line)).filter(|line| !line.is_empty()).collect();
        lines.into_iter().for_each(|line| self.register.print(line));
    }

    fn set_up(
        &mut self,
        command: u16,
        input: &mut Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match command {
            0x1E => {
                let place = place(input)?;
                let value = input.remainder();
                if !(1..=usize::from(FIELD_BYTES_MAX)).contains(&value.len()) {
                    return Err(code::BAD_LENGTH);
                }
                self.tables.insert(place, value.to_vec());
            }
            0x1F => match self.tables.get(&place(input)?) {
                Some(value) => out.extend_from_slice(value),
                None => out.push(0),
            },
            0x21 => {
                let [hour, minute, second] = three(input)?;
                let time = NaiveTime::from_hms_opt(hour, minute, second).ok_or(code::BAD_VALUE)?;
                let shown = now.time().with_nanosecond(0).expect("zero is a part of every second");
                self.register.clock_offset += time - shown;
            }
            0x22 => self.unconfirmed_date = Some(date(input)?),
            0x23 => {
                let date = date(input)?;
                if self.unconfirmed_date.take_if(|waiting| *waiting == date).is_none() {
                    return Err(code::DATE_DIFFERS);
                }
                self.register.clock_offset += date - now.date();
            }
            0x24 => self.tables.clear(),
            0x26 => {
                input.byte()?;
                out.extend(FONT);
            }
            0x2D => {
                let (name, rows, fields) = match input.byte()? {
                    SETTINGS_TABLE => (SETTINGS_NAME, 1, TEXT_FIELD),
                    TEXTS_TABLE => ("ТЕКСТ В ЧЕКЕ", TEXT_ROWS, 1),
                    _ => return Err(code::NO_TABLE),
                };
                text::put_padded(name, 40, out);
                out.extend_from_slice(&rows.to_le_bytes());
                out.push(fields);
            }
            0x2E => {
                let field = match (input.byte()?, input.byte()?) {
                    (SETTINGS_TABLE, field) => field,
                    (TEXTS_TABLE, 1) => TEXT_FIELD,
                    _ => return Err(code::NO_TABLE),
                };
                put_field(field, out)?;
            }
            // The speed of a simulated line and the general reset change nothing.
            _ => {
                input.remainder();
            }
        }
        Ok(())
    }
}

/// Name, type (0 number, 1 text), size, least and largest value.
fn put_field(field: u8, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match field {
        TEXT_FIELD => {
            text::put_padded("ЗАГОЛОВОК", 40, out);
            out.extend([1, FIELD_BYTES_MAX]);
            out.resize(out.len() + usize::from(FIELD_BYTES_MAX), 0);
            out.resize(out.len() + usize::from(FIELD_BYTES_MAX), 0xFF);
        }
        1..TEXT_FIELD => {
            text::put_padded(&format!("НАСТРОЙКА {field}"), 40, out);
            out.extend([0, 1, 0, 99]);
        }
        _ => return Err(code::NO_TABLE),
    }
    Ok(())
}

/// Table, row, field.
fn place(input: &mut Input<'_>) -> Result<(u8, u16, u8), Refusal> {
    let place = (input.byte()?, input.short()?, input.byte()?);
    let exists = (1..=TABLES_MAX).contains(&place.0) && (1..=ROWS_MAX).contains(&place.1) && place.2 > 0;
    if exists { Ok(place) } else { Err(code::NO_TABLE) }
}

fn three(input: &mut Input<'_>) -> Result<[u32; 3], Refusal> {
    Ok([input.byte()?.into(), input.byte()?.into(), input.byte()?.into()])
}

fn date(input: &mut Input<'_>) -> Result<NaiveDate, Refusal> {
    let [day, month, year] = three(input)?;
    NaiveDate::from_ymd_opt(2000 + i32::from(u8::try_from(year).expect("one byte")), month, day).ok_or(code::BAD_DATE)
}
