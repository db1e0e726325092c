//! People at the root: the customers of a run, and what is asked of the root itself.

use domain::ids::OperatorNumber;
use domain::ledger::OperationId;
use messages::v1::accounts::Wallet;
use processing::machine::Now;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::{Asked, AskedFor, Done, Root};

use crate::ghost::{MONEY, POINTS};
use crate::till::card_number;
use crate::world::World;

#[derive(Debug, Default)]
pub(crate) struct Desk {
    counter: u128,
}

impl Desk {
    pub(crate) fn number(&mut self) -> OperationId {
        self.counter += 1;
        OperationId((1 << 40) << 80 | 7 << 76 | 1 << 60 | self.counter << 4)
    }
}

pub(crate) fn ask(root: &mut Root, operation: OperationId, what: AskedFor, now: Now) -> Option<i64> {
    let asked = Asked { operation, by: OperatorNumber("1".to_owned()), reference: 0, what };
    match root.ask(&asked, now) {
        Ok(Done::Posted { amount, .. }) => Some(amount),
        Ok(Done::Waits { operation }) => {
            root.judge(operation, &OperatorNumber("2".to_owned()), true, now).ok().map(|_| 0)
        }
        Err(_) => None,
    }
}

impl World {
    pub(crate) fn open_shop_and_cards(&mut self) {
        for shop in 0..self.plan.shops {
            self.root_does(|root, _| root.add_store(shop as u32 + 1));
        }
        for card in 0..self.plan.cards {
            let wallets = [(Wallet::Prepaid, MONEY), (Wallet::Points, POINTS)];
            let customer = Customer {
                name: format!("customer {card}"),
                cards: vec![Card { number: card_number(card), state: CardState::Active, day_max: None, pin: None }],
                wallets: wallets.iter().map(|(wallet, asset)| Held { wallet: *wallet, asset: *asset, limit: 0 }).collect(),
                ..Customer::default()
            };
            let Some(Ok(owner)) = self.root_does(|root, _| root.open_customer(customer)) else {
                return self.fail("a customer could not be opened".to_owned(), &[]);
            };
            self.ghost.owns(card, owner);
            for (wallet, asset) in wallets {
                let operation = self.desk.number();
                let opening = self.plan.opening;
                let done = self.root_does(|root, now| {
                    let account = root.customer(owner).expect("it was just opened").account(wallet, asset);
                    ask(root, operation, AskedFor::TopUp { account, amount: opening, tender: 1, lot: None }, now)
                });
                if done.flatten().is_some() {
                    self.ghost.received(card, asset, opening);
                }
            }
        }
        self.commit_root();
    }

    pub(crate) fn desk_acts(&mut self) {}

    /// The root was restored: what only it knew is gone.
    pub(crate) fn desk_lost(&mut self) {}
}
