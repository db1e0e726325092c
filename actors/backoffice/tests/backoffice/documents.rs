//! Reports of single documents: cancelled receipts, returns, the audit, cash and shifts.

use messages::v1::document::{AuditKind, AuditNoted, CashKind, CashMoved, Pieces, ReceiptCancelled, ShiftClosed};
use messages::v1::receipt::{Approved, FiscalCode};

use super::reconcile::{closing, opening};
use super::*;

fn approved(right: &str, reason: &str) -> Approved {
    Approved {
        right: right.to_owned(),
        requester: OperatorNumber("7".to_owned()),
        approver: OperatorNumber("1".to_owned()),
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn cancelled_receipts_and_returns_with_who_allowed_them() {
    let shop = Shop::open().await;
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "10.00", "10")]);
    let mut given_up = sale("S1", 2, "2026-11-25T09:20:00+03:00", TenderType::Cash, &[("20", "1", "7", "22")]);
    given_up.approvals = vec![approved("discount", "a friend"), approved("cancel_receipt", "the customer left")];
    let mut returned = back(&sold, 3);
    returned.approvals = vec![approved("return_by_receipt", "broken")];
    let mut by_code = sale("S1", 4, "2026-11-25T11:00:00+03:00", TenderType::Cash, &[("10", "1", "10.00", "10")]);
    let code = FiscalCode { device: "9960".to_owned(), number: 5, sign: "1".to_owned(), total: money("10.00") };
    (by_code.kind, by_code.of_fiscal) = (ReceiptKind::Return, Some(code));
    let mut without = sale("S2", 1, "2026-11-25T12:00:00+03:00", TenderType::Cash, &[("10", "1", "10.00", "10")]);
    without.kind = ReceiptKind::Return;
    without.approvals = vec![approved("return_without_receipt", "lost, they say")];
    shop.receipts(&[sold, returned, by_code, without]).await;
    let cancelled = Document::ReceiptCancelled(Box::new(ReceiptCancelled { receipt: given_up }));
    shop.apply(&[shop.received("S1", &cancelled)]).await;
    expect![[r#"
        day,store,till,number,at,operator,total,approver,reason
        2026-11-25,S1,1,2,2026-11-25 09:20:00,7,7.00,1,the customer left
    "#]]
    .assert_eq(&shop.csv("cancelled", &[]).await);
    expect![[r#"
        day,store,till,number,at,operator,sale,total,approver,reason
        2026-11-25,S1,1,3,2026-11-25 10:15:00,7,S1/1/1,20.00,1,broken
        2026-11-25,S1,1,4,2026-11-25 11:00:00,7,fiscal document 5 of 9960,10.00,,
        2026-11-25,S2,1,1,2026-11-25 12:00:00,7,,10.00,1,"lost, they say"
    "#]]
    .assert_eq(&shop.csv("returns", &[]).await);
    expect![[r#"
        day,store,till,number,at,operator,sale,total,approver,reason
        2026-11-25,S2,1,1,2026-11-25 12:00:00,7,,10.00,1,"lost, they say"
    "#]]
    .assert_eq(&shop.csv("returns", &[("without_receipt", "yes")]).await);
}

#[tokio::test]
async fn the_audit_by_kind() {
    let shop = Shop::open().await;
    let noted = |kind, when: &str, subject: &str| AuditNoted {
        store: StoreId::new("S1").unwrap(),
        till: TillId(1),
        shift: 1,
        at: at(when),
        kind,
        operator: OperatorNumber("7".to_owned()),
        subject: subject.to_owned(),
        reason: "asked".to_owned(),
        approver: Some(OperatorNumber("1".to_owned())),
        amount: None,
        receipt: None,
    };
    let opened = opening("S1", 1, 1, "2026-11-25T08:00:00+03:00");
    let mut allowed = noted(AuditKind::Approved, "2026-11-26T00:10:00+03:00", "discount");
    allowed.amount = Some(money("5.00"));
    let documents = [
        Document::ShiftOpened(opened),
        Document::AuditNoted(Box::new(noted(AuditKind::DrawerOpened, "2026-11-25T09:00:00+03:00", ""))),
        Document::AuditNoted(Box::new(allowed)),
    ];
    let batch: Vec<Received> = documents.iter().map(|document| shop.received("S1", document)).collect();
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Applied; 3]);
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Duplicate; 3]);
    expect![[r#"
        day,store,till,shift,at,kind,operator,subject,reason,approver,amount,receipt
        2026-11-25,S1,1,1,2026-11-25 09:00:00,drawer_opened,7,,asked,1,,
        2026-11-25,S1,1,1,2026-11-26 00:10:00,approved,7,discount,asked,1,5.00,
    "#]]
    .assert_eq(&shop.csv("audit", &[]).await);
    expect![[r#"
        day,store,till,shift,at,kind,operator,subject,reason,approver,amount,receipt
        2026-11-25,S1,1,1,2026-11-25 09:00:00,drawer_opened,7,,asked,1,,
    "#]]
    .assert_eq(&shop.csv("audit", &[("kind", "drawer_opened")]).await);
    let refusal = async |name: &str, more: (&str, &str)| {
        let more = [(more.0.to_owned(), more.1.to_owned())].into();
        let arguments = Arguments { more, ..Arguments::default() };
        reports::find(name).unwrap().run(&shop.database.reader, &arguments).await.unwrap_err().to_string()
    };
    expect![[r#"report "cash" takes no "kind""#]].assert_eq(&refusal("cash", ("kind", "loan")).await);
    expect![[r#""without_receipt" of report "returns" cannot be "no": choose one of yes"#]]
        .assert_eq(&refusal("returns", ("without_receipt", "no")).await);
}

/// Every kind that a till may write is one that the report can be asked for.
#[test]
fn the_audit_knows_all_kinds() {
    use AuditKind::*;
    let kinds = [
        Approved,
        DrawerOpened,
        Reprinted,
        Declined,
        Locked,
        Unlocked,
        PinBlocked,
        TrainingBegan,
        TrainingEnded,
        ConflictSettled,
        OldLabel,
        ReceiptMissing,
    ];
    let words = kinds.map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned());
    assert_eq!(reports::find("audit").unwrap().takes[0].values, words);
}

#[tokio::test]
async fn cash_and_shifts() {
    let shop = Shop::open().await;
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "10.00", "10")]);
    let moved = |kind, when: &str, amount: &str, reason: &str| {
        Document::CashMoved(CashMoved {
            store: StoreId::new("S1").unwrap(),
            till: TillId(1),
            shift: 1,
            at: at(when),
            operator: OperatorNumber("7".to_owned()),
            amount: money(amount),
            reason: reason.to_owned(),
            kind,
        })
    };
    let closed = ShiftClosed {
        pieces: vec![Pieces { worth: money("50.00"), count: 1 }, Pieces { worth: money("10.00"), count: 2 }],
        counted: money("70.00"),
        over_short: money("-30.00"),
        approver: Some(OperatorNumber("1".to_owned())),
        ..closing("S1", 1, 1, "2026-11-25T22:00:00+03:00", std::slice::from_ref(&sold))
    };
    let mut later = sale("S1", 2, "2026-11-26T09:15:00+03:00", TenderType::Cash, &[("10", "1", "10.00", "10")]);
    later.shift = 2;
    let documents = [
        Document::ShiftOpened(opening("S1", 1, 1, "2026-11-25T08:00:00+03:00")),
        Document::ReceiptClosed(Box::new(sold)),
        moved(CashKind::PaidIn, "2026-11-25T10:00:00+03:00", "5.00", "found on the floor"),
        moved(CashKind::Pickup, "2026-11-25T12:00:00+03:00", "-25.00", ""),
        Document::ShiftClosed(Box::new(closed)),
        Document::ShiftOpened(opening("S1", 1, 2, "2026-11-26T08:00:00+03:00")),
        Document::ReceiptClosed(Box::new(later)),
    ];
    let batch: Vec<Received> = documents.iter().map(|document| shop.received("S1", document)).collect();
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Applied; 7]);
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Duplicate; 7]);
    expect![[r#"
        day,store,till,shift,at,kind,operator,amount,note
        2026-11-25,S1,1,1,2026-11-25 08:00:00,float,,100.00,
        2026-11-25,S1,1,1,2026-11-25 10:00:00,paid_in,7,5.00,found on the floor
        2026-11-25,S1,1,1,2026-11-25 12:00:00,pickup,7,-25.00,
        2026-11-25,S1,1,1,2026-11-25 22:00:00,counted,7,70.00,"1 x 50.00, 2 x 10.00"
        2026-11-25,S1,1,1,2026-11-25 22:00:00,over_short,7,-30.00,allowed by 1
        2026-11-26,S1,1,2,2026-11-26 08:00:00,float,,100.00,
    "#]]
    .assert_eq(&shop.csv("cash", &[]).await);
    expect![[r#"
        day,store,till,shift,opened,closed,operator,receipts,sales,returns,net,cancelled,cancelled_total,expected,counted,over_short
        2026-11-25,S1,1,1,2026-11-25 08:00:00,2026-11-25 22:00:00,7,1,20.00,0.00,20.00,0,0.00,100.00,70.00,-30.00
        2026-11-26,S1,1,2,2026-11-26 08:00:00,,7,1,10.00,0.00,10.00,0,0.00,,,
    "#]].assert_eq(&shop.csv("shifts", &[]).await);
}
