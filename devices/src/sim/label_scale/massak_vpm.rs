//! Simulator of a Massa-K VPM label scale.
//!
//! Files come in parts of which each must follow the last; a file takes the place of the old one when its last part is
//! there, and one with a bad record is broken from then on. Sales are told as totals and as transactions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDateTime, Timelike};
use domain::quantity::Quantity;

use super::shelf::{Label, Shelf};
use crate::label_scale::massak_vpm::codec::{self, Item, PART_BYTES_MAX, PART_HEAD_BYTES};
use crate::label_scale::massak_vpm::record;
use crate::label_scale::massak_vpm::{
    BAD_SUM, DISCOVER, DISCOVERED, FILE_ARTICLES, FILE_BARCODES, FILE_KEYS, FILE_MORE_ARTICLES, FILE_SIMPLE_MODE,
    FILE_TOTALS, NO_PART, PART, PART_ANSWER, PART_REFUSED, PART_TAKEN, READ_PART, RESET, RESET_ANSWER, STATUS,
    STATUS_ANSWER, bit,
};
use crate::label_scale::{BarcodeValue, Decode, Frames, ItemUnit, ScaleItem};
use crate::sim::fault::Fault;

const FILE_TRANSACTIONS: u8 = 8;
/// Files that a host can write, beside those that add articles.
const WRITABLE: [u8; 9] = [FILE_ARTICLES, 2, FILE_BARCODES, 4, 5, FILE_KEYS, FILE_SIMPLE_MODE, 10, 11];
const SERIAL_BYTES: usize = 20;
const TRANSACTION_PIECE: u8 = 1 << 1;

#[derive(Debug)]
pub(super) struct Scale {
    /// Records of articles as they came, by PLU.
    articles: BTreeMap<u32, Vec<u8>>,
    /// The other files as they came.
    files: BTreeMap<u8, Vec<u8>>,
    /// Files that are missing or broken.
    missing: BTreeSet<u8>,
    incoming: Option<Incoming>,
}

/// A file of which parts are still to come.
#[derive(Debug)]
struct Incoming {
    kind: u8,
    parts: u16,
    last: u16,
    bytes: Vec<u8>,
}

impl Default for Scale {
    fn default() -> Scale {
        Scale {
            articles: BTreeMap::new(),
            // What is not missing is there.
            files: BTreeMap::from([(FILE_BARCODES, record::barcode_file(BarcodeValue::Amount))]),
            missing: BTreeSet::from([FILE_ARTICLES, FILE_SIMPLE_MODE]),
            incoming: None,
        }
    }
}

impl Scale {
    pub(super) fn item(&self, plu: u32) -> Option<ScaleItem> {
        record::article(self.articles.get(&plu)?)
    }

    /// By the file of the simple mode for articles that name no label, by that of barcodes for the others; amounts without
    /// one, as the scale leaves the factory.
    pub(super) fn barcode_value(&self, item: &ScaleItem) -> Option<BarcodeValue> {
        let kind = if item.label == 0 { FILE_SIMPLE_MODE } else { FILE_BARCODES };
        let Some(file) = self.files.get(&kind) else { return Some(BarcodeValue::Amount) };
        if item.label == 0 { record::simple_mode_value(file) } else { record::barcode_file_value(file) }
    }

    pub(super) fn plus(&self) -> Vec<u32> {
        self.articles.keys().copied().collect()
    }

    /// Take bytes of one host and append the answers.
    pub(super) fn hear(&mut self, talk: &mut Frames<Item>, shelf: &mut Shelf, bytes: &[u8], out: &mut Vec<u8>) {
        talk.feed(bytes);
        while let Some(item) = talk.next_item() {
            match item {
                Item::Body(body) => {
                    if let Some(answer) = self.obey(shelf, &body) {
                        codec::encode(&answer, out);
                    }
                }
                Item::BadFrame => codec::encode(&[BAD_SUM], out),
            }
        }
    }

    /// The answer to one body.
    fn obey(&mut self, shelf: &mut Shelf, body: &[u8]) -> Option<Vec<u8>> {
        match body {
            [DISCOVER] => Some(self.tell_who(shelf)),
            [STATUS] => Some([&[STATUS_ANSWER], &self.mask()[..]].concat()),
            [RESET, a, b, c, d] => {
                self.reset(shelf, u32::from_le_bytes([*a, *b, *c, *d]));
                Some([&[RESET_ANSWER], &self.mask()[..]].concat())
            }
            [PART, kind, n0, n1, c0, c1, l0, l1, part @ ..] => {
                let number = u16::from_le_bytes([*c0, *c1]);
                let whole = usize::from(u16::from_le_bytes([*l0, *l1])) == part.len() && !part.is_empty();
                let supported = WRITABLE.contains(kind) || *kind == FILE_MORE_ARTICLES;
                if !supported {
                    return Some(vec![PART_REFUSED, 0, 0, 0, 0, 0]);
                }
                let taken = whole && self.take_part(shelf, *kind, u16::from_le_bytes([*n0, *n1]), number, part);
                Some(if taken {
                    vec![PART_TAKEN, *kind, *n0, *n1, *c0, *c1]
                } else {
                    self.incoming = None;
                    vec![PART_REFUSED, *kind, 0, 0, 0, 0]
                })
            }
            [READ_PART, kind, _, _, c0, c1] => Some(self.tell_part(shelf, *kind, u16::from_le_bytes([*c0, *c1]))),
            _ => None,
        }
    }

    fn tell_who(&self, shelf: &Shelf) -> Vec<u8> {
        let mut answer = vec![DISCOVERED, 1, 0];
        answer.extend(shelf.settings.serial.bytes().take(SERIAL_BYTES));
        answer.resize(3 + SERIAL_BYTES, 0);
        answer.extend(self.mask());
        answer
    }

    fn mask(&self) -> [u8; 4] {
        self.missing.iter().fold(0, |mask, kind| mask | bit(*kind)).to_le_bytes()
    }

    fn reset(&mut self, shelf: &mut Shelf, mask: u32) {
        if matches!(shelf.fault, Fault::Refuse(_)) {
            return;
        }
        for kind in (1..=11).filter(|kind| mask & bit(*kind) != 0) {
            match kind {
                FILE_ARTICLES => self.articles.clear(),
                FILE_KEYS => shelf.hot_keys.clear(),
                FILE_TOTALS => shelf.totals.clear(),
                _ => {}
            }
            self.files.remove(&kind);
            if kind != FILE_TOTALS && kind != FILE_TRANSACTIONS {
                self.missing.insert(kind);
            }
        }
        shelf.committed = true;
    }

    /// False if the part cannot be taken, after which the host begins the file anew.
    fn take_part(&mut self, shelf: &mut Shelf, kind: u8, parts: u16, number: u16, part: &[u8]) -> bool {
        if matches!(shelf.fault, Fault::Refuse(_)) {
            return false;
        }
        let incoming = match &mut self.incoming {
            _ if number == 1 => {
                if kind != FILE_MORE_ARTICLES {
                    self.missing.insert(kind);
                }
                self.incoming.insert(Incoming { kind, parts, last: 0, bytes: Vec::new() })
            }
            Some(incoming) if incoming.kind == kind && incoming.parts == parts => incoming,
            _ => return false,
        };
        if number != incoming.last + 1 || number > parts {
            return false;
        }
        incoming.last = number;
        incoming.bytes.extend_from_slice(part);
        if number < parts {
            return true;
        }
        let file = self.incoming.take().map_or_else(Vec::new, |incoming| incoming.bytes);
        let stored = self.store(shelf, kind, file);
        shelf.committed = stored;
        stored
    }

    /// False if there is no room.
    fn store(&mut self, shelf: &mut Shelf, kind: u8, file: Vec<u8>) -> bool {
        let Some(records) = record::records(&file) else {
            self.missing.insert(if kind == FILE_MORE_ARTICLES { FILE_ARTICLES } else { kind });
            return true;
        };
        match kind {
            FILE_ARTICLES | FILE_MORE_ARTICLES => {
                if records.iter().any(|record| record::article(record).is_none()) {
                    self.missing.insert(FILE_ARTICLES);
                    return true;
                }
                let mut articles = if kind == FILE_ARTICLES { BTreeMap::new() } else { self.articles.clone() };
                let before = articles.len();
                articles.extend(records.into_iter().map(|record| (record::number(record), record.to_vec())));
                let grows = articles.len() > before;
                if articles.len() > shelf.settings.items_max || grows && shelf.fault == Fault::MemoryFull {
                    return false;
                }
                self.articles = articles;
                self.missing.remove(&FILE_ARTICLES);
            }
            FILE_KEYS => {
                shelf.hot_keys = records.into_iter().filter_map(record::key).collect();
                self.missing.remove(&kind);
            }
            _ => {
                self.missing.remove(&kind);
            }
        }
        self.files.insert(kind, file);
        true
    }

    fn tell_part(&self, shelf: &Shelf, kind: u8, number: u16) -> Vec<u8> {
        let file = match kind {
            FILE_ARTICLES => self.articles.values().flatten().copied().collect(),
            FILE_TOTALS => self.totals_file(shelf),
            FILE_TRANSACTIONS => shelf.labels.iter().flat_map(transaction).collect(),
            kind if WRITABLE.contains(&kind) => self.files.get(&kind).cloned().unwrap_or_default(),
            _ => return vec![NO_PART, 0, 0, 0, 0, 0],
        };
        let parts = file.len().div_ceil(PART_BYTES_MAX) as u16;
        let part = number.checked_sub(1).and_then(|before| file.chunks(PART_BYTES_MAX).nth(before.into()));
        let Some(part) = part else { return vec![NO_PART, kind, 0, 0, 0, 0] };
        let mut answer = Vec::with_capacity(PART_HEAD_BYTES + part.len());
        answer.extend([PART_ANSWER, kind]);
        answer.extend(parts.to_le_bytes());
        answer.extend(number.to_le_bytes());
        answer.extend((part.len() as u16).to_le_bytes());
        answer.extend_from_slice(part);
        answer
    }

    fn totals_file(&self, shelf: &Shelf) -> Vec<u8> {
        let last = shelf.labels.back().map_or([0; 4], |label| {
            let [year, month, day, hour, ..] = moment(label.packed);
            [year, month, day, hour]
        });
        let unit = |plu| self.item(plu).map_or(ItemUnit::Weight, |item| item.unit);
        shelf.totals.values().flat_map(|total| record::total_record(total, unit(total.plu), last)).collect()
    }
}

fn transaction(label: &Label) -> Vec<u8> {
    let is_piece = label.item.unit == ItemUnit::Piece;
    let amount = label.quantity.thousandths() / if is_piece { Quantity::ONE.thousandths() } else { 1 };
    let mut bytes = label.number.to_le_bytes().to_vec();
    bytes.extend([0x2C, 0, if is_piece { TRANSACTION_PIECE } else { 0 }, 0]);
    bytes.extend(moment(label.packed));
    bytes.extend(label.number.to_le_bytes());
    bytes.extend(b"00001\x01");
    bytes.extend(label.item.plu.to_le_bytes());
    bytes.extend((label.item.price.minor() as u32).to_le_bytes());
    bytes.extend((amount as u32).to_le_bytes());
    bytes.extend([0; 14]);
    bytes
}

fn moment(at: NaiveDateTime) -> [u8; 6] {
    [(at.year() % 100) as u8, at.month() as u8, at.day() as u8, at.hour() as u8, at.minute() as u8, at.second() as u8]
}
