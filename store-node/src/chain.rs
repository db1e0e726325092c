//! A whole chain in one process: a head office, store servers and tills, each a real node on its own thread with its own
//! databases, joined by links in memory and each till by a byte stream to its own emulated fiscal device.
//!
//! Replays and demonstrations work on it. Any node can be killed without warning and started again on its files; the
//! emulated devices are not nodes and live through it, as devices on a counter do.

pub mod accounts;
pub mod desk;
pub mod hq;
pub mod look;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use devices::fiscal::FiscalDevice;
use devices::fiscal::shtrih::Shtrih;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use domain::ids::{StoreId, TillId};
use futures_util::future::{BoxFuture, FutureExt};
use hq_node::node::HqNode;
use link::admit::Admit;
use link::apply::Peer;
use link::transport::Dial;
use link::transport::memory::MemoryHub;
use link::transport::websocket::WebSocketDial;
use link::uplink::SetLine;
use messages::v1::till::{TillCommand, TillError, TillReply};
use migrations::database::Location;
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::reference::{ActorRef, SendError};
use scales::keeper::ScaleSettings;
use till::{DeviceFactory, SagaStep, StepHook, TillSettings, UnknownOperators};
use tokio_util::sync::CancellationToken;

use desk::Desk;

use crate::node_thread::NodeThread;
use crate::nodes::{ServerNode, ServerParts, TillNode, TillParts, server_file, till_folder};

/// The name of the head office in the network of this process.
const HQ: &str = "hq";
/// Lines in one process are dialled again almost at once.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// A till that is new hears within this what its store knows of it, if the store is there.
const COMPARED_WITHIN: Duration = Duration::from_secs(10);
/// A till that was killed comes back within this, its device asked what happened.
const REVIVE_DEADLINE: Duration = Duration::from_secs(60);

/// How a chain is built.
pub struct ChainOptions {
    pub data: PathBuf,
    pub clock: Clock,
    /// The link of a head office elsewhere and the stores' token there; without it one is started here.
    pub hq: Option<(String, String)>,
    /// Where the head office started here serves its pages and its link; port 0 takes a free one.
    pub hq_listen: String,
    /// The token by which every node of the chain is admitted.
    pub token: String,
    /// The operator's token of the head office.
    pub ops_token: Option<String>,
    /// The password of the head office's "admin".
    pub admin_password: Option<String>,
    /// Whether operators who are not in the staff list may work.
    pub unknown_operators: UnknownOperators,
    /// Whether the emulated devices keep their memory with the data, for a chain that is started again.
    pub devices_remember: bool,
    /// The label scales of each store.
    pub scales: BTreeMap<StoreId, Vec<ScaleSettings>>,
    /// Addresses of databases on PostgreSQL, by the code of the store, or "hq"; the others are files.
    pub databases: BTreeMap<String, String>,
}

impl ChainOptions {
    pub fn new(data: PathBuf, clock: Clock) -> ChainOptions {
        ChainOptions {
            data,
            clock,
            hq: None,
            hq_listen: "127.0.0.1:0".to_owned(),
            token: "chain".to_owned(),
            ops_token: None,
            admin_password: None,
            unknown_operators: UnknownOperators::Allow,
            devices_remember: false,
            scales: BTreeMap::new(),
            databases: BTreeMap::new(),
        }
    }
}

/// Whoever shows the one token of the chain is admitted under the name it gives.
struct OneToken(String);

impl Admit for OneToken {
    fn admit<'a>(&'a self, peer: &'a Peer, token: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let right = token == self.0;
        let answer = if right { Ok(()) } else { Err(format!("{} is not admitted: check its token", peer.name)) };
        std::future::ready(answer).boxed()
    }
}

/// A step at which the till on this thread dies, when one is set.
type DeathStep = Arc<Mutex<Option<SagaStep>>>;

struct TillPlace {
    /// None only while it is being started again.
    thread: Option<NodeThread<TillNode>>,
    emulator: EmulatorHandle,
    desk: Desk,
    dies_at: DeathStep,
}

struct StorePlace {
    thread: Option<NodeThread<ServerNode>>,
    tills: BTreeMap<TillId, TillPlace>,
    /// Lines that were cut on purpose stay cut through a restart.
    line_up: bool,
    till_lines_down: std::collections::BTreeSet<TillId>,
}

/// The chain.
pub struct Chain {
    options: ChainOptions,
    hub: MemoryHub,
    hq: Option<NodeThread<HqNode>>,
    stores: BTreeMap<StoreId, StorePlace>,
    /// Set by a script, which tells each store's day by itself.
    clocks: BTreeMap<StoreId, Clock>,
}

impl Chain {
    pub async fn start(options: ChainOptions) -> anyhow::Result<Chain> {
        std::fs::create_dir_all(&options.data)?;
        let hub = MemoryHub::new();
        let mut chain = Chain { options, hub, hq: None, stores: BTreeMap::new(), clocks: BTreeMap::new() };
        if chain.options.hq.is_none() {
            chain.start_hq().await?;
        }
        Ok(chain)
    }

    pub fn clock(&self) -> &Clock {
        &self.options.clock
    }

    /// It is `at` in a store now, and no earlier anywhere else that has no time of its own. No clock runs back.
    pub fn set_time(&mut self, store: Option<&StoreId>, at: DateTime<FixedOffset>) {
        self.options.clock.set(at);
        if let Some(store) = store {
            self.clocks.entry(store.clone()).or_insert_with(|| Clock::by_hand(at)).set(at);
        }
    }

    /// The clock of a store and its tills: the machine's, or one of the store's own that is set by hand.
    fn clock_of(&self, store: &StoreId) -> Clock {
        self.clocks.get(store).unwrap_or(&self.options.clock).clone()
    }

    /// Wait on the machine's clock until the time that a script says, counted from the chain's own clock.
    pub async fn wait_until(&self, at: DateTime<FixedOffset>) {
        let ahead = at.signed_duration_since(self.options.clock.now());
        if let Ok(ahead) = ahead.to_std() {
            tokio::time::sleep(ahead).await;
        }
    }

    /// Start a store and a till if they are not there yet; true if the till is new.
    pub async fn ensure_till(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<bool> {
        self.ensure_store(store).await?;
        let place = self.place(store)?;
        if place.tills.contains_key(&till) {
            return Ok(false);
        }
        let emulator = device(&self.options.data, store, till, self.options.devices_remember)?;
        let place = TillPlace { thread: None, emulator, desk: Desk::new(), dies_at: DeathStep::default() };
        self.place_mut(store)?.tills.insert(till, place);
        self.start_till(store, till).await?;
        Ok(true)
    }

    pub async fn ensure_store(&mut self, store: &StoreId) -> anyhow::Result<()> {
        if !self.stores.contains_key(store) {
            let place =
                StorePlace { thread: None, tills: BTreeMap::new(), line_up: true, till_lines_down: Default::default() };
            self.stores.insert(store.clone(), place);
            self.admit(store).await?;
            self.start_store(store).await?;
        }
        Ok(())
    }

    async fn start_store(&mut self, store: &StoreId) -> anyhow::Result<()> {
        let (data, token) = (self.options.data.clone(), self.options.token.clone());
        let (dial, hq_token): (Arc<dyn Dial>, String) = match &self.options.hq {
            Some((url, token)) => (Arc::new(WebSocketDial::new(url)), token.clone()),
            None => (Arc::new(self.hub.way_to(HQ)), token.clone()),
        };
        let code = store.clone();
        let clock = self.clock_of(store);
        let scales = self.options.scales.get(store).cloned().unwrap_or_default();
        let address = self.options.databases.get(store.as_str());
        let database = Location::of(address.map(String::as_str), server_file(&data, store))?;
        let thread = NodeThread::start(&format!("store {store}"), move |_| async move {
            let admit = Arc::new(OneToken(token));
            let reconnect = RECONNECT;
            ServerNode::start(ServerParts {
                store: code,
                data,
                database,
                dial,
                token: hq_token,
                credentials: None,
                admit,
                clock,
                reconnect,
                scales,
                // Any till may link that shows the chain's token.
                tills: Vec::new(),
            })
            .await
        })
        .await?;
        self.hub.up(store.as_str(), thread.handle().accept.clone());
        let line_up = self.place(store)?.line_up;
        if !line_up {
            thread.handle().line.ask(SetLine { up: false }).await?;
        }
        self.place_mut(store)?.thread = Some(thread);
        Ok(())
    }

    async fn start_till(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<()> {
        let place = self.till_place(store, till)?;
        let (emulator, dies_at) = (place.emulator.clone(), place.dies_at.clone());
        let (counter, display) = (place.desk.counter(), place.desk.display());
        let dial = Arc::new(self.hub.way_to(store.as_str()));
        let (data, clock, token) = (self.options.data.clone(), self.clock_of(store), self.options.token.clone());
        let unknown_operators = self.options.unknown_operators;
        let code = store.clone();
        let thread = NodeThread::start(&format!("till {store}/{till}"), move |kill| async move {
            let mut settings = TillSettings::new(code, till);
            settings.unknown_operators = unknown_operators;
            settings.on_step = Some(dies(kill, dies_at));
            let device: DeviceFactory =
                Arc::new(move || Box::new(Shtrih::new(emulator.connector())) as Box<dyn FiscalDevice>);
            let parts = TillParts {
                settings,
                data,
                clock,
                disk: Disk::default(),
                device,
                counter,
                display: Some(display),
                scanner: None,
                dial,
                token,
                credentials: None,
                reconnect: RECONNECT,
                screen: None,
            };
            TillNode::start(parts).await
        })
        .await?;
        if self.place(store)?.till_lines_down.contains(&till) {
            thread.handle().line.ask(SetLine { up: false }).await?;
        }
        let mut compared = thread.handle().compared.clone();
        self.till_place_mut(store, till)?.thread = Some(thread);
        // Without its store a new till does not sell; whoever asks it is told.
        tokio::time::timeout(COMPARED_WITHIN, compared.wait_for(|compared| *compared)).await.ok();
        Ok(())
    }

    /// The machine of a till is lost with all its files, and another stands in its place at the same devices.
    pub async fn lose_till(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<()> {
        if let Some(thread) = self.till_place_mut(store, till)?.thread.take() {
            thread.kill().await;
        }
        for entry in std::fs::read_dir(till_folder(&self.options.data, store, till))? {
            let file = entry?.path();
            if file.file_name() != Some("fiscal-device.jsonl".as_ref()) {
                std::fs::remove_file(file)?;
            }
        }
        self.start_till(store, till).await
    }

    /// Give a command to a till. The inner error is the till's, also when it died: look with [`Chain::is_dead`].
    pub async fn ask(
        &self,
        store: &StoreId,
        till: TillId,
        deadline: Duration,
        command: TillCommand,
    ) -> anyhow::Result<Result<TillReply, TillError>> {
        let thread = self.till_thread(store, till)?;
        let killed = thread.killed();
        let asked = thread.handle().commands.ask_within(deadline, command);
        let died = || Ok(Err(TillError::NotStored { reason: "the till died".to_owned() }));
        tokio::select! {
            biased;
            () = killed.cancelled() => died(),
            answer = asked => match answer {
                Ok(answer) => Ok(answer),
                Err(SendError::Interrupted) if killed.is_cancelled() => died(),
                Err(error) => Err(crate::replay::runner::unanswered(store, till, error)),
            }
        }
    }

    /// True if the till was killed and not started again.
    pub fn is_dead(&self, store: &StoreId, till: TillId) -> bool {
        self.till_thread(store, till).map_or(true, |thread| thread.killed().is_cancelled())
    }

    /// Start a dead till again on its files.
    pub async fn revive_till(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<()> {
        if let Some(thread) = self.till_place_mut(store, till)?.thread.take() {
            thread.kill().await;
        }
        tokio::time::timeout(REVIVE_DEADLINE, self.start_till(store, till)).await?
    }

    pub async fn crash_till(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<()> {
        self.revive_till(store, till).await
    }

    /// Let a till die when it next reaches `step`.
    pub fn crash_till_at(&mut self, store: &StoreId, till: TillId, step: &str) -> Result<(), String> {
        let step = step.parse::<SagaStep>().map_err(|error| error.to_string())?;
        let place = self.till_place(store, till).map_err(|error| error.to_string())?;
        *place.dies_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
        Ok(())
    }

    pub async fn crash_store(&mut self, store: &StoreId) -> anyhow::Result<()> {
        self.hub.down(store.as_str());
        if let Some(thread) = self.place_mut(store)?.thread.take() {
            thread.kill().await;
        }
        self.start_store(store).await
    }

    pub async fn set_till_link(&mut self, store: &StoreId, till: TillId, up: bool) -> anyhow::Result<()> {
        let down = &mut self.place_mut(store)?.till_lines_down;
        if up {
            down.remove(&till);
        } else {
            down.insert(till);
        }
        self.till_thread(store, till)?.handle().line.ask(SetLine { up }).await?;
        Ok(())
    }

    pub async fn set_store_link(&mut self, store: &StoreId, up: bool) -> anyhow::Result<()> {
        self.place_mut(store)?.line_up = up;
        self.store_thread(store)?.handle().line.ask(SetLine { up }).await?;
        Ok(())
    }

    pub fn emulator(&self, store: &StoreId, till: TillId) -> anyhow::Result<EmulatorHandle> {
        Ok(self.till_place(store, till)?.emulator.clone())
    }

    pub fn till(&self, store: &StoreId, till: TillId) -> anyhow::Result<&TillNode> {
        Ok(self.till_thread(store, till)?.handle())
    }

    pub fn store(&self, store: &StoreId) -> anyhow::Result<&ServerNode> {
        Ok(self.store_thread(store)?.handle())
    }

    /// Every till there is.
    pub fn tills(&self) -> Vec<(StoreId, TillId)> {
        let of = |(store, place): (&StoreId, &StorePlace)| {
            let store = store.clone();
            place.tills.keys().map(move |till| (store.clone(), *till)).collect::<Vec<_>>()
        };
        self.stores.iter().flat_map(of).collect()
    }

    /// A reference by which a till is given commands, good for one life of it.
    pub fn commands(&self, store: &StoreId, till: TillId) -> anyhow::Result<ActorRef<TillCommand>> {
        Ok(self.till(store, till)?.commands.clone())
    }

    /// Stop everything in order, tills first.
    pub async fn stop(mut self) {
        for place in self.stores.values_mut() {
            for till in place.tills.values_mut() {
                if let Some(thread) = till.thread.take() {
                    thread.handle().node.shutdown().await;
                    thread.kill().await;
                }
            }
            if let Some(thread) = place.thread.take() {
                thread.handle().node.shutdown().await;
                thread.kill().await;
            }
        }
        self.stop_hq().await;
    }

    fn place(&self, store: &StoreId) -> anyhow::Result<&StorePlace> {
        self.stores.get(store).ok_or_else(|| anyhow::anyhow!("there is no store {store}"))
    }

    fn place_mut(&mut self, store: &StoreId) -> anyhow::Result<&mut StorePlace> {
        self.stores.get_mut(store).ok_or_else(|| anyhow::anyhow!("there is no store {store}"))
    }

    fn till_place(&self, store: &StoreId, till: TillId) -> anyhow::Result<&TillPlace> {
        self.place(store)?.tills.get(&till).ok_or_else(|| anyhow::anyhow!("there is no till {store}/{till}"))
    }

    fn till_place_mut(&mut self, store: &StoreId, till: TillId) -> anyhow::Result<&mut TillPlace> {
        let tills = &mut self.place_mut(store)?.tills;
        tills.get_mut(&till).ok_or_else(|| anyhow::anyhow!("there is no till {store}/{till}"))
    }

    fn till_thread(&self, store: &StoreId, till: TillId) -> anyhow::Result<&NodeThread<TillNode>> {
        let thread = self.till_place(store, till)?.thread.as_ref();
        thread.ok_or_else(|| anyhow::anyhow!("till {store}/{till} is not running"))
    }

    fn store_thread(&self, store: &StoreId) -> anyhow::Result<&NodeThread<ServerNode>> {
        let thread = self.place(store)?.thread.as_ref();
        thread.ok_or_else(|| anyhow::anyhow!("store {store} is not running"))
    }
}

/// Kill this thread's node when the step comes, once. The unwind ends the step; the node is gone before it is answered.
fn dies(kill: CancellationToken, dies_at: DeathStep) -> StepHook {
    Arc::new(move |step| {
        let mut at = dies_at.lock().unwrap_or_else(PoisonError::into_inner);
        if *at == Some(step) {
            *at = None;
            drop(at);
            kill.cancel();
            panic!("the node dies at the step {}", step.name());
        }
    })
}

/// The emulated fiscal device on a till's counter.
fn device(data: &Path, store: &StoreId, till: TillId, remembers: bool) -> anyhow::Result<EmulatorHandle> {
    if !remembers {
        return Ok(EmulatorHandle::new(device_settings(store, till)));
    }
    let (settings, memory) = remembering_device(data, store, till)?;
    Ok(EmulatorHandle::with_memory(settings, &memory)?)
}

/// Who the emulated fiscal device of a till is, and the file in which it remembers its documents.
pub(crate) fn remembering_device(
    data: &Path,
    store: &StoreId,
    till: TillId,
) -> anyhow::Result<(EmulatorSettings, PathBuf)> {
    let folder = till_folder(data, store, till);
    std::fs::create_dir_all(&folder)?;
    Ok((device_settings(store, till), folder.join("fiscal-device.jsonl")))
}

fn device_settings(store: &StoreId, till: TillId) -> EmulatorSettings {
    EmulatorSettings { storage: device_number(store, till), ..EmulatorSettings::default() }
}

/// A fiscal storage number of sixteen digits, the same for a till in every run.
fn device_number(store: &StoreId, till: TillId) -> String {
    let hash = store
        .as_str()
        .bytes()
        .fold(u64::from(till.0), |hash, byte| hash.wrapping_mul(131).wrapping_add(u64::from(byte)));
    format!("9999{:012}", hash % 1_000_000_000_000)
}
