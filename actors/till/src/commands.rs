//! Commands, in the order of a business day: each becomes an input of the rules, a commit, and an answer.

use domain::ids::{OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Event, Input, Kind, LineSource, NewLine, Opening, Receipt, State, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::vat::VatRate;
use messages::v1::catalogue::{Item, Unit};
use messages::v1::receipt::TenderType;
use messages::v1::till::{ItemChoice, TillCommand, TillError, TillReply, WholeLine};
use uuid::Uuid;

use crate::catalogue::Found;
use crate::desk::Record;
use crate::store::Changes;
use crate::till::{Till, not_read, refused};
use crate::wire;

/// Items that may have the name a script or a cashier gives, before it counts as ambiguous.
const NAMES_MAX: usize = 50;

impl Till {
    pub(crate) async fn execute(&mut self, command: TillCommand) -> Result<TillReply, TillError> {
        self.may_begin(&command)?;
        if !matches!(command, TillCommand::Resume) {
            self.restored = None;
            self.finished = None;
        }
        match command {
            TillCommand::SignOn { operator, pin } => {
                let operator = self.identify(operator, pin).await?;
                self.commit(Changes::of(vec![Record::SignedOn(operator)])).await?;
                Ok(TillReply::default())
            }
            TillCommand::SignOff => {
                if self.receipt.is_some() {
                    return Err(refused(Refusal::ReceiptOpen));
                }
                self.signed_on()?;
                self.commit(Changes::of(vec![Record::SignedOff])).await?;
                Ok(TillReply::default())
            }
            TillCommand::OpenShift { operator, pin, float } => {
                let operator = self.identify(operator, pin).await?;
                self.open_shift(operator, float).await
            }
            TillCommand::Scan { data, quantity } => self.scan(data, quantity).await,
            TillCommand::Sell { item, quantity, price, vat } => {
                self.may_sell()?;
                let line = self.chosen(item, quantity, price, vat).await?;
                self.add(line).await
            }
            TillCommand::ChangeQuantity { line, quantity } => {
                self.change_line(line, &Input::ChangeQuantity { line, quantity }).await
            }
            TillCommand::VoidLine { line, quantity } => self.change_line(line, &Input::Void { line, quantity }).await,
            TillCommand::Pay { tender, amount, number } => self.pay(tender, amount, number).await,
            TillCommand::Whole(whole) => self.whole(whole).await,
            TillCommand::Return { of: Some(of), lines, tender } => self.take_back(of, lines, tender).await,
            TillCommand::Return { of: None, tender, .. } => self.pay_return(tender).await,
            TillCommand::ToggleReturn => self.toggle_return().await,
            TillCommand::Cancel => self.cancel().await,
            TillCommand::CashIn { amount, reason } => self.move_cash(positive(amount)?, reason).await,
            TillCommand::CashOut { amount, reason } => self.move_cash(-positive(amount)?, reason).await,
            TillCommand::ReportX => self.report_x().await,
            TillCommand::Count { counted } => self.count(counted).await,
            TillCommand::CloseShift { counted } => self.close_shift(counted).await,
            TillCommand::OpenDrawer { reason } => self.open_drawer(reason).await,
            TillCommand::Resume => self.resume().await,
        }
    }

    /// While the device owes an answer, only finishing and giving up are allowed.
    fn may_begin(&self, command: &TillCommand) -> Result<(), TillError> {
        let unfinished = self.receipt.as_ref().is_some_and(Receipt::is_unfinished);
        let finishes = matches!(command, TillCommand::Resume) || (unfinished && matches!(command, TillCommand::Cancel));
        if finishes || !self.owes() {
            return Ok(());
        }
        Err(refused(match &self.trouble {
            Some(trouble) if trouble.conflict => Refusal::FiscalConflict(trouble.reason.clone()),
            _ => Refusal::WaitingForFiscal,
        }))
    }

    pub(crate) fn may_sell(&self) -> Result<(), TillError> {
        self.signed_on()?;
        if self.shift()?.is_expired(self.now()) {
            return Err(refused(Refusal::ShiftExpired));
        }
        Ok(())
    }

    async fn scan(&mut self, data: String, quantity: Option<Quantity>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let found = self.ports.catalogue.find(&data).await.map_err(not_read)?;
        let label = matches!(found, Found::Weighed { .. } | Found::Priced { .. } | Found::Pieces { .. });
        let line = match found {
            _ if label && quantity.is_some() => Err(Refusal::LabelQuantity),
            Found::Item(item) if item.unit == Unit::Kilogram && quantity.is_none() => Err(Refusal::WeightNeeded),
            Found::Item(item) => Ok(line_of(item, quantity.unwrap_or(Quantity::ONE))),
            Found::Weighed { item, quantity } | Found::Pieces { item, quantity } => Ok(line_of(item, quantity)),
            Found::Priced { item, amount, quantity } => {
                Ok(NewLine { amount: Some(amount), source: LineSource::Label, ..line_of(item, quantity) })
            }
            Found::BadCheckDigit { expected } => Err(Refusal::BadCheckDigit { expected }),
            Found::Unknown => Err(Refusal::UnknownCode(data.clone())),
            Found::NotForSale { value, .. } => Err(Refusal::NotForSale(value)),
        };
        match line {
            Ok(line) => self.add(line).await,
            Err(refusal) => {
                let code = refusal.code().to_owned();
                self.commit(Changes::of(vec![Record::InputRejected { data, code }])).await?;
                Err(refused(refusal))
            }
        }
    }

    async fn chosen(
        &self,
        choice: ItemChoice,
        quantity: Quantity,
        price: Option<Money>,
        vat: Option<VatRate>,
    ) -> Result<NewLine, TillError> {
        let (code, item) = match choice {
            ItemChoice::Code(code) => {
                let item = self.ports.catalogue.by_code(&code).await.map_err(not_read)?;
                (code, item)
            }
            ItemChoice::Name(name) => {
                let items = self.ports.catalogue.by_name(&name, NAMES_MAX).await.map_err(not_read)?;
                let mut exact = items.into_iter().filter(|item| item.name == name);
                match (exact.next(), exact.next()) {
                    (Some(_), Some(_)) => return Err(refused(Refusal::AmbiguousName(name))),
                    (item, _) => (domain::ids::ItemCode(name), item),
                }
            }
        };
        let open = WholeLine { code, name: None, quantity, price, vat };
        self.line(open, item)
    }

    /// A line of a catalogue item, or, with a price, of anything.
    pub(crate) fn line(&self, line: WholeLine, item: Option<Item>) -> Result<NewLine, TillError> {
        let WholeLine { code, name, quantity, price, vat } = line;
        match (price, item) {
            (None, Some(item)) => Ok(line_of(item, quantity)),
            (None, None) => Err(refused(Refusal::UnknownCode(code.0))),
            (Some(price), item) => Ok(NewLine {
                name: name.or_else(|| item.as_ref().map(|item| item.name.clone())).unwrap_or_else(|| code.0.clone()),
                vat_rate: vat.or(item.as_ref().map(|item| item.vat)).unwrap_or(self.settings.profile.default_vat),
                code: item.map_or(code, |item| item.code),
                price,
                quantity,
                discount: Money::ZERO,
                amount: None,
                vat: None,
                source: LineSource::OpenPrice,
                of_line: None,
            }),
        }
    }

    /// Add a line; the first one opens the receipt.
    async fn add(&mut self, line: NewLine) -> Result<TillReply, TillError> {
        let input = Input::Add(vec![line]);
        let records = match &self.receipt {
            Some(_) => self.decide(&input)?,
            None => {
                let operator = self.signed_on()?.number.clone();
                let opening = self.opening(self.standing.desk.kind, operator, None)?;
                let events = Receipt::new(opening.clone()).decide(&input).map_err(refused)?;
                std::iter::once(Event::Opened(opening)).chain(events).map(Record::Receipt).collect()
            }
        };
        self.commit(Changes::of(records)).await?;
        self.last_change = None;
        let receipt = self.receipt.as_ref();
        self.last_line = receipt.and_then(|receipt| receipt.lines().last()).map(|line| line.number);
        Ok(TillReply { line: self.last_line, due: receipt.map(Receipt::due), ..TillReply::default() })
    }

    pub(crate) fn opening(
        &self,
        kind: Kind,
        operator: OperatorNumber,
        of: Option<ReceiptId>,
    ) -> Result<Opening, TillError> {
        Ok(Opening {
            uid: ReceiptId(Uuid::now_v7()),
            sequence: self.standing.desk.next_sequence,
            shift: self.shift()?.number,
            kind,
            operator,
            at: self.now(),
            vat_rounding: self.settings.profile.vat_rounding,
            of,
        })
    }

    async fn change_line(&mut self, line: u32, input: &Input) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let records = self.decide(input)?;
        self.commit(Changes::of(records)).await?;
        self.last_line = Some(line);
        Ok(TillReply { line: Some(line), due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
    }

    async fn pay(&mut self, tender: TenderType, amount: Money, number: Option<String>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let tender = Tender { kind: wire::tender_kind_of(tender), amount, number };
        let records = self.decide(&Input::Tender(tender.clone()))?;
        if let Some(receipt) = &self.receipt {
            self.drawer_holds(receipt.opening().kind, &tender)?;
        }
        self.commit(Changes::of(records)).await?;
        match &self.receipt {
            Some(receipt) if *receipt.state() == State::Paying => {
                Ok(TillReply { due: Some(receipt.due()), ..TillReply::default() })
            }
            _ => {
                let reply = self.finish_receipt().await?;
                self.open_drawer_for(&reply).await;
                Ok(reply)
            }
        }
    }

    /// Money that goes back in cash must be there.
    pub(crate) fn drawer_holds(&self, kind: Kind, tender: &Tender) -> Result<(), TillError> {
        match (kind, tender.kind) {
            (Kind::Return, TenderKind::Cash) => self.shift()?.decide_drawer(tender.amount).map_err(refused),
            _ => Ok(()),
        }
    }

    async fn pay_return(&mut self, tender: TenderType) -> Result<TillReply, TillError> {
        match &self.receipt {
            Some(receipt) if receipt.opening().kind == Kind::Return => {
                let due = receipt.due();
                self.pay(tender, due, None).await
            }
            _ => Err(refused(Refusal::NoReceipt)),
        }
    }

    async fn toggle_return(&mut self) -> Result<TillReply, TillError> {
        self.may_sell()?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let kind = match self.standing.desk.kind {
            Kind::Sale => Kind::Return,
            Kind::Return => Kind::Sale,
        };
        self.commit(Changes::of(vec![Record::KindChosen { kind }])).await?;
        Ok(TillReply::default())
    }

    async fn resume(&mut self) -> Result<TillReply, TillError> {
        if self.receipt.as_ref().is_some_and(Receipt::is_unfinished) {
            let reply = self.finish_receipt().await?;
            self.restored = None;
            self.open_drawer_for(&reply).await;
            return Ok(reply);
        }
        if self.standing.desk.begun.is_some() {
            return self.finish_operation().await;
        }
        match self.finished.take() {
            Some(receipt) => Ok(TillReply {
                change: Some(receipt.change),
                due: Some(Money::ZERO),
                receipt: Some(Box::new(receipt)),
                ..TillReply::default()
            }),
            None => Err(refused(Refusal::NothingWaits)),
        }
    }
}

fn line_of(item: Item, quantity: Quantity) -> NewLine {
    NewLine {
        code: item.code,
        name: item.name,
        price: item.price,
        quantity,
        discount: Money::ZERO,
        amount: None,
        vat_rate: item.vat,
        vat: None,
        source: LineSource::Catalogue,
        of_line: None,
    }
}

fn positive(amount: Money) -> Result<Money, TillError> {
    if amount.is_positive() { Ok(amount) } else { Err(refused(Refusal::AmountNotPositive)) }
}
