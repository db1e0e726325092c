//! The control port of the simulated terminal: one word or two a line in, one line of JSON out.
//!
//! `fault WORD`, `charges`, `totals`, `cut`.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{TerminalFault, TerminalHandle};

/// No command is longer; a line without an end is cut off here.
const LINE_BYTES_MAX: u64 = 200;
/// People and scripts that control one device at once.
const CONTROLLERS_MAX: usize = 8;

/// Listen for commands; returns the address and the work, which ends only with an error.
pub async fn listen(
    handle: TerminalHandle,
    address: SocketAddr,
) -> io::Result<(SocketAddr, impl Future<Output = io::Error>)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let work = async move {
        let mut controllers = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    while controllers.try_join_next().is_some() {}
                    if controllers.len() < CONTROLLERS_MAX {
                        controllers.spawn(converse(handle.clone(), stream));
                    }
                }
                Err(error) => return error,
            }
        }
    };
    Ok((bound, work))
}

async fn converse(handle: TerminalHandle, stream: TcpStream) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        match (&mut reader).take(LINE_BYTES_MAX).read_line(&mut line).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let answer = match obey(&handle, line.trim()) {
            Ok(value) => json!({ "ok": value }),
            Err(problem) => json!({ "error": problem }),
        };
        if writer.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn obey(handle: &TerminalHandle, line: &str) -> Result<Value, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "fault" => handle.set_fault(rest.parse::<TerminalFault>().map_err(|error| error.to_string())?),
        "charges" => return Ok(json!(handle.charges())),
        "totals" => return Ok(json!(handle.totals())),
        "cut" => handle.cut_links(),
        _ => return Err(format!("\"{word}\" is not a command: fault, charges, totals or cut")),
    }
    Ok(Value::Null)
}
