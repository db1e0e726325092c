//! What a till is told about itself, and the ports through which it reaches the world.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use devices::fiscal::FiscalDevice;
use devices::printer::ReceiptPrinter;
use devices::scale::Scale;
use devices::terminal::{Cancel, PaymentTerminal};
use domain::ids::{StoreId, TillId};
use link::bell::Bell;
use link::requests::AskAbove;
use messages::v1::view::TillView;
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::reference::ActorRef;
use tokio::sync::watch;

use crate::catalogue::Catalogue;

/// How long a screen or a script waits for a command: a customer at the bank terminal takes up to two minutes, and a device
/// that loses answers is asked three times after that, seconds each.
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(240);

/// Who a till lets in when the staff list does not have the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownOperators {
    #[default]
    Refuse,
    /// With every right and without a PIN: replays of real data name people that nobody defined.
    Allow,
}

/// A point of a receipt's way that is passed once: what stands before it is stored, what follows has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SagaStep {
    Open,
    /// Where the terminal stood is stored; it was not asked yet.
    TerminalAsked,
    /// The terminal moved the money; nothing of it is stored yet.
    TerminalAnswered,
    /// The number of an account's operation is stored; nobody was asked yet.
    AccountAsked,
    /// The account said yes; nothing of it is stored yet.
    AccountAnswered,
    Paying,
    Paid,
    /// The device's baseline is stored; the device was not asked yet.
    Fiscalising,
    /// The device made the document; nothing of it is stored yet.
    Registered,
    Fiscalised,
    Closed,
}

impl SagaStep {
    /// Steps that every sale with a card passes.
    pub const ALL: [SagaStep; 9] = [
        SagaStep::Open,
        SagaStep::TerminalAsked,
        SagaStep::TerminalAnswered,
        SagaStep::Paying,
        SagaStep::Paid,
        SagaStep::Fiscalising,
        SagaStep::Registered,
        SagaStep::Fiscalised,
        SagaStep::Closed,
    ];

    /// Steps of a receipt that takes from a customer's account.
    pub const OF_ACCOUNTS: [SagaStep; 2] = [SagaStep::AccountAsked, SagaStep::AccountAnswered];

    pub fn name(self) -> &'static str {
        match self {
            SagaStep::Open => "Open",
            SagaStep::TerminalAsked => "TerminalAsked",
            SagaStep::TerminalAnswered => "TerminalAnswered",
            SagaStep::AccountAsked => "AccountAsked",
            SagaStep::AccountAnswered => "AccountAnswered",
            SagaStep::Paying => "Paying",
            SagaStep::Paid => "Paid",
            SagaStep::Fiscalising => "Fiscalising",
            SagaStep::Registered => "Registered",
            SagaStep::Fiscalised => "Fiscalised",
            SagaStep::Closed => "Closed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a step of a receipt: Open, TerminalAsked, TerminalAnswered, AccountAsked, AccountAnswered, Paying, Paid, Fiscalising, Registered, Fiscalised or Closed is expected"
)]
pub struct NotAStep {
    text: String,
}

impl FromStr for SagaStep {
    type Err = NotAStep;
    fn from_str(text: &str) -> Result<SagaStep, NotAStep> {
        let same = |step: &SagaStep| step.name().eq_ignore_ascii_case(text);
        SagaStep::ALL
            .into_iter()
            .chain(SagaStep::OF_ACCOUNTS)
            .find(same)
            .ok_or_else(|| NotAStep { text: text.to_owned() })
    }
}

/// Called at each step; a drill may end the process, or panic, there.
pub type StepHook = Arc<dyn Fn(SagaStep) + Send + Sync>;

/// Makes the driver of the fiscal device, anew for each life of the till.
pub type DeviceFactory = Arc<dyn Fn() -> Box<dyn FiscalDevice> + Send + Sync>;

#[derive(Clone)]
pub struct TillSettings {
    pub store: StoreId,
    pub till: TillId,
    pub unknown_operators: UnknownOperators,
    /// None in a shop; tests and drills stop the till there.
    pub on_step: Option<StepHook>,
    /// Nothing of it is real: it says so on paper and on the screen.
    pub training: bool,
    /// Name and version of this program, which may not be ahead of the store's.
    pub software: String,
}

impl TillSettings {
    pub fn new(store: StoreId, till: TillId) -> TillSettings {
        TillSettings {
            store,
            till,
            unknown_operators: UnknownOperators::default(),
            on_step: None,
            training: false,
            software: link::requests::SOFTWARE.to_owned(),
        }
    }
}

impl fmt::Debug for TillSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TillSettings").field("store", &self.store).field("till", &self.till).finish_non_exhaustive()
    }
}

/// Where views go. Nothing is built while nobody has a receiver.
pub type ViewSender = Arc<watch::Sender<Option<Arc<TillView>>>>;

/// A channel for views. It outlives the till's restarts: make it once a node.
pub fn views() -> (ViewSender, watch::Receiver<Option<Arc<TillView>>>) {
    let (sender, receiver) = watch::channel(None);
    (Arc::new(sender), receiver)
}

/// Makes the driver of a payment terminal.
pub type TerminalFactory = Arc<dyn Fn() -> Box<dyn PaymentTerminal> + Send + Sync>;
/// Makes the driver of a scale.
pub type ScaleFactory = Arc<dyn Fn() -> Box<dyn Scale> + Send + Sync>;
/// Makes the driver of a receipt printer.
pub type PrinterFactory = Arc<dyn Fn() -> Box<dyn ReceiptPrinter> + Send + Sync>;

/// What else stands on the counter. A till sells without any of it.
#[derive(Clone, Default)]
pub struct Counter {
    /// Without one a card is a tender that the cashier answers for.
    pub card_terminal: Option<TerminalFactory>,
    pub qr_terminal: Option<TerminalFactory>,
    /// Rings when the cashier wants a terminal to stop.
    pub cancel: Cancel,
    pub scale: Option<ScaleFactory>,
    /// Without one, copies are printed by the fiscal device.
    pub printer: Option<PrinterFactory>,
    /// Where the till plays shop.
    pub training: Option<TrainingGround>,
}

/// A place and devices for training, none of them real.
#[derive(Clone)]
pub struct TrainingGround {
    /// Emptied at the beginning and at the end.
    pub folder: PathBuf,
    pub device: DeviceFactory,
    pub counter: Arc<Counter>,
}

#[derive(Clone)]
pub struct TillPorts {
    pub database: Database,
    pub catalogue: Catalogue,
    pub clock: Clock,
    /// Where the databases lie.
    pub disk: Disk,
    pub device: DeviceFactory,
    /// The node above, for receipts of other tills. None: returns by receipt are of this till's receipts only.
    pub above: Option<ActorRef<AskAbove>>,
    pub views: Option<ViewSender>,
    /// Rung when a document for the node above was committed.
    pub outbox_bell: Option<Bell>,
    /// Whether the store knows where this till's database stands. None: there is no store.
    pub compared: Option<watch::Receiver<bool>>,
    pub counter: Counter,
}
