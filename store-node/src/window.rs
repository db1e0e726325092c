//! What a till's screens look at: the till's view with the state of the line to the store laid over it.
//!
//! The till knows nothing of its link and the link nothing of screens; they meet here. A restart loses nothing: both are
//! asked again.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use chrono::{DateTime, FixedOffset, TimeZone};
use domain::ids::{StoreId, TillId};
use domain::money::Money;
use futures_util::future::LocalBoxFuture;
use link::uplink::{Status, UplinkStatus};
use messages::v1::receipt::ReceiptKind;
use messages::v1::view::{Light, TillMode, TillView};
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use serde::Serialize;
use till::ShowTill;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the line is looked at; a cashier reads minutes there.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A line that does not say how it is within this time is shown as it was.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// A factory that also says why it failed, and that it no longer does, to whoever shows it.
pub fn telling<A: 'static>(
    factory: impl Fn() -> LocalBoxFuture<'static, Result<A, StartError>> + 'static,
    trouble: watch::Sender<Option<String>>,
) -> impl Fn() -> LocalBoxFuture<'static, Result<A, StartError>> + 'static {
    let trouble = Arc::new(trouble);
    move || {
        let (built, trouble) = (factory(), trouble.clone());
        Box::pin(async move {
            let built = built.await;
            trouble.send_replace(built.as_ref().err().map(ToString::to_string));
            built
        })
    }
}

/// The till's own views, none before its first.
pub type RawViews = watch::Receiver<Option<Arc<TillView>>>;

pub struct Window {
    show: ActorRef<ShowTill>,
    link: ActorRef<Status>,
    raw: RawViews,
    shown: watch::Sender<Arc<TillView>>,
    clock: Clock,
    line: Option<UplinkStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct WindowState {
    pub version: u64,
    pub screens: usize,
}

/// How the line is now; none: it does not say. Sender: its own task. Answer: none. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
struct Line(Option<UplinkStatus>);

/// The till shows something new. Sender: its own task. Answer: none. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
struct Seen(Arc<TillView>);

impl Window {
    pub fn new(
        show: ActorRef<ShowTill>,
        link: ActorRef<Status>,
        raw: RawViews,
        shown: watch::Sender<Arc<TillView>>,
        clock: Clock,
    ) -> Window {
        Window { show, link, raw, shown, clock, line: None }
    }

    /// What is shown before the till has shown anything.
    pub fn blank(store: StoreId, till: TillId) -> TillView {
        let nothing_known = Light { works: false, since: None, reason: None };
        TillView {
            version: 0,
            store,
            till,
            operator: None,
            shift: None,
            shift_expired: false,
            sequence: 1,
            mode: TillMode::SignedOff,
            kind: ReceiptKind::Sale,
            lines: Vec::new(),
            last_line: None,
            total: Money::ZERO,
            discount: Money::ZERO,
            tenders: Vec::new(),
            due: Money::ZERO,
            change: None,
            fiscal: Light { works: true, since: None, reason: None },
            server: nothing_known,
            unsent: 0,
            oldest_unsent: None,
            restored: None,
            catalogue_version: 0,
            asks: None,
            training: false,
            customer: None,
            discounts: Vec::new(),
            due_in_cash: Money::ZERO,
            locked: None,
            terminal: None,
            parked: 0,
            account: None,
            disk_percent: None,
        }
    }

    fn local(&self, at_ms: i64) -> Option<DateTime<FixedOffset>> {
        self.clock.now().offset().timestamp_millis_opt(at_ms).single()
    }

    fn lay_over(&self, view: &TillView) -> TillView {
        let mut view = view.clone();
        if let Some(line) = &self.line {
            view.server = Light {
                works: line.connected,
                since: line.since_ms.and_then(|at_ms| self.local(at_ms)),
                reason: if line.connected { None } else { line.last_error.clone() },
            };
            view.unsent = line.lag;
            view.oldest_unsent = line.oldest_unsent_ms.and_then(|at_ms| self.local(at_ms));
        }
        view
    }

    fn put_up(&self, view: &TillView) {
        let view = self.lay_over(view);
        self.shown.send_if_modified(|shown| {
            let new = **shown != view;
            if new {
                *shown = Arc::new(view);
            }
            new
        });
    }
}

impl Actor for Window {
    type State = WindowState;

    async fn started(&mut self, scope: &Scope<Window>) -> Result<(), StartError> {
        if let Ok(view) = self.show.ask_within(LOOK_WITHIN, ShowTill).await {
            self.put_up(&view);
        }
        // Beside the window, so that a slow line never holds up what the till shows.
        let (link, told) = (self.link.clone(), scope.me::<Line>());
        scope.spawn(async move {
            let mut ticks = tokio::time::interval(LOOK_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let line = link.ask_within(LOOK_WITHIN, Status).await.ok();
                told.ask(Line(line)).await.ok();
            }
        });
        let me = scope.me::<Seen>();
        let mut raw = self.raw.clone();
        scope.spawn(async move {
            while raw.changed().await.is_ok() {
                let seen = raw.borrow_and_update().clone();
                if let Some(view) = seen {
                    // Its place in the queue is given up to a newer one: screens want the last view, not all of them.
                    me.ask(Seen(view)).await.ok();
                }
            }
        });
        Ok(())
    }

    fn observe(&self) -> WindowState {
        WindowState { version: self.shown.borrow().version, screens: self.shown.receiver_count() }
    }
}

impl Handle<Seen> for Window {
    async fn handle(&mut self, Seen(view): Seen, _: &Scope<Window>) {
        self.put_up(&view);
    }
}

impl Handle<Line> for Window {
    async fn handle(&mut self, Line(line): Line, _: &Scope<Window>) {
        self.line = line.or_else(|| self.line.take());
        let seen = self.raw.borrow().clone();
        if let Some(view) = seen {
            self.put_up(&view);
        }
    }
}
