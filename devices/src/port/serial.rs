//! A serial line as an asynchronous stream: the file is opened in raw mode and watched by the runtime, without a thread.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nix::fcntl::OFlag;
use nix::sys::termios::{self, BaudRate, ControlFlags, SetArg};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Speeds that the protocols name.
const BAUDS: &[(u32, BaudRate)] = &[
    (2_400, BaudRate::B2400),
    (4_800, BaudRate::B4800),
    (9_600, BaudRate::B9600),
    (19_200, BaudRate::B19200),
    (38_400, BaudRate::B38400),
    (57_600, BaudRate::B57600),
    (115_200, BaudRate::B115200),
    (230_400, BaudRate::B230400),
    (460_800, BaudRate::B460800),
    (921_600, BaudRate::B921600),
];

pub(super) fn is_baud(baud: u32) -> bool {
    speed(baud).is_some()
}

fn speed(baud: u32) -> Option<BaudRate> {
    BAUDS.iter().find(|(number, _)| *number == baud).map(|(_, speed)| *speed)
}

/// Put a terminal in raw mode, 8 data bits, no parity, one stop bit, no flow control, so that every byte passes as it is.
pub(crate) fn raw(line: impl AsFd, baud: Option<u32>) -> io::Result<()> {
    let mut settings = termios::tcgetattr(&line)?;
    termios::cfmakeraw(&mut settings);
    settings.control_flags |= ControlFlags::CLOCAL | ControlFlags::CREAD;
    settings.control_flags &= !(ControlFlags::CSTOPB | ControlFlags::CRTSCTS);
    if let Some(speed) = baud.and_then(speed) {
        termios::cfsetspeed(&mut settings, speed)?;
    }
    termios::tcsetattr(&line, SetArg::TCSANOW, &settings)?;
    Ok(())
}

pub(crate) struct SerialPort {
    line: AsyncFd<File>,
}

impl SerialPort {
    pub(crate) fn open(path: &str, baud: u32) -> io::Result<SerialPort> {
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
            .open(path)?;
        raw(&line, Some(baud))?;
        // What lay in the line's buffers was meant for whoever had it open before.
        termios::tcflush(&line, termios::FlushArg::TCIOFLUSH)?;
        SerialPort::new(line)
    }

    /// The file must be non-blocking.
    pub(crate) fn new(line: File) -> io::Result<SerialPort> {
        // The replacement of this call is unsafe code, which the workspace forbids. Its one condition, that the file is
        // owned and never swapped while it is watched, holds here: nothing hands the file out.
        #[expect(deprecated, reason = "the file is owned by this port for as long as it is watched")]
        let line = AsyncFd::new(line)?;
        Ok(SerialPort { line })
    }
}

impl AsyncRead for SerialPort {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.line.poll_read_ready(cx))?;
            let room = buffer.initialize_unfilled();
            match ready.try_io(|line| line.get_ref().read(room)) {
                Ok(Ok(count)) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for SerialPort {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.line.poll_write_ready(cx))?;
            match ready.try_io(|line| line.get_ref().write(bytes)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
