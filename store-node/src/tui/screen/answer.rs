//! What the till's answers do to the screen.

use messages::v1::till::{Ask, TillCommand, TillError, TillReply};
use messages::v1::view::{TillMode, TillView};
use runtime::reference::SendError;

use super::{Action, Back, Choices, Failure, FieldKind, Form, FormKind, List, Notice, Page, Refusal, Report, Screen};

impl Screen {
    /// The answer to the command that was on its way, with the view that holds after it.
    pub fn answered(
        &mut self,
        view: &TillView,
        command: &TillCommand,
        answer: Result<TillReply, Failure>,
    ) -> Option<Action> {
        self.sent = false;
        let answers =
            matches!(command, TillCommand::Answer(_) | TillCommand::Approve { .. } | TillCommand::Weigh { .. });
        // The answer to a question lets the command go on that was asked about.
        let command = match &self.asked_for {
            Some(before) if answers => before.clone(),
            _ => command.clone(),
        };
        self.said = None;
        let action = match answer {
            Ok(reply) => {
                self.asked_for = None;
                if std::mem::take(&mut self.by_hand) {
                    self.refusals.clear();
                }
                self.done(view, &command, reply);
                None
            }
            Err(Failure::Till(TillError::Asks(ask))) => {
                // The same question once more: what was answered before is not the answer.
                if let Some(form) = self.asking.as_mut().and_then(|asking| asking.form.as_mut()) {
                    form.again();
                }
                self.asked_for = Some(command);
                self.said = Some((ask, view.version));
                self.by_hand = false;
                Some(Action::Bell)
            }
            Err(failure) => self.failed(view, &command, failure),
        };
        self.follow(view);
        action
    }

    fn done(&mut self, view: &TillView, command: &TillCommand, reply: TillReply) {
        self.waiting_reason = None;
        match command {
            TillCommand::SignOn { .. } | TillCommand::OpenShift { .. } | TillCommand::SignOff => {
                self.sign_on = Form::new(self.sign_on.kind);
                self.page = Page::Base;
                if matches!(command, TillCommand::SignOff) {
                    self.notice = Some(Notice::SignedOff);
                }
            }
            TillCommand::Pay { .. } | TillCommand::Burn { .. } | TillCommand::GiveBack if reply.receipt.is_none() => {
                self.page = Page::Payment;
                let given_back = matches!(command, TillCommand::GiveBack).then_some(Notice::GivenBack);
                let taken = reply.taken.map(|taken| Notice::Taken { amount: taken.amount, online: taken.online });
                self.notice = taken.or(given_back);
            }
            TillCommand::Pay { .. }
            | TillCommand::ChangeToPoints { .. }
            | TillCommand::Burn { .. }
            | TillCommand::GiveBack
            | TillCommand::Resume
            | TillCommand::Return { .. }
            | TillCommand::TakeOut { .. }
            | TillCommand::SettleConflict { .. } => {
                self.closed = reply.receipt;
                self.page = Page::Base;
            }
            TillCommand::Cancel => {
                self.page = Page::Base;
                self.notice = reply.receipt.map(|receipt| Notice::Cancelled(receipt.sequence));
            }
            TillCommand::Park { .. } => {
                self.page = Page::Base;
                self.notice = reply.receipt.map(|receipt| Notice::Parked(receipt.sequence));
            }
            TillCommand::MoveCash { kind, amount, .. } if kind.goes_out() => {
                self.finish_form(Notice::CashOut(*amount));
            }
            TillCommand::MoveCash { amount, .. } => self.finish_form(Notice::CashIn(*amount)),
            TillCommand::OpenDrawer { .. } => self.finish_form(Notice::DrawerOpened),
            TillCommand::Customer { .. } => self.finish_form(Notice::Customer),
            TillCommand::Train { on } => {
                self.sign_on = Form::new(FormKind::SignOn);
                self.finish_form(Notice::Training(*on));
            }
            TillCommand::Reprint { .. } => {
                self.page = Page::Base;
                self.notice = reply.receipt.map(|receipt| Notice::Reprinted(receipt.sequence));
            }
            TillCommand::ReportX => {
                if let Some(totals) = reply.totals {
                    self.report(Report::X(totals));
                }
            }
            TillCommand::Count { counted } => self.report(Report::Count {
                counted: counted.amount,
                over_short: reply.over_short,
                totals: reply.totals,
            }),
            TillCommand::CloseShift { .. } => {
                self.report(Report::Z { totals: reply.totals, over_short: reply.over_short });
            }
            TillCommand::CheckPrice { .. } => {
                if let Some(item) = reply.item {
                    self.report(Report::Item(item));
                }
            }
            TillCommand::FindSale { .. } => {
                if let Some(found) = reply.found {
                    self.page = Page::Back(Box::new(Back::of(*found)));
                    if matches!(&self.page, Page::Back(back) if back.lines.is_empty()) {
                        self.page = Page::Base;
                        self.refuse("nothing_left", None);
                    }
                }
            }
            TillCommand::ListParked => match reply.parked {
                Some(parked) if !parked.is_empty() => self.page = Page::List(List::of(Choices::Parked(parked))),
                _ => {
                    self.refuse("nothing_parked", None);
                }
            },
            TillCommand::ListReceipts => match reply.receipts {
                Some(receipts) if !receipts.is_empty() => {
                    let choices = Choices::Receipts { receipts, to_read: self.to_read };
                    self.page = Page::List(List::of(choices));
                }
                _ => {
                    self.refuse("nothing_to_print", None);
                }
            },
            TillCommand::Recall { .. } => {
                self.page = Page::Base;
                if !reply.notes.is_empty() {
                    self.report(Report::Notes(reply.notes));
                }
            }
            TillCommand::VoidLine { .. } => self.selected = None,
            TillCommand::Discount { .. }
            | TillCommand::ChangePrice { .. }
            | TillCommand::ToggleReturn
            | TillCommand::ReturnByFiscalCode { .. }
            | TillCommand::Lock { .. } => self.page = Page::Base,
            TillCommand::Scan { .. }
            | TillCommand::Weigh { .. }
            | TillCommand::RepeatLast
            | TillCommand::Sell { .. }
            | TillCommand::ChangeQuantity { .. }
            | TillCommand::Whole(_)
            | TillCommand::Answer(_)
            | TillCommand::Approve { .. }
            | TillCommand::Decline => {}
        }
        if view.lines.is_empty() {
            self.selected = None;
        }
    }

    fn report(&mut self, report: Report) {
        self.page = Page::Report { report, from: 0 };
    }

    fn finish_form(&mut self, notice: Notice) {
        self.page = Page::Base;
        self.notice = Some(notice);
    }

    fn failed(&mut self, view: &TillView, command: &TillCommand, failure: Failure) -> Option<Action> {
        self.by_hand = false;
        self.type_again(command);
        if matches!(command, TillCommand::SettleConflict { .. }) {
            // What the supervisor said may have ended the wait, also with a no.
            self.page = Page::Base;
        }
        let subject = match command {
            TillCommand::Scan { data, .. } | TillCommand::Weigh { data, .. } | TillCommand::CheckPrice { data } => {
                Some(data.clone())
            }
            _ => None,
        };
        let text = failure.to_string();
        let code = match failure {
            Failure::Till(TillError::Refused { code, .. }) => code,
            Failure::Till(TillError::NotStored { .. }) => "not_stored".to_owned(),
            Failure::Till(TillError::Waiting { reason } | TillError::WaitingForTerminal { reason }) => {
                self.waiting_reason = Some(reason);
                if matches!(view.mode, TillMode::WaitingForFiscal | TillMode::WaitingForTerminal) {
                    // The box says it.
                    self.page = Page::Base;
                    return Some(Action::Bell);
                }
                "waiting_for_fiscal".to_owned()
            }
            Failure::Till(TillError::Asks(ask)) => ask.code().to_owned(),
            Failure::Send(SendError::Restarting | SendError::Stopped) => "till_restarting".to_owned(),
            Failure::Send(SendError::Full) => "till_busy".to_owned(),
            Failure::Send(SendError::Deadline | SendError::Interrupted) => "outcome_unknown".to_owned(),
        };
        if let TillCommand::FindSale { text } = command
            && matches!(code.as_str(), "sale_unreachable" | "store_unreachable")
        {
            // The paper in the customer's hand says enough; what it said already is not typed again.
            let known = if text.contains("fn=") { text.as_str() } else { "" };
            self.page = Page::Form(Form::filled(FormKind::ReturnByFiscalCode, known));
        }
        self.show(Refusal { code, text, subject });
        Some(Action::Bell)
    }

    /// What was refused is typed again, and no more than that.
    fn type_again(&mut self, command: &TillCommand) {
        if matches!(command, TillCommand::SignOn { .. } | TillCommand::OpenShift { .. }) {
            self.sign_on.again_from(FieldKind::Pin);
        }
        if let Some(asking) = &mut self.asking
            && let Some(form) = &mut asking.form
        {
            match asking.ask {
                Ask::Approval { .. } => form.again_from(FieldKind::Pin),
                _ => form.again(),
            }
        }
    }
}
