//! One of our programs as a process of its own. What it says lies in a file, and it dies with the test.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// Ports that the system never gives to outgoing connections, so that nobody takes the port of a server that is down.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The executable `name`, which is built beside the tests and not by them.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let folder = test.parent().and_then(Path::parent).expect("a test lies in target/debug/deps");
    let file = folder.join(name);
    assert!(file.is_file(), "{} is not built: run `cargo build --workspace --bins` first", file.display());
    file
}

/// A port of this machine that nobody listens at.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    let start = u16::try_from(std::process::id() * 101 % u32::from(count)).expect("less than the count of ports");
    (0..count)
        .map(|_| PORTS.start + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % count)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of so many ports is free")
}

/// A running program.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Start one of ours; what it says is added to the file `log`.
    pub(crate) fn start(name: &str, args: &[&str], log: PathBuf) -> Program {
        Program::begin(&binary(name), args, log)
    }

    /// Start any.
    pub(crate) fn begin(program: &Path, args: &[&str], log: PathBuf) -> Program {
        let open =
            || -> File { OpenOptions::new().create(true).append(true).open(&log).expect("a log can be written") };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(open()).stderr(open());
        Program { child: command.spawn().expect("the program starts"), log }
    }

    /// Wait until it takes connections at `port`.
    pub(crate) async fn listens(&mut self, port: u16) {
        let connected = async {
            let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
            loop {
                ticks.tick().await;
                if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                    panic!("it ended with {status} before it listened at {port}:\n{}", self.said());
                }
                if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(super::PATIENCE, connected).await.expect("it listens in time");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("an id of a process");
        nix::sys::signal::kill(Pid::from_raw(id), signal).expect("a child can be signalled");
    }

    pub(crate) fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn end(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
