//! What a simulated device remembers over a restart: a file of events, one a line of JSON.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Open the file, and hand out every event in it.
pub(super) fn restore<E: DeserializeOwned>(path: &Path, mut apply: impl FnMut(E)) -> io::Result<File> {
    let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut reader = BufReader::new(&file);
    let mut line = Vec::new();
    let mut whole = 0;
    while reader.read_until(b'\n', &mut line)? > 0 {
        if line.last() != Some(&b'\n') {
            // The process was killed while writing it, so its answer was never sent.
            tracing::warn!("the unfinished last line of the memory file is removed");
            file.set_len(whole)?;
            break;
        }
        apply(serde_json::from_slice(&line)?);
        whole += line.len() as u64;
        line.clear();
    }
    Ok(file)
}

/// Write events down before their answer is sent. A device that cannot write goes on and says so.
pub(super) fn save<E: Serialize>(file: &mut File, events: &mut Vec<E>) {
    for event in events.drain(..) {
        let written = serde_json::to_vec(&event).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(%error, "the memory file cannot be written");
        }
    }
}
