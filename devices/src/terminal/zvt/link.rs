//! The till's side of a ZVT dialogue: reach the terminal, send one request, take what it reports until it ends.
//!
//! A request is sent once and never again: what became of it after a silence is asked, not guessed. After any doubt the
//! connection is dropped, so that no late packet is taken for the answer to the next request.

use std::future::pending;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use super::codec::{self, Decoder, Packet};
use super::report::{self, CURRENCY, Status};
use super::{Deadlines, errors, fields};
use crate::port::{self, BytePort, Connector};

/// One read takes the usual packet and more.
const READ_BYTES: usize = 1024;
/// A slip is shorter; a terminal that prints without end must not fill the memory.
const SLIP_LINES_MAX: usize = 200;
/// More noise than this in one dialogue is no dialogue.
const NOISE_BYTES_MAX: usize = 1024;
/// Between two looks whether an aborted operation has ended.
const BUSY_POLL: Duration = Duration::from_millis(100);
/// Three bytes BCD; the factory setting of terminals.
pub(super) const PASSWORD: [u8; 3] = [0, 0, 0];
/// The till prints receipts line by line, wants intermediate status, and alone starts payments and their control.
const CONFIGURATION: u8 = 0xDE;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The request was not sent.
    Unreachable(String),
    /// The request was not sent or not taken: another operation is running.
    Busy,
    /// The terminal did not take the request.
    Refused(u8),
    /// The request was sent, and what became of it is not known.
    Lost,
}

/// All that a terminal said to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) status: Option<Status>,
    pub(super) slip: Vec<String>,
    /// The terminal ended with an abort.
    pub(super) abort: Option<u8>,
}

/// A wish to stop.
pub(super) type Asked<'a> = Pin<&'a mut (dyn Future<Output = ()> + Send)>;

pub(super) struct Link {
    connector: Connector,
    deadlines: Deadlines,
    port: Option<Box<dyn BytePort>>,
    registered: bool,
    decoder: Decoder,
}

impl Link {
    pub(super) fn new(connector: Connector, deadlines: Deadlines) -> Link {
        Link { connector, deadlines, port: None, registered: false, decoder: Decoder::default() }
    }

    /// A request that moves no money.
    pub(super) async fn query(&mut self, request: &Packet) -> Result<Report, Trouble> {
        self.reach().await?;
        let within = self.deadlines.query;
        self.exchange(request, within, pin!(pending())).await
    }

    /// A request that the terminal must be reached for before: see [`Link::reach`].
    pub(super) async fn operate(&mut self, request: &Packet, asked: Asked<'_>) -> Result<Report, Trouble> {
        let within = self.deadlines.answer;
        self.exchange(request, within, asked).await
    }

    /// Make sure that the terminal is there, registered and idle.
    pub(super) async fn reach(&mut self) -> Result<(), Trouble> {
        if self.registered {
            // An open port may lead nowhere since long ago, and a request must not be lost in it.
            let enquiry = Packet::new(codec::STATUS_ENQUIRY, PASSWORD.to_vec());
            let within = self.deadlines.query;
            match self.exchange(&enquiry, within, pin!(pending())).await {
                Ok(_) | Err(Trouble::Refused(_)) => return Ok(()),
                Err(Trouble::Busy) => return Err(Trouble::Busy),
                Err(_) => tracing::info!("the payment terminal is connected anew"),
            }
        }
        self.register().await
    }

    async fn register(&mut self) -> Result<(), Trouble> {
        if self.port.is_none() {
            self.registered = false;
            self.decoder.clear();
            self.port = Some((self.connector)().await.map_err(|error| Trouble::Unreachable(error.to_string()))?);
        }
        let mut data = PASSWORD.to_vec();
        data.push(CONFIGURATION);
        fields::put_bcd(CURRENCY, 2, &mut data);
        let within = self.deadlines.query;
        let report = self.exchange(&Packet::new(codec::REGISTRATION, data), within, pin!(pending())).await;
        match report {
            Ok(Report { abort: None, .. }) => {
                self.registered = true;
                Ok(())
            }
            Ok(Report { abort: Some(code), .. }) | Err(Trouble::Refused(code)) => {
                Err(Trouble::Unreachable(format!("it refuses the till: {}", errors::text(code))))
            }
            Err(Trouble::Lost) => Err(Trouble::Unreachable("it does not answer".into())),
            Err(other) => Err(other),
        }
    }

    /// Ask a terminal that is busy to stop, and wait until it is idle. Its operation has then ended either way.
    pub(super) async fn wait_idle(&mut self) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.deadlines.query;
        let mut stopped = false;
        loop {
            match self.reach().await {
                Err(Trouble::Busy) if Instant::now() < deadline => {}
                other => return other,
            }
            if !stopped {
                stopped = true;
                self.send(&Packet::new(codec::ABORT_COMMAND, Vec::new())).await?;
                self.next_packet(self.deadlines.ack).await?;
            }
            tokio::time::sleep(BUSY_POLL).await;
        }
    }

    /// One request to its report.
    async fn exchange(&mut self, request: &Packet, within: Duration, asked: Asked<'_>) -> Result<Report, Trouble> {
        let result = self.converse(request, within, asked).await;
        if matches!(result, Err(Trouble::Lost)) {
            self.drop_port();
        }
        result
    }

    async fn converse(&mut self, request: &Packet, within: Duration, mut asked: Asked<'_>) -> Result<Report, Trouble> {
        if !self.forget_heard() {
            return Err(Trouble::Unreachable("it closed the connection".into()));
        }
        self.send(request).await?;
        let mut next = Some(self.next_packet(self.deadlines.ack).await?);
        match next.as_ref().map(|packet| packet.control) {
            Some(codec::ACK) => next = None,
            Some([codec::NACK_CLASS, errors::PLEASE_WAIT]) => return Err(Trouble::Busy),
            Some([codec::NACK_CLASS, code]) if code != 0 => return Err(Trouble::Refused(code)),
            // Its acknowledgement was lost, but it answers.
            _ => {}
        }
        let mut report = Report::default();
        let mut rung = false;
        loop {
            let packet = match next.take() {
                Some(packet) => packet,
                None => tokio::select! {
                    biased;
                    packet = self.next_packet(within) => packet?,
                    () = &mut asked, if !rung => {
                        rung = true;
                        self.send(&Packet::new(codec::ABORT_COMMAND, Vec::new())).await?;
                        continue;
                    }
                },
            };
            if self.take(packet, &mut report).await? {
                return Ok(report);
            }
        }
    }

    /// Take one packet of a dialogue and acknowledge it. True if it was the last.
    async fn take(&mut self, packet: Packet, report: &mut Report) -> Result<bool, Trouble> {
        let unclear = |error| {
            tracing::warn!(%error, "the payment terminal is not understood");
            Trouble::Lost
        };
        let last = match packet.control {
            // Acknowledges the wish to stop, or refuses it: the end of the operation tells.
            codec::ACK | [codec::NACK_CLASS, _] => return Ok(false),
            codec::INTERMEDIATE_STATUS => false,
            codec::STATUS_INFORMATION => {
                report.status = Some(Status::parse(&packet.data).map_err(unclear)?);
                false
            }
            codec::PRINT_LINE | codec::PRINT_TEXT => {
                if let Err(error) = report::read_lines(&packet, &mut report.slip) {
                    // Paper is not worth a payment.
                    tracing::warn!(%error, "a line of the terminal's slip is lost");
                }
                report.slip.truncate(SLIP_LINES_MAX);
                false
            }
            codec::COMPLETION => true,
            codec::ABORT => {
                report.abort = Some(packet.data.first().copied().ok_or(Trouble::Lost)?);
                true
            }
            _ => {
                self.send(&Packet::nack(errors::NOT_POSSIBLE)).await?;
                return Ok(false);
            }
        };
        let sent = self.send(&Packet::ack()).await;
        // After its last word it does not matter whether the terminal hears that it was heard.
        if last { Ok(true) } else { sent.map(|()| false) }
    }

    async fn next_packet(&mut self, within: Duration) -> Result<Packet, Trouble> {
        let deadline = Instant::now() + within;
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(packet) = self.decoder.next_packet() {
                return Ok(packet);
            }
            if self.decoder.skipped() > NOISE_BYTES_MAX {
                return Err(Trouble::Lost);
            }
            let port = self.port.as_mut().ok_or(Trouble::Lost)?;
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => self.decoder.feed(&bytes[..count]),
                _ => return Err(Trouble::Lost),
            }
        }
    }

    async fn send(&mut self, packet: &Packet) -> Result<(), Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        let mut bytes = Vec::with_capacity(packet.data.len() + 5);
        packet.encode(&mut bytes);
        match timeout_at(Instant::now() + self.deadlines.ack, port::send(port, &bytes)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Trouble::Lost),
        }
    }

    /// Forget what has come since the last dialogue, without waiting. False if the port is found to be gone.
    fn forget_heard(&mut self) -> bool {
        self.decoder.clear();
        let is_open = port::forget_heard(&mut self.port);
        if !is_open {
            self.drop_port();
        }
        is_open
    }

    fn drop_port(&mut self) {
        self.port = None;
        self.registered = false;
        self.decoder.clear();
    }
}
