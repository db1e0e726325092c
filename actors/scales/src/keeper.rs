//! The keeper of one scale: does what its [`Reconciler`] decides, one step at a time.
//!
//! Owns the line to the scale and the records of what lies on it. A restart reads the records and goes on where it was. A
//! step is short, so what people ask waits a second or two; only a scale that does not answer takes longer.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use chrono::TimeDelta;
use devices::label_scale::{
    Abilities, Halted, LabelScale, LabelScaleError, LabelScaleProtocol, LabelScaleSetup, LabelScaleStatus, ScaleItem,
    ScaleTotal, Timing,
};
use devices::port::Connector;
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::spec::StartError;
use sea_orm::DbErr;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::goods::Goods;
use crate::plan;
use crate::reconciler::{Compared, Known, Note, Outcome, Reconciler, Step};
use crate::records::Records;
use crate::requests::{Command, Do, ReadBack, Shelf, ShowShelf, TOTALS_MAX, Totals};
use crate::view::{Board, Phase, ScaleView};

/// Articles of the first batch; later ones are as large as a second lets them be.
const BATCH_FIRST: usize = 16;
const BATCH_MAX: usize = 512;
/// A batch that took longer is halved, one that took half of it is doubled.
const BATCH_LASTS: Duration = Duration::from_secs(1);
/// A clock that is further off prints wrong dates about midnight.
const CLOCK_OFF_MAX: TimeDelta = TimeDelta::seconds(60);
/// No step lasts longer; a scale that is emptied takes a minute.
const TURN_LASTS_MAX: Duration = Duration::from_secs(3600);
/// After the records could not be written.
const RECORDS_RETRY: Duration = Duration::from_secs(5);

/// One scale of the store.
#[derive(Clone)]
pub struct ScaleSettings {
    /// What people call it; unique in the store.
    pub name: String,
    /// Where it stands; see the plan. Empty: nowhere in particular.
    pub department: String,
    pub protocol: &'static LabelScaleProtocol,
    /// For people, and to know the device again.
    pub address: String,
    pub connector: Connector,
    pub password: Option<[u8; 4]>,
    /// Articles a second at most, where others need the line too.
    pub articles_per_second_max: Option<u32>,
    pub timing: Timing,
}

/// What the keepers of a store share.
#[derive(Clone, Debug)]
pub struct KeeperPorts {
    pub database: Database,
    pub goods: watch::Receiver<Arc<Goods>>,
    pub board: Board,
    pub clock: Clock,
}

pub struct ScaleKeeper {
    settings: ScaleSettings,
    ports: KeeperPorts,
    records: Records,
    reconciler: Reconciler,
    driver: Box<dyn LabelScale>,
    /// With which the driver was made.
    setup: LabelScaleSetup,
    abilities: Abilities,
    batch: usize,
    started: Instant,
    poke: Arc<Notify>,
    view: ScaleView,
    /// Decided and not written down yet, because the disk did not take it: comes before everything else.
    unsaved: Vec<Note>,
}

/// Do one step. Sender: its own task. Answer: how long there is nothing to do. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Duration")]
struct Turn;

impl ScaleKeeper {
    pub async fn new(settings: ScaleSettings, ports: KeeperPorts) -> Result<ScaleKeeper, StartError> {
        let device = format!("{} {}", settings.protocol.name, settings.address);
        let opened = Records::open(ports.database.clone(), &settings.name, &device).await;
        let (records, known): (Records, Known) = opened.map_err(StartError::new)?;
        let setup =
            LabelScaleSetup { password: settings.password, timing: settings.timing, ..LabelScaleSetup::default() };
        let driver = (settings.protocol.driver)(settings.connector.clone(), setup);
        let view = ScaleView {
            department: settings.department.clone(),
            title: settings.protocol.title,
            address: settings.address.clone(),
            ..ScaleView::default()
        };
        Ok(ScaleKeeper {
            abilities: driver.abilities(),
            setup,
            reconciler: Reconciler::new(known),
            batch: BATCH_FIRST,
            started: Instant::now(),
            poke: Arc::default(),
            settings,
            ports,
            records,
            driver,
            view,
            unsaved: Vec::new(),
        })
    }

    /// Look at the goods again: what should lie on the scale now?
    fn plan(&mut self) {
        let goods = self.ports.goods.borrow_and_update().clone();
        // Before the first look at the datasets nothing is known, and that is not "nothing is wanted".
        let department = goods.department(&self.settings.department).filter(|_| goods.version > 0);
        let wanted = department.map(|department| {
            let setup = LabelScaleSetup {
                weight_prefix: department.weight_prefix,
                piece_prefix: department.piece_prefix,
                barcode_value: plan::value(&department),
                ..self.setup
            };
            if setup != self.setup {
                self.setup = setup;
                self.reconciler.lose_contact();
            }
            Arc::new(plan::wanted(&goods, &department, &self.abilities))
        });
        self.reconciler.want(wanted, &self.abilities);
    }

    async fn turn(&mut self) -> Result<Duration, DbErr> {
        self.note(Vec::new()).await?;
        if self.ports.goods.has_changed().unwrap_or(false) {
            self.plan();
        }
        let clock_ms = self.ports.clock.now_ms();
        let notes = self.reconciler.check_if_due(clock_ms);
        self.note(notes).await?;
        let step = self.reconciler.next(self.batch, self.started.elapsed(), clock_ms);
        if let Step::Rest(rest) = step {
            self.show();
            return Ok(rest);
        }
        let notes = self.reconciler.before(&step);
        self.note(notes).await?;
        if !self.reconciler.has_contact() {
            // What the last driver knew of the scale may be true of another one.
            self.driver = (self.settings.protocol.driver)(self.settings.connector.clone(), self.setup);
        }
        let began = Instant::now();
        let outcome = self.act(&step).await;
        let took = began.elapsed();
        if let Outcome::Greeted { status, .. } = &outcome {
            self.view.model.clone_from(&status.model);
        }
        let notes = self.reconciler.after(&step, outcome, self.started.elapsed());
        match self.reconciler.failure() {
            None => self.view.heard_ms = Some(self.ports.clock.now_ms()),
            Some(failure) => {
                self.view.last_failure = Some(failure.to_owned());
                self.view.failed_ms = Some(self.ports.clock.now_ms());
            }
        }
        self.note(notes).await?;
        let abilities = self.driver.abilities();
        // A driver that has not heard its scale knows only the usual sizes.
        if abilities != self.abilities && self.reconciler.has_contact() {
            self.abilities = abilities;
            self.plan();
        }
        let pause = self.pace(&step, took);
        self.show();
        Ok(pause)
    }

    /// First on disk, then it counts (SC-1). What was not written down stays to be written.
    async fn note(&mut self, notes: Vec<Note>) -> Result<(), DbErr> {
        self.unsaved.extend(notes);
        self.records.keep(&self.unsaved).await?;
        for note in self.unsaved.drain(..) {
            if let Note::There(items) = &note {
                self.view.written += items.len() as u64;
            }
            self.reconciler.apply(&note);
        }
        Ok(())
    }

    async fn act(&mut self, step: &Step) -> Outcome {
        let done = |done: Result<(), LabelScaleError>| done.map_or_else(Outcome::Failed, |()| Outcome::Done);
        match step {
            Step::Greet => match self.driver.status().await {
                Ok(status) => Outcome::Greeted { clock_is_off: self.clock_is_off(&status), status },
                Err(error) => Outcome::Failed(error),
            },
            Step::SetTime => done(self.driver.set_time(self.ports.clock.now().naive_local()).await),
            Step::Clear => done(self.driver.clear().await),
            Step::Keys(keys) => done(self.driver.set_hot_keys(keys).await),
            Step::Erase(plus) => {
                let erased = self.driver.delete(plus).await;
                self.of_list(erased)
            }
            Step::Write(items) => {
                let written = self.driver.upload(items).await;
                self.of_list(written)
            }
            Step::ReadBack(items) => self.read_back(items).await,
            Step::Rest(_) => Outcome::Done,
        }
    }

    fn clock_is_off(&self, status: &LabelScaleStatus) -> bool {
        let now = self.ports.clock.now().naive_local();
        self.abilities.time
            && match status.clock {
                Some(shown) => (shown - now).abs() > CLOCK_OFF_MAX,
                // It does not say: it is set when it is first heard.
                None => self.view.heard_ms.is_none(),
            }
    }

    fn of_list(&self, done: Result<usize, Halted>) -> Outcome {
        match done {
            Ok(_) => Outcome::Done,
            Err(halted) => Outcome::Halted { halted, batch_items: self.driver.batch_items() },
        }
    }

    async fn read_back(&mut self, items: &[ScaleItem]) -> Outcome {
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            match self.driver.read_back(item.plu).await {
                Ok(found) => read.push(Compared { kept: self.driver.kept(item), found }),
                // What cannot be read is not what was written.
                Err(LabelScaleError::Refused { .. } | LabelScaleError::Protocol { .. }) => {
                    read.push(Compared { kept: self.driver.kept(item), found: None });
                }
                Err(error) if read.is_empty() => return Outcome::Failed(error),
                // The next step meets it again.
                Err(_) => break,
            }
        }
        Outcome::Read(read)
    }

    /// How many articles the next step has, and how long the line is left to others.
    fn pace(&mut self, step: &Step, took: Duration) -> Duration {
        let count = match step {
            Step::Write(items) | Step::ReadBack(items) => items.len(),
            Step::Erase(plus) => plus.len(),
            _ => return Duration::ZERO,
        };
        if took > BATCH_LASTS {
            self.batch = (self.batch / 2).max(1);
        } else if took < BATCH_LASTS / 2 && count >= self.batch {
            self.batch = (self.batch * 2).min(BATCH_MAX);
        }
        let Some(limit) = self.settings.articles_per_second_max.filter(|limit| *limit > 0) else {
            return Duration::ZERO;
        };
        self.batch = self.batch.min(limit as usize).max(1);
        Duration::from_secs_f64(count as f64 / f64::from(limit)).saturating_sub(took)
    }

    fn show(&mut self) {
        let reconciler = &self.reconciler;
        let known = reconciler.known();
        let wanted_version = reconciler.wanted().map_or(0, |wanted| wanted.version);
        let has_all = reconciler.is_equal() && reconciler.set_aside_count() == 0;
        let view = ScaleView {
            phase: self.phase(),
            wanted: reconciler.wanted().map_or(0, |wanted| wanted.items.len()),
            waiting: reconciler.waiting(),
            reading: reconciler.reading(),
            left_out: reconciler.wanted().map_or(0, |wanted| wanted.left_out.len()),
            set_aside: reconciler.set_aside_count(),
            version: if has_all { wanted_version } else { self.view.version.min(wanted_version.saturating_sub(1)) },
            sells: !known.begun || !known.items.is_empty(),
            failure: reconciler.failure().map(str::to_owned),
            differences: reconciler.differences().to_vec(),
            checked_ms: known.checked_ms,
            ..std::mem::take(&mut self.view)
        };
        self.ports.board.put(&self.settings.name, view.clone());
        self.view = view;
    }

    fn phase(&self) -> Phase {
        let reconciler = &self.reconciler;
        match () {
            () if reconciler.failure().is_some() => Phase::Failing,
            () if reconciler.known().paused => Phase::Paused,
            () if reconciler.wanted().is_none() => Phase::NoPlan,
            () if reconciler.is_held() => Phase::Held,
            () if !reconciler.is_equal() => Phase::Writing,
            () if self.view.heard_ms.is_none() => Phase::Waiting,
            () if reconciler.reading() > 0 => Phase::Checking,
            () => Phase::Equal,
        }
    }
}

impl Actor for ScaleKeeper {
    type State = ScaleView;

    async fn started(&mut self, scope: &Scope<ScaleKeeper>) -> Result<(), StartError> {
        self.plan();
        self.show();
        let (me, poke, mut goods) = (scope.me::<Turn>(), self.poke.clone(), self.ports.goods.clone());
        goods.mark_unchanged();
        scope.spawn(async move {
            loop {
                let pause = me.ask_within(TURN_LASTS_MAX, Turn).await.unwrap_or(RECORDS_RETRY);
                if pause.is_zero() {
                    // Others live on this thread too.
                    tokio::task::yield_now().await;
                    continue;
                }
                tokio::select! {
                    () = poke.notified() => {}
                    changed = goods.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
        Ok(())
    }

    fn observe(&self) -> ScaleView {
        self.view.clone()
    }
}

impl Handle<Turn> for ScaleKeeper {
    async fn handle(&mut self, _: Turn, _: &Scope<ScaleKeeper>) -> Duration {
        self.turn().await.unwrap_or_else(|error| {
            tracing::error!(scale = %self.settings.name, %error, "what lies on the scale cannot be written down");
            self.view.last_failure = Some(format!("what lies on the scale cannot be written down: {error}"));
            self.view.failed_ms = Some(self.ports.clock.now_ms());
            self.show();
            RECORDS_RETRY
        })
    }
}

impl Handle<Do> for ScaleKeeper {
    async fn handle(&mut self, message: Do, _: &Scope<ScaleKeeper>) -> Result<(), String> {
        tracing::info!(scale = %self.settings.name, command = ?message.command, "a person asks");
        let notes = match message.command {
            Command::Load => self.reconciler.load(),
            Command::WriteAll => self.reconciler.write_all(),
            Command::Check => self.reconciler.check(self.ports.clock.now_ms()),
            Command::Clear => self.reconciler.clear(),
            Command::SetTime => {
                if !self.abilities.time {
                    return Err("The clock of this scale cannot be set from here.".to_owned());
                }
                self.reconciler.set_time();
                Vec::new()
            }
        };
        self.note(notes).await.map_err(|error| error.to_string())?;
        self.show();
        self.poke.notify_one();
        Ok(())
    }
}

impl Handle<ReadBack> for ScaleKeeper {
    async fn handle(&mut self, message: ReadBack, _: &Scope<ScaleKeeper>) -> Result<Compared, LabelScaleError> {
        // What the driver remembers may be older than what a person has just done at the scale.
        self.driver.status().await?;
        let found = self.driver.read_back(message.plu).await?;
        let wanted = self.reconciler.wanted().and_then(|wanted| wanted.items.get(&message.plu));
        let kept = wanted.map(|article| self.driver.kept(&article.item)).unwrap_or_default();
        Ok(Compared { kept, found })
    }
}

impl Handle<Totals> for ScaleKeeper {
    async fn handle(&mut self, _: Totals, _: &Scope<ScaleKeeper>) -> Result<Vec<ScaleTotal>, LabelScaleError> {
        let plus: Vec<u32> = self.reconciler.known().items.keys().copied().take(TOTALS_MAX).collect();
        self.driver.totals(&plus).await
    }
}

impl Handle<ShowShelf> for ScaleKeeper {
    async fn handle(&mut self, _: ShowShelf, _: &Scope<ScaleKeeper>) -> Shelf {
        let Some(wanted) = self.reconciler.wanted().cloned() else { return Shelf::default() };
        let mut shelf = Shelf::default();
        for (plu, article) in &wanted.items {
            if let Some(why) = self.reconciler.why_set_aside(*plu) {
                shelf.set_aside.push((*plu, article.code.clone(), why.to_owned()));
            } else if self.reconciler.known().items.get(plu) != Some(&Some(article.digest)) {
                shelf.waiting.push(*plu);
            }
        }
        shelf.wanted = Some(wanted);
        shelf
    }
}
