//! Simulator of a CAS CL5000 label scale with the number 1.

use std::collections::BTreeMap;

use super::shelf::Shelf;
use crate::label_scale::cas_cl5000::codec::{self, Item};
use crate::label_scale::cas_cl5000::record::{self, ARTICLE_BYTES, DEPARTMENT, TEXT_BYTES_MAX};
use crate::label_scale::cas_cl5000::{
    ARTICLE, BAD_FRAME, BAD_LENGTH, DEPARTMENT_FACTOR, MEMORY_FULL, NO_DATA, NUMBER_OVER, PLU_MAX, UNKNOWN_TYPE,
};
use crate::label_scale::{Decode, Frames, ItemUnit, ScaleItem};
use crate::sim::fault::Fault;

const SCALE_NUMBER: u32 = 1;
const DEPARTMENT_MAX: u16 = 99;
/// A record of this length deletes.
const DELETE_BYTES: usize = 6;
/// Set in the menu.
const PREFIX_WEIGHT: u8 = 22;
const PREFIX_PIECE: u8 = 23;

#[derive(Debug, Default)]
pub(super) struct Scale {
    /// Records as they came, by department and PLU in one number.
    articles: BTreeMap<u32, Vec<u8>>,
}

impl Scale {
    pub(super) fn item(&self, plu: u32) -> Option<ScaleItem> {
        let mut item = record::article(self.articles.get(&(u32::from(DEPARTMENT) * DEPARTMENT_FACTOR + plu))?)?;
        item.barcode_prefix = if item.unit == ItemUnit::Piece { PREFIX_PIECE } else { PREFIX_WEIGHT };
        Some(item)
    }

    pub(super) fn plus(&self) -> Vec<u32> {
        self.articles.keys().map(|number| number % DEPARTMENT_FACTOR).collect()
    }

    /// Take bytes of one host and append the answers.
    pub(super) fn hear(&mut self, talk: &mut Frames<Item>, shelf: &mut Shelf, bytes: &[u8], out: &mut Vec<u8>) {
        talk.feed(bytes);
        while let Some(item) = talk.next_item() {
            let (kind, (number, done)) = match item {
                Item::Frame { operation: [codec::WRITE, kind], data } => (kind, self.obey(shelf, kind, &data)),
                Item::Frame { operation: [codec::READ, kind], .. } => (kind, (0, Err(UNKNOWN_TYPE))),
                Item::BadFrame { operation: [codec::WRITE | codec::READ, kind] } => (kind, (0, Err(BAD_FRAME))),
                // An answer is nothing that a host says.
                Item::Frame { .. } | Item::BadFrame { .. } => continue,
            };
            let number = number.to_le_bytes();
            match done {
                Ok(()) => codec::encode([codec::GOOD, kind], SCALE_NUMBER, &number, out),
                Err(error) => {
                    let data = [&number[..], &[error]].concat();
                    codec::encode([codec::BAD, kind], SCALE_NUMBER, &data, out);
                }
            }
        }
    }

    /// Write or delete an article; the number is that of the answer.
    fn obey(&mut self, shelf: &mut Shelf, kind: u8, data: &[u8]) -> (u32, Result<(), u8>) {
        if kind != ARTICLE {
            return (0, Err(UNKNOWN_TYPE));
        }
        let Some([d0, d1, p0, p1, p2, p3]) = data.first_chunk::<DELETE_BYTES>() else { return (0, Err(BAD_LENGTH)) };
        let department = u16::from_le_bytes([*d0, *d1]);
        let plu = u32::from_le_bytes([*p0, *p1, *p2, *p3]);
        let number = (u32::from(department) * DEPARTMENT_FACTOR).saturating_add(plu);
        let all = data.len() == DELETE_BYTES && number == 0;
        if !all && (!(1..=DEPARTMENT_MAX).contains(&department) || !(1..=PLU_MAX).contains(&plu)) {
            return (number, Err(NUMBER_OVER));
        }
        if let Fault::Refuse(code) = shelf.fault {
            return (number, Err(code));
        }
        let done = match data.len() {
            DELETE_BYTES if all => {
                self.articles.clear();
                Ok(())
            }
            DELETE_BYTES => self.articles.remove(&number).map(drop).ok_or(NO_DATA),
            length if !(ARTICLE_BYTES..=ARTICLE_BYTES + TEXT_BYTES_MAX + 1).contains(&length) => Err(BAD_LENGTH),
            _ if !self.articles.contains_key(&number)
                && (shelf.fault == Fault::MemoryFull || self.articles.len() >= shelf.settings.items_max) =>
            {
                Err(MEMORY_FULL)
            }
            _ => {
                self.articles.insert(number, data.to_vec());
                Ok(())
            }
        };
        shelf.committed = done.is_ok();
        (number, done)
    }
}
