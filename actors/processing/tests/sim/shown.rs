//! What is said, for people: in the events before a failure.

use domain::ledger::transfer::Transfer;
use messages::v1::accounts::{Authorisation, Declined};
use processing::machine::log::{Act, Document, Entry, Told};
use processing::machine::wire::{Reply, Say};

/// A message of a store.
pub(crate) fn short(say: &Say) -> String {
    match say {
        Say::Push { epoch, inc, up, down_next } => {
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
