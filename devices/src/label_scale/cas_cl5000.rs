//! Driver of CAS CL5000 label scales over TCP.
//!
//! Only writing and deleting goods is known of this protocol: the scale says yes to each article with its number, and
//! that yes is all the proof there is. The barcode's prefix and layout are set in the menu of the scale, and whether it
//! carries the amount or the sum: what the setup says of it must be what was set there.

use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;

use super::link::{Frames, Link, TRIES_MAX, Trouble};
use super::{Abilities, LabelScale, LabelScaleError, LabelScaleSetup, LabelScaleStatus, PrefixRule, ScaleItem};
use crate::port::Connector;
use codec::Item;

pub mod codec;
pub mod record;

pub(crate) const ARTICLE: u8 = b'L';
/// Any scale: the connection leads to one anyway.
const ANY_SCALE: u32 = 0;
/// No department and no PLU stand for all of them.
const ALL_ARTICLES: [u8; 6] = [0; 6];
pub(crate) const PLU_MAX: u32 = 999_999;
/// An article's number in an answer is its PLU and so much for each department.
pub(crate) const DEPARTMENT_FACTOR: u32 = 1_000_000;

pub(crate) const NUMBER_OVER: u8 = 82;
pub(crate) const BAD_FRAME: u8 = 84;
pub(crate) const MEMORY_FULL: u8 = 89;
pub(crate) const UNKNOWN_TYPE: u8 = 95;
pub(crate) const BAD_LENGTH: u8 = 97;
pub(crate) const NO_DATA: u8 = 98;

pub struct CasCl5000 {
    link: Link<Frames<Item>>,
}

impl CasCl5000 {
    pub fn new(connector: Connector, setup: LabelScaleSetup) -> CasCl5000 {
        CasCl5000 { link: Link::new(connector, setup.timing, codec::decoder()) }
    }

    /// A scale that has nothing there says so, which is as good.
    async fn remove(&mut self, data: &[u8], number: u32) -> Result<(), LabelScaleError> {
        match self.ask(data, number).await {
            Err(LabelScaleError::Refused { code, .. }) if code == u16::from(NO_DATA) => Ok(()),
            done => done,
        }
    }

    /// Write a record and hear the scale say yes to this number.
    async fn ask(&mut self, data: &[u8], number: u32) -> Result<(), LabelScaleError> {
        let mut frame = Vec::new();
        codec::encode([codec::WRITE, ARTICLE], ANY_SCALE, data, &mut frame);
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.try_once(&frame, number).await {
                Ok(0) => return Ok(()),
                Ok(MEMORY_FULL) => return Err(LabelScaleError::MemoryFull),
                Ok(BAD_FRAME) => error = refused(BAD_FRAME),
                Ok(code) => return Err(refused(code)),
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    /// The error in the answer, or zero.
    async fn try_once(&mut self, frame: &[u8], number: u32) -> Result<u8, Trouble> {
        self.link.begin().await?;
        let answer = self.link.ask_once(frame, |item| match item {
            Item::Frame { operation: [codec::GOOD, ARTICLE], data } if data == number.to_le_bytes() => Some(Ok(0)),
            Item::Frame { operation: [codec::BAD, ARTICLE], data } => {
                let error = data.get(4).copied().filter(|error| *error != 0);
                Some(error.ok_or_else(|| Trouble::Unclear("it refuses without a reason".into())))
            }
            Item::Frame { .. } => None,
            Item::BadFrame { .. } => Some(Err(Trouble::Unclear("an answer has a wrong sum".into()))),
        });
        answer.await
    }

    /// A connection is all that can be asked for, and only a new one proves that the scale is there.
    async fn connect(&mut self) -> Result<LabelScaleStatus, LabelScaleError> {
        self.link.close();
        if let Err(trouble) = self.link.begin().await {
            return Err(self.link.failed(trouble).await.unwrap_or_else(|error| error));
        }
        Ok(LabelScaleStatus { model: "CAS CL5000".into(), ..LabelScaleStatus::default() })
    }
}

impl LabelScale for CasCl5000 {
    fn abilities(&self) -> Abilities {
        Abilities {
            // How many there is room for is written nowhere; a scale that is full says so.
            items_max: PLU_MAX as usize,
            plu_max: PLU_MAX,
            // Five digits of the barcode.
            code_max: 99_999,
            name_bytes_max: record::NAME_LINE_BYTES * record::NAME_LINES,
            text_bytes_max: record::TEXT_BYTES_MAX,
            text_plu_max: PLU_MAX,
            // The fields have room for more than a label.
            price_max: Money::from_minor(999_999),
            group_max: 9999,
            // A tenth of what the usual scale carries, which is 15 kg.
            tare_max: Quantity::from_thousandths(1500),
            shelf_life_days_max: 999,
            labels_max: 99,
            prefixes: PrefixRule::OfScale,
            sums: true,
            hot_keys_max: 0,
            read_back: false,
            delete: true,
            clear: true,
            time: false,
            totals: false,
            line_bytes_per_second: None,
        }
    }

    fn kept(&self, item: &ScaleItem) -> ScaleItem {
        let mut record = Vec::new();
        record::put_article(item, &mut record);
        record::article(&record).unwrap_or_default()
    }

    fn status(&mut self) -> BoxFuture<'_, Result<LabelScaleStatus, LabelScaleError>> {
        Box::pin(self.connect())
    }

    fn write<'a>(&'a mut self, batch: &'a [ScaleItem]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for item in batch {
                let mut data = Vec::new();
                record::put_article(item, &mut data);
                self.ask(&data, article_number(item.plu)).await?;
            }
            Ok(())
        })
    }

    fn erase<'a>(&'a mut self, batch: &'a [u32]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for plu in batch {
                self.remove(&record::article_number(*plu), article_number(*plu)).await?;
            }
            Ok(())
        })
    }

    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(self.remove(&ALL_ARTICLES, 0))
    }
}

/// How an answer numbers an article.
fn article_number(plu: u32) -> u32 {
    (u32::from(record::DEPARTMENT) * DEPARTMENT_FACTOR).saturating_add(plu)
}

fn refused(code: u8) -> LabelScaleError {
    let sentence = match code {
        NUMBER_OVER => "it has no such PLU",
        BAD_FRAME => "the command came to it damaged",
        88 => "there is no room for the text",
        UNKNOWN_TYPE => "it does not know the command",
        BAD_LENGTH => "the record has a wrong length",
        NO_DATA => "there is no such article",
        99 => "there is no more",
        _ => "for a reason that its protocol does not name",
    };
    LabelScaleError::Refused { code: code.into(), sentence: sentence.to_owned() }
}
