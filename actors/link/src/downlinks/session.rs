//! A session with a node below, from Welcome to its end: feeds the rules with frames and with results of the database.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use sea_orm::DbErr;
use tokio::time::Instant;

use super::handshake::{Stop, lives, unexpected};
use super::{Live, PeerStatus, Sessions, Wiring};
use crate::apply::Peer;
use crate::archive;
use crate::bell::LOOK_EVERY;
use crate::chain::Place;
use crate::datasets::Change;
use crate::frame::batch::row_bytes;
use crate::frame::{
    Ack, Agreed, BODY_BYTES_MAX, Backfill, Credit, Data, DatasetChunk, Frame, Hello, Nack, Numbered, Reply,
    ReplyStatus, Request, Welcome,
};
use crate::inbox::{self, TakeError, Taken, incarnations};
use crate::line::{Heard, Line};
use crate::outbox::DOCUMENTS;
use crate::session::giving::{CHUNK_BYTES_MAX, CHUNK_ROWS_MAX, Giving};
use crate::session::receiving::{Answer, Receiving};
use crate::session::{Incident, Window};

/// A batch is offered to the database so often before the session ends.
const TRIES_MAX: u32 = 3;
/// The wait before a batch is offered again, four times longer each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// A commit that takes longer means a database that cannot keep up: the peer gets a small window.
const SLOW_COMMIT: Duration = Duration::from_secs(1);
/// Questions of one peer that are worked on at once.
const ANSWERS_MAX: usize = 16;

/// Welcome an admitted peer, give back what its database lost, and wait until it agrees with what is known here of it.
/// Nobody's place is taken before that.
pub(super) async fn greet(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    peer: &Peer,
    hello: &Hello,
    number: u64,
    line: &mut Line,
) -> Result<Agreed, Stop> {
    if !wiring.is_compared() {
        return Err(Stop::NotCompared);
    }
    let known = incarnations::known(&wiring.database.reader, &peer.name, hello.incarnation).await?;
    known.meets(&peer.name, lives(sessions, peer).await)?;
    let (window, applied) = (wiring.settings.window, known.applied);
    line.send(&Frame::Welcome(Welcome {
        name: wiring.settings.me.name.clone(),
        role: wiring.settings.me.role,
        incarnation: crate::identity::identity(&wiring.database).await?.incarnation,
        session: number,
        applied_sequence: applied.sequence,
        applied_chain: applied.chain,
        window_documents: window.documents,
        window_bytes: window.bytes,
    }))?;
    loop {
        match line.next().await? {
            Heard::Room => {}
            Heard::Frame(frame) => match *frame {
                Frame::Backfill(asked) if asked.channel == DOCUMENTS => give_back(wiring, peer, &asked, line).await?,
                Frame::Agreed(agreed) => {
                    // Another may have come meanwhile.
                    known.meets(&peer.name, lives(sessions, peer).await)?;
                    if !known.counts {
                        let transaction = wiring.database.begin().await?;
                        incarnations::adopt(&transaction, &peer.name, hello.incarnation).await?;
                        transaction.commit().await?;
                    }
                    return Ok(agreed);
                }
                other => return Err(unexpected(&peer.name, &other)),
            },
        }
    }
}

async fn give_back(wiring: &Wiring, peer: &Peer, asked: &Backfill, line: &mut Line) -> Result<(), Stop> {
    let reader = &wiring.database.reader;
    let gone = || Incident::NotKept { whose: peer.name.clone(), after: asked.after };
    let here = archive::chain_at(reader, &peer.name, asked.after).await?;
    // Who remembers nothing takes what there is.
    if asked.after > 0 && here.is_some_and(|chain| chain != asked.chain) {
        return Err(gone().into());
    }
    let documents = archive::after(reader, &peer.name, asked.after).await?;
    let follows = documents.first().is_some_and(|first| first.place.sequence == asked.after + 1 || asked.after == 0);
    if !follows {
        return Err(gone().into());
    }
    line.send(&Frame::Data(Data { channel: DOCUMENTS, documents }))?;
    Ok(())
}

/// Run a session of a peer that has agreed until it cannot go on.
pub(super) async fn talk(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    peer: &Peer,
    agreed: &Agreed,
    live: &Live,
    line: &mut Line,
) -> Stop {
    let applied = match inbox::cursor(&wiring.database.reader, &peer.name).await {
        Ok(applied) => applied,
        Err(error) => return error.into(),
    };
    tracing::info!(peer = peer.name, applied = applied.sequence, last = agreed.last_sequence, "a node below is linked");
    let mut session = Session {
        wiring,
        sessions,
        peer,
        live,
        last: agreed.last_sequence,
        receiving: Receiving::resume(&peer.name, applied, wiring.settings.window),
        giving: Giving::new(&peer.name),
        applying: None,
        tries: 0,
        reading: None,
        answering: FuturesUnordered::new(),
    };
    session.show(line, |status| status.incident = None);
    session.go_on(line).await
}

type Rows = (&'static str, u64, Vec<Change>);

/// A batch on its way into the database, kept until it is there.
struct Applying {
    batch: Rc<Vec<Numbered>>,
    begun: Instant,
    job: LocalBoxFuture<'static, Result<Taken, TakeError>>,
}

struct Session<'a> {
    wiring: &'a Wiring,
    sessions: &'a RefCell<Sessions>,
    peer: &'a Peer,
    live: &'a Live,
    /// The end of the peer's outbox as far as it is known.
    last: u64,
    receiving: Receiving,
    giving: Giving,
    applying: Option<Applying>,
    tries: u32,
    reading: Option<LocalBoxFuture<'static, Result<Rows, DbErr>>>,
    answering: FuturesUnordered<LocalBoxFuture<'static, Reply>>,
}

impl Session<'_> {
    async fn go_on(&mut self, line: &mut Line) -> Stop {
        let mut ear = self.wiring.datasets_bell.ear();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start_jobs(line);
            // In an order that is always the same; the line comes last, because a peer may keep it busy.
            let step = tokio::select! {
                biased;
                taken = applied(&mut self.applying) => self.taken(line, taken),
                rows = read(&mut self.reading) => self.give(line, rows),
                Some(reply) = self.answering.next() => line.send(&Frame::Reply(reply)).map_err(Stop::from),
                () = self.live.probe.notified() => line.ping().map_err(Stop::from),
                () = ear.heard() => { self.giving.changed(); Ok(()) }
                _ = looks.tick() => { self.giving.changed(); Ok(()) }
                heard = line.next() => match heard {
                    Ok(Heard::Frame(frame)) => self.frame(line, *frame),
                    Ok(Heard::Room) => Ok(()),
                    Err(ended) => Err(ended.into()),
                },
            };
            if let Err(stop) = step {
                return stop;
            }
            self.show(line, |_| ());
        }
    }

    fn start_jobs(&mut self, line: &Line) {
        if self.applying.is_none()
            && let Some(batch) = self.receiving.next_batch()
        {
            self.offer(Rc::new(batch), Duration::ZERO);
        }
        if self.reading.is_none()
            && line.has_room()
            && let Some(source) = self.wiring.source.clone()
            && let Some((dataset, after)) = self.giving.next()
        {
            self.giving.reading(dataset);
            self.reading = Some(
                async move {
                    // One row more than a chunk takes tells whether it is the last.
                    Ok((dataset, after, source.changes(dataset, after, CHUNK_ROWS_MAX as u64 + 1).await?))
                }
                .boxed_local(),
            );
        }
    }

    fn offer(&mut self, batch: Rc<Vec<Numbered>>, wait: Duration) {
        let wiring = self.wiring.clone();
        let (peer, before, documents) = (self.peer.clone(), self.receiving.applied(), batch.clone());
        let job = async move {
            tokio::time::sleep(wait).await;
            inbox::take(&wiring.database, wiring.apply.as_ref(), &peer, before, &documents).await
        };
        self.applying = Some(Applying { batch, begun: Instant::now(), job: job.boxed_local() });
    }

    fn frame(&mut self, line: &mut Line, frame: Frame) -> Result<(), Stop> {
        match frame {
            Frame::Data(data) if data.channel == DOCUMENTS => match self.receiving.take(data.documents)? {
                Answer::Nothing => {}
                Answer::Again(place) => line.send(&ack(place))?,
                Answer::Missing { expected } => {
                    let sentence = format!("document {expected} is missing before what came");
                    line.send(&Frame::Nack(Nack { channel: DOCUMENTS, expected, sentence }))?;
                }
            },
            Frame::DatasetHave(have) => {
                let known = self.wiring.settings.datasets.iter().copied().find(|dataset| *dataset == have.dataset);
                match known {
                    Some(dataset) => self.giving.have(dataset, have.kept, have.received)?,
                    None => {
                        tracing::warn!(peer = self.peer.name, dataset = have.dataset, "an unknown dataset is asked for")
                    }
                }
            }
            Frame::Request(request) => self.answer(line, request)?,
            other => return Err(unexpected(&self.peer.name, &other)),
        }
        Ok(())
    }

    fn taken(&mut self, line: &mut Line, taken: Result<Taken, TakeError>) -> Result<(), Stop> {
        let Some(Applying { batch, begun, .. }) = self.applying.take() else { return Ok(()) };
        match taken {
            Ok(taken) => {
                self.tries = 0;
                self.receiving.committed(taken.place);
                self.wiring.ring_committed();
                line.send(&ack(taken.place))?;
                self.pace(line, begun.elapsed() < SLOW_COMMIT)?;
                self.show(line, |status| {
                    status.documents += batch.len() as u64;
                    status.duplicates += taken.duplicate;
                    status.parked += taken.parked;
                    status.last_commit_ms = Some(Utc::now().timestamp_millis());
                });
                Ok(())
            }
            Err(TakeError::Incident(incident)) => Err(incident.into()),
            Err(TakeError::Overtaken) => Err(Stop::Replaced),
            Err(TakeError::Database(error)) => {
                self.tries += 1;
                tracing::warn!(peer = self.peer.name, tries = self.tries, error = %error, "a batch was not taken by the database");
                if self.tries >= TRIES_MAX {
                    return Err(error.into());
                }
                self.show(line, |status| status.last_error = Some(error.to_string()));
                self.offer(batch, RETRY_FIRST * 4_u32.pow(self.tries - 1));
                self.pace(line, false)
            }
        }
    }

    fn pace(&mut self, line: &mut Line, good: bool) -> Result<(), Stop> {
        if let Some(Window { documents, bytes }) = self.receiving.pace(good) {
            line.send(&Frame::Credit(Credit { channel: DOCUMENTS, documents, bytes }))?;
        }
        Ok(())
    }

    fn give(&mut self, line: &mut Line, rows: Result<Rows, DbErr>) -> Result<(), Stop> {
        let (dataset, after, mut rows) = rows?;
        let read = rows.len();
        let mut bytes = 0;
        let fitting = rows.iter().take(CHUNK_ROWS_MAX).take_while(|row| {
            bytes += row_bytes(row);
            bytes <= CHUNK_BYTES_MAX
        });
        let count = fitting.count().max(1).min(read);
        rows.truncate(count);
        let Some(last) = rows.last() else { return Ok(()) };
        let (upto, more) = (last.version, count < read);
        self.giving.gave(dataset, upto, more);
        line.send(&Frame::DatasetChunk(DatasetChunk { dataset: dataset.to_owned(), after, upto, more, rows }))?;
        Ok(())
    }

    fn answer(&mut self, line: &mut Line, request: Request) -> Result<(), Stop> {
        let Request { id, ttl_ms, type_id, body } = request;
        let refused = |sentence: &str| Reply { id, status: ReplyStatus::Refused, body: sentence.as_bytes().to_vec() };
        let Some(answer) = self.wiring.answer.clone() else {
            line.send(&Frame::Reply(refused("this node answers no questions")))?;
            return Ok(());
        };
        if self.answering.len() >= ANSWERS_MAX {
            line.send(&Frame::Reply(refused("too many questions at once")))?;
            return Ok(());
        }
        let peer = self.peer.clone();
        self.answering.push(
            async move {
                let within = Duration::from_millis(u64::from(ttl_ms));
                let (status, body) = match tokio::time::timeout(within, answer.answer(&peer, type_id, body)).await {
                    Ok(Ok(body)) if body.len() <= BODY_BYTES_MAX => (ReplyStatus::Answered, body),
                    Ok(Ok(_)) => (ReplyStatus::Refused, b"the answer is too large for the line".to_vec()),
                    Ok(Err(sentence)) => (ReplyStatus::Refused, sentence.into_bytes()),
                    Err(_) => (ReplyStatus::TooLate, Vec::new()),
                };
                Reply { id, status, body }
            }
            .boxed_local(),
        );
        Ok(())
    }

    fn show(&self, line: &Line, also: impl FnOnce(&mut PeerStatus)) {
        let mut sessions = self.sessions.borrow_mut();
        let Some(status) = sessions.seen.get_mut(&self.peer.name) else { return };
        if status.session != self.live.session {
            return;
        }
        let (applied, window) = (self.receiving.applied().sequence, self.receiving.window());
        status.applied = applied;
        status.pending = self.receiving.pending();
        status.lag = self.last.max(applied + status.pending) - applied;
        (status.window_documents, status.window_bytes) = (window.documents, window.bytes);
        status.round_trip_us = line.round_trip().map(|trip| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX));
        status.datasets = self.giving.kept().collect();
        also(status);
    }
}

fn ack(place: Place) -> Frame {
    Frame::Ack(Ack { channel: DOCUMENTS, sequence: place.sequence, chain: place.chain })
}

async fn applied(applying: &mut Option<Applying>) -> Result<Taken, TakeError> {
    match applying {
        Some(applying) => (&mut applying.job).await,
        None => std::future::pending().await,
    }
}

async fn read(reading: &mut Option<LocalBoxFuture<'static, Result<Rows, DbErr>>>) -> Result<Rows, DbErr> {
    match reading {
        Some(running) => {
            let rows = running.await;
            *reading = None;
            rows
        }
        None => std::future::pending().await,
    }
}
