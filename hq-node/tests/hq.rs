//! A head office on a free port, asked over HTTP as browsers and machines ask it.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

use domain::ids::StoreId;
use expect_test::expect;
use hq_node::node::HqNode;
use hq_node::settings::{DATABASE_FILE, Machine, ProcessRole, Settings};
use hq_node::web::routes;
use link::apply::{Apply, Origin, Outcome, Peer, PeerRole, Received};
use messages::v1::document::Document;
use messages::v1::receipt::Receipt;
use migrations::scratch;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};
use web::rights::{Right, Role};

const PASSWORD: &str = "correct horse battery";

struct Office {
    node: HqNode,
    browser: Client,
    _folder: tempfile::TempDir,
}

fn token(role: Role) -> String {
    format!("a-long-token-of-{role}")
}

impl Office {
    async fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_process(folder.path());
        settings.database = scratch::address(folder.path(), DATABASE_FILE).await;
        settings.admin_password = Some(PASSWORD.to_owned());
        settings.machines = Role::ALL
            .into_iter()
            .map(|role| Machine { machine: format!("a machine as {role}"), token: token(role), role })
            .collect();
        let node = HqNode::start(settings).await.unwrap();
        let browser = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Office { node, browser, _folder: folder }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.browser.request(method, format!("http://{}{path}", self.node.addr()))
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, path)
    }

    fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, path).bearer_auth(token(Role::HqAdmin))
    }

    async fn sign_in(&self, name: &str, password: &str) -> Response {
        let form = format!("name={name}&password={}&next=/sales", password.replace(' ', "+"));
        let request = self.ask(Method::POST, "/sign-in").header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    }

    /// A receipt arrives from store S1.
    async fn sell(&self, sequence: u64, price: &str) {
        let receipt: Receipt = serde_json::from_value(json!({
            "uid": uuid::Uuid::now_v7(), "store": "S1", "till": 1, "sequence": sequence, "shift": 1,
            "business_day": "2026-11-25", "kind": "sale", "at": "2026-11-25T09:15:00+03:00", "operator": "7",
            "lines": [{"line": 1, "code": "10", "name": "Bread", "quantity": "1", "unit_price": price, "discount": "0.00",
                "amount": price, "vat_rate": "none", "vat": "0.00", "voided": false}],
            "discount": "0.00", "rounding": "0.00", "total": price, "vat": [], "change": "0.00", "fiscal": null,
            "tenders": [{"tender": "cash", "amount": price}],
        }))
        .unwrap();
        let document = Document::ReceiptClosed(Box::new(receipt));
        let received = Received {
            id: uuid::Uuid::now_v7(),
            type_id: document.type_id(),
            schema: 1,
            origin: Origin {
                store: StoreId::new("S1").unwrap(),
                till: domain::ids::TillId(1),
                sequence,
                chain: [0; 16],
            },
            created_ms: 0,
            body: document.to_body(),
        };
        let from = Peer { name: "S1".to_owned(), role: PeerRole::Store };
        let transaction = self.node.database().begin().await.unwrap();
        let ledger = backoffice::ledger::TradeLedger::new(false);
        assert_eq!(ledger.apply(&transaction, &from, &[received]).await.unwrap(), [Outcome::Applied]);
        transaction.commit().await.unwrap();
    }
}

fn cookie(response: &Response) -> String {
    let set = response.headers()[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[actix_web::test]
async fn every_route_has_a_guard_and_a_refusal_names_the_right() {
    let office = Office::open().await;
    let mut open = Vec::new();
    for route in routes() {
        let method: Method = route.method.parse().unwrap();
        let path = route.path.replace("{code:.+}", "x").replace("{number}", "x").replace("{name}", "sales");
        let path = path.replace("{section}", "cash").replace("{store}", "S1");
        let Some(right) = route.right else {
            open.push(format!("{method} {path}"));
            continue;
        };
        let nobody = office.ask(method.clone(), &path).send().await.unwrap();
        if path.starts_with("/api/") {
            assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(nobody.json::<Value>().await.unwrap()["code"], "OS-1001");
        } else {
            assert_eq!(nobody.status(), StatusCode::SEE_OTHER, "{method} {path}");
            assert!(nobody.headers()[LOCATION].to_str().unwrap().starts_with("/sign-in?next="), "{method} {path}");
        }
        let wrong = office.ask(method.clone(), &path).bearer_auth("not a token").send().await.unwrap();
        assert!(!wrong.status().is_success(), "{method} {path}");
        for role in Role::ALL {
            let asked = office.ask(method.clone(), &path).bearer_auth(token(role)).send();
            let answer = asked.await.unwrap();
            let allowed = role.may(right);
            assert_eq!(answer.status() != StatusCode::FORBIDDEN, allowed, "{method} {path} as {role}");
            if !allowed {
                let text = answer.text().await.unwrap();
                assert!(text.contains(&right.to_string()) && text.contains("OS-1002"), "{text}");
            }
        }
    }
    assert_eq!(open, ["GET /sign-in", "POST /sign-in", "POST /sign-out"]);
    // Those that bring their own guard.
    for path in ["/ops", "/ops/tree", "/metrics"] {
        assert!(!office.get(path).send().await.unwrap().status().is_success(), "{path}");
    }
    assert_eq!(office.get("/nothing/here").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(!Role::Operator.may(Right::ViewSales) && !Role::HqAnalyst.may(Right::ChangeCatalogue));
    assert_eq!(Role::Shop.rights(), [Right::ViewAccounts, Right::UseAccounts]);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn people_sign_in_and_out_and_guessing_gets_slow() {
    let office = Office::open().await;
    let right = office.sign_in("admin", PASSWORD).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    assert_eq!(right.headers()[LOCATION], "/sales");
    let set = right.headers()[SET_COOKIE].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let session = cookie(&right);
    let page = office.get("/").header(COOKIE, &session).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(text.contains("Sales") && text.contains("/ops"), "the menu of an administrator has everything");
    assert!(!text.contains("style=") && !text.contains("onclick"), "nothing inline");

    // A page of another site cannot use the session; a request that does not say where it comes from cannot either.
    let out = || office.ask(Method::POST, "/sign-out").header(COOKIE, &session);
    let other = out().header(ORIGIN, "http://evil.example").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    assert_eq!(out().send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let here = format!("http://{}", office.node.addr());
    assert_eq!(out().header(ORIGIN, here).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    let after = office.get("/").header(COOKIE, &session).send().await.unwrap();
    assert_eq!(after.status(), StatusCode::SEE_OTHER, "the session is over everywhere");

    for _ in 0..3 {
        assert_eq!(office.sign_in("admin", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    let slow = office.sign_in("admin", PASSWORD).await;
    assert_eq!(slow.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(slow.text().await.unwrap().contains("Too many wrong passwords: wait 1 s"));
    office.node.shutdown().await;
}

#[actix_web::test]
async fn the_address_after_the_sign_in_stays_here() {
    let office = Office::open().await;
    let refused = office.get("/sales?by=store").send().await.unwrap();
    assert_eq!(refused.headers()[LOCATION], "/sign-in?next=/sales%3Fby%3Dstore");
    for foreign in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        assert_eq!(web::layout::next_address(foreign), "/");
    }
    office.node.shutdown().await;
}

#[actix_web::test]
async fn items_by_the_interface_and_a_file_with_a_bad_row() {
    let office = Office::open().await;
    let import = async |file: &'static str| {
        let request = office.as_admin(Method::POST, "/api/v1/items/import?name=goods.csv");
        let answer = request.body(file).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, refused) = import("code,name,price,vat\n10,Bread,89.90,10\n20,Milk,seven,10\n30,,1.00,10\n").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    expect![[r#"
        [
          "OS-1103",
          "2 of 3 rows cannot be used; nothing was changed.",
          [
            "goods.csv:3 price: \"seven\" is not an amount of money: digits with at most two decimals are expected",
            "goods.csv:4 name: it is empty"
          ]
        ]"#]]
    .assert_eq(&format!("{:#}", json!([refused["code"], refused["text"], refused["import"]["bad"]])));
    let none = office.as_admin(Method::GET, "/api/v1/items/10").send().await.unwrap();
    assert_eq!(none.status(), StatusCode::NOT_FOUND, "nothing of a refused file is there");

    let (status, done) =
        import("code,name,price,vat,barcodes\n10,Bread,89.90,10,4600000000015\n20,Milk,70,10,\n").await;
    assert_eq!((status, &done["changed"]), (StatusCode::OK, &json!(2)));
    let bread = office.as_admin(Method::GET, "/api/v1/items/10").send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!((&bread["price"], &bread["barcodes"][0]), (&json!("89.90"), &json!("4600000000015")));

    let put = |path: &str, body: Value| office.as_admin(Method::PUT, path).json(&body).send();
    let changed = put("/api/v1/items/10", json!({"name": "Bread", "price": "95.00", "vat": "10"})).await.unwrap();
    assert_eq!(changed.json::<Value>().await.unwrap()["changed"], 1);
    let same = put("/api/v1/items/10", json!({"name": "Bread", "price": "95.00", "vat": "10"})).await.unwrap();
    assert_eq!(same.json::<Value>().await.unwrap()["unchanged"], 1);
    let broken = put("/api/v1/items/10", json!({"name": "Bread", "price": "95.001", "vat": "10"})).await.unwrap();
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    let negative = put("/api/v1/items/10", json!({"name": "Bread", "price": "-1", "vat": "10"})).await.unwrap();
    assert_eq!(negative.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(negative.json::<Value>().await.unwrap()["code"], "OS-1103");
    let operator = put("/api/v1/operators/7", json!({"name": "Anna", "pin": "2468", "role": "cashier"})).await.unwrap();
    assert_eq!(operator.status(), StatusCode::OK, "{}", operator.text().await.unwrap());
    let rule =
        json!([{"prefix": "22", "length": 13, "item": [2, 5], "value": [7, 5], "decimals": 3, "kind": "weight"}]);
    assert_eq!(put("/api/v1/barcode-rules", rule).await.unwrap().status(), StatusCode::OK);

    let gone = office.as_admin(Method::DELETE, "/api/v1/items/10").send().await.unwrap();
    assert_eq!(gone.json::<Value>().await.unwrap()["changed"], 1);
    let page = office.as_admin(Method::GET, "/catalogue?name=mil").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Milk") && !page.contains("Bread"));
    assert_eq!(office.as_admin(Method::GET, "/catalogue/items/20").send().await.unwrap().status(), StatusCode::OK);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn the_sales_report_in_every_form() {
    let office = Office::open().await;
    office.sell(1, "10.00").await;
    office.sell(2, "2.50").await;
    let get = async |path: &str| office.as_admin(Method::GET, path).send().await.unwrap();
    let csv = get("/api/v1/reports/sales?by=store&format=csv").await;
    assert!(csv.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    expect![[r#"
        store,receipts,sales,returns,net,vat
        S1,2,12.50,0.00,12.50,0.00
    "#]]
    .assert_eq(&csv.text().await.unwrap());
    let rows = get("/api/v1/reports/sales?by=hour&from=2026-11-25").await.json::<Value>().await.unwrap();
    assert_eq!(rows[0]["net"], "12.50");
    let book = get("/sales/export?by=product&format=xlsx&store=S1").await.bytes().await.unwrap();
    assert!(book.starts_with(b"PK"));
    let page = get("/sales?by=store").await.text().await.unwrap();
    assert!(page.contains("<svg") && page.contains("12.50"), "{page}");
    for (path, status) in [
        ("/api/v1/reports/sales?by=weather", StatusCode::BAD_REQUEST),
        ("/api/v1/reports/sales?from=yesterday", StatusCode::BAD_REQUEST),
        ("/api/v1/reports/profit", StatusCode::NOT_FOUND),
    ] {
        let refusal = get(path).await;
        assert_eq!(refusal.status(), status);
        assert!(refusal.json::<Value>().await.unwrap()["text"].is_string());
    }
    office.node.shutdown().await;
}

#[actix_web::test]
async fn every_report_is_a_page_and_a_file() {
    let office = Office::open().await;
    office.sell(1, "10.00").await;
    let get = async |path: &str| office.as_admin(Method::GET, path).send().await.unwrap();
    let first = get("/reports").await;
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert_eq!(first.headers()[LOCATION], "/reports/shifts");
    for report in backoffice::reports::all() {
        let page = get(&format!("/reports/{}?from=2026-11-25&to=2026-11-25", report.name)).await;
        assert_eq!(page.status(), StatusCode::OK, "{}", report.name);
        for choice in report.takes {
            let chosen = format!("/reports/{}?{}={}", report.name, choice.name, choice.values[0]);
            let text = get(&chosen).await.text().await.unwrap();
            assert!(text.contains(" selected"), "{text}");
        }
        for format in ["csv", "xlsx", "json"] {
            let path = format!("/reports/{}/export?format={format}", report.name);
            assert_eq!(get(&path).await.status(), StatusCode::OK, "{path}");
        }
        let rows = get(&format!("/api/v1/reports/{}", report.name)).await.json::<Value>().await.unwrap();
        assert!(rows.is_array(), "{rows}");
    }
    for (path, status) in [
        ("/api/v1/reports/audit?kind=weather", StatusCode::BAD_REQUEST),
        ("/api/v1/reports/cash?kind=approved", StatusCode::BAD_REQUEST),
        ("/api/v1/reports/shifts?by=day", StatusCode::BAD_REQUEST),
        ("/api/v1/reports/audit?kind=", StatusCode::OK),
    ] {
        assert_eq!(get(path).await.status(), status, "{path}");
    }
    office.node.shutdown().await;
}

#[actix_web::test]
async fn a_page_stays_fresh() {
    let office = Office::open().await;
    office.node.admit_store(&StoreId::new("S77").unwrap(), "a token of a store").await.unwrap();
    let mut line = office.as_admin(Method::GET, "/live/overview").send().await.unwrap();
    assert!(line.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let mut seen = String::new();
    while !seen.contains("S77") {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), line.chunk()).await.expect("news in time");
        seen.push_str(&String::from_utf8_lossy(&chunk.unwrap().expect("the stream goes on")));
    }
    assert!(seen.contains("event: fragment"), "{seen}");
    drop(line);
    office.node.shutdown().await;
}

#[test]
fn settings_refuse_an_unknown_key_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hq.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Settings::read(&file).map_err(|error| error.to_string().replace(&file.display().to_string(), "hq.toml"))
    };
    let unknown = read("data = \"data\"\nlisten_on = \"127.0.0.1:1\"\n").unwrap_err();
    expect!["settings hq.toml: unknown field `listen_on`, expected one of `data`, `database`, `roles`, `nats`, `listen`, `name`, `https`, `ops_token`, `admin_password`, `accounts_port`, `machines`, `stores`, `link`"].assert_eq(&unknown);
    let missing = read("name = \"HQ\"\n").unwrap_err();
    expect![[r#"settings hq.toml: missing configuration field "data""#]].assert_eq(&missing);
    let weak = read("data = \"d\"\n[[machines]]\nmachine = \"exchange\"\ntoken = \"short\"\nrole = \"hq_admin\"\n");
    expect![[r#"settings hq.toml: the token of machine "exchange" is too short: use at least 16 random characters"#]]
        .assert_eq(&weak.unwrap_err());
    let refused: Vec<String> = [
        "database = \"mysql://10.0.0.2/hq\"",
        "roles = []",
        "roles = [\"root\", \"web\"]",
        "database = \"postgres://10.0.0.2/hq\"\nroles = \"gateway,ingest\"",
        "nats = \"nats://10.0.0.2\"",
        "roles = [\"boss\"]",
    ]
    .iter()
    .map(|text| read(&format!("data = \"d\"\n{text}\n")).unwrap_err() + "\n")
    .collect();
    expect![[r#"
        settings hq.toml: "database" must be an address as postgres://user:password@host:5432/name; leave it out for a file in the data folder
        settings hq.toml: "roles" is empty: this process would do nothing
        settings hq.toml: several processes share one database: give its address as "database"
        settings hq.toml: a process with some of the roles reaches those with the others by NATS: give its address as "nats"
        settings hq.toml: several processes share one database: give its address as "database"
        settings hq.toml: unknown variant `boss`, expected one of `gateway`, `ingest`, `root`, `web` for key `roles`
    "#]]
    .assert_eq(&refused.concat());
    let part =
        "data = \"d\"\ndatabase = \"postgres://10.0.0.2/hq\"\nnats = \"nats://10.0.0.2\"\nroles = \"root, web\"\n";
    assert_eq!(read(part).unwrap().roles, [ProcessRole::Root, ProcessRole::Web]);
    let good = Settings::read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/hq.toml"))).unwrap();
    assert_eq!(good.listen, "127.0.0.1:7700");
}

#[actix_web::test]
async fn the_first_start_makes_up_a_password_and_the_second_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::in_process(folder.path());
    settings.database = scratch::address(folder.path(), DATABASE_FILE).await;
    let first = HqNode::start(settings.clone()).await.unwrap();
    assert!(first.first_password().is_some_and(|password| password.len() >= 16));
    first.shutdown().await;
    let second = HqNode::start(settings).await.unwrap();
    assert_eq!(second.first_password(), None);
    second.shutdown().await;
}
