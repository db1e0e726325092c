//! Datagrams to one device: UDP.
//!
//! A datagram may be lost, doubled or late; what follows from that is the driver's matter.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::net::UdpSocket;

use super::PortError;

/// Opens a socket to the device, as often as a driver needs it.
pub type DatagramConnector = Arc<dyn Fn() -> BoxFuture<'static, Result<Datagrams, PortError>> + Send + Sync>;

/// A socket that hears one device alone.
pub struct Datagrams {
    socket: UdpSocket,
}

pub fn datagrams(address: SocketAddr) -> DatagramConnector {
    Arc::new(move || {
        Box::pin(async move {
            let not_opened = |cause| PortError::NotOpened { address: format!("udp://{address}"), cause };
            let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
            let socket = UdpSocket::bind(any).await.map_err(not_opened)?;
            socket.connect(address).await.map_err(not_opened)?;
            Ok(Datagrams { socket })
        })
    })
}

impl Datagrams {
    pub async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram).await.map(|_| ())
    }

    /// The next one; what does not fit into `buffer` is cut off.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer).await
    }

    /// One that has come already.
    pub fn received(&self, buffer: &mut [u8]) -> Option<usize> {
        self.socket.try_recv(buffer).ok()
    }
}
