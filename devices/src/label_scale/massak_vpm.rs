//! Driver of Massa-K VPM label scales, which are fed with files over TCP.
//!
//! Articles go in files that add to the memory, a few hundred at a time; a file counts only after its last part was
//! acknowledged and the scale says that the file is whole. The protocol deletes nothing by itself: the file is read, and
//! written again without the articles that go.
//!
//! The layout of the barcode lies in two files: one for articles that name a label, one for the others. A scale that has
//! none is given ours. One that is byte for byte what this driver writes, but with the other value, is taken for ours and
//! written again; any other file is the shop's and stays.
//!
//! Totals are those of the day. Not in the protocol: the clock, and whether there is tape.

use std::collections::BTreeSet;

use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;

use super::link::{Frames, Link, TRIES_MAX, Trouble};
use super::{
    Abilities, BarcodeValue, LabelScale, LabelScaleError, LabelScaleSetup, LabelScaleStatus, PrefixRule, ScaleItem,
    ScaleTotal,
};
use crate::port::Connector;
use codec::Item;
pub use discovery::{Found, discover};

pub mod codec;
mod discovery;
pub mod record;

pub(crate) const DISCOVER: u8 = 0x00;
pub(crate) const DISCOVERED: u8 = 0x01;
pub(crate) const STATUS_ANSWER: u8 = 0x40;
pub(crate) const RESET_ANSWER: u8 = 0x41;
pub(crate) const PART_TAKEN: u8 = 0x42;
pub(crate) const PART_REFUSED: u8 = 0x43;
pub(crate) const PART_ANSWER: u8 = 0x45;
pub(crate) const NO_PART: u8 = 0x46;
pub(crate) const STATUS: u8 = 0x80;
pub(crate) const RESET: u8 = 0x81;
pub(crate) const PART: u8 = 0x82;
pub(crate) const READ_PART: u8 = 0x85;
/// The frame had a wrong check sum.
pub(crate) const BAD_SUM: u8 = 0xF0;

pub(crate) const FILE_ARTICLES: u8 = 1;
pub const FILE_BARCODES: u8 = 3;
pub(crate) const FILE_KEYS: u8 = 6;
pub(crate) const FILE_TOTALS: u8 = 7;
pub const FILE_SIMPLE_MODE: u8 = 9;
/// Articles that are added to those in memory.
pub(crate) const FILE_MORE_ARTICLES: u8 = 101;
/// Articles in one file: at most 300 kB, which the scale takes in under a minute.
const FILE_ARTICLES_MAX: usize = 200;
/// Parts that are read of one file: twice the largest of them.
const PARTS_MAX: u16 = 4000;
const ITEMS_MAX: usize = 20_000;
const KEYS_MAX: u16 = 100;
const LABELS_MAX: u8 = 10;

pub struct MassakVpm {
    link: Link<Frames<Item>>,
    /// Of articles that carry none.
    prefix: u8,
    barcode_value: BarcodeValue,
    /// The scale was seen to have a barcode and a mode.
    is_prepared: bool,
    /// Articles were written and not erased since.
    has_written: bool,
    /// Records of the articles as they were last read; forgotten when something is written or the state is asked for.
    read: Option<Vec<Vec<u8>>>,
}

impl MassakVpm {
    pub fn new(connector: Connector, setup: LabelScaleSetup) -> MassakVpm {
        let link = Link::new(connector, setup.timing, codec::decoder());
        MassakVpm {
            link,
            prefix: setup.weight_prefix,
            barcode_value: setup.barcode_value,
            is_prepared: false,
            has_written: false,
            read: None,
        }
    }

    /// One bit a file type, from 1: the file is missing or broken.
    async fn missing(&mut self) -> Result<u32, LabelScaleError> {
        let answer = self.ask(&[STATUS], STATUS_ANSWER).await?;
        mask(&answer)
    }

    /// Give a scale that has no barcode or no mode one, and turn ours to the value that is wanted. What a shop has set itself
    /// is left alone.
    async fn prepare(&mut self) -> Result<(), LabelScaleError> {
        if self.is_prepared {
            return Ok(());
        }
        let missing = self.missing().await?;
        for kind in [FILE_BARCODES, FILE_SIMPLE_MODE] {
            let file = if missing & bit(kind) != 0 { Some(Vec::new()) } else { self.read_layout(kind).await? };
            let wanted = file.and_then(|file| match kind {
                FILE_BARCODES => record::barcode_file_instead(&file, self.barcode_value),
                _ => record::simple_mode_file_instead(&file, self.prefix, self.barcode_value),
            });
            if let Some(wanted) = wanted {
                self.send_file(kind, &wanted).await?;
            }
        }
        self.is_prepared = true;
        Ok(())
    }

    /// A file that the scale does not say it misses; nothing if it has none, because it does not know such files.
    async fn read_layout(&mut self, kind: u8) -> Result<Option<Vec<u8>>, LabelScaleError> {
        match self.read_records(kind).await {
            Ok(records) => Ok(Some(records.concat()).filter(|file| !file.is_empty())),
            Err(LabelScaleError::NotSupported) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write_articles(&mut self, items: &[ScaleItem]) -> Result<(), LabelScaleError> {
        self.prepare().await?;
        let mut file = Vec::new();
        for item in items {
            record::put_article(item, &mut file);
        }
        let is_first = self.missing().await? & bit(FILE_ARTICLES) != 0;
        if is_first && self.has_written {
            // What was said to be stored is gone; writing on would hide that.
            return Err(LabelScaleError::GoodsLost);
        }
        self.send_file(if is_first { FILE_ARTICLES } else { FILE_MORE_ARTICLES }, &file).await?;
        self.has_written = true;
        Ok(())
    }

    async fn write_without(&mut self, plus: &[u32]) -> Result<(), LabelScaleError> {
        let there = self.articles().await?;
        let gone: BTreeSet<u32> = plus.iter().copied().collect();
        let stays: Vec<&[u8]> =
            there.iter().map(Vec::as_slice).filter(|article| !gone.contains(&record::number(article))).collect();
        if stays.len() == there.len() {
            return Ok(());
        }
        let file = stays.concat();
        if file.is_empty() { self.reset().await } else { self.send_file(FILE_ARTICLES, &file).await }
    }

    async fn reset(&mut self) -> Result<(), LabelScaleError> {
        self.read = None;
        self.has_written = false;
        let answer = self.ask(&[&[RESET], &bit(FILE_ARTICLES).to_le_bytes()[..]].concat(), RESET_ANSWER).await?;
        if mask(&answer)? & bit(FILE_ARTICLES) != 0 { Ok(()) } else { Err(refused(RESET_ANSWER, "it keeps its goods")) }
    }

    /// Every article as its record, read if it was not.
    async fn articles(&mut self) -> Result<&[Vec<u8>], LabelScaleError> {
        let articles = match self.read.take() {
            Some(articles) => articles,
            None => self.read_records(FILE_ARTICLES).await?,
        };
        Ok(self.read.insert(articles))
    }

    async fn article(&mut self, plu: u32) -> Result<Option<ScaleItem>, LabelScaleError> {
        let there = self.articles().await?.iter().find(|article| record::number(article) == plu);
        let unclear = || LabelScaleError::Protocol { what: "an article is not as the protocol says".into() };
        there.map(|article| record::article(article).ok_or_else(unclear)).transpose()
    }

    /// Write a whole file and see that the scale has it whole.
    async fn send_file(&mut self, kind: u8, file: &[u8]) -> Result<(), LabelScaleError> {
        self.read = None;
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.send_parts(kind, file).await {
                Ok(()) => {
                    let kept_as = if kind == FILE_MORE_ARTICLES { FILE_ARTICLES } else { kind };
                    if self.missing().await? & bit(kept_as) == 0 {
                        return Ok(());
                    }
                    error = refused(STATUS_ANSWER, "it says that the file is broken");
                }
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    /// A lost or refused part begins the file anew.
    async fn send_parts(&mut self, kind: u8, file: &[u8]) -> Result<(), Trouble> {
        let parts = file.len().div_ceil(codec::PART_BYTES_MAX) as u16;
        for (number, part) in (1_u16..).zip(file.chunks(codec::PART_BYTES_MAX)) {
            let mut body = vec![PART, kind];
            body.extend(parts.to_le_bytes());
            body.extend(number.to_le_bytes());
            let place: [u8; 5] = [body[1], body[2], body[3], body[4], body[5]];
            body.extend((part.len() as u16).to_le_bytes());
            body.extend_from_slice(part);
            self.exchange(&body, |answer| match answer {
                [PART_TAKEN, taken @ ..] => taken == place,
                [PART_REFUSED, ..] => true,
                _ => false,
            })
            .await
            .and_then(|answer| match answer[..] {
                [PART_REFUSED, 0, ..] => Err(Trouble::Refused(LabelScaleError::NotSupported)),
                [PART_REFUSED, ..] => Err(Trouble::Refused(refused(PART_REFUSED, "it does not take the file"))),
                _ => Ok(()),
            })?;
        }
        Ok(())
    }

    /// The records of a file; none if the scale has no such file.
    async fn read_records(&mut self, kind: u8) -> Result<Vec<Vec<u8>>, LabelScaleError> {
        let mut file = Vec::new();
        let unclear = |what: &str| LabelScaleError::Protocol { what: what.to_owned() };
        for number in 1..=PARTS_MAX {
            let mut body = vec![READ_PART, kind, 0, 0];
            body.extend(number.to_le_bytes());
            let answer = self.ask_any(&body, &[PART_ANSWER, NO_PART]).await?;
            let [PART_ANSWER, read, n0, n1, c0, c1, l0, l1, data @ ..] = &answer[..] else {
                return match answer[..] {
                    [NO_PART, read, ..] if read == kind && number == 1 => Ok(Vec::new()),
                    [NO_PART, 0, ..] => Err(LabelScaleError::NotSupported),
                    _ => Err(unclear("a file that it has ends too early")),
                };
            };
            let is_this = *read == kind && u16::from_le_bytes([*c0, *c1]) == number;
            if !is_this || usize::from(u16::from_le_bytes([*l0, *l1])) != data.len() {
                return Err(unclear("it tells another part than the one that was asked for"));
            }
            file.extend_from_slice(data);
            if u16::from_le_bytes([*n0, *n1]) <= number {
                let records = record::records(&file).ok_or_else(|| unclear("a file ends inside a record"))?;
                return Ok(records.into_iter().map(<[u8]>::to_vec).collect());
            }
        }
        Err(unclear("a file has more parts than the largest one may have"))
    }

    async fn ask(&mut self, body: &[u8], answer: u8) -> Result<Vec<u8>, LabelScaleError> {
        self.ask_any(body, &[answer]).await
    }

    /// Ask until one of these answers comes.
    async fn ask_any(&mut self, body: &[u8], answers: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.exchange(body, |answer| answers.contains(&answer[0])).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    async fn exchange(&mut self, body: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Trouble> {
        let mut frame = Vec::new();
        codec::encode(body, &mut frame);
        self.link.begin().await?;
        let answer = self.link.ask_once(&frame, |item| match item {
            Item::Body(body) if is_ours(&body) => Some(Ok(body)),
            Item::Body(body) if body == [BAD_SUM] => {
                Some(Err(Trouble::Unclear("the question came to it with a wrong check sum".into())))
            }
            Item::Body(_) => None,
            Item::BadFrame => Some(Err(Trouble::Unclear("an answer has a wrong check sum".into()))),
        });
        answer.await
    }
}

impl LabelScale for MassakVpm {
    fn abilities(&self) -> Abilities {
        Abilities {
            items_max: ITEMS_MAX,
            plu_max: 999_999,
            // Five digits of the barcode.
            code_max: 99_999,
            name_bytes_max: record::NAME_LINE_BYTES * record::NAME_LINES,
            text_bytes_max: record::TEXT_LINE_BYTES * record::TEXT_LINES,
            text_plu_max: u32::MAX,
            // The fields have room for more than a label of 58 mm.
            price_max: Money::from_minor(999_999),
            group_max: 9999,
            // A tenth of what the usual scale carries, which is 15 kg.
            tare_max: Quantity::from_thousandths(1500),
            shelf_life_days_max: 9999,
            labels_max: LABELS_MAX,
            prefixes: PrefixRule::OfItem,
            sums: true,
            hot_keys_max: KEYS_MAX,
            read_back: true,
            delete: true,
            clear: true,
            time: false,
            totals: true,
            line_bytes_per_second: None,
        }
    }

    fn kept(&self, item: &ScaleItem) -> ScaleItem {
        let mut record = Vec::new();
        record::put_article(item, &mut record);
        record::article(&record).unwrap_or_default()
    }

    fn status(&mut self) -> BoxFuture<'_, Result<LabelScaleStatus, LabelScaleError>> {
        Box::pin(async {
            self.read = None;
            let is_empty = self.missing().await? & bit(FILE_ARTICLES) != 0;
            let items = is_empty.then_some(0);
            Ok(LabelScaleStatus { model: "Massa-K VPM".into(), items, ..LabelScaleStatus::default() })
        })
    }

    fn batch_items(&self) -> usize {
        FILE_ARTICLES_MAX
    }

    fn write<'a>(&'a mut self, batch: &'a [ScaleItem]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(self.write_articles(batch))
    }

    fn erase<'a>(&'a mut self, batch: &'a [u32]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(self.write_without(batch))
    }

    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(self.reset())
    }

    fn read_back(&mut self, plu: u32) -> BoxFuture<'_, Result<Option<ScaleItem>, LabelScaleError>> {
        Box::pin(self.article(plu))
    }

    fn set_hot_keys<'a>(&'a mut self, keys: &'a [(u16, u32)]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move { self.send_file(FILE_KEYS, &record::key_file(keys)).await })
    }

    fn totals<'a>(&'a mut self, plus: &'a [u32]) -> BoxFuture<'a, Result<Vec<ScaleTotal>, LabelScaleError>> {
        Box::pin(async move {
            let records = self.read_records(FILE_TOTALS).await?;
            let totals = records.iter().filter_map(|record| record::total(record));
            Ok(totals.filter(|total| total.labels > 0 && plus.contains(&total.plu)).collect())
        })
    }
}

pub(crate) fn bit(file: u8) -> u32 {
    1 << (file - 1)
}

fn mask(answer: &[u8]) -> Result<u32, LabelScaleError> {
    let [_, a, b, c, d] = *answer else {
        return Err(LabelScaleError::Protocol { what: "its state is not as long as the protocol says".into() });
    };
    Ok(u32::from_le_bytes([a, b, c, d]))
}

fn refused(code: u8, sentence: &str) -> LabelScaleError {
    LabelScaleError::Refused { code: code.into(), sentence: sentence.to_owned() }
}
