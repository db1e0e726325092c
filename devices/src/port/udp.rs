//! Datagrams to one device as a port: what is written at once is one datagram, what is read at once is one datagram.
//!
//! Every port has a socket, and so a number, of its own. A device answers to the number it was asked from, so an answer
//! that comes after its port was dropped reaches nobody.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UdpSocket, lookup_host};

pub(crate) struct DatagramPort {
    socket: UdpSocket,
}

impl DatagramPort {
    pub(super) async fn open(host: &str, port: u16) -> io::Result<DatagramPort> {
        let device = lookup_host((host, port)).await?.next().ok_or(io::ErrorKind::NotFound)?;
        let any: SocketAddr = match device {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(device).await?;
        Ok(DatagramPort { socket })
    }
}

impl AsyncRead for DatagramPort {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_recv(cx, buffer)
    }
}

impl AsyncWrite for DatagramPort {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
