//! The shop as it is now: its tills, its scales, and whether everything says the same price. One actor reads it for all pages.
//!
//! Owns nothing durable: a restart looks again. It looks every second and when a scale or the goods changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use link::apply::PeerRole;
use link::downlinks::{PeerStatus, Status};
use messages::v1::catalogue::ITEMS;
use runtime::actor::{Actor, Handle, Scope};
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use scales::coherence::Coherence;
use scales::goods::Goods;
use scales::requests::CloseChange;
use scales::shelf_labels::LabelCount;
use scales::view::{Board, ScaleView};
use serde::Serialize;
use tokio::sync::watch;

/// So often tills are looked at; nobody reads faster.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A link actor that is busy is shown as it was last.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ShopNow {
    pub tills: Vec<PeerStatus>,
    pub scales: Arc<BTreeMap<String, ScaleView>>,
    pub coherence: Coherence,
}

/// What it is read from and shown by.
#[derive(Clone, Debug)]
pub struct ShopPorts {
    pub links: ActorRef<Status>,
    /// Tills that are there whether they linked or not.
    pub tills: Vec<String>,
    pub board: Board,
    pub goods: watch::Receiver<Arc<Goods>>,
    pub labels: watch::Receiver<LabelCount>,
    pub close: ActorRef<CloseChange>,
    pub view: watch::Sender<Arc<ShopNow>>,
}

pub struct ShopWatch {
    ports: ShopPorts,
    tills: Vec<PeerStatus>,
}

/// Look at the shop. Sender: its own timer. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Look;

impl ShopWatch {
    pub fn new(ports: ShopPorts) -> ShopWatch {
        ShopWatch { ports, tills: Vec::new() }
    }

    async fn look(&mut self) {
        if let Ok(status) = self.ports.links.ask_within(ASK_WITHIN, Status).await {
            self.tills = status.peers.into_iter().filter(|peer| peer.role == PeerRole::Till).collect();
        }
        let (version, scales) = (self.ports.goods.borrow().version, self.ports.board.now());
        let labels = *self.ports.labels.borrow();
        let has = |till: &PeerStatus| till.datasets.get(ITEMS).copied().unwrap_or(0);
        let never = self.ports.tills.iter().filter(|name| self.tills.iter().all(|till| till.name != **name));
        let tills = self.tills.iter().map(has).chain(never.map(|_| 0));
        let coherence = Coherence::new(version, tills, scales.values(), labels);
        if coherence.labels.is_whole() && labels.of > 0 {
            // Whether it is noted or not, the next look sees.
            self.ports.close.ask(CloseChange { version }).await.ok();
        }
        let now = ShopNow { tills: self.tills.clone(), scales, coherence };
        self.ports.view.send_if_modified(|shown| {
            let is_new = **shown != now;
            if is_new {
                *shown = Arc::new(now);
            }
            is_new
        });
    }
}

impl Actor for ShopWatch {
    type State = ShopNow;

    async fn started(&mut self, scope: &Scope<ShopWatch>) -> Result<(), StartError> {
        self.look().await;
        scope.every(LOOK_EVERY, || Look);
        Ok(())
    }

    fn observe(&self) -> ShopNow {
        ShopNow::clone(&self.ports.view.borrow())
    }
}

impl Handle<Look> for ShopWatch {
    async fn handle(&mut self, _: Look, _: &Scope<ShopWatch>) {
        self.look().await;
    }
}
