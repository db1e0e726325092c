//! A connection to a node above, by an address such as `wss://hq.example.com:7700`: TCP, and TLS wherever others could listen.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::http::Uri;

use super::DialError;
use super::tls::{self, Pin};

/// Bytes both ways, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why nothing may travel in the clear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can be reached over a network, and links would be in the clear there: use TLS (tls = true in [link], and wss:// \
     in addresses), or set allow_plain = true in [link] if a TLS proxy or a VPN of your own protects them"
)]
pub struct PlainRefused(pub SocketAddr);

/// Whether a link from or to `address` may do without TLS.
pub fn may_be_plain(address: SocketAddr, allow_plain: bool) -> Result<(), PlainRefused> {
    if allow_plain || is_near(address) { Ok(()) } else { Err(PlainRefused(address)) }
}

/// On this machine.
pub(super) fn is_near(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// How a node dials.
#[derive(Clone, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) url: &'a str,
    pub(crate) pin: Option<Pin>,
    pub(crate) allow_plain: bool,
}

impl Way<'_> {
    pub(crate) async fn connect(self) -> Result<Box<dyn Stream>, DialError> {
        let url = self.url;
        let (encrypted, host, port) = parts(url)?;
        let found = tokio::net::lookup_host((host.as_str(), port)).await.map(Iterator::collect::<Vec<_>>);
        let addresses = found.map_err(|error| DialError(format!("{url} cannot be found: {error}")))?;
        if !encrypted {
            for address in &addresses {
                may_be_plain(*address, self.allow_plain).map_err(|refused| DialError(refused.to_string()))?;
            }
        }
        let unreachable = |error: std::io::Error| DialError(format!("{url} cannot be reached: {error}"));
        let socket = TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)?;
        socket.set_nodelay(true).map_err(unreachable)?;
        if !encrypted {
            return Ok(Box::new(socket));
        }
        let Some(pin) = self.pin else {
            let hint = "this node knows no authority to believe: enrol it with `store-node enrol`";
            return Err(DialError(format!("{url} is not dialled: {hint}")));
        };
        let config = tls::client(pin).map_err(|error| DialError(format!("TLS cannot be used: {error}")))?;
        let name = ServerName::try_from(tls::SERVER_NAME).map_err(|error| DialError(error.to_string()))?;
        let encrypted = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
        Ok(Box::new(encrypted.map_err(|error| DialError(format!("{url} is not believed: {error}")))?))
    }
}

/// Whether it is encrypted, the host, and the port.
fn parts(url: &str) -> Result<(bool, String, u16), DialError> {
    let wrong = || DialError(format!("\"{url}\" is no address of a node: wss://HOST:PORT is expected"));
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let (encrypted, port) = match uri.scheme_str() {
        Some("wss" | "https") => (true, 443),
        Some("ws" | "http") => (false, 80),
        _ => return Err(wrong()),
    };
    let host = uri.host().ok_or_else(wrong)?;
    Ok((encrypted, host.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(port)))
}
