//! Receipts that come all at once, from a replay. Decided to their payment before anything is
//! stored, so that a refusal leaves nothing behind; then one commit to the device's baseline, and one that closes.

use domain::money::Money;
use domain::receipt::{Event, Input, Kind, NewLine, Receipt, State, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::returns;
use messages::v1::receipt::FoundReceipt;
use messages::v1::till::{TillError, TillReply, WholeLine, WholeReceipt};

use crate::changing::customer_digits;
use crate::desk::{Record, SignedOn};
use crate::fiscal;
use crate::returns::{sold, with_points};
use crate::selling::noted_grants;
use crate::store::Changes;
use crate::till::{Till, not_read, refused};
use crate::wire;

/// A receipt that is decided to its payment before anything of it is stored.
struct Draft {
    receipt: Receipt,
    records: Vec<Record>,
}

/// What a whole receipt is about.
struct Goods {
    /// Whose goods come back.
    sale: Option<FoundReceipt>,
    lines: Vec<NewLine>,
    customer: Option<String>,
}

impl Draft {
    fn decide(&mut self, input: &Input) -> Result<(), TillError> {
        for event in self.receipt.decide(input).map_err(refused)? {
            self.receipt.apply(&event);
            self.records.push(Record::Receipt(event));
        }
        Ok(())
    }
}

impl Till {
    pub(crate) async fn whole(&mut self, whole: WholeReceipt) -> Result<TillReply, TillError> {
        let WholeReceipt { kind, lines, tenders, of, operator, customer } = whole;
        self.may_sell()?;
        let operator = match operator {
            Some(number) => self.name_of(number).await?,
            None => self.signed_on()?.clone(),
        };
        let mut sale = None;
        let lines = match of {
            Some(of) => {
                let found = self.sale(of).await?;
                let mut sold = sold(&found);
                let before = sold.clone();
                let asked: Vec<_> = lines.into_iter().map(|line| (line.code, line.quantity)).collect();
                let back =
                    if asked.is_empty() { returns::everything(&sold) } else { returns::by_item(&mut sold, &asked) };
                let back = with_points(&found, &before, back.map_err(refused)?);
                sale = Some(found);
                back
            }
            None => self.whole_lines(lines).await?,
        };
        let kind = if of.is_some() { Kind::Return } else { wire::kind_of(kind) };
        let tenders =
            tenders.into_iter().map(|tender| cash_like(wire::tender_kind_of(tender.tender), tender.amount)).collect();
        let customer = customer.map(|number| customer_digits(&number)).transpose().map_err(refused)?;
        let goods = Goods { sale, lines, customer };
        self.at_once(kind, operator, goods, tenders).await
    }

    async fn whole_lines(&self, lines: Vec<WholeLine>) -> Result<Vec<NewLine>, TillError> {
        let mut made = Vec::with_capacity(lines.len());
        for line in lines {
            let complete = line.price.is_some() && line.name.is_some() && line.vat.is_some();
            let item =
                if complete { None } else { self.ports.catalogue.by_code(&line.code).await.map_err(not_read)? };
            if item.as_ref().is_some_and(|item| item.gift_card) {
                // Nobody says which card it is.
                return Err(refused(Refusal::NoGiftCard));
            }
            made.push(self.line(line, item)?);
        }
        Ok(made)
    }

    /// A whole receipt: its lines, its tenders and the device's baseline in one commit, its document in the next.
    async fn at_once(
        &mut self,
        kind: Kind,
        operator: SignedOn,
        goods: Goods,
        mut tenders: Vec<Tender>,
    ) -> Result<TillReply, TillError> {
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let Goods { sale, lines, customer } = goods;
        let of = sale.as_ref().map(|found| found.receipt.uid);
        let opening = self.opening(kind, operator.number, of)?;
        let mut draft = Draft { receipt: Receipt::new(opening.clone()), records: Vec::new() };
        draft.records.push(Record::Receipt(Event::Opened(opening)));
        draft.decide(&Input::Add(lines))?;
        if let Some(number) = customer {
            draft.decide(&Input::Customer { number })?;
        }
        let settles =
            sale.as_ref().map(|found| self.settles(&draft.receipt, found, None).movements).unwrap_or_default();
        let permitted = self.permit_given_by(&draft.receipt, &settles).await?;
        for event in noted_grants(&permitted) {
            draft.receipt.apply(&event);
            draft.records.push(Record::Receipt(event));
        }
        if !settles.is_empty() {
            draft.decide(&Input::Settle(settles))?;
        }
        let total = draft.receipt.total();
        if tenders.is_empty() && total.is_zero() {
            tenders.push(cash_like(TenderKind::Cash, Money::ZERO));
        }
        for tender in tenders {
            self.drawer_holds(kind, &tender)?;
            draft.decide(&Input::Tender { tender, rounding: None })?;
        }
        if *draft.receipt.state() != State::Paid {
            return Err(refused(Refusal::NotCovered { due: draft.receipt.due() }));
        }
        let Some(document) = fiscal::document(&draft.receipt, &operator.name) else {
            let (closing, _) = self.closing(&draft.receipt, None)?;
            return self.store_closed(draft, permitted.and(closing)).await;
        };
        let baseline = fiscal::baseline(&mut *self.device).await;
        if let Ok(baseline) = &baseline {
            draft.decide(&Input::Fiscalise(baseline.clone()))?;
        }
        self.commit(permitted.and(Changes::of(draft.records))).await?;
        match baseline {
            Ok(baseline) => self.register(&document, &baseline, true).await,
            Err(error) => self.wait(error.to_string()),
        }
    }

    /// A receipt of which nothing goes to the device is stored in one go.
    async fn store_closed(&mut self, draft: Draft, mut closing: Changes) -> Result<TillReply, TillError> {
        let closed = closing.ended.as_ref().map(|ended| Box::new(ended.receipt.clone()));
        closing.records.splice(0..0, draft.records);
        self.commit(closing).await?;
        self.last_change = closed.as_ref().map(|receipt| receipt.change);
        Ok(TillReply { change: self.last_change, due: Some(Money::ZERO), receipt: closed, ..TillReply::default() })
    }
}

/// A tender for which no terminal is asked: a line of a replay says that it was paid.
fn cash_like(kind: TenderKind, amount: Money) -> Tender {
    Tender::new(kind, amount)
}
