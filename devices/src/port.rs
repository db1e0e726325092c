//! Byte ports: TCP, UDP, a serial line (a pseudo-terminal is one too) and memory.
//!
//! A port only moves bytes. Deadlines and retries belong to the driver above it, because only a protocol knows what
//! may be sent again.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;

mod serial;
mod udp;

pub(crate) use serial::{SerialPort, raw};
use udp::DatagramPort;

/// A device on the same local network answers within milliseconds; two seconds covers a switch that is waking up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes in flight in a memory port: more than the longest frame of any protocol, so a frame is never cut in two.
const MEMORY_PORT_BYTES: usize = 4096;
/// What was said unasked is read and forgotten in such pieces.
const FORGOTTEN_BYTES: usize = 1024;
/// The speed of new fiscal devices, used when an address names none.
const BAUD_DEFAULT: u32 = 115_200;

/// Data bits, parity and stop bits of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frame {
    #[default]
    EightNone,
    EightEven,
    SevenEven,
    SevenOdd,
}

/// As addresses write them.
const FRAMES: [(Frame, &str); 4] =
    [(Frame::EightNone, "8n1"), (Frame::EightEven, "8e1"), (Frame::SevenEven, "7e1"), (Frame::SevenOdd, "7o1")];

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortAddress {
    Tcp {
        host: String,
        port: u16,
    },
    /// One write is one datagram, one read is one datagram.
    Udp {
        host: String,
        port: u16,
    },
    /// A serial line or a pseudo-terminal.
    Serial {
        path: String,
        baud: u32,
        frame: Frame,
    },
    /// A simulator in this process, which makes the port itself.
    Memory,
}

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error(
        "\"{text}\" is not a port: tcp://host:port, udp://host:port, serial:///dev/ttyS0?baud=115200 or memory is expected"
    )]
    NotAnAddress { text: String },
    #[error("cannot open {address}: {cause}")]
    NotOpened { address: String, cause: io::Error },
    #[error("{address} did not accept a connection within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout { address: String },
    #[error("a port in memory is made by its simulator and cannot be opened by address")]
    Memory,
}

/// A stream of bytes to a device.
pub trait BytePort: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> BytePort for T {}

/// Opens a port, as often as a driver needs it.
pub type Connector = Arc<dyn Fn() -> BoxFuture<'static, Result<Box<dyn BytePort>, PortError>> + Send + Sync>;

/// A connector to a fixed address.
pub fn connector(address: PortAddress) -> Connector {
    Arc::new(move || {
        let address = address.clone();
        Box::pin(async move { open(&address).await })
    })
}

pub async fn open(address: &PortAddress) -> Result<Box<dyn BytePort>, PortError> {
    let not_opened = |cause| PortError::NotOpened { address: address.to_string(), cause };
    match address {
        PortAddress::Tcp { host, port } => {
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), *port)))
                .await
                .map_err(|_| PortError::Timeout { address: address.to_string() })?
                .map_err(not_opened)?;
            // A protocol of short questions and answers would wait 40 ms for each without this.
            stream.set_nodelay(true).map_err(not_opened)?;
            Ok(Box::new(stream))
        }
        PortAddress::Udp { host, port } => Ok(Box::new(DatagramPort::open(host, *port).await.map_err(not_opened)?)),
        PortAddress::Serial { path, baud, frame } => {
            Ok(Box::new(serial::open(path, *baud, *frame).map_err(not_opened)?))
        }
        PortAddress::Memory => Err(PortError::Memory),
    }
}

/// Forget what a device has said since the last answer, without waiting. False: there is no port, or it is found to be gone
/// and is closed.
pub(crate) fn forget_heard(port: &mut Option<Box<dyn BytePort>>) -> bool {
    let mut bytes = [0; FORGOTTEN_BYTES];
    while let Some(open) = port {
        match open.read(&mut bytes).now_or_never() {
            None => return true,
            Some(Ok(count)) if count > 0 => {}
            Some(_) => *port = None,
        }
    }
    false
}

/// All of it, on the line and not in a buffer.
pub(crate) async fn send(port: &mut Box<dyn BytePort>, bytes: &[u8]) -> io::Result<()> {
    port.write_all(bytes).await?;
    port.flush().await
}

/// The two ends of a port in memory.
pub fn memory() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(MEMORY_PORT_BYTES)
}

impl fmt::Display for PortAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortAddress::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            PortAddress::Udp { host, port } => write!(f, "udp://{host}:{port}"),
            PortAddress::Serial { path, baud, frame } => {
                write!(f, "serial://{path}?baud={baud}")?;
                let written = FRAMES.iter().find(|(known, _)| known == frame && *known != Frame::default());
                written.map_or(Ok(()), |(_, text)| write!(f, "&frame={text}"))
            }
            PortAddress::Memory => f.write_str("memory"),
        }
    }
}

impl FromStr for PortAddress {
    type Err = PortError;
    fn from_str(text: &str) -> Result<PortAddress, PortError> {
        let refuse = || PortError::NotAnAddress { text: text.to_owned() };
        if text == "memory" {
            return Ok(PortAddress::Memory);
        }
        if let Some(address) = text.strip_prefix("tcp://") {
            let (host, port) = host_and_port(address).ok_or_else(refuse)?;
            return Ok(PortAddress::Tcp { host, port });
        }
        if let Some(address) = text.strip_prefix("udp://") {
            let (host, port) = host_and_port(address).ok_or_else(refuse)?;
            return Ok(PortAddress::Udp { host, port });
        }
        let line = text.strip_prefix("serial://").unwrap_or(text);
        let (line, frame) = match line.split_once("&frame=") {
            Some((line, text)) => (line, FRAMES.iter().find(|(_, known)| *known == text).ok_or_else(refuse)?.0),
            None => (line, Frame::default()),
        };
        let (path, baud) = match line.split_once("?baud=") {
            Some((path, baud)) => (path, baud.parse().map_err(|_| refuse())?),
            None => (line, BAUD_DEFAULT),
        };
        if !path.starts_with('/') || !serial::is_baud(baud) {
            return Err(refuse());
        }
        Ok(PortAddress::Serial { path: path.to_owned(), baud, frame })
    }
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in [
            "tcp://127.0.0.1:7778",
            "udp://192.168.1.50:1111",
            "serial:///dev/ttyS0?baud=115200",
            "serial:///dev/pts/3?baud=4800&frame=8e1",
            "memory",
        ] {
            assert_eq!(text.parse::<PortAddress>().expect(text).to_string(), text);
        }
        assert_eq!(
            "/tmp/kkt".parse::<PortAddress>().expect("a path alone is a serial line"),
            PortAddress::Serial { path: "/tmp/kkt".into(), baud: BAUD_DEFAULT, frame: Frame::EightNone }
        );
        for text in [
            "",
            "tcp://",
            "tcp://host",
            "tcp://host:0",
            "tcp://:1",
            "udp://host:0",
            "serial://COM1",
            "/dev/x?baud=7",
            "/dev/x?baud=9600&frame=9n1",
            "usb",
        ] {
            assert!(text.parse::<PortAddress>().is_err(), "{text}");
        }
    }
}
