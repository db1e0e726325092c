//! The till script: one operation a line, read and checked before it is run. The format is in the product's documentation;
//! unknown operations and fields are refused with the line where they stand.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, FixedOffset, NaiveDateTime};
use domain::hours::Hours;
use domain::ids::{ItemCode, OperatorNumber, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use messages::v1::catalogue::{BarcodeKind, Role, Unit};
use messages::v1::document::CashKind;
use messages::v1::receipt::{ReceiptKind, TenderType};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::head_office::AccountAct;
pub use super::parts::{Counted, End, TenderAct};

/// Longest line of a script, in bytes: a receipt of 2,000 lines takes about 300 kB.
const LINE_BYTES_MAX: usize = 4 << 20;

#[derive(Debug, thiserror::Error)]
#[error("{}{}: {reason}", file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ScriptError {
    pub file: PathBuf,
    /// None if the file cannot be read at all.
    pub line: Option<usize>,
    pub reason: String,
}

/// One line: when, where, what, and what must come of it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub n: usize,
    pub id: Option<String>,
    pub name: String,
    pub store: Option<StoreId>,
    pub till: Option<TillId>,
    pub at: DateTime<FixedOffset>,
    pub expect: Map<String, Value>,
    /// The supervisor who allows it if the till asks for one, with the PIN.
    pub approver: Option<(OperatorNumber, Option<String>)>,
    pub act: Act,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    Item(ItemAct),
    Account(AccountAct),
    BarcodeRule {
        prefix: String,
        length: usize,
        item: [usize; 2],
        value: [usize; 2],
        #[serde(default)]
        decimals: u32,
        kind: BarcodeKind,
    },
    Operator {
        number: OperatorNumber,
        name: String,
        pin: String,
        role: Role,
        card: Option<String>,
    },
    /// A section of the tills' settings, as `hq-node till-settings` takes it; `for` is a store's code.
    Settings {
        section: String,
        value: Value,
        r#for: Option<StoreId>,
    },
    SignOn {
        operator: OperatorNumber,
        #[serde(default)]
        pin: String,
    },
    SignOff {},
    Lock {
        #[serde(default)]
        r#break: bool,
    },
    OpenShift {
        operator: OperatorNumber,
        #[serde(default)]
        pin: String,
        #[serde(default)]
        float: Money,
    },
    Scan {
        data: String,
    },
    Keys {
        text: String,
    },
    /// What the till asked for: exactly one of these.
    Answer {
        old_enough: Option<bool>,
        mark: Option<String>,
        price: Option<Money>,
        quantity: Option<Quantity>,
        gift: Option<String>,
        pin: Option<String>,
    },
    Approve {
        operator: OperatorNumber,
        #[serde(default)]
        pin: String,
        #[serde(default)]
        reason: String,
    },
    Decline {},
    Weigh {
        data: String,
        tare: Option<Quantity>,
    },
    Repeat {},
    PriceCheck {
        data: String,
    },
    Discount {
        line: Option<u32>,
        percent: Option<VatRate>,
        amount: Option<Money>,
        #[serde(default)]
        reason: String,
    },
    Price {
        line: u32,
        price: Money,
        #[serde(default)]
        reason: String,
    },
    Card {
        number: String,
    },
    /// Points off the lines; without `points` as many as there are and may be.
    Burn {
        points: Option<Money>,
    },
    /// So much cash, and its change in points.
    ChangeToPoints {
        cash: Money,
    },
    /// What was taken from an account last goes back.
    GiveBack {},
    Park {
        #[serde(default)]
        name: String,
    },
    /// By the name under which it was parked; none: the only one there is.
    Recall {
        name: Option<String>,
    },
    /// Find a sale by its number, uid or QR code.
    Find {
        text: String,
    },
    /// The next lines come back without a receipt, or, with `code`, of a sale that cannot be found now.
    ReturnMode {
        code: Option<String>,
    },
    Resume {},
    TakeOut {
        line: u32,
    },
    SettleConflict {
        made: bool,
        #[serde(default)]
        reason: String,
    },
    Reprint {
        sequence: Option<u64>,
    },
    OpenDrawer {
        #[serde(default)]
        reason: String,
    },
    Train {
        on: bool,
    },
    Sell {
        code: Option<ItemCode>,
        name: Option<String>,
        #[serde(default = "one")]
        quantity: Quantity,
        price: Option<Money>,
        vat: Option<VatRate>,
    },
    Quantity {
        line: u32,
        quantity: Quantity,
    },
    Void {
        line: u32,
        quantity: Option<Quantity>,
    },
    Pay {
        tender: TenderType,
        amount: Money,
        number: Option<String>,
    },
    Receipt {
        lines: Vec<ReceiptLineAct>,
        tenders: Vec<TenderAct>,
        operator: Option<OperatorNumber>,
        card: Option<String>,
        kind: Option<ReceiptKind>,
        #[serde(default)]
        of: Option<String>,
    },
    Return {
        #[serde(default)]
        of: Option<String>,
        lines: Vec<ReturnLineAct>,
        tender: TenderType,
    },
    Cancel {},
    CashIn {
        amount: Money,
        #[serde(default)]
        reason: String,
        kind: Option<CashKind>,
    },
    CashOut {
        amount: Money,
        #[serde(default)]
        reason: String,
        kind: Option<CashKind>,
    },
    XReport {},
    Count {
        counted: Counted,
    },
    /// Without `counted` only a shift that is too old is closed.
    CloseShift {
        counted: Option<Counted>,
    },
    Link {
        between: [End; 2],
        up: bool,
    },
    Crash {
        node: End,
        when: Option<String>,
    },
    Device {
        device: String,
        fault: String,
    },
    Settle {},
    Report {
        name: String,
        #[serde(default)]
        args: BTreeMap<String, Value>,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemAct {
    pub code: ItemCode,
    #[serde(default)]
    pub name: Option<String>,
    pub price: Option<Money>,
    pub vat: Option<VatRate>,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub barcodes: Vec<String>,
    pub plu: Option<u32>,
    pub group: Option<String>,
    #[serde(default)]
    pub marked: bool,
    pub min_age: Option<u8>,
    #[serde(default = "yes")]
    pub discountable: bool,
    #[serde(default)]
    pub deleted: bool,
    pub no_sale: Option<Hours>,
    pub open_price: Option<[Money; 2]>,
    pub deposit: Option<ItemCode>,
    pub tare: Option<Quantity>,
    #[serde(default)]
    pub gift_card: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLineAct {
    pub code: ItemCode,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub price: Option<Money>,
    pub vat: Option<VatRate>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnLineAct {
    pub line: u32,
    pub quantity: Quantity,
}

fn yes() -> bool {
    true
}

fn one() -> Quantity {
    Quantity::ONE
}

/// Operations of the format that belong to parts of the product which are not there yet.
const NOT_YET: [&str; 1] = ["promotion"];

/// Reads a script line by line; each line inherits place and time from the one before.
#[derive(Debug)]
pub struct Reader<R> {
    file: PathBuf,
    lines: R,
    n: usize,
    store: Option<StoreId>,
    till: Option<TillId>,
    at: Option<DateTime<FixedOffset>>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(file: &Path, lines: R) -> Reader<R> {
        Reader { file: file.to_owned(), lines, n: 0, store: None, till: None, at: None }
    }

    fn refuse(&self, reason: impl Into<String>) -> ScriptError {
        ScriptError { file: self.file.clone(), line: Some(self.n), reason: reason.into() }
    }

    fn parse(&mut self, text: &str) -> Result<Operation, ScriptError> {
        let value: Value = serde_json::from_str(text).map_err(|error| self.refuse(not_json(&error)))?;
        let Value::Object(mut fields) = value else { return Err(self.refuse("an operation is a JSON object")) };
        let name = match fields.get("do") {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(self.refuse("the field \"do\" is missing")),
        };
        if NOT_YET.contains(&name.as_str()) {
            return Err(self.refuse(format!("the operation \"{name}\" is not available in this version")));
        }
        if let Some(store) = self.field::<StoreId>(&mut fields, "store")? {
            if self.store.as_ref() != Some(&store) {
                self.till = Some(TillId(1));
            }
            self.store = Some(store);
        }
        if let Some(till) = self.field::<TillId>(&mut fields, "till")? {
            self.till = Some(till);
        }
        let at = self.field::<String>(&mut fields, "at")?;
        let at = self.time(at)?;
        self.at = Some(at);
        let id = self.field::<String>(&mut fields, "id")?;
        let expect = self.field::<Map<String, Value>>(&mut fields, "expect")?.unwrap_or_default();
        let approver = self.field::<OperatorNumber>(&mut fields, "approver")?;
        let approver_pin = self.field::<String>(&mut fields, "approver_pin")?;
        let approver = approver.map(|number| (number, approver_pin));
        let act =
            serde_json::from_value::<Act>(Value::Object(fields)).map_err(|error| self.refuse(error.to_string()))?;
        if let Act::Count { counted } | Act::CloseShift { counted: Some(counted) } = &act {
            counted.counted().map_err(|reason| self.refuse(reason))?;
        }
        let operation =
            Operation { n: self.n, id, name, store: self.store.clone(), till: self.till, at, expect, approver, act };
        if operation.needs_store() && operation.store.is_none() {
            return Err(self.refuse("no \"store\" here or on a line before"));
        }
        Ok(operation)
    }

    fn field<T: serde::de::DeserializeOwned>(
        &self,
        fields: &mut Map<String, Value>,
        name: &str,
    ) -> Result<Option<T>, ScriptError> {
        match fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                serde_json::from_value(value).map(Some).map_err(|error| self.refuse(format!("\"{name}\": {error}")))
            }
        }
    }

    fn time(&self, at: Option<String>) -> Result<DateTime<FixedOffset>, ScriptError> {
        let Some(text) = at else {
            let first = DateTime::<FixedOffset>::default();
            return Ok(self.at.map_or(first, |before| before + Duration::seconds(1)));
        };
        let offset = self.at.map_or(FixedOffset::east_opt(0).expect("zero is an offset"), |before| *before.offset());
        let at: Result<DateTime<FixedOffset>, ()> = DateTime::parse_from_rfc3339(&text).or_else(|_| {
            let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f");
            local.ok().and_then(|local| local.and_local_timezone(offset).single()).ok_or(())
        });
        at.map_err(|()| self.refuse(format!("\"at\": \"{text}\" is not a time like 2026-01-31T09:05:00")))
    }
}

impl Operation {
    fn needs_store(&self) -> bool {
        !matches!(
            self.act,
            Act::Item(_)
                | Act::Account(_)
                | Act::BarcodeRule { .. }
                | Act::Operator { .. }
                | Act::Settings { .. }
                | Act::Settle {}
                | Act::Report { .. }
        ) && !matches!(self.act, Act::Crash { node: End::Hq, .. })
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Operation, ScriptError>;

    fn next(&mut self) -> Option<Result<Operation, ScriptError>> {
        loop {
            self.n += 1;
            let mut line = Vec::new();
            let mut limited = std::io::Read::take(&mut self.lines, LINE_BYTES_MAX as u64 + 1);
            match limited.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(bytes) if bytes > LINE_BYTES_MAX => {
                    return Some(Err(self.refuse(format!("the line has more than {LINE_BYTES_MAX} bytes"))));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(self.refuse(format!("cannot be read: {error}")))),
            }
            let Ok(text) = std::str::from_utf8(&line) else { return Some(Err(self.refuse("not UTF-8"))) };
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                let text = text.to_owned();
                return Some(self.parse(&text));
            }
        }
    }
}

/// The reason with the column, for the line is known better here.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    format!("not JSON: {reason} at column {}", error.column())
}

/// Read a whole script, so that nothing is run of one that is malformed. A name that ends in `.zst` is unpacked.
pub fn read(file: &Path) -> Result<Vec<Operation>, ScriptError> {
    let cannot = |error: std::io::Error| ScriptError { file: file.to_owned(), line: None, reason: error.to_string() };
    let open = std::fs::File::open(file).map_err(cannot)?;
    if file.extension().is_some_and(|extension| extension == "zst") {
        let unpacked = zstd::Decoder::new(open).map_err(cannot)?;
        Reader::new(file, std::io::BufReader::new(unpacked)).collect()
    } else {
        Reader::new(file, std::io::BufReader::new(open)).collect()
    }
}
