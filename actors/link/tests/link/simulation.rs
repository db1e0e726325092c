//! The rules of a session under everything a wire and two machines can do, step by step from a seed: every document is
//! applied exactly once and in order, and when the faults end all of them are.

use std::collections::VecDeque;

use domain::ids::{StoreId, TillId};
use link::apply::{Origin, Received};
use link::chain::Place;
use link::frame::Numbered;
use link::session::meeting::{Own, Verdict};
use link::session::receiving::{Answer, Receiving};
use link::session::sending::Sending;
use link::session::{Incident, Window};
use proptest::prelude::*;
use tokio::time::Instant;
use uuid::Uuid;

const WINDOW: Window = Window { documents: 7, bytes: 10_000 };

#[derive(Clone, Debug)]
enum Up {
    Data(Vec<Numbered>),
}

#[derive(Clone, Debug)]
enum Down {
    Ack(Place),
    Nack(u64),
    Credit(Window),
}

/// What survives a crash on each side, and what does not.
struct World {
    /// The sender's database.
    outbox: Vec<Numbered>,
    noted: Place,
    /// The receiver's database.
    applied: Vec<u64>,
    cursor: Place,
    session: Option<(Sending, Receiving)>,
    up: VecDeque<Up>,
    down: VecDeque<Down>,
}

#[derive(Clone, Debug)]
enum Step {
    Append,
    Send,
    DeliverUp,
    DeliverDown,
    Commit,
    FailCommit,
    NoteAck,
    LoseUp,
    LoseDown,
    DoubleUp,
    DoubleDown,
    SwapUp,
    Reconnect,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Append),
        8 => Just(Step::Send),
        8 => Just(Step::DeliverUp),
        8 => Just(Step::DeliverDown),
        6 => Just(Step::Commit),
        1 => Just(Step::FailCommit),
        3 => Just(Step::NoteAck),
        1 => Just(Step::LoseUp),
        1 => Just(Step::LoseDown),
        1 => Just(Step::DoubleUp),
        1 => Just(Step::DoubleDown),
        1 => Just(Step::SwapUp),
        1 => Just(Step::Reconnect),
        1 => Just(Step::Crash),
    ]
}

impl World {
    fn new() -> World {
        World {
            outbox: Vec::new(),
            noted: Place::default(),
            applied: Vec::new(),
            cursor: Place::default(),
            session: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
        }
    }

    fn last(&self) -> Place {
        self.outbox.last().map_or(Place::default(), |numbered| numbered.place)
    }

    fn at(&self, sequence: u64) -> Place {
        if sequence == 0 { Place::default() } else { self.outbox[sequence as usize - 1].place }
    }

    fn append(&mut self) {
        let sequence = self.outbox.len() as u64 + 1;
        let (id, body) = (Uuid::from_u128(u128::from(sequence)), vec![7; (sequence % 50) as usize]);
        let place = self.last().next(id, &body);
        let origin = Origin { store: StoreId::new("S1").unwrap(), till: TillId(1), sequence, chain: place.chain };
        let document = Received { id, type_id: 1, schema: 1, origin, created_ms: 0, body };
        self.outbox.push(Numbered { place, document });
    }

    fn connect(&mut self) -> Result<(), Incident> {
        self.up.clear();
        self.down.clear();
        let here = Some(self.at(self.cursor.sequence).chain);
        let own = Own { last: self.last(), acked: self.noted, compared: true };
        assert_eq!(own.meets("store", self.cursor, here)?, Verdict::GoOn);
        let receiving = Receiving::resume("till", self.cursor, WINDOW);
        let sending = Sending::resume("store", self.cursor, WINDOW);
        self.session = Some((sending, receiving));
        Ok(())
    }

    fn go(&mut self, step: &Step) -> Result<(), Incident> {
        match step {
            Step::Append => self.append(),
            Step::Reconnect => self.connect()?,
            // The connection breaks; what each side had only in memory is gone.
            Step::Crash => self.session = None,
            Step::LoseUp => drop(self.up.pop_front()),
            Step::LoseDown => drop(self.down.pop_front()),
            Step::DoubleUp => self.up.extend(self.up.front().cloned()),
            Step::DoubleDown => {
                if let Some(front) = self.down.front().cloned() {
                    self.down.push_front(front);
                }
            }
            Step::SwapUp if self.up.len() > 1 => self.up.swap(0, 1),
            Step::SwapUp => {}
            Step::Send | Step::DeliverUp | Step::DeliverDown | Step::Commit | Step::FailCommit | Step::NoteAck => {
                self.in_session(step)?;
            }
        }
        Ok(())
    }

    fn in_session(&mut self, step: &Step) -> Result<(), Incident> {
        let Some((sending, receiving)) = &mut self.session else { return self.connect() };
        match step {
            Step::Send => {
                let Some(room) = sending.room() else { return Ok(()) };
                let from = room.after as usize;
                let documents: Vec<Numbered> =
                    self.outbox.iter().skip(from).take(room.documents.min(3)).cloned().collect();
                if !documents.is_empty() {
                    let sizes = documents.iter().map(|numbered| (numbered.place, numbered.document.body.len()));
                    sending.sending(sizes, Instant::now());
                    self.up.push_back(Up::Data(documents));
                }
                assert!(sending.in_flight() <= WINDOW.documents as usize);
            }
            Step::DeliverUp => {
                let Some(Up::Data(documents)) = self.up.pop_front() else { return Ok(()) };
                match receiving.take(documents)? {
                    Answer::Nothing => {}
                    Answer::Again(place) => self.down.push_back(Down::Ack(place)),
                    Answer::Missing { expected } => self.down.push_back(Down::Nack(expected)),
                }
            }
            Step::DeliverDown => match self.down.pop_front() {
                Some(Down::Ack(place)) => drop(sending.acknowledged(place, Instant::now())?),
                Some(Down::Nack(expected)) => sending.missed(expected)?,
                Some(Down::Credit(window)) => sending.credit(window),
                None => {}
            },
            Step::Commit | Step::FailCommit => {
                let Some(batch) = receiving.next_batch() else { return Ok(()) };
                if matches!(step, Step::FailCommit) {
                    self.session = None;
                    return Ok(());
                }
                let last = batch[batch.len() - 1].place;
                self.applied.extend(batch.iter().map(|numbered| numbered.document.origin.sequence));
                self.cursor = last;
                receiving.committed(last);
                self.down.push_back(Down::Ack(last));
                self.down.extend(receiving.pace(last.sequence % 5 != 0).map(Down::Credit));
            }
            Step::NoteAck => self.noted = sending.acked(),
            _ => {}
        }
        Ok(())
    }

    /// No more faults: everything must arrive.
    fn finish(&mut self) -> Result<(), Incident> {
        self.connect()?;
        for _ in 0..self.outbox.len() * 4 + 4 {
            for step in [Step::Send, Step::DeliverUp, Step::Commit, Step::DeliverDown, Step::DeliverDown, Step::NoteAck]
            {
                self.in_session(&step)?;
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_document_is_applied_once_and_in_order(steps in prop::collection::vec(step(), 1..300)) {
        let mut world = World::new();
        for step in &steps {
            if let Err(incident) = world.go(step) {
                prop_assert!(false, "{incident} at {step:?}");
            }
            let expected: Vec<u64> = (1..=world.applied.len() as u64).collect();
            prop_assert_eq!(&world.applied, &expected);
        }
        if let Err(incident) = world.finish() {
            prop_assert!(false, "{incident} at the end");
        }
        prop_assert_eq!(world.applied.len(), world.outbox.len());
        prop_assert_eq!(world.noted, world.last());
    }
}

#[test]
fn a_fork_is_seen_at_once() {
    let mut world = World::new();
    (0..5).for_each(|_| world.append());
    world.connect().unwrap();
    let Some((_, receiving)) = &mut world.session else { panic!("connected") };
    let mut documents = world.outbox.clone();
    documents[3].document.body.push(1);
    let incident = receiving.take(documents).unwrap_err();
    assert!(matches!(incident, Incident::Fork { sequence: 4, .. }), "{incident}");
}

#[test]
fn more_than_the_window_is_refused() {
    let mut world = World::new();
    (0..8).for_each(|_| world.append());
    world.connect().unwrap();
    let Some((_, receiving)) = &mut world.session else { panic!("connected") };
    let incident = receiving.take(world.outbox.clone()).unwrap_err();
    assert_eq!(incident.name(), "protocol");
}
