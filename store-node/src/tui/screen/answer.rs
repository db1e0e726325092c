//! What the till's answers do to the screen.

use messages::v1::till::{TillCommand, TillError, TillReply};
use messages::v1::view::{TillMode, TillView};
use runtime::reference::SendError;

use super::{Action, Failure, FieldKind, Form, Notice, Page, Refusal, Report, Screen};

impl Screen {
    /// The answer to the command that was on its way, with the view that holds after it.
    pub fn answered(
        &mut self,
        view: &TillView,
        command: &TillCommand,
        answer: Result<TillReply, Failure>,
    ) -> Option<Action> {
        match answer {
            Ok(reply) => {
                if std::mem::take(&mut self.by_hand) {
                    self.refusals.clear();
                }
                self.done(view, command, reply);
                None
            }
            Err(failure) => self.failed(view, command, failure),
        }
    }

    fn done(&mut self, view: &TillView, command: &TillCommand, reply: TillReply) {
        self.waiting_reason = None;
        match command {
            TillCommand::SignOn { .. } | TillCommand::OpenShift { .. } => {
                self.sign_on = Form::new(self.sign_on.kind);
                self.page = Page::Base;
            }
            TillCommand::SignOff => {
                self.page = Page::Base;
                self.notice = Some(Notice::SignedOff);
            }
            TillCommand::Pay { .. } | TillCommand::Resume => {
                self.closed = reply.receipt;
                if self.closed.is_some() {
                    self.page = Page::Base;
                }
            }
            TillCommand::Cancel => {
                self.page = Page::Base;
                self.notice = reply.receipt.map(|receipt| Notice::Cancelled(receipt.sequence));
            }
            TillCommand::CashIn { amount, .. } => self.finish_form(Notice::CashIn(*amount)),
            TillCommand::CashOut { amount, .. } => self.finish_form(Notice::CashOut(*amount)),
            TillCommand::OpenDrawer { .. } => self.finish_form(Notice::DrawerOpened),
            TillCommand::ReportX => {
                if let Some(totals) = reply.totals {
                    self.page = Page::Report(Report::X(totals));
                }
            }
            TillCommand::Count { counted } => {
                self.page = Page::Report(Report::Count {
                    counted: *counted,
                    over_short: reply.over_short,
                    totals: reply.totals,
                });
            }
            TillCommand::CloseShift { .. } => {
                self.page = Page::Report(Report::Z { totals: reply.totals, over_short: reply.over_short });
            }
            TillCommand::VoidLine { .. } => self.selected = None,
            TillCommand::Scan { .. }
            | TillCommand::Sell { .. }
            | TillCommand::ChangeQuantity { .. }
            | TillCommand::Whole(_)
            | TillCommand::Return { .. }
            | TillCommand::ToggleReturn => {}
        }
        if view.lines.is_empty() {
            self.selected = None;
        }
    }

    fn finish_form(&mut self, notice: Notice) {
        self.page = Page::Base;
        self.notice = Some(notice);
    }

    fn failed(&mut self, view: &TillView, command: &TillCommand, failure: Failure) -> Option<Action> {
        self.by_hand = false;
        if matches!(command, TillCommand::SignOn { .. } | TillCommand::OpenShift { .. }) {
            self.sign_on.again_from(FieldKind::Pin);
        }
        let subject = match command {
            TillCommand::Scan { data, .. } => Some(data.clone()),
            _ => None,
        };
        let text = failure.to_string();
        let code = match failure {
            Failure::Till(TillError::Refused { code, .. }) => code,
            Failure::Till(TillError::NotStored { .. }) => "not_stored".to_owned(),
            Failure::Till(TillError::Waiting { reason }) => {
                self.waiting_reason = Some(reason);
                if view.mode == TillMode::WaitingForFiscal {
                    return Some(Action::Bell);
                }
                "waiting_for_fiscal".to_owned()
            }
            Failure::Send(SendError::Restarting | SendError::Stopped) => "till_restarting".to_owned(),
            Failure::Send(SendError::Full) => "till_busy".to_owned(),
            Failure::Send(SendError::Deadline | SendError::Interrupted) => "outcome_unknown".to_owned(),
        };
        self.show(Refusal { code, text, subject });
        Some(Action::Bell)
    }
}
