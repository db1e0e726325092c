//! Simulator of a Mertech label scale.
//!
//! A file of goods is worked off only if its size and hash are those that were announced.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use md5::{Digest, Md5};
use serde_json::json;

use super::shelf::{Now, Shelf};
use crate::label_scale::mertech::{
    BY_PLU, DELETE, DISK_FULL, INFO, LOADED, LONG, PRODUCTS, STEP_CHECK, STEP_HASH, STEP_PART, VALUE_KEEPS, VALUE_SIZE,
    products,
};
use crate::label_scale::shtrih_print::codec::{self, Decoder, Item};
use crate::label_scale::shtrih_print::errors::{BAD_LENGTH, BAD_VALUE, PLU_EMPTY, UNKNOWN_COMMAND, WRONG_PASSWORD};
use crate::label_scale::shtrih_print::{SET_DATE, SET_PREFIX, SET_TIME};
use crate::label_scale::{Decode, ItemUnit, ScaleItem, Wire};
use crate::sim::fault::Fault;

const PASSWORD: [u8; 4] = *b"1234";
const STEP_PATH: u8 = 1;
const FAILED: u8 = 2;
const FILE_BYTES_MAX: usize = 4 << 20;
const HASH_BYTES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Scale {
    articles: BTreeMap<u32, ScaleItem>,
    /// Of weighed goods, pieces and totals.
    prefixes: [u8; 3],
    incoming: Option<Incoming>,
    /// Why the last file was not taken.
    failure: Option<&'static str>,
}

/// A file that was announced.
#[derive(Debug)]
struct Incoming {
    hash: [u8; HASH_BYTES],
    size: u64,
    keeps: bool,
    bytes: Vec<u8>,
}

impl Scale {
    pub(super) fn item(&self, plu: u32) -> Option<ScaleItem> {
        let item = self.articles.get(&plu)?;
        Some(ScaleItem { barcode_prefix: self.prefixes[usize::from(item.unit == ItemUnit::Piece)], ..item.clone() })
    }

    pub(super) fn plus(&self) -> Vec<u32> {
        self.articles.keys().copied().collect()
    }

    /// Take bytes of one host and append the answers.
    pub(super) fn hear(&mut self, talk: &mut Decoder, shelf: &mut Shelf, bytes: &[u8], now: Now, out: &mut Vec<u8>) {
        talk.feed(bytes);
        while let Some(item) = talk.next_item() {
            // What is no command is not answered.
            if let Item::Body(body) = item {
                codec::encode(Wire::Tcp, &self.obey(shelf, &body, now), out);
            }
        }
    }

    /// Run one command; the answer is command, error and data.
    fn obey(&mut self, shelf: &mut Shelf, body: &[u8], now: Now) -> Vec<u8> {
        let (command, data) = body.split_at(if body[0] == LONG { body.len().min(2) } else { 1 });
        match self.run(shelf, command, data, now) {
            Ok(data) => [command, &[0], &data[..]].concat(),
            Err(error) => [command, &[error]].concat(),
        }
    }

    fn run(&mut self, shelf: &mut Shelf, command: &[u8], data: &[u8], now: Now) -> Result<Vec<u8>, u8> {
        if command == [LONG, INFO] {
            let info = json!({ "manufacturer": "Mertech", "scaleModel": "M-ER 725 PM-15.2" }).to_string();
            return Ok([&(info.len() as u16).to_le_bytes()[..], info.as_bytes()].concat());
        }
        let (password, data) = data.split_first_chunk::<4>().ok_or(BAD_LENGTH)?;
        if *password != PASSWORD {
            return Err(WRONG_PASSWORD);
        }
        if let (Fault::Refuse(code), false) = (shelf.fault, data == [STEP_CHECK]) {
            return Err(code);
        }
        match (command, data) {
            ([SET_PREFIX], [kind, prefix]) => {
                *self.prefixes.get_mut(usize::from(*kind)).ok_or(BAD_VALUE)? = *prefix;
            }
            ([SET_TIME], [hour, minute, second]) => {
                let time = shelf.clock(now).date().and_hms_opt((*hour).into(), (*minute).into(), (*second).into());
                shelf.clock_offset = time.ok_or(BAD_VALUE)? - now.clock;
            }
            ([SET_DATE], [day, month, year]) => {
                let date = NaiveDate::from_ymd_opt(2000 + i32::from(*year), (*month).into(), (*day).into());
                shelf.clock_offset = date.ok_or(BAD_VALUE)?.and_time(shelf.clock(now).time()) - now.clock;
            }
            ([LONG, DELETE], [BY_PLU, a, b, c, d]) => {
                self.articles.remove(&u32::from_le_bytes([*a, *b, *c, *d])).ok_or(PLU_EMPTY)?;
            }
            ([LONG, PRODUCTS], [STEP_CHECK]) => {
                return Ok(match self.failure {
                    None => vec![LOADED],
                    Some(reason) => [&[FAILED], &(reason.len() as u16).to_le_bytes()[..], reason.as_bytes()].concat(),
                });
            }
            ([LONG, PRODUCTS], [step, data @ ..]) => self.take_step(shelf, *step, data)?,
            ([SET_PREFIX | SET_TIME | SET_DATE] | [LONG, DELETE | PRODUCTS], _) => return Err(BAD_LENGTH),
            _ => return Err(UNKNOWN_COMMAND),
        }
        shelf.committed = true;
        Ok(Vec::new())
    }

    fn take_step(&mut self, shelf: &Shelf, step: u8, data: &[u8]) -> Result<(), u8> {
        match step {
            // Where the file goes; there is one place.
            STEP_PATH => {}
            STEP_HASH => {
                let (hash, values) = data.split_first_chunk::<HASH_BYTES>().ok_or(BAD_LENGTH)?;
                let [VALUE_SIZE, size @ .., name, mode] = values else { return Err(BAD_LENGTH) };
                let size = u64::from_le_bytes(size.try_into().map_err(|_| BAD_LENGTH)?);
                if *name != VALUE_KEEPS || size > FILE_BYTES_MAX as u64 {
                    return Err(BAD_VALUE);
                }
                self.failure = None;
                self.incoming = Some(Incoming { hash: *hash, size, keeps: *mode == 1, bytes: Vec::new() });
            }
            STEP_PART => {
                let [is_last, o0, o1, o2, o3, s0, s1, part @ ..] = data else { return Err(BAD_LENGTH) };
                let offset = u32::from_le_bytes([*o0, *o1, *o2, *o3]) as usize;
                let incoming = self.incoming.as_mut().ok_or(BAD_VALUE)?;
                let whole = usize::from(u16::from_le_bytes([*s0, *s1])) == part.len();
                if !whole || offset != incoming.bytes.len() || offset + part.len() > FILE_BYTES_MAX {
                    return Err(BAD_VALUE);
                }
                incoming.bytes.extend_from_slice(part);
                if *is_last == 1
                    && let Some(file) = self.incoming.take()
                {
                    return self.work_off(shelf, &file);
                }
            }
            _ => return Err(BAD_VALUE),
        }
        Ok(())
    }

    fn work_off(&mut self, shelf: &Shelf, file: &Incoming) -> Result<(), u8> {
        if file.bytes.len() as u64 != file.size || Md5::digest(&file.bytes)[..] != file.hash {
            self.failure = Some("the file came damaged");
            return Ok(());
        }
        let Some(items) = products::articles(&file.bytes) else {
            self.failure = Some("the file is not a file of goods");
            return Ok(());
        };
        let before = if file.keeps { self.articles.clone() } else { BTreeMap::new() };
        let mut articles = before.clone();
        articles.extend(items.into_iter().map(|item| (item.plu, item)));
        let grows = articles.len() > before.len();
        if articles.len() > shelf.settings.items_max || grows && shelf.fault == Fault::MemoryFull {
            return Err(DISK_FULL);
        }
        self.articles = articles;
        Ok(())
    }
}
