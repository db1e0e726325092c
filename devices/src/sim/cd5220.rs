//! Simulator of a customer display: a grid of two lines of twenty characters of code page 866.
//!
//! It understands CD5220 commands and those of the Epson DM-D mode that do not clash with them. Commands that only change
//! how the grid looks are taken and do nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::IBM866;
use serde_json::{Value, json};

use super::control::Controlled;
use super::link::{self, AtOnce, Machine};
use super::listen::Emulated;
use crate::port::{BytePort, Connector};

const COLUMNS: usize = 20;
const ROWS: usize = 2;
/// The longest unfinished command: a line of forty characters to scroll, with its head.
const COMMAND_BYTES_MAX: usize = 43;

/// The simulated display. Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct DisplayHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug)]
struct Device {
    grid: [[u8; COLUMNS]; ROWS],
    column: usize,
    row: usize,
    /// False while the host speaks to a printer on the same line.
    is_selected: bool,
    /// A command that has begun.
    command: Vec<u8>,
}

impl Default for Device {
    fn default() -> Device {
        Device { grid: [[b' '; COLUMNS]; ROWS], column: 0, row: 0, is_selected: true, command: Vec::new() }
    }
}

impl DisplayHandle {
    pub fn new() -> DisplayHandle {
        DisplayHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        link::connector(&self.device)
    }

    /// What the customer sees: twenty characters in each line.
    pub fn lines(&self) -> [String; 2] {
        self.device().grid.map(|row| IBM866.decode_without_bom_handling(&row).0.into_owned())
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Emulated for DisplayHandle {
    async fn serve(&self, port: impl BytePort + 'static) {
        AtOnce { machine: self.device.clone() }.serve(port).await;
    }
}

impl Controlled for DisplayHandle {
    const WORDS: &'static str = "lines";

    const SHOWN: &'static [&'static str] = &["lines"];

    fn obey(&self, word: &str, _: &str) -> Option<Result<Value, String>> {
        (word == "lines").then(|| Ok(json!(self.lines())))
    }
}

impl Machine for Device {
    fn feed(&mut self, bytes: &[u8], _out: &mut Vec<u8>) {
        for byte in bytes {
            self.command.push(*byte);
            if self.is_whole() {
                let command = std::mem::take(&mut self.command);
                self.run(&command);
            } else if self.command.len() > COMMAND_BYTES_MAX {
                self.command.clear();
            }
        }
    }

    fn begin_link(&mut self) {
        self.command.clear();
    }
}

impl Device {
    /// True if the bytes so far are a command with all that belongs to it.
    fn is_whole(&self) -> bool {
        let length = match self.command[..] {
            [0x1B | 0x1F] => return false,
            [0x1B, 0x51, ..] => return self.command.len() > 2 && self.command.ends_with(b"\x0D"),
            [0x1B, 0x6C, ..] | [0x1F, 0x24, ..] => 4,
            [0x1B, 0x57, ..] => 6,
            [0x1B, 0x5B | 0x5F | 0x2A | 0x66 | 0x63 | 0x3D | 0x52 | 0x74 | 0x25 | 0x3F, ..] => 3,
            [0x1F, 0x43 | 0x45 | 0x58, ..] => 3,
            [0x1B | 0x1F, ..] => 2,
            _ => 1,
        };
        self.command.len() >= length
    }

    fn run(&mut self, command: &[u8]) {
        if let [0x1B, 0x3D, device] = command {
            self.is_selected = device & 2 != 0;
        }
        if !self.is_selected {
            return;
        }
        match *command {
            [0x1B, 0x40] => *self = Device::default(),
            [0x0C] => {
                self.grid = [[b' '; COLUMNS]; ROWS];
                (self.column, self.row) = (0, 0);
            }
            [0x18] => {
                self.grid[self.row] = [b' '; COLUMNS];
                self.column = 0;
            }
            // What scrolls past ends with its last characters in the window; the first stay here, to be read.
            [0x1B, 0x51, line @ (0x41 | 0x42 | 0x44), ref text @ .., 0x0D] => {
                let row = &mut self.grid[usize::from(line == 0x42)];
                *row = [b' '; COLUMNS];
                row.iter_mut().zip(text).for_each(|(cell, byte)| *cell = *byte);
            }
            [0x1B, 0x6C, column, row] | [0x1F, 0x24, column, row] => {
                let (column, row) = (usize::from(column), usize::from(row));
                if (1..=COLUMNS).contains(&column) && (1..=ROWS).contains(&row) {
                    (self.column, self.row) = (column - 1, row - 1);
                }
            }
            [0x1B, 0x5B, direction] => match direction {
                0x41 => self.row = 0,
                0x42 | 0x4B => self.row = ROWS - 1,
                0x43 => self.column = (self.column + 1).min(COLUMNS - 1),
                0x44 => self.column = self.column.saturating_sub(1),
                0x48 => (self.column, self.row) = (0, 0),
                0x4C => self.column = 0,
                0x52 => self.column = COLUMNS - 1,
                _ => {}
            },
            [0x1F, 0x0A] => self.row = 0,
            [0x1F, 0x0D] => self.column = COLUMNS - 1,
            [0x1F, 0x42] => (self.column, self.row) = (COLUMNS - 1, ROWS - 1),
            [0x08] => self.column = self.column.saturating_sub(1),
            [0x09] => self.step(),
            [0x0A] => self.row = (self.row + 1) % ROWS,
            [0x0B] => (self.column, self.row) = (0, 0),
            [0x0D] => self.column = 0,
            [text @ 0x20..=0xFF] => {
                self.grid[self.row][self.column] = text;
                self.step();
            }
            _ => {}
        }
    }

    /// The cursor goes right, and from the end of a line to the beginning of the other.
    fn step(&mut self) {
        self.column += 1;
        if self.column == COLUMNS {
            self.column = 0;
            self.row = (self.row + 1) % ROWS;
        }
    }
}
