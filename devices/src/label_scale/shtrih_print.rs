//! Driver of Shtrih-Print label scales, over datagrams or a serial line.
//!
//! Every command that is sent may be run twice: an article and a text are written whole, clearing is watched until it is
//! over. A text lies in a table of its own, under the number of its article's PLU, and is written before the article
//! that points at it, so a label never carries another article's text.
//!
//! The barcode is `prefix code(5) value(5) check`, of which there is a format with amounts and one with sums of money; the
//! scale has one prefix for weighed goods and one for pieces. All this is set once, before the first article is written.

use chrono::{Datelike, NaiveDateTime, Timelike};
use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::link::{BUSY_TRIES_MAX, Link, TRIES_MAX, Trouble};
use super::{
    Abilities, BarcodeValue, ItemUnit, LabelScale, LabelScaleError, LabelScaleSetup, LabelScaleStatus, PrefixRule,
    ScaleItem, ScaleTotal, Wire,
};
use crate::port::Connector;
use codec::{Decoder, Item};
use record::State;

pub mod codec;
pub(crate) mod errors;
pub mod record;

pub(crate) const STATE: u8 = 0x11;
pub(crate) const MODE: u8 = 0x12;
pub(crate) const CLEAR_ARTICLES: u8 = 0x18;
pub(crate) const SET_TIME: u8 = 0x21;
pub(crate) const SET_DATE: u8 = 0x22;
pub(crate) const WRITE_TEXT_LINE: u8 = 0x52;
pub(crate) const READ_TEXT_LINE: u8 = 0x53;
pub(crate) const DELETE_ARTICLE: u8 = 0x54;
pub(crate) const WRITE_ARTICLE: u8 = 0x57;
pub(crate) const READ_ARTICLE: u8 = 0x58;
pub(crate) const READ_TOTAL: u8 = 0x60;
pub(crate) const SET_PREFIX_TYPE: u8 = 0x73;
pub(crate) const SET_BARCODE_FORMAT: u8 = 0x75;
pub(crate) const SET_PREFIX: u8 = 0x77;
pub(crate) const SET_KEEPS_TOTALS: u8 = 0x87;
pub(crate) const SET_HOT_KEY: u8 = 0xB1;
/// `PP CCCCC WWWWW K` and `PP CCCCC SSSSS K`: formats without a check digit whose rule is written nowhere, and with a goods
/// code of five digits.
pub(crate) const FORMAT_AMOUNT: u8 = 7;
pub(crate) const FORMAT_SUM: u8 = 4;
const PREFIX_OF_UNIT: u8 = 2;
pub(crate) const PREFIX_WEIGHT: u8 = 0;
pub(crate) const PREFIX_PIECE: u8 = 1;
pub(crate) const KEY_CALLS_PLU: u8 = 1;
const PRICE_MAX: Money = Money::from_minor(999_999);
/// Five digits of the barcode.
const CODE_MAX: u32 = 99_999;
const GROUP_MAX: u16 = 9999;
const SHELF_LIFE_DAYS_MAX: u16 = 9999;
/// A tenth of the capacity.
const TARE_GRAMS_MAX_PER_KG: i64 = 100;
/// At 9600 baud, ten bits a byte.
const SERIAL_BYTES_PER_SECOND: u32 = 960;
/// Old answers that a serial line may hold before a command.
const OLD_ANSWERS_MAX: u32 = 3;

/// As the scale leaves the factory.
const PASSWORD: [u8; 4] = *b"0030";

pub struct ShtrihPrint {
    link: Link<Decoder>,
    wire: Wire,
    setup: LabelScaleSetup,
    tables: Tables,
    /// The barcode was set and the tables were asked for.
    is_prepared: bool,
    frame: Vec<u8>,
}

/// What the scale has room for.
#[derive(Clone, Copy)]
struct Tables {
    articles: u16,
    texts: u16,
    text_lines: u8,
    hot_keys: u16,
    capacity_kg: u8,
}

/// A scale of the usual size.
const TABLES: Tables = Tables { articles: 4000, texts: 1000, text_lines: 8, hot_keys: 36, capacity_kg: 15 };

impl ShtrihPrint {
    pub fn new(connector: Connector, wire: Wire, setup: LabelScaleSetup) -> ShtrihPrint {
        let link = Link::new(connector, setup.timing, Decoder::new(wire));
        ShtrihPrint { link, wire, setup, tables: TABLES, is_prepared: false, frame: Vec::new() }
    }

    async fn state(&mut self) -> Result<State, LabelScaleError> {
        let data = self.ask_unsigned(STATE).await?;
        let state = State::parse(&data).ok_or_else(|| unclear("its state is shorter than the protocol says"))?;
        self.tables = Tables {
            articles: state.articles_max,
            texts: state.texts_max,
            text_lines: state.text_lines,
            hot_keys: state.hot_keys_max(),
            capacity_kg: state.capacity_kg,
        };
        Ok(state)
    }

    async fn prepare(&mut self) -> Result<(), LabelScaleError> {
        if self.is_prepared {
            return Ok(());
        }
        self.state().await?;
        let LabelScaleSetup { weight_prefix, piece_prefix, barcode_value, .. } = self.setup;
        let format = if barcode_value == BarcodeValue::Sum { FORMAT_SUM } else { FORMAT_AMOUNT };
        self.ask(SET_BARCODE_FORMAT, &[format]).await?;
        self.ask(SET_PREFIX_TYPE, &[PREFIX_OF_UNIT]).await?;
        self.ask(SET_PREFIX, &[PREFIX_WEIGHT, weight_prefix]).await?;
        self.ask(SET_PREFIX, &[PREFIX_PIECE, piece_prefix]).await?;
        self.ask(SET_KEEPS_TOTALS, &[1]).await?;
        self.is_prepared = true;
        Ok(())
    }

    async fn write_article(&mut self, item: &ScaleItem) -> Result<(), LabelScaleError> {
        let plu = item.plu as u16;
        let message = if item.text.is_empty() { 0 } else { plu };
        if message != 0 {
            for (number, text) in (1..).zip(record::text_lines(&item.text, self.tables.text_lines.into())) {
                self.ask(WRITE_TEXT_LINE, &[&message.to_le_bytes()[..], &[number], &text].concat()).await?;
            }
        }
        let mut data = plu.to_le_bytes().to_vec();
        record::put_article(item, message, &mut data);
        self.ask(WRITE_ARTICLE, &data).await.map(drop).map_err(|error| match error {
            LabelScaleError::Refused { code, .. } if code == u16::from(errors::BAD_PLU) => LabelScaleError::MemoryFull,
            error => error,
        })
    }

    async fn clear_articles(&mut self) -> Result<(), LabelScaleError> {
        let deadline = Instant::now() + self.setup.timing.clear;
        self.ask(CLEAR_ARTICLES, &[]).await?;
        loop {
            let mode = self.ask_unsigned(MODE).await?;
            let [_, _, submode] = mode[..] else { return Err(unclear("its mode is not three bytes")) };
            if submode & record::CLEARING == 0 {
                if submode & record::CLEAR_FAILED == 0 {
                    return Ok(());
                }
                let sentence = "it could not clear its goods; ask the service of the scale".to_owned();
                return Err(LabelScaleError::Refused { code: submode.into(), sentence });
            }
            if Instant::now() > deadline {
                return Err(LabelScaleError::Busy);
            }
            tokio::time::sleep(self.setup.timing.poll).await;
        }
    }

    async fn read(&mut self, plu: u32) -> Result<Option<ScaleItem>, LabelScaleError> {
        let Ok(number) = u16::try_from(plu) else { return Ok(None) };
        let Some(data) = self.ask_of_plu(READ_ARTICLE, number).await? else { return Ok(None) };
        let (mut item, message) =
            record::article(plu, &data).ok_or_else(|| unclear("an article is not as long as the protocol says"))?;
        if message != 0 {
            let mut lines = Vec::new();
            for line in 1..=self.tables.text_lines {
                lines.push(self.ask(READ_TEXT_LINE, &[&message.to_le_bytes()[..], &[line]].concat()).await?);
            }
            item.text = record::text_of(lines.iter().map(Vec::as_slice));
        }
        Ok(Some(item))
    }

    async fn total(&mut self, plu: u32) -> Result<Option<ScaleTotal>, LabelScaleError> {
        let Ok(number) = u16::try_from(plu) else { return Ok(None) };
        let Some(data) = self.ask_of_plu(READ_TOTAL, number).await? else { return Ok(None) };
        let [s0, s1, s2, s3, q0, q1, q2, q3, n0, n1] = data[..] else {
            return Err(unclear("a total is not as long as the protocol says"));
        };
        let labels = u16::from_le_bytes([n0, n1]);
        if labels == 0 {
            return Ok(None);
        }
        // Grams or pieces: only the article knows.
        let article = self.ask_of_plu(READ_ARTICLE, number).await?;
        let is_piece =
            article.and_then(|data| record::article(plu, &data)).is_some_and(|(item, _)| item.unit == ItemUnit::Piece);
        let count = i64::from(u32::from_le_bytes([q0, q1, q2, q3]));
        Ok(Some(ScaleTotal {
            plu,
            quantity: Quantity::from_thousandths(if is_piece { count * Quantity::ONE.thousandths() } else { count }),
            sum: Some(Money::from_minor(i64::from(u32::from_le_bytes([s0, s1, s2, s3])))),
            labels: labels.into(),
        }))
    }

    /// A command about one PLU; nothing if the scale has nothing there.
    async fn ask_of_plu(&mut self, command: u8, plu: u16) -> Result<Option<Vec<u8>>, LabelScaleError> {
        match self.ask(command, &plu.to_le_bytes()).await {
            Ok(data) => Ok(Some(data)),
            Err(LabelScaleError::Refused { code, .. }) if code == u16::from(errors::PLU_EMPTY) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A command with the password; answers the data of its answer.
    async fn ask(&mut self, command: u8, data: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        self.exchange(&[&[command], &self.setup.password.unwrap_or(PASSWORD)[..], data].concat()).await
    }

    async fn ask_unsigned(&mut self, command: u8) -> Result<Vec<u8>, LabelScaleError> {
        self.exchange(&[command]).await
    }

    /// Ask until the scale answers and is not busy.
    async fn exchange(&mut self, body: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        for _ in 0..BUSY_TRIES_MAX {
            let mut answer = self.answer_to(body).await?;
            match answer[1] {
                0 => return Ok(answer.split_off(2)),
                errors::PLU_SELECTED | errors::NOT_IN_THIS_MODE => tokio::time::sleep(self.setup.timing.busy).await,
                code => {
                    return Err(LabelScaleError::Refused {
                        code: code.into(),
                        sentence: errors::sentence(code).to_owned(),
                    });
                }
            }
        }
        Err(LabelScaleError::Busy)
    }

    /// The body of the answer: command, error and data.
    async fn answer_to(&mut self, body: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        let mut error = LabelScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            match self.try_once(body).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => error = self.link.failed(trouble).await?,
            }
        }
        Err(error)
    }

    async fn try_once(&mut self, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.link.begin().await?;
        if self.wire == Wire::Serial {
            self.reach_idle().await?;
        }
        self.frame.clear();
        codec::encode(self.wire, body, &mut self.frame);
        let is_serial = self.wire == Wire::Serial;
        let answer = self.link.ask_once(&self.frame, |item| match item {
            Item::Body(answer) if answer.len() >= 2 && answer[0] == body[0] => Some(Ok(answer)),
            // A datagram is refused while another host holds the scale.
            Item::Nak if !is_serial => Some(Err(Trouble::Busy)),
            Item::Busy => Some(Err(Trouble::Busy)),
            Item::Nak => Some(Err(Trouble::Unclear("it did not understand the command".into()))),
            Item::Garbage => Some(Err(Trouble::Unclear("it is no answer of this protocol".into()))),
            Item::Ack | Item::Enq | Item::Body(_) => None,
        });
        let answer = answer.await?;
        if is_serial {
            // If this is lost the scale offers the answer again, and it is thrown away before the next command.
            self.link.write(&[codec::ACK]).await?;
        }
        Ok(answer)
    }

    /// Make sure that a serial line holds no answer to an earlier command.
    async fn reach_idle(&mut self) -> Result<(), Trouble> {
        for _ in 0..OLD_ANSWERS_MAX {
            self.link.write(&[codec::ENQ]).await?;
            let deadline = Instant::now() + self.setup.timing.answer;
            loop {
                match self.link.hear(deadline).await? {
                    Item::Nak => return Ok(()),
                    Item::Body(_) => {
                        self.link.write(&[codec::ACK]).await?;
                        break;
                    }
                    _ => {}
                }
            }
        }
        Err(Trouble::Busy)
    }
}

impl LabelScale for ShtrihPrint {
    fn abilities(&self) -> Abilities {
        let Tables { articles, texts, text_lines, hot_keys, capacity_kg } = self.tables;
        let LabelScaleSetup { weight_prefix: weight, piece_prefix: piece, .. } = self.setup;
        Abilities {
            items_max: articles.into(),
            plu_max: articles.into(),
            code_max: CODE_MAX,
            name_bytes_max: record::NAME_LINE_BYTES * record::NAME_LINES,
            text_bytes_max: record::TEXT_LINE_BYTES * usize::from(text_lines),
            text_plu_max: texts.into(),
            price_max: PRICE_MAX,
            group_max: GROUP_MAX,
            tare_max: Quantity::from_thousandths(i64::from(capacity_kg) * TARE_GRAMS_MAX_PER_KG),
            shelf_life_days_max: SHELF_LIFE_DAYS_MAX,
            labels_max: 0,
            prefixes: PrefixRule::OfUnit { weight, piece },
            sums: true,
            hot_keys_max: hot_keys,
            read_back: true,
            delete: true,
            clear: true,
            time: true,
            totals: true,
            line_bytes_per_second: (self.wire == Wire::Serial).then_some(SERIAL_BYTES_PER_SECOND),
        }
    }

    fn kept(&self, item: &ScaleItem) -> ScaleItem {
        let mut bytes = Vec::new();
        record::put_article(item, 0, &mut bytes);
        let mut kept = record::article(item.plu, &bytes).map_or_else(ScaleItem::default, |(kept, _)| kept);
        let lines = record::text_lines(&item.text, self.tables.text_lines.into());
        kept.text = record::text_of(lines.iter().map(|line| &line[..]));
        kept
    }

    fn status(&mut self) -> BoxFuture<'_, Result<LabelScaleStatus, LabelScaleError>> {
        Box::pin(async {
            let state = self.state().await?;
            Ok(LabelScaleStatus {
                model: state.model(),
                items: None,
                clock: state.clock,
                paper: Some(state.paper),
                busy: state.mode != 0 || state.submode & record::CLEARING != 0,
            })
        })
    }

    fn write<'a>(&'a mut self, batch: &'a [ScaleItem]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            self.prepare().await?;
            for item in batch {
                self.write_article(item).await?;
            }
            Ok(())
        })
    }

    fn erase<'a>(&'a mut self, batch: &'a [u32]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            // The scale has no other numbers, so nothing is there.
            for plu in batch.iter().filter_map(|plu| u16::try_from(*plu).ok()) {
                self.ask_of_plu(DELETE_ARTICLE, plu).await?;
            }
            Ok(())
        })
    }

    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(self.clear_articles())
    }

    fn read_back(&mut self, plu: u32) -> BoxFuture<'_, Result<Option<ScaleItem>, LabelScaleError>> {
        Box::pin(self.read(plu))
    }

    fn set_time(&mut self, now: NaiveDateTime) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for (command, value) in clock_commands(now) {
                self.ask(command, &value).await?;
            }
            Ok(())
        })
    }

    fn set_hot_keys<'a>(&'a mut self, keys: &'a [(u16, u32)]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async move {
            for (key, plu) in keys {
                let Ok(key) = u8::try_from(*key) else { return Err(LabelScaleError::NotSupported) };
                self.ask(SET_HOT_KEY, &[&[key, KEY_CALLS_PLU], &plu.to_le_bytes()[..]].concat()).await?;
            }
            Ok(())
        })
    }

    fn totals<'a>(&'a mut self, plus: &'a [u32]) -> BoxFuture<'a, Result<Vec<ScaleTotal>, LabelScaleError>> {
        Box::pin(async move {
            let mut totals = Vec::new();
            for plu in plus {
                totals.extend(self.total(*plu).await?);
            }
            Ok(totals)
        })
    }
}

/// The commands that set the clock, with what follows the password.
pub(super) fn clock_commands(now: NaiveDateTime) -> [(u8, [u8; 3]); 2] {
    let date = [now.day() as u8, now.month() as u8, (now.year() % 100) as u8];
    [(SET_DATE, date), (SET_TIME, [now.hour() as u8, now.minute() as u8, now.second() as u8])]
}

fn unclear(what: &str) -> LabelScaleError {
    LabelScaleError::Protocol { what: what.to_owned() }
}
