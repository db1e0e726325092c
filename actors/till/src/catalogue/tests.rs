//! The catalogue against real files: what is found, what is not, and what a broken load leaves behind.

use domain::vat::VatRate;
use link::datasets::digest::Buckets;
use link::datasets::{Change, DatasetSink};
use messages::codec::to_body;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeRule, ITEMS, OPERATORS, Role, Unit};
use sea_orm::TransactionTrait;

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
    catalogue: Catalogue,
}

impl Fixture {
    async fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&folder.path().join("catalogue.sqlite")).await.unwrap();
        Fixture { folder, catalogue }
    }

    async fn keep(&self, dataset: &'static str, changes: Vec<Change>) {
        let upto = changes.iter().map(|change| change.version).max().unwrap();
        self.catalogue.sink().keep(dataset, changes, upto).await.unwrap();
    }

    async fn find(&self, scanned: &str) -> String {
        match self.catalogue.find(scanned).await.unwrap() {
            Found::Item(item) => format!("item {}", item.code),
            Found::Weighed { item, quantity } => format!("{} kg of {}", quantity, item.code),
            Found::Priced { item, amount, quantity, price: Some(price) } if price != item.price => {
                format!("{amount} for {quantity} of {} at {price} as before", item.code)
            }
            Found::Priced { item, amount, quantity, .. } => format!("{} for {} of {}", amount, quantity, item.code),
            Found::Pieces { item, quantity } => format!("{} pieces of {}", quantity, item.code),
            Found::BadCheckDigit { expected } => format!("{expected} expected"),
            Found::Unknown => "unknown".to_owned(),
            Found::NotForSale { kind, value } => format!("{kind:?} {value}"),
        }
    }

    async fn reopened(self) -> Fixture {
        self.catalogue.close().await.unwrap();
        let catalogue = Catalogue::open(&self.folder.path().join("catalogue.sqlite")).await.unwrap();
        Fixture { folder: self.folder, catalogue }
    }
}

fn item(code: &str, price: i64, barcodes: &[&str], plu: Option<u32>) -> Item {
    Item {
        unit: if plu.is_some() { Unit::Kilogram } else { Unit::Piece },
        barcodes: barcodes.iter().map(|barcode| (*barcode).to_owned()).collect(),
        plu,
        ..Item::new(
            ItemCode(code.to_owned()),
            format!("Name of {code}"),
            Money::from_minor(price),
            VatRate::percent(10),
        )
    }
}

fn put(version: u64, item: &Item) -> Change {
    Change { key: item.code.0.clone(), version, deleted: false, body: to_body(item) }
}

fn gone(version: u64, code: &str) -> Change {
    Change { key: code.to_owned(), version, deleted: true, body: Vec::new() }
}

fn rule(
    version: u64,
    prefix: &str,
    length: usize,
    item: [usize; 2],
    value: [usize; 2],
    decimals: u32,
    kind: BarcodeKind,
) -> Change {
    let rule = BarcodeRule { prefix: prefix.to_owned(), length, item, value, decimals, kind };
    Change { key: format!("{prefix}/{length}"), version, deleted: false, body: to_body(&rule) }
}

#[tokio::test]
async fn retail_s03_s04_s05_s09_an_input_is_found_or_refused() {
    let shop = Fixture::new().await;
    shop.keep(
        ITEMS,
        vec![
            put(1, &item("MILK", 8990, &["4600000000015"], None)),
            put(2, &item("APPLE", 12990, &[], Some(123))),
            put(3, &item("CHEESE", 74900, &[], Some(456))),
            put(4, &item("PEANUT", 10, &["048519059669"], None)),
            put(5, &item("CARTON", 90000, &["14600000000012"], None)),
            put(6, &item("HAM", 49900, &["94601234567896"], None)),
            put(7, &item("777", 100, &["MISPRINT", "4600000000039"], None)),
            put(8, &item("SMALL", 100, &["46012340", "03521810"], None)),
            put(9, &item("00888", 100, &[], None)),
            put(10, &item("PLU777", 100, &[], Some(777))),
            put(11, &item("FREE", 0, &[], Some(999))),
        ],
    )
    .await;
    assert_eq!(shop.find("2200123012500").await, "unknown");
    shop.keep(
        BARCODE_RULES,
        vec![
            rule(1, "22", 13, [2, 5], [7, 5], 3, BarcodeKind::Weight),
            rule(2, "24", 13, [2, 5], [7, 5], 2, BarcodeKind::Price),
            rule(3, "2", 13, [2, 5], [7, 5], 0, BarcodeKind::Pieces),
            rule(4, "23", 21, [0, 0], [2, 19], 0, BarcodeKind::Coupon),
        ],
    )
    .await;
    for (scanned, found) in [
        ("2200123012500", "1.25 kg of APPLE"),
        ("]E02200123012500\r\n", "1.25 kg of APPLE"),
        ("2200123012501", "0 expected"),
        ("2400456356122", "356.12 for 0.475 of CHEESE"),
        ("2200888005007", "0.5 kg of 00888"),
        ("2200123000002", "item APPLE"),
        ("2200555012505", "unknown"),
        ("2500456000121", "12 pieces of CHEESE"),
        ("2400999000506", "0.50 for 1 of FREE"),
        ("231234567890123456789", "Coupon 1234567890123456789"),
        ("4600000000015", "item MILK"),
        ("4600000000016", "5 expected"),
        ("4600000000022", "unknown"),
        ("MILK", "item MILK"),
        ("123", "item APPLE"),
        ("00123", "item APPLE"),
        ("777", "item 777"),
        ("MISPRINT", "item 777"),
        ("0048519059669", "item PEANUT"),
        ("048519059669", "item PEANUT"),
        ("]d2010004851905966921abc\u{1d}93AAAA", "item PEANUT"),
        ("010004851905966910L1", "item PEANUT"),
        ("14600000000012", "item CARTON"),
        ("46012340", "item SMALL"),
        ("0035100002180", "item SMALL"),
        ("03521810", "item SMALL"),
        ("]C1019460123456789631030005351126112017261225", "0.535 kg of HAM"),
        ("]C101946012345678963103000535392226697\u{1d}10L42", "266.97 for 0.535 of HAM"),
        ("]C10194601234567895310300053511", "6 expected"),
        ("", "unknown"),
        ("'; DROP TABLE item; --", "unknown"),
    ] {
        assert_eq!(shop.find(scanned).await, found, "{scanned}");
    }
}

#[tokio::test]
async fn rules_follow_at_once_and_a_senseless_one_is_left_out() {
    let shop = Fixture::new().await;
    shop.keep(ITEMS, vec![put(1, &item("APPLE", 12990, &[], Some(123)))]).await;
    shop.keep(
        BARCODE_RULES,
        vec![
            rule(1, "22", 13, [2, 5], [7, 5], 3, BarcodeKind::Weight),
            rule(2, "x", 13, [2, 5], [7, 5], 3, BarcodeKind::Weight),
        ],
    )
    .await;
    assert_eq!(shop.find("2200123012500").await, "1.25 kg of APPLE");
    let shop = shop.reopened().await;
    assert_eq!(shop.find("2200123012500").await, "1.25 kg of APPLE");
    shop.keep(BARCODE_RULES, vec![gone(3, "22/13")]).await;
    assert_eq!(shop.find("2200123012500").await, "unknown");
}

#[tokio::test]
async fn a_name_is_found_by_the_beginnings_of_its_words() {
    let shop = Fixture::new().await;
    let named = |code: &str, name: &str| Item { name: name.to_owned(), ..item(code, 100, &[], None) };
    shop.keep(
        ITEMS,
        vec![
            put(1, &named("1", "Мёд липовый 500 г")),
            put(2, &named("2", "Молоко отборное 3,2%")),
            put(3, &named("3", "Молоко")),
            put(4, &named("4", "Батончик молочный")),
        ],
    )
    .await;
    let codes = async |text: &str| -> Vec<String> {
        shop.catalogue.by_name(text, 10).await.unwrap().into_iter().map(|item| item.code.0).collect()
    };
    assert_eq!(codes("молоко").await, ["3", "2"]);
    assert_eq!(codes("МЕД лип").await, ["1"]);
    assert_eq!(codes("моло").await, ["3", "2", "4"]);
    assert_eq!(codes("%\"* ").await, [""; 0]);
    shop.keep(ITEMS, vec![put(5, &named("3", "Кефир")), gone(6, "4")]).await;
    assert_eq!(codes("моло").await, ["2"]);
    assert_eq!(codes("кефир").await, ["3"]);
}

#[tokio::test]
async fn retail_s56_a_tombstone_before_its_item_is_harmless() {
    let shop = Fixture::new().await;
    shop.keep(ITEMS, vec![gone(7, "MILK"), put(8, &item("BREAD", 4550, &["4600000000022"], None))]).await;
    shop.keep(ITEMS, vec![put(5, &item("MILK", 8990, &["4600000000015"], None))]).await;
    assert_eq!(shop.find("4600000000015").await, "unknown");
    shop.keep(ITEMS, vec![gone(9, "BREAD")]).await;
    assert_eq!(shop.find("4600000000022").await, "unknown");
    assert_eq!(shop.find("BREAD").await, "unknown");
    assert_eq!(shop.catalogue.version(), 9);
}

#[tokio::test]
async fn a_barcode_that_moves_ends_with_the_item_that_changed_last() {
    let barcode = "4600000000015";
    let with = |code| item(code, 100, &[barcode], None);
    let without = |code| item(code, 100, &[], None);
    for (moves, owner) in [
        (vec![put(2, &without("OLD")), put(3, &with("NEW"))], "item NEW"),
        (vec![put(2, &with("NEW")), put(3, &without("OLD"))], "item NEW"),
        (vec![put(2, &with("NEW"))], "item NEW"),
        (vec![put(2, &with("NEW")), gone(3, "OLD")], "item NEW"),
        (vec![put(2, &with("NEW")), gone(3, "NEW")], "item OLD"),
        (vec![put(2, &without("OLD"))], "unknown"),
    ] {
        let together = Fixture::new().await;
        together.keep(ITEMS, vec![put(1, &with("OLD"))]).await;
        together.keep(ITEMS, moves.clone()).await;
        assert_eq!(together.find(barcode).await, owner, "{moves:?}");
        let apart = Fixture::new().await;
        apart.keep(ITEMS, vec![put(1, &with("OLD"))]).await;
        let transaction = apart.catalogue.shared.database.begin().await.unwrap();
        items::settle(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let transaction = apart.catalogue.shared.database.begin().await.unwrap();
        items::settle(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        for change in moves {
            apart.keep(ITEMS, vec![change]).await;
        }
        assert_eq!(apart.find(barcode).await, owner);
    }
}

#[tokio::test]
async fn retail_s55_a_delta_is_kept_whole_or_not_at_all() {
    let shop = Fixture::new().await;
    let goods = |price| (1..=600_u64).map(move |n| item(&format!("I{n}"), price, &[&format!("B{n}")], None));
    shop.keep(ITEMS, (1..).zip(goods(100)).map(|(version, item)| put(version, &item)).collect()).await;
    let delta: Vec<Change> = (601..).zip(goods(200)).map(|(version, item)| put(version, &item)).collect();

    let transaction = shop.catalogue.shared.database.begin().await.unwrap();
    items::keep(&transaction, delta.clone()).await.unwrap();
    drop(transaction);
    let shop = shop.reopened().await;
    assert_eq!(shop.catalogue.version(), 600);
    for n in [1, 300, 600] {
        let item = shop.catalogue.by_code(&ItemCode(format!("I{n}"))).await.unwrap().unwrap();
        assert_eq!(item.price, Money::from_minor(100));
    }
    shop.keep(ITEMS, delta).await;
    assert_eq!(shop.catalogue.version(), 1200);
    for n in [1, 300, 600] {
        let Found::Item(item) = shop.catalogue.find(&format!("B{n}")).await.unwrap() else { panic!("B{n} is lost") };
        assert_eq!(item.price, Money::from_minor(200));
    }
}

#[tokio::test]
async fn a_first_load_that_broke_off_goes_on_where_it_was() {
    let shop = Fixture::new().await;
    let goods: Vec<Change> =
        (1..=3_000_u64).map(|n| put(n, &item(&format!("I{n}"), 100, &[&format!("B{n}")], None))).collect();
    shop.keep(ITEMS, goods[..1_000].to_vec()).await;
    let transaction = shop.catalogue.shared.database.writer.begin().await.unwrap();
    items::keep(&transaction, goods[1_000..2_000].to_vec()).await.unwrap();
    drop(transaction);
    let shop = shop.reopened().await;
    let reached = shop.catalogue.sink().version(ITEMS).await.unwrap();
    assert_eq!(reached, 1_000);
    assert_eq!(shop.find("B1001").await, "unknown");
    // The link may offer again what was kept already.
    shop.keep(ITEMS, goods[500..].to_vec()).await;
    for n in [1, 1_000, 1_001, 3_000] {
        assert_eq!(shop.find(&format!("B{n}")).await, format!("item I{n}"));
    }
}

#[tokio::test]
async fn operators_come_and_go() {
    let shop = Fixture::new().await;
    let number = OperatorNumber("7".to_owned());
    let anna = Operator {
        number: number.clone(),
        name: "Anna".to_owned(),
        pin_hash: "hash".to_owned(),
        role: Role::Cashier,
        card_hash: Some("card".to_owned()),
    };
    let change = |version, deleted| Change { key: "7".to_owned(), version, deleted, body: to_body(&anna) };
    shop.keep(OPERATORS, vec![change(1, false)]).await;
    assert_eq!(shop.catalogue.operator(&number).await.unwrap(), Some(anna.clone()));
    assert_eq!(shop.catalogue.operator_by_card("card").await.unwrap(), Some(anna.clone()));
    assert_eq!(shop.catalogue.operator_by_card("hash").await.unwrap(), None);
    shop.keep(OPERATORS, vec![change(2, true)]).await;
    assert_eq!(shop.catalogue.operator(&number).await.unwrap(), None);
}

#[tokio::test]
async fn fault_f37_rows_changed_by_hand_are_put_right_with_all_by_which_they_are_found() {
    let milk = item("MILK", 8990, &["4600000000015"], Some(15));
    let bread = item("BREAD", 4550, &["4600000000022"], None);
    let above = [put(1, &milk), put(2, &bread), put(4, &item("HAM", 100, &["B4"], None))];
    let rules = [rule(1, "22", 13, [2, 5], [7, 5], 3, BarcodeKind::Weight)];
    for (what, by_hand) in [
        ("another body", "UPDATE item SET body = (SELECT body FROM item WHERE id = 2) WHERE id = 1"),
        ("another version", "UPDATE item SET version = 9 WHERE id = 3"),
        ("no body that can be read", "UPDATE item SET body = x'01' WHERE id = 2"),
        ("a row less", "DELETE FROM item WHERE id = 3"),
        ("the last but one less", "DELETE FROM item WHERE id = 2"),
        (
            "a row too many",
            "INSERT INTO item (id, version, body) SELECT 77, 3, x'81a4636f6465a144' FROM item WHERE id = 1",
        ),
        ("a row twice", "INSERT INTO item (id, version, body) SELECT 77, version, body FROM item WHERE id = 1"),
        ("all less", "DELETE FROM item"),
        ("a rule less", "DELETE FROM barcode_rule"),
        ("a rule too many", "INSERT INTO barcode_rule (key, version, body) VALUES ('x', 1, x'01')"),
    ] {
        let shop = Fixture::new().await;
        shop.keep(ITEMS, above.to_vec()).await;
        shop.keep(BARCODE_RULES, rules.to_vec()).await;
        let sink = shop.catalogue.sink();
        let sums = async |dataset| sink.own_digest(dataset).await.unwrap().unwrap();
        let right = [sums(ITEMS).await, sums(BARCODE_RULES).await];
        assert_eq!((right[0].version, right[0].of.rows()), (4, 3));

        shop.catalogue.shared.database.writer.execute_unprepared(by_hand).await.unwrap();
        let mut mended = 0;
        for (right, rows) in right.iter().zip([&above[..], &rules[..]]) {
            let dataset = if rows.len() == 3 { ITEMS } else { BARCODE_RULES };
            let buckets = right.of.wrong(sums(dataset).await.of.buckets(), usize::MAX);
            let theirs = rows.iter().filter(|row| buckets.has(&row.key)).cloned().collect();
            mended += sink.mend(dataset, right.version, buckets, theirs).await.unwrap().unwrap().rows();
            assert_eq!(sums(dataset).await, *right, "{what}");
        }
        assert!(mended >= 1 || what == "a row twice", "{what}");
        for (scanned, found) in [
            ("4600000000015", "item MILK"),
            ("15", "item MILK"),
            ("4600000000022", "item BREAD"),
            ("BREAD", "item BREAD"),
            ("B4", "item HAM"),
            ("2200015012502", "1.25 kg of MILK"),
        ] {
            assert_eq!(shop.find(scanned).await, found, "{what}");
        }
        assert_eq!(shop.catalogue.by_name("name", 9).await.unwrap().len(), 3, "{what}");
        assert_eq!(sink.mend(ITEMS, 3, Buckets::default(), Vec::new()).await.unwrap(), None, "another version");
    }
}

#[tokio::test]
async fn retail_s56_a_file_of_another_layout_is_loaded_again_and_sold_from_meanwhile() {
    let shop = Fixture::new().await;
    shop.keep(ITEMS, vec![put(1, &item("MILK", 8990, &[], None)), put(2, &item("BREAD", 4550, &[], None))]).await;
    let older = "UPDATE dataset_cursor SET layout = 0";
    shop.catalogue.shared.database.writer.execute_unprepared(older).await.unwrap();
    let shop = shop.reopened().await;
    assert_eq!((shop.catalogue.version(), shop.find("MILK").await.as_str()), (0, "item MILK"));
    shop.keep(ITEMS, vec![put(1, &item("MILK", 9990, &[], None))]).await;
    let shop = shop.reopened().await;
    assert_eq!((shop.catalogue.version(), shop.find("BREAD").await.as_str()), (1, "item BREAD"));
    shop.keep(ITEMS, vec![gone(3, "BREAD")]).await;
    assert_eq!((shop.catalogue.version(), shop.find("BREAD").await.as_str()), (3, "unknown"));
    assert_eq!(
        shop.catalogue.by_code(&ItemCode("MILK".to_owned())).await.unwrap().unwrap().price,
        Money::from_minor(9990)
    );
}
