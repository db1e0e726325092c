//! What the till shows, drawn from where it stands.

use domain::money::Money;
use domain::receipt::{AskedFor, Receipt, State};
use messages::v1::view::{CustomerAccount, Light, Locked, TerminalWork, TillMode, TillView};

use crate::till::Till;
use crate::wire;

impl Till {
    pub(crate) fn mode(&self) -> TillMode {
        let desk = &self.standing.desk;
        if self.receipt.as_ref().is_some_and(|receipt| receipt.asked().is_some()) {
            TillMode::WaitingForTerminal
        } else if self.owes() {
            TillMode::WaitingForFiscal
        } else if desk.operator.is_some() && desk.locked.is_some() {
            TillMode::Locked
        } else if desk.operator.is_none() {
            TillMode::SignedOff
        } else if desk.shift.is_none() {
            TillMode::ShiftClosed
        } else if self.receipt.as_ref().is_some_and(|receipt| *receipt.state() == State::Paying) {
            TillMode::Paying
        } else {
            TillMode::Selling
        }
    }

    pub(crate) fn view(&self) -> TillView {
        if let Some(training) = &self.training {
            // Versions go on growing, so that no screen takes it for an old view.
            return TillView { version: self.version, training: true, ..training.view() };
        }
        let desk = &self.standing.desk;
        let receipt = self.receipt.as_ref();
        let now = self.now();
        let nothing_known = Light { works: false, since: None, reason: None };
        TillView {
            version: self.version,
            store: self.settings.store.clone(),
            till: self.settings.till,
            operator: desk.operator.as_ref().map(|operator| operator.name.clone()),
            shift: desk.shift.as_ref().map(|shift| shift.number),
            shift_expired: desk.shift.as_ref().is_some_and(|shift| shift.is_expired(now)),
            sequence: receipt.map_or(desk.next_sequence, |receipt| receipt.opening().sequence),
            mode: self.mode(),
            kind: wire::kind(receipt.map_or(desk.kind, |receipt| receipt.opening().kind)),
            lines: receipt.map(|receipt| receipt.lines().iter().map(wire::line).collect()).unwrap_or_default(),
            last_line: receipt.and(self.last_line),
            total: receipt.map_or(Money::ZERO, Receipt::total),
            discount: receipt.map_or(Money::ZERO, Receipt::discount),
            tenders: receipt.map(wire::tenders).unwrap_or_default(),
            due: receipt.map_or(Money::ZERO, Receipt::due),
            change: self.last_change,
            fiscal: Light {
                works: self.trouble.is_none(),
                since: self.trouble.as_ref().map(|trouble| trouble.since),
                reason: self.trouble.as_ref().map(|trouble| trouble.reason.clone()),
            },
            // Whoever shows the view knows the line, and fills these in.
            server: nothing_known,
            unsent: 0,
            oldest_unsent: None,
            restored: self.restored.map(str::to_owned),
            catalogue_version: self.ports.catalogue.version(),
            asks: self.pending.as_ref().map(|pending| pending.ask.clone()),
            training: self.settings.training,
            customer: receipt.and_then(|receipt| receipt.customer().map(str::to_owned)),
            discounts: receipt.map(wire::discounts).unwrap_or_default(),
            due_in_cash: receipt.map_or(Money::ZERO, |receipt| receipt.due_in_cash(self.cash_rounding())),
            locked: desk.locked.map(|(since, break_)| Locked { operator: self.operator_name(), since, break_ }),
            terminal: receipt.and_then(Receipt::asked).map(|asked| TerminalWork {
                tender: wire::tender_kind(asked.kind),
                amount: asked.amount,
                since: self.terminal_since.unwrap_or(now),
                gives_back: !matches!(asked.for_what, AskedFor::Payment),
            }),
            parked: self.parked,
            account: receipt
                .filter(|receipt| receipt.customer().is_some())
                .map(|receipt| Box::new(self.account(receipt))),
            disk_percent: self.ports.disk.room().worrying(),
        }
    }

    fn account(&self, receipt: &Receipt) -> CustomerAccount {
        let awards = self.earns(receipt).into_iter().flat_map(|(_, awards)| awards);
        CustomerAccount {
            known: self.customer_known().cloned(),
            asking: self.is_asking_who(),
            points_max: self.points_max(),
            burned: receipt.burn().map_or(Money::ZERO, |burn| burn.taken.amount),
            earns: awards.filter(|award| award.to.is_none()).map(|award| award.amount).sum(),
        }
    }
}
