//! Shtrih-Print over UDP: a question in one datagram, its answer in another.
//!
//! A datagram that is lost is asked again: all that is asked here may be. But answers carry no number, so one that comes
//! late could be taken for the answer to the next question of the same kind. So after a question was repeated, the line is
//! emptied by asking for something else and waiting for exactly that answer: what was on its way before it has come.

use std::time::Duration;

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{Abilities, LabelScale, LabelScaleError, LabelScaleState, ScaleItem, ScaleTotal};
use crate::port::{DatagramConnector, Datagrams};
use codec::{Answer, Command};

pub mod codec;

/// Times that a question is asked.
const TRIES_MAX: u32 = 3;
/// Of a scale on which somebody has chosen the item, which then cannot be changed.
const SELECTED_TRIES_MAX: u32 = 10;
/// How often it is asked whether a table is clear.
const CLEARED_EVERY: Duration = Duration::from_millis(200);
/// The longest answer and more.
const DATAGRAM_BYTES_MAX: usize = 600;

static ABILITIES: Abilities = Abilities {
    plu_max: 4_000,
    code_max: 999_999,
    price_max: Money::from_minor(999_999),
    group_max: 9_999,
    tare_max: Quantity::from_thousandths(9_999),
    shelf_life_days_max: 9_999,
    name_bytes_max: 2 * codec::NAME_LINE_BYTES,
    message_bytes_max: codec::MESSAGE_LINES_MAX * codec::MESSAGE_LINE_BYTES,
    hot_keys_max: 90,
};

/// How long the scale is waited for. The defaults are those of the maker's driver.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub answer: Duration,
    /// A table that is being cleared.
    pub clear: Duration,
    /// Between two tries to change an item that is chosen at the scale.
    pub selected: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { answer: Duration::from_millis(500), clear: Duration::from_secs(60), selected: Duration::from_secs(2) }
    }
}

pub struct ShtrihPrint {
    connector: DatagramConnector,
    timing: Timing,
    port: Option<Datagrams>,
    /// A question was repeated since the line was last known to be empty.
    is_unclear: bool,
}

impl ShtrihPrint {
    pub fn new(connector: DatagramConnector) -> ShtrihPrint {
        ShtrihPrint::with_timing(connector, Timing::default())
    }

    pub fn with_timing(connector: DatagramConnector, timing: Timing) -> ShtrihPrint {
        ShtrihPrint { connector, timing, port: None, is_unclear: false }
    }

    /// The data of the answer; a refusal is an error.
    async fn ask(&mut self, command: Command, body: &[u8]) -> Result<Vec<u8>, LabelScaleError> {
        for _ in 0..SELECTED_TRIES_MAX {
            let answer = self.answer_to(command, body).await?;
            match answer.error {
                0 => return Ok(answer.data),
                codec::SELECTED => tokio::time::sleep(self.timing.selected).await,
                code => return Err(codec::refusal(code)),
            }
        }
        Err(codec::refusal(codec::SELECTED))
    }

    async fn answer_to(&mut self, command: Command, body: &[u8]) -> Result<Answer, LabelScaleError> {
        if self.is_unclear {
            let (other, word): (Command, &[u8]) = match command {
                Command::Mode => (Command::DeviceType, &[]),
                _ => (Command::Mode, &[]),
            };
            self.try_all(other, word).await?;
            self.is_unclear = false;
        }
        self.try_all(command, body).await
    }

    async fn try_all(&mut self, command: Command, body: &[u8]) -> Result<Answer, LabelScaleError> {
        let question = codec::question(command, body);
        let mut error = LabelScaleError::NoAnswer;
        for attempt in 0..TRIES_MAX {
            self.is_unclear |= attempt > 0;
            match self.try_once(command, &question).await {
                Err(LabelScaleError::Offline { reason }) => {
                    self.port = None;
                    error = LabelScaleError::Offline { reason };
                }
                Err(other) => error = other,
                answer => return answer,
            }
        }
        Err(error)
    }

    async fn try_once(&mut self, command: Command, question: &[u8]) -> Result<Answer, LabelScaleError> {
        let offline = |reason: String| LabelScaleError::Offline { reason };
        let port = match &mut self.port {
            Some(port) => port,
            none => none.insert((self.connector)().await.map_err(|error| offline(error.to_string()))?),
        };
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        while port.received(&mut buffer).is_some() {}
        port.send(question).await.map_err(|error| offline(error.to_string()))?;
        let deadline = Instant::now() + self.timing.answer;
        let mut heard = LabelScaleError::NoAnswer;
        loop {
            let Ok(received) = timeout_at(deadline, port.receive(&mut buffer)).await else { return Err(heard) };
            let count = received.map_err(|error| offline(error.to_string()))?;
            match codec::answer(&buffer[..count]) {
                Ok(answer) if answer.command == command as u8 => return Ok(answer),
                // To an earlier question.
                Ok(_) => {}
                Err(what) => heard = LabelScaleError::Protocol { what: what.to_owned() },
            }
        }
    }

    async fn cleared(&mut self) -> Result<(), LabelScaleError> {
        self.ask(Command::ClearGoods, codec::PASSWORD).await?;
        let until = Instant::now() + self.timing.clear;
        loop {
            let mode = codec::mode(&self.ask(Command::Mode, &[]).await?)?;
            if mode.has_failed_to_clear {
                return Err(codec::refusal(codec::NOT_CLEARED));
            }
            if !mode.is_clearing {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(LabelScaleError::NoAnswer);
            }
            tokio::time::sleep(CLEARED_EVERY).await;
        }
    }
}

impl LabelScale for ShtrihPrint {
    fn abilities(&self) -> &'static Abilities {
        &ABILITIES
    }

    fn kept(&self, item: &ScaleItem) -> ScaleItem {
        codec::item(item.plu, &codec::item_bytes(item)).unwrap_or_else(|| item.clone())
    }

    fn state(&mut self) -> BoxFuture<'_, Result<LabelScaleState, LabelScaleError>> {
        async { codec::state(&self.ask(Command::State, &[]).await?) }.boxed()
    }

    fn put<'a>(&'a mut self, item: &'a ScaleItem) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        async {
            let body = codec::of_plu(item.plu, &codec::item_bytes(item));
            self.ask(Command::WriteItem, &body).await.map(drop)
        }
        .boxed()
    }

    fn remove(&mut self, plu: u32) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        async move {
            match self.ask(Command::ClearItem, &codec::of_plu(plu, &[])).await {
                Err(LabelScaleError::Refused { code: codec::EMPTY, .. }) => Ok(()),
                done => done.map(drop),
            }
        }
        .boxed()
    }

    fn read(&mut self, plu: u32) -> BoxFuture<'_, Result<Option<ScaleItem>, LabelScaleError>> {
        async move {
            match self.ask(Command::ReadItem, &codec::of_plu(plu, &[])).await {
                Err(LabelScaleError::Refused { code: codec::EMPTY, .. }) => Ok(None),
                Ok(data) => codec::item(plu, &data).map(Some).ok_or_else(codec::too_short),
                Err(error) => Err(error),
            }
        }
        .boxed()
    }

    fn put_message<'a>(&'a mut self, number: u32, text: &'a str) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        async move {
            for body in codec::message_lines(number, text) {
                self.ask(Command::WriteMessage, &body).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        self.cleared().boxed()
    }

    fn set_clock(&mut self, clock: NaiveDateTime) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        async move {
            self.ask(Command::SetDate, &codec::date(clock.date())).await?;
            self.ask(Command::SetTime, &codec::time(clock.time())).await.map(drop)
        }
        .boxed()
    }

    fn set_hot_key(&mut self, key: u32, plu: u32) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        async move { self.ask(Command::SetHotKey, &codec::hot_key(key, plu)).await.map(drop) }.boxed()
    }

    fn total(&mut self, plu: u32) -> BoxFuture<'_, Result<ScaleTotal, LabelScaleError>> {
        async move { codec::total(&self.ask(Command::Total, &codec::of_plu(plu, &[])).await?) }.boxed()
    }
}
