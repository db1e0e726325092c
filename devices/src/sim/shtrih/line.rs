//! The device's side of low level 1: control bytes and frames in, bytes out. Pure.
//!
//! Like a real device it holds an answer until the host acknowledges it, and offers it again after each ENQ.

use chrono::NaiveDateTime;

use super::registrar::Registrar;
use crate::fiscal::shtrih::codec::{self, Decoder, Item};
use crate::sim::fault::Fault;

#[derive(Debug, Default)]
pub(super) struct Line {
    /// The answer frame that the host has not acknowledged.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    frame: Vec<u8>,
    /// False while the device is still working on it.
    is_ready: bool,
    /// Sent with a wrong check sum the first time.
    is_spoilt: bool,
}

impl Line {
    /// Take what came in and append what goes out at once. True if an answer then waits for [`Line::release`].
    pub(super) fn feed(
        &mut self,
        registrar: &mut Registrar,
        decoder: &mut Decoder,
        bytes: &[u8],
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> bool {
        if registrar.register.fault == Fault::Offline {
            decoder.clear();
            return false;
        }
        decoder.feed(bytes);
        let mut begun = false;
        while let Some(item) = decoder.next_item() {
            match item {
                Item::Enq => self.answer_enquiry(out),
                Item::Ack => {
                    self.waiting.take_if(|waiting| waiting.is_ready);
                }
                // The host asks again with ENQ.
                Item::Nak => {}
                // What should be an acknowledgement and is not leaves the answer waiting.
                Item::Garbage if self.waiting.is_some() => {}
                Item::Garbage | Item::BadFrame => out.push(codec::NAK),
                Item::Frame => {
                    out.push(codec::ACK);
                    begun = self.run(registrar, decoder.body(), now);
                }
            }
        }
        begun
    }

    /// The answer is ready: send it.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        if let Some(waiting) = &mut self.waiting {
            waiting.is_ready = true;
            waiting.send(out);
        }
    }

    /// The answer is ready: offer it when the host asks.
    pub(super) fn finish(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.is_ready = true;
        }
    }

    /// A frame began and the rest did not come in time.
    pub(super) fn give_up_frame(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) {
        decoder.clear();
        out.push(codec::NAK);
    }

    fn answer_enquiry(&mut self, out: &mut Vec<u8>) {
        match &mut self.waiting {
            None => out.push(codec::NAK),
            Some(waiting) => {
                out.push(codec::ACK);
                if waiting.is_ready {
                    waiting.send(out);
                }
            }
        }
    }

    fn run(&mut self, registrar: &mut Registrar, command: &[u8], now: NaiveDateTime) -> bool {
        let mut answer = Vec::with_capacity(64);
        registrar.execute(command, now, &mut answer);
        if registrar.register.stored && registrar.register.fault == Fault::NoAnswerAfterCommit {
            registrar.register.fault = Fault::None;
            self.waiting = None;
            return false;
        }
        let mut frame = Vec::with_capacity(answer.len() + 3);
        codec::encode(&answer, &mut frame);
        let is_spoilt = registrar.register.fault == Fault::Garbage;
        self.waiting = Some(Waiting { frame, is_ready: false, is_spoilt });
        true
    }
}

impl Waiting {
    fn send(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.frame);
        if std::mem::take(&mut self.is_spoilt)
            && let Some(sum) = out.last_mut()
        {
            *sum ^= 1;
        }
    }
}
