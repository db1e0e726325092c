//! The ways down: the nodes that link to this one, one session each.
//!
//! Takes their documents into the database, gives them datasets, answers their questions. Who may link is decided by
//! [`Admit`]; a newer session of a node takes the place of the older one.

mod crowd;
mod greeting;
mod handshake;
mod heads;
mod proving;
mod session;
mod status;
mod strangers;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::spec::StartError;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::admit::Admit;
use crate::apply::{Apply, Peer};
use crate::archive;
use crate::bell::Bell;
use crate::datasets::DatasetSource;
use crate::gate::Renewals;
use crate::gate::refusals::Refusals;
use crate::identity;
use crate::inbox::parked::{self, Retried};
use crate::intake::{Here, Intake};
use crate::requests::{Answer, SOFTWARE};
use crate::session::Window;
use crate::session::alive::Patience;
use crate::transport::Accept;

use heads::Heads;
pub use status::{DownlinksStatus, PeerStatus};
use strangers::Strangers;

/// Less than the supervisor gives an actor for stopping.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// Nodes that were away in the night, or all after a restart, are compared over this time.
const COMPARE_WITHIN: Duration = Duration::from_secs(30 * 60);

/// What downlinks are built from.
#[derive(Clone, Debug)]
pub struct DownlinkSettings {
    /// This node, as the nodes below see it.
    pub me: Peer,
    /// The datasets that may be asked for.
    pub datasets: &'static [&'static str],
    pub window: Window,
    /// Name and version of the program, for nodes below that ask.
    pub software: String,
    /// A node that was not compared since this one began is compared at a random moment of this time.
    pub compare_within: Duration,
    /// How long silence of a node below is borne.
    pub patience: Patience,
    /// What the clocks of the nodes below are held against.
    pub clock: Clock,
}

impl DownlinkSettings {
    pub fn new(me: Peer) -> DownlinkSettings {
        DownlinkSettings {
            me,
            datasets: &[],
            window: Window::default(),
            software: SOFTWARE.to_owned(),
            compare_within: COMPARE_WITHIN,
            patience: Patience::default(),
            clock: Clock::system(),
        }
    }

    pub fn software(mut self, software: impl Into<String>) -> DownlinkSettings {
        self.software = software.into();
        self
    }

    pub fn compare_within(mut self, within: Duration) -> DownlinkSettings {
        self.compare_within = within;
        self
    }

    pub fn datasets(mut self, datasets: &'static [&'static str]) -> DownlinkSettings {
        self.datasets = datasets;
        self
    }

    pub fn window(mut self, window: Window) -> DownlinkSettings {
        self.window = window;
        self
    }

    pub fn patience(mut self, patience: Patience) -> DownlinkSettings {
        self.patience = patience;
        self
    }

    pub fn clock(mut self, clock: Clock) -> DownlinkSettings {
        self.clock = clock;
        self
    }
}

/// The surroundings of the downlinks, the same for every session.
#[derive(Clone)]
pub(crate) struct Wiring {
    pub(crate) database: Database,
    pub(crate) settings: DownlinkSettings,
    pub(crate) admit: Arc<dyn Admit>,
    pub(crate) refusals: Refusals,
    pub(crate) apply: Arc<dyn Apply>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) source: Option<Arc<dyn DatasetSource>>,
    pub(crate) answer: Option<Arc<dyn Answer>>,
    /// Rung by whoever changes datasets here.
    pub(crate) datasets_bell: Bell,
    pub(crate) heads: watch::Receiver<Heads>,
    /// Rung after every committed batch: the bell of the own uplink when documents are relayed, and whoever else looks.
    pub(crate) commit_bells: Vec<Bell>,
    /// Whether the node above knows where this database stands.
    pub(crate) compared: Option<watch::Receiver<bool>>,
    pub(crate) elsewhere: Option<Arc<dyn Elsewhere>>,
}

/// The sessions that other processes of this node hold.
pub trait Elsewhere: Send + Sync + 'static {
    /// Whether one of them is with `peer`, and that answers. False when nobody knows.
    fn lives<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, bool>;
}

impl Wiring {
    pub(crate) fn is_compared(&self) -> bool {
        self.compared.as_ref().is_none_or(|compared| *compared.borrow())
    }

    pub(crate) fn ring_committed(&self) {
        for bell in &self.commit_bells {
            bell.ring();
        }
    }
}

/// The actor.
pub struct Downlinks {
    wiring: Wiring,
    sessions: Rc<RefCell<Sessions>>,
    heads: watch::Sender<Heads>,
    tasks: TaskTracker,
    /// However this object ends, its sessions end with it.
    _all: DropGuard,
}

impl Downlinks {
    pub fn new(
        database: Database,
        settings: DownlinkSettings,
        admit: Arc<dyn Admit>,
        apply: Arc<dyn Apply>,
    ) -> Downlinks {
        let refusals = admit.gate().map_or_else(|| Refusals::new(database.clone()), |gate| gate.refusals().clone());
        let intake = Arc::new(Here { database: database.clone(), apply: apply.clone() });
        let (heads, told) = watch::channel(Heads::default());
        let wiring = Wiring {
            database,
            settings,
            admit,
            refusals,
            apply,
            intake,
            source: None,
            answer: None,
            datasets_bell: Bell::new(),
            heads: told,
            commit_bells: Vec::new(),
            compared: None,
            elsewhere: None,
        };
        let sessions = Sessions::default();
        let all = sessions.all.clone().drop_guard();
        Downlinks { wiring, sessions: Rc::new(RefCell::new(sessions)), heads, tasks: TaskTracker::new(), _all: all }
    }

    /// Give datasets from `source`; `bell` is rung when they change.
    pub fn datasets_from(mut self, source: Arc<dyn DatasetSource>, bell: Bell) -> Downlinks {
        self.wiring.source = Some(source);
        self.wiring.datasets_bell = bell;
        self
    }

    /// Let another than this node's own database take the documents.
    pub fn taken_by(mut self, intake: Arc<dyn Intake>) -> Downlinks {
        self.wiring.intake = intake;
        self
    }

    pub fn answers(mut self, answer: Arc<dyn Answer>) -> Downlinks {
        self.wiring.answer = Some(answer);
        self
    }

    /// Welcome nobody until the own uplink tells through `compared` that the node above knows where this database stands: a
    /// node below that went back too would be compared with one that does not know what it lost.
    pub fn waits_for(mut self, compared: watch::Receiver<bool>) -> Downlinks {
        self.wiring.compared = Some(compared);
        self
    }

    /// Refuse a copy of a node that is linked to another process.
    pub fn beside(mut self, elsewhere: Arc<dyn Elsewhere>) -> Downlinks {
        self.wiring.elsewhere = Some(elsewhere);
        self
    }

    /// Ring `bell` after every committed batch.
    pub fn ring(mut self, bell: Bell) -> Downlinks {
        self.wiring.commit_bells.push(bell);
        self
    }
}

/// Who is linked now, and what is known of those who were.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    pub(crate) strangers: Strangers,
    pub(crate) last_session: u64,
    /// Cancelled when the node stops: every session ends.
    pub(crate) all: CancellationToken,
    pub(crate) cut: BTreeSet<String>,
    pub(crate) live: BTreeMap<String, Live>,
    pub(crate) seen: BTreeMap<String, PeerStatus>,
    /// The generation of the datasets with which each node was compared last.
    pub(crate) compared: BTreeMap<String, u64>,
    /// Nodes that were linked when this one began to stop.
    pub(crate) leaving: usize,
    pub(crate) refused: u64,
    pub(crate) last_refusal: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) session: u64,
    pub(crate) stop: CancellationToken,
    /// When its last frame came.
    pub(crate) heard: Rc<Cell<Instant>>,
    /// Somebody wants to know whether the other side is still there.
    pub(crate) probe: Rc<Notify>,
}

/// Cut the line to one node on purpose, or let it come back. Sender: operators, scripts. Answer: none. Repeat: yes.
#[derive(Clone, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct SetLine {
    pub peer: String,
    pub up: bool,
}

/// Who is linked? Sender: screens, operators. Repeat: yes.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "DownlinksStatus")]
pub struct Status;

/// Is there a session with this node, and does it answer? Sender: another process that is asked to link it. Answer: by and by;
/// nothing comes when this actor ends before. Repeat: yes.
#[derive(Clone, Debug, actix::Message)]
#[rtype(result = "Looking")]
pub struct Lives(pub String);

/// An answer that is on its way.
#[derive(Debug)]
pub struct Looking(pub oneshot::Receiver<bool>);

/// Compare the rows of all nodes below with those here, and mend what differs. Sender: operators. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct CompareDatasets;

/// Offer parked documents again, those of each till in order. Sender: operators. Answer: what came of it, or why the
/// database did not take it. Repeat: yes.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "Result<Retried, String>")]
pub struct RetryParked;

impl Actor for Downlinks {
    type State = DownlinksStatus;

    async fn started(&mut self, scope: &Scope<Downlinks>) -> Result<(), StartError> {
        identity::identity(&self.wiring.database).await.map_err(StartError::new)?;
        scope.spawn(self.wiring.refusals.clone().keep());
        if let Some(gate) = self.wiring.admit.gate() {
            scope.spawn(gate.clone().watch());
            let answer = self.wiring.answer.take();
            self.wiring.answer = Some(Arc::new(Renewals { gate: gate.clone(), answer }));
        }
        if let Some(source) = self.wiring.source.clone() {
            let (datasets, ear) = (self.wiring.settings.datasets, self.wiring.datasets_bell.ear());
            let first = heads::read(source.as_ref(), datasets).await.map_err(StartError::new)?;
            self.heads.send_replace(first);
            scope.spawn(heads::follow(source, datasets, ear, self.heads.clone()));
        }
        let waiting = parked::count(&self.wiring.database.reader).await.map_err(StartError::new)?;
        if waiting > 0 {
            // After an upgrade documents of a newer kind may be known now.
            scope.me::<RetryParked>().nudge(RetryParked);
        }
        scope.spawn(archive::let_go_of_old(self.wiring.database.clone(), archive::Whose::Received));
        Ok(())
    }

    /// Say goodbye to those who are linked, so that they know it was meant.
    async fn stopping(&mut self) {
        {
            let mut sessions = self.sessions.borrow_mut();
            sessions.leaving = sessions.live.len();
            sessions.all.cancel();
        }
        self.tasks.close();
        if tokio::time::timeout(GOODBYE_WITHIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("some nodes below did not take the last word");
        }
        self.wiring.refusals.flush().await;
    }

    fn observe(&self) -> DownlinksStatus {
        self.sessions.borrow().status()
    }
}

impl Handle<Accept> for Downlinks {
    async fn handle(&mut self, Accept { duplex, from }: Accept, scope: &Scope<Downlinks>) {
        let session = handshake::run(self.wiring.clone(), self.sessions.clone(), duplex, from);
        // A task of its own outlives the end of the scope for a moment, to say goodbye; its panic is still this actor's.
        let task = tokio::task::spawn_local(self.tasks.track_future(session));
        scope.spawn(async move {
            if let Err(failed) = task.await
                && let Ok(panic) = failed.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        });
    }
}

impl Handle<SetLine> for Downlinks {
    async fn handle(&mut self, SetLine { peer, up }: SetLine, _: &Scope<Downlinks>) {
        tracing::info!(peer, up, "the line to a node below was set");
        let mut sessions = self.sessions.borrow_mut();
        if up {
            sessions.cut.remove(&peer);
        } else {
            if let Some(live) = sessions.live.get(&peer) {
                live.stop.cancel();
            }
            sessions.cut.insert(peer);
        }
    }
}

impl Handle<CompareDatasets> for Downlinks {
    async fn handle(&mut self, _: CompareDatasets, _: &Scope<Downlinks>) {
        if let Some(source) = &self.wiring.source {
            source.look_again();
            self.wiring.datasets_bell.ring();
        }
    }
}

impl Handle<Status> for Downlinks {
    async fn handle(&mut self, _: Status, _: &Scope<Downlinks>) -> DownlinksStatus {
        self.sessions.borrow().status()
    }
}

impl Handle<Lives> for Downlinks {
    async fn handle(&mut self, Lives(peer): Lives, scope: &Scope<Downlinks>) -> Looking {
        let (tell, told) = oneshot::channel();
        let sessions = self.sessions.clone();
        scope.spawn(async move {
            // Whoever asked may have gone.
            tell.send(handshake::lives_here(&sessions, &peer).await).ok();
        });
        Looking(told)
    }
}

impl Handle<RetryParked> for Downlinks {
    async fn handle(&mut self, _: RetryParked, _: &Scope<Downlinks>) -> Result<Retried, String> {
        let retried = parked::retry(&self.wiring.database, self.wiring.apply.as_ref())
            .await
            .map_err(|error| format!("parked documents cannot be offered again: {error}"))?;
        if retried.applied > 0 {
            self.wiring.ring_committed();
        }
        Ok(retried)
    }
}
