//! The terminal's side of ZVT dialogues: bytes and the time in, bytes out. Pure.
//!
//! One operation at a time, whoever asked for it. An operation outlives the link it was asked over, as the customer
//! stands at the terminal and not at the cable.

use std::collections::VecDeque;
use std::time::Instant;

use chrono::NaiveDateTime;

use super::TerminalSettings;
use super::answer;
use super::ledger::{Event, Ledger, Order};
use crate::sim::fault::Fault;
use crate::terminal::TerminalOperation;
use crate::terminal::zvt::codec::{self, Decoder, Packet};
use crate::terminal::zvt::{errors, fields, report};

/// Intermediate status: insert the card; wait for the bank.
const INSERT_CARD: u8 = 0x0A;
const PLEASE_WAIT: u8 = 0x17;
/// Bit of the till's configuration: it wants intermediate status.
const WANTS_INTERMEDIATE: u8 = 0x08;
/// Bits of the service byte of 06 20.
const SERVICE_NO_PRINT: u8 = 0x01;
const SERVICE_STATUS: u8 = 0x02;
const PASSWORD_BYTES: usize = 3;

#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// For slips.
    pub(super) clock: NaiveDateTime,
    /// For delays.
    pub(super) instant: Instant,
}

/// One link to a till.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    id: u64,
    pub(super) decoder: Decoder,
    registered: bool,
    intermediate: bool,
    /// The first is sent and not acknowledged.
    outbox: VecDeque<Packet>,
}

impl Conversation {
    pub(super) fn new(id: u64) -> Conversation {
        Conversation { id, ..Conversation::default() }
    }
}

#[derive(Debug)]
struct Work {
    conversation: u64,
    order: Order,
    /// Nothing: the customer never comes.
    due: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Machine {
    settings: TerminalSettings,
    pub(super) ledger: Ledger,
    pub(super) fault: Fault,
    work: Option<Work>,
    /// What came of the work, for the conversation that asked.
    finished: Option<(u64, Vec<Packet>)>,
    /// Events that the memory file does not have yet.
    pub(super) unsaved: Vec<Event>,
}

impl Machine {
    pub(super) fn new(settings: TerminalSettings, ledger: Ledger) -> Machine {
        let fault = Fault::None;
        Machine { settings, ledger, fault, work: None, finished: None, unsaved: Vec::new() }
    }

    /// Take what came in and append what goes out at once.
    pub(super) fn feed(&mut self, conversation: &mut Conversation, bytes: &[u8], now: Now, out: &mut Vec<u8>) {
        if self.fault == Fault::Offline {
            conversation.decoder.clear();
            return;
        }
        self.tick(conversation, now, out);
        conversation.decoder.feed(bytes);
        while let Some(packet) = conversation.decoder.next_packet() {
            match packet.control {
                codec::ACK | [codec::NACK_CLASS, 0x00] => {
                    conversation.outbox.pop_front();
                    send_first(conversation, out);
                }
                // Said again.
                [codec::NACK_CLASS, errors::PLEASE_WAIT] => send_first(conversation, out),
                [codec::NACK_CLASS, _] => conversation.outbox.clear(),
                codec::ABORT_COMMAND => {
                    Packet::ack().encode(out);
                    self.stop(conversation, out);
                }
                _ if self.work.is_some() => Packet::nack(errors::PLEASE_WAIT).encode(out),
                _ => {
                    conversation.outbox.clear();
                    self.obey(conversation, &packet, now, out);
                }
            }
        }
    }

    /// Do what is due, and send what came of it if it was asked over this link.
    pub(super) fn tick(&mut self, conversation: &mut Conversation, now: Now, out: &mut Vec<u8>) {
        self.finish_due(now);
        if let Some((_, packets)) = self.finished.take_if(|(id, _)| *id == conversation.id)
            && self.fault != Fault::Offline
        {
            say(conversation, packets, out);
        }
    }

    /// Do what is due, whether anybody listens or not.
    pub(super) fn finish_due(&mut self, now: Now) {
        let is_due = |work: &mut Work| work.due.is_some_and(|due| due <= now.instant);
        if let Some(work) = self.work.take_if(is_due) {
            let packets = self.perform(work.order, now);
            self.finished = Some((work.conversation, packets));
        }
    }

    pub(super) fn is_working(&self) -> bool {
        self.work.is_some()
    }

    /// When [`Machine::tick`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        self.work.as_ref().and_then(|work| work.due)
    }

    fn stop(&mut self, conversation: &mut Conversation, out: &mut Vec<u8>) {
        if let Some(work) = self.work.take()
            && work.conversation == conversation.id
        {
            say(conversation, vec![abort(errors::ABORTED)], out);
        }
    }

    fn obey(&mut self, conversation: &mut Conversation, packet: &Packet, now: Now, out: &mut Vec<u8>) {
        let Some(order) = read_order(packet) else {
            return self.answer(conversation, packet, out);
        };
        match order {
            _ if !conversation.registered => acknowledge(conversation, vec![abort(errors::NOT_REGISTERED)], out),
            Ok(order) => self.begin(conversation, order, now, out),
            Err(code) => acknowledge(conversation, vec![abort(code)], out),
        }
    }

    /// Begin to move money.
    fn begin(&mut self, conversation: &mut Conversation, order: Order, now: Now, out: &mut Vec<u8>) {
        let mut packets = Vec::new();
        if conversation.intermediate {
            packets.push(Packet::new(codec::INTERMEDIATE_STATUS, vec![INSERT_CARD]));
        }
        let due = match self.fault {
            Fault::NoAnswer => {
                self.fault = Fault::None;
                return Packet::ack().encode(out);
            }
            Fault::NoAnswerAfterCommit => {
                self.fault = Fault::None;
                self.perform(order, now);
                return Packet::ack().encode(out);
            }
            Fault::Hang => None,
            Fault::Slow(delay) => Some(now.instant + delay),
            _ => {
                if conversation.intermediate {
                    packets.push(Packet::new(codec::INTERMEDIATE_STATUS, vec![PLEASE_WAIT]));
                }
                packets.extend(self.perform(order, now));
                return acknowledge(conversation, packets, out);
            }
        };
        self.work = Some(Work { conversation: conversation.id, order, due });
        acknowledge(conversation, packets, out);
    }

    /// Ask the bank, keep its answer and tell it.
    fn perform(&mut self, order: Order, now: Now) -> Vec<Packet> {
        let declined = if let Fault::Refuse(code) = self.fault { Some(code) } else { None };
        let operation = self.ledger.prepare(order, declined, now.clock);
        let mut packets = vec![answer::status(&operation, &self.settings.terminal)];
        let lines = answer::slip(&operation, &self.settings.terminal);
        packets.extend(answer::print(&lines, self.settings.text_block));
        packets.push(if operation.result == 0 { completion() } else { abort(operation.result) });
        self.keep(Event::Done(operation));
        packets
    }

    fn keep(&mut self, event: Event) {
        self.ledger.apply(event.clone());
        self.unsaved.push(event);
    }

    /// Answer what moves no money.
    fn answer(&mut self, conversation: &mut Conversation, packet: &Packet, out: &mut Vec<u8>) {
        let packets = match packet.control {
            codec::REGISTRATION => vec![register(conversation, &packet.data, &self.settings.terminal)],
            codec::STATUS_ENQUIRY => vec![completion()],
            _ if !conversation.registered => vec![abort(errors::NOT_REGISTERED)],
            codec::REPEAT_RECEIPT => self.repeat(&packet.data),
            codec::TURNOVER_TOTALS => vec![answer::totals(&self.ledger, &self.settings.terminal), completion()],
            codec::END_OF_DAY => {
                let closed = answer::totals(&self.ledger, &self.settings.terminal);
                self.keep(Event::DayClosed);
                vec![closed, completion()]
            }
            _ => return Packet::nack(errors::NOT_POSSIBLE).encode(out),
        };
        acknowledge(conversation, packets, out);
    }

    fn repeat(&self, data: &[u8]) -> Vec<Packet> {
        let Some(last) = self.ledger.last() else { return vec![abort(errors::NOT_POSSIBLE)] };
        let service = match read_fields(data, PASSWORD_BYTES) {
            Some(fields) => fields.iter().find(|field| field.id == fields::SERVICE).map_or(0, |field| field.value[0]),
            None => return vec![abort(errors::PROTOCOL)],
        };
        let mut packets = Vec::new();
        if service & SERVICE_STATUS != 0 {
            packets.push(answer::status(last, &self.settings.terminal));
        }
        if service & SERVICE_NO_PRINT == 0 {
            let lines = answer::slip(last, &self.settings.terminal);
            packets.extend(answer::print(&lines, self.settings.text_block));
        }
        packets.push(completion());
        packets
    }
}

fn register(conversation: &mut Conversation, data: &[u8], terminal: &str) -> Packet {
    let [_, _, _, configuration, rest @ ..] = data else { return abort(errors::PROTOCOL) };
    if let [high, low, ..] = rest
        && fields::bcd(report::CURRENCY, 2) != [*high, *low]
    {
        return abort(errors::WRONG_CURRENCY);
    }
    conversation.registered = true;
    conversation.intermediate = configuration & WANTS_INTERMEDIATE != 0;
    answer::registered(terminal)
}

fn read_fields(data: &[u8], skip: usize) -> Option<Vec<fields::Field<'_>>> {
    fields::parse(data.get(skip..)?).ok()
}

/// What moves money, or the code of what is wrong with it; nothing if the packet is another command.
fn read_order(packet: &Packet) -> Option<Result<Order, u8>> {
    let (operation, skip) = match packet.control {
        codec::AUTHORISATION => (TerminalOperation::Sale, 0),
        codec::REFUND => (TerminalOperation::Refund, PASSWORD_BYTES),
        codec::REVERSAL => (TerminalOperation::Reverse, PASSWORD_BYTES),
        _ => return None,
    };
    let read = || {
        let found = read_fields(&packet.data, skip).ok_or(errors::PROTOCOL)?;
        let find = |id| found.iter().copied().find(|field| field.id == id);
        let number = |field| fields::number(field).map_err(|_| errors::PROTOCOL);
        if let Some(currency) = find(fields::CURRENCY)
            && number(currency)? != report::CURRENCY
        {
            return Err(errors::WRONG_CURRENCY);
        }
        let amount = find(fields::AMOUNT).map(fields::amount).transpose().map_err(|_| errors::PROTOCOL)?;
        let receipt = find(fields::RECEIPT).map(number).transpose()?;
        let receipt = receipt.map(u16::try_from).transpose().map_err(|_| errors::PROTOCOL)?;
        let has_amount = amount.is_some_and(|amount| amount.is_positive());
        if has_amount == (operation == TerminalOperation::Reverse) {
            return Err(errors::PROTOCOL);
        }
        Ok(Order { operation, amount, receipt: receipt.filter(|_| operation != TerminalOperation::Sale) })
    };
    Some(read())
}

fn completion() -> Packet {
    Packet::new(codec::COMPLETION, Vec::new())
}

fn abort(code: u8) -> Packet {
    Packet::new(codec::ABORT, vec![code])
}

fn acknowledge(conversation: &mut Conversation, packets: Vec<Packet>, out: &mut Vec<u8>) {
    Packet::ack().encode(out);
    say(conversation, packets, out);
}

/// Say one packet after another, each when the one before is acknowledged.
fn say(conversation: &mut Conversation, packets: Vec<Packet>, out: &mut Vec<u8>) {
    let was_idle = conversation.outbox.is_empty();
    conversation.outbox.extend(packets);
    if was_idle {
        send_first(conversation, out);
    }
}

fn send_first(conversation: &Conversation, out: &mut Vec<u8>) {
    if let Some(packet) = conversation.outbox.front() {
        packet.encode(out);
    }
}
