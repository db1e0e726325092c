//! `emulator KIND`: a simulated device as a process of its own, for any program that talks to the real one.
//!
//! To add a kind: one arm in [`main`].

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use devices::scale;
use devices::sim::cd5220::DisplayHandle;
use devices::sim::control::{self, Controlled};
use devices::sim::escpos::PrinterHandle;
use devices::sim::listen::{Emulated, listen_pty, listen_tcp};
use devices::sim::scale::Platform;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use devices::sim::shtrih_print::LabelScaleHandle;
use devices::sim::zvt::{TerminalHandle, TerminalSettings};

/// A simulated device.
#[derive(Parser)]
struct Arguments {
    /// shtrih (fiscal registrar), zvt (bank terminal), escpos (printer), cd5220 (display), shtrih-print (label scale), or the
    /// protocol of a checkout scale: cas, mettler-8217, massa-100, pos2.
    kind: String,
    /// Listen for hosts on this address, such as 127.0.0.1:7778.
    #[arg(long)]
    tcp: Option<SocketAddr>,
    /// Datagrams of a label scale, such as 127.0.0.1:1111.
    #[arg(long)]
    udp: Option<SocketAddr>,
    /// Open a pseudo-terminal and link it to this path, such as /tmp/kkt.
    #[arg(long)]
    pty: Option<PathBuf>,
    /// Listen for control commands, one a line: a wrong one is answered with those that there are.
    #[arg(long)]
    control: Option<SocketAddr>,
    /// Remember documents or payments in this file (shtrih, zvt).
    #[arg(long)]
    memory: Option<PathBuf>,
    /// Number of the fiscal storage (shtrih).
    #[arg(long)]
    storage: Option<String>,
    /// Begin with a fault, as the control command sets it.
    #[arg(long)]
    fault: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let no_memory = || format!("cannot open the memory file {:?}", arguments.memory);
    match arguments.kind.as_str() {
        "shtrih" => {
            let mut settings = EmulatorSettings::default();
            settings.storage = arguments.storage.clone().unwrap_or(settings.storage);
            let device = match &arguments.memory {
                Some(path) => EmulatorHandle::with_memory(settings, path).with_context(no_memory)?,
                None => EmulatorHandle::new(settings),
            };
            serve(device, &arguments).await
        }
        "zvt" => {
            let settings = TerminalSettings::default();
            let device = match &arguments.memory {
                Some(path) => TerminalHandle::with_memory(settings, path).with_context(no_memory)?,
                None => TerminalHandle::new(settings),
            };
            serve(device, &arguments).await
        }
        "escpos" => serve(PrinterHandle::new(), &arguments).await,
        "cd5220" => serve(DisplayHandle::new(), &arguments).await,
        "shtrih-print" => {
            let device = LabelScaleHandle::new();
            let Some(address) = arguments.udp else { bail!("give --udp ADDRESS") };
            let served = device.listen_udp(address).await.with_context(|| format!("cannot listen on {address}"))?;
            println!("listening on udp://{}", served.address());
            obey_until_stopped(device, &arguments).await
        }
        kind => match scale::find(kind) {
            Some(protocol) => serve((protocol.emulator)(&Platform::new()), &arguments).await,
            None => bail!("\"{kind}\" is not a kind of device: see --help"),
        },
    }
}

async fn serve(device: impl Emulated + Controlled, arguments: &Arguments) -> Result<()> {
    let mut listening = Vec::new();
    if let Some(address) = arguments.tcp {
        listening.push(listen_tcp(&device, address).await.with_context(|| format!("cannot listen on {address}"))?);
    }
    if let Some(path) = &arguments.pty {
        let pty = listen_pty(&device, Some(path)).with_context(|| format!("cannot open {}", path.display()))?;
        listening.push(pty);
    }
    if listening.is_empty() {
        bail!("give --tcp ADDRESS, --pty PATH or both");
    }
    for link in &listening {
        println!("listening on {}", link.address());
    }
    obey_until_stopped(device, arguments).await
}

async fn obey_until_stopped(device: impl Controlled, arguments: &Arguments) -> Result<()> {
    if let Some(fault) = &arguments.fault {
        let set = device.obey("fault", fault).unwrap_or_else(|| Err("this device has no faults".to_owned()));
        set.map_err(anyhow::Error::msg)?;
    }
    let controlled = async {
        match arguments.control {
            Some(address) => {
                let (bound, work) = control::listen(device, address).await?;
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
