//! The node above, as far as a till can tell: it answers from what it is told, or has no line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::NaiveDate;
use domain::ids::{ReceiptId, TillId};
use link::requests::{
    AUTHORISE, AskAbove, BUSINESS_DAY, CLAIM_MARK, FIND_SALE, IDENTIFY, LIST_PARKED, NOT_KNOWN, PROGRAM, RELEASE,
    RequestError, TAKE_PARKED, TILL_OPERATIONS,
};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{IdentifyCustomer, Release};
use messages::v1::receipt::{FoundReceipt, Receipt};
use messages::v1::requests::{
    BusinessDay, ClaimMark, ListParked, MarkClaimed, ParkedList, ParkedReceipt, SaleBy, TakeParked, Taken,
};
use runtime::actor::{Actor, Handle, Scope};

use super::accounts::Accounts;

/// Clones are the same node.
#[derive(Clone, Default)]
pub(crate) struct Above {
    knows: Arc<Mutex<Knows>>,
}

#[derive(Default)]
pub(crate) struct Knows {
    pub(crate) no_line: bool,
    pub(crate) sales: Vec<FoundReceipt>,
    /// Parked receipts, with the till that took each.
    pub(crate) parked: Vec<(Receipt, Option<TillId>)>,
    /// Units by the receipt that has each.
    pub(crate) marks: BTreeMap<String, ReceiptId>,
    pub(crate) day: Option<NaiveDate>,
    pub(crate) software: Option<String>,
    pub(crate) accounts: Accounts,
}

impl Above {
    pub(crate) fn knows(&self) -> MutexGuard<'_, Knows> {
        self.knows.lock().expect("nobody fails while he holds it")
    }
}

impl Actor for Above {
    type State = ();
    fn observe(&self) {}
}

impl Handle<AskAbove> for Above {
    async fn handle(&mut self, question: AskAbove, _: &Scope<Above>) -> Result<Vec<u8>, RequestError> {
        let mut knows = self.knows();
        if knows.no_line {
            return Err(RequestError::NoLine);
        }
        match question.type_id {
            FIND_SALE => {
                let by: SaleBy = from_body(&question.body).expect("a question");
                let found = knows.sales.iter().find(|sale| is(&sale.receipt, &by));
                found.map(to_body).ok_or_else(|| RequestError::Refused(format!("{NOT_KNOWN}: the sale")))
            }
            LIST_PARKED => {
                let ListParked { own } = from_body(&question.body).expect("a question");
                let (free, taken): (Vec<_>, Vec<_>) = knows.parked.iter().partition(|(_, taken)| taken.is_none());
                let gone = taken.iter().map(|(receipt, _)| receipt.uid).filter(|uid| own.contains(uid)).collect();
                Ok(to_body(&ParkedList { parked: free.iter().map(|(receipt, _)| listed(receipt)).collect(), gone }))
            }
            TAKE_PARKED => {
                let TakeParked { uid } = from_body(&question.body).expect("a question");
                let asking = TillId(1);
                Ok(to_body(&match knows.parked.iter_mut().find(|(receipt, _)| receipt.uid == uid) {
                    None => Taken::Unknown,
                    Some((_, Some(till))) if *till != asking => Taken::Gone { till: *till },
                    Some((receipt, taken)) => {
                        *taken = Some(asking);
                        Taken::Yes(Box::new(receipt.clone()))
                    }
                }))
            }
            CLAIM_MARK => {
                let ClaimMark { identity, receipt, .. } = from_body(&question.body).expect("a question");
                let holder = *knows.marks.entry(identity).or_insert(receipt);
                Ok(to_body(&match holder == receipt {
                    true => MarkClaimed::Yes,
                    false => MarkClaimed::Taken { receipt: holder },
                }))
            }
            BUSINESS_DAY => match knows.day {
                Some(day) => Ok(to_body(&BusinessDay { day })),
                None => Err(RequestError::Refused("no day".to_owned())),
            },
            PROGRAM => {
                let software = knows.software.clone().ok_or_else(|| RequestError::Refused("not known".to_owned()));
                software.map(String::into_bytes)
            }
            IDENTIFY => {
                let IdentifyCustomer { number, .. } = from_body(&question.body).expect("a question");
                Ok(to_body(&knows.accounts.identify(&number)))
            }
            AUTHORISE => {
                let answer = knows.accounts.authorise(from_body(&question.body).expect("a question"));
                match std::mem::take(&mut knows.accounts.loses_answer) {
                    true => Err(RequestError::Deadline),
                    false => Ok(to_body(&answer)),
                }
            }
            RELEASE => {
                let Release { operation } = from_body(&question.body).expect("a question");
                Ok(to_body(&knows.accounts.release(operation)))
            }
            TILL_OPERATIONS => Ok(to_body(&knows.accounts.tell(from_body(&question.body).expect("a question")))),
            other => panic!("a till does not ask {other}"),
        }
    }
}

fn is(receipt: &Receipt, by: &SaleBy) -> bool {
    match by {
        SaleBy::Uid(uid) => receipt.uid == *uid,
        SaleBy::Number { store, till, sequence } => {
            store.as_deref().is_none_or(|store| store == receipt.store.as_str())
                && (receipt.till, receipt.sequence) == (*till, *sequence)
        }
        SaleBy::Fiscal(code) => {
            receipt.fiscal.as_ref().is_some_and(|fiscal| fiscal.device == code.device && fiscal.number == code.number)
        }
    }
}

fn listed(receipt: &Receipt) -> ParkedReceipt {
    ParkedReceipt {
        uid: receipt.uid,
        till: receipt.till,
        sequence: receipt.sequence,
        name: String::new(),
        at: receipt.at,
        total: receipt.total,
        lines: u32::try_from(receipt.lines.len()).expect("few"),
    }
}
