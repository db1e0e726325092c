//! The pages of a store server over HTTP: who may see them, what they show, and what their forms do.

mod days;

use std::collections::BTreeMap;
use std::time::Duration;

use devices::label_scale::{self, Timing, Wire};
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use domain::ids::{ItemCode, StoreId};
use domain::money::Money;
use domain::vat::VatRate;
use hq_node::settings::link::LinkSettings;
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Unit};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use runtime::clock::Clock;
use runtime::ops::OpsToken;
use scales::keeper::ScaleSettings;
use store_node::chain::{Chain, ChainOptions};
use store_node::nodes::{self, ServerNode, StorePages};
use store_node::web::routes;
use web::rights::{Right, Role};

use crate::sandbox::{eventually, in_system, labels_known};

const PASSWORD: &str = "correct horse battery";
const PATIENCE: Duration = Duration::from_secs(60);

struct Store {
    chain: Chain,
    store: StoreId,
    device: LabelScaleHandle,
    at: String,
    browser: Client,
    _folder: tempfile::TempDir,
}

fn item(number: u32, name: &str, price: i64) -> Item {
    let code = ItemCode(format!("W {number}"));
    Item {
        unit: Unit::Kilogram,
        plu: Some(number),
        barcodes: vec!["4600000000015".to_owned()],
        ..Item::new(code, name.to_owned(), Money::from_minor(price), VatRate::percent(10))
    }
}

impl Store {
    async fn open(clock: Clock) -> Store {
        let folder = tempfile::tempdir().expect("a folder");
        let store = StoreId::new("S1").expect("a code");
        let device = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, LabelScaleSettings::default());
        let mut options = ChainOptions::new(folder.path().to_owned(), clock.clone());
        let scale = ScaleSettings {
            name: "deli".to_owned(),
            department: String::new(),
            protocol: label_scale::find("shtrih-print").expect("it is spoken"),
            address: "memory".to_owned(),
            connector: device.connector(Wire::Datagram),
            password: None,
            articles_per_second_max: None,
            timing: Timing::default(),
        };
        options.scales = BTreeMap::from([(store.clone(), vec![scale])]);
        let mut chain = Chain::start(options).await.expect("a chain");
        chain.ensure_store(&store).await.expect("a store");
        let (prefix, kind) = ("22".to_owned(), BarcodeKind::Weight);
        let rule = BarcodeRule { prefix, length: 13, item: [2, 5], value: [7, 5], decimals: 3, kind };
        chain.put_barcode_rule(rule).await.expect("a rule");
        chain.put_items(vec![item(1, "Cheese <Old> & \"good\"", 10_000), item(2, "Ham", 20_000)]).await.expect("goods");
        let server: ServerNode = chain.store(&store).expect("it runs").clone();
        let pages = StorePages::of(&server, clock, false, Some(PASSWORD)).await.expect("pages");
        for role in Role::ALL {
            let made = hq_node::people::put(&server.database, role.as_str(), role, PASSWORD).await;
            made.expect("a person");
        }
        let address = nodes::serve_store("127.0.0.1:0", &LinkSettings::default(), &server, OpsToken::random(), pages)
            .expect("it listens");
        let browser = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Store { chain, store, device, at: format!("http://{address}"), browser, _folder: folder }
    }

    fn ask(&self, method: Method, path: &str, session: &str) -> RequestBuilder {
        let request = self.browser.request(method, format!("{}{path}", self.at));
        request.header(COOKIE, session).header(ORIGIN, &self.at)
    }

    async fn sign_in(&self, name: &str) -> String {
        let form = format!("name={name}&password={}&next=/", PASSWORD.replace(' ', "+"));
        let request = self.post("/sign-in", "", &form).send().await.expect("an answer");
        let set = request.headers().get(SET_COOKIE).expect("a session").to_str().expect("text");
        set.split(';').next().expect("a cookie").to_owned()
    }

    fn post(&self, path: &str, session: &str, form: &str) -> RequestBuilder {
        let request = self.ask(Method::POST, path, session);
        request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
    }

    async fn page(&self, path: &str, session: &str) -> String {
        let answer = self.ask(Method::GET, path, session).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("a page")
    }

    async fn says(&self, expected: &str) {
        let mut shop = self.chain.store(&self.store).expect("a store").shop.clone();
        let reached = shop.wait_for(|now| now.coherence.to_string() == expected);
        assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "{expected}");
    }
}

#[test]
fn every_page_of_a_store_asks_who_comes_and_what_they_may() {
    in_system(async {
        let store = Store::open(Clock::system()).await;
        let mut sessions = Vec::new();
        for role in Role::ALL {
            sessions.push((role, store.sign_in(role.as_str()).await));
        }
        let mut open = Vec::new();
        for route in routes() {
            let method: Method = route.method.parse().expect("a method");
            let path = route.path.replace("{name}", "deli").replace("{plu}", "1");
            let Some(right) = route.right else {
                open.push(format!("{method} {path}"));
                continue;
            };
            let nobody = store.ask(method.clone(), &path, "").send().await.expect("an answer");
            let to = nobody.headers().get(LOCATION).map(|to| to.to_str().expect("text").to_owned());
            assert!(to.unwrap_or_default().starts_with("/sign-in?next="), "{method} {path}");
            for (role, session) in &sessions {
                let answer = store.ask(method.clone(), &path, session).send().await.expect("an answer");
                assert_eq!(answer.status() != StatusCode::FORBIDDEN, role.may(right), "{method} {path} as {role}");
            }
        }
        assert_eq!(open, ["GET /sign-in", "POST /sign-in", "POST /sign-out"]);
        assert!(Role::StoreAdmin.may(Right::OperateScales) && !Role::HqAnalyst.may(Right::OperateScales));
        let (_, analyst) = &sessions[0];
        let read =
            store.ask(Method::GET, "/scales/deli/articles/1?read=true", analyst).send().await.expect("an answer");
        assert_eq!(read.status(), StatusCode::FORBIDDEN, "only who operates scales lets a scale be asked");
        store.chain.stop().await;
    });
}

#[test]
fn a_store_administrator_sees_scales_prints_labels_and_hangs_them() {
    in_system(async {
        let store = Store::open(Clock::system()).await;
        let session = store.sign_in("admin").await;
        store.says("tills 0/0, scales 1/1, labels 0/0").await;
        assert!(store.page("/", &session).await.contains("Everything shows the same prices"));
        let page = store.page("/scales/deli/goods", &session).await;
        assert!(page.contains("Cheese &#60;Old&#62; &#38; &#34;good&#34;") && page.contains("on the scale"), "{page}");
        let label = store.page("/scales/deli/articles/1/label.svg", &session).await;
        assert!(label.starts_with("<svg") && label.contains("&lt;Old&gt; &amp;") && label.contains("50.00"), "{label}");
        assert!(store.page("/scales/deli/articles/1?read=true", &session).await.contains("100.00"));

        // Taken off, and loaded again.
        let done = store.post("/scales/deli", &session, "do=clear").send().await.expect("an answer");
        assert_eq!(done.status(), StatusCode::SEE_OTHER);
        eventually("the scale is empty", PATIENCE, async || (store.device.count() == 0).then_some(())).await;
        assert!(store.page("/scales/deli?done=clear", &session).await.contains("stays empty until it is loaded"));
        store.post("/scales/deli", &session, "do=load").send().await.expect("an answer");
        eventually("the scale is loaded", PATIENCE, async || (store.device.count() == 2).then_some(())).await;
        let strange = store.post("/scales/deli", &session, "do=dance").send().await.expect("an answer");
        assert_eq!(strange.status(), StatusCode::BAD_REQUEST);

        // A price changes: its label is printed and hung. What changes after the sheet was drawn does not count as hung.
        labels_known(&store.chain, &store.store).await;
        store.chain.put_items(vec![item(1, "Cheese", 11_000)]).await.expect("goods");
        store.says("tills 0/0, scales 1/1, labels 0/1").await;
        let next = store.ask(Method::GET, "/labels/next", &session).send().await.expect("an answer");
        let sheet = next.headers()[LOCATION].to_str().expect("text").to_owned();
        let query = sheet.split_once('?').expect("a sheet says what it is").1.to_owned();
        assert!(store.page(&sheet, &session).await.contains("They hang"));
        let drawn = store.page(&format!("/labels/sheet.svg?{query}"), &session).await;
        assert!(drawn.contains("110.00") && drawn.contains("W 1"), "{drawn}");
        store.chain.put_items(vec![item(1, "Cheese", 12_000)]).await.expect("goods");
        store.says("tills 0/0, scales 1/1, labels 0/1").await;
        eventually("the old sheet is refused", PATIENCE, async || {
            let old = store.ask(Method::GET, &format!("/labels/sheet.svg?{query}"), &session).send();
            (old.await.expect("an answer").status() != StatusCode::OK).then_some(())
        })
        .await;
        store.post("/labels", &session, &query).send().await.expect("an answer");
        assert!(store.page("/labels", &session).await.contains("W 1"), "the old sheet hangs no new price");
        let next = store.ask(Method::GET, "/labels/next", &session).send().await.expect("an answer");
        let query = next.headers()[LOCATION].to_str().expect("text").split_once('?').expect("a sheet").1.to_owned();
        let hung = store.post("/labels", &session, &query).send().await.expect("an answer");
        assert_eq!(hung.status(), StatusCode::SEE_OTHER);
        store.says("tills 0/0, scales 1/1, labels 0/0").await;
        store.chain.stop().await;
    });
}
