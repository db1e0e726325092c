//! Runs the operations of a script one after another and says what came of each.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use domain::ids::{OperatorNumber, ReceiptId, StoreId, TillId};
use messages::v1::till::{TillCommand, TillError, TillReply};
use runtime::reference::SendError;
use serde_json::{Map, Value, json};

use super::expect::{expects_refusal, unmet};
use super::script::{Act, End, Operation};
use crate::chain::Chain;
use crate::tui::keys::{Keyboard, Outcome};

/// How long one operation may take; a receipt of 2,000 lines on a slow fiscal device takes a minute.
const OPERATION_DEADLINE: Duration = Duration::from_secs(120);
/// How long everything that is connected may take to agree.
pub const SETTLE_DEADLINE: Duration = Duration::from_secs(600);
/// How often an operation is begun again because its till died under it before anything was stored.
const ATTEMPTS_MAX: u32 = 5;
/// How long a script waits for the store to say who a customer is.
const CUSTOMER_DEADLINE: Duration = Duration::from_secs(6);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Rights that one operation may lack.
const APPROVALS_MAX: u32 = 4;
/// The till's word for a right that a supervisor must give.
const ASKS_APPROVAL: &str = "asks_approval";

/// What a whole run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub operations: u64,
    pub refused: u64,
    pub unmet: u64,
}

impl Summary {
    pub fn all_met(&self) -> bool {
        self.refused == 0 && self.unmet == 0
    }
}

/// A refusal, as the result line shows it.
#[derive(Debug)]
pub(super) struct Refused {
    code: String,
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("operation {n} ({name}): {error:#}")]
pub struct NodeFailed {
    n: usize,
    name: String,
    error: anyhow::Error,
}

pub(super) enum Failure {
    Refused(Refused),
    Node(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Node(error)
    }
}

impl From<TillError> for Failure {
    fn from(error: TillError) -> Failure {
        Failure::Refused(Refused { code: error.code().to_owned(), text: error.to_string() })
    }
}

pub(super) fn refuse(code: &str, text: impl Into<String>) -> Failure {
    Failure::Refused(Refused { code: code.to_owned(), text: text.into() })
}

/// The state of a run: the chain of nodes, and what later lines may refer to.
pub struct Runner {
    chain: Chain,
    closed_by_id: BTreeMap<String, ReceiptId>,
    keyboards: BTreeMap<(StoreId, TillId), Keyboard>,
    /// PINs that the script gave to operators.
    pub(super) pins: BTreeMap<OperatorNumber, String>,
    /// The catalogue changed since a till was last waited for.
    pub(super) catalogue_changed: bool,
    realtime: bool,
}

impl Runner {
    pub fn new(chain: Chain, realtime: bool) -> Runner {
        Runner {
            chain,
            closed_by_id: BTreeMap::new(),
            keyboards: BTreeMap::new(),
            pins: BTreeMap::new(),
            catalogue_changed: false,
            realtime,
        }
    }

    pub fn chain(&mut self) -> &mut Chain {
        &mut self.chain
    }

    pub fn into_chain(self) -> Chain {
        self.chain
    }

    /// Run all operations, write one result line each, and wait at the end until everything connected agrees.
    pub async fn run(
        &mut self,
        operations: &[Operation],
        out: &mut dyn Write,
        mut done: impl FnMut(usize),
    ) -> Result<Summary, NodeFailed> {
        let mut summary = Summary::default();
        for operation in operations {
            let failed = |error: anyhow::Error| NodeFailed { n: operation.n, name: operation.name.clone(), error };
            let (result, refused) = self.step(operation).await.map_err(failed)?;
            let mut result = result;
            summary.operations += 1;
            if !operation.expect.is_empty() {
                let differs = unmet(&operation.expect, &Value::Object(result.clone()));
                result.insert("met".to_owned(), json!(differs.is_empty()));
                if !differs.is_empty() {
                    summary.unmet += 1;
                    result.insert("unmet".to_owned(), json!(differs));
                }
            }
            if refused && !expects_refusal(&operation.expect) {
                summary.refused += 1;
            }
            serde_json::to_writer(&mut *out, &result).map_err(|error| failed(error.into()))?;
            out.write_all(b"\n").map_err(|error| failed(error.into()))?;
            done(usize::try_from(summary.operations).unwrap_or(usize::MAX));
        }
        let last = operations.last().map_or(0, |operation| operation.n);
        let settled = self.chain.settle(SETTLE_DEADLINE).await;
        settled.map_err(|error| NodeFailed { n: last, name: "settle".to_owned(), error })?;
        out.flush().map_err(|error| NodeFailed { n: last, name: "result".to_owned(), error: error.into() })?;
        Ok(summary)
    }

    /// Run one operation: its result, and whether it was refused.
    pub async fn step(&mut self, operation: &Operation) -> anyhow::Result<(Map<String, Value>, bool)> {
        if self.realtime {
            self.chain.wait_until(operation.at).await;
        }
        self.chain.set_time(operation.store.as_ref(), operation.at);
        let mut result = Map::new();
        result.insert("n".to_owned(), json!(operation.n));
        if let Some(id) = &operation.id {
            result.insert("id".to_owned(), json!(id));
        }
        result.insert("do".to_owned(), json!(operation.name));
        match self.act(operation).await {
            Ok(fields) => {
                result.insert("ok".to_owned(), json!(true));
                result.extend(fields);
                Ok((result, false))
            }
            Err(Failure::Refused(Refused { code, text })) => {
                result.insert("ok".to_owned(), json!(false));
                result.insert("error".to_owned(), json!({"code": code, "text": text}));
                Ok((result, true))
            }
            Err(Failure::Node(error)) => Err(error),
        }
    }

    async fn act(&mut self, operation: &Operation) -> Result<Map<String, Value>, Failure> {
        if let Some(done) = self.head_office(&operation.act).await {
            return done;
        }
        match &operation.act {
            Act::Link { between, up } => self.link(operation, *between, *up).await,
            Act::Crash { node, when } => self.crash(operation, *node, when.as_deref()).await,
            Act::Device { device, fault } => {
                let (store, till) = self.place(operation).await?;
                self.chain.set_fault(&store, till, device, fault).map_err(|text| refuse("bad_fault", text))?;
                Ok(Map::new())
            }
            Act::Settle {} => {
                self.chain.settle(SETTLE_DEADLINE).await?;
                Ok(Map::new())
            }
            Act::Report { name, args } => {
                let rows = self.chain.report(name, args, operation.store.as_ref(), operation.till).await;
                let rows = rows?.map_err(|text| refuse("bad_report", text))?;
                Ok(Map::from_iter([("rows".to_owned(), rows)]))
            }
            Act::Keys { text } => self.keys(operation, text).await,
            _ => {
                let (store, till) = self.place(operation).await?;
                let command = match &operation.act {
                    Act::Recall { name: Some(name) } => self.recall(&store, till, name).await?,
                    act => self.command(act)?,
                };
                let identifies = matches!(command, TillCommand::Customer { .. });
                let reply = match self.ask(&store, till, command).await {
                    Err(Failure::Refused(refused)) if refused.code == ASKS_APPROVAL && operation.approver.is_some() => {
                        self.approve(&store, till, operation).await?
                    }
                    other => other?,
                };
                if identifies {
                    self.customer_answered(&store, till).await?;
                }
                Ok(self.fields(operation, reply))
            }
        }
    }

    /// The till of an operation, started on first mention, with the catalogue as it stands if it is connected.
    async fn place(&mut self, operation: &Operation) -> Result<(StoreId, TillId), Failure> {
        let store = operation.store.clone().ok_or_else(|| refuse("no_store", "the operation names no store"))?;
        let till = operation.till.unwrap_or(TillId(1));
        let new = self.chain.ensure_till(&store, till).await?;
        if self.catalogue_changed || new {
            self.chain.settle_catalogue(&store, till, SETTLE_DEADLINE).await?;
            self.catalogue_changed = false;
        }
        Ok((store, till))
    }

    async fn link(
        &mut self,
        operation: &Operation,
        between: [End; 2],
        up: bool,
    ) -> Result<Map<String, Value>, Failure> {
        let (store, till) = self.place(operation).await?;
        match between {
            [End::Till, End::Store] | [End::Store, End::Till] => self.chain.set_till_link(&store, till, up).await?,
            [End::Store, End::Hq] | [End::Hq, End::Store] => self.chain.set_store_link(&store, up).await?,
            _ => return Err(refuse("no_such_link", "there are links between till and store, and store and hq")),
        }
        Ok(Map::new())
    }

    async fn crash(
        &mut self,
        operation: &Operation,
        node: End,
        when: Option<&str>,
    ) -> Result<Map<String, Value>, Failure> {
        match (node, when) {
            (End::Hq, None) => self.chain.crash_hq().await?,
            (End::Store, None) => {
                let (store, _) = self.place(operation).await?;
                self.chain.crash_store(&store).await?;
            }
            (End::Till, None) => {
                let (store, till) = self.place(operation).await?;
                self.chain.crash_till(&store, till).await?;
            }
            (End::Till, Some(step)) => {
                let (store, till) = self.place(operation).await?;
                self.chain.crash_till_at(&store, till, step).map_err(|text| refuse("no_such_step", text))?;
            }
            (End::Store | End::Hq, Some(_)) => {
                return Err(refuse("no_such_step", "the steps of \"when\" are those of a till"));
            }
        }
        Ok(Map::new())
    }

    async fn keys(&mut self, operation: &Operation, text: &str) -> Result<Map<String, Value>, Failure> {
        let (store, till) = self.place(operation).await?;
        let keys = crate::tui::keys::parse(text).map_err(|error| refuse("bad_keys", error.to_string()))?;
        let mut keyboard = self.keyboards.remove(&(store.clone(), till)).unwrap_or_default();
        let view = self.chain.view(&store, till).await?;
        let chain = &self.chain;
        let failed = std::cell::RefCell::new(None);
        let outcomes = keyboard
            .press(view.clone(), keys, async |command| {
                let asked = async {
                    let answer = chain.ask(&store, till, OPERATION_DEADLINE, command).await?;
                    anyhow::Ok((answer, chain.view(&store, till).await?))
                };
                asked.await.unwrap_or_else(|error| {
                    *failed.borrow_mut() = Some(error);
                    (Err(TillError::NotStored { reason: "the till does not answer".to_owned() }), view.clone())
                })
            })
            .await;
        if let Some(error) = failed.into_inner() {
            return Err(error.into());
        }
        self.keyboards.insert((store, till), keyboard);
        let mut last = TillReply::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Answered { answer, .. } => last = answer?,
                Outcome::Refused { code, text } => return Err(refuse(&code, text)),
                Outcome::Left => return Err(refuse("left", "the keys leave the screen")),
            }
        }
        Ok(self.fields(operation, last))
    }

    /// A cashier who scanned a card looks at the screen before going on: wait until the store has said who it is, or that
    /// nobody answers.
    async fn customer_answered(&self, store: &StoreId, till: TillId) -> Result<(), Failure> {
        let begun = std::time::Instant::now();
        while begun.elapsed() < CUSTOMER_DEADLINE {
            let view = self.chain.view(store, till).await?;
            if view.account.as_ref().is_none_or(|account| !account.asking) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The supervisor of the operation says yes, as often as the till asks.
    async fn approve(&mut self, store: &StoreId, till: TillId, operation: &Operation) -> Result<TillReply, Failure> {
        let Some((operator, pin)) = operation.approver.clone() else {
            return Err(refuse(ASKS_APPROVAL, "no approver"));
        };
        let pin = pin.or_else(|| self.pins.get(&operator).cloned()).unwrap_or_default();
        let approve = TillCommand::Approve { operator, pin, reason: "approved".to_owned() };
        for _ in 0..APPROVALS_MAX {
            match self.ask(store, till, approve.clone()).await {
                Err(Failure::Refused(refused)) if refused.code == ASKS_APPROVAL => {}
                other => return other,
            }
        }
        Err(refuse(ASKS_APPROVAL, "the till asks for more approvals than one operation needs"))
    }

    /// The parked receipt with this name.
    async fn recall(&mut self, store: &StoreId, till: TillId, name: &str) -> Result<TillCommand, Failure> {
        let parked = self.ask(store, till, TillCommand::ListParked).await?.parked.unwrap_or_default();
        let found = parked.iter().find(|parked| parked.name == name);
        let found = found.ok_or_else(|| refuse("nothing_parked", format!("no receipt \"{name}\" is put aside")))?;
        Ok(TillCommand::Recall { parked: Some(found.uid) })
    }

    /// Ask a till; if it dies under the command, start it again and let it finish what it had begun.
    async fn ask(&mut self, store: &StoreId, till: TillId, command: TillCommand) -> Result<TillReply, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            let before = self.chain.next_sequence(store, till).await?;
            match self.chain.ask(store, till, OPERATION_DEADLINE, command.clone()).await? {
                Ok(reply) => return Ok(reply),
                Err(error) if !self.chain.is_dead(store, till) => return Err(error.into()),
                Err(_) => {}
            }
            self.chain.revive_till(store, till).await?;
            let closes =
                matches!(command, TillCommand::Pay { .. } | TillCommand::Whole(_) | TillCommand::Return { .. });
            if closes && let Some(receipt) = self.chain.closed_receipt(store, till, before).await? {
                let change = Some(receipt.change);
                return Ok(TillReply { receipt: Some(Box::new(receipt)), change, ..TillReply::default() });
            }
        }
        Err(Failure::Node(anyhow::anyhow!("till {store}/{till} died {ATTEMPTS_MAX} times under one operation")))
    }

    pub(super) fn receipt_of(&self, of: &str) -> Result<ReceiptId, Failure> {
        match of.strip_prefix('@') {
            Some(id) => self.closed_by_id.get(id).copied().ok_or_else(|| {
                refuse("no_such_receipt", format!("no operation with the id \"{id}\" has closed a receipt"))
            }),
            None => of
                .parse()
                .map(ReceiptId)
                .map_err(|_| refuse("no_such_receipt", format!("\"{of}\" is not the uid of a receipt"))),
        }
    }

    fn fields(&mut self, operation: &Operation, reply: TillReply) -> Map<String, Value> {
        let TillReply {
            receipt,
            line,
            change,
            due,
            over_short,
            totals,
            item,
            found,
            parked,
            receipts: _,
            taken,
            notes,
        } = reply;
        if let (Some(id), Some(receipt)) = (&operation.id, &receipt) {
            self.closed_by_id.insert(id.clone(), receipt.uid);
        }
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("receipt", receipt.map(|receipt| shown(&receipt)));
        put("line", line.map(|line| json!(line)));
        put("change", change.map(|change| json!(change)));
        put("due", due.map(|due| json!(due)));
        put("over_short", over_short.map(|over_short| json!(over_short)));
        put("totals", totals.map(|totals| json!(totals)));
        put("item", item.map(|item| json!(item)));
        put("found", found.map(|found| json!(found)));
        put("parked", parked.map(|parked| json!(parked)));
        put("taken", taken.map(|taken| json!(taken)));
        put("notes", (!notes.is_empty()).then(|| json!(notes)));
        fields
    }
}

/// A receipt as results show it: points of every receipt, and no more decimals than they have.
fn shown(receipt: &messages::v1::receipt::Receipt) -> Value {
    let mut value = json!(receipt);
    let points = receipt.points.as_deref().cloned().unwrap_or_default();
    let text = |points: domain::money::Money| {
        let text = points.to_string();
        text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
    };
    value["points"] = json!({
        "earned": text(points.earned),
        "burned": text(points.burned),
        "balance": text(points.balance.unwrap_or_default()),
    });
    if !points.kept.is_zero() {
        value["points"]["kept"] = json!(points.kept);
    }
    value
}

/// Errors of a send, for the operator's eyes.
pub(crate) fn unanswered(store: &StoreId, till: TillId, error: SendError) -> anyhow::Error {
    anyhow::anyhow!("till {store}/{till}: {error}")
}
