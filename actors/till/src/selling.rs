//! From a scan, a code, a weight or a name to a line of the receipt.

use chrono::TimeDelta;
use domain::barcode::mark::UnitCode;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::loyalty::gift;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::account::{Load, Wallet};
use domain::receipt::{Event, Input, Kind, LineSource, LineTraits, Mark, NewLine, Opening, PriceVat, Receipt};
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use domain::rounding::line_amount;
use domain::vat::VatRate;
use messages::v1::catalogue::{BarcodeKind, Item, Unit};
use messages::v1::document::AuditKind;
use messages::v1::settings::{Loyalty, TaxRules};
use messages::v1::till::{Ask, ItemChoice, ItemShown, TillError, TillReply, WholeLine};
use runtime::disk::Room;

use crate::catalogue::Found;
use crate::desk::Record;
use crate::staff::approved;
use crate::store::Changes;
use crate::till::{Till, not_read, refused};

/// Items that may have the name a script or a cashier gives, before it counts as ambiguous.
const NAMES_MAX: usize = 50;
/// How far back a return without receipt looks for a lower price.
const PAST_PRICES: TimeDelta = TimeDelta::days(30);
/// Gift cards that one receipt loads: what a receipt does to accounts has room for no more beside the rest.
const LOADS_MAX: usize = 32;
/// Digits of a gift card's number.
const GIFT_DIGITS: std::ops::RangeInclusive<usize> = 8..=40;

/// A line that may be added, with what goes with it.
pub(crate) struct Ready {
    /// The line, then its deposit.
    lines: Vec<NewLine>,
    /// What was answered on the way.
    answers: Vec<Record>,
    /// A supervisor's grant that is used up by it.
    permitted: Changes,
}

impl Till {
    pub(crate) fn may_sell(&self) -> Result<(), TillError> {
        self.signed_on()?;
        if self.shift()?.is_expired(self.now()) {
            return Err(refused(Refusal::ShiftExpired));
        }
        self.clock_is_right()?;
        self.disk_has_room()
    }

    /// Near the end of the disk no receipt is begun; the one at hand finds room for its end.
    fn disk_has_room(&self) -> Result<(), TillError> {
        match self.ports.disk.room() {
            Room::None { percent } if self.receipt.is_none() => Err(refused(Refusal::DiskFull { percent })),
            Room::None { .. } | Room::Scarce { .. } | Room::Enough => Ok(()),
        }
    }

    pub(crate) async fn scan(&mut self, data: String, quantity: Option<Quantity>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let found = self.ports.catalogue.find(&data).await.map_err(not_read)?;
        if let Found::NotForSale { kind: BarcodeKind::Card, value } = found {
            return self.customer(value).await;
        }
        let unit = UnitCode::parse(&data);
        match self.meant(found, quantity, &data) {
            Ok((item, line)) => {
                let ready = self.complete(item, line, unit).await?;
                self.add(ready).await
            }
            Err(TillError::Refused { code, text }) => {
                let rejected = Record::InputRejected { data, code: code.clone() };
                self.commit(Changes::of(vec![rejected])).await?;
                Err(TillError::Refused { code, text })
            }
            Err(other) => Err(other),
        }
    }

    /// The item and the line that an input means.
    fn meant(&self, found: Found, quantity: Option<Quantity>, data: &str) -> Result<(Item, NewLine), TillError> {
        let label = matches!(found, Found::Weighed { .. } | Found::Priced { .. } | Found::Pieces { .. });
        if label && quantity.is_some() {
            return Err(refused(Refusal::LabelQuantity));
        }
        match found {
            Found::Item(item) => {
                let quantity = match quantity.or(self.answers.quantity) {
                    None if item.unit == Unit::Kilogram => {
                        return Err(TillError::Asks(Ask::Quantity { name: item.name }));
                    }
                    quantity => quantity.unwrap_or(Quantity::ONE),
                };
                Ok((item.clone(), line_of(item, quantity)))
            }
            Found::Weighed { item, quantity } | Found::Pieces { item, quantity } => {
                Ok((item.clone(), line_of(item, quantity)))
            }
            Found::Priced { item, amount, quantity, price } => {
                let mut line = line_of(item.clone(), quantity);
                line.price = price.unwrap_or(line.price);
                Ok((item, NewLine { amount: Some(amount), source: LineSource::Label, ..line }))
            }
            Found::BadCheckDigit { expected } => Err(refused(Refusal::BadCheckDigit { expected })),
            Found::Unknown => Err(refused(Refusal::UnknownCode(data.to_owned()))),
            Found::NotForSale { value, .. } => Err(refused(Refusal::NotForSale(value))),
        }
    }

    /// What must hold before an item is sold: its hours, the buyer's age, its price, its unit.
    async fn complete(&mut self, item: Item, mut line: NewLine, unit: Option<UnitCode>) -> Result<Ready, TillError> {
        let mut answers = Vec::new();
        let returns = self.next_kind() == Kind::Return;
        if let Some(hours) = item.no_sale.filter(|hours| !returns && hours.contain(self.now().time())) {
            return Err(refused(Refusal::NoSaleNow { name: item.name, hours }));
        }
        if let Some(years) = item.min_age.filter(|_| !returns) {
            let confirmed = self.receipt.as_ref().map_or(0, Receipt::age_confirmed);
            if years > confirmed && self.answers.old_enough != Some(true) {
                return Err(TillError::Asks(Ask::Age { years, name: item.name }));
            }
            if years > confirmed {
                answers.push(Record::Receipt(Event::AgeConfirmed { years }));
            }
        }
        if item.gift_card {
            line = self.loading(&item, line)?;
        }
        let mut permitted = Changes::default();
        if let (LineSource::Label, Some(amount)) = (line.source, line.amount)
            && (line.price != item.price || line_amount(line.price, line.quantity) != amount)
        {
            // A scale or a label on the shelf is behind, or somebody set a price there; the customer pays what the label says.
            let printed =
                if line.price == item.price { "no price that is known".to_owned() } else { line.price.to_string() };
            let reason = format!("printed at {printed}, now {}", item.price);
            permitted.documents.extend(self.audit(AuditKind::OldLabel, item.code.0.clone(), reason));
        }
        if line.source == LineSource::OpenPrice {
            permitted = self.permit_price(Some(&item), line.price).await?;
        } else if let Some([from, to]) = item.open_price {
            let Some(price) = self.answers.price else {
                return Err(TillError::Asks(Ask::Price { name: item.name, from, to }));
            };
            if price < from || price > to {
                return Err(refused(Refusal::PriceOutOfRange { from, to }));
            }
            permitted = self.permit_price(Some(&item), price).await?;
            (line.price, line.source) = (price, LineSource::OpenPrice);
        }
        if returns && item.open_price.is_none() {
            line.price = self.lowest_price(&item, line.price);
        }
        if item.marked {
            if line.quantity != Quantity::ONE {
                return Err(refused(Refusal::OneUnit(self.receipt.as_ref().map_or(1, Receipt::next_line))));
            }
            let (mark, answered) = self.unit_of(&item, unit).await?;
            line.traits.mark = Some(mark);
            answers.extend(answered);
        }
        let mut lines = vec![line];
        if let Some(code) = &item.deposit {
            let deposit = self.ports.catalogue.by_code(code).await.map_err(not_read)?;
            let deposit = deposit.ok_or_else(|| refused(Refusal::UnknownCode(code.0.clone())))?;
            let mut deposit = line_of(deposit, lines[0].quantity);
            deposit.traits.deposit_of = Some(self.receipt.as_ref().map_or(1, Receipt::next_line));
            lines.push(deposit);
        }
        Ok(Ready { lines, answers, permitted })
    }

    /// A line that loads a gift card, or the customer's own prepaid account: its number is asked for. It is money for later,
    /// so it has no VAT, no discount and no points.
    fn loading(&self, item: &Item, mut line: NewLine) -> Result<NewLine, TillError> {
        if self.next_kind() == Kind::Return {
            return Err(refused(Refusal::LoadNotReturned));
        }
        if line.quantity != Quantity::ONE {
            return Err(refused(Refusal::OneUnit(self.receipt.as_ref().map_or(1, Receipt::next_line))));
        }
        let loads = self.receipt.iter().flat_map(Receipt::live_lines).filter(|line| line.traits.load.is_some());
        if loads.count() >= LOADS_MAX {
            return Err(refused(Refusal::TooManyLines));
        }
        let Some(number) = &self.answers.gift else {
            return Err(TillError::Asks(Ask::Gift { name: item.name.clone() }));
        };
        let number = number.trim().to_owned();
        let customer = self.receipt.as_ref().and_then(Receipt::customer);
        let wallet = if customer == Some(&number) { Wallet::Prepaid } else { Wallet::Gift };
        let prefix = self.section::<Loyalty>().gift.prefix;
        let digits = GIFT_DIGITS.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        let well_formed = prefix.is_empty() || gift::number_is_well_formed(&prefix, &number);
        if wallet == Wallet::Gift && !(digits && well_formed) {
            return Err(refused(Refusal::NotAGiftCard));
        }
        line.vat_rate = VatRate::None;
        line.traits.no_discount = true;
        line.traits.load = Some(Load { wallet, number, points: None });
        Ok(line)
    }

    /// A price that is entered: within the item's range, or of something that has no price; any other is a changed price.
    async fn permit_price(&mut self, item: Option<&Item>, price: Money) -> Result<Changes, TillError> {
        let right = match item.map(|item| item.open_price) {
            Some(None) => Right::ChangePrice,
            Some(Some([from, to])) if price < from || price > to => Right::ChangePrice,
            Some(Some(_)) | None => Right::EnterPrice,
        };
        self.permit(Asked::Right(right)).await
    }

    /// The unit that was scanned, or is asked for; claimed for this receipt.
    async fn unit_of(&mut self, item: &Item, unit: Option<UnitCode>) -> Result<(Mark, Option<Record>), TillError> {
        let unit = match (unit, &self.answers.mark) {
            (Some(unit), _) => unit,
            (None, None) => return Err(TillError::Asks(Ask::Mark { name: item.name.clone() })),
            (None, Some(code)) => {
                let unit = UnitCode::parse(code).ok_or_else(|| refused(Refusal::NotTheMark(item.name.clone())))?;
                match self.ports.catalogue.find(code).await.map_err(not_read)? {
                    Found::Item(found) if found.code == item.code => unit,
                    _ => return Err(refused(Refusal::NotTheMark(item.name.clone()))),
                }
            }
        };
        let answered = self.claim_mark(&unit.identity, self.next_kind()).await?;
        Ok((Mark { identity: unit.identity, code: unit.code }, answered))
    }

    /// Goods that come back without a receipt are worth the least that they were sold for of late.
    fn lowest_price(&self, item: &Item, price: Money) -> Money {
        let since = self.now() - PAST_PRICES;
        let of_late = item.past_prices.iter().filter(|past| past.until >= since).map(|past| past.price);
        of_late.fold(price.min(item.price), Money::min)
    }

    /// The kind of the open receipt, or of the next one.
    pub(crate) fn next_kind(&self) -> Kind {
        self.receipt.as_ref().map_or(self.standing.desk.kind, |receipt| receipt.opening().kind)
    }

    pub(crate) async fn weigh(&mut self, data: String, tare: Option<Quantity>) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let Found::Item(item) = self.ports.catalogue.find(&data).await.map_err(not_read)? else {
            return Err(refused(Refusal::UnknownCode(data)));
        };
        if item.unit != Unit::Kilogram {
            return Err(refused(Refusal::NotWeighed));
        }
        let net = self.net_weight(&item, tare).await?;
        let line = line_of(item.clone(), net);
        let ready = self.complete(item, line, None).await?;
        self.add(ready).await
    }

    async fn net_weight(&mut self, item: &Item, tare: Option<Quantity>) -> Result<Quantity, TillError> {
        let Some(scale) = &mut self.scale else {
            return Err(refused(Refusal::Scale("there is none at this till".to_owned())));
        };
        let weight = scale.weigh().await.map_err(|error| refused(Refusal::Scale(error.to_string())))?;
        if weight.overload {
            return Err(refused(Refusal::ScaleOverload));
        }
        if !weight.stable {
            return Err(refused(Refusal::WeightUnstable));
        }
        let net = weight.gross - item.tare.unwrap_or(Quantity::ZERO) - tare.unwrap_or(Quantity::ZERO);
        if net.is_positive() { Ok(net) } else { Err(refused(Refusal::NoWeight)) }
    }

    pub(crate) async fn check_price(&mut self, data: String) -> Result<TillReply, TillError> {
        self.signed_on()?;
        let (item, price) = match self.ports.catalogue.find(&data).await.map_err(not_read)? {
            Found::Item(item) | Found::Weighed { item, .. } | Found::Pieces { item, .. } => {
                let price = item.price;
                (item, price)
            }
            Found::Priced { item, amount, .. } => (item, amount),
            Found::BadCheckDigit { expected } => return Err(refused(Refusal::BadCheckDigit { expected })),
            Found::Unknown => return Err(refused(Refusal::UnknownCode(data))),
            Found::NotForSale { value, .. } => return Err(refused(Refusal::NotForSale(value))),
        };
        let barcode = item.barcodes.first().cloned().unwrap_or_default();
        let item = ItemShown { code: item.code, name: item.name, price, unit: item.unit, barcode };
        Ok(TillReply { item: Some(Box::new(item)), ..TillReply::default() })
    }

    /// The last item that counts once more, at the price that it has on this receipt.
    pub(crate) async fn repeat_last(&mut self) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let last = self
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.live_lines().filter(|line| line.traits.deposit_of.is_none()).last().cloned());
        let Some(last) = last.filter(|line| line.source != LineSource::Returned) else {
            return Err(refused(Refusal::NothingToRepeat));
        };
        match last.source {
            // A label is of one piece, and an entered price was for that piece.
            LineSource::Label => Err(refused(Refusal::LabelQuantity)),
            LineSource::OpenPrice => {
                let item = self.ports.catalogue.by_code(&last.code).await.map_err(not_read)?;
                let traits = LineTraits { mark: None, deposit_of: None, load: None, ..last.traits };
                let line = NewLine {
                    code: last.code,
                    name: last.name,
                    price: last.price,
                    quantity: Quantity::ONE,
                    discount: Money::ZERO,
                    amount: None,
                    vat_rate: last.vat_rate,
                    vat: None,
                    source: LineSource::OpenPrice,
                    of_line: None,
                    traits,
                };
                let ready = self.priced(item, line).await?;
                self.add(ready).await
            }
            _ => {
                let item = self.ports.catalogue.by_code(&last.code).await.map_err(not_read)?;
                let item = item.ok_or_else(|| refused(Refusal::UnknownCode(last.code.0.clone())))?;
                if item.unit == Unit::Kilogram && self.answers.quantity.is_none() {
                    return Err(TillError::Asks(Ask::Quantity { name: item.name }));
                }
                let line = line_of(item.clone(), self.answers.quantity.unwrap_or(Quantity::ONE));
                let ready = self.complete(item, line, None).await?;
                self.add(ready).await
            }
        }
    }

    pub(crate) async fn sell(
        &mut self,
        choice: ItemChoice,
        quantity: Quantity,
        price: Option<Money>,
        vat: Option<VatRate>,
    ) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let (code, item) = self.chosen(choice).await?;
        let line = self.line(WholeLine { code, name: None, quantity, price, vat }, item.clone())?;
        let ready = self.priced(item, line).await?;
        self.add(ready).await
    }

    /// A line whose price is known: of an item with all that must hold for it, or of something that nobody knows.
    async fn priced(&mut self, item: Option<Item>, line: NewLine) -> Result<Ready, TillError> {
        match item {
            Some(item) => self.complete(item, line, None).await,
            None => {
                let permitted = self.permit_price(None, line.price).await?;
                Ok(Ready { lines: vec![line], answers: Vec::new(), permitted })
            }
        }
    }

    async fn chosen(&self, choice: ItemChoice) -> Result<(ItemCode, Option<Item>), TillError> {
        match choice {
            ItemChoice::Code(code) => {
                let item = self.ports.catalogue.by_code(&code).await.map_err(not_read)?;
                Ok((code, item))
            }
            ItemChoice::Name(name) => {
                let items = self.ports.catalogue.by_name(&name, NAMES_MAX).await.map_err(not_read)?;
                let mut exact = items.into_iter().filter(|item| item.name == name);
                match (exact.next(), exact.next()) {
                    (Some(_), Some(_)) => Err(refused(Refusal::AmbiguousName(name))),
                    (item, _) => Ok((ItemCode(name), item)),
                }
            }
        }
    }

    /// A line of a catalogue item, or, with a price, of anything.
    pub(crate) fn line(&self, line: WholeLine, item: Option<Item>) -> Result<NewLine, TillError> {
        let WholeLine { code, name, quantity, price, vat } = line;
        match (price, item) {
            (None, Some(item)) => Ok(line_of(item, quantity)),
            (None, None) => Err(refused(Refusal::UnknownCode(code.0))),
            (Some(price), item) => Ok(NewLine {
                name: name.or_else(|| item.as_ref().map(|item| item.name.clone())).unwrap_or_else(|| code.0.clone()),
                vat_rate: vat
                    .or(item.as_ref().map(|item| item.vat))
                    .unwrap_or_else(|| self.section::<TaxRules>().default_vat),
                traits: item.as_ref().map(traits_of).unwrap_or_default(),
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

    /// Add a line with what goes with it; the first one opens the receipt.
    async fn add(&mut self, ready: Ready) -> Result<TillReply, TillError> {
        let Ready { lines, answers, permitted } = ready;
        let number = self.receipt.as_ref().map_or(1, Receipt::next_line);
        let input = Input::Add(lines);
        let mut records: Vec<Record> = match &self.receipt {
            Some(_) => self.decide(&input)?,
            None => {
                let operator = self.signed_on()?.number.clone();
                let opening = self.opening(self.standing.desk.kind, operator, None)?;
                let events = Receipt::new(opening.clone()).decide(&input).map_err(refused)?;
                let used = noted_grants(&permitted);
                std::iter::once(Event::Opened(opening)).chain(used).chain(events).map(Record::Receipt).collect()
            }
        };
        records.extend(answers);
        self.commit(permitted.and(Changes::of(records))).await?;
        self.last_change = None;
        self.last_line = Some(number);
        Ok(TillReply { line: self.last_line, due: self.receipt.as_ref().map(Receipt::due), ..TillReply::default() })
    }

    pub(crate) fn opening(
        &self,
        kind: Kind,
        operator: OperatorNumber,
        of: Option<ReceiptId>,
    ) -> Result<Opening, TillError> {
        let tax = self.section::<TaxRules>();
        Ok(Opening {
            uid: self.next_uid,
            sequence: self.standing.desk.next_sequence,
            shift: self.shift()?.number,
            kind,
            operator,
            at: self.now(),
            vat_rounding: tax.vat_rounding,
            // What comes back of a sale is what was paid for it.
            price_vat: if of.is_some() { PriceVat::Included } else { tax.price_vat },
            of,
            of_fiscal: self.standing.desk.fiscal_code.clone().filter(|_| kind == Kind::Return && of.is_none()),
            recalled: None,
        })
    }

    pub(crate) async fn commit_if_any(&mut self, changes: Changes) -> Result<(), TillError> {
        if changes.records.is_empty() { Ok(()) } else { self.commit(changes).await }
    }
}

/// Grants that were used before there was a receipt to note them on.
pub(crate) fn noted_grants(permitted: &Changes) -> Vec<Event> {
    let used = permitted.records.iter().filter_map(|record| match record {
        Record::GrantUsed(grant) => Some(approved(grant)),
        _ => None,
    });
    used.collect()
}

fn traits_of(item: &Item) -> LineTraits {
    LineTraits {
        no_discount: !item.discountable,
        no_sale: item.no_sale,
        group: item.group.clone(),
        ..LineTraits::default()
    }
}

pub(crate) fn line_of(item: Item, quantity: Quantity) -> NewLine {
    NewLine {
        traits: traits_of(&item),
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
