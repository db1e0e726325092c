//! Runs this machine: the nodes that its settings name, until it is asked to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use devices::port::{PortAddress, connector};
use hq_node::people::FIRST_NAME;
use link::admit::StaticTokens;
use link::transport::websocket::WebSocketDial;
use link::trust::{self, credentials::Credentials};
use runtime::claim::{Claim, ClaimError};
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::logging::{self, LogForm, LogTo};
use runtime::ops::OpsToken;
use till::{DeviceFactory, SagaStep, StepHook, TillSettings, UnknownOperators};
use tokio::sync::watch;

use crate::chain;
use crate::counter;
use crate::demo::Invitation;
use crate::nodes::{self, STORE_RECONNECT, ServerNode, ServerParts, StorePages, TILL_RECONNECT, TillNode, TillParts};
use crate::settings::{MachineRole, Settings, TillNodeSettings};
use crate::tree::till_peer;
use crate::tui::{Language, ScreenOptions};
use domain::ids::TillId;

/// What is logged when `RUST_LOG` says nothing.
const LOG_FILTER: &str = "info";

/// Run the nodes of `settings` until SIGTERM or Ctrl+C.
pub async fn machine(settings: Settings) -> anyhow::Result<()> {
    logging::start(LOG_FILTER, LogForm::Text, &LogTo::Stderr)?;
    let token = ops_token(&settings)?;
    let mut running = Vec::new();
    let mut server = None;
    let _claims = claims(&settings)?;
    if let (true, Some(own)) = (settings.roles.contains(&MachineRole::Server), &settings.server) {
        let tills = own.tills.iter().map(|(number, token)| {
            let number = number.parse().map(TillId).with_context(|| format!("\"{number}\" is not a till's number"))?;
            anyhow::Ok((till_peer(&settings.store, number), token.clone()))
        });
        let tills = tills.collect::<Result<Vec<_>, _>>()?;
        let credentials = credentials(&nodes::store_folder(&settings.data, &settings.store))?;
        let dial = WebSocketDial::new(&own.hq).credentials(credentials.clone()).allow_plain(settings.link.allow_plain);
        let node = ServerNode::start(ServerParts {
            store: settings.store.clone(),
            data: settings.data.clone(),
            database: settings.server_location()?,
            dial: Arc::new(dial),
            token: own.token.clone(),
            credentials,
            admit: settings.link.admitting(StaticTokens::new(tills.clone())),
            clock: runtime::clock::Clock::system(),
            reconnect: STORE_RECONNECT,
            scales: own
                .scales
                .iter()
                .map(|scale| scale.scale().map_err(anyhow::Error::msg))
                .collect::<Result<_, _>>()?,
            tills: tills.into_iter().map(|(peer, _)| peer.name).collect(),
        })
        .await?;
        let encrypted = settings.link.is_encrypted();
        let pages =
            StorePages::of(&node, Clock::system(), own.https || encrypted, own.admin_password.as_deref()).await?;
        let made_up = pages.first_password().map(str::to_owned);
        let address = nodes::serve_store(&settings.listen, &settings.link, &node, token.clone(), pages)?;
        let (http, ws) = if encrypted { ("https", "wss") } else { ("http", "ws") };
        eprintln!(
            "store {} serves its pages at {http}://{address}/, tills at {ws}://{address}/link and its operations at {http}://{address}/ops",
            settings.store
        );
        if let Some(password) = made_up {
            eprintln!("sign in as {FIRST_NAME} with the password {password}; it is shown only now");
        }
        running.push(node.node.clone());
        server = Some(node);
    }
    if let (true, Some(own)) = (settings.roles.contains(&MachineRole::Till), &settings.till) {
        let node = start_till(&settings, own, None).await?;
        // Beside a server its pages are those of the machine; a till alone serves its own.
        if server.is_none() {
            let address = nodes::serve(&settings.listen, node.node.clone(), token)?;
            eprintln!("till {}/{} serves its operations at http://{address}/ops", settings.store, own.number);
        }
        running.push(node.node.clone());
    }
    let why = runtime::shutdown::asked_to_stop().await?;
    tracing::info!(why, "stopping");
    for node in running.iter().rev() {
        let cut = node.shutdown().await;
        if !cut.is_empty() {
            tracing::warn!(node = node.name(), cut = cut.join(" "), "some actors had to be cut off");
        }
    }
    Ok(())
}

/// Open a cashier's terminal: with the machine's settings, or as one more till of the running demo.
pub async fn till(settings: Option<Settings>, language: Option<Language>, data: Option<PathBuf>) -> anyhow::Result<()> {
    let settings = match settings {
        Some(settings) => settings,
        None => Invitation::find()?.settings(data),
    };
    let own = settings.till.as_ref().context("the settings have no [till] section")?;
    let folder = nodes::till_folder(&settings.data, &settings.store, own.number);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    // The screen owns the terminal, so the log goes beside the database.
    logging::start(LOG_FILTER, LogForm::Text, &LogTo::File(folder.join("till.log")))?;
    let (quit, mut quits) = watch::channel(false);
    let options = ScreenOptions { language: language.unwrap_or(own.language), ..ScreenOptions::default() };
    let _claim = Claim::take(&nodes::till_file(&settings.data, &settings.store, own.number))?;
    let node = start_till(&settings, own, Some((options, quit))).await?;
    let token = ops_token(&settings)?;
    if !settings.listen.is_empty()
        && let Err(error) = nodes::serve(&settings.listen, node.node.clone(), token)
    {
        tracing::warn!(error = format!("{error:#}"), "the operations endpoints are not served");
    }
    tokio::select! {
        left = quits.wait_for(|left| *left) => { left.ok(); }
        asked = runtime::shutdown::asked_to_stop() => { asked?; }
    }
    node.node.shutdown().await;
    Ok(())
}

/// The databases of the nodes that this process runs, and of no other.
fn claims(settings: &Settings) -> Result<Vec<Claim>, ClaimError> {
    let mut files = Vec::new();
    if settings.roles.contains(&MachineRole::Server) {
        files.push(nodes::server_file(&settings.data, &settings.store));
    }
    if let (true, Some(own)) = (settings.roles.contains(&MachineRole::Till), &settings.till) {
        files.push(nodes::till_file(&settings.data, &settings.store, own.number));
    }
    files.iter().map(|file| Claim::take(file)).collect()
}

async fn start_till(
    settings: &Settings,
    own: &TillNodeSettings,
    screen: Option<(ScreenOptions, watch::Sender<bool>)>,
) -> anyhow::Result<TillNode> {
    let mut till = TillSettings::new(settings.store.clone(), own.number);
    if own.unknown_operators {
        till.unknown_operators = UnknownOperators::Allow;
    }
    let folder = nodes::till_folder(&settings.data, &settings.store, own.number);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let ballast_bytes = settings.ballast_mib.saturating_mul(1024 * 1024);
    let disk = Disk::of(&folder);
    let disk = if ballast_bytes > 0 { disk.with_ballast(folder.join("ballast"), ballast_bytes) } else { disk };
    till.on_step = own.kill_at.as_deref().map(kill_at).transpose()?;
    let credentials = credentials(&nodes::till_folder(&settings.data, &settings.store, own.number))?;
    let dial = WebSocketDial::new(&own.server).credentials(credentials.clone()).allow_plain(settings.link.allow_plain);
    TillNode::start(TillParts {
        settings: till,
        data: settings.data.clone(),
        clock: Clock::system(),
        disk,
        device: fiscal_device(settings, own)?,
        counter: counter::counter(own),
        display: counter::display(own),
        scanner: own.scanner.clone().map(connector),
        dial: Arc::new(dial),
        token: own.token.clone(),
        credentials,
        reconnect: TILL_RECONNECT,
        screen,
    })
    .await
}

/// The key and the certificate of a node that was enrolled, in its data folder.
fn credentials(folder: &Path) -> anyhow::Result<Option<Arc<Credentials>>> {
    Ok(Credentials::open(&folder.join(trust::FOLDER))?.map(Arc::new))
}

fn fiscal_device(settings: &Settings, own: &TillNodeSettings) -> anyhow::Result<DeviceFactory> {
    let protocol = own.fiscal_protocol.0;
    let connector = match own.fiscal.clone() {
        // For trying things out: a registrar in this process, which remembers its documents beside the till's database.
        PortAddress::Memory => {
            let (device, memory) = chain::remembering_device(&settings.data, &settings.store, own.number)?;
            (protocol.emulator)(device, &memory)?
        }
        address => connector(address),
    };
    let make = protocol.driver;
    Ok(Arc::new(move || make(connector.clone())))
}

/// A hook that ends this process as a power cut would, for tests of recovery.
fn kill_at(step: &str) -> anyhow::Result<StepHook> {
    let step: SagaStep = step.parse().context("the setting till.kill_at")?;
    Ok(Arc::new(move |reached| {
        if reached == step {
            // Nothing is flushed, closed or unwound.
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).expect("a process may kill itself");
        }
    }))
}

fn ops_token(settings: &Settings) -> anyhow::Result<OpsToken> {
    match &settings.ops_token {
        Some(token) => OpsToken::new(token).context("the setting ops_token"),
        // Nobody knows it, so the pages stay closed.
        None => Ok(OpsToken::random()),
    }
}
