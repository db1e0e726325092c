//! A store closes its business days, also without a till that is away, and sees what that till brings to them later.

use chrono::{DateTime, FixedOffset};
use domain::ids::{OperatorNumber, TillId};
use domain::quantity::Quantity;
use messages::v1::receipt::{ReceiptKind, Tender, TenderType};
use messages::v1::till::{TillCommand, WholeLine, WholeReceipt};

use super::*;
use crate::sandbox::{numbered_without_a_gap, sales};

const TILLS: [TillId; 3] = [TillId(1), TillId(2), TillId(3)];
const AWAY: TillId = TillId(3);

fn at(day: u32, hour: u32) -> DateTime<FixedOffset> {
    format!("2026-06-{day:02}T{hour:02}:00:00+03:00").parse().expect("a time")
}

impl Store {
    async fn give(&self, till: TillId, command: TillCommand) {
        let done = self.chain.ask(&self.store, till, PATIENCE, command).await.expect("the till answers");
        done.expect("the till does it");
    }

    async fn open_shift(&self, till: TillId) {
        let operator = OperatorNumber("7".to_owned());
        self.give(till, TillCommand::OpenShift { operator, pin: String::new(), float: Money::ZERO }).await;
    }

    /// Receipts of 10.00.
    async fn sells(&self, till: TillId, receipts: u32) {
        let amount = Money::from_minor(1_000);
        for _ in 0..receipts {
            let line = WholeLine {
                code: ItemCode("BREAD".to_owned()),
                name: Some("Bread".to_owned()),
                quantity: Quantity::ONE,
                price: Some(amount),
                vat: Some(VatRate::percent(10)),
            };
            let (kind, tenders) = (ReceiptKind::Sale, vec![Tender::new(TenderType::Cash, amount)]);
            let whole = WholeReceipt { kind, lines: vec![line], tenders, of: None, operator: None, customer: None };
            self.give(till, TillCommand::Whole(whole)).await;
        }
    }

    async fn close_shift(&self, till: TillId, receipts: i64) {
        let counted = Some(Money::from_minor(1_000 * receipts).into());
        self.give(till, TillCommand::CloseShift { counted }).await;
    }

    /// The pages see these tills linked, with everything that they made, and no other.
    async fn sees(&self, tills: &[TillId]) {
        self.chain.settle(PATIENCE).await.expect("what is connected agrees");
        let names: Vec<String> = tills.iter().map(|till| format!("S1/{till}")).collect();
        let mut shop = self.chain.store(&self.store).expect("a store").shop.clone();
        let seen = shop.wait_for(|now| {
            now.tills
                .iter()
                .all(|till| till.connected == names.contains(&till.name) && (!till.connected || till.lag == 0))
                && now.tills.iter().filter(|till| till.connected).count() == names.len()
        });
        assert!(tokio::time::timeout(PATIENCE, seen).await.is_ok(), "{names:?} are linked");
    }

    async fn close_day(&self, session: &str, day: &str) -> (StatusCode, String) {
        let answer = self.post("/days", session, &format!("day={day}")).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a text"))
    }
}

/// The cells of a table's row that begins with these.
fn row<'a>(page: &'a str, begins: &str) -> Vec<&'a str> {
    let rows = page.split("<tr").map(|row| row.split("</tr>").next().unwrap_or_default());
    let mut cells = rows.map(|row| {
        let parts = row.split("</t").filter_map(|cell| cell.rsplit_once('>').map(|(_, text)| text.trim()));
        parts.filter(|text| !text.is_empty()).collect::<Vec<_>>()
    });
    cells.find(|cells| cells.join(" ").starts_with(begins)).unwrap_or_default()
}

#[test]
fn retail_s57_a_till_that_is_away_for_days_holds_up_no_closing_and_corrects_its_day_later() {
    in_system(async {
        let mut store = Store::open(Clock::by_hand(at(1, 9))).await;
        let session = store.sign_in("store_admin").await;
        let analyst = store.sign_in("hq_analyst").await;
        for till in TILLS {
            store.chain.ensure_till(&store.store.clone(), till).await.expect("a till");
            store.open_shift(till).await;
            store.sells(till, 2).await;
        }
        store.sees(&TILLS).await;
        // Till 3 is cut off in the middle of the day and sells on.
        store.chain.set_till_link(&store.store.clone(), AWAY, false).await.expect("it is cut");
        store.sells(AWAY, 3).await;
        store.close_shift(TILLS[0], 2).await;
        store.sees(&TILLS[..2]).await;

        let (status, said) = store.close_day(&session, "2026-06-01").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(said.contains("Till 2 has a shift of 2026-06-01 open"), "{said}");
        assert_eq!(store.close_day(&analyst, "2026-06-01").await.0, StatusCode::FORBIDDEN);
        store.close_shift(TILLS[1], 2).await;
        store.sees(&TILLS[..2]).await;
        assert!(store.page("/days", &session).await.contains("value=\"2026-06-01\""), "the day that comes next");
        assert_eq!(store.close_day(&session, "2026-06-01").await.0, StatusCode::SEE_OTHER);
        let page = store.page("/days?closed=2026-06-01", &session).await;
        assert!(page.contains("Business day 2026-06-01 is closed."), "{page}");
        assert_eq!(row(&page, "2026-06-01")[2..], ["store_admin", "not 3", "60.00", "0.00"]);
        assert!(page.contains("Nothing came to a day after it was closed."));
        for (day, why) in [("2026-06-01", "is closed already"), ("2026-06-02", "has not begun")] {
            let (status, said) = store.close_day(&session, day).await;
            assert!(status == StatusCode::UNPROCESSABLE_ENTITY && said.contains(why), "{said}");
        }

        // It is away for sixteen days, on which the others work.
        for day in 2..=17 {
            store.chain.set_time(None, at(day, 9));
            store.open_shift(TILLS[0]).await;
            store.sells(TILLS[0], 1).await;
            store.close_shift(TILLS[0], 1).await;
            store.sees(&TILLS[..2]).await;
            let closed = store.close_day(&session, &format!("2026-06-{day:02}")).await;
            assert_eq!(closed.0, StatusCode::SEE_OTHER, "{}", closed.1);
        }

        // It comes back: its shift is far too old, and is closed as one of its own day.
        store.chain.set_till_link(&store.store.clone(), AWAY, true).await.expect("it is mended");
        store.close_shift(AWAY, 5).await;
        store.sees(&TILLS).await;
        let page = store.page("/days", &session).await;
        assert_eq!(
            row(&page, "2026-06-01 3"),
            ["2026-06-01", "3", "not reported", "2", "5", "20.00", "50.00", "30.00"]
        );
        let day = store.page("/days", &session).await;
        assert_eq!(row(&day, "2026-06-01")[2..], ["store_admin", "not 3", "60.00", "30.00"], "as it was closed");
        assert!(row(&page, "2026-06-17 3").is_empty(), "no other day is corrected");
        store.chain.set_time(None, at(18, 9));
        store.open_shift(AWAY).await;
        store.sells(AWAY, 1).await;
        store.close_shift(AWAY, 1).await;
        store.sees(&TILLS).await;
        assert_eq!(store.close_day(&session, "2026-06-18").await.0, StatusCode::SEE_OTHER);
        let page = store.page("/days", &session).await;
        assert_eq!(row(&page, "2026-06-18")[2..], ["store_admin", "all", "10.00", "0.00"]);

        // The head office has each receipt on the day of its shift.
        let by_day = sales(&mut store.chain, "day").await;
        assert_eq!((by_day["2026-06-01"].count, by_day["2026-06-02"].count, by_day["2026-06-18"].count), (9, 1, 1));
        assert_eq!(numbered_without_a_gap(&store.chain).await, 9 + 16 + 1);
        store.chain.stop().await;
    });
}
