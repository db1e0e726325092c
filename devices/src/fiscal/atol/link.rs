//! One HTTP request and its response over a connection of its own.

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use std::time::Duration;

use crate::http::{self, Read};
use crate::port::{self, Connector};

/// The longest body that is sent or read: a receipt of a few thousand lines.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// One read takes the usual answer.
const READ_BYTES: usize = 4096;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
pub(super) enum Lost {
    /// Surely nothing was heard.
    Unreached(String),
    /// The request may have been heard and done.
    Unanswered,
}

pub(super) async fn exchange(
    connector: &Connector,
    within: Duration,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Answer, Lost> {
    let deadline = Instant::now() + within;
    let mut port = match timeout_at(deadline, connector()).await {
        Ok(opened) => opened.map_err(|error| Lost::Unreached(error.to_string()))?,
        Err(_) => return Err(Lost::Unreached("it does not take a connection".to_owned())),
    };
    let mut bytes = Vec::new();
    http::put_request(method, path, body, &mut bytes);
    let sent = timeout_at(deadline, port::send(&mut port, &bytes)).await;
    if !matches!(sent, Ok(Ok(()))) {
        return Err(Lost::Unanswered);
    }
    bytes.clear();
    let mut piece = [0; READ_BYTES];
    loop {
        let count = match timeout_at(deadline, port.read(&mut piece)).await {
            Ok(Ok(count)) => count,
            _ => return Err(Lost::Unanswered),
        };
        bytes.extend_from_slice(&piece[..count]);
        match http::read_response(&bytes, count == 0, BODY_BYTES_MAX) {
            Read::Whole(response) => {
                return Ok(Answer { status: response.status, body: response.body.into_owned() });
            }
            Read::Part if count > 0 => {}
            _ => return Err(Lost::Unanswered),
        }
    }
}
