//! The control port of simulated devices: a word or two a line in, a line of JSON out.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// No command is longer; a line without an end is cut off here.
const LINE_BYTES_MAX: u64 = 200;
/// People and scripts that control one device at once.
const CONTROLLERS_MAX: usize = 8;

/// A device that can be told what goes wrong, and asked what it has done.
pub trait Controlled: Clone + Send + Sync + 'static {
    /// The words that it knows, for people.
    const WORDS: &'static str;

    /// None: the word is not known.
    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>>;
}

/// Listen for commands; returns the address and the work, which ends only with an error.
pub async fn listen(
    device: impl Controlled,
    address: SocketAddr,
) -> io::Result<(SocketAddr, impl Future<Output = io::Error> + Send)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let work = async move {
        let mut controllers = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    while controllers.try_join_next().is_some() {}
                    if controllers.len() < CONTROLLERS_MAX {
                        controllers.spawn(converse(device.clone(), stream));
                    }
                }
                Err(error) => return error,
            }
        }
    };
    Ok((bound, work))
}

async fn converse<D: Controlled>(device: D, stream: TcpStream) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        match (&mut reader).take(LINE_BYTES_MAX).read_line(&mut line).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let unknown = || Err(format!("\"{word}\" is not a command: {} is expected", D::WORDS));
        let answer = match device.obey(word, rest).unwrap_or_else(unknown) {
            Ok(value) => json!({ "ok": value }),
            Err(problem) => json!({ "error": problem }),
        };
        if writer.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Set something that is read from a word.
pub(super) fn set<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
    set: impl FnOnce(T),
) -> Result<Value, String> {
    set(text.parse::<T>().map_err(|error| error.to_string())?);
    Ok(Value::Null)
}
