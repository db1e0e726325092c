//! Simulated Shtrih-Print label scale: goods, messages, totals and hot keys as the device keeps them, and the labels that it
//! would print.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::barcode::expected_check_digit;
use domain::money::Money;
use domain::quantity::Quantity;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::control::{Controlled, set};
use crate::label_scale::shtrih_print::codec::{ITEM_BYTES, PASSWORD, item};
use crate::label_scale::{ItemUnit, ScaleItem};

const GOODS: u16 = 4_000;
const MESSAGES: u16 = 1_000;
const MESSAGE_LINES: u8 = 8;
const MESSAGE_LINE_BYTES: usize = 50;
/// In which everything but the question about the mode is refused.
const CLEARING: Duration = Duration::from_millis(300);
const WRONG_PASSWORDS_MAX: u32 = 5;
/// The longest question and more.
const DATAGRAM_BYTES_MAX: usize = 600;
/// Of a barcode in format 7: prefix, five digits of the code, five of the weight.
const WEIGHT_PREFIX: u32 = 22;
const PIECE_PREFIX: u32 = 23;

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelScaleFault {
    #[default]
    None,
    /// Nothing is heard and nothing answered.
    Offline,
    /// Every answer comes so much later.
    Slow(Duration),
    /// It does what it is told, and the answer is lost.
    NoAnswerAfterCommit,
    /// Every so-manieth datagram is lost, before it is heard and after it is done in turns.
    Loses(u32),
    /// Every answer is spoilt.
    Garbage,
    /// Every command is refused with this error.
    Refuses(u8),
    PaperOut,
}

/// What a label shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    pub item: ScaleItem,
    /// Grams of what is weighed.
    pub grams_or_pieces: u32,
    pub sum: Money,
    /// EAN-13.
    pub barcode: String,
    /// Its message, a line each.
    pub message: Vec<String>,
}

/// The simulated scale and all control over it. Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct LabelScaleHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug, Default)]
struct Device {
    goods: BTreeMap<u16, Vec<u8>>,
    messages: BTreeMap<(u16, u8), Vec<u8>>,
    totals: BTreeMap<u16, (u32, u32, u16)>,
    hot_keys: BTreeMap<u8, (u8, u32)>,
    date: [u8; 3],
    time: [u8; 3],
    clearing_until: Option<Instant>,
    wrong_passwords: u32,
    /// Chosen at the scale: it cannot be changed meanwhile.
    selected: u16,
    fault: LabelScaleFault,
    heard: u32,
    /// Commands that changed something.
    written: u64,
}

/// A socket that is open for hosts until this is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    task: AbortHandle,
}

impl Served {
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LabelScaleHandle {
    pub fn new() -> LabelScaleHandle {
        LabelScaleHandle::default()
    }

    pub async fn listen_udp(&self, address: SocketAddr) -> io::Result<Served> {
        let socket = UdpSocket::bind(address).await?;
        let address = socket.local_addr()?;
        let task = tokio::spawn(serve(self.clone(), socket)).abort_handle();
        Ok(Served { address, task })
    }

    pub fn set_fault(&self, fault: LabelScaleFault) {
        self.device().fault = fault;
    }

    /// Somebody chooses an item at the scale; zero: none.
    pub fn select(&self, plu: u16) {
        self.device().selected = plu;
    }

    /// All goods that it has.
    pub fn goods(&self) -> Vec<ScaleItem> {
        let device = self.device();
        device.goods.iter().filter_map(|(plu, bytes)| item(u32::from(*plu), bytes)).collect()
    }

    pub fn hot_key(&self, key: u8) -> Option<(u8, u32)> {
        self.device().hot_keys.get(&key).copied()
    }

    /// Day, month and year, hour, minute and second, as they were set.
    pub fn clock(&self) -> ([u8; 3], [u8; 3]) {
        let device = self.device();
        (device.date, device.time)
    }

    /// Commands that changed something, so far.
    pub fn written(&self) -> u64 {
        self.device().written
    }

    /// Somebody weighs, or counts, and a label comes out. None: there is no such item, or no paper.
    pub fn weigh(&self, plu: u16, grams_or_pieces: u32) -> Option<Label> {
        let mut device = self.device();
        let item =
            item(u32::from(plu), device.goods.get(&plu)?).filter(|_| device.fault != LabelScaleFault::PaperOut)?;
        let kopecks = item.price.minor() * i64::from(grams_or_pieces);
        let (sum, prefix) = match item.unit {
            ItemUnit::Weight => ((kopecks + 500) / 1_000, WEIGHT_PREFIX),
            ItemUnit::Piece => (kopecks, PIECE_PREFIX),
        };
        let digits = format!("{prefix:02}{:05}{grams_or_pieces:05}", item.code);
        let check = expected_check_digit(&format!("{digits}0"))?;
        let total = device.totals.entry(plu).or_default();
        *total = (total.0 + u32::try_from(sum).ok()?, total.1 + grams_or_pieces, total.2 + 1);
        let number = item.message as u16;
        let lines = (1..=MESSAGE_LINES).filter_map(|line| device.messages.get(&(number, line)));
        let message = lines.map(|line| crate::text::printed(line).trim_end().to_owned());
        let message = message.filter(|line| !line.is_empty()).collect();
        Some(Label { item, grams_or_pieces, sum: Money::from_minor(sum), barcode: format!("{digits}{check}"), message })
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromStr for LabelScaleFault {
    type Err = NotFault;
    fn from_str(text: &str) -> Result<LabelScaleFault, NotFault> {
        let refuse = || NotFault { text: text.to_owned() };
        let number = |text: &str| text.parse::<u32>().map_err(|_| refuse());
        Ok(match text.split_once(':').unwrap_or((text, "")) {
            ("none", "") => LabelScaleFault::None,
            ("offline", "") => LabelScaleFault::Offline,
            ("no_answer_after_commit", "") => LabelScaleFault::NoAnswerAfterCommit,
            ("garbage", "") => LabelScaleFault::Garbage,
            ("paper_out", "") => LabelScaleFault::PaperOut,
            ("slow", ms) => LabelScaleFault::Slow(Duration::from_millis(u64::from(number(ms)?))),
            ("loses", every) => LabelScaleFault::Loses(number(every)?),
            ("refuse", code) => LabelScaleFault::Refuses(code.parse().map_err(|_| refuse())?),
            _ => return Err(refuse()),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a fault of a label scale: none, offline, slow:MS, no_answer_after_commit, loses:EVERY, garbage, refuse:CODE or paper_out is expected"
)]
pub struct NotFault {
    text: String,
}

impl Controlled for LabelScaleHandle {
    const WORDS: &'static str = "fault WORD, goods, select PLU or weigh PLU GRAMS";

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set(rest, |fault| self.set_fault(fault)),
            "goods" => Ok(json!(self.goods())),
            "select" => set(rest, |plu| self.select(plu)),
            "weigh" => {
                let (plu, amount) = rest.split_once(' ').unwrap_or((rest, ""));
                let label = plu.parse().ok().zip(amount.parse().ok()).and_then(|(plu, amount)| self.weigh(plu, amount));
                label.map(|label| json!(label)).ok_or_else(|| "no label came out".to_owned())
            }
            _ => return None,
        })
    }
}

async fn serve(handle: LabelScaleHandle, socket: UdpSocket) {
    let mut buffer = [0; DATAGRAM_BYTES_MAX];
    while let Ok((count, host)) = socket.recv_from(&mut buffer).await {
        let (answer, fault) = {
            let mut device = handle.device();
            (device.hear(&buffer[..count], Instant::now()), device.fault)
        };
        if let LabelScaleFault::Slow(by) = fault {
            tokio::time::sleep(by).await;
        }
        if let Some(answer) = answer {
            socket.send_to(&answer, host).await.ok();
        }
    }
}

impl Device {
    /// One datagram of a host.
    fn hear(&mut self, datagram: &[u8], now: Instant) -> Option<Vec<u8>> {
        self.heard += 1;
        let lost = match self.fault {
            LabelScaleFault::Offline => return None,
            LabelScaleFault::Loses(every) => self.heard.is_multiple_of(every.max(1)),
            LabelScaleFault::NoAnswerAfterCommit => true,
            _ => false,
        };
        if lost && self.fault != LabelScaleFault::NoAnswerAfterCommit && (self.heard / 2).is_multiple_of(2) {
            return None;
        }
        let mut answer = match *datagram {
            [0x05] => vec![0x06],
            [0x02, size, command, ref body @ ..] if usize::from(size) == body.len() + 1 => {
                let (error, data) = self.answer(command, body, now);
                let size = u8::try_from(data.len() + 2).ok()?;
                [&[0x02, size, command, error], &data[..]].concat()
            }
            _ => vec![0x15],
        };
        if self.fault == LabelScaleFault::Garbage {
            answer.pop();
        }
        (!lost).then_some(answer)
    }

    fn answer(&mut self, command: u8, body: &[u8], now: Instant) -> (u8, Vec<u8>) {
        if let LabelScaleFault::Refuses(code) = self.fault {
            return (code, Vec::new());
        }
        let is_clearing = self.clearing_until.is_some_and(|until| now < until);
        match (command, body) {
            (0x12, []) => return (0, vec![0, 0, u8::from(is_clearing)]),
            _ if is_clearing => return (123, Vec::new()),
            (0x11, []) => return (0, self.state()),
            (0xFC, []) => return (0, [&[1, 1, 1, 3, 0, 0][..], b"Simulated"].concat()),
            _ => {}
        }
        let known = [0x18, 0x21, 0x22, 0x52, 0x54, 0x57, 0x58, 0x60, 0xB1];
        if !known.contains(&command) {
            return (120, Vec::new());
        }
        if self.wrong_passwords >= WRONG_PASSWORDS_MAX {
            return (170, Vec::new());
        }
        let Some(body) = body.strip_prefix(PASSWORD) else {
            self.wrong_passwords += 1;
            return (122, Vec::new());
        };
        self.wrong_passwords = 0;
        match self.done(command, body, now) {
            Ok(data) => (0, data),
            Err(code) => (code, Vec::new()),
        }
    }

    fn done(&mut self, command: u8, body: &[u8], now: Instant) -> Result<Vec<u8>, u8> {
        let plu = || match body {
            [low, high, ..] => Ok(u16::from_le_bytes([*low, *high])).and_then(|plu| match plu {
                1..=GOODS => Ok(plu),
                _ => Err(128),
            }),
            _ => Err(121),
        };
        if !matches!(command, 0x58 | 0x60) {
            self.written += 1;
        }
        match (command, body) {
            (0x18, []) => {
                self.goods.clear();
                self.messages.clear();
                self.clearing_until = Some(now + CLEARING);
            }
            (0x21, [hour @ 0..24, minute @ 0..60, second @ 0..60]) => self.time = [*hour, *minute, *second],
            (0x22, [day @ 1..=31, month @ 1..=12, year @ 0..=99]) => self.date = [*day, *month, *year],
            (0x21 | 0x22, [_, _, _]) => return Err(124),
            (0x52, [low, high, line, text @ ..]) if text.len() == MESSAGE_LINE_BYTES => {
                let number = u16::from_le_bytes([*low, *high]);
                if !(1..=MESSAGES).contains(&number) {
                    return Err(135);
                }
                if !(1..=MESSAGE_LINES).contains(line) {
                    return Err(129);
                }
                self.messages.insert((number, *line), text.to_vec());
            }
            (0x54, [_, _]) => {
                if self.selected == plu()? {
                    return Err(141);
                }
                self.goods.remove(&plu()?).ok_or(140_u8)?;
            }
            (0x57, [_, _, item @ ..]) if item.len() == ITEM_BYTES => {
                self.takes(plu()?, item)?;
                self.goods.insert(plu()?, item.to_vec());
            }
            (0x58, [_, _]) => return self.goods.get(&plu()?).cloned().ok_or(140),
            (0x60, [_, _]) => {
                let (sum, quantity, labels) = self.totals.get(&plu()?).copied().unwrap_or_default();
                return Ok([&sum.to_le_bytes()[..], &quantity.to_le_bytes(), &labels.to_le_bytes()].concat());
            }
            (0xB1, [key @ 1..=90, function, a, b, c, d]) => {
                self.hot_keys.insert(*key, (*function, u32::from_le_bytes([*a, *b, *c, *d])));
            }
            (0xB1, [_, _, _, _, _, _]) => return Err(124),
            _ => return Err(121),
        }
        Ok(Vec::new())
    }

    /// Would the device take this item?
    fn takes(&self, plu: u16, bytes: &[u8]) -> Result<(), u8> {
        let item = item(u32::from(plu), bytes).ok_or(121_u8)?;
        match item {
            _ if self.selected == plu => Err(141),
            item if !(1..=999_999).contains(&item.code) => Err(130),
            item if item.price > Money::from_minor(999_999) => Err(131),
            item if item.shelf_life_days > 9_999 => Err(132),
            item if item.tare > Quantity::from_thousandths(9_999) => Err(133),
            item if item.group > 9_999 => Err(134),
            item if item.message > u32::from(MESSAGES) => Err(135),
            _ => Ok(()),
        }
    }

    fn state(&self) -> Vec<u8> {
        let mut state = vec![0; 72];
        state[..2].copy_from_slice(b"45");
        state[7..9].copy_from_slice(&GOODS.to_le_bytes());
        state[9..11].copy_from_slice(&MESSAGES.to_le_bytes());
        state[11] = MESSAGE_LINES;
        state[12..14].copy_from_slice(&[15, 6]);
        state[21..24].copy_from_slice(&self.date);
        state[24..27].copy_from_slice(&self.time);
        state[36] = u8::from(self.fault != LabelScaleFault::PaperOut);
        state[50..52].copy_from_slice(&self.selected.to_le_bytes());
        state
    }
}
