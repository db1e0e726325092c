//! The accounts port: plain transfers over a socket, for programs of the head office that bring their own rules (settlement,
//! imports, further processes). Customers' rules of cards and blocks are not asked here, so it is closed unless a token
//! is set, and listens where the operator says.
//!
//! Frames are little-endian. The first: length u32, token. A question: length u32, number u64, count u32, then so many
//! postings in the layout of the book, of which only the transfer is read. Its answer: length u32, number u64, count u32, one
//! code a transfer. Questions may follow each other without waiting; their answers come in their order, each after the commit.

use std::net::SocketAddr;

use domain::ledger::transfer::Transfer;
use domain::ledger::{Code, Posting, TransferId, decode, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::keeper::{Door, DoorError};
use crate::machine::root::Root;

/// Transfers of one question.
pub const TRANSFERS_MAX: usize = 8_189;
/// Bytes of one frame: so many transfers of 128 bytes, with room for lots.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Questions of one connection that are not answered yet.
const PIPELINE_MAX: usize = 32;
const HEAD_BYTES: usize = 8 + 4;
const TOKEN_BYTES_MAX: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("the accounts port: {0}")]
    Io(#[from] std::io::Error),
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    #[error("the token is not the right one")]
    Token,
    #[error("a question cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// Serve `door` on `listener` until the task ends. One bad connection ends alone.
pub async fn serve(listener: TcpListener, door: Door<Root>, token: String) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let (door, token) = (door.clone(), token.clone());
                tokio::spawn(async move {
                    if let Err(error) = connection(stream, door, &token).await {
                        tracing::warn!(%error, %from, "a connection to the accounts port ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the accounts port was not taken");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn connection(stream: TcpStream, door: Door<Root>, token: &str) -> Result<(), PortError> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let mut read = BufReader::with_capacity(256 * 1024, read);
    let first = frame(&mut read, TOKEN_BYTES_MAX).await?.ok_or(PortError::Token)?;
    // Of equal length, compared whole: how far it was right is not told by how long it took.
    let same = first.len() == token.len() && first.iter().zip(token.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0;
    if !same || token.is_empty() {
        return Err(PortError::Token);
    }
    let (answers, waiting) = mpsc::channel(PIPELINE_MAX);
    let writer = tokio::spawn(write_answers(write, waiting));
    let asked = ask_all(&mut read, &door, &answers).await;
    drop(answers);
    writer.await.map_err(|error| PortError::Unreadable(error.to_string()))??;
    asked
}

type Waiting = (u64, oneshot::Receiver<Result<Vec<Code>, DoorError>>);

async fn ask_all(
    read: &mut BufReader<OwnedReadHalf>,
    door: &Door<Root>,
    answers: &mpsc::Sender<Waiting>,
) -> Result<(), PortError> {
    while let Some(bytes) = frame(read, FRAME_BYTES_MAX).await? {
        let (number, transfers) = question(&bytes)?;
        let (tell, told) = oneshot::channel();
        // Room in the pipeline first: what is not answered yet is bounded.
        if answers.send((number, told)).await.is_err() {
            return Ok(());
        }
        let door = door.clone();
        let ids = transfers.iter().flat_map(|t| [t.id, t.pending]).filter(|id| *id != TransferId::NONE).collect();
        let asking = door.put(ids, move |root, now| root.post_plain(&transfers, now));
        match asking {
            Ok(answer) => {
                tokio::spawn(async move { tell.send(answer.await.map_err(|_| DoorError::Interrupted)) });
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    }
    Ok(())
}

async fn write_answers(mut write: OwnedWriteHalf, mut waiting: mpsc::Receiver<Waiting>) -> Result<(), PortError> {
    while let Some((number, answer)) = waiting.recv().await {
        let codes = answer.await.map_err(|_| DoorError::Interrupted)??;
        let length = HEAD_BYTES + codes.len();
        let mut bytes = Vec::with_capacity(4 + length);
        bytes.extend((length as u32).to_le_bytes());
        bytes.extend(number.to_le_bytes());
        bytes.extend((codes.len() as u32).to_le_bytes());
        bytes.extend(codes.iter().map(|code| *code as u8));
        write.write_all(&bytes).await?;
    }
    Ok(())
}

/// The next frame; none: the other side is done.
async fn frame(read: &mut BufReader<OwnedReadHalf>, bytes_max: usize) -> Result<Option<Vec<u8>>, PortError> {
    let length = match read.read_u32_le().await {
        Ok(length) => length as usize,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if length > bytes_max {
        return Err(PortError::TooLong(length));
    }
    let mut bytes = vec![0; length];
    read.read_exact(&mut bytes).await?;
    Ok(Some(bytes))
}

fn question(bytes: &[u8]) -> Result<(u64, Vec<Transfer>), PortError> {
    let short = || PortError::Unreadable("it is too short".to_owned());
    let (number, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let count = u32::from_le_bytes(*count) as usize;
    if count > TRANSFERS_MAX {
        return Err(PortError::Unreadable(format!("{count} transfers are more than {TRANSFERS_MAX}")));
    }
    let mut transfers = Vec::with_capacity(count);
    for _ in 0..count {
        let (posting, after) = decode(rest).map_err(|error| PortError::Unreadable(error.to_string()))?;
        transfers.push(posting.transfer);
        rest = after;
    }
    if rest.is_empty() { Ok((u64::from_le_bytes(*number), transfers)) } else { Err(short()) }
}

/// The other end: for programs of ours.
pub struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    next: u64,
}

impl Client {
    pub async fn connect(to: SocketAddr, token: &str) -> Result<Client, PortError> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut first = Vec::with_capacity(4 + token.len());
        first.extend((token.len() as u32).to_le_bytes());
        first.extend(token.bytes());
        write.write_all(&first).await?;
        Ok(Client { read: BufReader::new(read), write, next: 1 })
    }

    /// Send transfers without waiting for their answer.
    pub async fn send(&mut self, transfers: &[Transfer]) -> Result<u64, PortError> {
        let number = self.next;
        self.next += 1;
        self.write.write_all(&Client::bytes(number, transfers)).await?;
        Ok(number)
    }

    /// The bytes of a question.
    pub fn bytes(number: u64, transfers: &[Transfer]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + HEAD_BYTES + transfers.len() * 128);
        bytes.extend([0; 4]);
        bytes.extend(number.to_le_bytes());
        bytes.extend((transfers.len() as u32).to_le_bytes());
        for transfer in transfers {
            let (asked, held, code) = (transfer.amount, 0, Code::Created);
            encode(&Posting { transfer: transfer.clone(), code, asked, held }, &mut bytes);
        }
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        Ok(self.write.write_all(bytes).await?)
    }

    /// The next answer: its number and a code a transfer.
    pub async fn answer(&mut self) -> Result<(u64, Vec<u8>), PortError> {
        let bytes = frame(&mut self.read, FRAME_BYTES_MAX).await?.ok_or(DoorError::Interrupted)?;
        let (number, rest) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| PortError::Unreadable("the answer is too short".to_owned()))?;
        Ok((u64::from_le_bytes(*number), rest.get(4..).unwrap_or_default().to_vec()))
    }

    /// Send and wait.
    pub async fn post(&mut self, transfers: &[Transfer]) -> Result<Vec<u8>, PortError> {
        self.send(transfers).await?;
        Ok(self.answer().await?.1)
    }
}
