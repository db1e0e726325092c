//! A running head office, started and stopped through one handle that is good on every thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::web::doors::{ApiToken, Doors};
use ::web::rights::Role;
use ::web::sign_in::NodeName;
use ::web::{guard, headers};
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web as actix};
use anyhow::Context;
use backoffice::reports::{self, Arguments, Table};
use dataserver::requests::{PutBarcodeRules, PutItems, PutOperators, PutTillSettings, RemoveItems, RemoveTillSettings};
use link::admit::{Admit, KeysAndTokens, TokenTable};
use link::apply::{Peer, PeerRole};
use link::downlinks::{SetLine, Status};
use link::enrolment;
use link::gate::Gate;
use link::transport::{Acceptor, websocket};
use link::trust::{self, authority::Authority};
use migrations::ServerMigrator;
use migrations::database::{Database, Location};
use processing::keeper::{Door, Making};
use processing::machine::root::{Policy, Root};
use processing::turn::Queue;
use runtime::clock::Clock;
use runtime::node::Node;
use runtime::ops::{self, OpsState, OpsToken};
use runtime::reference::ActorRef;
use tokio::sync::watch;

use crate::people::{self, PeopleTable};
use crate::settings::{ACCOUNTS_FILE, ProcessRole, Settings};
use crate::trade::TradeNow;
use crate::tree::{self, Ground, Parts};
use crate::web::{self, Catalogue, Site};

/// Threads that answer pages. Commits are the work here, and those are done by one writer.
const HTTP_WORKERS: usize = 2;
/// Connections of one worker: stores' links, live pages, and machines.
const HTTP_CONNECTIONS_MAX: usize = 4_096;
/// A page that is being answered at the end is let finish.
const HTTP_STOPS_WITHIN_S: u64 = 5;
/// Accounts that are not here by then are kept by another process, or will come later.
const ACCOUNTS_WITHIN: Duration = Duration::from_secs(3);
/// The session of this kind of node in a browser.
const COOKIE: &str = "openstore_hq";

/// Everything that others in this process may want of it. Cheap to clone.
#[derive(Clone)]
pub struct HqNode {
    node: Node,
    server: ServerHandle,
    address: SocketAddr,
    database: Database,
    catalogue: Catalogue,
    acceptor: Acceptor,
    status: ActorRef<Status>,
    set_line: ActorRef<SetLine>,
    trade: watch::Receiver<Arc<TradeNow>>,
    accounts: Door<Root>,
    first_password: Option<String>,
    is_encrypted: bool,
}

/// The head office as the nodes below see it.
fn me() -> Peer {
    Peer { name: "hq".to_owned(), role: PeerRole::Hq }
}

impl HqNode {
    /// Start on the machine's clock. To be called on a thread that runs an actix system; its actors live there.
    pub async fn start(settings: Settings) -> anyhow::Result<HqNode> {
        HqNode::start_at(settings, Clock::system()).await
    }

    /// Start with `clock` as the time of the shop.
    pub async fn start_at(settings: Settings, clock: Clock) -> anyhow::Result<HqNode> {
        let data = &settings.data;
        std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let at = settings.location()?;
        let database = Database::open::<ServerMigrator>(&at)
            .await
            .with_context(|| format!("the database {at} cannot be opened"))?;
        let first_password = match settings.does(ProcessRole::Web) {
            true => people::first(&database, Role::HqAdmin, settings.admin_password.as_deref()).await?,
            false => None,
        };
        let tokens = TokenTable::new(database.clone());
        for store in &settings.stores {
            let peer = Peer { name: store.store.as_str().to_owned(), role: PeerRole::Store };
            tokens.add(&peer, &store.token).await?;
        }

        let authority = Authority::open_or_make(&data.join(trust::FOLDER))?;
        let gate = Gate::new(database.clone(), authority, me())?;
        let listener = settings.link.listener(&settings.listen, &gate)?;
        let admit = Arc::new(KeysAndTokens { gate: gate.clone(), tokens: settings.link.admitting(tokens) });
        let (tree, parts) = tree::tree(ground(&settings, &at, &database, &clock, admit).await?);
        let Parts { publisher, downlinks, imports, trade, accounts } = parts;
        let node = tree.start().await;
        if settings.does(ProcessRole::Root) {
            // It is loaded beside the start, or another process keeps it.
            accounts.opens_within(ACCOUNTS_WITHIN).await;
        }
        let ops_token = match &settings.ops_token {
            Some(token) => OpsToken::new(token).context("\"ops_token\" in the settings")?,
            None => OpsToken::random(),
        };
        let ops = OpsState::new(node.clone(), ops_token, |_| {});
        let machines = settings.machines.iter();
        let machines = machines.map(|known| ApiToken::new(&known.machine, &known.token, known.role)).collect();
        let is_encrypted = settings.link.is_encrypted();
        let https = settings.https || is_encrypted;
        let doors = Doors::new(PeopleTable::new(database.clone()), machines, COOKIE, https);
        let catalogue = Catalogue::of(&publisher);
        let reader = database.reader.clone();
        let mut site = Site::new(&settings, reader, clock, catalogue.clone(), imports, trade.clone(), accounts.clone());
        site.compare = Some(downlinks.reference());
        let acceptor: Acceptor = downlinks.reference();
        let taking = acceptor.clone();
        if let Some(port) = &settings.accounts_port {
            let listener = tokio::net::TcpListener::bind(&port.listen).await;
            let listener = listener.with_context(|| format!("the accounts port {} cannot be opened", port.listen))?;
            // It ends with the thread of this node.
            tokio::task::spawn_local(processing::port::serve(listener, accounts.clone(), port.token.clone()));
        }
        let (links, pages) = (settings.does(ProcessRole::Gateway), settings.does(ProcessRole::Web));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(actix::Data::new(doors.clone()))
                .app_data(actix::Data::new(NodeName(site.name.clone())))
                .app_data(actix::Data::new(site.clone()))
                .wrap(actix_web::middleware::from_fn(guard::same_origin))
                .wrap(headers::security(https))
                .configure(|config| ops::configure(config, ops.clone()))
                .configure(|config| {
                    if links {
                        enrolment::serve::configure(config, gate.clone());
                        websocket::configure(config, taking.clone());
                    }
                    if pages {
                        web::configure(config);
                    }
                })
        })
        .workers(HTTP_WORKERS)
        .max_connections(HTTP_CONNECTIONS_MAX)
        .shutdown_timeout(HTTP_STOPS_WITHIN_S)
        .disable_signals();
        let server = match listener {
            Some(config) => server.bind_rustls_0_23(&settings.listen, config),
            None => server.bind(&settings.listen),
        }
        .with_context(|| format!("the address {} cannot be listened on", settings.listen))?;
        let address = *server.addrs().first().context("the server has no address")?;
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        tracing::info!(address = %address, data = %data.display(), "head office is up");
        Ok(HqNode {
            node,
            server: handle,
            address,
            database,
            catalogue,
            acceptor,
            status: downlinks.reference(),
            set_line: downlinks.reference(),
            trade,
            accounts,
            first_password,
            is_encrypted,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address by which a store links.
    pub fn link_url(&self) -> String {
        let scheme = if self.is_encrypted { "wss" } else { "ws" };
        format!("{scheme}://{}/link", self.address)
    }

    /// The address of its pages.
    pub fn pages_url(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Who takes the links of stores in this process.
    pub fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// The password that was made up for "admin", if this was the first start.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }

    pub fn node(&self) -> &Node {
        &self.node
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The root of customer accounts.
    pub fn accounts(&self) -> &Door<Root> {
        &self.accounts
    }

    /// The trade as it is now; changes are told.
    pub fn trade(&self) -> watch::Receiver<Arc<TradeNow>> {
        self.trade.clone()
    }

    /// Who is linked.
    pub fn links(&self) -> &ActorRef<Status> {
        &self.status
    }

    /// Cut the line to a store on purpose, or let it come back.
    pub fn set_line(&self) -> &ActorRef<SetLine> {
        &self.set_line
    }

    pub fn put_items(&self) -> &ActorRef<PutItems> {
        &self.catalogue.put_items
    }

    pub fn remove_items(&self) -> &ActorRef<RemoveItems> {
        &self.catalogue.remove_items
    }

    pub fn put_barcode_rules(&self) -> &ActorRef<PutBarcodeRules> {
        &self.catalogue.put_barcode_rules
    }

    pub fn put_operators(&self) -> &ActorRef<PutOperators> {
        &self.catalogue.put_operators
    }

    pub fn put_till_settings(&self) -> &ActorRef<PutTillSettings> {
        &self.catalogue.put_till_settings
    }

    pub fn remove_till_settings(&self) -> &ActorRef<RemoveTillSettings> {
        &self.catalogue.remove_till_settings
    }

    /// Let a store link with `token`.
    pub async fn admit_store(&self, store: &domain::ids::StoreId, token: &str) -> anyhow::Result<()> {
        let peer = Peer { name: store.as_str().to_owned(), role: PeerRole::Store };
        Ok(TokenTable::new(self.database.clone()).add(&peer, token).await?)
    }

    pub async fn report(&self, name: &str, arguments: &Arguments) -> Result<Table, reports::ReportError> {
        reports::find(name)?.run(&self.database.reader, arguments).await
    }

    /// Stop in order: no new requests, then the actors, then the database.
    pub async fn shutdown(self) {
        self.server.stop(true).await;
        let cut = self.node.shutdown().await;
        if !cut.is_empty() {
            tracing::warn!(actors = ?cut, "actors did not stop in time");
        }
        if let Err(error) = self.database.close().await {
            tracing::warn!(error = %error, "the database was not closed in order");
        }
    }

    /// Stop serving at once and leave everything else as it lies, as a crash would. The caller ends the thread.
    pub async fn kill(self) {
        self.server.stop(false).await;
    }
}

/// What the settings make this process do.
async fn ground(
    settings: &Settings,
    at: &Location,
    database: &Database,
    clock: &Clock,
    admit: Arc<dyn Admit>,
) -> anyhow::Result<Ground> {
    let empty = || Root::new(Policy::default());
    let book = match at {
        Location::File(_) => Making::in_file(settings.data.join(ACCOUNTS_FILE), empty, Root::restored),
        Location::Postgres(url) => {
            let holder =
                format!("process {} at {} ({:08x})", std::process::id(), settings.listen, rand::random::<u32>());
            Making::in_turn(Queue { url: url.clone(), holder }, empty, Root::restored)
        }
    };
    Ok(Ground {
        name: "hq".to_owned(),
        database: database.clone(),
        clock: clock.clone(),
        admit,
        accounts: settings.does(ProcessRole::Root).then_some(book),
        watches: settings.does(ProcessRole::Web),
        #[cfg(feature = "nats")]
        processes: match &settings.nats {
            None => None,
            Some(nats) => Some(crate::tree::Processes {
                cluster: crate::cluster::Cluster::connect(nats, &settings.listen).await?,
                ingests: settings.does(ProcessRole::Ingest),
            }),
        },
    })
}

impl std::fmt::Debug for HqNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HqNode").field("address", &self.address).finish_non_exhaustive()
    }
}
