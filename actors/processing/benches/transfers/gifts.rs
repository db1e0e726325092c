//! Gift cards issued in bulk, as the head office's page does it.

use domain::ids::OperatorNumber;
use domain::ledger::{AccountId, AccountKind, OperationId};
use domain::loyalty::gift::gift_number;
use messages::v1::accounts::Wallet;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::{Asked, AskedFor, Root};
use runtime::clock::Clock;

use crate::server::ASSET;
use crate::{number, root_in, timed};

const AT_ONCE: u64 = 2_000;

pub(crate) async fn measure() {
    tokio::task::LocalSet::new().run_until(run()).await;
}

async fn run() {
    let cards = number("OPENSTORE_GIFTS", 100_000);
    let folder = tempfile::tempdir().expect("a folder");
    let (door, node) = root_in(folder.path(), &Clock::system()).await;
    let ((), took) = timed(async {
        let mut next = 0;
        while next < cards {
            let until = cards.min(next + AT_ONCE);
            let issue = move |root: &mut Root, now| {
                for n in next..until {
                    // Any odd factor: no number comes twice.
                    let number = gift_number("29", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                    let card = Card { number, state: CardState::Active, day_max: None, pin: None };
                    let wallets = vec![Held { wallet: Wallet::Gift, asset: ASSET, limit: 0 }];
                    let customer = Customer { cards: vec![card], wallets, ..Customer::default() };
                    let owner = root.open_customer(customer).expect("opened");
                    let account = AccountId::wallet(AccountKind::Gift, ASSET, owner);
                    let asked = Asked {
                        operation: OperationId::from_uuid(u128::from(n + 1) << 64),
                        by: OperatorNumber("1".to_owned()),
                        reference: 0,
                        what: AskedFor::TopUp { account, amount: 100_000, tender: 0, lot: None },
                    };
                    root.ask(&asked, now).expect("loaded");
                }
            };
            door.ask(Vec::new(), issue).await.expect("issued");
            next = until;
        }
    })
    .await;
    println!(
        "{cards} gift cards were issued in {:.1} s ({:.0}/s)",
        took.as_secs_f64(),
        cards as f64 / took.as_secs_f64()
    );
    node.shutdown().await;
}
