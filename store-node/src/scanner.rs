//! The scanner with a line of its own: each code it reads is handed to the cashier's screen, as a burst of keys would be.
//!
//! Owns the line and nothing else; a restart opens it anew. A scanner that is not there stops nobody: codes are keyed
//! meanwhile, and it comes back by itself.
//!
//! Must never: show what was scanned in its state or in the log. It may be a card.

use actix::Message;
use devices::port::Connector;
use devices::scanner::WedgeSettings;
use devices::scanner::line::{Heard, LineScanner};
use runtime::actor::{Actor, Handle, Scope};
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use serde::Serialize;

use crate::tui::Scanned;

pub struct Scanner {
    connector: Connector,
    settings: WedgeSettings,
    screen: ActorRef<Scanned>,
    state: ScannerState,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ScannerState {
    pub scans: u64,
    pub failure: Option<String>,
}

/// The scanner has said something. Sender: its own task. Answer: none. Repeat: no, a scan would be sold twice.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
struct Said(Heard);

impl Scanner {
    pub fn new(connector: Connector, settings: WedgeSettings, screen: ActorRef<Scanned>) -> Scanner {
        Scanner { connector, settings, screen, state: ScannerState::default() }
    }
}

impl Actor for Scanner {
    type State = ScannerState;

    async fn started(&mut self, scope: &Scope<Scanner>) -> Result<(), StartError> {
        let mut line = LineScanner::new(self.connector.clone(), self.settings.clone());
        let me = scope.me::<Said>();
        scope.spawn(async move {
            loop {
                let said = Said(line.next().await);
                me.ask(said).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> ScannerState {
        self.state.clone()
    }
}

impl Handle<Said> for Scanner {
    async fn handle(&mut self, Said(heard): Said, _: &Scope<Scanner>) {
        match heard {
            Heard::Scan(data) => {
                self.state.scans += 1;
                // While the screen restarts it waits there; where it cannot, it is a dead letter, which operators see.
                self.screen.tell(Scanned(data)).ok();
            }
            Heard::Lost { reason } => {
                tracing::warn!(reason, "the scanner is not there");
                self.state.failure = Some(reason);
            }
            Heard::Back => {
                tracing::info!("the scanner is back");
                self.state.failure = None;
            }
        }
    }
}
