//! One connection to the node above, from Hello to its end: feeds the rules with frames and with results of the database.

mod mending;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::meeting::compare;
use super::{Ask, Memory, UplinkStatus, Wiring, proving};
use crate::bell::LOOK_EVERY;
use crate::chain::Place;
use crate::frame::batch::ENVELOPE_BYTES_MAX;
use crate::frame::{
    Agreed, ByeReason, Data, DatasetHave, Frame, Hello, Numbered, Reply, ReplyStatus, Request, Welcome,
};
use crate::identity;
use crate::line::{Ended, Heard, Line};
use crate::outbox::{self, DOCUMENTS};
use crate::recovery::RecoverError;
use crate::requests::RequestError;
use crate::session::mending::Mending;
use crate::session::sending::Sending;
use crate::session::taking::{Have, Keep, Left, Taking};
use crate::session::{Incident, Window};
use crate::transport::Duplex;
use crate::trust::credentials::Credentials;
use crate::trust::{TrustError, proof};
use mending::Looked;

/// The other side has so long to answer a Hello, Challenge and Auth included: four ways over a line of two seconds each.
const WELCOME_WITHIN: Duration = Duration::from_secs(20);
/// What was acknowledged is noted at most so often: each time costs the disk a flush that receipts wait for.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// How a session ended.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    pub(super) sentence: String,
    pub(super) retry_after: Duration,
    /// How long the two had agreed.
    pub(super) lived: Duration,
}

impl End {
    pub(super) fn failed(sentence: String) -> End {
        End { sentence, ..End::default() }
    }
}

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Line(#[from] Ended),
    #[error(transparent)]
    Incident(#[from] Incident),
    #[error("the database of this node failed: {0}")]
    Database(#[from] DbErr),
    #[error("the node above did not answer to Hello")]
    NoWelcome,
    #[error("the node above has more than this database remembers: it is an old copy, and comes again as another")]
    OldCopy,
    #[error("the node above did not send what was lost")]
    NoBackfill,
    #[error("the node above is not believed: {0}")]
    Unproven(String),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl From<RecoverError> for Stop {
    fn from(error: RecoverError) -> Stop {
        match error {
            RecoverError::Incident(incident) => Stop::Incident(incident),
            RecoverError::Database(error) => Stop::Database(error),
        }
    }
}

/// Run a session to its end, which is always an `Err`.
pub(super) async fn run(
    wiring: &Wiring,
    duplex: Duplex,
    status: &RefCell<UplinkStatus>,
    memory: &mut Memory,
) -> Result<(), End> {
    let mut line = Line::new(duplex, wiring.settings.patience);
    let mut lived = Duration::ZERO;
    let stop = match begin(wiring, &mut line, status, &mut memory.left).await {
        Ok(mut session) => {
            let agreed = Instant::now();
            let stop = session.go_on(&mut line, &mut memory.asked).await;
            lived = agreed.elapsed();
            memory.left = session.taking.left(session.above);
            stop
        }
        Err(stop) => stop,
    };
    let sentence = stop.to_string();
    let mut retry_after = Duration::ZERO;
    match stop {
        Stop::Line(Ended::Bye { retry_after: asked_for, sentence, .. }) => {
            retry_after = asked_for;
            return Err(End { sentence, retry_after, lived });
        }
        Stop::Line(Ended::BadFrame(_)) => line.bye(ByeReason::Protocol, Duration::ZERO, sentence.clone()).await,
        Stop::Line(Ended::Slow) => line.bye(ByeReason::Slow, Duration::ZERO, sentence.clone()).await,
        Stop::Line(Ended::Closed | Ended::Dead(_)) | Stop::NoWelcome | Stop::NoBackfill => {}
        Stop::OldCopy => line.bye(ByeReason::Leaving, Duration::ZERO, sentence.clone()).await,
        Stop::Incident(incident) => {
            tracing::error!(incident = incident.name(), sentence, "the link is refused");
            line.bye(ByeReason::Incident, Duration::ZERO, sentence.clone()).await;
        }
        // Nothing is said to somebody who may be anybody.
        Stop::Unproven(_) | Stop::Trust(_) => tracing::error!(sentence, "the link is refused"),
        Stop::Database(_) => line.bye(ByeReason::Database, Duration::ZERO, sentence.clone()).await,
    }
    Err(End { sentence, retry_after, lived })
}

async fn begin<'a>(
    wiring: &'a Wiring,
    line: &mut Line,
    status: &'a RefCell<UplinkStatus>,
    left: &mut Left,
) -> Result<Session<'a>, Stop> {
    let settings = &wiring.settings;
    let reader = &wiring.database.reader;
    let identity = identity::identity(&wiring.database).await?;
    let heads = outbox::heads(reader).await?;
    let hello = Hello {
        name: settings.me.name.clone(),
        role: settings.me.role,
        token: settings.credentials.as_ref().map_or_else(|| settings.token.clone(), |_| proof::hello_token()),
        incarnation: identity.incarnation,
        last_sequence: heads.last.sequence,
        last_chain: heads.last.chain,
        software: settings.software.clone(),
    };
    let greeting = greet(settings.credentials.as_deref(), line, hello);
    let welcome = tokio::time::timeout(WELCOME_WITHIN, greeting).await.map_err(|_| Stop::NoWelcome)??;
    let applied = Place { sequence: welcome.applied_sequence, chain: welcome.applied_chain };
    let window = Window { documents: welcome.window_documents, bytes: welcome.window_bytes };
    compare(wiring, line, &welcome.name, identity, heads, applied).await?;
    let heads = outbox::heads(reader).await?;
    line.send(&Frame::Agreed(Agreed { last_sequence: heads.last.sequence }))?;
    let sending = Sending::resume(&welcome.name, applied, window);
    let mut versions = Vec::new();
    if let Some(sink) = &wiring.sink {
        for dataset in settings.datasets {
            let version = sink.version(dataset).await?;
            versions.push((*dataset, version));
        }
    }
    let taking = Taking::new(&welcome.name, welcome.incarnation, versions.iter().copied(), left);
    for dataset in settings.datasets {
        if let Some(wish) = taking.wish(dataset) {
            line.send(&have(wish))?;
        }
    }
    tracing::info!(
        peer = welcome.name,
        applied = applied.sequence,
        last = heads.last.sequence,
        "linked to the node above"
    );
    {
        let mut status = status.borrow_mut();
        status.connected(&welcome.name);
        status.datasets = versions.into_iter().collect();
    }
    let session = Session {
        wiring,
        status,
        above: welcome.incarnation,
        sending,
        taking,
        mending: Mending::default(),
        looking: None,
        unread: true,
        reading: None,
        keeping: None,
        noting: None,
        noted: heads.acked,
        note_from: Instant::now(),
        pending: HashMap::new(),
        last_request: 0,
    };
    session.show(line);
    Ok(session)
}

async fn greet(credentials: Option<&Credentials>, line: &mut Line, hello: Hello) -> Result<Welcome, Stop> {
    line.send(&Frame::Hello(hello.clone()))?;
    if let Some(credentials) = credentials {
        proving::prove(credentials, line, &hello).await?;
    }
    match frame(line).await? {
        Frame::Welcome(welcome) => Ok(welcome),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn frame(line: &mut Line) -> Result<Frame, Stop> {
    loop {
        if let Heard::Frame(frame) = line.next().await? {
            return Ok(*frame);
        }
    }
}

pub(super) fn unexpected(frame: &Frame) -> Stop {
    let what = format!("it sends {} where it must not", frame.kind_name());
    Stop::Incident(Incident::Protocol { whose: "the node above".to_owned(), what })
}

fn have(Have { dataset, kept, received }: Have) -> Frame {
    Frame::DatasetHave(DatasetHave { dataset: dataset.to_owned(), kept, received })
}

type Job<T> = Option<LocalBoxFuture<'static, Result<T, DbErr>>>;

struct Session<'a> {
    wiring: &'a Wiring,
    status: &'a RefCell<UplinkStatus>,
    /// The incarnation of the node above.
    above: u64,
    sending: Sending,
    taking: Taking,
    mending: Mending,
    looking: Job<Looked>,
    /// There may be documents in the outbox beyond what was sent.
    unread: bool,
    reading: Job<Vec<Numbered>>,
    keeping: Job<(&'static str, u64)>,
    noting: Job<Place>,
    /// Acknowledged and noted in the outbox.
    noted: Place,
    note_from: Instant,
    pending: HashMap<u64, oneshot::Sender<Result<Vec<u8>, RequestError>>>,
    last_request: u64,
}

/// The result of a job; for ever if there is none.
async fn done<T>(job: &mut Job<T>) -> Result<T, DbErr> {
    match job {
        Some(running) => {
            let result = running.await;
            *job = None;
            result
        }
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    async fn go_on(&mut self, line: &mut Line, asked: &mut mpsc::Receiver<Ask>) -> Stop {
        let mut ear = self.wiring.outbox_bell.ear();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start_jobs(line);
            let note_waits = self.noting.is_none() && self.noted != self.sending.acked();
            // In an order that is always the same; the line comes last, because a peer may keep it busy.
            let step = tokio::select! {
                biased;
                read = done(&mut self.reading) => self.read(line, read),
                kept = done(&mut self.keeping) => self.kept(line, kept),
                looked = done(&mut self.looking) => self.looked(line, looked),
                noted = done(&mut self.noting) => self.noted(noted),
                Some(ask) = asked.recv() => self.ask(line, ask),
                () = tokio::time::sleep_until(self.note_from), if note_waits => Ok(()),
                () = ear.heard() => { self.unread = true; Ok(()) }
                _ = looks.tick() => { self.look(); Ok(()) }
                heard = line.next() => match heard {
                    Ok(Heard::Frame(frame)) => self.frame(line, *frame),
                    Ok(Heard::Room) => Ok(()),
                    Err(ended) => Err(ended.into()),
                },
            };
            if let Err(stop) = step {
                return stop;
            }
            self.show(line);
        }
    }

    fn start_jobs(&mut self, line: &Line) {
        let database = &self.wiring.database;
        if self.reading.is_none()
            && self.unread
            && line.has_room()
            && let Some(room) = self.sending.room()
        {
            self.unread = false;
            let (database, note, archived) = (database.clone(), self.wiring.note.clone(), self.noted.sequence);
            self.reading = Some(
                async move {
                    let documents =
                        outbox::after(&database.reader, room.after, archived, room.documents, room.bytes).await?;
                    // Whoever has heard of a document must never meet a copy of this database that does not know it was one.
                    if let Some(last) = documents.last() {
                        note.reach(&database, last.place.sequence).await;
                    }
                    Ok(documents)
                }
                .boxed_local(),
            );
        }
        if self.keeping.is_none()
            && let Some(sink) = self.wiring.sink.clone()
            && let Some(Keep { dataset, changes, upto }) = self.taking.next_keep()
        {
            self.keeping = Some(
                async move {
                    sink.keep(dataset, changes, upto).await?;
                    Ok((dataset, upto))
                }
                .boxed_local(),
            );
        }
        self.start_looking();
        let acked = self.sending.acked();
        if self.noting.is_none() && self.noted != acked && Instant::now() >= self.note_from {
            self.note_from = Instant::now() + NOTE_EVERY;
            let database = database.clone();
            self.noting = Some(
                async move {
                    let transaction = database.begin().await?;
                    let noted = outbox::acknowledge(&transaction, acked, Utc::now().timestamp_millis()).await?;
                    transaction.commit().await?;
                    Ok(noted)
                }
                .boxed_local(),
            );
        }
    }

    fn frame(&mut self, line: &mut Line, frame: Frame) -> Result<(), Stop> {
        match frame {
            Frame::Ack(ack) if ack.channel == DOCUMENTS => {
                let acked = Place { sequence: ack.sequence, chain: ack.chain };
                self.sending.acknowledged(acked, Instant::now())?;
                self.unread = true;
            }
            Frame::Nack(nack) if nack.channel == DOCUMENTS => {
                tracing::warn!(expected = nack.expected, reason = nack.sentence, "documents are sent again");
                self.sending.missed(nack.expected)?;
                self.unread = true;
            }
            Frame::Credit(credit) if credit.channel == DOCUMENTS => {
                self.sending.credit(Window { documents: credit.documents, bytes: credit.bytes });
                self.unread = true;
            }
            Frame::DatasetChunk(chunk) => {
                if let Some(receipt) = self.taking.chunk(chunk)? {
                    line.send(&have(receipt))?;
                }
            }
            Frame::Digest(digest) => self.asked_to_compare(&digest),
            Frame::Anew(anew) => self.rows_to_mend(anew)?,
            Frame::Reply(reply) => self.reply(reply),
            other => return Err(unexpected(&other)),
        }
        Ok(())
    }

    fn read(&mut self, line: &mut Line, read: Result<Vec<Numbered>, DbErr>) -> Result<(), Stop> {
        let documents = read?;
        let Some(first) = documents.first() else { return Ok(()) };
        self.unread = true;
        if first.place.sequence != self.sending.sent() + 1 {
            // The other side asked for earlier ones while these were read.
            return Ok(());
        }
        let sizes =
            documents.iter().map(|numbered| (numbered.place, numbered.document.body.len() + ENVELOPE_BYTES_MAX));
        self.sending.sending(sizes.collect::<Vec<_>>(), Instant::now());
        line.send(&Frame::Data(Data { channel: DOCUMENTS, documents }))?;
        Ok(())
    }

    fn kept(&mut self, line: &mut Line, kept: Result<(&'static str, u64), DbErr>) -> Result<(), Stop> {
        let (dataset, upto) = kept?;
        line.send(&have(self.taking.kept(dataset, upto)))?;
        self.wiring.datasets_bell.ring();
        let mut status = self.status.borrow_mut();
        status.datasets.insert(dataset, upto);
        status.dataset_kept_ms = Some(Utc::now().timestamp_millis());
        Ok(())
    }

    fn noted(&mut self, noted: Result<Place, DbErr>) -> Result<(), Stop> {
        self.noted = noted?;
        let mut status = self.status.borrow_mut();
        status.lag = status.next.saturating_sub(1 + status.acked);
        Ok(())
    }

    fn ask(&mut self, line: &mut Line, ask: Ask) -> Result<(), Stop> {
        self.pending.retain(|_, answer| !answer.is_closed());
        let left = ask.until.saturating_duration_since(Instant::now());
        self.last_request += 1;
        let request = Request {
            id: self.last_request,
            ttl_ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
            type_id: ask.type_id,
            body: ask.body,
        };
        line.send(&Frame::Request(request))?;
        self.pending.insert(self.last_request, ask.answer);
        Ok(())
    }

    fn reply(&mut self, reply: Reply) {
        let Some(asker) = self.pending.remove(&reply.id) else { return };
        let answer = match reply.status {
            ReplyStatus::Answered => Ok(reply.body),
            ReplyStatus::TooLate => Err(RequestError::Deadline),
            ReplyStatus::Refused => Err(RequestError::Refused(String::from_utf8_lossy(&reply.body).into_owned())),
        };
        // The asker may have given up meanwhile.
        asker.send(answer).ok();
    }

    fn look(&mut self) {
        self.unread = true;
    }

    fn show(&self, line: &Line) {
        let mut status = self.status.borrow_mut();
        status.sent = self.sending.sent();
        status.acked = self.sending.acked().sequence;
        status.next = status.next.max(status.sent + 1);
        status.lag = status.next.saturating_sub(1 + status.acked);
        status.in_flight = self.sending.in_flight();
        let window = self.sending.window();
        (status.window_documents, status.window_bytes) = (window.documents, window.bytes);
        status.round_trip_us = line.round_trip().map(|trip| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX));
    }
}
