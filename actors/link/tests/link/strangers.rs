//! Who is not let in, and what does not pass for a frame.

use futures_util::{SinkExt, StreamExt};
use link::admit::{Admit, TokenTable};
use link::apply::{Peer, PeerRole};
use link::frame::{ByeReason, FRAME_BYTES_MAX, Frame, Hello};
use link::transport::{Accept, memory};
use tempfile::TempDir;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::tables::server_database;
use crate::world::{Server, play, store_peer, till_peer};

#[test]
fn tokens_in_the_table_are_checked_and_revoked() {
    play(async {
        let dir = TempDir::new().unwrap();
        let tokens = TokenTable::new(server_database(&dir, "hq.db").await);
        tokens.add(&store_peer(), "first").await.unwrap();
        tokens.add(&store_peer(), "second").await.unwrap();
        assert_eq!(tokens.peers().await.unwrap(), [store_peer()]);
        assert_eq!(tokens.admit(&store_peer(), "second").await, Ok(()));
        assert!(tokens.admit(&store_peer(), "first").await.is_err());
        let as_till = Peer { role: PeerRole::Till, ..store_peer() };
        assert!(tokens.admit(&as_till, "second").await.is_err());
        assert!(tokens.admit(&till_peer(1), "second").await.is_err());
        tokens.revoke("S1").await.unwrap();
        assert_eq!(tokens.admit(&store_peer(), "second").await.unwrap_err(), "\"S1\" is no longer admitted");
        assert!(tokens.peers().await.unwrap().is_empty());
    });
}

/// What the server says to a first message, if anything before it closes.
async fn said_to(address: std::net::SocketAddr, first: Message) -> Option<Frame> {
    let (mut socket, _) = connect_async(format!("ws://{address}/link")).await.unwrap();
    // The server may hang up while a large message is still being written.
    socket.send(first).await.ok();
    let mut said = None;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message {
            said = Some(Frame::decode(&bytes).unwrap());
        }
    }
    said
}

#[test]
fn what_is_no_hello_is_refused_with_a_sentence() {
    play(async {
        let dir = TempDir::new().unwrap();
        let server = Server::start(&dir, "store.db").await;
        let (address, handle) = crate::world::serve(server.acceptor());

        let Some(Frame::Bye(bye)) = said_to(address, Message::Binary(b"GET /".to_vec().into())).await else {
            panic!("no last word")
        };
        assert_eq!(bye.reason, ByeReason::Protocol);
        assert_eq!(bye.sentence, "a frame was refused: the frame has 5 bytes, fewer than the 16 of its preamble");
        let credit = link::frame::Credit { channel: 1, documents: 1, bytes: 1 };
        let early = Frame::Credit(credit).encode().unwrap();
        let Some(Frame::Bye(bye)) = said_to(address, Message::Binary(early.into())).await else {
            panic!("no last word")
        };
        assert_eq!(bye.sentence, "a connection breaks the protocol: it sends Credit where it must not");
        assert_eq!(said_to(address, Message::Text("hello".into())).await, None);
        assert_eq!(said_to(address, Message::Binary(vec![0; FRAME_BYTES_MAX + 1].into())).await, None);
        handle.stop(false).await;
    });
}

#[test]
fn a_node_that_stops_says_so() {
    play(async {
        let dir = TempDir::new().unwrap();
        let server = Server::start(&dir, "store.db").await;
        let (mut ours, theirs) = memory::pair();
        server.acceptor().tell(Accept { duplex: theirs, from: "the test".to_owned() }).unwrap();
        let hello = Hello {
            name: "S1/1".to_owned(),
            role: PeerRole::Till,
            token: "one".to_owned(),
            incarnation: 1,
            last_sequence: 0,
            last_chain: [0; 16],
            software: "a test".to_owned(),
        };
        ours.sender.send(Frame::Hello(hello).encode().unwrap()).await.unwrap();
        let welcome = Frame::decode(&ours.receiver.recv().await.unwrap()).unwrap();
        assert!(matches!(welcome, Frame::Welcome(_)));
        server.node.shutdown().await;
        let Frame::Bye(bye) = Frame::decode(&ours.receiver.recv().await.unwrap()).unwrap() else {
            panic!("no last word")
        };
        assert_eq!((bye.reason, bye.sentence.as_str()), (ByeReason::Leaving, "the upper node stops"));
        assert_eq!(ours.receiver.recv().await, None);
    });
}
