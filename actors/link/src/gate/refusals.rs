//! Who was not let in, for the operator: one line of the log and one row of table `link_refusal` for a minute, a peer and a
//! reason, with a count. A flood fills neither memory nor disk.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use migrations::database::Database;
use migrations::entity::link_refusal::{self, Column};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Peers with reasons that have a row of their own in a minute; the rest shares one.
const ROWS_A_MINUTE: usize = 64;
const OTHERS: &str = "others";
/// Rows that are kept. About 4 MB.
const ROWS_MAX: u64 = 20_000;
const NAME_CHARS_MAX: usize = 64;
const SENTENCE_CHARS_MAX: usize = 300;
const MINUTE_MS: i64 = 60_000;
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// One of few words, for rows and counters.
    pub reason: &'static str,
    /// For operators on both sides: it must not tell what would be right.
    pub sentence: String,
}

impl Refusal {
    pub(crate) fn new(reason: &'static str, sentence: String) -> Refusal {
        Refusal { reason, sentence }
    }
}

/// Cheap to clone, good on every thread.
#[derive(Clone, Debug)]
pub struct Refusals {
    database: Database,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    total: u64,
    /// Those of this minute, and older ones that are not written down yet.
    counts: BTreeMap<Key, Count>,
}

/// A minute, a peer and a reason.
type Key = (i64, String, &'static str);

#[derive(Clone, Debug, Default)]
struct Count {
    sentence: String,
    unwritten: i64,
}

impl Refusals {
    pub fn new(database: Database) -> Refusals {
        Refusals { database, counts: Arc::default() }
    }

    /// Count one, by the address it came from and the name it gave.
    pub(crate) fn note(&self, from: &str, name: Option<&str>, refusal: &Refusal) {
        // A port is another one with every try.
        let host = from.parse::<SocketAddr>().map_or_else(|_| from.to_owned(), |at| at.ip().to_string());
        let peer = match name {
            Some(name) => format!("{host} as {}", shortened(name, NAME_CHARS_MAX)),
            None => host,
        };
        let mut counts = self.lock();
        counts.total += 1;
        if counts.add((minute_ms(), peer.clone(), refusal.reason), &refusal.sentence, 1) {
            tracing::warn!(peer, reason = refusal.reason, sentence = refusal.sentence, "a node below is refused");
        }
    }

    /// Refusals since the start.
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// Rows that are held in memory: bounded, whatever comes.
    pub fn held(&self) -> usize {
        self.lock().counts.len()
    }

    /// Write down what is counted, again and again. Never ends.
    pub(crate) async fn keep(self) {
        let mut flushes = tokio::time::interval(FLUSH_EVERY);
        flushes.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut pruned_ms = 0;
        loop {
            flushes.tick().await;
            if self.flush().await && pruned_ms != minute_ms() {
                pruned_ms = minute_ms();
                if let Err(error) = self.forget_oldest().await {
                    tracing::error!(%error, "old refusals cannot be removed");
                }
            }
        }
    }

    /// Write down what was counted. True if there was something.
    pub(crate) async fn flush(&self) -> bool {
        let unwritten = self.lock().take_unwritten();
        let some = !unwritten.is_empty();
        for (key, count) in unwritten {
            if let Err(error) = self.write(&key, &count).await {
                tracing::error!(%error, "refusals cannot be written down");
                self.lock().add(key, &count.sentence, count.unwritten);
            }
        }
        some
    }

    async fn write(&self, (minute_ms, peer, reason): &Key, count: &Count) -> Result<(), DbErr> {
        let more = Expr::col((link_refusal::Entity, Column::Count)).add(count.unwritten);
        let more =
            OnConflict::columns([Column::MinuteMs, Column::Peer, Column::Reason]).value(Column::Count, more).to_owned();
        let row = link_refusal::ActiveModel {
            minute_ms: Set(*minute_ms),
            peer: Set(peer.clone()),
            reason: Set((*reason).to_owned()),
            count: Set(count.unwritten),
            sentence: Set(count.sentence.clone()),
        };
        link_refusal::Entity::insert(row).on_conflict(more).exec_without_returning(&self.database.writer).await?;
        Ok(())
    }

    async fn forget_oldest(&self) -> Result<(), DbErr> {
        let oldest: Option<i64> = link_refusal::Entity::find()
            .select_only()
            .column(Column::MinuteMs)
            .order_by_desc(Column::MinuteMs)
            .offset(ROWS_MAX)
            .limit(1)
            .into_tuple()
            .one(&self.database.reader)
            .await?;
        if let Some(oldest) = oldest {
            let gone = link_refusal::Entity::delete_many().filter(Column::MinuteMs.lte(oldest));
            gone.exec(&self.database.writer).await?;
        }
        Ok(())
    }

    /// The newest rows, for operators.
    pub async fn newest(&self, rows: u64) -> Result<Vec<link_refusal::Model>, DbErr> {
        link_refusal::Entity::find().order_by_desc(Column::MinuteMs).limit(rows).all(&self.database.reader).await
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole at every step: a panic elsewhere does not spoil them.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// True if this peer and reason are new in this minute.
    fn add(&mut self, mut key: Key, sentence: &str, times: i64) -> bool {
        if self.counts.len() >= ROWS_A_MINUTE && !self.counts.contains_key(&key) {
            // The rest shares a row; it may take the place of one that nobody could write down.
            key = (key.0, OTHERS.to_owned(), OTHERS);
            if self.counts.len() > ROWS_A_MINUTE && !self.counts.contains_key(&key) {
                self.counts.pop_first();
            }
        }
        let fresh = !self.counts.contains_key(&key);
        let count = self.counts.entry(key).or_default();
        if fresh {
            count.sentence = shortened(sentence, SENTENCE_CHARS_MAX);
        }
        count.unwritten += times;
        fresh
    }

    /// What is not written down yet. Minutes that are over are forgotten with it.
    fn take_unwritten(&mut self) -> Vec<(Key, Count)> {
        let unwritten = self.counts.iter().filter(|(_, count)| count.unwritten > 0);
        let taken = unwritten.map(|(key, count)| (key.clone(), count.clone())).collect();
        self.counts.values_mut().for_each(|count| count.unwritten = 0);
        self.counts.retain(|(minute, _, _), _| *minute == minute_ms());
        taken
    }
}

fn minute_ms() -> i64 {
    Utc::now().timestamp_millis() / MINUTE_MS * MINUTE_MS
}

fn shortened(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}
