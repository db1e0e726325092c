//! A session with a node below, from Welcome to its end: feeds the rules with frames and with results of the database.

mod datasets;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::greeting::Greeted;
use super::handshake::{Stop, unexpected};
use super::{Live, PeerStatus, Sessions, Wiring};
use crate::apply::{Peer, PeerRole};
use crate::chain::Place;
use crate::frame::{Ack, BODY_BYTES_MAX, Credit, Frame, Nack, Numbered, Reply, ReplyStatus, Request};
use crate::inbox::{self, TakeError, Taken};
use crate::line::{Heard, Line};
use crate::outbox::DOCUMENTS;
use crate::requests::PROGRAM;
use crate::session::Window;
use crate::session::clocks::Clocks;
use crate::session::receiving::{Answer, Receiving};

use datasets::Given;

/// A batch is offered to the database so often before the session ends.
const TRIES_MAX: u32 = 3;
/// The wait before a batch is offered again, four times longer each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// The wait before a batch is offered again when nobody was there to take it.
const NOBODY_RETRY: Duration = Duration::from_secs(1);
/// A commit that takes longer means a database that cannot keep up: the peer gets a small window.
const SLOW_COMMIT: Duration = Duration::from_secs(1);
/// Questions of one peer that are worked on at once.
const ANSWERS_MAX: usize = 16;

/// Run a session of a peer that has agreed until it cannot go on.
pub(super) async fn talk(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    peer: &Peer,
    greeted: Greeted,
    live: &Live,
    line: &mut Line,
) -> Stop {
    let applied = match inbox::cursor(&wiring.database.reader, &peer.name).await {
        Ok(applied) => applied,
        Err(error) => return error.into(),
    };
    let Greeted { last, window } = greeted;
    tracing::info!(peer = peer.name, applied = applied.sequence, last, "a node below is linked");
    let generation = wiring.heads.borrow().generation;
    let compared = sessions.borrow().compared.get(&peer.name).copied();
    let mut session = Session {
        wiring,
        sessions,
        peer,
        live,
        last,
        clocks: Clocks::new(wiring.settings.clock.now_ms(), last, peer.role == PeerRole::Till),
        receiving: Receiving::resume(&peer.name, applied, window),
        given: Given::new(&peer.name, generation, compared, wiring.settings.compare_within),
        applying: None,
        tries: 0,
        answering: FuturesUnordered::new(),
    };
    session.show(line, |status| status.incident = None);
    session.go_on(line).await
}

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
    clocks: Clocks,
    receiving: Receiving,
    given: Given,
    applying: Option<Applying>,
    tries: u32,
    answering: FuturesUnordered<LocalBoxFuture<'static, Reply>>,
}

impl Session<'_> {
    async fn go_on(&mut self, line: &mut Line) -> Stop {
        let mut heads = self.wiring.heads.clone();
        loop {
            if let Err(stop) = self.start_jobs(line) {
                return stop;
            }
            // In an order that is always the same; the line comes last, because a peer may keep it busy.
            let step = tokio::select! {
                biased;
                taken = applied(&mut self.applying) => self.taken(line, taken),
                happened = self.given.next() => match happened {
                    Ok(happened) => self.happened(line, happened),
                    Err(error) => Err(error.into()),
                },
                Some(reply) = self.answering.next() => line.send(&Frame::Reply(reply)).map_err(Stop::from),
                () = self.live.probe.notified() => line.ping().map_err(Stop::from),
                Ok(()) = heads.changed() => {
                    let heads = heads.borrow_and_update().clone();
                    self.heads(&heads)
                }
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

    fn start_jobs(&mut self, line: &mut Line) -> Result<(), Stop> {
        if self.applying.is_none()
            && let Some(batch) = self.receiving.next_batch()
        {
            self.offer(Rc::new(batch), Duration::ZERO);
        }
        self.start_dataset_jobs(line)
    }

    fn offer(&mut self, batch: Rc<Vec<Numbered>>, wait: Duration) {
        let wiring = self.wiring.clone();
        let (peer, before, documents) = (self.peer.clone(), self.receiving.applied(), batch.clone());
        let job = async move {
            tokio::time::sleep(wait).await;
            wiring.intake.take(&peer, before, &documents).await
        };
        self.applying = Some(Applying { batch, begun: Instant::now(), job: job.boxed_local() });
    }

    fn frame(&mut self, line: &mut Line, frame: Frame) -> Result<(), Stop> {
        match frame {
            Frame::Data(data) if data.channel == DOCUMENTS => {
                self.look_at_clock(line, &data.documents);
                match self.receiving.take(data.documents)? {
                    Answer::Nothing => {}
                    Answer::Again(place) => line.send(&ack(place))?,
                    Answer::Missing { expected } => {
                        let sentence = format!("document {expected} is missing before what came");
                        line.send(&Frame::Nack(Nack { channel: DOCUMENTS, expected, sentence }))?;
                    }
                }
            }
            Frame::DatasetHave(have) => self.have(have)?,
            Frame::Digest(digest) => self.digest(digest)?,
            Frame::Request(request) => self.answer(line, request)?,
            other => return Err(unexpected(&self.peer.name, &other)),
        }
        Ok(())
    }

    /// A wrong clock is told when it is first seen, and shown for as long as it is wrong.
    fn look_at_clock(&self, line: &Line, documents: &[Numbered]) {
        let now_ms = self.wiring.settings.clock.now_ms();
        let Some(newest) = documents.iter().max_by_key(|numbered| numbered.document.created_ms) else { return };
        let Some(ahead_ms) = self.clocks.ahead_ms(newest.place.sequence, newest.document.created_ms, now_ms) else {
            return;
        };
        self.show(line, |status| {
            let wrong = (ahead_ms != 0).then_some(ahead_ms);
            if wrong.is_some() && status.clock_ahead_ms.is_none() {
                tracing::warn!(peer = self.peer.name, ahead_ms, "a clock is wrong: that of the peer or our own");
            }
            status.clock_ahead_ms = wrong;
        });
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
            Err(error @ (TakeError::Nobody(_) | TakeError::Fenced(_))) => {
                self.show(line, |status| status.last_error = Some(error.to_string()));
                self.offer(batch, NOBODY_RETRY);
                self.pace(line, false)
            }
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

    fn answer(&mut self, line: &mut Line, request: Request) -> Result<(), Stop> {
        let Request { id, ttl_ms, type_id, body } = request;
        let refused = |sentence: &str| Reply { id, status: ReplyStatus::Refused, body: sentence.as_bytes().to_vec() };
        if type_id == PROGRAM {
            let body = self.wiring.settings.software.clone().into_bytes();
            line.send(&Frame::Reply(Reply { id, status: ReplyStatus::Answered, body }))?;
            return Ok(());
        }
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
        status.datasets = self.given.giving.kept().map(|(dataset, kept)| (dataset.into(), kept)).collect();
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
