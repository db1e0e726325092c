//! The lines of stores whose actors run: a question and its answer are lost, doubled, late, overtake each other, or end with
//! a cut. A question that is on its way outlives who asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use link::apply::{Peer, PeerRole};
use link::requests::{ACCOUNTS_SYNC, Answer, RequestError};
use processing::line::Line;
use processing::machine::wire::{Answered, Envelope};
use processing::root_side::RootAnswers;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::desk::store_name;
use crate::life::Job;
use crate::plan;
use crate::random::Random;
use crate::shown::{short, short_reply};
use crate::versions::spoken;

/// Answers to one question and its doubles.
const ANSWERS_MAX: usize = 4;

/// The root as lines reach it: what it has to do, and who answers there.
type There = (mpsc::Sender<Job>, RootAnswers);

pub(crate) struct Wire {
    pub(crate) root: Mutex<Option<There>>,
    parted: Vec<AtomicBool>,
    calm: AtomicBool,
    random: Mutex<Random>,
    line: plan::Line,
    mixed: bool,
    began: Instant,
    log: Option<Mutex<Vec<(u64, String)>>>,
}

impl Wire {
    pub(crate) fn new(plan: &plan::Plan, seed: u64, log: bool) -> Wire {
        Wire {
            root: Mutex::new(None),
            parted: (0..plan.shops).map(|_| AtomicBool::new(false)).collect(),
            calm: AtomicBool::new(false),
            random: Mutex::new(Random::new(!seed)),
            line: plan.line.clone(),
            mixed: plan.mixed,
            began: Instant::now(),
            log: log.then(Mutex::default),
        }
    }

    pub(crate) fn set(&self, parted: &[bool], calm: bool) {
        self.parted.iter().zip(parted).for_each(|(here, parted)| here.store(*parted, Ordering::Release));
        self.calm.store(calm, Ordering::Release);
    }

    pub(crate) fn take_log(&self) -> Vec<(u64, String)> {
        self.log
            .as_ref()
            .map(|log| std::mem::take(&mut *log.lock().expect("nobody panics with it")))
            .unwrap_or_default()
    }

    fn note(&self, sentence: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            let at_ms = self.began.elapsed().as_millis() as u64;
            log.lock().expect("nobody panics with it").push((at_ms, sentence()));
        }
    }

    /// What the other side reads of it.
    fn speaks(&self, shop: usize, body: Vec<u8>) -> Vec<u8> {
        spoken(self.mixed, shop, body)
    }

    fn is_parted(&self, shop: usize) -> bool {
        self.parted[shop].load(Ordering::Acquire)
    }

    fn chance<R>(&self, work: impl FnOnce(&mut Random, &plan::Line, bool) -> R) -> R {
        let mut random = self.random.lock().expect("nobody panics with it");
        work(&mut random, &self.line, self.calm.load(Ordering::Acquire))
    }

    fn copies(&self) -> usize {
        self.chance(|random, line, _| match random.chance(line.lost_per_mille) {
            true => 0,
            false => 1 + usize::from(random.chance(line.doubled_per_mille)),
        })
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(self.chance(|random, line, calm| match !calm && random.chance(line.slow_per_mille) {
            true => random.below(line.slow_ms),
            false => random.between(line.least_ms, line.most_ms),
        }))
    }
}

/// The line of one store.
pub(crate) struct WireOf {
    pub(crate) wire: Arc<Wire>,
    pub(crate) shop: usize,
}

type Told = mpsc::Sender<Result<Vec<u8>, String>>;

async fn travels(wire: Arc<Wire>, shop: usize, body: Vec<u8>, tell: Told) {
    tokio::time::sleep(wire.delay()).await;
    let there = wire.root.lock().expect("nobody panics with it").clone();
    let (Some((jobs, root)), false) = (there, wire.is_parted(shop)) else { return };
    wire.note(|| {
        let said = Envelope::from_body(&body)
            .map(|envelope| envelope.messages.iter().map(|message| short(&message.say)).collect::<Vec<_>>().join(", "));
        format!("root hears store {}: {}", shop + 1, said.unwrap_or_default())
    });
    let job = async move {
        let peer = Peer { name: store_name(shop), role: PeerRole::Store };
        let answer = root.answer(&peer, ACCOUNTS_SYNC, body).await;
        if wire.copies() > 0 {
            // It has left: the root may end now.
            tokio::spawn(returns(wire, shop, answer, tell));
        }
    };
    jobs.try_send(Box::pin(job)).ok();
}

async fn returns(wire: Arc<Wire>, shop: usize, answer: Result<Vec<u8>, String>, tell: Told) {
    tokio::time::sleep(wire.delay()).await;
    if wire.is_parted(shop) {
        return;
    }
    wire.note(|| {
        let said = answer.as_ref().ok().and_then(|body| Answered::from_body(body).ok());
        let said = said.map(|said| said.replies.iter().map(short_reply).collect::<Vec<_>>().join(", "));
        format!("store {} is answered: {}", shop + 1, said.unwrap_or_else(|| format!("{answer:?}")))
    });
    tell.try_send(answer.map(|body| wire.speaks(shop, body))).ok();
}

impl Line for WireOf {
    fn exchange(&self, body: Vec<u8>, within: Duration) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(async move {
            if self.wire.is_parted(self.shop) {
                return Err(RequestError::NoLine);
            }
            let body = self.wire.speaks(self.shop, body);
            let (tell, mut told) = mpsc::channel(ANSWERS_MAX);
            for _ in 0..self.wire.copies() {
                tokio::spawn(travels(self.wire.clone(), self.shop, body.clone(), tell.clone()));
            }
            match tokio::time::timeout(within, told.recv()).await {
                Ok(Some(answer)) => answer.map_err(RequestError::Refused),
                Ok(None) | Err(_) => Err(RequestError::Deadline),
            }
        })
    }
}
