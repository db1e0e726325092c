//! The way up: one connection to the node above, dialled again whenever it is lost.
//!
//! Sends the outbox, takes the datasets, asks questions. The database is the queue: this actor holds nothing that a restart
//! could lose. Its session is a task beside it, so that a busy line never holds up the mailbox.

pub mod backoff;
mod meeting;
mod proving;
mod session;
mod status;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::spec::StartError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::apply::Peer;
use crate::bell::{Bell, LOOK_EVERY};
use crate::datasets::DatasetSink;
use crate::frame::BODY_BYTES_MAX;
use crate::recovery::Restore;
use crate::requests::{Answering, AskAbove, Question, RequestError, SOFTWARE};
use crate::session::alive::Patience;
use crate::session::taking::Left;
use crate::transport::Dial;
use crate::trust::credentials::Credentials;
use crate::{archive, identity, inbox, outbox};

use crate::identity::{Identity, Note, NotePlace};

use backoff::Backoff;
pub use status::UplinkStatus;

/// A question waits so long for its answer when the asker says nothing else.
pub const ASK_WITHIN: Duration = Duration::from_secs(3);
/// Questions that may wait for the session to take them.
const ASKS_MAX: usize = 16;
/// A node above that did not answer until then is not waited for.
const BELIEVED_AFTER: Duration = Duration::from_secs(3);

/// What an uplink is built from.
#[derive(Clone)]
pub struct UplinkSettings {
    /// This node, as the node above knows it.
    pub me: Peer,
    pub token: String,
    /// The key and the certificate of a node that was enrolled: shown in the place of the token.
    pub credentials: Option<Arc<Credentials>>,
    /// Name and version of the program, for the operator above.
    pub software: String,
    /// The datasets to ask for, in this order.
    pub datasets: &'static [&'static str],
    pub reconnect_min: Duration,
    pub reconnect_max: Duration,
    /// How long silence of the node above is borne.
    pub patience: Patience,
}

impl UplinkSettings {
    pub fn new(me: Peer, token: impl Into<String>) -> UplinkSettings {
        UplinkSettings {
            me,
            token: token.into(),
            credentials: None,
            software: SOFTWARE.to_owned(),
            datasets: &[],
            reconnect_min: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(60),
            patience: Patience::default(),
        }
    }

    pub fn datasets(mut self, datasets: &'static [&'static str]) -> UplinkSettings {
        self.datasets = datasets;
        self
    }

    pub fn credentials(mut self, credentials: Option<Arc<Credentials>>) -> UplinkSettings {
        self.credentials = credentials;
        self
    }

    pub fn reconnect(mut self, min: Duration, max: Duration) -> UplinkSettings {
        (self.reconnect_min, self.reconnect_max) = (min, max);
        self
    }

    pub fn patience(mut self, patience: Patience) -> UplinkSettings {
        self.patience = patience;
        self
    }
}

impl std::fmt::Debug for UplinkSettings {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UplinkSettings").field("me", &self.me).field("datasets", &self.datasets).finish_non_exhaustive()
    }
}

/// The surroundings of the uplink, the same for every session.
#[derive(Clone)]
struct Wiring {
    database: Database,
    dial: Arc<dyn Dial>,
    sink: Option<Arc<dyn DatasetSink>>,
    settings: UplinkSettings,
    /// Rung by whoever appends to the outbox.
    outbox_bell: Bell,
    /// Rung here when rows of a dataset were kept.
    datasets_bell: Bell,
    restore: Option<Arc<dyn Restore>>,
    note: Notes,
    /// Whether the node above knows where this database stands.
    compared: watch::Sender<bool>,
}

/// The note of where the database stands, beside it. It never goes back, and is never behind what was sent.
#[derive(Clone, Default)]
struct Notes {
    place: Option<Arc<dyn NotePlace>>,
    written: Arc<Mutex<Option<Note>>>,
}

impl Notes {
    fn read(&self) -> Option<Note> {
        self.place.as_ref().and_then(|place| place.read()).and_then(|text| Note::from_text(&text))
    }

    /// Before documents up to `sequence` are sent. One note serves for all that waited when it was written.
    async fn reach(&self, database: &Database, sequence: u64) {
        let noted = self.written.lock().await.is_some_and(|note| note.last.sequence >= sequence);
        if !noted {
            self.keep(database).await;
        }
    }

    /// The database is another one from now on: what was written says nothing of it.
    async fn forget(&self) {
        *self.written.lock().await = None;
    }

    /// Write down where `database` stands now.
    async fn keep(&self, database: &Database) {
        if let Err(error) = self.try_keep(database).await {
            tracing::warn!(%error, "where the database stands is not noted beside it");
        }
    }

    async fn try_keep(&self, database: &Database) -> Result<(), Box<dyn std::error::Error>> {
        let Some(place) = &self.place else { return Ok(()) };
        let mut written = self.written.lock().await;
        let identity = identity::identity(database).await?;
        let last = outbox::heads(&database.reader).await?.last;
        let note = Note { incarnation: identity.incarnation, last };
        if !identity.compared || *written == Some(note) {
            // What the database lost is not forgotten before it is back.
            return Ok(());
        }
        place.write(note.to_text()).await?;
        *written = Some(note);
        Ok(())
    }
}

/// The actor.
pub struct Uplink {
    wiring: Wiring,
    status: Rc<RefCell<UplinkStatus>>,
    line: watch::Sender<bool>,
    asks: mpsc::Sender<Ask>,
    asked: Option<mpsc::Receiver<Ask>>,
}

struct Ask {
    type_id: u32,
    body: Vec<u8>,
    until: Instant,
    answer: oneshot::Sender<Result<Vec<u8>, RequestError>>,
}

impl Uplink {
    /// `outbox_bell` wakes it after a commit; it rings `datasets_bell` when rows were kept, for the nodes below.
    pub fn new(
        database: Database,
        dial: Arc<dyn Dial>,
        settings: UplinkSettings,
        sink: Option<Arc<dyn DatasetSink>>,
        outbox_bell: Bell,
        datasets_bell: Bell,
    ) -> Uplink {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let status = UplinkStatus { to: dial.to(), line_up: true, ..UplinkStatus::default() };
        Uplink {
            wiring: Wiring {
                database,
                dial,
                sink,
                settings,
                outbox_bell,
                datasets_bell,
                restore: None,
                note: Notes::default(),
                compared: watch::Sender::new(true),
            },
            status: Rc::new(RefCell::new(status)),
            line: watch::Sender::new(true),
            asks,
            asked: Some(asked),
        }
    }

    /// Take back with `restore` what was lost when this database went back. Without it such a database is not linked.
    pub fn restores(mut self, restore: Arc<dyn Restore>) -> Uplink {
        self.wiring.restore = Some(restore);
        self
    }

    /// Note at `place` where the database stands, so that an old copy of it is known for one.
    pub fn notes_in(mut self, place: impl NotePlace) -> Uplink {
        self.wiring.note.place = Some(Arc::new(place));
        self
    }

    /// Tell through `compared` whether the node above knows where this database stands.
    pub fn tells(mut self, compared: watch::Sender<bool>) -> Uplink {
        self.wiring.compared = compared;
        self
    }
}

/// Cut the line on purpose, or mend it. A cut holds until it is mended or the actor is restarted. Sender: operators,
/// scripts. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct SetLine {
    pub up: bool,
}

/// How is the line? Sender: screens, operators. Repeat: yes.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "UplinkStatus")]
pub struct Status;

impl Actor for Uplink {
    type State = UplinkStatus;

    async fn started(&mut self, scope: &Scope<Uplink>) -> Result<(), StartError> {
        if !self.recall().await.map_err(StartError::new)?.compared {
            self.wiring.compared.send_replace(false);
        }
        let Some(asked) = self.asked.take() else { return Ok(()) };
        let dialling = Dialling {
            wiring: self.wiring.clone(),
            status: self.status.clone(),
            line: self.line.subscribe(),
            memory: Memory { asked, left: Left::default() },
        };
        scope.spawn(dialling.run());
        if let Some(credentials) = self.wiring.settings.credentials.clone() {
            scope.spawn(proving::keep_fresh(credentials, self.status.clone(), self.asks.clone()));
        }
        scope.spawn(look(self.wiring.clone(), self.status.clone()));
        let wiring = self.wiring.clone();
        scope.spawn(async move {
            tokio::time::sleep(BELIEVED_AFTER).await;
            believe(&wiring).await;
        });
        scope.spawn(archive::let_go_of_old(self.wiring.database.clone(), archive::Whose::Own));
        Ok(())
    }

    fn observe(&self) -> UplinkStatus {
        self.status.borrow().clone()
    }
}

impl Handle<SetLine> for Uplink {
    async fn handle(&mut self, SetLine { up }: SetLine, _: &Scope<Uplink>) {
        self.status.borrow_mut().line_up = up;
        self.line.send_replace(up);
        tracing::info!(up, "the line to the node above was set");
    }
}

impl Handle<Status> for Uplink {
    async fn handle(&mut self, _: Status, _: &Scope<Uplink>) -> UplinkStatus {
        refresh(&self.wiring.database, &self.status).await;
        self.status.borrow().clone()
    }
}

impl Uplink {
    /// Which database this is. One that stands before its own note is an old copy.
    async fn recall(&self) -> Result<Identity, sea_orm::DbErr> {
        let database = &self.wiring.database;
        let identity = identity::identity(database).await?;
        let last = outbox::heads(&database.reader).await?.last;
        match self.wiring.note.read() {
            Some(note) if note.is_ahead_of(identity, last) => {
                tracing::error!(
                    here = last.sequence,
                    noted = note.last.sequence,
                    "this database is older than what was noted beside it: it was restored from a backup"
                );
                identity::renew(database).await
            }
            // Compared, and nothing is noted: it comes from elsewhere, or from before the first note.
            None if identity.compared && self.wiring.note.place.is_some() => {
                tracing::error!("nothing is noted beside this database: the node above is asked where it stands");
                identity::renew(database).await
            }
            _ => Ok(identity),
        }
    }

    fn put(&self, type_id: u32, body: Vec<u8>) -> Result<Answering, RequestError> {
        if !self.status.borrow().connected {
            return Err(RequestError::NoLine);
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(RequestError::Refused("the question is too large for the line".to_owned()));
        }
        let (answer, answered) = oneshot::channel();
        let ask = Ask { type_id, body, until: Instant::now() + ASK_WITHIN, answer };
        self.asks.try_send(ask).map_err(|_| RequestError::NoLine)?;
        Ok(Answering(answered))
    }
}

impl Handle<Question> for Uplink {
    async fn handle(
        &mut self,
        Question { type_id, body }: Question,
        _: &Scope<Uplink>,
    ) -> Result<Answering, RequestError> {
        self.put(type_id, body)
    }
}

impl Handle<AskAbove> for Uplink {
    async fn handle(
        &mut self,
        AskAbove { type_id, body }: AskAbove,
        _: &Scope<Uplink>,
    ) -> Result<Vec<u8>, RequestError> {
        let answering = self.put(type_id, body)?;
        match tokio::time::timeout(ASK_WITHIN, answering.0).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(RequestError::NoLine),
            Err(_) => Err(RequestError::Deadline),
        }
    }
}

/// What an operator sees stays true while there is no session.
async fn look(wiring: Wiring, status: Rc<RefCell<UplinkStatus>>) {
    loop {
        refresh(&wiring.database, &status).await;
        wiring.note.keep(&wiring.database).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The node above cannot be asked now: this database is believed that it was compared. A machine that was put back with its
/// note does not know that it was; so the node above is asked first if it is there.
async fn believe(wiring: &Wiring) {
    if *wiring.compared.borrow() {
        return;
    }
    match identity::identity(&wiring.database).await {
        Ok(identity) if identity.compared => drop(wiring.compared.send_replace(true)),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "it is not known whether this database was compared"),
    }
}

async fn refresh(database: &Database, status: &RefCell<UplinkStatus>) {
    let read = async {
        let heads = outbox::heads(&database.reader).await?;
        let unsent = outbox::unsent(&database.reader).await?;
        let parked = inbox::parked::count(&database.reader).await?;
        Ok::<_, sea_orm::DbErr>((heads, unsent, parked))
    };
    match read.await {
        Ok((heads, unsent, parked)) => status.borrow_mut().looked(heads, unsent, parked),
        Err(error) => status.borrow_mut().last_error = Some(format!("the outbox cannot be read: {error}")),
    }
}

/// Dials, runs a session, waits, dials again.
struct Dialling {
    wiring: Wiring,
    status: Rc<RefCell<UplinkStatus>>,
    line: watch::Receiver<bool>,
    memory: Memory,
}

/// What outlives a session.
struct Memory {
    asked: mpsc::Receiver<Ask>,
    /// What the session before had collected of datasets.
    left: Left,
}

impl Dialling {
    async fn run(mut self) {
        let settings = &self.wiring.settings;
        let mut backoff = Backoff::new(settings.reconnect_min, settings.reconnect_max);
        loop {
            if !*self.line.borrow_and_update() {
                believe(&self.wiring).await;
                if self.line.changed().await.is_err() {
                    return;
                }
                // Mended by hand: somebody is waiting for it.
                backoff.reset();
                continue;
            }
            let end = self.once().await;
            believe(&self.wiring).await;
            backoff.lived(end.lived);
            let wait = backoff.next(&mut rand::rng()).max(end.retry_after);
            self.status.borrow_mut().waits_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => {}
                _ = self.line.changed() => {}
            }
        }
    }

    /// One connection to its end.
    async fn once(&mut self) -> session::End {
        let mut line = self.line.clone();
        let cut = async move {
            // An error means the actor is gone, and with it this task.
            line.wait_for(|up| !up).await.ok();
        };
        let wiring = self.wiring.clone();
        let connected = async {
            let duplex = wiring.dial.dial().await.map_err(|error| session::End::failed(error.to_string()))?;
            session::run(&wiring, duplex, &self.status, &mut self.memory).await
        };
        let end = tokio::select! {
            biased;
            end = connected => end.err().unwrap_or_default(),
            () = cut => session::End::failed("the line was cut on purpose".to_owned()),
        };
        // Nobody is there to answer what is still waiting.
        while let Ok(ask) = self.memory.asked.try_recv() {
            ask.answer.send(Err(RequestError::NoLine)).ok();
        }
        let mut status = self.status.borrow_mut();
        if status.last_error.as_deref() != Some(end.sentence.as_str()) {
            tracing::warn!(to = status.to, reason = end.sentence, "no line to the node above");
        }
        status.disconnected(end.sentence.clone());
        end
    }
}
