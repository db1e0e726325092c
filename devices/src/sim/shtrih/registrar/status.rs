//! What the simulated registrar tells of itself: status, registers, model.

use chrono::{Datelike, NaiveDateTime, Timelike};
use domain::money::Money;

use super::storage::{month, small, year};
use super::{Input, Refusal, Registrar, Roll, code, put_money};
use crate::sim::fault::Fault;
use crate::text;

/// Receipt roll, two decimals, paper seen, lever down.
const FLAGS: u16 = 0x0292;
const FLAGS_PAPER: u16 = 1 << 1 | 1 << 7;
const SUBMODE_PAPER: u8 = 0;
const SUBMODE_NO_PAPER: u8 = 1;
const SUBMODE_STOPPED: u8 = 2;
const SUBMODE_LOADED: u8 = 3;
const MODE_SHIFT_OPEN: u8 = 2;
const MODE_SHIFT_EXPIRED: u8 = 3;
const MODE_SHIFT_CLOSED: u8 = 4;
const MODE_DATE_UNCONFIRMED: u8 = 6;
const MODE_DOCUMENT_OPEN: u8 = 8;
/// Of the 64 features: cash core, fiscal storage.
const FEATURES: u64 = 1 << 23 | 1 << 43;
/// Payment type 5 of the shift, on devices with two-byte register numbers.
const REGISTER_PAYMENTS_MORE: u64 = 0x1030;

impl Registrar {
    pub(super) fn answer_status(
        &mut self,
        command: u16,
        mut input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match command {
            0x10 => {
                out.push(self.operator(&mut input)?);
                self.put_mode(now, out);
                let [low, high, ..] = self.open.as_ref().map_or(0, |open| open.lines.len()).to_le_bytes();
                out.extend([low, 0, 0, 0, 0, high, 0, 0, 0]);
            }
            0x11 => {
                out.push(self.operator(&mut input)?);
                self.put_full_status(now, out);
            }
            0x15 => {
                self.administrator(&mut input)?;
                input.byte()?;
                // 115,200 baud; 50 ms between bytes.
                out.extend([6, 50]);
            }
            0x1A => {
                out.push(self.operator(&mut input)?);
                let number = input.number(input.rest.len().clamp(1, 2))?;
                put_money(self.money_register(number).ok_or(code::BAD_VALUE)?, 6, out);
            }
            0x1B => {
                out.push(self.operator(&mut input)?);
                out.extend_from_slice(&self.counter(input.byte()?).to_le_bytes());
            }
            0xF7 => {
                if input.byte()? != 1 {
                    return Err(code::BAD_VALUE);
                }
                out.extend_from_slice(&FEATURES.to_le_bytes());
                out.extend([0; 20]);
            }
            _ => {
                // Type, subtype, protocol 1.15, model 250, Russian.
                out.extend([0, 0, 1, 15, 250, 0]);
                text::put_printed(&self.register.settings.name, 40, out);
            }
        }
        input.end()
    }

    fn mode(&self, now: NaiveDateTime) -> u8 {
        if let Some(open) = &self.open {
            return MODE_DOCUMENT_OPEN | (open.operation as u8) << 4;
        }
        if self.unconfirmed_date.is_some() {
            MODE_DATE_UNCONFIRMED
        } else if !self.register.memory.is_shift_open() {
            MODE_SHIFT_CLOSED
        } else if self.register.is_shift_expired(now) {
            MODE_SHIFT_EXPIRED
        } else {
            MODE_SHIFT_OPEN
        }
    }

    /// Flags, mode, submode.
    fn put_mode(&self, now: NaiveDateTime, out: &mut Vec<u8>) {
        let no_paper = self.register.fault == Fault::PaperOut || self.roll == Roll::Stopped;
        let flags = if no_paper { FLAGS & !FLAGS_PAPER } else { FLAGS };
        out.extend_from_slice(&flags.to_le_bytes());
        out.push(self.mode(now));
        out.push(match self.roll {
            Roll::Stopped => SUBMODE_STOPPED,
            Roll::Loaded => SUBMODE_LOADED,
            Roll::Fine | Roll::Ends if no_paper => SUBMODE_NO_PAPER,
            Roll::Fine | Roll::Ends => SUBMODE_PAPER,
        });
    }

    fn put_full_status(&self, now: NaiveDateTime, out: &mut Vec<u8>) {
        // Firmware C1, build 1, of 14.02.17; room 1.
        out.extend([b'C', b'1', 1, 0, 14, 2, 17, 1]);
        out.extend_from_slice(&self.register.memory.running.to_le_bytes());
        self.put_mode(now, out);
        // Port 0; fiscal memory 11, build 0, of 01.01.20.
        out.extend([0, b'1', b'1', 0, 0, 1, 1, 20]);
        out.extend([small(now.day()), month(now), year(now)]);
        out.extend([small(now.hour()), small(now.minute()), small(now.second()), 0]);
        out.extend_from_slice(&self.register.settings.serial.to_le_bytes());
        let closed = self.register.memory.shift.saturating_sub(u16::from(self.register.memory.is_shift_open()));
        out.extend_from_slice(&closed.to_le_bytes());
        // A device with a storage counts no free records; it is registered once and can be 15 times more.
        out.extend([0, 0, 1, 15]);
        out.extend_from_slice(&self.register.settings.taxpayer.to_le_bytes()[..6]);
    }

    /// A register by its number; nothing for a number that the device does not have.
    pub(in crate::sim::shtrih) fn money_register(&self, number: u64) -> Option<Money> {
        let totals = &self.register.memory.totals;
        // Registers of one family go by four: sale, buy, sale return, buy return.
        let place = |first: u64| {
            let offset = usize::try_from(number - first).expect("at most two bytes");
            (offset / 4, offset % 4)
        };
        Some(match number {
            0x00..=0x3F => {
                let (department, operation) = place(0);
                let open = self.open.iter().filter(|open| open.operation as usize == operation);
                let lines = open.flat_map(|open| &open.lines);
                lines.filter(|line| usize::from(line.department) == department + 1).map(|line| line.amount).sum()
            }
            0x79..=0xB8 => totals.departments[place(0x79).0][place(0x79).1],
            0xC1..=0xD0 => totals.payments[place(0xC1).0][place(0xC1).1],
            0xD1..=0xE0 => totals.turnover[place(0xD1).0][place(0xD1).1],
            0xE1..=0xF0 => totals.taxes[place(0xE1).0][place(0xE1).1],
            0xF1 => self.register.memory.cash,
            0xF2 => totals.cash_in,
            0xF3 => totals.cash_out,
            0xF4 => self.register.memory.sold_ever,
            0xF9..=0xFC => totals.cancelled[place(0xF9).1],
            0x40..=0xFF => Money::ZERO,
            REGISTER_PAYMENTS_MORE.. => {
                let (payment, operation) = place(REGISTER_PAYMENTS_MORE);
                totals.payments.get(payment + 4)?[operation]
            }
            _ => return None,
        })
    }

    pub(in crate::sim::shtrih) fn counter(&self, number: u8) -> u16 {
        match number {
            0x90..=0x93 => self.register.memory.totals.receipts[usize::from(number - 0x90)],
            0x94..=0x97 => self.register.memory.receipts[usize::from(number - 0x94)],
            0x98 => self.register.memory.running,
            _ => 0,
        }
    }
}
