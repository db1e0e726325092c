//! A connection from below until it is known, and its end: Hello, admission, the place of an older session, the last word.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use chrono::Utc;
use sea_orm::DbErr;
use tokio::time::Instant;

use super::{Live, PeerStatus, Sessions, Wiring, session};
use crate::apply::Peer;
use crate::frame::{ByeReason, Frame, Hello};
use crate::line::{Ended, Heard, Line};
use crate::session::Incident;
use crate::transport::Duplex;

/// A connection has so long to say who it is.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
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
}

impl Stop {
    fn bye(&self) -> Option<(ByeReason, Duration)> {
        match self {
            Stop::Line(Ended::Closed | Ended::Dead | Ended::Bye { .. }) => None,
            Stop::Line(Ended::Slow) => Some((ByeReason::Slow, Duration::ZERO)),
            Stop::Line(Ended::BadFrame(_)) => Some((ByeReason::Protocol, Duration::ZERO)),
            Stop::Incident(_) => Some((ByeReason::Incident, REFUSED_RETRY)),
            Stop::Database(_) => Some((ByeReason::Database, Duration::ZERO)),
            Stop::Replaced => Some((ByeReason::Replaced, REFUSED_RETRY)),
            Stop::Cut => Some((ByeReason::LineCut, Duration::ZERO)),
            Stop::NotCompared => Some((ByeReason::Database, REFUSED_RETRY)),
            Stop::Leaving => Some((ByeReason::Leaving, Duration::ZERO)),
            Stop::NotAdmitted(_) => Some((ByeReason::NotAdmitted, Duration::ZERO)),
        }
    }
}

/// Counts a connection as a stranger until it is known or gone.
struct Stranger(Rc<RefCell<Sessions>>);

impl Stranger {
    fn new(sessions: &Rc<RefCell<Sessions>>) -> Stranger {
        sessions.borrow_mut().strangers += 1;
        Stranger(sessions.clone())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.borrow_mut().strangers -= 1;
    }
}

pub(super) async fn run(wiring: Wiring, sessions: Rc<RefCell<Sessions>>, duplex: Duplex, from: String) {
    let mut line = Line::new(duplex);
    let stranger = Stranger::new(&sessions);
    let all = sessions.borrow().all.clone();
    let hello = tokio::select! {
        biased;
        () = all.cancelled() => Err(Stop::Leaving),
        hello = tokio::time::timeout(HELLO_WITHIN, hello(&mut line)) => match hello {
            Ok(hello) => hello,
            // Nothing was said: nothing is answered.
            Err(_) => return,
        },
    };
    let hello = match hello {
        Ok(hello) => hello,
        Err(stop) => {
            tracing::info!(from, reason = %stop, "a connection from below ended before its Hello");
            return refuse(&sessions, line, &stop).await;
        }
    };
    let peer = Peer { name: hello.name.clone(), role: hello.role };
    if let Err(stop) = admit(&wiring, &sessions, &peer, &hello.token).await {
        tracing::warn!(peer = peer.name, from, reason = %stop, "a node from below is refused");
        return refuse(&sessions, line, &stop).await;
    }
    drop(stranger);
    let number = next_number(&sessions);
    let agreed = tokio::select! {
        biased;
        () = all.cancelled() => Err(Stop::Leaving),
        agreed = session::greet(&wiring, &sessions, &peer, &hello, number, &mut line) => agreed,
    };
    let agreed = match agreed {
        Ok(agreed) => agreed,
        Err(stop) => {
            if let Stop::Incident(incident) = &stop {
                alarm(&sessions, &peer, &hello, from, incident);
            }
            return refuse(&sessions, line, &stop).await;
        }
    };
    let live = take_over(&sessions, &peer, &hello, from, number);
    line.tell_heard(live.heard.clone());
    let stop = tokio::select! {
        biased;
        () = live.stop.cancelled() => stopped(&sessions, &peer),
        stop = session::talk(&wiring, &sessions, &peer, &agreed, &live, &mut line) => stop,
    };
    let sentence = stop.to_string();
    ended(&sessions, &peer, number, &stop);
    if let Some((reason, retry_after)) = stop.bye() {
        line.bye(reason, retry_after, sentence).await;
    }
}

async fn hello(line: &mut Line) -> Result<Hello, Stop> {
    loop {
        match line.next().await? {
            Heard::Room => {}
            Heard::Frame(frame) => match *frame {
                Frame::Hello(hello) => return Ok(hello),
                other => return Err(unexpected("a connection", &other)),
            },
        }
    }
}

pub(super) fn unexpected(whose: &str, frame: &Frame) -> Stop {
    let what = format!("it sends {} where it must not", frame.kind_name());
    Stop::Incident(Incident::Protocol { whose: whose.to_owned(), what })
}

async fn refuse(sessions: &RefCell<Sessions>, line: Line, stop: &Stop) {
    {
        let mut sessions = sessions.borrow_mut();
        sessions.refused += 1;
        sessions.last_refusal = Some(stop.to_string());
    }
    if let Some((reason, retry_after)) = stop.bye() {
        line.bye(reason, retry_after, stop.to_string()).await;
    }
}

async fn admit(wiring: &Wiring, sessions: &RefCell<Sessions>, peer: &Peer, token: &str) -> Result<(), Stop> {
    wiring.admit.admit(peer, token).await.map_err(Stop::NotAdmitted)?;
    if sessions.borrow().cut.contains(&peer.name) { Err(Stop::Cut) } else { Ok(()) }
}

fn next_number(sessions: &RefCell<Sessions>) -> u64 {
    let mut sessions = sessions.borrow_mut();
    sessions.last_session += 1;
    sessions.last_session
}

/// Is another session of `peer` there, and the node at its end? A line that broke unseen does not answer.
pub(super) async fn lives(sessions: &RefCell<Sessions>, peer: &Peer) -> bool {
    let live = sessions.borrow().live.get(&peer.name).cloned();
    let Some(live) = live else { return false };
    let asked = Instant::now();
    live.probe.notify_one();
    while asked.elapsed() < PROBE_WITHIN {
        tokio::time::sleep(PROBE_LOOK).await;
        if live.heard.get() >= asked {
            return sessions.borrow().live.get(&peer.name).is_some_and(|now| now.session == live.session);
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
