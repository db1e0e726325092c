//! What is said, for people: in the events before a failure.

use std::collections::BTreeMap;

use domain::ledger::transfer::{PENDING, Transfer, TransferCode, VOID_PENDING};
use domain::ledger::{AccountId, OperationId};
use messages::v1::accounts::{Authorisation, Declined};
use processing::machine::customer::Customer;
use processing::machine::log::{Act, Document, Entry, Told};
use processing::machine::wire::{Reply, Say};

use crate::checks::{is_customers, provisional};
use crate::till::card_number;
use crate::world::World;

/// A message of a store.
pub(crate) fn short(say: &Say) -> String {
    match say {
        Say::Push { epoch, inc, up, down_next, .. } => {
            format!("push epoch {epoch} inc {inc} down {down_next} up [{}]", list(up, document))
        }
        Say::Sync(sync) => format!(
            "sync nonce {:x} inc {} restored {} up {} down {} ups [{}] downs [{}]",
            sync.nonce & 0xFFFF,
            sync.inc,
            sync.restored,
            sync.up.next,
            sync.down.next,
            list(&sync.ups, document),
            list(&sync.downs, told)
        ),
        other => format!("{other:?}"),
    }
}

/// An answer of the root.
pub(crate) fn short_reply(reply: &Reply) -> String {
    match reply {
        Reply::Welcome { epoch, nonce, up, down_next, .. } => {
            format!("welcome epoch {epoch} nonce {:x} up {} down {down_next}", nonce & 0xFFFF, up.next)
        }
        Reply::Downs { epoch, ups, downs } => {
            format!("downs epoch {epoch} ups [{}] downs [{}]", list(ups, document), list(downs, told))
        }
        Reply::Ack { epoch, inc, up_next, down_next, recover, nonce } => format!(
            "ack epoch {epoch} inc {inc} up {up_next} down {down_next} recover {recover} nonce {:x}",
            nonce & 0xFFFF
        ),
    }
}

pub(crate) fn short_answer(answer: &Authorisation) -> String {
    match answer {
        Authorisation::Approved(approval) => format!("approved {}", approval.amount.minor()),
        Authorisation::Declined(Declined { code, available, .. }) => format!("declined {code:?} {available:?}"),
    }
}

fn list(entries: &[Entry], body: fn(&Entry) -> String) -> String {
    entries.iter().map(|entry| format!("{}: {}", entry.seq, body(entry))).collect::<Vec<_>>().join("; ")
}

fn document(entry: &Entry) -> String {
    let Ok(document) = Document::from_body(&entry.body) else { return "?".to_owned() };
    let recovered = if document.recovered { "recovered " } else { "" };
    match &document.act {
        Act::Move(transfer) => format!("{recovered}{}", movement(transfer)),
        Act::Open { customer } => format!("{recovered}open {}", customer.owner),
        Act::Recovered => "all is told".to_owned(),
    }
}

fn told(entry: &Entry) -> String {
    match Told::from_body(&entry.body) {
        Ok(Told::Grant { transfers }) => transfers.iter().map(movement).collect::<Vec<_>>().join(" and "),
        Ok(Told::Copy { transfers }) => {
            format!("copy of {}", transfers.iter().map(movement).collect::<Vec<_>>().join(" and "))
        }
        Ok(Told::Customer(customer)) => format!("customer {} version {}", customer.owner, customer.version),
        Ok(other) => format!("{other:?}"),
        Err(_) => "?".to_owned(),
    }
}

pub(crate) fn movement(transfer: &Transfer) -> String {
    format!("{:?} {:x} {} {} to {}", transfer.code, transfer.id.0, transfer.amount, transfer.debit, transfer.credit)
}

/// For a failure whose run keeps a log.
impl World {
    /// What became of an operation at the root.
    pub(crate) fn postings_of(&self, operation: OperationId) {
        if self.log.is_none() {
            return;
        }
        for posting in self.root.postings().iter().filter(|posting| posting.transfer.id.operation() == operation) {
            eprintln!("the root: {} ({})", movement(&posting.transfer), posting.code);
        }
        for alert in self.root_machine().alerts().filter(|alert| alert.operation == operation) {
            eprintln!("the root: {}", alert.sentence);
        }
    }

    /// By code, what the root posted on the wallets of a card: beside what happened.
    pub(crate) fn explain(&self, card: usize, asset: u32) {
        if self.log.is_none() {
            return;
        }
        let number = card_number(card);
        let root = self.root_machine();
        let of_card = |customer: &&Customer| {
            let has = customer.card(&number).is_some() || customer.owner == provisional(&number);
            has || customer.name == format!("customer {card}")
        };
        let with_card: Vec<&Customer> = root.customers().filter(of_card).collect();
        eprintln!("{number} is of {:?}; {with_card:?}", root.whose(&number).map(|customer| customer.owner));
        let owners: Vec<u64> = (0..self.plan.cards)
            .filter(|other| self.ghost.leader(*other) == card)
            .map(|c| self.ghost.owner_at_till(c))
            .chain(with_card.iter().map(|customer| customer.owner))
            .collect();
        let mine = |id: AccountId| owners.contains(&id.owner()) && id.asset() == asset && is_customers(id);
        let mut sums: BTreeMap<(TransferCode, bool), i64> = BTreeMap::new();
        for posting in self.root.postings().iter().filter(|posting| posting.code.is_posted()) {
            let transfer = &posting.transfer;
            if transfer.flags & (PENDING | VOID_PENDING) != 0 {
                continue;
            }
            match (mine(transfer.debit), mine(transfer.credit)) {
                (true, false) => *sums.entry((transfer.code, false)).or_default() -= transfer.amount,
                (false, true) => *sums.entry((transfer.code, true)).or_default() += transfer.amount,
                _ => {}
            }
        }
        eprintln!("card {card} of owners {owners:?}: {sums:?}");
        for truth in self.ghost.truths().filter(|(c, a, _)| *c == card && *a == asset) {
            eprintln!("{truth:?}");
        }
    }
}
