//! A head office whose clock stands, people and machines that ask it, and a store that holds rights.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::DateTime;
use dataserver::requests::{PutTillSettings, SettingsKey};
use hq_node::node::HqNode;
use hq_node::settings::{DATABASE_FILE, Machine, Settings};
use hq_node::web::accounts::changes::{NewCustomer, open};
use link::apply::{Peer, PeerRole};
use messages::v1::accounts::{IdentifyCustomer, Wallet};
use migrations::scratch;
use processing::keeper::{Door, Keeper, Making};
use processing::line::Talk;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::subordinate::{Policy, Subordinate};
use processing::root_side::{Beside, RootAnswers};
use processing::store_side::StoreTalk;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use serde_json::Value;
use web::rights::Role;

pub(crate) const MONEY: u32 = 643;
/// Administrators, a web shop, and somebody who may only look.
pub(crate) const PEOPLE: [(&str, Role); 4] =
    [("anna", Role::HqAdmin), ("boris", Role::HqAdmin), ("shop", Role::Shop), ("eve", Role::HqAnalyst)];

pub(crate) struct Office {
    pub(crate) node: HqNode,
    pub(crate) clock: Clock,
    pub(crate) folder: tempfile::TempDir,
    /// The address of its database, if that is not a file in the folder.
    pub(crate) database: Option<String>,
    client: Client,
}

fn token(name: &str) -> String {
    format!("a-long-token-of-{name}")
}

impl Office {
    pub(crate) async fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_process(folder.path());
        settings.database = scratch::address(folder.path(), DATABASE_FILE).await;
        let machine = |(name, role): (&str, Role)| Machine { machine: name.to_owned(), token: token(name), role };
        settings.machines = PEOPLE.into_iter().map(machine).collect();
        let clock = Clock::by_hand(DateTime::parse_from_rfc3339("2026-11-25T12:00:00+03:00").unwrap());
        let database = settings.database.clone();
        let node = HqNode::start_at(settings, clock.clone()).await.unwrap();
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Office { node, clock, folder, database, client }
    }

    pub(crate) fn ask(&self, who: &str, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.node.addr())).bearer_auth(token(who))
    }

    /// A customer with prepaid money and points of programme 1, both empty.
    pub(crate) async fn customer(&self, name: &str, number: &str) -> u64 {
        let new = NewCustomer {
            name: name.to_owned(),
            numbers: vec![number.to_owned()],
            birthday: None,
            brought_by: None,
            wallets: wallets(),
        };
        let opened = self.node.accounts().ask(Vec::new(), move |root, now| open(root, new, now));
        opened.await.unwrap().unwrap()
    }

    /// Publish a section of the tills' settings for the chain.
    pub(crate) async fn publish(&self, section: &str, json: &str) {
        let key = SettingsKey { section: section.to_owned(), store: None };
        self.node.put_till_settings().ask(PutTillSettings { key, json: json.to_owned() }).await.unwrap().unwrap();
    }

    pub(crate) async fn page(&self, who: &str, path: &str) -> (StatusCode, String) {
        let answer = self.ask(who, Method::GET, path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Send a form; where it leads, or the sentence of the refusal.
    pub(crate) async fn send(&self, who: &str, path: &str, fields: &[(&str, &str)]) -> String {
        let mut body = String::new();
        for (name, value) in fields {
            let escaped: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            write!(body, "{name}={escaped}&").unwrap();
        }
        let request = self.ask(who, Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        if answer.status() == StatusCode::SEE_OTHER {
            return answer.headers()["location"].to_str().unwrap().to_owned();
        }
        let status = answer.status();
        let text = answer.text().await.unwrap();
        let refusal = between(&text, "role=\"alert\">", "</p>").unwrap_or(&text);
        format!("{} {}", status.as_u16(), refusal.replace("&#34;", "\""))
    }

    /// Ask the interface as the web shop; the answer in a line.
    pub(crate) async fn api(&self, line: &str) -> String {
        let mut words = line.trim().splitn(3, ' ');
        let (what, key, body) = (words.next().unwrap(), words.next().unwrap_or("-"), words.next().unwrap_or(""));
        if what == "get" {
            let answer = self.ask("shop", Method::GET, &format!("/api/accounts/{key}")).send().await.unwrap();
            return told(answer).await;
        }
        let mut request = self.ask("shop", Method::POST, &format!("/api/accounts/{what}")).body(body.to_owned());
        if key != "-" {
            request = request.header("Idempotency-Key", key);
        }
        told(request.send().await.unwrap()).await
    }

    /// The statement of a wallet, a movement a line.
    pub(crate) async fn statement(&self, number: &str, query: &str) -> String {
        let path = format!("/api/accounts/customers/{number}/statement?{query}");
        let answer = self.ask("shop", Method::GET, &path).send().await.unwrap().json::<Value>().await.unwrap();
        let mut text = format!("balance {}\n", answer["balance"].as_str().unwrap());
        for line in answer["lines"].as_array().unwrap() {
            let field = |name: &str| line[name].as_str().unwrap_or_default();
            let (what, amount, held) = (field("movement"), field("amount"), field("held"));
            writeln!(text, "{what} {amount} held {held} -> {}", field("balance")).unwrap();
        }
        text
    }
}

fn wallets() -> Vec<Held> {
    let held = |wallet, asset| Held { wallet, asset, limit: 0 };
    vec![held(Wallet::Prepaid, MONEY), held(Wallet::Points, 1)]
}

/// Somebody with this card.
pub(crate) fn customer_of(number: &str) -> Customer {
    let card = Card { number: number.to_owned(), state: CardState::Active, day_max: None, pin: None };
    Customer { cards: vec![card], wallets: wallets(), ..Customer::default() }
}

pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

async fn told(answer: reqwest::Response) -> String {
    let status = answer.status().as_u16();
    let retry = answer.headers().get("retry-after").map(|after| format!(" after {} s", after.to_str().unwrap()));
    let text = answer.text().await.unwrap();
    let json: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    match (json["code"].as_str(), json["text"].as_str()) {
        (Some(code), Some(text)) => format!("{status} {code}{}: {text}", retry.unwrap_or_default()),
        _ => format!("{status} {json}"),
    }
}

/// A store beside the head office, with a book of its own.
pub(crate) struct Shop {
    talk: Talk,
    node: Node,
    _folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) async fn open(office: &Office, name: &str) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let door: Door<Subordinate> = Door::default();
        let making = Making::in_file(
            folder.path().join("accounts.sqlite"),
            || Subordinate::new(0, Policy::default(), false),
            Subordinate::restored,
        );
        let peer = Peer { name: name.to_owned(), role: PeerRole::Store };
        let line = Beside { root: RootAnswers::new(office.node.accounts().clone(), None), store: peer };
        let talk = Talk { door: door.clone(), line: Arc::new(line) };
        let mut tree = Tree::new(name);
        tree.group("accounts", Strategy::OneForOne);
        tree.child(ChildSpec::new("accounts/book", "keeper", move || {
            std::future::ready(Ok(Keeper::new(making.clone(), door.clone(), Clock::system())))
        }));
        let talking = talk.clone();
        tree.child(ChildSpec::new("accounts/talk", "store_talk", move || {
            std::future::ready(Ok(StoreTalk::new(talking.clone())))
        }));
        let node = tree.start().await;
        Shop { talk, node, _folder: folder }
    }

    /// A customer comes: the store gets rights. Until the store agrees with its root it asks in vain.
    pub(crate) async fn meets(&self, number: &str, office: &Office) {
        for _ in 0..200 {
            self.talk.identify(IdentifyCustomer { number: number.to_owned(), receipt: None }).await;
            let held = office.node.accounts().ask(Vec::new(), |root, _| root.leases().len());
            if held.await.unwrap() > 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the store got no right");
    }

    pub(crate) async fn close(self) {
        self.node.shutdown().await;
    }
}
