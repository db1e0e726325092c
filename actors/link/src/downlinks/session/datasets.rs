//! Datasets of one session: chunks as the line carries them, comparisons when they are due, and rows that are mended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, Utc};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use rand::RngExt;
use sea_orm::DbErr;
use tokio::time::Instant;

use super::super::handshake::Stop;
use super::super::heads::Heads;
use super::Session;
use crate::apply::PeerRole;
use crate::datasets::digest::{Buckets, Sums};
use crate::datasets::{At, Change, DatasetSource};
use crate::frame::batch::row_bytes;
use crate::frame::{Anew, DatasetChunk, DatasetHave, Digest, Frame};
use crate::incidents::{self, Incident};
use crate::line::Line;
use crate::session::comparing::{Comparing, Outcome, until_night};
use crate::session::giving::{CHUNK_BYTES_MAX, CHUNK_ROWS_MAX, Giving, Wanted};
use crate::session::taking::COLLECTED_ROWS_MAX;

/// Rows are not smaller than this in a chunk: so many are read at most to fill it.
const ROW_BYTES_LEAST: usize = 64;

/// Wrong buckets are sent again in frames of so many bytes at least, also on a line whose pace is not known yet.
const MEND_BYTES_MIN: usize = 16 * 1024;

/// What a session knows of the datasets it gives.
pub(super) struct Given {
    pub(super) giving: Giving,
    reading: Option<LocalBoxFuture<'static, Result<Read, DbErr>>>,
    comparing: Comparing,
    /// Things to look up, one after another.
    to_do: VecDeque<Look>,
    looking: Option<LocalBoxFuture<'static, Result<Seen, DbErr>>>,
    /// Rows of wrong buckets that wait for room on the line.
    anew: VecDeque<Anew>,
    compare_at: Instant,
    /// What is asked for from now on is compared as well.
    begun: bool,
    generation: u64,
}

/// Rows above a version, and what was wanted.
pub(super) struct Read {
    wanted: Wanted,
    rows: Vec<Change>,
}

enum Look {
    Search { dataset: &'static str, version: u64, round: u32, theirs: Vec<u128>, bytes: usize },
    CountOn { dataset: &'static str, seen: u64 },
    Note(Incident),
}

pub(super) enum Seen {
    Sums(&'static str, Option<At<Arc<Sums>>>),
    Wrong { dataset: &'static str, version: u64, round: u32, found: Option<Found> },
    CountedOn { dataset: &'static str, seen: u64, before: Option<u64> },
    Noted,
}

pub(super) struct Found {
    sums: Arc<Sums>,
    buckets: Buckets,
    rows: Vec<Change>,
}

impl Given {
    /// `compared` is the generation with which this peer was compared last, if it was since this node began.
    pub(super) fn new(peer: &str, generation: u64, compared: Option<u64>, within: Duration) -> Given {
        let wait = match compared {
            Some(compared) if compared == generation => tonight(),
            Some(_) => Duration::ZERO,
            None => rand::rng().random_range(Duration::ZERO..=within),
        };
        Given {
            giving: Giving::new(peer),
            reading: None,
            comparing: Comparing::default(),
            to_do: VecDeque::new(),
            looking: None,
            anew: VecDeque::new(),
            compare_at: Instant::now() + wait,
            begun: false,
            generation,
        }
    }

    /// The next thing that happens here by itself.
    pub(super) async fn next(&mut self) -> Result<Happened, DbErr> {
        tokio::select! {
            biased;
            read = done(&mut self.reading) => Ok(Happened::Read(Box::new(read?))),
            seen = done(&mut self.looking) => Ok(Happened::Seen(Box::new(seen?))),
            () = tokio::time::sleep_until(self.compare_at), if self.giving.asks() => Ok(Happened::Night),
        }
    }

    fn compare_all(&mut self) {
        self.begun = true;
        self.compare_at = Instant::now() + tonight();
        for dataset in self.giving.asked() {
            self.comparing.due(dataset);
        }
    }

    pub(super) fn start_jobs(&mut self, line: &mut Line, source: &Arc<dyn DatasetSource>) -> Result<(), Stop> {
        while line.has_room()
            && let Some(anew) = self.anew.pop_front()
        {
            line.send(&Frame::Anew(anew))?;
        }
        if self.reading.is_none()
            && line.has_room()
            && let Some(wanted) = self.giving.next()
        {
            self.giving.reading(wanted.dataset);
            let source = source.clone();
            let read = async move {
                // One row more than a chunk takes tells whether it is the last.
                let limit = rows_max(wanted.bytes) as u64 + 1;
                let rows = source.changes(wanted.dataset, wanted.after, limit).await?;
                Ok(Read { wanted, rows })
            };
            self.reading = Some(read.boxed_local());
        }
        Ok(())
    }

    fn start_looking(
        &mut self,
        look: impl FnOnce(Look) -> LocalBoxFuture<'static, Result<Seen, DbErr>>,
        sums: &Arc<dyn DatasetSource>,
    ) {
        if self.looking.is_some() {
            return;
        }
        if let Some(next) = self.to_do.pop_front() {
            self.looking = Some(look(next));
        } else if let Some(dataset) = self.comparing.next(|dataset| self.giving.level(dataset)) {
            let source = sums.clone();
            self.looking = Some(async move { Ok(Seen::Sums(dataset, source.digest(dataset).await?)) }.boxed_local());
        }
    }
}

/// What [`Given::next`] has to say.
pub(super) enum Happened {
    Read(Box<Read>),
    Seen(Box<Seen>),
    /// It is time to compare.
    Night,
}

impl Session<'_> {
    pub(super) fn start_dataset_jobs(&mut self, line: &mut Line) -> Result<(), Stop> {
        let Some(source) = self.wiring.source.clone() else { return Ok(()) };
        self.given.start_jobs(line, &source)?;
        let (looked, database) = (source.clone(), self.wiring.database.clone());
        self.given.start_looking(
            move |look| {
                async move {
                    Ok(match look {
                        Look::Search { dataset, version, round, theirs, bytes } => {
                            let found = search(&looked, dataset, version, &theirs, bytes).await?;
                            Seen::Wrong { dataset, version, round, found }
                        }
                        Look::CountOn { dataset, seen } => {
                            let before = looked.count_on(dataset, seen).await?;
                            Seen::CountedOn { dataset, seen, before }
                        }
                        Look::Note(incident) => {
                            incidents::note(&database, &incident).await?;
                            Seen::Noted
                        }
                    })
                }
                .boxed_local()
            },
            &source,
        );
        Ok(())
    }

    pub(super) fn happened(&mut self, line: &mut Line, happened: Happened) -> Result<(), Stop> {
        match happened {
            Happened::Read(read) => self.give(line, *read),
            Happened::Seen(seen) => self.seen(line, *seen),
            Happened::Night => {
                self.given.compare_all();
                Ok(())
            }
        }
    }

    /// Datasets have changed here, or rows of them without a version.
    pub(super) fn heads(&mut self, heads: &Heads) -> Result<(), Stop> {
        let given = &mut self.given;
        if given.generation != heads.generation {
            given.generation = heads.generation;
            given.compare_all();
        }
        if let Some((dataset, seen)) = given.giving.heads(&heads.versions)?
            // Only the head office makes versions; a store that was set back gets them again from above.
            && self.wiring.settings.me.role == PeerRole::Hq
        {
            given.to_do.push_back(Look::CountOn { dataset, seen });
        }
        given.comparing.again(|dataset| given.giving.level(dataset));
        Ok(())
    }

    pub(super) fn have(&mut self, have: DatasetHave) -> Result<(), Stop> {
        let Some(dataset) = self.known(&have.dataset) else {
            tracing::warn!(peer = self.peer.name, dataset = have.dataset, "an unknown dataset is asked for");
            return Ok(());
        };
        let is_new = !self.given.giving.asked().any(|asked| asked == dataset);
        self.given.giving.have(dataset, have.kept, have.received, Instant::now())?;
        if is_new {
            if self.given.begun {
                self.given.comparing.due(dataset);
            }
            let heads = self.wiring.heads.borrow().clone();
            return self.heads(&heads);
        }
        let given = &mut self.given;
        given.comparing.again(|dataset| given.giving.level(dataset));
        Ok(())
    }

    /// The peer says what its rows sum up to.
    pub(super) fn digest(&mut self, digest: Digest) -> Result<(), Stop> {
        let Some(dataset) = self.known(&digest.dataset) else { return Ok(()) };
        let Digest { version, round, mended, keys, sums, .. } = digest;
        let outcome = self.given.comparing.answered(dataset, version, round, sums);
        let text = match outcome {
            Outcome::Nothing => return Ok(()),
            Outcome::Search { version, round, theirs } => {
                let bytes = self.given.giving.bulk_bytes().max(MEND_BYTES_MIN);
                self.given.to_do.push_back(Look::Search { dataset, version, round, theirs, bytes });
                return Ok(());
            }
            Outcome::Same if mended == 0 => None,
            Outcome::Same => Some(format!("{mended} rows of {dataset} were not as here and have been mended: {keys}")),
            Outcome::Differs => {
                Some(format!("rows of {dataset} are not as here and cannot be mended; {mended} were: {keys}"))
            }
        };
        self.compared();
        let Some(text) = text else { return Ok(()) };
        tracing::error!(peer = self.peer.name, dataset, version, text, "a dataset differed below");
        self.show_mended(u64::from(mended));
        let incident = Incident::new(incidents::DATASET_MENDED, self.peer, format!("{dataset} {version}"), text);
        self.given.to_do.push_back(Look::Note(incident));
        Ok(())
    }

    fn known(&self, name: &str) -> Option<&'static str> {
        self.wiring.settings.datasets.iter().copied().find(|dataset| *dataset == name)
    }

    fn compared(&self) {
        if self.given.comparing.is_done() {
            let mut sessions = self.sessions.borrow_mut();
            sessions.compared.insert(self.peer.name.clone(), self.given.generation);
            if let Some(status) = sessions.seen.get_mut(&self.peer.name) {
                status.compared_ms = Some(Utc::now().timestamp_millis());
            }
        }
    }

    fn show_mended(&self, rows: u64) {
        if let Some(status) = self.sessions.borrow_mut().seen.get_mut(&self.peer.name) {
            status.mended += rows;
        }
    }

    fn give(&mut self, line: &mut Line, read: Read) -> Result<(), Stop> {
        let Read { wanted: Wanted { dataset, after, bytes: bytes_max, head }, mut rows } = read;
        let read = rows.len();
        let mut bytes = 0;
        let fitting = rows.iter().take(rows_max(bytes_max)).take_while(|row| {
            bytes += row_bytes(row);
            bytes <= bytes_max
        });
        let count = fitting.count().max(1).min(read);
        rows.truncate(count);
        // No row has the last versions: they were spent, and the peer must know that it has all.
        let (upto, more) = (rows.last().map_or(head, |last| last.version), count < read);
        if upto <= after {
            return Ok(());
        }
        self.given.giving.gave(dataset, upto, more, rows.iter().map(row_bytes).sum(), Instant::now());
        line.send(&Frame::DatasetChunk(DatasetChunk { dataset: dataset.to_owned(), after, upto, more, rows }))?;
        Ok(())
    }

    fn seen(&mut self, line: &mut Line, seen: Seen) -> Result<(), Stop> {
        match seen {
            Seen::Sums(dataset, sums) => {
                let level = self.given.giving.level(dataset);
                let Some(At { version, of: sums }) = sums.filter(|sums| Some(sums.version) == level) else {
                    self.given.comparing.moved(dataset);
                    return Ok(());
                };
                let Some(round) = self.given.comparing.ask(dataset, version, &sums) else { return Ok(()) };
                line.send(&Frame::Digest(Digest {
                    dataset: dataset.to_owned(),
                    version,
                    round,
                    rows: sums.rows(),
                    mended: 0,
                    keys: String::new(),
                    sums: vec![sums.total()],
                }))?;
            }
            Seen::Wrong { dataset, version, round, found } => self.found(dataset, version, round, found),
            Seen::CountedOn { dataset, seen, before: Some(before) } => {
                let text = format!(
                    "the {dataset} of this database end at version {before}, those of {} at {seen}: it was set back. Its rows \
                     are brought to all nodes, versions go on from {seen}",
                    self.peer.name
                );
                tracing::error!(dataset, before, seen, peer = self.peer.name, "the database was set back");
                let incident =
                    Incident::new(incidents::DATASET_WENT_BACK, self.peer, format!("{dataset} {before}"), text);
                self.given.to_do.push_back(Look::Note(incident));
                self.wiring.datasets_bell.ring();
            }
            Seen::CountedOn { before: None, .. } | Seen::Noted => {}
        }
        Ok(())
    }

    fn found(&mut self, dataset: &'static str, version: u64, round: u32, found: Option<Found>) {
        let Some(Found { sums, buckets, rows }) = found else { return self.given.comparing.moved(dataset) };
        if rows.len() > COLLECTED_ROWS_MAX {
            tracing::error!(dataset, rows = rows.len(), "a bucket has too many rows to be mended");
            return self.given.comparing.give_up(dataset);
        }
        if !self.given.comparing.gives(dataset, version, round, &sums) {
            return;
        }
        let mut rows = rows.into_iter().peekable();
        loop {
            let (mut part, mut bytes) = (Vec::new(), 0);
            while part.len() < CHUNK_ROWS_MAX
                && let Some(row) = rows.next_if(|row| part.is_empty() || bytes + row_bytes(row) <= CHUNK_BYTES_MAX)
            {
                bytes += row_bytes(&row);
                part.push(row);
            }
            let more = rows.peek().is_some();
            self.given.anew.push_back(Anew { dataset: dataset.to_owned(), version, round, buckets, more, rows: part });
            if !more {
                break;
            }
        }
    }
}

fn tonight() -> Duration {
    until_night(Local::now().time(), &mut rand::rng())
}

/// Rows that a chunk of so many bytes may have.
fn rows_max(bytes: usize) -> usize {
    (bytes / ROW_BYTES_LEAST).clamp(1, CHUNK_ROWS_MAX)
}

/// The rows of the first buckets that differ; nothing if the dataset is no longer at that version.
async fn search(
    source: &Arc<dyn DatasetSource>,
    dataset: &'static str,
    version: u64,
    theirs: &[u128],
    bytes: usize,
) -> Result<Option<Found>, DbErr> {
    let Some(At { of: sums, .. }) = source.digest(dataset).await?.filter(|sums| sums.version == version) else {
        return Ok(None);
    };
    let buckets = sums.wrong(theirs, bytes);
    let rows = source.rows_of(dataset, version, buckets).await?;
    Ok(rows.map(|rows| Found { sums, buckets, rows }))
}

/// The result of a job; for ever if there is none.
async fn done<T>(job: &mut Option<LocalBoxFuture<'static, Result<T, DbErr>>>) -> Result<T, DbErr> {
    match job {
        Some(running) => {
            let result = running.await;
            *job = None;
            result
        }
        None => std::future::pending().await,
    }
}
