//! Files of items.

use dataserver::browse;
use dataserver::requests::{ImportItems, ImportPhase, PutItems};
use domain::vat::VatRate;
use messages::v1::catalogue::{ITEMS, Item, Unit};

use crate::{at_hq, item};

#[tokio::test]
async fn a_file_is_imported_whatever_its_delimiter_mark_and_order() {
    at_hq(async |hq| {
        let view = hq
            .import(
                "\u{feff}name;price;code;vat;unit;barcodes;plu;group;marked;min_age;discountable\r\n\
                 \"Сыр \"\"Голландский\"\"; вес\";749,00;CHEESE;10;kg;;456;Сыры;;;\r\n\
                 Пиво;99;BEER;22;;4600000000091| 048519059669;;;yes;18;no\r\n"
                    .as_bytes(),
                false,
            )
            .await;
        assert_eq!((view.phase, view.rows, view.changed, view.bad), (ImportPhase::Done, 2, 2, Vec::new()));
        let cheese = browse::item(&hq.database.reader, "CHEESE").await.unwrap().unwrap();
        assert_eq!(
            cheese,
            Item {
                name: "Сыр \"Голландский\"; вес".to_owned(),
                vat: VatRate::percent(10),
                unit: Unit::Kilogram,
                plu: Some(456),
                group: Some("Сыры".to_owned()),
                ..item("CHEESE", 74_900)
            }
        );
        let beer = browse::item(&hq.database.reader, "BEER").await.unwrap().unwrap();
        assert_eq!(beer.barcodes, ["4600000000091", "048519059669"]);
        assert_eq!((beer.marked, beer.min_age, beer.discountable), (true, Some(18), false));

        let again = hq.import("code,name,price,vat\nBEER2,Beer,99.50,22\n".as_bytes(), false).await;
        assert_eq!((again.changed, again.unchanged), (1, 0));
        let again = hq.import("code,name,price,vat\nBEER2,Beer,99.50,22\n".as_bytes(), false).await;
        assert_eq!((again.changed, again.unchanged, again.bytes_done), (0, 1, again.bytes_total));
        assert_eq!(hq.versions(ITEMS).await, 3);
    })
    .await;
}

const BAD_FILE: &[u8] = b"code,name,price,vat,unit,barcodes,plu,min_age,marked\n\
A,Good,1.00,22,,,,,\n\
,No code,1.00,22,,,,,\n\
B,Price,1.005,22,,,,,\n\
C,Vat,1.00,200,,,,,\n\
D,Unit,1.00,22,box,,,,\n\
E,Barcode,1.00,22,,4600000000016,,,\n\
F,Plu,1.00,22,,,none,,\n\
G,Age,1.00,22,,,,200,\n\
H,Marked,1.00,22,,,,,maybe\n\
A,Twice,1.00,22,,,,,\n\
I,Short,1.00\n\
J,\xff,1.00,22,,,,,\n\
K,\"Two\nlines\",1.00,22,,,,,\n\
L,Negative,-1,22,,,,,\n\
M,Good too,1.00,none,,,,,\n";

#[tokio::test]
async fn a_bad_row_is_named_by_line_column_and_reason() {
    at_hq(async |hq| {
        let view = hq.import(BAD_FILE, false).await;
        assert_eq!(
            view.bad,
            [
                "items.csv:3 code: it is empty",
                "items.csv:4 price: \"1.005\" is not an amount of money: digits with at most two decimals are expected",
                "items.csv:5 vat: \"200\" is not a VAT rate: a percentage from 0 to 100 with at most two decimals, or \"none\", is expected",
                "items.csv:6 unit: \"box\" is not a unit: pc or kg is expected",
                "items.csv:7 barcodes: 4600000000016 has a wrong check digit: 5 is expected",
                "items.csv:8 plu: \"none\" is not a whole number that fits here",
                "items.csv:9 min_age: 200 years are more than 99",
                "items.csv:10 marked: \"maybe\" is not an answer: yes or no is expected",
                "items.csv:11 code: A stands on line 2 already",
                "items.csv:12 row: 9 columns are expected, not 3",
                "items.csv:13 name: it is not UTF-8 text",
                "items.csv:14 name: it has a line break, a tab or another control character",
                "items.csv:16 price: -1.00 is not between 0 and 1000000000.00",
            ]
        );
        assert_eq!((view.phase, view.bad_rows, view.changed), (ImportPhase::Refused, 13, 0));
        assert_eq!(hq.versions(ITEMS).await, 0);

        let view = hq.import(BAD_FILE, true).await;
        assert_eq!((view.phase, view.bad_rows, view.changed), (ImportPhase::Done, 13, 2));
        assert_eq!(hq.versions(ITEMS).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_file_without_our_columns_is_refused_at_once() {
    at_hq(async |hq| {
        for (text, sentence) in [
            ("code,name,vat\n", "items.csv:1 price: this column is missing from the first line"),
            (
                "code,name,price,vat,colour\n",
                "items.csv:1 colour: this column is not known: the first line names code, name, price, vat, unit, \
                 barcodes, plu, group, marked, min_age, discountable, no_sale, open_price_from, open_price_to, deposit, tare, \
                 shelf_life_days, ingredients, gift_card",
            ),
            ("code,code,name,price,vat\n", "items.csv:1 code: this column is there twice"),
            ("", "items.csv:1 code: this column is missing from the first line"),
        ] {
            let file = hq.folder.path().join("items.csv");
            std::fs::write(&file, text).unwrap();
            let refused = hq.ask(ImportItems { file, name: "items.csv".to_owned(), skip_bad: true }).await;
            assert_eq!(refused.unwrap_err().to_string(), sentence);
        }
        let file = hq.folder.path().join("nowhere.csv");
        let refused = hq.ask(ImportItems { file, name: "nowhere.csv".to_owned(), skip_bad: true }).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "nowhere.csv cannot be read: No such file or directory (os error 2)"
        );
    })
    .await;
}

#[tokio::test]
async fn a_price_by_hand_does_not_wait_for_a_long_import() {
    at_hq(async |hq| {
        let rows: String = (0..20_000).map(|n| format!("I{n:05},Item {n},1.00,22\n")).collect();
        let file = hq.folder.path().join("items.csv");
        std::fs::write(&file, format!("code,name,price,vat\n{rows}")).unwrap();
        let import = ImportItems { file, name: "items.csv".to_owned(), skip_bad: false };
        hq.ask(import.clone()).await.unwrap();
        assert_eq!(hq.ask(import).await.unwrap_err().to_string(), "items.csv is being imported: wait until it ends");
        assert_eq!(hq.ask(PutItems { items: vec![item("BY-HAND", 100)] }).await.unwrap().changed, 1);
        assert!(hq.imports.borrow().phase.is_running());
        let view = hq.imports.wait_for(|view| !view.phase.is_running()).await.unwrap().clone();
        assert_eq!((view.phase, view.changed), (ImportPhase::Done, 20_000));

        let first = browse::items(&hq.database.reader, "I000", "", None, 50).await.unwrap();
        assert_eq!((first.items.len(), first.next_after.as_deref()), (50, Some("I00049")));
        let second = browse::items(&hq.database.reader, "I000", "", first.next_after.as_deref(), 50).await.unwrap();
        assert_eq!((second.items.len(), second.next_after), (50, None));
        let named = browse::items(&hq.database.reader, "", "ITEM 1999", None, 5).await.unwrap();
        let codes: Vec<&str> = named.items.iter().map(|item| item.code.0.as_str()).collect();
        assert_eq!(codes, ["I01999", "I19990", "I19991", "I19992", "I19993"]);
        assert_eq!((named.next_after.as_deref(), named.cut_short), (Some("I19993"), false));
        let rare = browse::items(&hq.database.reader, "", "nothing is called this", None, 5).await.unwrap();
        assert!(rare.items.is_empty() && rare.cut_short && rare.next_after.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_file_says_when_and_how_an_item_is_sold() {
    at_hq(async |hq| {
        let file = "code;name;price;vat;no_sale;open_price_from;open_price_to;deposit;tare\n\
                    BEER;Beer;99,00;22;22:00-08:00;;;BOTTLE;\n\
                    CHEESE;Cheese;749;10;;100,50;900;;0,015\n";
        assert_eq!(hq.import(file.as_bytes(), false).await.changed, 2);
        let beer = browse::item(&hq.database.reader, "BEER").await.unwrap().unwrap();
        assert_eq!(beer.no_sale.unwrap().to_string(), "22:00-08:00");
        assert_eq!((beer.deposit.unwrap().0.as_str(), beer.open_price, beer.tare), ("BOTTLE", None, None));
        let cheese = browse::item(&hq.database.reader, "CHEESE").await.unwrap().unwrap();
        assert_eq!(cheese.open_price.unwrap().map(|price| price.to_string()), ["100.50", "900.00"]);
        assert_eq!(cheese.tare.unwrap().to_string(), "0.015");
        let bad = "code,name,price,vat,no_sale,open_price_from,open_price_to,deposit,tare\n\
                   A,A,1,22,late,,,,\nB,B,1,22,,1,,,\nC,C,1,22,,2,1,,\nD,D,1,22,,,,D,\nE,E,1,22,,,,,much\n";
        assert_eq!(
            hq.import(bad.as_bytes(), false).await.bad,
            [
                "items.csv:2 no_sale: \"late\" are not hours of a day: two times such as 22:00-08:00 are expected",
                "items.csv:3 open_price_to: it is empty, but open_price_from is not",
                "items.csv:4 open_price: 2.00 to 1.00 is no range: the lower price comes first",
                "items.csv:5 deposit: an item cannot be the deposit of itself",
                "items.csv:6 tare: \"much\" is not a quantity: digits with at most three decimals are expected",
            ]
        );
    })
    .await;
}
