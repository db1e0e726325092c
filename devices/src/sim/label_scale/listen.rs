//! Links to a simulated label scale: UDP, TCP, a pseudo-terminal, memory.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

use super::LabelScaleHandle;
use crate::label_scale::Wire;
use crate::port::{BytePort, Connector, PortAddress};
use crate::sim::listen::{self, Emulated, Listening};

/// One read takes the longest datagram of any protocol.
const READ_BYTES: usize = 4096;

/// A scale at one end of one kind of wire.
#[derive(Clone)]
struct Wired {
    scale: LabelScaleHandle,
    wire: Wire,
}

impl LabelScaleHandle {
    /// Opens a new link in memory each time, over which bytes go as on this wire. Must be used inside a runtime.
    pub fn connector(&self, wire: Wire) -> Connector {
        listen::connector(&self.wired(wire))
    }

    pub async fn listen_udp(&self, address: SocketAddr) -> io::Result<Listening> {
        let socket = UdpSocket::bind(address).await?;
        let bound = socket.local_addr()?;
        let task = tokio::spawn(answer_datagrams(self.clone(), socket)).abort_handle();
        Ok(Listening::new(PortAddress::Udp { host: bound.ip().to_string(), port: bound.port() }, task))
    }

    pub async fn listen_tcp(&self, address: SocketAddr) -> io::Result<Listening> {
        listen::listen_tcp(&self.wired(Wire::Tcp), address).await
    }

    /// Open a pseudo-terminal, with a symbolic link to it if a path is given.
    pub fn listen_pty(&self, link: Option<&Path>) -> io::Result<Listening> {
        listen::listen_pty(&self.wired(Wire::Serial), link)
    }

    fn wired(&self, wire: Wire) -> Wired {
        Wired { scale: self.clone(), wire }
    }
}

impl Emulated for Wired {
    async fn serve(&self, mut port: impl BytePort + 'static) {
        let mut cut = self.scale.shared.cut.subscribe();
        let mut conversation = self.scale.begin_link(self.wire);
        let mut bytes = [0; READ_BYTES];
        let mut out = Vec::new();
        loop {
            out.clear();
            let count = tokio::select! {
                biased;
                _ = cut.changed() => return,
                read = port.read(&mut bytes) => match read {
                    Ok(count) if count > 0 => count,
                    _ => return,
                },
            };
            let delay = self.scale.feed(&mut conversation, &bytes[..count], &mut out);
            if out.is_empty() {
                continue;
            }
            if !delay.is_zero() {
                tokio::select! {
                    _ = cut.changed() => return,
                    () = tokio::time::sleep(delay) => {}
                }
            }
            if port.write_all(&out).await.is_err() {
                return;
            }
        }
    }
}

async fn answer_datagrams(scale: LabelScaleHandle, socket: UdpSocket) {
    let mut bytes = [0; READ_BYTES];
    let mut out = Vec::new();
    loop {
        out.clear();
        let (count, peer) = match socket.recv_from(&mut bytes).await {
            Ok(received) => received,
            // A host that is gone; that is no reason to stop.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(error) => {
                tracing::error!(%error, "the simulated scale takes no more datagrams");
                return;
            }
        };
        let mut conversation = scale.begin_link(Wire::Datagram);
        conversation.is_from(peer);
        let delay = scale.feed(&mut conversation, &bytes[..count], &mut out);
        if out.is_empty() {
            continue;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if let Err(error) = socket.send_to(&out, peer).await {
            tracing::debug!(%peer, %error, "the answer was not sent");
        }
    }
}
