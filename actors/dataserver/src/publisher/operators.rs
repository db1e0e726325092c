//! People at the tills: their PINs and cards become hashes here, and no two of them have one card.

use std::collections::{BTreeMap, HashMap};

use domain::ids::OperatorNumber;
use messages::codec::{from_body, to_body};
use messages::v1::catalogue::{OPERATORS, Operator};
use runtime::actor::{Handle, Scope};

use super::{CataloguePublisher, Change, limit, not_stored};
use crate::requests::{NewOperator, OPERATORS_MAX, PublishError, Published, PutOperators, ROWS_MAX, RemoveOperators};
use crate::{pin, rows, rules};

impl Handle<PutOperators> for CataloguePublisher {
    async fn handle(&mut self, message: PutOperators, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.operators.len(), OPERATORS_MAX)?;
        message.operators.iter().try_for_each(rules::refuse_operator)?;
        let numbers = message.operators.iter().map(|operator| operator.number.0.as_str());
        let olds = rows::live(&self.ports.database.reader, OPERATORS, numbers).await.map_err(not_stored)?;
        let sets_card = message.operators.iter().any(|new| new.card.as_ref().is_some_and(|card| !card.is_empty()));
        let work = message.operators.into_iter().map(|new| {
            let old = olds.get(&new.number.0).and_then(|body| from_body(body).ok());
            (new, old)
        });
        let work: Vec<(NewOperator, Option<Operator>)> = work.collect();
        let hashed = tokio::task::spawn_blocking(|| work.into_iter().map(|(new, old)| hashed(new, old)).collect());
        let operators: Result<Vec<Operator>, PublishError> = hashed.await.map_err(not_stored)?;
        let operators = operators?;
        if sets_card {
            self.refuse_shared_cards(&operators).await?;
        }
        let rows = operators.iter().map(|operator| (operator.number.0.clone(), to_body(operator))).collect();
        self.publish(OPERATORS, Change::Put(rows)).await
    }
}

impl Handle<RemoveOperators> for CataloguePublisher {
    async fn handle(&mut self, message: RemoveOperators, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.numbers.len(), ROWS_MAX)?;
        self.publish(OPERATORS, Change::Remove(message.numbers.into_iter().map(|number| number.0).collect())).await
    }
}

impl CataloguePublisher {
    /// Refuse `news` if, with them in place, two operators have one card.
    async fn refuse_shared_cards(&self, news: &[Operator]) -> Result<(), PublishError> {
        let mut all: BTreeMap<OperatorNumber, Operator> = BTreeMap::new();
        for body in rows::all(&self.ports.database.reader, OPERATORS).await.map_err(not_stored)? {
            let operator: Operator = from_body(&body).map_err(not_stored)?;
            all.insert(operator.number.clone(), operator);
        }
        all.extend(news.iter().map(|new| (new.number.clone(), new.clone())));
        let mut holders: HashMap<&str, &OperatorNumber> = HashMap::new();
        for (number, operator) in &all {
            let Some(card) = &operator.card_hash else { continue };
            if let Some(holder) = holders.insert(card, number) {
                let is_new = |number: &OperatorNumber| news.iter().any(|new| new.number == *number);
                let (refused, holder) = if is_new(number) { (number, holder) } else { (holder, number) };
                let sentence = format!("operator \"{refused}\", card: operator \"{holder}\" has this card already");
                return Err(PublishError::Refused(sentence));
            }
        }
        Ok(())
    }
}

/// The operator with a hash in place of the PIN. The old hash stays while it fits the PIN, so that nothing changes.
fn hashed(new: NewOperator, old: Option<Operator>) -> Result<Operator, PublishError> {
    let (old_hash, old_card) = old.map(|old| (old.pin_hash, old.card_hash)).unzip();
    let pin_hash = match (new.pin, old_hash) {
        (Some(pin), Some(old_hash)) if pin::verify(&pin, &old_hash) => old_hash,
        (Some(pin), _) => pin::hash(&pin).map_err(|error| PublishError::Refused(error.to_string()))?,
        (None, Some(old_hash)) => old_hash,
        (None, None) => {
            return Err(PublishError::Refused(format!("operator \"{}\" is new and needs a PIN", new.number)));
        }
    };
    let card_hash = match new.card.as_deref() {
        None => old_card.flatten(),
        Some("") => None,
        Some(card) => Some(pin::card_hash(card)),
    };
    Ok(Operator { number: new.number, name: new.name, pin_hash, role: new.role, card_hash })
}
