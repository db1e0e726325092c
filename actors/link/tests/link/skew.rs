//! Nodes of different releases: what is not known is left, and the rest goes on.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::apply::PeerRole;
use link::frame::{Agreed, DatasetHave, Frame, Hello, Ping, Pong, ReplyStatus, Request, Welcome};
use link::requests::{PROGRAM, SOFTWARE};
use link::transport::memory;
use link::transport::{Accept, Dial, DialError, Duplex};
use tempfile::TempDir;

use crate::golden::framed;
use crate::world::{Server, Till, play};

fn hello() -> Hello {
    Hello {
        name: "S1/1".to_owned(),
        role: PeerRole::Till,
        token: "one".to_owned(),
        incarnation: 1,
        last_sequence: 0,
        last_chain: [0; 16],
        software: "openstore 9.9.9".to_owned(),
    }
}

async fn say(duplex: &Duplex, frame: Frame) {
    duplex.sender.send(frame.encode().unwrap()).await.unwrap();
}

async fn hear(duplex: &mut Duplex) -> Frame {
    Frame::decode(&duplex.receiver.recv().await.expect("the session goes on")).unwrap()
}

#[test]
fn retail_s58_a_newer_node_below_may_say_and_ask_what_is_not_known_here() {
    play(async {
        let dir = TempDir::new().unwrap();
        let server = Server::start(&dir, "store.db").await;
        let (mut ours, theirs) = memory::pair();
        server.acceptor().tell(Accept { duplex: theirs, from: "the test".to_owned() }).unwrap();
        ours.sender.send(framed(200, 0, b"first", b"")).await.unwrap();
        say(&ours, Frame::Hello(hello())).await;
        let Frame::Welcome(_) = hear(&mut ours).await else { panic!("no Welcome") };
        say(&ours, Frame::Agreed(Agreed { last_sequence: 0 })).await;
        ours.sender.send(framed(201, 0, b"header", b"body")).await.unwrap();
        let future = DatasetHave { dataset: "holograms".to_owned(), kept: 7, received: 7 };
        say(&ours, Frame::DatasetHave(future)).await;
        for (id, type_id) in [(1, 60_000), (2, PROGRAM)] {
            say(&ours, Frame::Request(Request { id, ttl_ms: 3_000, type_id, body: b"?".to_vec() })).await;
            let Frame::Reply(reply) = hear(&mut ours).await else { panic!("no answer") };
            match type_id {
                PROGRAM => assert_eq!((reply.status, &reply.body[..]), (ReplyStatus::Answered, SOFTWARE.as_bytes())),
                _ => assert_eq!((reply.status, &reply.body[..]), (ReplyStatus::Refused, &b"no such question"[..])),
            }
        }
        say(&ours, Frame::Ping(Ping { number: 5 })).await;
        assert_eq!(hear(&mut ours).await, Frame::Pong(Pong { number: 5 }));
        assert_eq!(server.status().await.peers[0].software, "openstore 9.9.9");
    });
}

/// The node above is the test itself.
struct TestDial(Mutex<Option<Duplex>>);

impl Dial for TestDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        let duplex = self.0.lock().unwrap().take().ok_or_else(|| DialError("it has ended".to_owned()));
        std::future::ready(duplex).boxed()
    }

    fn to(&self) -> String {
        "the test".to_owned()
    }
}

#[test]
fn retail_s58_a_newer_node_above_may_say_what_is_not_known_here() {
    play(async {
        let dir = TempDir::new().unwrap();
        let (ours, mut theirs) = memory::pair();
        let till = Till::start(&dir, 1, "one", Arc::new(TestDial(Mutex::new(Some(ours))))).await;
        let Frame::Hello(hello) = hear(&mut theirs).await else { panic!("no Hello") };
        assert_eq!(hello.software, SOFTWARE);
        theirs.sender.send(framed(200, 0, b"before", b"")).await.unwrap();
        let welcome = Welcome {
            name: "S1".to_owned(),
            role: PeerRole::Store,
            incarnation: 1,
            session: 1,
            applied_sequence: 0,
            applied_chain: [0; 16],
            window_documents: 10,
            window_bytes: 10_000,
        };
        say(&theirs, Frame::Welcome(welcome)).await;
        theirs.sender.send(framed(201, 0, b"after", b"body")).await.unwrap();
        say(&theirs, Frame::Ping(Ping { number: 6 })).await;
        while hear(&mut theirs).await != Frame::Pong(Pong { number: 6 }) {}
        assert!(till.status().await.connected);
    });
}
