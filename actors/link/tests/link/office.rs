//! A node above with a gate, a node below with a key, and strangers who say what they like.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use link::admit::{KeysAndTokens, StaticTokens};
use link::apply::{Peer, PeerRole};
use link::bell::Bell;
use link::downlinks::{DownlinkSettings, Downlinks, DownlinksStatus};
use link::enrolment::ask::EnrolError;
use link::enrolment::token::Token;
use link::enrolment::{self};
use link::frame::{Bye, Frame, Hello};
use link::gate::Gate;
use link::transport::websocket::{self, WebSocketDial};
use link::transport::{Accept, Dial, Duplex, memory, tls};
use link::trust::authority::Authority;
use link::trust::credentials::Credentials;
use link::trust::proof;
use link::uplink::{self, Uplink, UplinkSettings, UplinkStatus};
use migrations::database::Database;
use migrations::entity::link_refusal;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use tempfile::TempDir;

use crate::tables::{server_database, till_database};
use crate::world::{Effects, effect_table, sell, started, store_peer, till_peer, until};

pub const LONG: Duration = Duration::from_secs(3_600);

/// A store server that tills link to by keys, or by the token "one" on this machine.
pub struct Office {
    pub database: Database,
    pub gate: Gate,
    pub node: Node,
    downlinks: ChildRef<Downlinks>,
}

impl Office {
    /// Certificates live for `life`; the authority is the one in `dir`.
    pub async fn open(dir: &TempDir, life: Duration) -> Office {
        let database = server_database(dir, "office.db").await;
        effect_table(&database).await;
        let authority = Authority::open_or_make(&authority_folder(dir)).unwrap();
        let gate = Gate::with_life(database.clone(), authority, store_peer(), life).unwrap();
        let tokens = Arc::new(StaticTokens::new([(till_peer(1), "one".to_owned())]));
        let (d, admit) = (database.clone(), Arc::new(KeysAndTokens { gate: gate.clone(), tokens }));
        let mut tree = Tree::new("office");
        tree.group("link", Strategy::OneForOne);
        let downlinks = tree.child(ChildSpec::new("link/down", "downlinks", move || {
            let settings = DownlinkSettings::new(store_peer());
            let effects = Arc::new(Effects::default());
            std::future::ready(Ok(Downlinks::new(d.clone(), settings, admit.clone(), effects)))
        }));
        let node = started(tree.start().await);
        Office { database, gate, node, downlinks }
    }

    /// Serve the link and enrolment; over TLS if `encrypted`.
    pub fn listen(&self, encrypted: bool) -> SocketAddr {
        let (acceptor, gate) = (self.downlinks.reference(), self.gate.clone());
        let http = actix_web::HttpServer::new(move || {
            let (acceptor, gate) = (acceptor.clone(), gate.clone());
            actix_web::App::new()
                .configure(move |config| enrolment::serve::configure(config, gate))
                .configure(move |config| websocket::configure(config, acceptor))
        });
        let http = http.workers(1).disable_signals();
        let http = if encrypted {
            http.bind_rustls_0_23(("127.0.0.1", 0), tls::server(&self.gate, None).unwrap()).unwrap()
        } else {
            http.bind(("127.0.0.1", 0)).unwrap()
        };
        let address = http.addrs()[0];
        actix_web::rt::spawn(http.run());
        address
    }

    pub async fn invite(&self, peer: &Peer) -> Token {
        enrolment::invite(&self.database, self.gate.authority().fingerprint(), peer).await.unwrap()
    }

    /// A till with a fresh certificate, its files in a folder of their own.
    pub async fn enrolled(&self, dir: &TempDir, address: SocketAddr, number: u32) -> Arc<Credentials> {
        let token = self.invite(&till_peer(number)).await;
        Arc::new(enrol(dir, &format!("ws://{address}"), &token, &till_peer(number)).await.unwrap())
    }

    pub async fn status(&self) -> DownlinksStatus {
        self.downlinks.reference().ask(link::downlinks::Status).await.unwrap()
    }

    /// A connection from within this machine, or from a network.
    pub fn connect(&self, near: bool) -> Duplex {
        let (ours, mut theirs) = memory::pair();
        theirs.near = near;
        self.downlinks.reference().tell(Accept { duplex: theirs, from: "10.0.0.9:5000".to_owned() }).unwrap();
        ours
    }

    /// What was written down of refusals, once there are `rows`.
    pub async fn refusals(&self, rows: usize) -> Vec<link_refusal::Model> {
        until("refusals are written down", async || {
            let found = self.gate.refusals().newest(100).await.unwrap();
            (found.len() >= rows, found)
        })
        .await
    }
}

pub fn authority_folder(dir: &TempDir) -> PathBuf {
    dir.path().join("authority")
}

pub fn till_folder(dir: &TempDir, peer: &Peer) -> PathBuf {
    dir.path().join(peer.name.replace('/', "-"))
}

pub async fn enrol(dir: &TempDir, url: &str, token: &Token, me: &Peer) -> Result<Credentials, EnrolError> {
    enrolment::ask::enrol(url, false, token, me, &till_folder(dir, me)).await
}

/// A till that links by its key.
pub struct KeyedTill {
    pub database: Database,
    pub node: Node,
    uplink: ChildRef<Uplink>,
    bell: Bell,
    number: u32,
}

impl KeyedTill {
    pub async fn start(dir: &TempDir, number: u32, url: &str, credentials: Arc<Credentials>) -> KeyedTill {
        let dial = Arc::new(WebSocketDial::new(url).credentials(Some(credentials.clone())));
        KeyedTill::over(dir, number, dial, credentials).await
    }

    pub async fn over(dir: &TempDir, number: u32, dial: Arc<dyn Dial>, credentials: Arc<Credentials>) -> KeyedTill {
        let database = till_database(dir, &format!("keyed{number}.db")).await;
        let bell = Bell::new();
        let mut tree = Tree::new(format!("keyed till {number}"));
        tree.group("link", Strategy::OneForOne);
        let (d, b) = (database.clone(), bell.clone());
        let uplink = tree.child(ChildSpec::new("link/up", "uplink", move || {
            let settings = UplinkSettings::new(till_peer(number), "")
                .credentials(Some(credentials.clone()))
                .reconnect(Duration::from_millis(5), Duration::from_millis(50));
            std::future::ready(Ok(Uplink::new(d.clone(), dial.clone(), settings, None, b.clone(), Bell::new())))
        }));
        let node = started(tree.start().await);
        KeyedTill { database, node, uplink, bell, number }
    }

    pub async fn sell(&self, count: u64) {
        sell(&self.database, self.number, count).await;
        self.bell.ring();
    }

    pub async fn status(&self) -> UplinkStatus {
        self.uplink.reference().ask(uplink::Status).await.unwrap()
    }

    pub async fn linked(&self) -> UplinkStatus {
        until("the till is linked", async || {
            let status = self.status().await;
            (status.connected, status)
        })
        .await
    }
}

pub fn hello(peer: &Peer, token: &str) -> Hello {
    Hello {
        name: peer.name.clone(),
        role: peer.role,
        token: token.to_owned(),
        incarnation: 7,
        last_sequence: 0,
        last_chain: [0; 16],
        software: "a test".to_owned(),
    }
}

pub fn keyed_hello(peer: &Peer) -> Hello {
    hello(peer, &proof::hello_token())
}

pub fn as_store(peer: &Peer) -> Peer {
    Peer { role: PeerRole::Store, ..peer.clone() }
}

pub async fn say(duplex: &Duplex, frame: Frame) {
    duplex.sender.send(frame.encode().unwrap()).await.unwrap();
}

/// The next frame; none when the connection ended.
pub async fn hear(duplex: &mut Duplex) -> Option<Frame> {
    let bytes =
        tokio::time::timeout(Duration::from_secs(20), duplex.receiver.recv()).await.expect("an answer or an end");
    bytes.map(|bytes| Frame::decode(&bytes).unwrap())
}

/// The sentence with which the other side ends.
pub async fn last_word(duplex: &mut Duplex) -> String {
    match hear(duplex).await {
        Some(Frame::Bye(Bye { sentence, .. })) => sentence,
        other => panic!("no last word but {other:?}"),
    }
}
