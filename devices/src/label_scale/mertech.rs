//! Driver of Mertech label scales (M-ER 725 PM and others): Shtrih-Print's commands over TCP, goods as files of JSON.
//!
//! A file counts when the scale says that it has worked it off. Whatever goes wrong before that begins the file anew,
//! which changes nothing twice.
//!
//! Not in the protocol: an article's tare, reading goods back, totals. Groups are not sent, because a scale's categories
//! have names that nobody here knows. The layout of the barcode is set at the scale: `PP CCCCC WWWWW K`. All layouts that
//! its documents name carry the weight, so its labels cannot carry sums.

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use md5::{Digest, Md5};
use serde::Deserialize;
use tokio::time::Instant;

use super::link::{Link, TRIES_MAX, Trouble};
use super::shtrih_print::codec::{self, Decoder, Item};
use super::shtrih_print::{PREFIX_PIECE, PREFIX_WEIGHT, SET_PREFIX, clock_commands, errors};
use super::{Abilities, LabelScale, LabelScaleError, LabelScaleSetup, LabelScaleStatus, PrefixRule, ScaleItem, Wire};
use crate::port::Connector;

pub mod products;

/// The first byte of commands that have two.
pub(crate) const LONG: u8 = 0xFF;
pub(crate) const DELETE: u8 = 0x0F;
pub(crate) const PRODUCTS: u8 = 0x13;
pub(crate) const INFO: u8 = 0x17;
/// Steps of sending a file.
pub(crate) const STEP_HASH: u8 = 2;
pub(crate) const STEP_PART: u8 = 3;
pub(crate) const STEP_CHECK: u8 = 9;
/// Names of values in the step of the hash.
pub(crate) const VALUE_SIZE: u8 = 4;
pub(crate) const VALUE_KEEPS: u8 = 1;
/// How an article to be deleted is named: by a PLU of four bytes.
pub(crate) const BY_PLU: u8 = 2;
pub(crate) const LOADED: u8 = 0;
pub(crate) const LOADING: u8 = 1;
pub(crate) const DISK_FULL: u8 = 203;
pub(crate) const IN_PROGRESS: u8 = 172;
/// A third of what the scale takes, and as much as its makers' own program sends.
pub(crate) const PART_BYTES_MAX: usize = 6000;
/// Articles in one file.
const FILE_ARTICLES_MAX: usize = 200;
/// As it leaves the factory.
pub const PASSWORD: [u8; 4] = *b"1234";
/// A file without goods: sent in place of all goods it clears them.
const NO_GOODS: &[u8] = b"{}";

pub struct Mertech {
    link: Link<Decoder>,
    setup: LabelScaleSetup,
    /// The prefixes were set.
    is_prepared: bool,
}

/// What the driver needs of what the scale says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    scale_model: String,
}

impl Mertech {
    pub fn new(connector: Connector, setup: LabelScaleSetup) -> Mertech {
        Mertech { link: Link::new(connector, setup.timing, Decoder::new(Wire::Tcp)), setup, is_prepared: false }
    }

    async fn info(&mut self) -> Result<LabelScaleStatus, LabelScaleError> {
        let answer = self.exchange(&[LONG, INFO], &[LONG, INFO]).await?;
        // Two bytes of length, then the text.
        let text = answer.get(2..).unwrap_or_default();
        let info: Info = serde_json::from_slice(text).map_err(|error| LabelScaleError::Protocol {
            what: format!("what it says of itself is not as expected ({error})"),
        })?;
        Ok(LabelScaleStatus { model: info.scale_model, ..LabelScaleStatus::default() })
    }

    async fn prepare(&mut self) -> Result<(), LabelScaleError> {
        if !self.is_prepared {
            self.ask(&[SET_PREFIX], &[PREFIX_WEIGHT, self.setup.weight_prefix]).await?;
            self.ask(&[SET_PREFIX], &[PREFIX_PIECE, self.setup.piece_prefix]).await?;
            self.is_prepared = true;
        }
        Ok(())
    }

    async fn remove(&mut self, plu: u32) -> Result<(), LabelScaleError> {
        match self.ask(&[LONG, DELETE], &[&[BY_PLU], &plu.to_le_bytes()[..]].concat()).await {
            Err(LabelScaleError::Refused { code, .. }) if code == u16::from(errors::PLU_EMPTY) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Send a file of goods, beside those that are there or in place of them, and wait until it is worked off.
    async fn load(&mut self, file: &[u8], keeps: bool) -> Result<(), LabelScaleError> {
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.send(file, keeps).await {
                Ok(()) => return self.wait_loaded().await,
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    async fn send(&mut self, file: &[u8], keeps: bool) -> Result<(), Trouble> {
        let mut hash = vec![STEP_HASH];
        hash.extend(Md5::digest(file));
        hash.push(VALUE_SIZE);
        hash.extend((file.len() as u64).to_le_bytes());
        hash.extend([VALUE_KEEPS, u8::from(keeps)]);
        self.try_step(&hash).await?;
        let mut sent = 0;
        for part in file.chunks(PART_BYTES_MAX) {
            let is_last = sent + part.len() == file.len();
            let mut step = vec![STEP_PART, u8::from(is_last)];
            step.extend((sent as u32).to_le_bytes());
            step.extend((part.len() as u16).to_le_bytes());
            step.extend_from_slice(part);
            self.try_step(&step).await?;
            sent += part.len();
        }
        Ok(())
    }

    async fn try_step(&mut self, step: &[u8]) -> Result<(), Trouble> {
        let body = [&[LONG, PRODUCTS], &self.setup.password.unwrap_or(PASSWORD)[..], step].concat();
        let (error, _) = self.try_once(&[LONG, PRODUCTS], &body).await?;
        if error == 0 { Ok(()) } else { Err(Trouble::Refused(refused(error))) }
    }

    async fn wait_loaded(&mut self) -> Result<(), LabelScaleError> {
        let deadline = Instant::now() + self.setup.timing.clear;
        loop {
            match self.ask(&[LONG, PRODUCTS], &[STEP_CHECK]).await {
                Ok(answer) => match answer[..] {
                    [LOADED, ..] => return Ok(()),
                    [LOADING, ..] => {}
                    _ => {
                        let reason = String::from_utf8_lossy(answer.get(3..).unwrap_or_default()).into_owned();
                        return Err(LabelScaleError::Refused { code: 2, sentence: reason });
                    }
                },
                Err(LabelScaleError::Refused { code, .. }) if code == u16::from(IN_PROGRESS) => {}
                Err(error) => return Err(error),
            }
            if Instant::now() > deadline {
                return Err(LabelScaleError::Busy);
            }
            tokio::time::sleep(self.setup.timing.poll).await;
        }
    }

    /// A command with the password; answers the data of its answer.
    async fn ask(&mut self, command: &[u8], data: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        self.exchange(command, &[command, &self.setup.password.unwrap_or(PASSWORD)[..], data].concat()).await
    }

    async fn exchange(&mut self, command: &[u8], body: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.try_once(command, body).await {
                Ok((0, data)) => return Ok(data),
                Ok((code, _)) => return Err(refused(code)),
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    /// The error and the data of the answer.
    async fn try_once(&mut self, command: &[u8], body: &[u8]) -> Result<(u8, Vec<u8>), Trouble> {
        let mut frame = Vec::new();
        codec::encode(Wire::Tcp, body, &mut frame);
        self.link.begin().await?;
        let answer = self.link.ask_once(&frame, |item| match item {
            Item::Body(answer) => match answer.strip_prefix(command)? {
                [error, data @ ..] => Some(Ok((*error, data.to_vec()))),
                [] => None,
            },
            Item::Garbage => Some(Err(Trouble::Unclear("it is no answer of this protocol".into()))),
            _ => None,
        });
        answer.await
    }
}

impl LabelScale for Mertech {
    fn abilities(&self) -> Abilities {
        let LabelScaleSetup { weight_prefix: weight, piece_prefix: piece, .. } = self.setup;
        Abilities {
            items_max: 65_535,
            plu_max: 65_535,
            // Five digits of the barcode.
            code_max: 99_999,
            // Lengths are written nowhere; these fit a label.
            name_bytes_max: 200,
            text_bytes_max: 1000,
            text_plu_max: u32::MAX,
            price_max: Money::from_minor(999_999),
            group_max: 9999,
            tare_max: Quantity::ZERO,
            shelf_life_days_max: 9999,
            labels_max: 99,
            prefixes: PrefixRule::OfUnit { weight, piece },
            sums: false,
            hot_keys_max: 0,
            read_back: false,
            delete: true,
            clear: true,
            time: true,
            totals: false,
            line_bytes_per_second: None,
        }
    }

    fn kept(&self, item: &ScaleItem) -> ScaleItem {
        let file = products::file(std::slice::from_ref(item));
        products::articles(&file).and_then(|mut articles| articles.pop()).unwrap_or_default()
    }

    fn status(&mut self) -> BoxFuture<'_, Result<LabelScaleStatus, LabelScaleError>> {
        Box::pin(self.info())
    }

    fn batch_items(&self) -> usize {
        FILE_ARTICLES_MAX
    }

    fn write<'a>(&'a mut self, batch: &'a [ScaleItem]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            self.prepare().await?;
            self.load(&products::file(batch), true).await
        })
    }

    fn erase<'a>(&'a mut self, batch: &'a [u32]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for plu in batch {
                self.remove(*plu).await?;
            }
            Ok(())
        })
    }

    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(self.load(NO_GOODS, false))
    }

    fn set_time(&mut self, now: NaiveDateTime) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for (command, value) in clock_commands(now) {
                self.ask(&[command], &value).await?;
            }
            Ok(())
        })
    }
}

fn refused(code: u8) -> LabelScaleError {
    match code {
        DISK_FULL => LabelScaleError::MemoryFull,
        code => LabelScaleError::Refused { code: code.into(), sentence: errors::sentence(code).to_owned() },
    }
}
