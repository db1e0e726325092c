//! Frames over WebSocket: one binary message is one frame. The lower node dials, so that it may sit behind NAT.
//!
//! Each direction has a task of its own between the socket and a bounded queue: a peer that sends too fast waits in TCP,
//! one that does not read for [`WRITE_WITHIN`] is closed. Fragments are refused: a frame fits one message.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use super::connect::{Stream, Way, is_near};
use super::tls::Pin;
use super::{Accept, Acceptor, Dial, DialError, Duplex, QUEUE_FRAMES_MAX};
use crate::frame::FRAME_BYTES_MAX;
use crate::trust::credentials::Credentials;

/// Where the upper node takes connections.
pub const PATH: &str = "/link";
/// A peer that takes nothing for so long is not reading.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// A server that is there answers sooner, even over a satellite.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

type Socket = WebSocketStream<Box<dyn Stream>>;

/// Our end for the session, and the transport's end of the same queues.
fn queues(near: bool) -> (Duplex, mpsc::Receiver<Vec<u8>>, mpsc::Sender<Vec<u8>>, CancellationToken) {
    let (sender, outgoing) = mpsc::channel(QUEUE_FRAMES_MAX);
    let (incoming, receiver) = mpsc::channel(QUEUE_FRAMES_MAX);
    let cut = CancellationToken::new();
    (Duplex { sender, receiver, cut: cut.clone(), near }, outgoing, incoming, cut)
}

/// Dials `wss://host:port/link`, or `ws://` on this machine.
#[derive(Clone, Debug)]
pub struct WebSocketDial {
    url: String,
    credentials: Option<Arc<Credentials>>,
    allow_plain: bool,
}

impl WebSocketDial {
    /// `url` is that of the node above: "wss://10.0.0.1:7700" or with the path.
    pub fn new(url: &str) -> WebSocketDial {
        let base = url.trim_end_matches('/');
        let url = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
        WebSocketDial { url, credentials: None, allow_plain: false }
    }

    /// Believe the authority that `credentials` are of.
    pub fn credentials(mut self, credentials: Option<Arc<Credentials>>) -> WebSocketDial {
        self.credentials = credentials;
        self
    }

    /// Let links over a network be in the clear.
    pub fn allow_plain(mut self, allow: bool) -> WebSocketDial {
        self.allow_plain = allow;
        self
    }
}

impl Dial for WebSocketDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        async move {
            let limits = WebSocketConfig::default()
                .max_message_size(Some(FRAME_BYTES_MAX))
                .max_frame_size(Some(FRAME_BYTES_MAX));
            let pin = self.credentials.as_ref().map(|credentials| Pin::Trusted(credentials.trusted()));
            let way = Way { url: &self.url, pin, allow_plain: self.allow_plain };
            let connecting = async {
                let stream = way.connect().await?;
                let opening = client_async_with_config(self.url.as_str(), stream, Some(limits)).await;
                opening.map_err(|error| DialError(format!("{} cannot be reached: {error}", self.url)))
            };
            match timeout(CONNECT_WITHIN, connecting).await {
                Err(_) => Err(DialError(format!("{} does not answer", self.url))),
                Ok(connected) => connected.map(|(socket, _)| client(socket)),
            }
        }
        .boxed()
    }

    fn to(&self) -> String {
        self.url.clone()
    }
}

fn client(socket: Socket) -> Duplex {
    let (duplex, mut outgoing, incoming, cut) = queues(true);
    let (mut sink, mut stream) = socket.split();
    let cut_writing = cut.clone();
    tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                () = cut_writing.cancelled() => break,
                frame = outgoing.recv() => frame,
            };
            let Some(frame) = frame else {
                timeout(WRITE_WITHIN, sink.close()).await.ok();
                return;
            };
            if !matches!(timeout(WRITE_WITHIN, sink.send(Message::Binary(frame.into()))).await, Ok(Ok(()))) {
                break;
            }
        }
        cut_writing.cancel();
    });
    tokio::spawn(async move {
        loop {
            let message = tokio::select! {
                () = cut.cancelled() => return,
                () = incoming.closed() => return,
                message = stream.next() => message,
            };
            match message {
                Some(Ok(Message::Binary(frame))) => {
                    if !pass_on(&incoming, frame.into(), &cut).await {
                        return;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // What was read before waits in the queue; the session takes it and then sees the end.
                Some(Ok(_)) | None => return,
                Some(Err(error)) => {
                    tracing::debug!(error = %error, "the connection to the node above broke");
                    return;
                }
            }
        }
    });
    duplex
}

/// Add `GET /link`; connections go to `acceptor`.
pub fn configure(config: &mut web::ServiceConfig, acceptor: Acceptor) {
    config.service(web::resource(PATH).app_data(web::Data::new(acceptor)).route(web::get().to(accept)));
}

async fn accept(
    request: HttpRequest,
    payload: web::Payload,
    acceptor: web::Data<Acceptor>,
) -> actix_web::Result<HttpResponse> {
    let (response, session, stream) = actix_ws::handle(&request, payload)?;
    let near = request.peer_addr().is_some_and(is_near);
    let (duplex, outgoing, incoming, cut) = queues(near);
    let from = request.peer_addr().map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
    if let Err(refused) = acceptor.tell(Accept { duplex, from }) {
        tracing::warn!(error = %refused, "a connection from below was not taken");
        return Ok(HttpResponse::ServiceUnavailable().body("the node does not take links just now"));
    }
    actix_web::rt::spawn(server_writing(session, outgoing, cut.clone()));
    actix_web::rt::spawn(server_reading(stream.max_frame_size(FRAME_BYTES_MAX), incoming, cut));
    Ok(response)
}

async fn server_writing(mut session: actix_ws::Session, mut outgoing: mpsc::Receiver<Vec<u8>>, cut: CancellationToken) {
    loop {
        let frame = tokio::select! {
            () = cut.cancelled() => break,
            frame = outgoing.recv() => frame,
        };
        let Some(frame) = frame else { break };
        if !matches!(timeout(WRITE_WITHIN, session.binary(Bytes::from(frame))).await, Ok(Ok(()))) {
            cut.cancel();
            break;
        }
    }
    session.close(None).await.ok();
}

async fn server_reading(mut stream: actix_ws::MessageStream, incoming: mpsc::Sender<Vec<u8>>, cut: CancellationToken) {
    loop {
        let message = tokio::select! {
            () = cut.cancelled() => return,
            () = incoming.closed() => return,
            message = stream.recv() => message,
        };
        match message {
            Some(Ok(actix_ws::Message::Binary(frame))) => {
                if !pass_on(&incoming, frame.into(), &cut).await {
                    return;
                }
            }
            Some(Ok(actix_ws::Message::Ping(_) | actix_ws::Message::Pong(_) | actix_ws::Message::Nop)) => {}
            Some(Ok(_)) | None => return,
            Some(Err(error)) => {
                tracing::debug!(error = %error, "a connection from below broke");
                return;
            }
        }
    }
}

/// False when nobody takes frames any more. While the session is busy this waits, and with it the peer.
async fn pass_on(incoming: &mpsc::Sender<Vec<u8>>, frame: Vec<u8>, cut: &CancellationToken) -> bool {
    tokio::select! {
        () = cut.cancelled() => false,
        sent = incoming.send(frame) => sent.is_ok(),
    }
}
