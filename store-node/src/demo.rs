//! `store-node demo`: a head office, two stores and four tills with simulated shoppers, in one process on real files.

mod accounts;
mod customers;
mod goods;
mod scales;
mod shopper;
mod summary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use devices::fiscal::FiscalChoice;
use devices::port::PortAddress;
use devices::scale::ScaleKind;
use domain::ids::{StoreId, TillId};
use hq_node::settings::link::LinkSettings;
use runtime::claim::Claim;
use runtime::clock::Clock;
use runtime::logging::{self, LogForm, LogTo};
use runtime::ops::OpsToken;
use serde::{Deserialize, Serialize};
use till::UnknownOperators;

use crate::chain::{Chain, ChainOptions};
use crate::nodes::{self, StorePages};
use crate::settings::{MachineRole, Settings, TillNodeSettings};
use crate::tui::Language;
use shopper::Pace;

const STORES: [&str; 2] = ["S0001", "S0002"];
const TILLS: [u32; 2] = [1, 2];
/// The till that `cargo till` opens in the first store.
const GUEST_TILL: TillId = TillId(3);
/// Where the first store takes links; a free port if taken.
const STORE_LISTEN: &str = "127.0.0.1:7801";
const ANY_PORT: &str = "127.0.0.1:0";
/// The password of the pages: the demonstration listens on this machine only.
const PASSWORD: &str = "openstore-demo";
const ADMIN: &str = "admin";
/// How much faster than in a shop the shoppers are.
const PACE: Pace = Pace(6);
/// At the end everything made so far is waited for.
const SETTLE_DEADLINE: Duration = Duration::from_secs(60);
const LOG_FILTER: &str = "warn";

/// What a till in another process needs to join the running demo; written while it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitation {
    store: StoreId,
    till: TillId,
    server: String,
    token: String,
    ops_token: String,
    data: PathBuf,
}

impl Invitation {
    /// Where the running demo leaves it: one demo a machine.
    fn file() -> PathBuf {
        std::env::temp_dir().join("openstore-demo.json")
    }

    pub fn find() -> anyhow::Result<Invitation> {
        let text = std::fs::read(Invitation::file())
            .context("no demo is running on this machine: start one with `cargo demo`, or give --config")?;
        serde_json::from_slice(&text).context("the running demo left an invitation that cannot be read")
    }

    /// Settings of a till that accepts it.
    pub fn settings(self, data: Option<PathBuf>) -> Settings {
        Settings {
            roles: vec![MachineRole::Till],
            store: self.store,
            data: data.unwrap_or(self.data),
            listen: ANY_PORT.to_owned(),
            link: LinkSettings::default(),
            ops_token: Some(self.ops_token),
            ballast_mib: 0,
            server: None,
            till: Some(TillNodeSettings {
                number: self.till,
                server: self.server,
                token: self.token,
                // Beside the till, so that it sells on when the demo is gone.
                fiscal: PortAddress::Memory,
                fiscal_protocol: FiscalChoice::default(),
                card_terminal: Some(PortAddress::Memory),
                qr_terminal: Some(PortAddress::Memory),
                scale: Some(PortAddress::Memory),
                scale_protocol: ScaleKind::default(),
                scanner: None,
                printer: Some(PortAddress::Memory),
                display: None,
                language: Language::default(),
                unknown_operators: false,
                kill_at: None,
            }),
        }
    }
}

/// Run the command.
pub async fn run(runs_for: Option<Duration>, data: Option<PathBuf>, listen: &str) -> anyhow::Result<ExitCode> {
    logging::start(LOG_FILTER, LogForm::Text, &LogTo::Stderr)?;
    // Kept from demo to demo, so that a till that sold meanwhile finds its store again.
    let data = data.unwrap_or_else(|| std::env::temp_dir().join("openstore-demo"));
    let ops_token = OpsToken::random();
    let _claim = Claim::take(&data.join("demo"))?;
    let mut options = ChainOptions::new(data.clone(), Clock::system());
    options.hq_listen = listen.to_owned();
    options.ops_token = Some(ops_token.reveal().to_owned());
    options.admin_password = Some(PASSWORD.to_owned());
    options.unknown_operators = UnknownOperators::Refuse;
    options.devices_remember = true;
    options.scales = BTreeMap::from([(StoreId::new(STORES[0])?, scales::of_store())]);
    let token = options.token.clone();
    let mut chain = Chain::start(options).await?;
    fill(&chain).await.map_err(|text| anyhow::anyhow!(text))?;

    let mut shoppers = Vec::new();
    let mut seed = 1;
    for store in STORES {
        let store = StoreId::new(store)?;
        for till in TILLS.map(TillId) {
            chain.ensure_till(&store, till).await?;
            chain.settle_catalogue(&store, till, SETTLE_DEADLINE).await?;
            shoppers.push(actix::spawn(shopper::work(chain.commands(&store, till)?, seed, PACE)));
            seed += 1;
        }
    }
    let store = StoreId::new(STORES[0])?;
    let own = chain.store(&store)?.clone();
    let pages = StorePages::of(&own, Clock::system(), false, Some(PASSWORD)).await?;
    let door = nodes::serve_store(STORE_LISTEN, &LinkSettings::default(), &own, ops_token.clone(), pages.clone())
        .or_else(|_| nodes::serve_store(ANY_PORT, &LinkSettings::default(), &own, ops_token.clone(), pages))?;
    let invitation = Invitation {
        store,
        till: GUEST_TILL,
        server: format!("ws://{door}/link"),
        token,
        ops_token: ops_token.reveal().to_owned(),
        data: data.clone(),
    };
    invite(&invitation)?;
    welcome(&chain, &invitation, &data, runs_for)?;

    let stop = async {
        match runs_for {
            Some(runs_for) => tokio::time::sleep(runs_for).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop => {}
        asked = runtime::shutdown::asked_to_stop() => { asked?; }
    }
    for shopper in shoppers {
        shopper.abort();
    }
    // A demo that ends takes its invitation with it, unless a newer one has left its own.
    if Invitation::find().is_ok_and(|found| found.ops_token == invitation.ops_token) {
        std::fs::remove_file(Invitation::file()).ok();
    }
    let (text, same) = summary::of(&chain, SETTLE_DEADLINE).await?;
    print!("{text}");
    chain.stop().await;
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn fill(chain: &Chain) -> Result<(), String> {
    chain.put_items(goods::items()).await?;
    chain.put_items(goods::particular_items()).await?;
    for rule in goods::barcode_rules() {
        chain.put_barcode_rule(rule).await?;
    }
    for (number, name, pin, role) in goods::operators() {
        chain.put_operator(number, name.to_owned(), pin.to_owned(), role, None).await?;
    }
    customers::open(chain).await
}

fn invite(invitation: &Invitation) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = Invitation::file();
    std::fs::remove_file(&file).ok();
    // It holds tokens: only this user may read it.
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
    out.write_all(&serde_json::to_vec_pretty(invitation)?)?;
    Ok(())
}

fn welcome(chain: &Chain, invitation: &Invitation, data: &Path, runs_for: Option<Duration>) -> anyhow::Result<()> {
    let hq = chain.hq()?.addr();
    let door = invitation.server.trim_start_matches("ws://").trim_end_matches("/link");
    let until = match runs_for {
        Some(runs_for) => format!("It stops by itself in {} s.", runs_for.as_secs()),
        None => "Ctrl+C stops it.".to_owned(),
    };
    println!(
        "\
OpenStore is running: a head office, stores {} with two tills each, and shoppers at every till.

  Head office      http://{hq}/        user {ADMIN}, password {PASSWORD}
  A store          http://{door}/        its prices, scales and labels; the same user
  Operations       http://{hq}/ops     of the head office
                   http://{door}/ops     of store {}
  Operator's token {}
  Your own till    cargo till          in another terminal; operator 1, PIN 1111; F4 {} is a customer
  Databases        {}

{until}",
        STORES.join(" and "),
        invitation.store,
        invitation.ops_token,
        customers::card(1),
        data.display(),
    );
    Ok(())
}
