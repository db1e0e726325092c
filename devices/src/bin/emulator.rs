//! `emulator KIND`: a simulated device as a process of its own, for any program that talks to the real one.
//!
//! To add a kind: one arm in [`main`].

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use devices::scale;
use devices::sim::atol::AtolHandle;
use devices::sim::cd5220::DisplayHandle;
use devices::sim::control::{self, Controlled};
use devices::sim::escpos::PrinterHandle;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use devices::sim::listen::{Emulated, Listening, listen_pty, listen_tcp};
use devices::sim::scale::Platform;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use futures_util::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};

type Stopped = BoxFuture<'static, ()>;

/// A simulated device.
#[derive(Parser)]
struct Arguments {
    /// shtrih or atol (fiscal registrars), zvt (bank terminal), escpos (printer), cd5220 (display), the protocol of a label
    /// scale: shtrih-print, massak-vpm, mertech, cas-cl5000, or that of a checkout scale: cas, mettler-8217, massa-100, pos2.
    kind: String,
    /// Listen for hosts on this address, such as 127.0.0.1:7778.
    #[arg(long)]
    tcp: Option<SocketAddr>,
    /// Listen for the datagrams of a label scale, such as 127.0.0.1:1111.
    #[arg(long)]
    udp: Option<SocketAddr>,
    /// Open a pseudo-terminal and link it to this path, such as /tmp/kkt.
    #[arg(long)]
    pty: Option<PathBuf>,
    /// Show a page on this address of this machine, on which faults are set; scripts say `POST /fault`.
    #[arg(long)]
    control: Option<SocketAddr>,
    /// Remember documents or payments in this file (shtrih, atol, zvt).
    #[arg(long)]
    memory: Option<PathBuf>,
    /// Number of the fiscal storage (shtrih, atol).
    #[arg(long)]
    storage: Option<String>,
    /// Begin with a fault, such as offline, "slow 5s" or "refuse 4F".
    #[arg(long)]
    fault: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let stopped = stopped()?;
    let no_memory = || format!("cannot open the memory file {:?}", arguments.memory);
    match arguments.kind.as_str() {
        "shtrih" => {
            let device = match &arguments.memory {
                Some(path) => EmulatorHandle::with_memory(registrar(&arguments), path).with_context(no_memory)?,
                None => EmulatorHandle::new(registrar(&arguments)),
            };
            serve(device, &arguments, stopped).await
        }
        "atol" => {
            let device = match &arguments.memory {
                Some(path) => AtolHandle::with_memory(registrar(&arguments), path).with_context(no_memory)?,
                None => AtolHandle::new(registrar(&arguments)),
            };
            serve(device, &arguments, stopped).await
        }
        "zvt" => {
            let settings = TerminalSettings::default();
            let device = match &arguments.memory {
                Some(path) => TerminalHandle::with_memory(settings, path).with_context(no_memory)?,
                None => TerminalHandle::new(settings),
            };
            serve(device, &arguments, stopped).await
        }
        "escpos" => serve(PrinterHandle::new(), &arguments, stopped).await,
        "cd5220" => serve(DisplayHandle::new(), &arguments, stopped).await,
        "shtrih-print" => serve_label_scale(LabelScaleKind::ShtrihPrint, &arguments, stopped).await,
        "massak-vpm" => serve_label_scale(LabelScaleKind::MassakVpm, &arguments, stopped).await,
        "mertech" => serve_label_scale(LabelScaleKind::Mertech, &arguments, stopped).await,
        "cas-cl5000" => serve_label_scale(LabelScaleKind::CasCl5000, &arguments, stopped).await,
        kind => match scale::find(kind) {
            Some(protocol) => serve((protocol.emulator)(&Platform::new()), &arguments, stopped).await,
            None => bail!("\"{kind}\" is not a kind of device: see --help"),
        },
    }
}

fn registrar(arguments: &Arguments) -> EmulatorSettings {
    let settings = EmulatorSettings::default();
    EmulatorSettings { storage: arguments.storage.clone().unwrap_or(settings.storage), ..settings }
}

async fn serve(device: impl Emulated + Controlled, arguments: &Arguments, stopped: Stopped) -> Result<()> {
    begin_with_fault(&device, arguments)?;
    let mut listening = Vec::new();
    if let Some(address) = arguments.tcp {
        listening.push(listen_tcp(&device, address).await.with_context(|| format!("cannot listen on {address}"))?);
    }
    if let Some(path) = &arguments.pty {
        let pty = listen_pty(&device, Some(path)).with_context(|| format!("cannot open {}", path.display()))?;
        listening.push(pty);
    }
    tell_where(&listening)?;
    obey_until_stopped(device, arguments, stopped).await
}

async fn serve_label_scale(kind: LabelScaleKind, arguments: &Arguments, stopped: Stopped) -> Result<()> {
    let device = LabelScaleHandle::new(kind, LabelScaleSettings::default());
    begin_with_fault(&device, arguments)?;
    let mut listening = Vec::new();
    if let Some(address) = arguments.udp {
        listening.push(device.listen_udp(address).await.with_context(|| format!("cannot listen on {address}"))?);
    }
    if let Some(address) = arguments.tcp {
        listening.push(device.listen_tcp(address).await.with_context(|| format!("cannot listen on {address}"))?);
    }
    if let Some(path) = &arguments.pty {
        let pty = device.listen_pty(Some(path)).with_context(|| format!("cannot open {}", path.display()))?;
        listening.push(pty);
    }
    tell_where(&listening)?;
    obey_until_stopped(device, arguments, stopped).await
}

fn tell_where(listening: &[Listening]) -> Result<()> {
    if listening.is_empty() {
        bail!("give --tcp ADDRESS, --pty PATH, or, for a label scale, --udp ADDRESS");
    }
    for link in listening {
        println!("listening on {}", link.address());
    }
    Ok(())
}

/// Before anybody can reach it.
fn begin_with_fault(device: &impl Controlled, arguments: &Arguments) -> Result<()> {
    let Some(fault) = &arguments.fault else { return Ok(()) };
    let set = device.obey("fault", fault).unwrap_or_else(|| Err("this device has no faults".to_owned()));
    set.map(|_| ()).map_err(anyhow::Error::msg)
}

async fn obey_until_stopped(device: impl Controlled, arguments: &Arguments, stopped: Stopped) -> Result<()> {
    let controlled = async {
        match arguments.control {
            Some(address) => {
                let (bound, work) = control::listen(device, address).await?;
                println!("control on http://{bound}");
                Err(anyhow::Error::from(work.await))
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = controlled => ended,
        () = stopped => Ok(()),
    }
}

/// Ctrl+C or the signal of a service manager; the links are then closed and removed. The signals are watched as soon as this
/// returns: whoever reads where the device listens may stop it at once.
fn stopped() -> Result<Stopped> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }))
}
