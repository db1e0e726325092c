//! Settings of the tills: published as tills read them, and refused in a sentence.

use std::sync::atomic::Ordering;

use dataserver::requests::{PublishError, Published, PutTillSettings, RemoveTillSettings, SettingsKey};
use dataserver::{browse, sections};
use domain::ids::StoreId;
use domain::rights::{Permissions, Right};
use link::datasets::DatasetSource;
use link::datasets::table::TableDatasets;
use messages::codec::from_body;
use messages::v1::catalogue::Role;
use messages::v1::settings::{CashRules, Direction, Roles, TILL_SETTINGS};
use serde_json::json;

use crate::{Hq, at_hq, published};

fn key(section: &str, store: Option<&str>) -> SettingsKey {
    SettingsKey { section: section.to_owned(), store: store.map(|store| StoreId::new(store).unwrap()) }
}

async fn put(hq: &Hq, section: &str, store: Option<&str>, json: &str) -> Result<Published, PublishError> {
    hq.ask(PutTillSettings { key: key(section, store), json: json.to_owned() }).await
}

#[tokio::test]
async fn a_section_is_for_the_chain_or_for_one_store() {
    at_hq(async |hq| {
        let chain = r#"{"round_to": "1.00", "round": "nearest"}"#;
        assert_eq!(put(hq, "cash", None, chain).await, published(1, 1, 0));
        assert_eq!(put(hq, "cash", None, chain).await, published(1, 0, 1));
        assert_eq!(put(hq, "cash", Some("S1"), r#"{"blind_count": true}"#).await, published(2, 1, 0));
        assert_eq!(hq.rings.load(Ordering::Relaxed), 2);
        assert_eq!(browse::till_settings(&hq.database.reader, None, 10).await.unwrap(), ["cash", "cash/S1"]);
        let rows = TableDatasets::new(hq.database.clone()).changes(TILL_SETTINGS, 0, 10).await.unwrap();
        let rules: CashRules = from_body(&rows[0].body).unwrap();
        assert_eq!((rules.round_to.minor(), rules.round, rules.denominations.len()), (100, Direction::Nearest, 15));

        let cash = sections::find("cash").unwrap();
        let store = StoreId::new("S1").unwrap();
        let shown = browse::till_section(&hq.database.reader, cash, Some(&store)).await.unwrap().unwrap();
        assert_eq!((&shown["blind_count"], &shown["round_to"]), (&json!(true), &json!("0.00")));
        assert_eq!(hq.ask(RemoveTillSettings { key: key("cash", Some("S1")) }).await, published(3, 1, 0));
        assert_eq!(hq.ask(RemoveTillSettings { key: key("cash", Some("S1")) }).await, published(3, 0, 1));
        assert_eq!(browse::till_section(&hq.database.reader, cash, Some(&store)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_section_goes_down_as_it_is_built_in() {
    at_hq(async |hq| {
        for kind in sections::SECTIONS {
            put(hq, kind.name, None, &kind.defaults().to_string()).await.unwrap();
            let kept = browse::till_section(&hq.database.reader, kind, None).await.unwrap();
            assert_eq!(kept, Some(kind.defaults()), "{}", kind.name);
        }
        let mut roles = Roles::default();
        roles.roles.insert(Role::Cashier, Permissions::senior_cashier());
        put(hq, "roles", None, &serde_json::to_string(&roles).unwrap()).await.unwrap();
        let rows = TableDatasets::new(hq.database.clone())
            .changes(TILL_SETTINGS, sections::SECTIONS.len() as u64, 10)
            .await
            .unwrap();
        let kept: Roles = from_body(&rows[0].body).unwrap();
        assert_eq!(kept, roles);
        assert!(kept.permissions(Role::Cashier).rights.contains(&Right::Approve));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_a_sentence() {
    at_hq(async |hq| {
        let label = "x".repeat(41);
        let long = "x".repeat(20_001);
        let many: Vec<_> = (0..101).map(|_| json!({"item": "1", "label": "x"})).collect();
        let words: serde_json::Map<_, _> = (0..201).map(|n| (format!("w{n}"), json!("pay"))).collect();
        for (section, value, sentence) in [
            ("cash", json!({"round_to": "-1"}), "round_to: -1.00 is not between 0 and 100.00"),
            ("cash", json!({"round_too": "1"}), "\"round_too\" is not a field of it"),
            ("cash", json!({"denominations": ["1", "2"]}), "denominations: 1.00 comes before 2.00, but the largest comes first and none twice"),
            ("cash", json!({"denominations": ["1", "0"]}), "denominations: 0.00 is not the worth of a banknote or coin"),
            ("cash", json!({"denominations": vec!["1"; 31]}), "denominations: 31 are more than the 30 allowed"),
            ("quick_keys", json!({"keys": many}), "keys: 101 are more than the 100 allowed"),
            ("quick_keys", json!({"keys": [{"item": "1", "label": label}]}), &format!("keys: the label \"{label}\" of 1 cannot be used: 1 to 40 characters without spaces at the ends are expected")),
            ("quick_keys", json!({"keys": [{"item": "", "label": "x"}]}), "keys: \"\" cannot be the code of an item"),
            ("bindings", json!({"bindings": words}), "bindings: 201 are more than the 200 allowed"),
            ("bindings", json!({"bindings": {" ": "pay"}}), "bindings: \" \" cannot be a key or word: 1 to 40 characters without spaces at the ends are expected"),
            ("receipt_text", json!({"columns": 23}), "columns: 23 is not between 24 and 80"),
            ("receipt_text", json!({"language": "de"}), "language: \"de\" is not spoken here: en, ru or uk is expected"),
            ("receipt_text", json!({"template": long}), "template: 20001 bytes are more than the 20000 allowed"),
            ("receipt_text", json!({"template": "a\u{1b}b"}), "template: it has a control character other than a line break or a tab"),
            ("sale", json!({"return_days_max": 3_651}), "return_days_max: 3651 days are more than 3650"),
            ("loyalty", json!({"programmes": [{"asset": 1, "name": "P", "from": "2026-02-01", "until": "2026-01-01"}]}), "programmes: P: until: 2026-01-01 is before 2026-02-01, its first day"),
            ("loyalty", json!({"gift": {"prefix": "27-7"}}), "gift.prefix: \"27-7\" is not 0 to 8 digits"),
            ("loyalty", json!({"cashier": {"put_back_day_max": "-1"}}), "cashier.put_back_day_max: -1.00 is not between 0 and 9999999999.99"),
            ("scales", json!({"departments": [{"name": "a"}, {"name": "a"}]}), "departments: \"a\" is there twice"),
            ("scales", json!({"departments": [{"weight_prefix": 100}]}), "departments.\"\".weight_prefix: 100 has more than two digits"),
            ("scales", json!({"departments": [{"piece_prefix": 22}]}), "departments.\"\".piece_prefix: 22 is that of weighed goods too, and tills could not tell them apart"),
            ("scales", json!({"departments": [{"numbers": [{"plu": 7, "item": "A"}, {"plu": 7, "item": "B"}]}]}), "departments.\"\".numbers: 7 is there twice"),
            ("scales", json!({"departments": [{"hot_keys": [{"key": 0, "item": "A"}]}]}), "departments.\"\".hot_keys: keys are counted from 1"),
            ("roles", json!({"roles": {"cashier": {"rights": [], "discount_hundredths_max": 10_001}}}), "cashier.discount_hundredths_max: 10001 hundredths of a per cent are more than 10000"),
            ("roles", json!({"roles": {"cashier": {"rights": [], "limit": 1}}}), "\"roles.cashier.limit\" is not a field of it"),
        ] {
            let refused = put(hq, section, Some("S1"), &value.to_string()).await.unwrap_err();
            assert_eq!(refused.to_string(), format!("settings {section}/S1, {sentence}"));
        }
        let unread = put(hq, "sale", None, "{\"return_days_max\": \"soon\"}").await.unwrap_err().to_string();
        assert!(unread.starts_with("settings sale, the JSON cannot be used: invalid type"), "{unread}");
        assert_eq!(
            put(hq, "weather", None, "{}").await.unwrap_err().to_string(),
            "\"weather\" is not a section of the settings: roles, cash, sale, tax, quick_keys, bindings, receipt_text, loyalty or scales is expected"
        );
        assert_eq!(hq.versions(TILL_SETTINGS).await, 0);
    })
    .await;
}

/// The page names every section and field there is, and its examples can be put.
#[tokio::test]
async fn the_page_of_the_settings_is_right() {
    let page = include_str!("../../../../deploy/TILL-SETTINGS.md");
    at_hq(async |hq| {
        for kind in sections::SECTIONS {
            let (_, part) = page.split_once(&format!("\n## {}\n", kind.name)).unwrap();
            let part = part.split("\n## ").next().unwrap();
            for field in kind.defaults().as_object().unwrap().keys() {
                assert!(part.contains(&format!("`{field}`")), "{}.{field}", kind.name);
            }
            let example = part.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
            put(hq, kind.name, None, example).await.unwrap();
        }
        for right in Right::ALL {
            assert!(page.contains(&format!("`{right}`")), "{right}");
        }
    })
    .await;
}
