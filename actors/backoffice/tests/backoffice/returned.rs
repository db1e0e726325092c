//! What came back of a sale, by its receipt and by its fiscal document, and the incident when it is too much.

use backoffice::find_receipt::find;
use messages::v1::receipt::{Fiscal, FiscalCode};

use super::*;

#[tokio::test]
async fn invariant_bo4_more_returned_than_sold_is_kept_and_becomes_an_incident() {
    let shop = Shop::open().await;
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "10.00", "10")]);
    let first = back(&sold, 2);
    let mut second = back(&sold, 1);
    second.store = StoreId::new("S2").unwrap();
    assert_eq!(shop.receipts(&[sold.clone(), first]).await, vec![Outcome::Applied; 2]);
    assert_eq!(shop.incidents().await, Vec::<String>::new());
    assert_eq!(shop.receipts(&[second]).await, vec![Outcome::Applied]);
    expect!["Line 1 of receipt 1 of S1/1 was sold as 2 for 20.00, and 4 for 40.00 came back: 2 by receipt 2 of S1/1, 2 by receipt 1 of S2/1. All of it is kept: see who allowed it."].assert_eq(&shop.incidents().await.join("\n"));
    let found = find(&shop.database.reader, sold.uid.0).await.unwrap();
    assert_eq!(found.receipt, sold);
    assert_eq!(found.returned.iter().map(|line| line.quantity.to_string()).collect::<Vec<_>>(), ["2", "2"]);
    assert!(find(&shop.database.reader, Uuid::now_v7()).await.unwrap_err().to_string().starts_with("not known: "));
}

#[tokio::test]
async fn a_return_that_arrives_before_its_sale_is_compared_when_the_sale_comes() {
    let shop = Shop::open().await;
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "10.00", "10")]);
    let mut early = back(&sold, 1);
    early.store = StoreId::new("S2").unwrap();
    early.lines[0].quantity = "3".parse().unwrap();
    shop.receipts(&[early]).await;
    assert_eq!(shop.incidents().await.len(), 0);
    shop.receipts(&[sold]).await;
    assert_eq!(shop.incidents().await.len(), 1);
}

/// `sale` with a fiscal document, and the same goods back at S2 by that document alone.
fn fiscal(number: u32, quantities: &[(&str, &str)]) -> (Receipt, Receipt) {
    let lines = [("10", "2", "10.00", "10"), ("20", "1", "5.00", "22"), ("10", "1", "10.00", "10")];
    let mut sold = sale("S1", u64::from(number), "2026-11-25T09:15:00+03:00", TenderType::Cash, &lines);
    sold.fiscal = Some(Fiscal { device: "9960440300".to_owned(), number, sign: "17".to_owned() });
    let back: Vec<_> = quantities
        .iter()
        .map(|(code, quantity)| (*code, *quantity, if *code == "10" { "10.00" } else { "5.00" }, "10"))
        .collect();
    let mut returned = sale("S2", u64::from(number), "2026-11-25T11:15:00+03:00", TenderType::Cash, &back);
    returned.kind = ReceiptKind::Return;
    returned.of_fiscal =
        Some(FiscalCode { device: "9960440300".to_owned(), number, sign: "17".to_owned(), total: sold.total });
    (sold, returned)
}

async fn lines_back(shop: &Shop, sale: &Receipt) -> Vec<(u32, String)> {
    let found = find(&shop.database.reader, sale.uid.0).await.unwrap();
    found.returned.iter().map(|line| (line.line, line.quantity.to_string())).collect()
}

#[tokio::test]
async fn a_return_by_a_fiscal_document_counts_whichever_comes_first() {
    let shop = Shop::open().await;
    let (sold, returned) = fiscal(1, &[("10", "2.5"), ("20", "1")]);
    shop.receipts(std::slice::from_ref(&sold)).await;
    assert_eq!(shop.receipts(std::slice::from_ref(&returned)).await, [Outcome::Applied]);
    let expected = [(1, "2".to_owned()), (2, "1".to_owned()), (3, "0.5".to_owned())];
    assert_eq!(lines_back(&shop, &sold).await, expected);

    let (sold, returned) = fiscal(2, &[("10", "2.5"), ("20", "1")]);
    shop.receipts(std::slice::from_ref(&returned)).await;
    shop.receipts(std::slice::from_ref(&sold)).await;
    assert_eq!(lines_back(&shop, &sold).await, expected);
    assert_eq!(shop.receipts(&[sold.clone(), returned]).await, vec![Outcome::Duplicate; 2]);
    assert_eq!(lines_back(&shop, &sold).await, expected, "once");

    let (sold, returned) = fiscal(3, &[("10", "3")]);
    shop.receipts(&[returned, sold.clone()]).await;
    assert_eq!(lines_back(&shop, &sold).await, [(1, "2".to_owned()), (3, "1".to_owned())], "in one batch");
    assert_eq!(shop.incidents().await, Vec::<String>::new());
}

#[tokio::test]
async fn too_much_by_a_fiscal_document_is_an_incident() {
    let shop = Shop::open().await;
    let (sold, returned) = fiscal(1, &[("10", "3"), ("77", "1")]);
    let by_receipt = {
        let mut one = back(&sold, 9);
        one.lines.truncate(1);
        let line = &mut one.lines[0];
        (line.quantity, line.amount) = ("1".parse().unwrap(), money("10.00"));
        line.vat = line.vat_rate.contained_in(line.amount);
        one.vat = vec![VatSum { rate: line.vat_rate, amount: line.vat }];
        one.total = money("10.00");
        one.tenders = vec![Tender::new(TenderType::Cash, one.total)];
        one
    };
    let outcomes = shop.receipts(&[sold, by_receipt, returned]).await;
    assert_eq!(outcomes, vec![Outcome::Applied; 3]);
    let mut incidents = shop.incidents().await;
    incidents.sort();
    expect![[r#"
        Line 3 of receipt 1 of S1/1 was sold as 1 for 10.00, and 2 for 20.00 came back: 2 by receipt 1 of S2/1. All of it is kept: see who allowed it.
        Of goods that receipt 1 of S1/1 does not have, 1 for 5.00 came back: 1 by receipt 1 of S2/1. All of it is kept: see who allowed it."#]].assert_eq(&incidents.join("\n"));
}

#[tokio::test]
async fn an_incident_is_told_once_and_only_of_the_line_that_came_back() {
    let shop = Shop::open().await;
    let lines = [("10", "1", "10.00", "10"), ("20", "1", "5.00", "22")];
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &lines);
    let part = |sequence, line: usize| {
        let mut part = back(&sold, sequence);
        part.lines = vec![part.lines[line].clone()];
        part.total = part.lines[0].amount;
        part.vat.retain(|sum| sum.rate == part.lines[0].vat_rate);
        part.tenders = vec![Tender::new(TenderType::Cash, part.total)];
        part
    };
    shop.receipts(&[sold.clone(), part(2, 0), part(3, 0)]).await;
    assert_eq!(shop.incidents().await.len(), 1);
    shop.receipts(&[part(4, 1)]).await;
    assert_eq!(shop.incidents().await.len(), 1, "the second line came back once");
}
