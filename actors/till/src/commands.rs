//! What is done with a command: may it begin, which part of the till does it, and what if the till must ask back.

use domain::receipt::Receipt;
use domain::refusal::Refusal;
use messages::v1::document::{AuditKind, Document};
use messages::v1::till::{Answer, Ask, TillCommand, TillError, TillReply};

use crate::desk::Record;
use crate::store::Changes;
use crate::till::{Answers, Pending, Till, refused};

impl Till {
    pub(crate) async fn execute(&mut self, command: TillCommand) -> Result<TillReply, TillError> {
        if self.training.is_some() {
            return self.in_training(command).await;
        }
        self.stand_on_what_is_known().await?;
        self.may_begin(&command)?;
        self.settle_account_asked().await?;
        if !matches!(command, TillCommand::Resume) {
            self.restored = None;
            self.finished = None;
        }
        match command {
            TillCommand::Answer(answer) => self.answered(answer).await,
            TillCommand::Approve { operator, pin, reason } => self.approve(operator, pin, reason).await,
            TillCommand::Decline => {
                self.decline().await?;
                Ok(TillReply::default())
            }
            TillCommand::Scan { data, .. } if self.awaits_mark() => self.answered(Answer::Mark(data)).await,
            TillCommand::Scan { data, .. } if self.awaits_gift() => self.answered(Answer::Gift(data)).await,
            command => {
                self.decline().await?;
                self.run(command, Answers::default()).await
            }
        }
    }

    /// While the device or a terminal owes an answer, only finishing and giving up are allowed.
    fn may_begin(&self, command: &TillCommand) -> Result<(), TillError> {
        let answers = matches!(command, TillCommand::Approve { .. } | TillCommand::Decline) && self.pending.is_some();
        let unlocks = answers || matches!(command, TillCommand::SignOn { .. } | TillCommand::Resume);
        if self.standing.desk.locked.is_some() && !unlocks {
            return Err(refused(Refusal::Locked(self.operator_name())));
        }
        let asked = self.receipt.as_ref().is_some_and(|receipt| receipt.asked().is_some());
        let unfinished = self.receipt.as_ref().is_some_and(Receipt::is_unfinished) && !asked;
        let finishes = match command {
            TillCommand::Resume
            | TillCommand::SettleConflict { .. }
            | TillCommand::Approve { .. }
            | TillCommand::Decline => true,
            TillCommand::Cancel | TillCommand::TakeOut { .. } => unfinished,
            _ => false,
        };
        if finishes || !self.owes() {
            return Ok(());
        }
        Err(refused(match &self.trouble {
            Some(trouble) if trouble.conflict => Refusal::FiscalConflict(trouble.reason.clone()),
            _ if asked => Refusal::TerminalAsked,
            _ => Refusal::WaitingForFiscal,
        }))
    }

    /// Run a command; if something must be asked first, it waits.
    async fn run(&mut self, command: TillCommand, answers: Answers) -> Result<TillReply, TillError> {
        self.answers = answers.clone();
        self.wanted = None;
        let done = self.perform(command.clone()).await;
        if let Err(TillError::Asks(ask)) = &done {
            self.pending = Some(Pending { command, answers, ask: ask.clone(), wanted: self.wanted.take() });
        }
        done
    }

    pub(crate) async fn go_on(&mut self, pending: Pending) -> Result<TillReply, TillError> {
        self.pending = None;
        Box::pin(self.run(pending.command, pending.answers)).await
    }

    fn awaits_mark(&self) -> bool {
        matches!(&self.pending, Some(Pending { ask: Ask::Mark { .. }, .. }))
    }

    fn awaits_gift(&self) -> bool {
        matches!(&self.pending, Some(Pending { ask: Ask::Gift { .. }, .. }))
    }

    async fn answered(&mut self, answer: Answer) -> Result<TillReply, TillError> {
        let Some(mut pending) = self.pending.take() else { return Err(refused(Refusal::NothingAsked)) };
        match (&pending.ask, answer) {
            (Ask::Age { name, .. }, Answer::OldEnough(false)) => {
                let name = name.clone();
                self.note_declined("age", &name).await?;
                return Err(refused(Refusal::TooYoung(name)));
            }
            (Ask::Age { .. }, Answer::OldEnough(true)) => pending.answers.old_enough = Some(true),
            (Ask::Mark { .. }, Answer::Mark(code)) => pending.answers.mark = Some(code),
            (Ask::Price { .. }, Answer::Price(price)) => pending.answers.price = Some(price),
            (Ask::Quantity { .. }, Answer::Quantity(quantity)) => pending.answers.quantity = Some(quantity),
            (Ask::Gift { .. }, Answer::Gift(number)) => pending.answers.gift = Some(number),
            (Ask::Pin { .. }, Answer::Pin(pin)) => {
                // Nothing typed is no try.
                pending.answers.pin = Some(pin).filter(|pin| !pin.is_empty());
            }
            _ => {
                self.pending = Some(pending);
                return Err(refused(Refusal::NothingAsked));
            }
        }
        let before = pending.clone();
        let done = self.go_on(pending).await;
        if let Err(TillError::Refused { code, .. }) = &done
            && !matches!(before.ask, Ask::Age { .. } | Ask::Approval { .. })
            && matches!(
                code.as_str(),
                "not_the_mark" | "price_out_of_range" | "quantity_not_positive" | "not_a_gift_card" | "wrong_pin"
            )
        {
            // A slip of the hand: the same is asked again.
            self.pending = Some(Pending {
                answers: Answers { old_enough: before.answers.old_enough, ..Answers::default() },
                ..before
            });
        }
        done
    }

    /// What waited is dropped. A buyer whose age nobody confirmed is remembered.
    async fn decline(&mut self) -> Result<(), TillError> {
        match self.pending.take() {
            Some(Pending { ask: Ask::Age { name, .. }, .. }) => self.note_declined("age", &name).await,
            _ => Ok(()),
        }
    }

    async fn note_declined(&mut self, what: &str, name: &str) -> Result<(), TillError> {
        let records = vec![Record::InputRejected { data: name.to_owned(), code: format!("declined_{what}") }];
        let documents: Vec<Document> =
            self.audit(AuditKind::Declined, what.to_owned(), name.to_owned()).into_iter().collect();
        self.commit(Changes { records, documents, ..Changes::default() }).await
    }

    async fn perform(&mut self, command: TillCommand) -> Result<TillReply, TillError> {
        match command {
            TillCommand::SignOn { operator, pin } => self.sign_on(operator, pin).await,
            TillCommand::SignOff => self.sign_off().await,
            TillCommand::Lock { break_ } => self.lock(break_).await,
            TillCommand::OpenShift { operator, pin, float } => self.open_shift(operator, pin, float).await,
            TillCommand::Scan { data, quantity } => self.scan(data, quantity).await,
            TillCommand::Weigh { data, tare } => self.weigh(data, tare).await,
            TillCommand::RepeatLast => self.repeat_last().await,
            TillCommand::CheckPrice { data } => self.check_price(data).await,
            TillCommand::Sell { item, quantity, price, vat } => self.sell(item, quantity, price, vat).await,
            TillCommand::ChangeQuantity { line, quantity } => self.change_quantity(line, quantity).await,
            TillCommand::VoidLine { line, quantity } => self.void_line(line, quantity).await,
            TillCommand::Discount { line, by, reason } => self.discount(line, by, reason).await,
            TillCommand::ChangePrice { line, price, reason } => self.change_price(line, price, reason).await,
            TillCommand::Customer { number } => self.customer(number).await,
            TillCommand::Burn { points } => self.burn(points).await,
            TillCommand::ChangeToPoints { cash } => self.change_to_points(cash).await,
            TillCommand::GiveBack => self.give_back().await,
            TillCommand::Park { name } => self.park(name).await,
            TillCommand::ListParked => self.list_parked().await,
            TillCommand::Recall { parked } => self.recall(parked).await,
            TillCommand::Pay { tender, amount, number } => self.pay(tender, amount, number).await,
            TillCommand::Whole(receipt) => {
                let reply = self.whole(receipt).await?;
                self.hand_over(&reply).await;
                Ok(reply)
            }
            TillCommand::FindSale { text } => self.find_sale(text).await,
            TillCommand::Return { of: Some(of), lines, tender } => self.take_back(of, lines, tender).await,
            TillCommand::Return { of: None, tender, .. } => self.pay_return(tender).await,
            TillCommand::ToggleReturn => self.toggle_return().await,
            TillCommand::ReturnByFiscalCode { code } => self.return_by_fiscal_code(code).await,
            TillCommand::Cancel => self.cancel().await,
            TillCommand::MoveCash { kind, amount, reason } => self.move_cash(kind, amount, reason).await,
            TillCommand::ReportX => self.report_x().await,
            TillCommand::Count { counted } => self.count(counted).await,
            TillCommand::CloseShift { counted } => self.close_shift(counted).await,
            TillCommand::OpenDrawer { reason } => self.open_drawer(reason).await,
            TillCommand::Resume => self.resume().await,
            TillCommand::TakeOut { line } => self.take_out(line).await,
            TillCommand::SettleConflict { made, reason } => self.settle_conflict(made, reason).await,
            TillCommand::ListReceipts => self.list_receipts().await,
            TillCommand::Reprint { sequence } => self.reprint(sequence).await,
            TillCommand::Train { on: true } => self.begin_training().await,
            TillCommand::Train { on: false }
            | TillCommand::Answer(_)
            | TillCommand::Approve { .. }
            | TillCommand::Decline => Err(refused(Refusal::NothingAsked)),
        }
    }
}
