//! A connection from below until it is known, and its end: Hello, admission, the place of an older session, the last word.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use chrono::Utc;
use sea_orm::DbErr;
use tokio::time::Instant;

use super::strangers::Stranger;
use super::{Live, PeerStatus, Sessions, Wiring, crowd, greeting, proving, session};
use crate::apply::Peer;
use crate::frame::{ByeReason, Frame, Hello};
use crate::gate::Seat;
use crate::gate::refusals::Refusal;
use crate::line::{Ended, Line};
use crate::session::Incident;
use crate::transport::Duplex;

/// A connection has so long to say and to show who it is.
const HELLO_WITHIN: Duration = Duration::from_secs(15);
/// A node that was refused for good reasons need not ask again sooner.
const REFUSED_RETRY: Duration = Duration::from_secs(5);

/// A node that is there answers a ping within this time.
const PROBE_WITHIN: Duration = Duration::from_secs(2);
const PROBE_LOOK: Duration = Duration::from_millis(10);

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Line(#[from] Ended),
    #[error(transparent)]
    Incident(#[from] Incident),
    #[error("the database of the upper node failed: {0}")]
    Database(#[from] DbErr),
    #[error("another session of the same node has taken over")]
    Replaced,
    #[error("the line was cut on purpose")]
    Cut,
    #[error("the upper node stops")]
    Leaving,
    #[error("the upper node was put back, or is new, and has to be compared with the node above it first")]
    NotCompared,
    #[error("{0}")]
    NotAdmitted(String),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the certificate was renewed: link again")]
    Renewed,
    #[error("it did not show who it is in time")]
    Silent,
}

impl Stop {
    fn bye(&self) -> Option<(ByeReason, Duration)> {
        match self {
            Stop::Line(Ended::Closed | Ended::Dead(_) | Ended::Bye { .. }) => None,
            Stop::Line(Ended::Slow) => Some((ByeReason::Slow, Duration::ZERO)),
            Stop::Line(Ended::BadFrame(_)) => Some((ByeReason::Protocol, Duration::ZERO)),
            Stop::Incident(_) => Some((ByeReason::Incident, REFUSED_RETRY)),
            Stop::Database(_) => Some((ByeReason::Database, Duration::ZERO)),
            Stop::Replaced => Some((ByeReason::Replaced, REFUSED_RETRY)),
            Stop::Cut => Some((ByeReason::LineCut, Duration::ZERO)),
            Stop::NotCompared => Some((ByeReason::Database, Duration::ZERO)),
            Stop::Leaving => Some((ByeReason::Leaving, Duration::ZERO)),
            Stop::NotAdmitted(_) | Stop::Refused(_) => Some((ByeReason::NotAdmitted, Duration::ZERO)),
            Stop::Renewed => Some((ByeReason::Leaving, Duration::ZERO)),
            // Nothing was said: nothing is answered.
            Stop::Silent => None,
        }
    }

    /// As a refusal, if it is one, for the operator.
    fn refusal(&self) -> Option<Refusal> {
        let reason = match self {
            Stop::Refused(refusal) => return Some(refusal.clone()),
            Stop::Leaving | Stop::Cut | Stop::Replaced | Stop::Renewed | Stop::NotCompared => return None,
            Stop::Line(Ended::BadFrame(_)) => "frame",
            Stop::Line(_) => "gone",
            Stop::Incident(_) => "protocol",
            Stop::Database(_) => "database",
            Stop::NotAdmitted(_) => "token",
            Stop::Silent => "silent",
        };
        Some(Refusal::new(reason, self.to_string()))
    }
}

pub(super) async fn run(wiring: Wiring, sessions: Rc<RefCell<Sessions>>, duplex: Duplex, from: String) {
    let mut line = Line::new(duplex, wiring.settings.patience);
    let stranger = Stranger::new(&sessions);
    let all = sessions.borrow().all.clone();
    let mut name = None;
    let greeted = tokio::select! {
        biased;
        () = all.cancelled() => Err(Stop::Leaving),
        () = stranger.displaced() => Err(Stop::Silent),
        greeted = tokio::time::timeout(HELLO_WITHIN, greet(&wiring, &sessions, &mut line, &mut name)) => {
            greeted.unwrap_or(Err(Stop::Silent))
        }
    };
    let (peer, hello, seat) = match greeted {
        Ok(known) => known,
        Err(stop) => return refuse(&wiring, &sessions, line, (&from, name.as_deref()), &stop).await,
    };
    drop(stranger);
    let number = next_number(&sessions);
    let greeted = tokio::select! {
        biased;
        () = all.cancelled() => Err(Stop::Leaving),
        greeted = greeting::greet(&wiring, &sessions, &peer, &hello, number, &mut line) => greeted,
    };
    let greeted = match greeted {
        Ok(greeted) => greeted,
        Err(stop) => {
            if let Stop::Incident(incident) = &stop {
                alarm(&sessions, &peer, &hello, from.clone(), incident);
            }
            return refuse(&wiring, &sessions, line, (&from, Some(&peer.name)), &stop).await;
        }
    };
    let live = take_over(&sessions, &peer, &hello, from.clone(), number);
    line.tell_heard(live.heard.clone());
    let stop = tokio::select! {
        biased;
        () = live.stop.cancelled() => stopped(&sessions, &peer),
        () = revoked(&seat) => {
            let refusal = Refusal::new("revoked", format!("\"{}\" is no longer admitted", peer.name));
            wiring.refusals.note(&from, Some(&peer.name), &refusal);
            Stop::Refused(refusal)
        }
        stop = session::talk(&wiring, &sessions, &peer, greeted, &live, &mut line) => stop,
    };
    let sentence = stop.to_string();
    ended(&sessions, &peer, number, &stop);
    if let Some((reason, retry_after)) = stop.bye() {
        let slot = if matches!(stop, Stop::Leaving) { crowd::slot(sessions.borrow().leaving) } else { Duration::ZERO };
        line.bye(reason, retry_after.max(slot), sentence).await;
    }
}

/// From the first frame until it is known who sent it. `name` is what it called itself, also if it is refused.
async fn greet(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    line: &mut Line,
    name: &mut Option<String>,
) -> Result<(Peer, Hello, Option<Seat>), Stop> {
    let hello = match proving::frame(line).await? {
        Frame::Hello(hello) => hello,
        other => return Err(unexpected("a connection", &other)),
    };
    *name = Some(hello.name.clone());
    let peer = Peer { name: hello.name.clone(), role: hello.role };
    let seat = proving::show(wiring, line, &peer, &hello).await?;
    if sessions.borrow().cut.contains(&peer.name) { Err(Stop::Cut) } else { Ok((peer, hello, seat)) }
}

async fn revoked(seat: &Option<Seat>) {
    match seat {
        Some(seat) => seat.revoked().await,
        None => std::future::pending().await,
    }
}

pub(super) fn unexpected(whose: &str, frame: &Frame) -> Stop {
    let what = format!("it sends {} where it must not", frame.kind_name());
    Stop::Incident(Incident::Protocol { whose: whose.to_owned(), what })
}

async fn refuse(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    line: Line,
    (from, name): (&str, Option<&str>),
    stop: &Stop,
) {
    if let Some(refusal) = stop.refusal() {
        let mut sessions = sessions.borrow_mut();
        sessions.refused += 1;
        sessions.last_refusal = Some(refusal.sentence.clone());
        wiring.refusals.note(from, name, &refusal);
    }
    if let Some((reason, retry_after)) = stop.bye() {
        line.bye(reason, retry_after, stop.to_string()).await;
    }
}

fn next_number(sessions: &RefCell<Sessions>) -> u64 {
    let mut sessions = sessions.borrow_mut();
    sessions.last_session += 1;
    sessions.last_session
}

/// Is another session of `peer` there, in this process or in another one, and the node at its end?
pub(super) async fn lives(wiring: &Wiring, sessions: &RefCell<Sessions>, peer: &Peer) -> bool {
    if lives_here(sessions, &peer.name).await {
        return true;
    }
    match &wiring.elsewhere {
        Some(elsewhere) => elsewhere.lives(&peer.name).await,
        None => false,
    }
}

/// A line that broke unseen does not answer.
pub(super) async fn lives_here(sessions: &RefCell<Sessions>, peer: &str) -> bool {
    let live = sessions.borrow().live.get(peer).cloned();
    let Some(live) = live else { return false };
    let asked = Instant::now();
    live.probe.notify_one();
    while asked.elapsed() < PROBE_WITHIN {
        tokio::time::sleep(PROBE_LOOK).await;
        if live.heard.get() >= asked {
            return sessions.borrow().live.get(peer).is_some_and(|now| now.session == live.session);
        }
    }
    false
}

/// What is wrong with a node stands beside its name, whether it is linked or not.
fn alarm(sessions: &RefCell<Sessions>, peer: &Peer, hello: &Hello, from: String, incident: &Incident) {
    tracing::error!(peer = peer.name, from, incident = incident.name(), sentence = %incident, "the link is refused");
    let mut sessions = sessions.borrow_mut();
    let status = sessions.seen.entry(peer.name.clone()).or_insert_with(|| {
        let session = 0;
        PeerStatus { connected: false, ..PeerStatus::new(peer, hello, from, session) }
    });
    status.incident = Some(incident.to_string());
}

/// The newest session of a node is the one that counts.
fn take_over(sessions: &RefCell<Sessions>, peer: &Peer, hello: &Hello, from: String, session: u64) -> Live {
    let mut sessions = sessions.borrow_mut();
    let (heard, probe) = (Rc::new(Cell::new(Instant::now())), Rc::default());
    let live = Live { session, stop: sessions.all.child_token(), heard, probe };
    if let Some(older) = sessions.live.insert(peer.name.clone(), live.clone()) {
        tracing::warn!(peer = peer.name, "a newer session of the same node takes over");
        older.stop.cancel();
    }
    let mut status = PeerStatus::new(peer, hello, from, session);
    if let Some(before) = sessions.seen.remove(&peer.name) {
        (status.last_error, status.incident, status.applied) = (before.last_error, before.incident, before.applied);
        (status.compared_ms, status.mended) = (before.compared_ms, before.mended);
    }
    sessions.seen.insert(peer.name.clone(), status);
    live
}

fn stopped(sessions: &RefCell<Sessions>, peer: &Peer) -> Stop {
    let sessions = sessions.borrow();
    if sessions.all.is_cancelled() {
        Stop::Leaving
    } else if sessions.cut.contains(&peer.name) {
        Stop::Cut
    } else {
        Stop::Replaced
    }
}

fn ended(sessions: &RefCell<Sessions>, peer: &Peer, session: u64, stop: &Stop) {
    let mut sessions = sessions.borrow_mut();
    if let Stop::Incident(incident) = stop {
        tracing::error!(peer = peer.name, incident = incident.name(), sentence = %incident, "the link is refused");
    } else {
        tracing::info!(peer = peer.name, reason = %stop, "a session with a node below ended");
    }
    if sessions.live.get(&peer.name).is_none_or(|live| live.session != session) {
        return;
    }
    sessions.live.remove(&peer.name);
    if let Some(status) = sessions.seen.get_mut(&peer.name) {
        status.connected = false;
        status.pending = 0;
        status.since_ms = Utc::now().timestamp_millis();
        status.last_error = Some(stop.to_string());
        if let Stop::Incident(incident) = stop {
            status.incident = Some(incident.to_string());
        }
    }
}
