//! What the head office tells its tills about people, settings and single items: by pages, by the interface, by commands.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

use std::path::Path;
use std::process::Command;

use dataserver::{browse, pin, sections};
use domain::ids::StoreId;
use domain::rights::{Permissions, Right};
use hq_node::node::HqNode;
use hq_node::settings::{DATABASE_FILE, Machine, Settings};
use messages::v1::catalogue;
use messages::v1::settings::Roles;
use migrations::scratch;
use reqwest::header::LOCATION;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};
use web::rights::Role;

struct Office {
    node: HqNode,
    browser: Client,
    _folder: tempfile::TempDir,
}

fn token(role: Role) -> String {
    format!("a-long-token-of-{role}")
}

/// A form as a browser sends it.
fn encoded(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    fields.iter().map(|(name, text)| format!("{}={}", escaped(name), escaped(text))).collect::<Vec<_>>().join("&")
}

impl Office {
    async fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_process(folder.path());
        settings.database = scratch::address(folder.path(), DATABASE_FILE).await;
        settings.admin_password = Some("correct horse battery".to_owned());
        let machine = |role| Machine { machine: format!("a machine as {role}"), token: token(role), role };
        settings.machines = Role::ALL.into_iter().map(machine).collect();
        let node = HqNode::start(settings).await.unwrap();
        let browser = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Office { node, browser, _folder: folder }
    }

    fn ask_as(&self, role: Role, method: Method, path: &str) -> RequestBuilder {
        self.browser.request(method, format!("http://{}{path}", self.node.addr())).bearer_auth(token(role))
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.ask_as(Role::HqAdmin, Method::GET, path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = self.ask_as(Role::HqAdmin, method, path).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Send a form; where it leads to, or the page with the refusal.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Result<String, (StatusCode, String)> {
        let request = self.ask_as(Role::HqAdmin, Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(encoded(fields));
        let answer = request.send().await.unwrap();
        match answer.headers().get(LOCATION) {
            Some(there) => Ok(there.to_str().unwrap().to_owned()),
            None => Err((answer.status(), answer.text().await.unwrap())),
        }
    }
}

#[actix_web::test]
async fn settings_by_the_interface() {
    let office = Office::open().await;
    let path = "/api/v1/till-settings/cash";
    let (_, built_in) = office.json(Method::GET, path, json!(null)).await;
    assert_eq!(built_in["difference_max"], "9999999999.99");
    let (status, done) = office.json(Method::PUT, path, json!({"round_to": "1.00"})).await;
    assert_eq!((status, &done["changed"]), (StatusCode::OK, &json!(1)));
    let (_, of_store) = office.json(Method::GET, &format!("{path}/S%201"), json!(null)).await;
    assert_eq!(of_store["round_to"], "1.00", "a store without its own has the chain's");
    let (_, done) = office.json(Method::PUT, &format!("{path}/S%201"), of_store).await;
    assert_eq!(done["version"], 2);
    let (_, keys) = office.json(Method::GET, "/api/v1/till-settings", json!(null)).await;
    assert_eq!(keys, json!({"keys": ["cash", "cash/S 1"], "next_after": null}));
    let (_, done) = office.json(Method::DELETE, &format!("{path}/S%201"), json!(null)).await;
    assert_eq!(done["changed"], 1);

    for (path, body, status, text) in [
        (path, json!({"round_to": "-1"}), StatusCode::UNPROCESSABLE_ENTITY, "round_to: -1.00 is not between"),
        (path, json!({"roundto": "1"}), StatusCode::UNPROCESSABLE_ENTITY, "\"roundto\" is not a field of it"),
        ("/api/v1/till-settings/weather", json!({}), StatusCode::NOT_FOUND, "is not a section of the settings"),
        ("/api/v1/till-settings/cash/%20", json!({}), StatusCode::BAD_REQUEST, "is not a store code"),
    ] {
        let (answered, refusal) = office.json(Method::PUT, path, body).await;
        assert_eq!(answered, status, "{refusal}");
        assert!(refusal["text"].as_str().unwrap().contains(text), "{refusal}");
    }
    office.node.shutdown().await;
}

#[actix_web::test]
async fn every_section_has_a_page_whose_form_can_be_sent() {
    let office = Office::open().await;
    office.node.admit_store(&StoreId::new("S1").unwrap(), "a token of a store").await.unwrap();
    let (status, index) = office.get("/tills/settings").await;
    assert!(status == StatusCode::OK && index.contains("as built in"), "{index}");
    for kind in sections::SECTIONS {
        let (status, page) = office.get(&format!("/tills/settings/{}?store=S1", kind.name)).await;
        assert_eq!(status, StatusCode::OK, "{}", kind.name);
        assert!(page.contains("<form method=\"post\"") && page.contains("Save"), "{page}");
        assert!(!page.contains("style=") && !page.contains("onclick"), "nothing inline");
    }
    let analyst = office.ask_as(Role::HqAnalyst, Method::GET, "/tills/settings/cash").send().await.unwrap();
    let analyst = analyst.text().await.unwrap();
    assert!(analyst.contains("<fieldset disabled>") && !analyst.contains(">Save<"), "{analyst}");

    let cash = "/tills/settings/cash";
    let form = |round_to: &'static str| {
        [
            ("store", "S1"),
            ("round_to", round_to),
            ("round", "nearest"),
            ("blind_count", "yes"),
            ("difference_max", "50"),
            ("denominations", "100\r\n50,5\r\n"),
            ("do", "save"),
        ]
    };
    let there = office.send(cash, &form("0,50")).await.unwrap();
    assert_eq!(there, "/tills/settings/cash?store=S1&saved=true");
    let (_, page) = office.get(&there).await;
    assert!(page.contains("Saved.") && page.contains("its own") && page.contains("100.00\n50.50"), "{page}");
    let (status, page) = office.send(cash, &form("a lot")).await.unwrap_err();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("is not an amount of money") && page.contains("value=\"a lot\""), "{page}");
    let (_, page) = office.send(cash, &form("500")).await.unwrap_err();
    assert!(page.contains("settings cash/S1, round_to: 500.00 is not between 0 and 100.00"), "{page}");
    office.send(cash, &[("store", "S1"), ("do", "remove")]).await.unwrap();
    assert!(office.get(&there).await.1.contains("as built in"));
    office.node.shutdown().await;
}

#[actix_web::test]
async fn roles_keys_and_templates_by_pages() {
    let office = Office::open().await;
    let reader = &office.node.database().reader;
    let read = async |section: &str| {
        browse::till_section(reader, sections::find(section).unwrap(), None).await.unwrap().unwrap()
    };
    let mut form = vec![
        ("cashier.rights", "open_shift"),
        ("cashier.rights", "discount"),
        ("cashier.discount_hundredths_max", "7,5"),
        ("cashier.voids_max", "10"),
        ("cashier.returns_without_receipt_max", "0"),
        ("senior_cashier.discount_hundredths_max", "30"),
        ("senior_cashier.voids_max", "9999999999.99"),
        ("senior_cashier.returns_without_receipt_max", "5000"),
        ("store_admin.discount_hundredths_max", "100"),
        ("store_admin.voids_max", "9999999999.99"),
        ("store_admin.returns_without_receipt_max", "9999999999.99"),
    ];
    for right in Right::ALL {
        form.push(("store_admin.rights", right.name()));
        if right != Right::ResolveConflict {
            form.push(("senior_cashier.rights", right.name()));
        }
    }
    office.send("/tills/settings/roles", &form).await.unwrap();
    let roles: Roles = serde_json::from_value(read("roles").await).unwrap();
    assert_eq!(roles.roles.len(), 1, "what is as built in stays built in: {roles:?}");
    let cashier = roles.permissions(catalogue::Role::Cashier);
    assert_eq!((cashier.discount_hundredths_max, cashier.rights.len()), (750, 2));
    assert_eq!(roles.permissions(catalogue::Role::SeniorCashier), Permissions::senior_cashier());

    let limit = form.iter().position(|(name, _)| *name == "senior_cashier.voids_max").unwrap();
    form[limit].1 = "";
    let (_, page) = office.send("/tills/settings/roles", &form).await.unwrap_err();
    assert!(page.contains("Senior cashier, Largest sum of voided lines of a receipt: it is empty."), "{page}");

    let rows = [
        ("bindings.key", "F3"),
        ("bindings.action", "pay"),
        ("bindings.key", ""),
        ("bindings.action", ""),
        ("bindings.key", "ё"),
        ("bindings.action", "help"),
    ];
    office.send("/tills/settings/bindings", &rows).await.unwrap();
    assert_eq!(read("bindings").await, json!({"bindings": {"F3": "pay", "ё": "help"}}));
    let twice = [("bindings.key", "F3"), ("bindings.action", "a"), ("bindings.key", "F3"), ("bindings.action", "b")];
    let (_, page) = office.send("/tills/settings/bindings", &twice).await.unwrap_err();
    assert!(page.contains("is there twice"), "{page}");

    let keys = [("keys.item", "10"), ("keys.label", "Bread & butter"), ("keys.item", "20"), ("keys.label", "Milk")];
    office.send("/tills/settings/quick_keys", &keys).await.unwrap();
    assert_eq!(read("quick_keys").await["keys"][1], json!({"item": "20", "label": "Milk"}));
    assert!(office.get("/tills/settings/quick_keys").await.1.contains("Bread &#38; butter"));

    let template = "я\r\n".repeat(5_000);
    let paper = [("columns", "48"), ("language", "uk"), ("template", template.as_str())];
    office.send("/tills/settings/receipt_text", &paper).await.unwrap();
    assert_eq!(read("receipt_text").await["template"].as_str().unwrap().lines().count(), 5_000);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn people_at_the_tills_by_the_page_and_the_interface() {
    let office = Office::open().await;
    let path = "/tills/people/person";
    let anna = [
        ("is_new", "true"),
        ("number", "7"),
        ("name", "Anna"),
        ("role", "cashier"),
        ("pin", "2468"),
        ("card", "CARD-OF-ANNA"),
        ("do", "save"),
    ];
    assert_eq!(office.send(path, &anna).await.unwrap(), "/tills/people?saved=true");
    let (status, page) = office.send(path, &anna).await.unwrap_err();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("The number 7 belongs to Anna already.") && !page.contains("CARD-OF-ANNA"), "{page}");
    let same_card = [
        ("is_new", "true"),
        ("number", "8"),
        ("name", "Boris"),
        ("role", "cashier"),
        ("pin", "1"),
        ("card", "CARD-OF-ANNA"),
        ("do", "save"),
    ];
    let (_, page) = office.send(path, &same_card).await.unwrap_err();
    assert!(page.contains("has this card already"), "{page}");
    let (_, page) = office.get("/tills/people").await;
    assert!(page.contains("Anna") && page.contains("Cashier"), "{page}");
    let (_, page) = office.get("/tills/people/person?number=7").await;
    assert!(page.contains("There is a card") && !page.contains(&pin::card_hash("CARD-OF-ANNA")), "{page}");

    let promoted = [("is_new", "false"), ("number", "7"), ("name", "Anna"), ("role", "senior_cashier"), ("do", "save")];
    office.send(path, &promoted).await.unwrap();
    let (_, shown) = office.json(Method::GET, "/api/v1/operators/7", json!(null)).await;
    assert_eq!(shown, json!({"number": "7", "name": "Anna", "role": "senior_cashier", "has_card": true}));
    let body = json!({"name": "Boris", "role": "cashier", "pin": "1", "card": "CARD-OF-ANNA"});
    let (status, refusal) = office.json(Method::PUT, "/api/v1/operators/8", body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    let body = json!({"name": "Anna", "role": "cashier", "card": ""});
    office.json(Method::PUT, "/api/v1/operators/7", body).await;
    let (_, all) = office.json(Method::GET, "/api/v1/operators", json!(null)).await;
    assert_eq!(all["operators"][0]["has_card"], false);
    office.send(path, &[("number", "7"), ("do", "remove")]).await.unwrap();
    assert_eq!(office.get("/api/v1/operators/7").await.0, StatusCode::NOT_FOUND);
    let analyst = office.ask_as(Role::HqAnalyst, Method::GET, "/tills/people").send().await.unwrap();
    assert_eq!(analyst.status(), StatusCode::FORBIDDEN);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn an_item_by_hand() {
    let office = Office::open().await;
    let form = |price: &'static str, from: &'static str| {
        vec![
            ("is_new", "true"),
            ("code", "BEER/1"),
            ("name", "Beer"),
            ("price", price),
            ("vat", "22"),
            ("unit", "pc"),
            ("barcodes", "4600000000091\r\n"),
            ("plu", ""),
            ("group", ""),
            ("marked", "yes"),
            ("min_age", "18"),
            ("no_sale", "22:00-08:00"),
            ("open_price_from", from),
            ("open_price_to", "200"),
            ("deposit", "BOTTLE"),
            ("tare", "0,02"),
            ("do", "save"),
        ]
    };
    let (_, page) = office.send("/catalogue/edit", &form("99,5", "")).await.unwrap_err();
    assert!(page.contains("An open price needs its lowest and its highest price."), "{page}");
    let (_, page) = office.send("/catalogue/edit", &form("99,5", "300")).await.unwrap_err();
    assert!(page.contains("item BEER/1, open_price: 300.00 to 200.00 is no range"), "{page}");
    let there = office.send("/catalogue/edit", &form("99,5", "50")).await.unwrap();
    let (_, page) = office.get(&there).await;
    for fact in ["99.50", "22:00-08:00", "50.00 to 200.00", "BOTTLE", "0.02 kg", "not allowed"] {
        assert!(page.contains(fact), "{fact}: {page}");
    }
    let (_, page) = office.send("/catalogue/edit", &form("99,5", "50")).await.unwrap_err();
    assert!(page.contains("There is an item with the code BEER/1 already."), "{page}");
    let mut cheaper = form("89", "50");
    cheaper[0].1 = "false";
    office.send("/catalogue/edit", &cheaper).await.unwrap();
    let (_, item) = office.json(Method::GET, "/api/v1/items/BEER/1", json!(null)).await;
    assert_eq!((&item["price"], &item["past_prices"][0]["price"]), (&json!("89.00"), &json!("99.50")));
    let (_, done) = office.json(Method::PUT, "/api/v1/items/BEER/1", item).await;
    assert_eq!(done["unchanged"], 1, "what was read can be put back");
    assert!(office.get(&there).await.1.contains("99.50 until"));
    let (_, page) = office.get("/catalogue/edit?code=BEER/1").await;
    assert!(page.contains("value=\"0.02\"") && page.contains("readonly"), "{page}");
    office.send("/catalogue/edit", &[("code", "BEER/1"), ("do", "remove")]).await.unwrap();
    assert_eq!(office.get("/api/v1/items/BEER/1").await.0, StatusCode::NOT_FOUND);
    office.node.shutdown().await;
}

fn command(data: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hq-node"));
    let done = command.args(arguments).arg("--data").arg(data).output().unwrap();
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (done.status.success(), text)
}

#[test]
fn settings_and_people_by_commands() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("cash.json");
    std::fs::write(&file, "{\"round_to\": \"1.00\"}").unwrap();
    let file = file.to_str().unwrap();
    let run = |arguments: &[&str]| command(&data, arguments);
    let put = ["till-settings", "put", "cash", file, "--store", "S1"];
    assert_eq!(run(&put), (true, "cash/S1: changed\n".to_owned()));
    assert_eq!(run(&put), (true, "cash/S1: was like this already\n".to_owned()));
    assert_eq!(run(&["till-settings", "list"]), (true, "cash/S1\n".to_owned()));
    let (_, shown) = run(&["till-settings", "show", "cash", "--store", "S1"]);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["round_to"], "1.00");
    let (good, refused) = run(&["till-settings", "put", "sale", file]);
    assert_eq!((good, refused.as_str()), (false, "hq-node: settings sale, \"round_to\" is not a field of it\n"));
    assert_eq!(run(&["till-settings", "remove", "cash", "--store", "S1"]), (true, "cash/S1: removed\n".to_owned()));

    let anna = ["operator", "put", "7", "--name", "Anna", "--role", "cashier", "--pin", "2468", "--card", "C-1"];
    assert_eq!(run(&anna), (true, "Anna signs on as 7 (cashier)\n".to_owned()));
    assert_eq!(run(&["operator", "list"]), (true, "7  Anna  cashier  (card)\n".to_owned()));
    assert_eq!(run(&["operator", "remove", "7"]), (true, "7: removed\n".to_owned()));
}
