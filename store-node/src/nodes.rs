//! The nodes of a store's machines: databases opened, tree grown and started, and the handles by which others reach them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::web::doors::Doors;
use ::web::rights::Role;
use ::web::sign_in::NodeName;
use ::web::{guard, headers};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use anyhow::Context;
use devices::port::Connector;
use domain::ids::{StoreId, TillId};
use futures_util::FutureExt;
use hq_node::people::{self, PeopleTable};
use hq_node::settings::link::LinkSettings;
use link::admit::{Admit, KeysAndTokens};
use link::apply::{Peer, PeerRole};
use link::gate::Gate;
use link::identity::NOTE_FILE;
use link::transport::{Accept, Dial};
use link::trust::authority::Authority;
use link::trust::credentials::Credentials;
use link::{downlinks, enrolment, trust, uplink};
use messages::v1::settings::Section;
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;
use migrations::database::{Database, Location};
use migrations::{ScalesMigrator, ServerMigrator, TillMigrator};
use processing::keeper::Door;
use processing::machine::subordinate::Subordinate;
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::node::Node;
use runtime::ops::{OpsState, OpsToken};
use runtime::reference::ActorRef;
use scales::keeper::ScaleSettings;
use till::catalogue::Catalogue;
use till::{Counter, DeviceFactory, ShowTill, TillSettings};
use tokio::sync::watch;

use crate::pole::DisplayFactory;
use crate::shop::ShopNow;
use crate::training;
use crate::tree::{self, ServerGround, StoreScales, TillGround};
use crate::tui::{Finder, ScreenOptions, Setting};
use crate::web::{self, Site};
use crate::window::Window;

/// A till's line to its store is dialled again after half a second at first, and at least every so often: a cashier looks on.
pub const TILL_RECONNECT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// A store's line to the head office: a thousand stores dial again after an outage.
pub const STORE_RECONNECT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// Threads of a node's own HTTP server: operators and tills' links, which wait more than they work.
const HTTP_WORKERS: usize = 1;
/// The session of this kind of node in a browser.
const COOKIE: &str = "openstore_store";
/// Goods that a search shows: more than fit a screen, few enough to read.
const FOUND_MAX: usize = 30;

/// What a till is started with.
pub struct TillParts {
    pub settings: TillSettings,
    /// Folder of the store machine's databases.
    pub data: PathBuf,
    pub clock: Clock,
    pub disk: Disk,
    pub device: DeviceFactory,
    pub counter: Counter,
    pub display: Option<DisplayFactory>,
    /// For the screen, if there is one.
    pub scanner: Option<Connector>,
    pub dial: Arc<dyn Dial>,
    pub token: String,
    /// Shown in the place of the token by a till that was enrolled.
    pub credentials: Option<Arc<Credentials>>,
    pub reconnect: (Duration, Duration),
    pub screen: Option<(ScreenOptions, watch::Sender<bool>)>,
}

/// A running till.
#[derive(Clone)]
pub struct TillNode {
    pub node: Node,
    pub commands: ActorRef<TillCommand>,
    pub show: ActorRef<ShowTill>,
    pub line: ActorRef<uplink::SetLine>,
    pub link: ActorRef<uplink::Status>,
    /// Whether the store knows where the till's database stands: before that it does not sell.
    pub compared: watch::Receiver<bool>,
    /// What its screens look at.
    pub views: watch::Receiver<Arc<TillView>>,
    pub database: Database,
    pub catalogue: Catalogue,
}

impl TillNode {
    pub async fn start(parts: TillParts) -> anyhow::Result<TillNode> {
        let TillParts { settings, data, clock, disk, device, mut counter, display, scanner, .. } = parts;
        let TillParts { dial, token, credentials, reconnect, screen, .. } = parts;
        let folder = till_folder(&data, &settings.store, settings.till);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let file = till_file(&data, &settings.store, settings.till);
        let database = Database::open_sqlite::<TillMigrator>(&file)
            .await
            .map_err(|error| anyhow::anyhow!("{} ({})", till::records::sentence(&error), file.display()))?;
        let file = folder.join("catalogue.sqlite");
        let catalogue = Catalogue::open(&file).await.with_context(|| format!("cannot open {}", file.display()))?;
        let printer = counter.printer.clone();
        counter.training.get_or_insert_with(|| training::ground(&folder, printer));
        let (trouble, troubles) = watch::channel(None);
        let screen = screen.map(|(options, quit)| {
            let options = fitted(options, &settings.store, &catalogue, &counter);
            (ScreenOptions { trouble: Some(troubles), ..options }, quit)
        });
        let (shown, views) = watch::channel(Arc::new(Window::blank(settings.store.clone(), settings.till)));
        let (tree, refs) = tree::till(TillGround {
            settings,
            database: database.clone(),
            catalogue: catalogue.clone(),
            clock,
            disk,
            device,
            counter,
            display,
            scanner,
            dial,
            token,
            note: folder.join(NOTE_FILE),
            credentials,
            reconnect,
            shown,
            trouble,
            screen,
        });
        Ok(TillNode {
            node: tree.start().await,
            commands: refs.till.reference(),
            show: refs.till.reference(),
            line: refs.uplink.reference(),
            link: refs.uplink.reference(),
            compared: refs.compared,
            views,
            database,
            catalogue,
        })
    }
}

/// The screen's options with what it reaches in this till: the catalogue, its settings, the terminals.
fn fitted(options: ScreenOptions, store: &StoreId, catalogue: &Catalogue, counter: &Counter) -> ScreenOptions {
    fn section<S: Section>(store: &StoreId, catalogue: &Catalogue) -> Setting<S> {
        let (store, catalogue) = (store.clone(), catalogue.clone());
        Arc::new(move || catalogue.section(&store))
    }
    let goods = catalogue.clone();
    let finder: Finder = Arc::new(move |text: String| {
        let goods = goods.clone();
        async move {
            let found = goods.search(&text, FOUND_MAX).await;
            found.inspect_err(|error| tracing::error!(%error, "the catalogue cannot be searched")).unwrap_or_default()
        }
        .boxed()
    });
    ScreenOptions {
        cancel: counter.cancel.clone(),
        finder: Some(finder),
        bindings: section(store, catalogue),
        quick_keys: section(store, catalogue),
        cash: section(store, catalogue),
        ..options
    }
}

/// What a store server is started with.
pub struct ServerParts {
    pub store: StoreId,
    /// Folder of the store machine's databases.
    pub data: PathBuf,
    /// The database of the trade; others are files in the folder.
    pub database: Location,
    pub dial: Arc<dyn Dial>,
    pub token: String,
    /// Shown in the place of the token by a store that was enrolled.
    pub credentials: Option<Arc<Credentials>>,
    /// Which tills may link by a token.
    pub admit: Arc<dyn Admit>,
    pub clock: Clock,
    pub reconnect: (Duration, Duration),
    pub scales: Vec<ScaleSettings>,
    /// The tills of the store, as far as its settings name them.
    pub tills: Vec<String>,
}

/// A running store server.
#[derive(Clone)]
pub struct ServerNode {
    pub node: Node,
    pub store: StoreId,
    pub accept: ActorRef<Accept>,
    pub line: ActorRef<uplink::SetLine>,
    pub link: ActorRef<uplink::Status>,
    pub tills: ActorRef<downlinks::Status>,
    pub accounts: Door<Subordinate>,
    pub database: Database,
    /// Where tills come in that were enrolled.
    pub gate: Gate,
    pub scales: StoreScales,
    pub shop: watch::Receiver<Arc<ShopNow>>,
}

impl ServerNode {
    pub async fn start(parts: ServerParts) -> anyhow::Result<ServerNode> {
        let ServerParts { store, data, database, dial, token, credentials, admit, clock, reconnect, scales, mut tills } =
            parts;
        let folder = store_folder(&data, &store);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let at = database;
        let database =
            Database::open::<ServerMigrator>(&at).await.with_context(|| format!("cannot open the database {at}"))?;
        let accounts = folder.join("accounts.sqlite");
        let authority = Authority::open_or_make(&folder.join(trust::FOLDER))?;
        let me = Peer { name: store.to_string(), role: PeerRole::Store };
        let gate = Gate::new(database.clone(), authority, me)?;
        tills.extend(gate.nodes().peers().await?.into_iter().map(|peer| peer.name));
        tills.sort();
        tills.dedup();
        let scales_database = open::<ScalesMigrator>(&folder.join("scales.sqlite")).await?;
        let ground = ServerGround {
            store: store.clone(),
            database: database.clone(),
            accounts,
            scales_database,
            scales,
            tills,
            clock,
            dial,
            token,
            note: folder.join(NOTE_FILE),
            credentials,
            admit: Arc::new(KeysAndTokens { gate: gate.clone(), tokens: admit }),
            reconnect,
        };
        let (tree, refs) = tree::server(ground);
        Ok(ServerNode {
            node: tree.start().await,
            store,
            accept: refs.downlinks.reference(),
            line: refs.uplink.reference(),
            link: refs.uplink.reference(),
            tills: refs.downlinks.reference(),
            accounts: refs.accounts,
            database,
            gate,
            scales: refs.scales,
            shop: refs.shop,
        })
    }
}

/// The pages of a store: what they are drawn from, and who may see them.
#[derive(Clone, Debug)]
pub struct StorePages {
    site: Site,
    doors: Doors,
    https: bool,
    first_password: Option<String>,
}

impl StorePages {
    /// With nobody who may sign in, "admin" is made, with this password or with one that is made up.
    pub async fn of(
        server: &ServerNode,
        clock: Clock,
        https: bool,
        admin_password: Option<&str>,
    ) -> anyhow::Result<StorePages> {
        let first_password = people::first(&server.database, Role::StoreAdmin, admin_password).await?;
        let doors = Doors::new(PeopleTable::new(server.database.clone()), Vec::new(), COOKIE, https);
        Ok(StorePages { site: Site::of(server, clock), doors, https, first_password })
    }

    /// The password that was made up for "admin", if this was the first start.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }
}

/// Serve a store's pages, its operations endpoints, and the link for its tills. The address that was bound.
pub fn serve_store(
    listen: &str,
    link: &LinkSettings,
    server: &ServerNode,
    token: OpsToken,
    pages: StorePages,
) -> anyhow::Result<std::net::SocketAddr> {
    let ops = OpsState::new(server.node.clone(), token, |_| {});
    let (acceptor, gate) = (server.accept.clone(), server.gate.clone());
    let encrypted = link.listener(listen, &gate)?;
    let server = actix_web::HttpServer::new(move || {
        let (ops, acceptor, gate) = (ops.clone(), acceptor.clone(), gate.clone());
        actix_web::App::new()
            .app_data(Data::new(pages.doors.clone()))
            .app_data(Data::new(NodeName(pages.site.name.clone())))
            .app_data(Data::new(pages.site.clone()))
            .wrap(from_fn(guard::same_origin))
            .wrap(headers::security(pages.https))
            .configure(move |config| runtime::ops::configure(config, ops))
            .configure(move |config| enrolment::serve::configure(config, gate))
            .configure(move |config| link::transport::websocket::configure(config, acceptor))
            .configure(web::configure)
    })
    .workers(HTTP_WORKERS)
    .disable_signals();
    let server = match encrypted {
        Some(config) => server.bind_rustls_0_23(listen, config),
        None => server.bind(listen),
    }
    .with_context(|| format!("cannot listen on {listen}"))?;
    let address = server.addrs().first().copied().context("no address was bound")?;
    keep_running(server.run());
    Ok(address)
}

fn keep_running(running: Server) {
    actix::spawn(async move {
        if let Err(error) = running.await {
            tracing::error!(%error, "the http server ended");
        }
    });
}

/// Serve a till's operations endpoints. The address that was bound.
pub fn serve(listen: &str, node: Node, token: OpsToken) -> anyhow::Result<std::net::SocketAddr> {
    let ops = OpsState::new(node, token, |_| {});
    let server = actix_web::HttpServer::new(move || {
        let ops = ops.clone();
        actix_web::App::new().configure(move |config| runtime::ops::configure(config, ops))
    })
    .workers(HTTP_WORKERS)
    .disable_signals()
    .bind(listen)
    .with_context(|| format!("cannot listen on {listen}"))?;
    let address = server.addrs().first().copied().context("no address was bound")?;
    keep_running(server.run());
    Ok(address)
}

async fn open<M: sea_orm_migration::MigratorTrait>(file: &Path) -> anyhow::Result<Database> {
    Database::open_sqlite::<M>(file).await.with_context(|| format!("cannot open the database {}", file.display()))
}

/// The database of a store server.
pub fn server_file(data: &Path, store: &StoreId) -> PathBuf {
    store_folder(data, store).join("store.sqlite")
}

/// The database of a till.
pub fn till_file(data: &Path, store: &StoreId, till: TillId) -> PathBuf {
    till_folder(data, store, till).join("till.sqlite")
}

pub fn store_folder(data: &Path, store: &StoreId) -> PathBuf {
    data.join(store.as_str())
}

pub fn till_folder(data: &Path, store: &StoreId, till: TillId) -> PathBuf {
    store_folder(data, store).join(format!("till-{till}"))
}
