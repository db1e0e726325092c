//! Receipts that are put aside and taken up again, at this till or another of the store.
//!
//! A parked receipt ends: its number is spent, its goods go on in a new receipt. The store keeps all of its tills' parked
//! receipts and gives each to one taker. While the store does not answer, a till takes up its own.

use std::time::Duration;

use domain::ids::ReceiptId;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Event, Input, Kind, LineSource, LineTraits, Mark, NewLine, Receipt};
use domain::refusal::Refusal;
use link::requests::{AskAbove, LIST_PARKED, TAKE_PARKED};
use messages::codec::{from_body, to_body};
use messages::v1::document::{Document, ParkedRecalled, ReceiptParked};
use messages::v1::receipt::{Receipt as Parked, ReceiptLine};
use messages::v1::requests::{ListParked, ParkedList, ParkedReceipt, TakeParked, Taken};
use messages::v1::settings::SaleRules;
use messages::v1::till::{TillError, TillReply};

use crate::desk::Record;
use crate::selling::line_of;
use crate::store::{self, Changes, Ended, How};
use crate::till::{Till, not_read, refused};
use crate::wire;

/// A customer at the counter waits this long for the store's answer.
const PARKED_DEADLINE: Duration = Duration::from_secs(3);

impl Till {
    pub(crate) async fn park(&mut self, name: String) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let at = self.now();
        let input = Input::Park { at, name: name.clone() };
        let records = self.decide(&input)?;
        // Points that were taken off go back with it.
        let ended = wire::receipt(&self.settings, self.shift()?.business_day, &self.after_input(&input)?, at, None);
        let document = ReceiptParked { receipt: ended.clone(), name: name.clone() };
        self.commit(Changes {
            records,
            ended: Some(Ended { receipt: ended.clone(), how: How::Parked(name) }),
            documents: vec![Document::ReceiptParked(Box::new(document))],
            ..Changes::default()
        })
        .await?;
        self.parked += 1;
        self.release_held();
        (self.last_change, self.last_line) = (None, None);
        Ok(TillReply { receipt: Some(Box::new(ended)), ..TillReply::default() })
    }

    pub(crate) async fn list_parked(&mut self) -> Result<TillReply, TillError> {
        self.signed_on()?;
        let parked = self.all_parked().await?;
        Ok(TillReply { parked: Some(parked), ..TillReply::default() })
    }

    /// What the store has, and what of this till's it does not have yet.
    async fn all_parked(&mut self) -> Result<Vec<ParkedReceipt>, TillError> {
        let own = store::parked(&self.ports.database.reader).await.map_err(not_read)?;
        let ParkedList { parked: mut all, gone } =
            self.parked_above(own.iter().map(|(_, receipt)| receipt.uid).collect()).await.unwrap_or_default();
        let own = own.into_iter().filter(|(_, receipt)| !gone.contains(&receipt.uid));
        let own: Vec<ParkedReceipt> = own.map(|(name, receipt)| listed(&name, &receipt)).collect();
        self.parked = u32::try_from(own.len()).unwrap_or(u32::MAX);
        for parked in own {
            if all.iter().all(|known| known.uid != parked.uid) {
                all.push(parked);
            }
        }
        for uid in gone {
            self.commit(Changes { taken: Some(uid), ..Changes::default() }).await?;
        }
        all.sort_by_key(|parked| (parked.at, parked.uid));
        Ok(all)
    }

    /// None: the store does not answer.
    async fn parked_above(&self, own: Vec<ReceiptId>) -> Option<ParkedList> {
        let above = self.ports.above.as_ref()?;
        let question = AskAbove { type_id: LIST_PARKED, body: to_body(&ListParked { own }) };
        let body = above.ask_within(PARKED_DEADLINE, question).await.ok()?.ok()?;
        from_body(&body).inspect_err(|error| tracing::error!(%error, "the list of parked receipts cannot be read")).ok()
    }

    pub(crate) async fn recall(&mut self, parked: Option<ReceiptId>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let uid = match parked {
            Some(uid) => uid,
            None => match self.all_parked().await?.as_slice() {
                [] => return Err(refused(Refusal::NothingParked)),
                [only] => only.uid,
                _ => return Err(refused(Refusal::ChooseParked)),
            },
        };
        if store::taken_up(&self.ports.database.reader, uid).await.map_err(not_read)? {
            return Err(refused(Refusal::ParkedTaken(self.settings.till)));
        }
        let parked = self.take_parked(uid).await?;
        self.go_on_with(parked).await
    }

    /// The parked receipt, from the store, or this till's own while the store does not answer or does not have it yet.
    async fn take_parked(&mut self, uid: ReceiptId) -> Result<Parked, TillError> {
        let own = store::parked(&self.ports.database.reader).await.map_err(not_read)?;
        let own = own.into_iter().map(|(_, receipt)| receipt).find(|receipt| receipt.uid == uid);
        match (self.take_above(uid).await, own) {
            (Some(Taken::Yes(receipt)), _) => Ok(*receipt),
            (Some(Taken::Gone { till }), _) => Err(refused(Refusal::ParkedTaken(till))),
            (Some(Taken::Unknown) | None, Some(own)) => Ok(own),
            (Some(Taken::Unknown), None) => Err(refused(Refusal::NothingParked)),
            (None, None) => Err(refused(Refusal::ParkedUnreachable)),
        }
    }

    async fn take_above(&self, uid: ReceiptId) -> Option<Taken> {
        let above = self.ports.above.as_ref()?;
        let question = AskAbove { type_id: TAKE_PARKED, body: to_body(&TakeParked { uid }) };
        let body = above.ask_within(PARKED_DEADLINE, question).await.ok()?.ok()?;
        from_body(&body).inspect_err(|error| tracing::error!(%error, "a parked receipt cannot be read")).ok()
    }

    /// A new receipt with the goods of the parked one, at the prices that hold now unless the shop keeps the old.
    async fn go_on_with(&mut self, parked: Parked) -> Result<TillReply, TillError> {
        let keep = self.section::<SaleRules>().parked_keep_prices;
        let operator = self.signed_on()?.number.clone();
        let mut opening = self.opening(Kind::Sale, operator, None)?;
        opening.recalled = Some(parked.uid);
        let mut receipt = Receipt::new(opening.clone());
        let mut events = vec![Event::Opened(opening.clone())];
        let mut reply = TillReply::default();
        let mut answered: Vec<Record> = Vec::new();
        // Lines that were voided stay behind, so numbers change: a discount finds its line by the old one.
        let mut numbers = std::collections::BTreeMap::new();
        for line in parked.lines.iter().filter(|line| !line.voided) {
            if line.load {
                // Which card it was for stands on no paper.
                reply.notes.push(format!("{} is left out: sell the card again", line.name));
                continue;
            }
            let mut new = self.taken_up(line, keep, &mut reply.notes).await?;
            if let Some(parent) = line.deposit_of {
                // The deposit of goods that are left out is left out too.
                let Some(parent) = numbers.get(&parent).copied() else { continue };
                new.traits.deposit_of = Some(parent);
            }
            if let Some(mark) = &new.traits.mark {
                match self.claim_mark(&mark.identity, Kind::Sale).await {
                    Ok(record) => answered.extend(record),
                    Err(error) => {
                        reply.notes.push(format!("{} is left out: {error}", line.name));
                        continue;
                    }
                }
            }
            numbers.insert(line.line, receipt.next_line());
            for event in receipt.decide(&Input::Add(vec![new])).map_err(refused)? {
                receipt.apply(&event);
                events.push(event);
            }
        }
        let discounts = parked.discounts.iter().filter_map(wire::discount_of).filter_map(|mut discount| {
            if let Some(line) = discount.line {
                discount.line = Some(*numbers.get(&line)?);
            }
            Some(Input::Discount(discount))
        });
        let customer = parked.customer.clone().map(|number| Input::Customer { number });
        for input in discounts.chain(customer) {
            match receipt.decide(&input) {
                Ok(more) => more.into_iter().for_each(|event| {
                    receipt.apply(&event);
                    events.push(event);
                }),
                Err(refusal) => reply.notes.push(refusal.to_string()),
            }
        }
        let recalled = ParkedRecalled {
            store: self.settings.store.clone(),
            till: self.settings.till,
            at: self.now(),
            parked: parked.uid,
            by: opening.uid,
            by_sequence: opening.sequence,
        };
        self.commit(Changes {
            records: events.into_iter().map(Record::Receipt).chain(answered).collect(),
            documents: vec![Document::ParkedRecalled(recalled)],
            taken: Some(parked.uid),
            ..Changes::default()
        })
        .await?;
        if parked.till == self.settings.till {
            self.parked = self.parked.saturating_sub(1);
        }
        self.ask_who();
        self.last_change = None;
        self.last_line = self.receipt.as_ref().and_then(|receipt| receipt.lines().last()).map(|line| line.number);
        Ok(TillReply { line: self.last_line, due: self.receipt.as_ref().map(Receipt::due), ..reply })
    }

    async fn taken_up(&self, line: &ReceiptLine, keep: bool, notes: &mut Vec<String>) -> Result<NewLine, TillError> {
        let item = self.ports.catalogue.by_code(&line.code).await.map_err(not_read)?;
        let mark = line.mark.as_ref().map(|mark| Mark { identity: mark.clone(), code: mark.clone() });
        let regular = line.amount + line.discount;
        let by_price = domain::rounding::line_amount(line.unit_price, line.quantity) == regular;
        let kept = |amount: Option<Money>, source| NewLine {
            code: line.code.clone(),
            name: line.name.clone(),
            price: line.unit_price,
            quantity: line.quantity,
            discount: Money::ZERO,
            amount,
            vat_rate: line.vat_rate,
            vat: None,
            source,
            of_line: None,
            traits: LineTraits::default(),
        };
        let mut new = match item {
            // A label's sum stands.
            Some(item) if !by_price => {
                NewLine { traits: line_of(item, line.quantity).traits, ..kept(Some(regular), LineSource::Label) }
            }
            None if !by_price => kept(Some(regular), LineSource::Label),
            // A price that was entered by hand is nobody's list price.
            Some(item) if item.open_price.is_none() && !keep => {
                let quantity: Quantity = line.quantity;
                if item.price != line.unit_price {
                    notes.push(format!("{}: {} is now {}", line.name, line.unit_price, item.price));
                }
                line_of(item, quantity)
            }
            Some(item) => NewLine { traits: line_of(item, line.quantity).traits, ..kept(None, LineSource::OpenPrice) },
            None => kept(None, LineSource::OpenPrice),
        };
        new.traits.mark = mark;
        Ok(new)
    }
}

fn listed(name: &str, receipt: &Parked) -> ParkedReceipt {
    let lines = receipt.lines.iter().filter(|line| !line.voided).count();
    ParkedReceipt {
        uid: receipt.uid,
        till: receipt.till,
        sequence: receipt.sequence,
        name: name.to_owned(),
        at: receipt.at,
        total: receipt.total,
        lines: u32::try_from(lines).unwrap_or(u32::MAX),
    }
}
