//! What a till knows beside its open receipt: who is signed on, the shift, the next number, what the device was asked for.
//! Pure: records in, state out. It is written whole with every commit, so a start reads one row.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::fiscal_code::FiscalCode;
use domain::ids::OperatorNumber;
use domain::loyalty::limits::{self, SoFar};
use domain::money::Money;
use domain::receipt::{Baseline, Event, Kind, Receipt, Sign};
use domain::rights::Grant;
use domain::shift::Shift;
use messages::v1::document::{CashKind, Pieces};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One entry of the electronic journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    Receipt(Event),
    SignedOn(SignedOn),
    SignedOff,
    Locked {
        at: DateTime<FixedOffset>,
        break_: bool,
    },
    /// A wrong PIN, and when.
    PinWrong {
        operator: OperatorNumber,
        at: DateTime<FixedOffset>,
    },
    /// A supervisor lets the operator try again.
    PinForgiven {
        operator: OperatorNumber,
    },
    Granted(Grant),
    GrantUsed(Grant),
    /// The next receipt takes back goods of this sale.
    FiscalCodeChosen {
        code: FiscalCode,
    },
    /// A supervisor opened a shift although the clock was before the last entry: a clock that was ahead is right again.
    ClockTrusted {
        at: DateTime<FixedOffset>,
    },
    /// The store has heard that this operation of an account is given back.
    ReleaseHeard {
        operation: Uuid,
    },
    /// The store does not need to be told of operations of accounts before this business day.
    OperationsKept {
        from: Option<NaiveDate>,
        /// The furthest mark of the store's book that was seen.
        #[serde(default)]
        mark: u64,
    },
    /// Something above answered about marked units.
    MarksAnswered {
        at: DateTime<FixedOffset>,
    },
    Reprinted {
        sequence: u64,
        copy: u32,
    },
    TrainingBegan,
    TrainingEnded,
    /// A supervisor has said what the device or the terminal did.
    ConflictSettled {
        made: bool,
        reason: String,
    },
    /// The next receipt is of this kind.
    KindChosen {
        kind: Kind,
    },
    /// Something that was entered was refused: a code that cannot be read, a wrong PIN.
    InputRejected {
        data: String,
        code: String,
    },
    /// The device is going to be asked for something that makes no receipt.
    DeviceBegun(Begun),
    /// It did it. A drawer movement has no sign.
    DeviceDone {
        at: DateTime<FixedOffset>,
        sign: Option<Sign>,
    },
    /// It surely did not do it.
    DeviceGivenUp {
        reason: String,
    },
    /// Documents that the till had lost are here again. `missing` receipts are known to the registrar only.
    TakenBack {
        documents: u64,
        missing: u64,
        shift_closed: bool,
    },
    /// The device had a shift open that this till knows nothing of; it was closed.
    StrayShiftClosed {
        sign: Sign,
    },
    Counted {
        counted: Money,
        over_short: Money,
        #[serde(default)]
        pieces: Vec<Pieces>,
    },
    DrawerOpened {
        reason: String,
    },
    /// What the device holds is not what this till asked for; nothing goes on before a supervisor has looked.
    FiscalConflict {
        text: String,
    },
}

impl Record {
    /// The word by which the journal lists it.
    pub fn kind(&self) -> &'static str {
        match self {
            Record::Receipt(event) => event.name(),
            Record::SignedOn(_) => "signed_on",
            Record::SignedOff => "signed_off",
            Record::Locked { .. } => "locked",
            Record::PinWrong { .. } => "pin_wrong",
            Record::PinForgiven { .. } => "pin_forgiven",
            Record::Granted(_) => "granted",
            Record::GrantUsed(_) => "grant_used",
            Record::FiscalCodeChosen { .. } => "fiscal_code_chosen",
            Record::ClockTrusted { .. } => "clock_trusted",
            Record::MarksAnswered { .. } => "marks_answered",
            Record::ReleaseHeard { .. } => "release_heard",
            Record::OperationsKept { .. } => "operations_kept",
            Record::Reprinted { .. } => "reprinted",
            Record::TrainingBegan => "training_began",
            Record::TrainingEnded => "training_ended",
            Record::ConflictSettled { .. } => "conflict_settled",
            Record::KindChosen { .. } => "kind_chosen",
            Record::InputRejected { .. } => "input_rejected",
            Record::DeviceBegun(begun) => begun.operation.name(),
            Record::DeviceDone { .. } => "device_done",
            Record::DeviceGivenUp { .. } => "device_given_up",
            Record::TakenBack { .. } => "taken_back",
            Record::StrayShiftClosed { .. } => "stray_shift_closed",
            Record::Counted { .. } => "counted",
            Record::DrawerOpened { .. } => "drawer_opened",
            Record::FiscalConflict { .. } => "fiscal_conflict",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOn {
    pub number: OperatorNumber,
    pub name: String,
}

/// Something that the device does beside receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    OpenShift {
        operator: SignedOn,
        float: Money,
        /// As the store has it. None: the day of the till's clock.
        #[serde(default)]
        business_day: Option<NaiveDate>,
    },
    /// Above zero into the drawer, below zero out of it.
    MoveCash {
        amount: Money,
        reason: String,
        #[serde(default)]
        kind: CashKind,
    },
    CloseShift {
        counted: Money,
        #[serde(default)]
        pieces: Vec<Pieces>,
        #[serde(default)]
        not_counted: bool,
        #[serde(default)]
        approver: Option<OperatorNumber>,
    },
}

impl Operation {
    fn name(&self) -> &'static str {
        match self {
            Operation::OpenShift { .. } => "opening_shift",
            Operation::MoveCash { .. } => "moving_cash",
            Operation::CloseShift { .. } => "closing_shift",
        }
    }
}

/// An operation with the device as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub operation: Operation,
    pub baseline: Baseline,
    /// Cash in the device's drawer register.
    pub drawer: Money,
    pub at: DateTime<FixedOffset>,
}

/// Wrong PINs in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrongPins {
    pub(crate) count: u32,
    pub(crate) last: DateTime<FixedOffset>,
}

/// Operators whose wrong PINs are remembered; more are those of somebody who tries numbers.
const WRONG_PINS_KEPT_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Desk {
    /// The number of the next receipt.
    pub(crate) next_sequence: u64,
    /// The number of the last shift.
    pub(crate) last_shift: u32,
    pub(crate) operator: Option<SignedOn>,
    pub(crate) kind: Kind,
    pub(crate) shift: Option<Shift>,
    pub(crate) begun: Option<Begun>,
    /// Since when, and whether it is a break.
    #[serde(default)]
    pub(crate) locked: Option<(DateTime<FixedOffset>, bool)>,
    /// One for each right at most: an act may need several.
    #[serde(default)]
    pub(crate) grants: Vec<Grant>,
    #[serde(default)]
    pub(crate) wrong_pins: BTreeMap<OperatorNumber, WrongPins>,
    /// The sale of the next return.
    #[serde(default)]
    pub(crate) fiscal_code: Option<FiscalCode>,
    /// Returns without receipt of earlier shifts of this business day.
    #[serde(default)]
    pub(crate) blind_returns: Option<(NaiveDate, Money)>,
    /// When something above last answered about marked units.
    #[serde(default)]
    pub(crate) marks_answered: Option<DateTime<FixedOffset>>,
    /// Operations of accounts that the store must hear to be given back, oldest first.
    #[serde(default)]
    pub(crate) releases: Vec<Uuid>,
    /// The first business day of whose operations the store wants to be told.
    #[serde(default)]
    pub(crate) operations_from: Option<NaiveDate>,
    /// The furthest mark of the store's book that was seen.
    #[serde(default)]
    pub(crate) store_mark: u64,
    /// What each operator gave to accounts on the last business day on which anybody did.
    #[serde(default)]
    given: Option<(NaiveDate, BTreeMap<OperatorNumber, SoFar>)>,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk {
            next_sequence: 1,
            last_shift: 0,
            operator: None,
            kind: Kind::Sale,
            shift: None,
            begun: None,
            locked: None,
            grants: Vec::new(),
            wrong_pins: BTreeMap::new(),
            fiscal_code: None,
            blind_returns: None,
            marks_answered: None,
            releases: Vec::new(),
            operations_from: None,
            store_mark: 0,
            given: None,
        }
    }

    /// `receipt` is the receipt to which an event of a receipt belongs, as it was paid.
    pub(crate) fn apply(&mut self, record: &Record, receipt: Option<&Receipt>) {
        match record {
            Record::Receipt(event) => self.apply_event(event, receipt),
            Record::SignedOn(operator) => {
                self.wrong_pins.remove(&operator.number);
                (self.operator, self.locked) = (Some(operator.clone()), None);
            }
            Record::SignedOff => {
                self.operator = None;
                self.grants.clear();
            }
            Record::Locked { at, break_ } => self.locked = Some((*at, *break_)),
            Record::PinWrong { operator, at } => self.note_wrong_pin(operator, *at),
            Record::PinForgiven { operator } => {
                self.wrong_pins.remove(operator);
            }
            Record::Granted(grant) => {
                self.wrong_pins.remove(&grant.approver);
                self.grants.retain(|before| before.asked.right() != grant.asked.right());
                self.grants.push(grant.clone());
            }
            Record::GrantUsed(grant) => self.grants.retain(|before| before != grant),
            Record::KindChosen { kind } => (self.kind, self.fiscal_code) = (*kind, None),
            Record::FiscalCodeChosen { code } => (self.kind, self.fiscal_code) = (Kind::Return, Some(code.clone())),
            Record::MarksAnswered { at } => self.marks_answered = Some(*at),
            Record::ReleaseHeard { operation } => self.releases.retain(|waiting| waiting != operation),
            Record::OperationsKept { from, mark } => (self.operations_from, self.store_mark) = (*from, *mark),
            Record::DeviceBegun(begun) => self.begun = Some(begun.clone()),
            Record::DeviceGivenUp { .. } => self.begun = None,
            Record::DeviceDone { at, .. } => {
                if let Some(begun) = self.begun.take() {
                    self.finish(begun.operation, *at);
                }
            }
            Record::TakenBack { missing, shift_closed, .. } => {
                self.next_sequence += missing;
                if *shift_closed && self.shift.is_some() {
                    self.close_shift();
                }
            }
            Record::InputRejected { .. }
            | Record::ClockTrusted { .. }
            | Record::StrayShiftClosed { .. }
            | Record::Counted { .. }
            | Record::DrawerOpened { .. }
            | Record::Reprinted { .. }
            | Record::TrainingBegan
            | Record::TrainingEnded
            | Record::ConflictSettled { .. }
            | Record::FiscalConflict { .. } => {}
        }
    }

    fn note_wrong_pin(&mut self, operator: &OperatorNumber, at: DateTime<FixedOffset>) {
        let wrong = self.wrong_pins.entry(operator.clone()).or_insert(WrongPins { count: 0, last: at });
        *wrong = WrongPins { count: wrong.count + 1, last: at };
        if self.wrong_pins.len() > WRONG_PINS_KEPT_MAX {
            let oldest =
                self.wrong_pins.iter().min_by_key(|(_, wrong)| wrong.last).map(|(operator, _)| operator.clone());
            oldest.and_then(|operator| self.wrong_pins.remove(&operator));
        }
    }

    /// What came back without a receipt on the business day of `shift`, in it and in the shifts before.
    pub(crate) fn blind_returns_of_day(&self, shift: &Shift) -> Money {
        let before = self.blind_returns.filter(|(day, _)| *day == shift.business_day);
        before.map_or(Money::ZERO, |(_, sum)| sum) + shift.returns_without_receipt
    }

    fn apply_event(&mut self, event: &Event, receipt: Option<&Receipt>) {
        match event {
            Event::Opened(opening) => {
                assert_eq!(opening.sequence, self.next_sequence, "TL-3: numbers have no gaps");
                self.next_sequence += 1;
                (self.kind, self.fiscal_code) = (Kind::Sale, None);
            }
            Event::Closed { .. } => {
                let (shift, receipt) = self.counting(receipt);
                shift.count_receipt(receipt);
                let day = shift.business_day;
                self.count_given(day, receipt);
            }
            Event::AccountRefused { operation, may_hold: true, .. } => self.release(*operation),
            Event::Released { kind, key } if kind.is_of_account() => {
                self.release(key.parse().expect("a claim of an account is named by its operation"));
            }
            Event::Parked { .. } => self.release_holds(receipt),
            Event::Cancelled { .. } => {
                self.release_holds(receipt);
                let (shift, receipt) = self.counting(receipt);
                shift.count_cancelled(receipt.total());
            }
            _ => {}
        }
    }

    /// What this operator gave to accounts on a business day, in all its shifts at this till.
    pub(crate) fn given_on(&self, day: NaiveDate, operator: &OperatorNumber) -> SoFar {
        let of_day = self.given.as_ref().filter(|(given_on, _)| *given_on == day);
        of_day.and_then(|(_, given)| given.get(operator)).copied().unwrap_or_default()
    }

    fn count_given(&mut self, day: NaiveDate, receipt: &Receipt) {
        let operator = &receipt.opening().operator;
        for operation in limits::given_by(receipt, &receipt.movements()) {
            let so_far = self.given_on(day, operator).and(operation);
            let of_day = self.given.take().filter(|(given_on, _)| *given_on == day);
            let (_, given) = self.given.insert(of_day.unwrap_or_else(|| (day, BTreeMap::new())));
            given.insert(operator.clone(), so_far);
        }
    }

    /// What the receipt that ends holds of accounts goes back.
    fn release_holds(&mut self, receipt: Option<&Receipt>) {
        receipt.iter().flat_map(|receipt| receipt.account_holds()).for_each(|operation| self.release(operation));
    }

    fn release(&mut self, operation: Uuid) {
        if !self.releases.contains(&operation) {
            self.releases.push(operation);
        }
    }

    fn counting<'a>(&mut self, receipt: Option<&'a Receipt>) -> (&mut Shift, &'a Receipt) {
        let shift = self.shift.as_mut().expect("TL-6: a receipt ends in its shift");
        (shift, receipt.expect("TL-6: the receipt that ends is known"))
    }

    fn finish(&mut self, operation: Operation, at: DateTime<FixedOffset>) {
        match operation {
            Operation::OpenShift { operator, float, business_day } => {
                self.last_shift += 1;
                let day = business_day.unwrap_or_else(|| at.date_naive());
                let opened = Shift::open(self.last_shift, at, day, operator.number.clone(), float);
                self.shift = Some(opened.expect("the float was checked before the device was asked"));
                self.wrong_pins.remove(&operator.number);
                (self.operator, self.locked) = (Some(operator), None);
            }
            Operation::MoveCash { amount, .. } => {
                if let Some(shift) = &mut self.shift {
                    shift.move_cash(amount);
                }
            }
            Operation::CloseShift { .. } => self.close_shift(),
        }
    }

    pub(crate) fn close_shift(&mut self) {
        self.blind_returns = self.shift.as_ref().map(|shift| (shift.business_day, self.blind_returns_of_day(shift)));
        self.shift = None;
    }
}
