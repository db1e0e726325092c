//! Change that the customer takes in points.

use domain::loyalty::Programme;
use domain::money::Money;
use domain::rounding::Direction;
use domain::vat::VatRate;
use messages::v1::accounts::{OperationKind, Wallet};
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::{CashRules, Loyalty};
use messages::v1::till::TillCommand;

use crate::accounts::{burn, card, points, programme, settle, with_accounts};
use crate::shop::{Shop, back, closed, money, pay, sell};

fn shop(most: &str) -> Shop {
    let shop = with_accounts(Shop::new());
    let programme = Programme { change_to_points_max: money(most), ..programme() };
    shop.set(&Loyalty { programmes: vec![programme], ..Loyalty::default() });
    shop
}

fn change(cash: &str) -> TillCommand {
    TillCommand::ChangeToPoints { cash: money(cash) }
}

fn loaded(receipt: &Receipt) -> Vec<(Wallet, String)> {
    let loads = receipt.accounts.iter().filter(|operation| operation.kind == OperationKind::Load);
    loads.map(|operation| (operation.wallet, operation.amount.to_string())).collect()
}

#[test]
fn change_becomes_points_and_stays_in_the_drawer() {
    let shop = shop("10.00");
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        counter.sell("1", "MILK").await;
        assert_eq!(counter.refused(change("90.00")).await, "no_customer");
        counter.give(card()).await;
        for cash in ["89.90", "50.00", "0.00"] {
            let code = counter.refused(change(cash)).await;
            assert_eq!(code, "no_change_to_keep", "{cash}");
        }
        let sale = closed(counter.give(change("90.00")).await);
        assert_eq!((sale.total, sale.change), (money("90.00"), Money::ZERO));
        let line = &sale.lines[1];
        assert_eq!((line.amount, line.vat_rate, line.load), (money("0.10"), VatRate::None, true));
        assert_eq!(line.name, "Сдача баллами");
        assert_eq!(loaded(&sale), [(Wallet::Points, "0.10".to_owned())]);
        let lot = &sale.accounts[0].lots[0];
        assert_eq!((lot.amount, lot.expires_on.is_some(), lot.activates_on), (money("0.10"), true, None));
        // What was paid for points earns none.
        let shown = sale.points.clone().expect("points");
        assert_eq!((shown.earned, shown.balance), (money("8.00"), Some(money("1008.10"))));
        assert_eq!(shop.fiscal_receipts()[0].total, money("90.00"));
        settle(&shop, counter).await;
        assert_eq!(points(&shop), money("1008.10"));
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.sales, totals.cash_expected), (money("90.00"), money("190.00")));
        // The goods come back, what was bought for the change does not.
        let returned = closed(counter.give(back(sale.uid, &[], TenderType::Cash)).await);
        assert_eq!((returned.total, returned.lines.len()), (money("89.90"), 1));
        counter.verify().await;
    });
}

#[test]
fn more_change_than_may_be_is_given_in_money() {
    let shop = shop("10.00");
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        // After points, and after a part by card.
        counter.sell("2", "MILK").await;
        counter.give(card()).await;
        counter.give(burn("9.80")).await;
        counter.give(pay(TenderType::Card, "100.00")).await;
        let reply = counter.give(change("100.00")).await;
        assert_eq!(reply.change, Some(money("20.00")));
        let sale = closed(reply);
        assert_eq!((sale.total, sale.change), (money("180.00"), money("20.00")));
        assert_eq!(loaded(&sale), [(Wallet::Points, "10.00".to_owned())]);
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!(totals.cash_expected, money("180.00"));
        counter.verify().await;
    });
}

#[test]
fn rounded_cash_leaves_less_change() {
    let shop = shop("10.00");
    shop.set(&CashRules { round_to: money("1.00"), round: Direction::Down, ..CashRules::default() });
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        counter.sell("1", "MILK").await;
        counter.give(card()).await;
        let sale = closed(counter.give(change("90.00")).await);
        assert_eq!((sale.total, sale.rounding, sale.change), (money("90.00"), money("-0.90"), Money::ZERO));
        assert_eq!(loaded(&sale), [(Wallet::Points, "1.00".to_owned())]);
    });
}

#[test]
fn a_shop_may_give_none() {
    let shop = shop("0.00");
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        counter.give(sell("1", "MILK")).await;
        counter.give(card()).await;
        assert_eq!(counter.refused(change("90.00")).await, "no_change_to_keep");
        assert_eq!(closed(counter.cash("90.00").await).change, money("0.10"));
    });
}
