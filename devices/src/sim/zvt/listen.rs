//! Links to the simulated terminal: TCP, a pseudo-terminal, memory.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::TerminalHandle;
use crate::port::{self, BytePort, Connector, Frame, PortAddress, SerialPort};

/// Silence inside a packet after which its beginning is forgotten.
const PACKET_TIMEOUT: Duration = Duration::from_secs(1);
/// One read takes the usual packet and more.
const READ_BYTES: usize = 1024;
/// Tills at once; a real device has one, a test that reconnects has the old link for a moment.
const LINKS_MAX: usize = 8;
/// The speed in the address of a pseudo-terminal, which has none.
const PTY_BAUD: u32 = 115_200;

/// A link that is open for tills until this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: PortAddress,
    task: AbortHandle,
    /// The symbolic link to a pseudo-terminal.
    link: Option<PathBuf>,
}

impl Listening {
    /// Where a till connects.
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

impl TerminalHandle {
    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        let handle = self.clone();
        Arc::new(move || {
            let handle = handle.clone();
            Box::pin(async move {
                let (host, device) = port::memory();
                tokio::spawn(serve(handle, device));
                Ok(Box::new(host) as Box<dyn BytePort>)
            })
        })
    }

    pub async fn listen_tcp(&self, address: SocketAddr) -> io::Result<Listening> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        let task = tokio::spawn(accept(self.clone(), listener)).abort_handle();
        Ok(Listening {
            address: PortAddress::Tcp { host: bound.ip().to_string(), port: bound.port() },
            task,
            link: None,
        })
    }

    /// Open a pseudo-terminal, with a symbolic link to it if a path is given.
    pub fn listen_pty(&self, link: Option<&Path>) -> io::Result<Listening> {
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
        let task = tokio::spawn(serve_pty(self.clone(), pty.master, pty.slave)).abort_handle();
        let path = link.unwrap_or(&path).to_string_lossy().into_owned();
        Ok(Listening {
            address: PortAddress::Serial { path, baud: PTY_BAUD, frame: Frame::default() },
            task,
            link: link.map(Path::to_owned),
        })
    }
}

async fn accept(handle: TerminalHandle, listener: TcpListener) {
    let mut links = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                while links.try_join_next().is_some() {}
                if links.len() >= LINKS_MAX {
                    tracing::warn!(%peer, "too many tills");
                    continue;
                }
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::warn!(%peer, %error, "the link is slower than it could be");
                }
                links.spawn(serve(handle.clone(), stream));
            }
            Err(error) => {
                tracing::error!(%error, "the simulated terminal takes no more links");
                return;
            }
        }
    }
}

/// The till's end is held open here too: without it the first till that goes away would end the device's end.
async fn serve_pty(handle: TerminalHandle, device: OwnedFd, _till: OwnedFd) {
    loop {
        match device.try_clone().and_then(|device| SerialPort::new(File::from(device))) {
            Ok(port) => serve(handle.clone(), port).await,
            Err(error) => {
                tracing::error!(%error, "the pseudo-terminal is lost");
                return;
            }
        }
    }
}

/// Move bytes between one till and the device until the link ends or is cut.
async fn serve(handle: TerminalHandle, mut port: impl BytePort) {
    let mut cut = handle.shared.cut.subscribe();
    let mut conversation = handle.begin_link();
    let mut bytes = [0; READ_BYTES];
    let mut out = Vec::with_capacity(READ_BYTES);
    let mut due = None;
    loop {
        out.clear();
        tokio::select! {
            biased;
            _ = cut.changed() => return,
            read = port.read(&mut bytes) => match read {
                Ok(count) if count > 0 => due = handle.feed(&mut conversation, &bytes[..count], &mut out),
                _ => return,
            },
            () = until(due), if due.is_some() => due = handle.tick(&mut conversation, &mut out),
            () = tokio::time::sleep(PACKET_TIMEOUT), if conversation.decoder.is_mid_packet() => {
                conversation.decoder.clear();
            }
        }
        if !out.is_empty() && port.write_all(&out).await.is_err() {
            return;
        }
    }
}

async fn until(due: Option<std::time::Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(Instant::from_std(due)).await;
    }
}
