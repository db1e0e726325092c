//! Limits of a role, and a supervisor's word for one act.

use chrono::TimeDelta;
use devices::sim::fault::Fault;
use domain::receipt::DiscountBy;
use domain::rights::{Permissions, Right};
use messages::v1::catalogue::Role;
use messages::v1::document::AuditKind;
use messages::v1::receipt::TenderType;
use messages::v1::settings::Roles;
use messages::v1::till::{Answer, ItemChoice, TillCommand};
use till::Record;

use crate::shop::{Counter, Shop, approve, closed, money, number, pay, percent, quantity, scan, void};

fn staffed() -> Shop {
    Shop::staffed()
}

async fn open(counter: &Counter) {
    counter.open_shift_as("8", "4321", "0.00").await;
}

#[test]
fn retail_s12_a_discount_above_the_limit_asks_each_time() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        counter.sell("1", "COFFEE").await;
        assert_eq!(counter.lacks(percent(Some(1), 1_000)).await, "discount");
        counter.give(approve("5", "5555")).await;
        let view = counter.view().await;
        assert_eq!((view.total, view.discount, view.lines[0].vat), (money("314.10"), money("34.90"), money("56.64")));
        assert_eq!(counter.lacks(percent(Some(1), 1_000)).await, "discount");
        counter.give(TillCommand::Decline).await;
        let receipt = closed(counter.cash("314.10").await);
        let approved = &receipt.approvals[..];
        assert_eq!(approved.len(), 1);
        assert_eq!((approved[0].right.as_str(), approved[0].reason.as_str()), ("discount", "regular"));
        assert_eq!((&approved[0].requester, &approved[0].approver), (&number("8"), &number("5")));
        let noted = counter.audits(AuditKind::Approved).await;
        assert_eq!(noted.len(), 1);
        assert_eq!((&noted[0].operator, noted[0].approver.as_ref()), (&number("8"), Some(&number("5"))));
        assert_eq!((noted[0].receipt, noted[0].reason.as_str()), (Some(receipt.uid), "regular"));
        let names = grants(counter).await;
        assert_eq!(names, [("Петрова".to_owned(), "Сидоров".to_owned(), "regular".to_owned())]);
    });
}

/// Who asked, who granted and why, from the journal.
async fn grants(counter: &Counter) -> Vec<(String, String, String)> {
    let entries = till::records::journal(&counter.database, 1, 10_000).await.expect("the journal");
    let granted = |entry| match till::records::record(entry).expect("a record") {
        Record::Granted(grant) => Some((grant.requester_name, grant.approver_name, grant.reason)),
        _ => None,
    };
    entries.iter().filter_map(granted).collect()
}

#[test]
fn small_discounts_on_top_of_each_other_are_a_large_one() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        counter.sell("1", "COFFEE").await;
        counter.give(percent(None, 500)).await;
        assert_eq!(counter.view().await.total, money("331.55"));
        assert_eq!(counter.lacks(percent(None, 100)).await, "discount");
        let amount = |amount: &str| TillCommand::Discount {
            line: None,
            by: DiscountBy::Amount(money(amount)),
            reason: "scratched".to_owned(),
        };
        assert_eq!(counter.lacks(amount("0.01")).await, "discount");
        assert_eq!(counter.refused(amount("400.00")).await, "discount_too_large");
        assert_eq!(counter.refused(amount("0.00")).await, "amount_not_positive");
        // A senior cashier's limit is 30 %.
        assert_eq!(counter.lacks(amount("200.00")).await, "discount");
        assert_eq!(counter.refused(approve("5", "5555")).await, "missing_right");
        counter.give(approve("1", "1111")).await;
        assert_eq!(counter.view().await.total, money("131.55"));
    });
}

#[test]
fn a_supervisor_is_another_person_with_the_right_and_stays_two_minutes() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        counter.sell("1", "COFFEE").await;
        assert_eq!(counter.refused(approve("5", "5555")).await, "nothing_asked");
        assert_eq!(counter.lacks(TillCommand::Cancel).await, "cancel_receipt");
        assert_eq!(counter.refused(approve("8", "4321")).await, "own_approval");
        assert_eq!(counter.refused(approve("9", "9999")).await, "missing_right");
        assert_eq!(counter.refused(approve("5", "1111")).await, "wrong_pin");
        let cancelled = counter.give(approve("5", "5555")).await.receipt.expect("the receipt");
        assert_eq!((cancelled.total, cancelled.approvals.len()), (money("349.00"), 1));
    });
}

#[test]
fn a_grant_whose_act_failed_serves_again_for_two_minutes() {
    let shop = staffed();
    let mut roles = Roles::default();
    let mut cashier = Permissions::cashier();
    cashier.rights.remove(&Right::Reprint);
    roles.roles.insert(Role::Cashier, cashier);
    shop.set(&roles);
    shop.run(async |counter| {
        open(counter).await;
        counter.sale(&[("1", "MILK")], "100.00").await;
        let again = TillCommand::Reprint { sequence: None };
        shop.printer.set_fault(Fault::PaperOut);
        assert_eq!(counter.lacks(again.clone()).await, "reprint");
        assert_eq!(counter.refused(approve("5", "5555")).await, "printer");
        shop.printer.set_fault(Fault::None);
        counter.give(again.clone()).await;
        assert_eq!(counter.lacks(again.clone()).await, "reprint");
        shop.printer.set_fault(Fault::PaperOut);
        assert_eq!(counter.refused(approve("5", "5555")).await, "printer");
        shop.printer.set_fault(Fault::None);
        shop.later(TimeDelta::seconds(121));
        assert_eq!(counter.lacks(again).await, "reprint");
    });
}

#[test]
fn an_act_may_need_two_rights() {
    let shop = staffed();
    let mut roles = Roles::default();
    let mut cashier = Permissions::cashier();
    cashier.rights.remove(&Right::ReturnByReceipt);
    roles.roles.insert(Role::Cashier, cashier);
    shop.set(&roles);
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "1000.00").await;
        counter.sell("1", "COFFEE").await;
        let sale = closed(counter.give(pay(TenderType::Card, "349.00")).await);
        let back = crate::shop::back(sale.uid, &[], TenderType::Cash);
        assert_eq!(counter.lacks(back).await, "return_by_receipt");
        assert_eq!(counter.lacks(approve("5", "5555")).await, "refund_in_cash");
        let returned = closed(counter.give(approve("1", "1111")).await);
        let rights: Vec<_> = returned.approvals.iter().map(|approved| approved.right.as_str()).collect();
        assert_eq!(rights, ["return_by_receipt", "refund_in_cash"]);
        assert_eq!(returned.approvals[1].approver, number("1"));
    });
}

#[test]
fn voids_and_smaller_quantities_count_together() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        counter.sell("4", "COFFEE").await;
        counter.sell("1", "MILK").await;
        counter.give(TillCommand::ChangeQuantity { line: 1, quantity: quantity("2") }).await;
        // 698.00 of the cashier's 1 000.00 are used up.
        assert_eq!(counter.lacks(TillCommand::ChangeQuantity { line: 1, quantity: quantity("1") }).await, "void_lines");
        let part = TillCommand::VoidLine { line: 1, quantity: Some(quantity("1")) };
        assert_eq!(counter.lacks(part).await, "void_lines");
        counter.give(TillCommand::Decline).await;
        assert_eq!(counter.view().await.lines[0].quantity, quantity("2"));
        counter.give(void(2)).await;
        assert_eq!(counter.lacks(void(1)).await, "void_lines");
        counter.give(approve("5", "5555")).await;
        assert_eq!(counter.view().await.total, money("0.00"));
    });
}

#[test]
fn prices_are_entered_within_their_range_and_changed_by_right() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        let flowers = counter.asked(scan("FLOWERS")).await;
        assert_eq!(flowers.to_string(), "FLOWERS: enter its price, from 10.00 to 500.00");
        let price = |price: &str| TillCommand::Answer(Answer::Price(money(price)));
        assert_eq!(counter.refused(price("500.01")).await, "price_out_of_range");
        counter.give(price("120.00")).await;
        let at = |code: &str, price: &str| TillCommand::Sell {
            item: ItemChoice::Code(domain::ids::ItemCode(code.to_owned())),
            quantity: quantity("1"),
            price: Some(money(price)),
            vat: None,
        };
        // No way round the list price, neither by a price with the item nor by repeating a changed one.
        assert_eq!(counter.lacks(at("COFFEE", "1.00")).await, "change_price");
        assert_eq!(counter.lacks(at("FLOWERS", "600.00")).await, "change_price");
        counter.give(at("FLOWERS", "130.00")).await;
        counter.give(at("ODDS AND ENDS", "5.00")).await;
        counter.sell("1", "COFFEE").await;
        let change = TillCommand::ChangePrice { line: 4, price: money("300.00"), reason: "dented".to_owned() };
        assert_eq!(counter.lacks(change).await, "change_price");
        counter.give(approve("5", "5555")).await;
        assert_eq!(counter.lacks(TillCommand::RepeatLast).await, "change_price");
        counter.give(TillCommand::Decline).await;
        assert_eq!(counter.view().await.total, money("555.00"));
        assert_eq!(closed(counter.cash("555.00").await).approvals.len(), 1);
        // What is allowed for the first line is noted on the receipt that it opens.
        assert_eq!(counter.lacks(at("COFFEE", "1.00")).await, "change_price");
        counter.give(approve("5", "5555")).await;
        assert_eq!(closed(counter.cash("1.00").await).approvals.len(), 1);
    });
}

#[test]
fn credit_and_drawer_need_a_right() {
    let shop = staffed();
    shop.run(async |counter| {
        open(counter).await;
        counter.sell("1", "COFFEE").await;
        assert_eq!(counter.lacks(pay(TenderType::Credit, "349.00")).await, "sell_on_credit");
        let receipt = closed(counter.give(approve("5", "5555")).await);
        assert_eq!(receipt.tenders[0].tender, TenderType::Credit);
        assert_eq!(counter.lacks(TillCommand::OpenDrawer { reason: "change".to_owned() }).await, "open_drawer");
        let before = shop.emulator.drawer_openings();
        counter.give(approve("5", "5555")).await;
        assert_eq!(shop.emulator.drawer_openings(), before + 1);
        assert_eq!(counter.audits(AuditKind::DrawerOpened).await[0].reason, "change");
        counter.verify().await;
    });
}
