//! `zvt-emulator`: the simulated payment terminal as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use devices::sim::zvt::{TerminalFault, TerminalHandle, TerminalSettings, control};

/// A simulated payment terminal that speaks ZVT.
#[derive(Parser)]
struct Arguments {
    /// Listen for the till on this address, such as 127.0.0.1:20007.
    #[arg(long)]
    tcp: Option<SocketAddr>,
    /// Open a pseudo-terminal and link it to this path, such as /tmp/terminal.
    #[arg(long)]
    pty: Option<PathBuf>,
    /// Listen for control commands, one a line.
    #[arg(long)]
    control: Option<SocketAddr>,
    /// Remember the ledger in this file.
    #[arg(long)]
    memory: Option<PathBuf>,
    /// Begin with a fault: declined, declined:CODE, offline, no_answer, no_answer_after_commit, slow:MS or hang.
    #[arg(long, default_value = "none")]
    fault: TerminalFault,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    if arguments.tcp.is_none() && arguments.pty.is_none() {
        bail!("give --tcp ADDRESS, --pty PATH or both");
    }
    let settings = TerminalSettings::default();
    let handle = match &arguments.memory {
        Some(path) => TerminalHandle::with_memory(settings, path)
            .with_context(|| format!("cannot open the memory file {}", path.display()))?,
        None => TerminalHandle::new(settings),
    };
    handle.set_fault(arguments.fault);

    let mut listening = Vec::new();
    if let Some(address) = arguments.tcp {
        listening.push(handle.listen_tcp(address).await.with_context(|| format!("cannot listen on {address}"))?);
    }
    if let Some(path) = &arguments.pty {
        let pty = handle.listen_pty(Some(path)).with_context(|| format!("cannot open {}", path.display()))?;
        listening.push(pty);
    }
    for link in &listening {
        println!("listening on {}", link.address());
    }
    let controlled = async {
        match arguments.control {
            Some(address) => {
                let (bound, work) = control::listen(handle, address).await?;
                println!("control on {bound}");
                Err(anyhow::Error::from(work.await))
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = controlled => ended,
        stopped = stop() => stopped,
    }
}

/// Ctrl+C or the signal of a service manager; the links are then closed and removed.
async fn stop() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
