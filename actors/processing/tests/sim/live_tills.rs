//! Tills' questions to the actors of their store, as they go over the line: in bytes.

use link::apply::{Peer, PeerRole};
use link::requests::{AUTHORISE, Answer, RELEASE, TILL_OPERATIONS};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{OperationsTaken, Release};

use super::{Heard, Live};
use crate::desk::store_name;
use crate::shop::{ShopSays, TillSays};
use crate::versions::spoken;

impl Live {
    /// A till's question, to the actor that answers it.
    pub(super) fn asks(&mut self, till: usize, number: u64, says: TillSays) {
        let shop = self.world.tills[till].shop;
        let Some((life, answers, talk)) = &self.shops[shop].life else { return };
        let boots = self.world.shops[shop].node.boots;
        match &says {
            TillSays::Authorise(_) => self.begun[till] = self.begun[till].max(number),
            // One line to a till: what was said later is not heard before.
            TillSays::Operations(_) if number < self.begun[till] => return,
            TillSays::Operations(_) => self.begun[till] = number,
            _ => {}
        }
        let (answers, talk, ear) = (answers.clone(), talk.clone(), self.ear.clone());
        let id = till as u32 + 1;
        let mixed = self.world.plan.mixed;
        let speaks = move |body| spoken(mixed, till, body);
        let peer = Peer { name: format!("{}/{id}", store_name(shop)), role: PeerRole::Till };
        life.does(async move {
            let tell = |says| ear.hears(Heard::Till(till, boots, says));
            match says {
                TillSays::Authorise(asked) => {
                    if let Ok(body) = answers.answer(&peer, AUTHORISE, speaks(to_body(&*asked))).await {
                        let answer = from_body(&speaks(body)).expect("an answer");
                        tell(ShopSays::Authorised(asked.operation, Box::new(answer)));
                    }
                }
                TillSays::Release(operation) => {
                    if answers.answer(&peer, RELEASE, speaks(to_body(&Release { operation }))).await.is_ok() {
                        tell(ShopSays::Released(operation));
                    }
                }
                TillSays::Settled(settled) => {
                    let receipt = settled.receipt.0;
                    if talk.settle(id, settled.as_ref().clone()).await.is_ok() {
                        tell(ShopSays::Taken(receipt));
                    }
                }
                TillSays::Operations(told) => {
                    if let Ok(body) = answers.answer(&peer, TILL_OPERATIONS, speaks(to_body(&*told))).await {
                        let taken: OperationsTaken = from_body(&speaks(body)).expect("an answer");
                        told.settled.iter().for_each(|settled| tell(ShopSays::Taken(settled.receipt.0)));
                        tell(ShopSays::Heard(taken.mark));
                    }
                }
            }
        });
    }
}
