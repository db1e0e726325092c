//! What a till knows beside its open receipt: who is signed on, the shift, the next number, what the device was asked for.
//! Pure: records in, state out. It is written whole with every commit, so a start reads one row.

use chrono::{DateTime, FixedOffset};
use domain::ids::OperatorNumber;
use domain::money::Money;
use domain::receipt::{Baseline, Event, Kind, Receipt, Sign};
use domain::shift::Shift;
use serde::{Deserialize, Serialize};

/// One entry of the electronic journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    Receipt(Event),
    SignedOn(SignedOn),
    SignedOff,
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
    /// The device had a shift open that this till knows nothing of; it was closed.
    StrayShiftClosed {
        sign: Sign,
    },
    Counted {
        counted: Money,
        over_short: Money,
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
            Record::KindChosen { .. } => "kind_chosen",
            Record::InputRejected { .. } => "input_rejected",
            Record::DeviceBegun(begun) => begun.operation.name(),
            Record::DeviceDone { .. } => "device_done",
            Record::DeviceGivenUp { .. } => "device_given_up",
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
    },
    /// Above zero into the drawer, below zero out of it.
    MoveCash {
        amount: Money,
        reason: String,
    },
    CloseShift {
        counted: Money,
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
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk { next_sequence: 1, last_shift: 0, operator: None, kind: Kind::Sale, shift: None, begun: None }
    }

    /// `receipt` is the receipt to which an event of a receipt belongs, as it was paid.
    pub(crate) fn apply(&mut self, record: &Record, receipt: Option<&Receipt>) {
        match record {
            Record::Receipt(event) => self.apply_event(event, receipt),
            Record::SignedOn(operator) => self.operator = Some(operator.clone()),
            Record::SignedOff => self.operator = None,
            Record::KindChosen { kind } => self.kind = *kind,
            Record::DeviceBegun(begun) => self.begun = Some(begun.clone()),
            Record::DeviceGivenUp { .. } => self.begun = None,
            Record::DeviceDone { at, .. } => {
                if let Some(begun) = self.begun.take() {
                    self.finish(begun.operation, *at);
                }
            }
            Record::InputRejected { .. }
            | Record::StrayShiftClosed { .. }
            | Record::Counted { .. }
            | Record::DrawerOpened { .. }
            | Record::FiscalConflict { .. } => {}
        }
    }

    fn apply_event(&mut self, event: &Event, receipt: Option<&Receipt>) {
        match event {
            Event::Opened(opening) => {
                assert_eq!(opening.sequence, self.next_sequence, "TL-3: numbers have no gaps");
                self.next_sequence += 1;
                self.kind = Kind::Sale;
            }
            Event::Closed { .. } => {
                let (shift, receipt) = self.counting(receipt);
                shift.count_receipt(receipt);
            }
            Event::Cancelled { .. } => {
                let (shift, receipt) = self.counting(receipt);
                shift.count_cancelled(receipt.total());
            }
            _ => {}
        }
    }

    fn counting<'a>(&mut self, receipt: Option<&'a Receipt>) -> (&mut Shift, &'a Receipt) {
        let shift = self.shift.as_mut().expect("TL-6: a receipt ends in its shift");
        (shift, receipt.expect("TL-6: the receipt that ends is known"))
    }

    fn finish(&mut self, operation: Operation, at: DateTime<FixedOffset>) {
        match operation {
            Operation::OpenShift { operator, float } => {
                self.last_shift += 1;
                let opened = Shift::open(self.last_shift, at, operator.number.clone(), float);
                self.shift = Some(opened.expect("the float was checked before the device was asked"));
                self.operator = Some(operator);
            }
            Operation::MoveCash { amount, .. } => {
                if let Some(shift) = &mut self.shift {
                    shift.move_cash(amount);
                }
            }
            Operation::CloseShift { .. } => self.shift = None,
        }
    }
}
