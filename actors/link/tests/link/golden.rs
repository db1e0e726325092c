//! The bytes of `deploy/PROTOCOL.md`, and that nothing else passes for a frame.

use domain::ids::{StoreId, TillId};
use link::apply::{Origin, PeerRole, Received};
use link::chain::Place;
use link::datasets::Change;
use link::datasets::digest::{BUCKETS, Buckets, Sums, bucket_of};
use link::frame::{
    Ack, Agreed, Anew, Auth, Backfill, Bye, ByeReason, Challenge, Credit, Data, DatasetChunk, DatasetHave, Digest,
    Frame, FrameError, HEADER_BYTES_MAX, Hello, Nack, Numbered, Ping, Pong, Reply, ReplyStatus, Request, Welcome,
};
use link::trust::proof;
use proptest::prelude::*;
use uuid::Uuid;

const PROTOCOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/PROTOCOL.md");

fn document(sequence: u64, body: &[u8]) -> Numbered {
    let id = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + u128::from(sequence));
    let place = Place { sequence: sequence - 1, chain: [0; 16] }.next(id, body);
    let origin = Origin { store: StoreId::new("S0012").unwrap(), till: TillId(3), sequence, chain: place.chain };
    let document = Received { id, type_id: 1, schema: 1, origin, created_ms: 1_790_000_000_000, body: body.to_vec() };
    Numbered { place, document }
}

fn change(key: &str, version: u64, body: &[u8]) -> Change {
    Change { key: key.to_owned(), version, deleted: body.is_empty(), body: body.to_vec() }
}

fn chunk(rows: Vec<Change>) -> Frame {
    Frame::DatasetChunk(DatasetChunk { dataset: "items".to_owned(), after: 40, upto: 42, more: true, rows })
}

fn hello() -> Hello {
    Hello {
        name: "S0012/3".to_owned(),
        role: PeerRole::Till,
        token: "secret".to_owned(),
        incarnation: 0x1122_3344_5566_7788,
        last_sequence: 9,
        last_chain: [0xab; 16],
        software: "openstore 0.1.0".to_owned(),
    }
}

/// One frame of each kind, by the name it has in the document.
fn vectors() -> Vec<(&'static str, Frame)> {
    vec![
        ("Hello", Frame::Hello(hello())),
        (
            "Challenge",
            Frame::Challenge(Challenge {
                nonce: [0x5a; 32],
                time_ms: 1_790_000_000_000,
                certificates: vec![b"one".to_vec(), b"two".to_vec()],
                signature: vec![0xc3; 64],
            }),
        ),
        ("Auth", Frame::Auth(Auth { certificate: b"mine".to_vec(), signature: vec![0x3c; 64] })),
        (
            "Welcome",
            Frame::Welcome(Welcome {
                name: "S0012".to_owned(),
                role: PeerRole::Store,
                incarnation: 1,
                session: 2,
                applied_sequence: 7,
                applied_chain: [0xcd; 16],
                window_documents: 1_000,
                window_bytes: 2_097_152,
            }),
        ),
        ("Data", Frame::Data(Data { channel: 1, documents: vec![document(1, b"abc")] })),
        ("Ack", Frame::Ack(Ack { channel: 1, sequence: 8, chain: [0xef; 16] })),
        ("Nack", Frame::Nack(Nack { channel: 1, expected: 5, sentence: "document 5 is missing".to_owned() })),
        ("Credit", Frame::Credit(Credit { channel: 1, documents: 16, bytes: 65_536 })),
        ("Ping", Frame::Ping(Ping { number: 1 })),
        ("Pong", Frame::Pong(Pong { number: 1 })),
        ("Request", Frame::Request(Request { id: 3, ttl_ms: 3_000, type_id: 1, body: b"question".to_vec() })),
        ("Reply", Frame::Reply(Reply { id: 3, status: ReplyStatus::Answered, body: b"answer".to_vec() })),
        ("DatasetHave", Frame::DatasetHave(DatasetHave { dataset: "items".to_owned(), kept: 40, received: 42 })),
        ("DatasetChunk", chunk(vec![change("1001", 41, b"bread"), change("1002", 42, b"")])),
        ("Agreed", Frame::Agreed(Agreed { last_sequence: 9 })),
        ("Backfill", Frame::Backfill(Backfill { channel: 1, after: 4, chain: [0xcd; 16] })),
        ("Anew", {
            let mut buckets = Buckets::default();
            buckets.insert(1);
            buckets.insert(BUCKETS - 1);
            let rows = vec![change("1001", 41, b"bread")];
            Frame::Anew(Anew { dataset: "items".to_owned(), version: 42, round: 3, buckets, more: false, rows })
        }),
        ("Digest", {
            let (keys, sums) = ("1002".to_owned(), vec![bread().total()]);
            Frame::Digest(Digest { dataset: "items".to_owned(), version: 42, round: 3, rows: 1, mended: 1, keys, sums })
        }),
        (
            "Bye",
            Frame::Bye(Bye {
                reason: ByeReason::NotAdmitted,
                retry_after_ms: 5_000,
                sentence: "not admitted".to_owned(),
            }),
        ),
    ]
}

/// The sums of one row.
fn bread() -> Sums {
    let mut sums = Sums::default();
    sums.add(&change("1001", 41, b"bread"));
    sums
}

fn big() -> Frame {
    Frame::Data(Data { channel: 1, documents: (1..=20).map(|n| document(n, &[b'x'; 40])).collect() })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// `name: hex` from the document.
fn written(name: &str) -> String {
    let page = std::fs::read_to_string(PROTOCOL).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("PROTOCOL.md has no vector \"{name}\"")).trim().to_owned()
}

#[test]
fn the_bytes_are_those_of_the_document() {
    for (name, frame) in vectors() {
        let bytes = frame.encode().unwrap();
        assert_eq!(hex(&bytes), written(name), "{name}");
        assert_eq!(Frame::decode(&bytes).unwrap(), frame, "{name}");
    }
    // A compressor may find other bytes for the same; what it has written once must be read for ever.
    assert_eq!(Frame::decode(&from_hex(&written("Data (zstd)"))).unwrap(), big());
}

#[test]
fn the_signed_texts_are_those_of_the_document() {
    let upper = proof::upper_text(&hello(), &[0x5a; 32], 1_790_000_000_000).unwrap();
    assert_eq!(hex(&upper), written("text of a Challenge"));
    let lower = proof::lower_text(&hello(), &[0x5a; 32], &rustls::pki_types::CertificateDer::from(b"one".to_vec()));
    assert_eq!(hex(&lower), written("text of an Auth"));
    let token: link::enrolment::token::Token = written("token").parse().unwrap();
    assert_eq!((token.to_string(), hex(&token.authority)), (written("token"), "02".repeat(16)));
    assert_eq!(token.id_text(), "00".repeat(8));
    let key = link::trust::key::PublicKey([0x77; 32]);
    let peer = link::apply::Peer { name: "S0012/3".to_owned(), role: PeerRole::Till };
    assert_eq!(hex(&link::enrolment::text(&token.id_text(), &peer, &key)), written("text of an enrolment"));
    assert_eq!(token.proof(&peer, &key), written("proof of an enrolment"));
}

#[test]
fn the_chain_is_that_of_the_document() {
    let place = document(1, b"abc").place;
    assert_eq!(hex(&place.chain), written("chain(1)"));
    let next = place.next(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002), b"def");
    assert_eq!((next.sequence, hex(&next.chain)), (2, written("chain(2)")));
}

#[test]
fn the_sum_of_a_row_is_that_of_the_document() {
    assert_eq!(hex(&bread().total().to_le_bytes()), written("row(1001)"));
    assert_eq!(bucket_of("1001").to_string(), written("bucket(1001)"));
    let bucket = bread().buckets()[bucket_of("1001")];
    assert_eq!(bucket, bread().total());
}

#[test]
fn every_single_flipped_bit_is_refused() {
    let frames = vectors().into_iter().map(|(_, frame)| frame).chain([big()]);
    for frame in frames {
        let bytes = frame.encode().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut spoilt = bytes.clone();
            spoilt[bit / 8] ^= 1 << (bit % 8);
            assert!(Frame::decode(&spoilt).is_err(), "{} with bit {bit} flipped was read", frame.kind_name());
        }
        for end in 0..bytes.len() {
            assert!(Frame::decode(&bytes[..end]).is_err(), "{} cut at {end} was read", frame.kind_name());
        }
    }
}

/// A frame with a right checksum around whatever is given.
pub fn framed(kind: u8, flags: u16, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'O', b'S', 1, kind];
    bytes.extend_from_slice(&flags.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&bytes), header), body);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(body);
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Frame::decode(bytes).unwrap_err().to_string()
}

#[test]
fn refusals_say_which_field_and_why() {
    assert_eq!(refusal(b"OS"), "the frame has 2 bytes, fewer than the 16 of its preamble");
    assert_eq!(refusal(&framed(99, 0, b"", b"")), "the kind of the frame, 99, is not known");
    assert_eq!(refusal(&framed(9, 4, b"", b"")), "the flags of the frame, 0x0004, are not known");
    assert_eq!(
        refusal(&framed(9, 0, b"\x01", b"")),
        "field number of Ping cannot be read: it is cut short by 7 bytes or more"
    );
    assert_eq!(refusal(&framed(9, 0, &[0; 9], b"")), "Ping has 1 bytes after its last field");
    assert_eq!(refusal(&framed(9, 0, &[0; 8], b"x")), "Ping carries a body, which it must not");
    let mut reply = 3_u64.to_le_bytes().to_vec();
    reply.extend_from_slice(&7_u32.to_le_bytes());
    assert_eq!(refusal(&framed(12, 0, &reply, b"")), "field status of ReplyHeader cannot be read: 7 is not known");
    // A length that lies does not make anybody allocate.
    let mut have = u64::MAX.to_le_bytes().to_vec();
    have.extend_from_slice(b"items");
    assert!(refusal(&framed(15, 0, &have, b"")).starts_with("field dataset of DatasetHave cannot be read"));
    let mut data = 1_u16.to_le_bytes().to_vec();
    data.extend_from_slice(&1_u32.to_le_bytes());
    data.extend_from_slice(&u32::MAX.to_le_bytes());
    assert!(refusal(&framed(5, 1, &data, b"x")).contains("more than the 1048576 allowed"));
    let long =
        Frame::Bye(Bye { reason: ByeReason::Leaving, retry_after_ms: 0, sentence: "x".repeat(HEADER_BYTES_MAX) });
    assert!(matches!(long.encode(), Err(FrameError::TooLong { what: "the header", .. })));
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(kind in 0_u8..24, flags in 0_u16..2, header in prop::collection::vec(any::<u8>(), 0..96), body in prop::collection::vec(any::<u8>(), 0..96)) {
        Frame::decode(&framed(kind, flags, &header, &body)).ok();
        Frame::decode(&body).ok();
    }

    #[test]
    fn rows_come_back_as_they_went(rows in prop::collection::vec((".{0,20}", any::<u64>(), prop::collection::vec(any::<u8>(), 0..80)), 0..40)) {
        let rows = rows.iter().map(|(key, version, body)| change(key, *version, body)).collect();
        let frame = chunk(rows);
        prop_assert_eq!(Frame::decode(&frame.encode().unwrap()).unwrap(), frame);
    }
}
