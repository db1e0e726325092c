//! Where hosts reach a simulated device: TCP, a pseudo-terminal, memory.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::port::{self, BytePort, Connector, Frame, PortAddress, SerialPort};

/// Hosts at once; a real device has one, a test that reconnects has the old link for a moment.
const LINKS_MAX: usize = 8;
/// The speed in the address of a pseudo-terminal, which has none.
const PTY_BAUD: u32 = 115_200;

/// A device that serves one host at the other end of a port, until the link ends.
pub trait Emulated: Clone + Send + Sync + 'static {
    fn serve(&self, port: impl BytePort + 'static) -> impl Future<Output = ()> + Send;
}

/// A link that is open for hosts until this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: PortAddress,
    task: AbortHandle,
    /// The symbolic link to a pseudo-terminal.
    link: Option<PathBuf>,
}

impl Listening {
    pub(super) fn new(address: PortAddress, task: AbortHandle) -> Listening {
        Listening { address, task, link: None }
    }

    /// Where a host connects.
    pub fn address(&self) -> &PortAddress {
        &self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(link) = &self.link
            && let Err(error) = std::fs::remove_file(link)
        {
            tracing::warn!(link = %link.display(), %error, "the link to the pseudo-terminal was not removed");
        }
    }
}

/// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
pub(super) fn connector(device: &impl Emulated) -> Connector {
    let device = device.clone();
    Arc::new(move || {
        let device = device.clone();
        Box::pin(async move {
            let (host, end) = port::memory();
            tokio::spawn(async move { device.serve(end).await });
            Ok(Box::new(host) as Box<dyn BytePort>)
        })
    })
}

pub async fn listen_tcp(device: &impl Emulated, address: SocketAddr) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let task = tokio::spawn(accept(device.clone(), listener)).abort_handle();
    Ok(Listening::new(PortAddress::Tcp { host: bound.ip().to_string(), port: bound.port() }, task))
}

/// Open a pseudo-terminal, with a symbolic link to it if a path is given.
pub fn listen_pty(device: &impl Emulated, link: Option<&Path>) -> io::Result<Listening> {
    let pty = nix::pty::openpty(None, None)?;
    port::raw(&pty.master)?;
    port::raw(&pty.slave)?;
    let path = nix::unistd::ttyname(&pty.slave)?;
    if let Some(link) = link {
        if link.is_symlink() {
            std::fs::remove_file(link)?;
        }
        std::os::unix::fs::symlink(&path, link)?;
    }
    let flags = OFlag::from_bits_retain(fcntl(pty.master.as_fd(), FcntlArg::F_GETFL)?);
    fcntl(pty.master.as_fd(), FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    let task = tokio::spawn(serve_pty(device.clone(), pty.master, pty.slave)).abort_handle();
    let path = link.unwrap_or(&path).to_string_lossy().into_owned();
    Ok(Listening {
        address: PortAddress::Serial { path, baud: PTY_BAUD, frame: Frame::default() },
        task,
        link: link.map(Path::to_owned),
    })
}

async fn accept(device: impl Emulated, listener: TcpListener) {
    let mut links = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                while links.try_join_next().is_some() {}
                if links.len() >= LINKS_MAX {
                    tracing::warn!(%peer, "too many hosts");
                    continue;
                }
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::warn!(%peer, %error, "the link is slower than it could be");
                }
                let device = device.clone();
                links.spawn(async move { device.serve(stream).await });
            }
            Err(error) => {
                tracing::error!(%error, "the simulated device takes no more links");
                return;
            }
        }
    }
}

/// The host's end is held open here too: without it the first host that goes away would end the device's end.
async fn serve_pty(device: impl Emulated, end: OwnedFd, _host: OwnedFd) {
    loop {
        match end.try_clone().and_then(|end| SerialPort::new(File::from(end))) {
            Ok(port) => device.serve(port).await,
            Err(error) => {
                tracing::error!(%error, "the pseudo-terminal is lost");
                return;
            }
        }
    }
}
