//! Where the log of a binary goes: text or JSON, to standard error, or to a file while a screen owns the terminal.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// At the start a log file over this size becomes `<name>.1`, so a till's disk holds at most two of them for each start.
const LOG_FILE_MAX_BYTES: u64 = 32 * 1024 * 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogTo {
    #[default]
    Stderr,
    File(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("the log filter \"{filter}\" is not understood: write it as \"info\" or \"info,link=debug\"")]
    Filter { filter: String },
    #[error("the log file {path} cannot be opened: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error("the log is set up already")]
    Twice,
}

/// Set up the log of this process, once. `RUST_LOG`, when set, is used in place of `filter`.
pub fn start(filter: &str, form: LogForm, to: &LogTo) -> Result<(), LoggingError> {
    let filter = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| filter.to_owned());
    let parsed = EnvFilter::try_new(&filter).map_err(|_| LoggingError::Filter { filter })?;
    let (writer, colours) = match to {
        LogTo::Stderr => (BoxMakeWriter::new(std::io::stderr), form == LogForm::Text),
        LogTo::File(path) => (BoxMakeWriter::new(Mutex::new(open(path)?)), false),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(writer).with_ansi(colours);
    match form {
        LogForm::Text => builder.try_init(),
        LogForm::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LoggingError::Twice)
}

fn open(path: &Path) -> Result<File, LoggingError> {
    let failed = |error| LoggingError::File { path: path.to_owned(), error };
    if std::fs::metadata(path).is_ok_and(|found| found.len() > LOG_FILE_MAX_BYTES) {
        let mut older = path.as_os_str().to_owned();
        older.push(".1");
        std::fs::rename(path, older).map_err(failed)?;
    }
    OpenOptions::new().create(true).append(true).open(path).map_err(failed)
}
