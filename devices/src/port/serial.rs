//! A serial line as an asynchronous stream, watched by the runtime without a thread.
//!
//! A device's line is opened and set by the `serialport` crate; the simulator's end of a pseudo-terminal is a plain file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::sys::termios::{self, ControlFlags, SetArg};
use serialport::{ClearBuffer, DataBits, Parity, SerialPort as _, TTYPort};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Frame;

/// Speeds that the protocols name.
const BAUDS: [u32; 10] = [2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600];

pub(super) fn is_baud(baud: u32) -> bool {
    BAUDS.contains(&baud)
}

/// Put the simulator's end of a terminal in raw mode, so that every byte passes as it is.
pub(crate) fn raw(line: impl AsFd) -> io::Result<()> {
    let mut settings = termios::tcgetattr(&line)?;
    termios::cfmakeraw(&mut settings);
    settings.control_flags |= ControlFlags::CLOCAL | ControlFlags::CREAD;
    termios::tcsetattr(&line, SetArg::TCSANOW, &settings)?;
    Ok(())
}

/// Open a device's line: one stop bit, no flow control.
pub(super) fn open(path: &str, baud: u32, frame: Frame) -> io::Result<SerialPort<TTYPort>> {
    let (bits, parity) = match frame {
        Frame::EightNone => (DataBits::Eight, Parity::None),
        Frame::EightEven => (DataBits::Eight, Parity::Even),
        Frame::SevenEven => (DataBits::Seven, Parity::Even),
        Frame::SevenOdd => (DataBits::Seven, Parity::Odd),
    };
    let line = serialport::new(path, baud).data_bits(bits).parity(parity);
    // The runtime says when there is something to read, so the port itself must never wait for it.
    let line = line.timeout(Duration::ZERO).open_native()?;
    // What lay in the line's buffers was meant for whoever had it open before.
    line.clear(ClearBuffer::All)?;
    SerialPort::new(line)
}

pub(crate) struct SerialPort<L: AsRawFd = File> {
    line: AsyncFd<L>,
}

impl<L: AsRawFd> SerialPort<L> {
    /// Reading and writing the line must not block.
    pub(crate) fn new(line: L) -> io::Result<SerialPort<L>> {
        // The replacement of this call is unsafe code, which the workspace forbids. Its one condition, that the file is
        // owned and never swapped while it is watched, holds here: nothing hands the file out.
        #[expect(deprecated, reason = "the file is owned by this port for as long as it is watched")]
        let line = AsyncFd::new(line)?;
        Ok(SerialPort { line })
    }
}

/// A port that found nothing to do says so in the words of a port; the runtime knows those of a file.
fn as_would_block<T>(done: io::Result<T>) -> io::Result<T> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(io::ErrorKind::WouldBlock.into()),
        done => done,
    }
}

impl<L: AsRawFd + Read + Unpin> AsyncRead for SerialPort<L> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.line.poll_read_ready_mut(cx))?;
            let room = buffer.initialize_unfilled();
            match ready.try_io(|line| as_would_block(line.get_mut().read(room))) {
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

impl<L: AsRawFd + Write + Unpin> AsyncWrite for SerialPort<L> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.line.poll_write_ready_mut(cx))?;
            match ready.try_io(|line| as_would_block(line.get_mut().write(bytes))) {
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
