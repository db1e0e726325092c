//! A till and a store of different releases.

use messages::v1::till::{TillCommand, TillError};

use crate::shop::{Above, Shop, money, number};

fn open() -> TillCommand {
    TillCommand::OpenShift { operator: number("8"), pin: "4321".to_owned(), float: money("0.00") }
}

#[test]
fn retail_s58_a_till_that_is_ahead_of_its_store_does_not_start_selling() {
    let mut shop = Shop::staffed();
    let above = Above::default();
    shop.above = Some(above.clone());
    shop.settings.software = "openstore 0.3.1".to_owned();
    shop.run(async |counter| {
        above.knows().software = Some("openstore 0.2.9".to_owned());
        let Ok(Err(TillError::Refused { code, text })) = counter.ask(open()).await else { panic!("it sells") };
        assert_eq!(code, "store_is_older");
        assert_eq!(
            text,
            "this till has release openstore 0.3.1, its store openstore 0.2.9: bring the store up to date first"
        );
        assert_eq!(counter.refused(crate::shop::sell("1", "MILK")).await, "not_signed_on");
        // The store is brought up to date, and a newer one is as good.
        above.knows().software = Some("openstore 0.4.0".to_owned());
        counter.give(open()).await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 1);
        counter.give(crate::shop::close_shift("89.90")).await;
        // Selling never waits for a store that does not say.
        above.knows().software = None;
        counter.give(open()).await;
        counter.give(crate::shop::close_shift("89.90")).await;
        above.knows().no_line = true;
        counter.give(open()).await;
        counter.verify().await;
    });
}
