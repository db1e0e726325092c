//! Who is at the till: PINs and cards, locking, rights, and a supervisor's grant for one act.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use chrono::TimeDelta;
use domain::ids::OperatorNumber;
use domain::receipt::Event;
use domain::refusal::Refusal;
use domain::rights::{Asked, GRANT_LASTS, Grant, Permissions, Right};
use messages::v1::catalogue::Operator;
use messages::v1::document::{AuditKind, AuditNoted, Document};
use messages::v1::settings::Roles;
use messages::v1::till::{Ask, TillError, TillReply};
use sha2::{Digest, Sha256};

use crate::desk::{Record, SignedOn};
use crate::settings::UnknownOperators;
use crate::store::Changes;
use crate::till::{Till, not_read, refused};

/// Wrong PINs in a row after which the next try must wait.
const PINS_FREE: u32 = 3;
/// Wrong PINs in a row after which only a supervisor helps: a PIN of four digits is not found by trying.
const PINS_MAX: u32 = 10;
/// The first wait; each further wrong PIN doubles it.
const PIN_WAIT_S: i64 = 5;
/// A cashier who forgot is not kept for longer by the clock.
const PIN_WAIT_MAX_S: i64 = 300;

impl Till {
    pub(crate) async fn sign_on(&mut self, number: OperatorNumber, pin: String) -> Result<TillReply, TillError> {
        let operator = self.identify(number, pin).await?;
        let desk = &self.standing.desk;
        let other = desk.operator.as_ref().is_some_and(|before| before.number != operator.number);
        if other && self.receipt.is_some() {
            // Somebody else's open receipt: a supervisor takes it over.
            let permissions = self.permissions(&operator.number).await?;
            if !permissions.allow(Asked::Right(Right::Approve)) {
                let name = desk.operator.as_ref().map(|before| before.name.clone()).unwrap_or_default();
                return Err(refused(Refusal::Locked(name)));
            }
        }
        let mut documents = Vec::new();
        if self.standing.desk.locked.is_some() {
            documents.extend(self.audit(AuditKind::Unlocked, operator.number.0.clone(), String::new()));
        }
        let records = vec![Record::SignedOn(operator)];
        self.commit(Changes { records, documents, ..Changes::default() }).await?;
        Ok(TillReply::default())
    }

    pub(crate) async fn sign_off(&mut self) -> Result<TillReply, TillError> {
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        self.signed_on()?;
        self.commit(Changes::of(vec![Record::SignedOff])).await?;
        Ok(TillReply::default())
    }

    pub(crate) async fn lock(&mut self, break_: bool) -> Result<TillReply, TillError> {
        self.signed_on()?;
        let word = if break_ { "break" } else { "locked" };
        let documents = self.audit(AuditKind::Locked, word.to_owned(), String::new()).into_iter().collect();
        let records = vec![Record::Locked { at: self.now(), break_ }];
        self.commit(Changes { records, documents, ..Changes::default() }).await?;
        Ok(TillReply::default())
    }

    /// The person with this number and PIN, or with this card. A wrong PIN is journalled, and slows down the next.
    pub(crate) async fn identify(&mut self, number: OperatorNumber, pin: String) -> Result<SignedOn, TillError> {
        let known = self.ports.catalogue.operator(&number).await.map_err(not_read)?;
        let Some(operator) = known else {
            let by_card = self.ports.catalogue.operator_by_card(&card_hash(&number.0)).await.map_err(not_read)?;
            return match by_card {
                Some(Operator { number, name, .. }) => Ok(SignedOn { number, name }),
                None => self.reject_unknown(number).await,
            };
        };
        self.may_try(&number).await?;
        if is_pin(pin, operator.pin_hash).await {
            return Ok(SignedOn { number, name: operator.name });
        }
        let at = self.now();
        let mut records = vec![Record::PinWrong { operator: number.clone(), at }];
        let mut documents = Vec::new();
        let before = self.standing.desk.wrong_pins.get(&number).map_or(0, |wrong| wrong.count);
        if before + 1 == PINS_MAX {
            documents.extend(self.audit(AuditKind::PinBlocked, number.0.clone(), String::new()));
        }
        records.push(Record::InputRejected {
            data: format!("sign on {number}"),
            code: Refusal::WrongPin.code().to_owned(),
        });
        self.commit(Changes { records, documents, ..Changes::default() }).await?;
        Err(refused(Refusal::WrongPin))
    }

    async fn reject_unknown(&mut self, number: OperatorNumber) -> Result<SignedOn, TillError> {
        let refusal = match self.let_in(number.clone()) {
            Ok(operator) => return Ok(operator),
            Err(refusal) => refusal,
        };
        let code = refusal.code().to_owned();
        self.commit(Changes::of(vec![Record::InputRejected { data: format!("sign on {number}"), code }])).await?;
        Err(refused(refusal))
    }

    /// After some wrong PINs a try must wait, after many a supervisor must help.
    async fn may_try(&mut self, number: &OperatorNumber) -> Result<(), TillError> {
        let Some(wrong) = self.standing.desk.wrong_pins.get(number).copied() else { return Ok(()) };
        if wrong.count >= PINS_MAX {
            let asked = Asked::Right(Right::Approve);
            let Some(grant) = self.grant_for(asked) else {
                self.wanted = Some(asked);
                return Err(TillError::Asks(Ask::Approval { right: Right::Approve.name().to_owned() }));
            };
            let forgiven = Changes::of(vec![Record::PinForgiven { operator: number.clone() }]);
            return self.commit(self.use_grant(grant).and(forgiven)).await;
        }
        let Some(over) = wrong.count.checked_sub(PINS_FREE) else { return Ok(()) };
        let wait = (PIN_WAIT_S << over.min(10)).min(PIN_WAIT_MAX_S);
        let left = TimeDelta::seconds(wait) - (self.now() - wrong.last);
        if left > TimeDelta::zero() {
            return Err(refused(Refusal::PinWait { seconds: left.num_seconds() + 1 }));
        }
        Ok(())
    }

    /// The person with this number, whose PIN nobody asks: a line of a replay.
    pub(crate) async fn name_of(&self, number: OperatorNumber) -> Result<SignedOn, TillError> {
        match self.ports.catalogue.operator(&number).await.map_err(not_read)? {
            Some(operator) => Ok(SignedOn { number, name: operator.name }),
            None => self.let_in(number).map_err(refused),
        }
    }

    fn let_in(&self, number: OperatorNumber) -> Result<SignedOn, Refusal> {
        match self.settings.unknown_operators {
            UnknownOperators::Allow => Ok(SignedOn { name: number.to_string(), number }),
            UnknownOperators::Refuse => Err(Refusal::UnknownOperator(number)),
        }
    }

    pub(crate) async fn permissions(&self, number: &OperatorNumber) -> Result<Permissions, TillError> {
        match self.ports.catalogue.operator(number).await.map_err(not_read)? {
            Some(operator) => Ok(self.section::<Roles>().permissions(operator.role)),
            None if self.settings.unknown_operators == UnknownOperators::Allow => Ok(Permissions::all()),
            None => Ok(Permissions { rights: Default::default(), ..Permissions::cashier() }),
        }
    }

    /// May the operator do it? By right, or by a supervisor's grant, which is used up by what is answered: records and
    /// documents that go with the act. Otherwise a supervisor is asked for.
    pub(crate) async fn permit(&mut self, asked: Asked) -> Result<Changes, TillError> {
        let number = self.signed_on()?.number.clone();
        if self.permissions(&number).await?.allow(asked) {
            return Ok(Changes::default());
        }
        match self.grant_for(asked) {
            Some(grant) => Ok(self.use_grant(grant)),
            None => {
                self.wanted = Some(asked);
                Err(TillError::Asks(Ask::Approval { right: asked.right().name().to_owned() }))
            }
        }
    }

    fn use_grant(&self, grant: Grant) -> Changes {
        let mut records = vec![Record::GrantUsed(grant.clone())];
        if self.receipt.as_ref().is_some_and(|receipt| receipt.sign().is_none()) {
            records.push(Record::Receipt(approved(&grant)));
        }
        let amount = match grant.asked {
            Asked::Voids { sum } | Asked::ReturnsWithoutReceipt { sum } => Some(sum),
            Asked::Given { put_back, gift_load, .. } => Some(put_back + gift_load),
            Asked::Right(_) | Asked::Discount { .. } => None,
        };
        let note = self.audit(AuditKind::Approved, grant.asked.right().name().to_owned(), grant.reason.clone());
        let documents = note
            .map(|document| match document {
                Document::AuditNoted(mut noted) => {
                    (noted.operator, noted.approver, noted.amount) =
                        (grant.requester.clone(), Some(grant.approver.clone()), amount);
                    Document::AuditNoted(noted)
                }
                other => other,
            })
            .into_iter()
            .collect();
        Changes { records, documents, ..Changes::default() }
    }

    fn grant_for(&self, asked: Asked) -> Option<Grant> {
        let now = self.now();
        self.standing.desk.grants.iter().find(|grant| grant.covers(asked, now)).cloned()
    }

    /// A supervisor's word for what waits, then the act itself.
    pub(crate) async fn approve(
        &mut self,
        number: OperatorNumber,
        pin: String,
        reason: String,
    ) -> Result<TillReply, TillError> {
        let Some(pending) = self.pending.clone() else { return Err(refused(Refusal::NothingAsked)) };
        let (Ask::Approval { .. }, Some(asked)) = (&pending.ask, pending.wanted) else {
            return Err(refused(Refusal::NothingAsked));
        };
        let approver = self.identify(number, pin).await?;
        let requester = self.standing.desk.operator.clone().unwrap_or_else(|| approver.clone());
        if requester.number == approver.number && self.standing.desk.operator.is_some() {
            return Err(refused(Refusal::OwnApproval));
        }
        let permissions = self.permissions(&approver.number).await?;
        if !permissions.allow(Asked::Right(Right::Approve)) {
            return Err(refused(Refusal::MissingRight(Right::Approve)));
        }
        if !permissions.allow(asked) {
            return Err(refused(Refusal::MissingRight(asked.right())));
        }
        let grant = Grant {
            asked,
            requester: requester.number,
            requester_name: requester.name,
            approver: approver.number,
            approver_name: approver.name,
            reason,
            expires_at: self.now() + GRANT_LASTS,
        };
        self.commit(Changes::of(vec![Record::Granted(grant)])).await?;
        self.go_on(pending).await
    }

    /// A note for the loss-prevention reports. None while no shift is open: then there is nothing to lose.
    pub(crate) fn audit(&self, kind: AuditKind, subject: String, reason: String) -> Option<Document> {
        let desk = &self.standing.desk;
        let shift = desk.shift.as_ref()?;
        let operator =
            desk.operator.as_ref().map_or_else(|| shift.operator.clone(), |operator| operator.number.clone());
        Some(Document::AuditNoted(Box::new(AuditNoted {
            store: self.settings.store.clone(),
            till: self.settings.till,
            shift: shift.number,
            at: self.now(),
            kind,
            operator,
            subject,
            reason,
            approver: None,
            amount: None,
            receipt: self.receipt.as_ref().map(|receipt| receipt.opening().uid),
        })))
    }
}

/// What a receipt keeps of a grant.
pub(crate) fn approved(grant: &Grant) -> Event {
    Event::Approved {
        right: grant.asked.right(),
        requester: grant.requester.clone(),
        approver: grant.approver.clone(),
        reason: grant.reason.clone(),
    }
}

/// What is kept of the text on a person's card.
fn card_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Verifying takes tens of milliseconds on purpose, so it runs beside the actors.
async fn is_pin(pin: String, hash: String) -> bool {
    let verified = tokio::task::spawn_blocking(move || match PasswordHash::new(&hash) {
        Ok(hash) => Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a stored PIN hash cannot be read");
            false
        }
    });
    verified.await.unwrap_or(false)
}
