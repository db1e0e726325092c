//! Simulator of a Shtrih-Print label scale, firmware 4.5, 15 kg.
//!
//! Articles and texts are kept as they came. Clearing takes its time and only the question for the mode is answered
//! meanwhile. A host that speaks in the synchronised way holds the scale until it acknowledges the answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::shelf::{Now, Shelf};
use crate::label_scale::shtrih_print::codec::{self, Decoder, Item};
use crate::label_scale::shtrih_print::record::{self, ARTICLE_BYTES, TEXT_LINE_BYTES};
use crate::label_scale::shtrih_print::{FORMAT_AMOUNT, FORMAT_SUM, SET_BARCODE_FORMAT};
use crate::label_scale::{BarcodeValue, Decode, ItemUnit, ScaleItem, Wire};
use commands::obey;

mod commands;

const TEXTS_MAX: u16 = 1000;
const TEXT_LINES: u8 = 8;
/// Wrong passwords after which the scale listens to none until it is switched off.
const WRONG_PASSWORDS_MAX: u8 = 5;

#[derive(Debug)]
pub(super) struct Scale {
    articles: BTreeMap<u16, [u8; ARTICLE_BYTES]>,
    texts: BTreeMap<(u16, u8), [u8; TEXT_LINE_BYTES]>,
    password: [u8; 4],
    wrong_passwords: u8,
    /// Of weighed goods, pieces and totals.
    prefixes: [u8; 3],
    /// Values of the settings that are only kept, by the command that writes them.
    settings: BTreeMap<u8, u8>,
    /// Until when the memory is being cleared.
    clearing: Option<Instant>,
    held: Option<Held>,
}

/// An answer that its host has not acknowledged.
#[derive(Debug)]
struct Held {
    host: Option<SocketAddr>,
    answer: Vec<u8>,
}

impl Default for Scale {
    fn default() -> Scale {
        Scale {
            articles: BTreeMap::new(),
            texts: BTreeMap::new(),
            password: *b"0030",
            wrong_passwords: 0,
            prefixes: [20, 21, 22],
            settings: BTreeMap::new(),
            clearing: None,
            held: None,
        }
    }
}

impl Scale {
    pub(super) fn item(&self, plu: u32) -> Option<ScaleItem> {
        let record = self.articles.get(&u16::try_from(plu).ok()?)?;
        let (mut item, message) = record::article(plu, record)?;
        let lines = (1..=TEXT_LINES).filter_map(|line| self.texts.get(&(message, line)));
        item.text = if message == 0 { String::new() } else { record::text_of(lines.map(|line| &line[..])) };
        item.barcode_prefix = self.prefixes[usize::from(item.unit == ItemUnit::Piece)];
        Some(item)
    }

    /// By the format that was set; amounts without one, as the scale leaves the factory.
    pub(super) fn barcode_value(&self) -> Option<BarcodeValue> {
        match self.settings.get(&SET_BARCODE_FORMAT) {
            None | Some(&FORMAT_AMOUNT) => Some(BarcodeValue::Amount),
            Some(&FORMAT_SUM) => Some(BarcodeValue::Sum),
            Some(_) => None,
        }
    }

    pub(super) fn plus(&self) -> Vec<u32> {
        self.articles.keys().map(|plu| u32::from(*plu)).collect()
    }

    /// A datagram from a host; these may ask to be held.
    fn hear_datagram(
        &mut self,
        shelf: &mut Shelf,
        host: Option<SocketAddr>,
        bytes: &[u8],
        now: Now,
        out: &mut Vec<u8>,
    ) {
        if let Some(held) = &self.held
            && held.host != host
        {
            put_busy(held.host, out);
            return;
        }
        match (bytes, &self.held) {
            ([codec::ENQ], None) => out.push(codec::ACK),
            ([codec::ENQ | codec::NAK], Some(held)) => codec::put_datagram(codec::HELD, &held.answer, out),
            ([codec::ACK], _) => self.held = None,
            (_, Some(_)) => out.push(codec::NAK),
            (_, None) => {
                if let Some(body) = codec::body_of(codec::HELD, bytes) {
                    let answer = obey(self, shelf, body, now);
                    codec::put_datagram(codec::HELD, &answer, out);
                    self.held = Some(Held { host, answer });
                } else if let Some(body) = codec::body_of(codec::STX, bytes) {
                    codec::put_datagram(codec::STX, &obey(self, shelf, body, now), out);
                } else {
                    out.push(codec::NAK);
                }
            }
        }
    }

    fn is_clearing(&mut self, shelf: &mut Shelf, now: Now) -> bool {
        let Some(until) = self.clearing else { return false };
        if now.instant < until {
            return true;
        }
        self.clearing = None;
        self.articles.clear();
        self.texts.clear();
        shelf.totals.clear();
        false
    }
}

fn put_busy(host: Option<SocketAddr>, out: &mut Vec<u8>) {
    let ([a, b, c, d], port) = match host.map(|host| (host.ip(), host.port())) {
        Some((IpAddr::V4(ip), port)) => (ip.octets(), port),
        _ => ([0; 4], 0),
    };
    out.extend([codec::BUSY, b, a, d, c]);
    out.extend(port.to_le_bytes());
}

/// One host's end.
pub(super) struct Conversation {
    wire: Wire,
    decoder: Decoder,
    pub(super) peer: Option<SocketAddr>,
    /// On a serial line: an answer that was not acknowledged.
    unread: Option<Vec<u8>>,
}

impl Conversation {
    pub(super) fn new(wire: Wire) -> Conversation {
        Conversation { wire, decoder: Decoder::new(wire), peer: None, unread: None }
    }

    pub(super) fn feed(&mut self, scale: &mut Scale, shelf: &mut Shelf, bytes: &[u8], now: Now, out: &mut Vec<u8>) {
        if self.wire == Wire::Datagram {
            scale.hear_datagram(shelf, self.peer, bytes, now, out);
            return;
        }
        self.decoder.feed(bytes);
        while let Some(item) = self.decoder.next_item() {
            match (item, self.wire) {
                (Item::Body(body), Wire::Serial) => {
                    out.push(codec::ACK);
                    let answer = obey(scale, shelf, &body, now);
                    codec::encode(Wire::Serial, &answer, out);
                    self.unread = Some(answer);
                }
                (Item::Enq, Wire::Serial) => match &self.unread {
                    None => out.push(codec::NAK),
                    Some(answer) => {
                        out.push(codec::ACK);
                        codec::encode(Wire::Serial, answer, out);
                    }
                },
                (Item::Ack, Wire::Serial) => self.unread = None,
                (Item::Garbage, Wire::Serial) => out.push(codec::NAK),
                (Item::Body(body), _) => codec::encode(self.wire, &obey(scale, shelf, &body, now), out),
                _ => {}
            }
        }
    }
}
