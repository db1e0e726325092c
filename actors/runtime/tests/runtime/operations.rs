//! The operations endpoints over real HTTP: who is let in, what is shown, what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer};
use prometheus_client::metrics::counter::Counter as Metric;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use runtime::node::{ChildRef, Node, Tree};
use runtime::ops::{self, OpsState, OpsToken};
use runtime::spec::Strategy;
use runtime::supervisor::Order;
use runtime::tap::Outcome;
use serde_json::{Value, json};

use crate::actors::{Add, Broken, Counter, Disk, Fail, counter, eventually};

const TOKEN: &str = "a-token-of-this-test-0123456789";
/// A name that would run if it were not escaped.
const ODD: &str = "odd/<script>alert(\"1\")</script>";

struct Served {
    node: Node,
    child: ChildRef<Counter>,
    disk: Disk,
    base: String,
    client: Client,
}

async fn served() -> Served {
    let disk = Disk::default();
    let mut tree = Tree::new("till <1>");
    tree.group("all", Strategy::OneForOne);
    let child = tree.child(counter("till/1", &disk));
    tree.child(counter(ODD, &Disk::default()));
    let node = tree.start().await;
    let token = OpsToken::new(TOKEN).expect("it is long enough");
    let state = OpsState::new(node.clone(), token, |registry| {
        let receipts: Metric = Metric::default();
        receipts.inc_by(7);
        registry.register("receipts", "Receipts closed", receipts);
    });
    let server = HttpServer::new(move || App::new().configure(|config| ops::configure(config, state.clone())))
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
    let base = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    Served { node, child, disk, base, client }
}

impl Served {
    fn open(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    fn as_machine(&self, method: Method, path: &str) -> RequestBuilder {
        self.open(method, path).bearer_auth(TOKEN)
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.as_machine(Method::GET, path).send().await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    }

    async fn sign_in(&self, token: &str) -> reqwest::Response {
        let form = self.open(Method::POST, "/ops/sign-in").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        form.body(format!("token={token}")).send().await.expect("it answers")
    }

    /// The cookie of a signed-in operator.
    async fn session(&self) -> String {
        let answer = self.sign_in(TOKEN).await;
        assert_eq!(
            (answer.status(), &answer.headers()[LOCATION]),
            (StatusCode::SEE_OTHER, &"/ops".parse().expect("text"))
        );
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("text").to_owned();
        for part in ["HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains(TOKEN));
        cookie.split(';').next().expect("a first part").to_owned()
    }
}

#[actix_web::test]
async fn nothing_but_health_is_open() {
    let served = served().await;
    let closed = ["/ops", "/ops/tree", "/ops/links", "/ops/dead-letters", "/metrics"];
    let tap = served.open(Method::GET, "/ops/tap/till/1").send().await.expect("it answers");
    assert_eq!(tap.status(), StatusCode::UNAUTHORIZED);
    for path in closed {
        for request in [
            served.open(Method::GET, path),
            served.open(Method::GET, path).bearer_auth("another-token-of-this-test-00"),
            served.open(Method::GET, path).header(COOKIE, "ops_session=0123"),
            served.open(Method::GET, path).header(COOKIE, format!("ops_session={TOKEN}")),
        ] {
            let answer = request.send().await.expect("it answers");
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            let said: Value = answer.json().await.expect("JSON");
            assert_eq!(said["error"], "Only the operator of this node may do this: send its token as a bearer token.");
        }
        let answer = served.as_machine(Method::GET, path).send().await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    let answer = served.open(Method::POST, "/ops/actors/till/1/stop").send().await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(served.node.is_ready());
    assert!(OpsToken::new("short").is_err());
}

#[actix_web::test]
async fn health_says_why_not() {
    let served = served().await;
    let live = served.open(Method::GET, "/health/live").send().await.expect("it answers");
    assert_eq!(live.status(), StatusCode::OK);
    let ready = served.open(Method::GET, "/health/ready").send().await.expect("it answers");
    assert_eq!(ready.status(), StatusCode::OK);

    served.disk.broken.set(Some(Broken::FactoryFails));
    served.node.order("till/1", Order::Restart).await.expect("it exists");
    eventually("not ready", async || !served.node.is_ready()).await;
    let ready = served.open(Method::GET, "/health/ready").send().await.expect("it answers");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let said: Value = ready.json().await.expect("JSON");
    assert!(said["reasons"][0].as_str().is_some_and(|reason| reason.starts_with("actor till/1 is ")), "{said}");

    let tree = served.json("/ops/tree").await;
    assert_eq!(tree["children"][0]["last_failure"], "the disk is full");

    served.node.shutdown().await;
    let live = served.open(Method::GET, "/health/live").send().await.expect("it answers");
    assert_eq!(live.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn the_tree_shows_what_happened_and_orders_are_carried_out() {
    let served = served().await;
    served.child.reference::<Add>().ask(Add(3)).await.expect("it runs");
    served.child.reference::<Fail>().ask(Fail).await.expect_err("it fails");
    eventually("restarted", async || served.node.is_ready()).await;
    let tree = served.json("/ops/tree").await;
    let child = &tree["children"][0];
    let facts = ["path", "kind", "group", "status", "generation", "restarts", "handled", "refused", "panics"];
    let facts: BTreeMap<&str, &Value> = facts.map(|fact| (fact, &child[fact])).into();
    assert_eq!(
        json!(facts),
        json!({ "path": "till/1", "kind": "counter", "group": "all", "status": "running", "generation": 2,
                "restarts": 1, "handled": 2, "refused": 0, "panics": 1 })
    );
    assert_eq!(child["state"], json!({ "total": 3 }));
    assert!(child["last_panic"].as_str().is_some_and(|text| text.contains("drawer")));
    assert!(child["handled_per_s"].is_number() && child["oldest_age_ms"] == 0);

    for (order, status) in [("stop", "stopped"), ("start", "running"), ("pause", "paused"), ("resume", "running")] {
        let path = format!("/ops/actors/till/1/{order}");
        let answer = served.as_machine(Method::POST, &path).send().await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        eventually(status, async || served.json("/ops/tree").await["children"][0]["status"] == status).await;
    }
    served.node.order("till/1", Order::Stop).await.expect("it exists");
    served.child.reference::<Add>().tell(Add(1)).expect_err("it is stopped");
    let letters = served.json("/ops/dead-letters").await;
    assert_eq!((&letters["total"], &letters["newest"][0]["to"]), (&json!(1), &json!("till/1")));

    for (path, error) in [
        ("/ops/actors/nobody/stop", "there is no actor \"nobody\" on this node."),
        ("/ops/actors/till/1/explode", "there is no order \"explode\": use restart, stop, start, pause or resume."),
        ("/ops/actors/till/1/paniC", "there is no order \"paniC\": use restart, stop, start, pause or resume."),
    ] {
        let answer = served.as_machine(Method::POST, path).send().await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.json::<Value>().await.expect("JSON")["error"], error);
    }
}

#[actix_web::test]
async fn a_person_signs_in_and_gives_orders_from_the_page_only() {
    let served = served().await;
    let form = served.open(Method::GET, "/ops").header(ACCEPT, "text/html").send().await.expect("it answers");
    assert_eq!(form.status(), StatusCode::UNAUTHORIZED);
    assert!(form.text().await.expect("text").contains("action=\"/ops/sign-in\""));
    let wrong = served.sign_in("not-the-token-of-this-test-000000").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.text().await.expect("text").contains("This is not the token of this node."));

    let cookie = served.session().await;
    let page = served.open(Method::GET, "/ops").header(COOKIE, &cookie).header(ACCEPT, "text/html");
    let page = page.send().await.expect("it answers");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    let text = page.text().await.expect("text");
    assert!(text.contains("action=\"/ops/actors/till/1/restart\""), "{text}");
    assert!(!text.contains("<script>alert") && text.contains("till &#60;1&#62;"), "names are escaped");
    assert_eq!(text.matches("<script").count(), 1, "only the module of the page itself");

    let restart = |origin: Option<String>| {
        let odd: String = ODD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = served.open(Method::POST, &format!("/ops/actors/{odd}/restart"));
        let request = request.header(COOKIE, &cookie).header(ACCEPT, "text/html");
        match origin {
            Some(origin) => request.header(ORIGIN, origin),
            None => request,
        }
    };
    for foreign in [None, Some("http://evil.example".to_owned()), Some("null".to_owned())] {
        assert_eq!(restart(foreign).send().await.expect("it answers").status(), StatusCode::FORBIDDEN);
    }
    let renamed = restart(Some("http://evil.example".to_owned())).header(HOST, "till.example");
    assert_eq!(renamed.send().await.expect("it answers").status(), StatusCode::FORBIDDEN);
    let own = restart(Some(served.base.clone())).send().await.expect("it answers");
    assert_eq!((own.status(), &own.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/ops".parse().expect("text")));
    eventually("restarted", async || served.json("/ops/tree").await["children"][1]["generation"] == 2).await;

    let out = served.open(Method::POST, "/ops/sign-out").header(COOKIE, &cookie).header(ORIGIN, &served.base);
    assert_eq!(out.send().await.expect("it answers").status(), StatusCode::SEE_OTHER);
    let after = served.open(Method::GET, "/ops/tree").header(COOKIE, &cookie).send().await.expect("it answers");
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
    for asset in ["/ops/ops.css", "/ops/ops.js"] {
        assert_eq!(served.open(Method::GET, asset).send().await.expect("it answers").status(), StatusCode::OK);
    }
}

/// Messages of one run, enough to take a while.
const RUN: u64 = 5_000;

/// How long a run of messages takes.
async fn run(served: &Served) -> Duration {
    let add = served.child.reference::<Add>();
    let begun = Instant::now();
    for _ in 0..RUN {
        add.ask(Add(1)).await.expect("it runs");
    }
    begun.elapsed()
}

#[actix_web::test]
async fn fault_f38_a_look_at_a_hot_actor_shows_a_few_messages_counts_the_rest_and_holds_up_none() {
    const RATE: u64 = 50;
    /// The quickest of so many runs each.
    const RUNS: usize = 8;
    let served = served().await;
    let nobody = served.as_machine(Method::GET, "/ops/tap/nobody").send().await.expect("it answers");
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
    let (mut alone, mut looked_at) = (Duration::MAX, Duration::MAX);
    let (mut lines, mut told) = (0, 0);
    for _ in 0..RUNS {
        alone = alone.min(run(&served).await);
        let begun = Instant::now();
        let path = format!("/ops/tap/till/1?rate={RATE}");
        let mut tap = served.as_machine(Method::GET, &path).send().await.expect("it answers");
        assert_eq!(tap.status(), StatusCode::OK);
        looked_at = looked_at.min(run(&served).await);
        // A newer look ends this one, and what it has shown until then is read to its end.
        drop(served.node.tap("till/1", 1).expect("it exists"));
        let mut text = String::new();
        while let Some(part) = tap.chunk().await.expect("it goes on") {
            text.push_str(std::str::from_utf8(&part).expect("text"));
        }
        let seen: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let windows = begun.elapsed().as_secs() + 1;
        assert!(!seen.is_empty() && seen.len() as u64 <= RATE * windows, "{} lines", seen.len());
        assert!(seen[0]["message"].as_str().is_some_and(|name| name.ends_with("Add")), "{}", seen[0]);
        assert_eq!((&seen[0]["outcome"], &seen[0]["left_out"]), (&json!("done"), &json!(0)));
        lines += seen.len() as u64;
        told += seen.iter().map(|line| line["left_out"].as_u64().expect("a count")).sum::<u64>();
    }
    let mut last = served.node.tap("till/1", 1).expect("it exists");
    served.child.reference::<Fail>().ask(Fail).await.expect_err("it fails");
    assert_eq!(last.recv().await.expect("one message").outcome, Outcome::Panicked);
    assert!(lines + told <= RUNS as u64 * (RUN + 1));
    let loss = looked_at.as_secs_f64() / alone.as_secs_f64() - 1.0;
    // Two runs of the same differ by more than the look costs; a look that held the actor up would double the time.
    assert!(loss < 0.25, "{RUN} messages take {alone:?}, and {looked_at:?} while somebody looks");
    println!("{RUN} messages take {alone:?}, and {looked_at:?} while somebody looks");
}

#[actix_web::test]
async fn metrics_are_well_formed_openmetrics() {
    let served = served().await;
    for _ in 0..4 {
        served.child.reference::<Add>().ask(Add(1)).await.expect("it runs");
    }
    let answer = served.as_machine(Method::GET, "/metrics").send().await.expect("it answers");
    let kind = answer.headers()[CONTENT_TYPE].to_str().expect("text").to_owned();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text().await.expect("text");
    let samples = parse(&text);
    assert_eq!(samples["openstore_receipts_total"], 7.0);
    assert_eq!(samples["openstore_node_ready"], 1.0);
    assert_eq!(samples["openstore_actors"], 2.0);
    let handled = r#"openstore_actor_messages_handled_total{actor="till/1",kind="counter"}"#;
    assert_eq!(samples[handled], 4.0);
    tokio::time::timeout(Duration::from_secs(1), served.node.shutdown()).await.expect("it stops");
}

/// The grammar of OpenMetrics, as far as counters and gauges go: families are declared before their samples and once,
/// counters end in `_total`, no series comes twice, and the text says where it ends.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    let (mut kinds, mut described, mut samples) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for line in body.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (family, kind) = declared.split_once(' ').expect("name and type");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert!(kinds.insert(family, kind).is_none(), "declared twice: {line}");
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            let (family, _) = help.split_once(' ').expect("name and help");
            assert!(described.insert(family), "described twice: {line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("series and value");
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{line}");
            let (family, kind) = match name.strip_suffix("_total") {
                Some(family) => (family, "counter"),
                None => (name, "gauge"),
            };
            assert_eq!(kinds.get(family), Some(&kind), "{line}");
            assert!(described.contains(family), "{line}");
            if !labels.is_empty() {
                check_labels(labels.strip_suffix('}').expect("labels are closed"));
            }
            let value: f64 = value.parse().expect("a number");
            assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    samples
}

fn check_labels(labels: &str) {
    let mut rest = labels;
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").expect("name and value");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{labels}");
        let mut escaped = false;
        let end = quoted
            .find(|c: char| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
            .expect("the value is closed");
        rest = &quoted[end + 1..];
        if let Some(next) = rest.strip_prefix(',') {
            rest = next;
        } else {
            assert_eq!(rest, "", "{labels}");
        }
    }
}
