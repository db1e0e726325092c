//! Finding Massa-K scales: a datagram to everybody, and whoever is one says who it is.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::codec::{self, Item};
use super::{DISCOVER, DISCOVERED};
use crate::label_scale::Decode;

/// Questions, because a datagram may be lost.
const POLLS: u32 = 3;
/// Scales that are remembered; a shop has fewer.
const FOUND_MAX: usize = 1000;
const SERIAL_BYTES: usize = 20;

/// A scale that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub address: SocketAddr,
    pub serial: String,
}

/// Ask at `target`, usually 255.255.255.255:5001, three times, and wait so long after each. Scales with an open
/// connection must not be asked.
pub async fn discover(target: SocketAddr, wait: Duration) -> io::Result<Vec<Found>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.set_broadcast(true)?;
    let mut poll = Vec::new();
    codec::encode(&[DISCOVER], &mut poll);
    let mut found = BTreeMap::new();
    let mut bytes = [0; codec::BODY_BYTES_MAX];
    for _ in 0..POLLS {
        socket.send_to(&poll, target).await?;
        let deadline = Instant::now() + wait;
        while let Ok(received) = timeout_at(deadline, socket.recv_from(&mut bytes)).await {
            let (count, address) = received?;
            if let Some(serial) = serial(&bytes[..count])
                && found.len() < FOUND_MAX
            {
                found.insert(address, serial);
            }
        }
    }
    Ok(found.into_iter().map(|(address, serial)| Found { address, serial }).collect())
}

fn serial(datagram: &[u8]) -> Option<String> {
    let mut decoder = codec::decoder();
    decoder.feed(datagram);
    let Some(Item::Body(body)) = decoder.next_item() else { return None };
    let [DISCOVERED, 1, 0, rest @ ..] = &body[..] else { return None };
    let serial = rest.get(..SERIAL_BYTES)?;
    let end = serial.iter().position(|byte| *byte == 0).unwrap_or(SERIAL_BYTES);
    Some(String::from_utf8_lossy(&serial[..end]).trim().to_owned())
}
