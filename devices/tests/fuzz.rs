//! Every decoder of the crate under bytes that nobody would send: no panic, no endless loop, no more memory than frames need.
//!
//! An input is made of one seed: valid frames, damaged, or bytes at random, fed in pieces. A seed that fails is printed; put
//! it into [`KEPT`], and it runs first from then on.
//!
//! Memory is counted for the whole process, so there is one test here and no more.

use std::panic::{AssertUnwindSafe, catch_unwind};

use devices::fiscal::atol::answers as atol;
use devices::fiscal::shtrih::codec as shtrih;
use devices::http::{self, Read};
use devices::printer::escpos::answers as escpos;
use devices::scale::asking::{Dialogue, Step};
use devices::scale::{cas, massa_100, mettler_8217, pos2};
use devices::scanner::line::Codes;
use devices::terminal::zvt::{codec as zvt, report};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Inputs of each decoder.
const INPUTS: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
/// Seeds that have failed once: the decoder and the seed.
const KEPT: &[(&str, u64)] = &[];

/// An input is longer than a few frames of any protocol.
const INPUT_BYTES_MAX: usize = 4_096;
const FRAMES_MAX: u64 = 4;
const DAMAGES_MAX: u64 = 6;
/// Small enough that a body can be too long.
const HTTP_BODY_BYTES_MAX: usize = 1_024;
/// As a port hands them out.
const PIECE_BYTES_MAX: usize = 64;
/// A buffer that grows is twice as large as what it holds, and there are two of them while it is moved.
const BUFFER_FACTOR: usize = 4;
/// What an error says in words.
const WORDS_BYTES: usize = 1_024;

struct Fuzzed {
    name: &'static str,
    /// Frames that the decoder takes: in hexadecimal, or texts as they are.
    frames: &'static [&'static str],
    /// The longest frame of the protocol, in bytes.
    frame_bytes: usize,
    /// False: a frame comes alone and whole, as a datagram does.
    is_stream: bool,
    /// Bytes that what is read out of a frame may take for each byte of it.
    value_factor: usize,
    /// Feed the pieces and take whatever is found; how often something was.
    decode: fn(&mut dyn Iterator<Item = &[u8]>) -> usize,
}

/// Every decoder of bytes that come from outside.
const ALL: &[Fuzzed] = &[
    Fuzzed {
        name: "shtrih",
        frames: &[
            "02 01 FC FD",
            "02 10 10 00 1E 92 02 04 00 00 00 00 00 00 00 00 00 00 8A",
            "02 08 FF 40 00 01 34 01 05 00 86",
            "02 13 FC 00 00 00 01 0F FA 00 D8 D2 D0 C8 D5 2D CC 2D 30 31 D4 C5",
            "02 09 FF 61 00 03 00 05 02 00 0F 9C",
            "02 04 FF 69 00 0F 9D",
            "05",
            "06",
            "15",
        ],
        frame_bytes: shtrih::BODY_MAX + 3,
        is_stream: true,
        value_factor: 0,
        decode: |pieces| {
            let mut decoder = shtrih::Decoder::default();
            count(pieces, |piece, found| {
                decoder.feed(piece);
                while let Some(item) = decoder.next_item() {
                    found();
                    assert!(item != shtrih::Item::Frame || !decoder.body().is_empty());
                }
            })
        },
    },
    Fuzzed {
        name: "http, a response",
        frames: &[
            "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1;a=b\r\n \r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n{}",
        ],
        frame_bytes: INPUT_BYTES_MAX,
        is_stream: true,
        value_factor: 0,
        decode: |pieces| {
            message(pieces, |kept| {
                // What ends with the connection is the same answer, only longer.
                let _ended = http::read_response(kept, true, HTTP_BODY_BYTES_MAX);
                is_whole(&http::read_response(kept, false, HTTP_BODY_BYTES_MAX))
            })
        },
    },
    Fuzzed {
        name: "http, a request",
        frames: &["POST /api/v2/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "GET / HTTP/1.1\r\n\r\n"],
        frame_bytes: INPUT_BYTES_MAX,
        is_stream: true,
        value_factor: 0,
        decode: |pieces| message(pieces, |kept| is_whole(&http::read_request(kept, HTTP_BODY_BYTES_MAX))),
    },
    Fuzzed {
        name: "atol",
        frames: &[
            r#"{"results":[{"status":"ready","errorCode":0,"errorDescription":"Ошибок нет","result":{"fiscalParams":
               {"fiscalDocumentNumber":70,"fiscalDocumentSign":"1138986989","fnNumber":"9999078900000961","total":266.97}}}]}"#,
            r#"{"results":[{"status":"ready","result":{"fnInfo":{"serial":"9999078900000961"}}},
               {"status":"ready","result":{"fnStatus":{"fiscalDocumentNumber":69}}},
               {"status":"ready","result":{"shiftStatus":{"state":"closed","number":11}}},
               {"status":"ready","result":{"deviceStatus":{"paperPresent":true}}}]}"#,
            r#"{"results":[{"status":"ready","result":{"fnStatus":{"fiscalDocumentNumber":69}}},
               {"status":"ready","result":{"documentTLV":{"fiscalDocumentType":"receipt","qr":"s=1&fp=2","1054":1,"1020":1.5,
               "1077":[1,{"a":null}]}}}]}"#,
            r#"{"results":[{"status":"ready","result":{"shiftTotals":{"cashDrawer":{"sum":1},"income":{"sum":2},
               "outcome":{"sum":0},"receipts":{"sell":{"count":1,"payments":{"cash":1.01}},"sellReturn":{"count":0}}}}}]}"#,
            r#"{"results":[{"status":"wait"},{"status":"error","errorCode":66,"errorDescription":"x"}]}"#,
        ],
        frame_bytes: INPUT_BYTES_MAX,
        is_stream: false,
        // At most four results, each with room for whatever it may tell.
        value_factor: 64,
        decode: |pieces| {
            count(pieces, |body, found| {
                let is_read = [
                    atol::results(body).is_ok(),
                    atol::state(body).is_ok(),
                    atol::made(body).is_ok(),
                    atol::found(1, body).is_ok(),
                    atol::totals(body).is_ok(),
                ];
                is_read.into_iter().filter(|is_read| *is_read).for_each(|_| found());
            })
        },
    },
    Fuzzed {
        name: "zvt",
        frames: &[
            "06 0F 0A 19 10 29 52 52 35 35 49 09 78",
            "04 0F 13 27 00 04 00 00 00 01 79 80 49 06 43 87 01 23 0B 00 00 01",
            "06 D1 07 00 8E 8F 8B 80 92 80",
            "06 D3 0F 06 0D 25 0B 07 03 41 42 43 07 04 44 45 46 47",
            "06 1E 04 B8 87 FF FF",
            "80 00 00",
            "84 83 00",
        ],
        frame_bytes: zvt::DATA_MAX + 5,
        is_stream: true,
        // A field of two bytes is pointed to with three words.
        value_factor: 32,
        decode: |pieces| {
            let mut decoder = zvt::Decoder::default();
            let mut lines = Vec::new();
            count(pieces, |piece, found| {
                decoder.feed(piece);
                while let Some(packet) = decoder.next_packet() {
                    found();
                    // Whether it is understood is for its own tests.
                    let _read = report::Status::parse(&packet.data).is_ok();
                    lines.clear();
                    let _read = report::read_lines(&packet, &mut lines).is_ok();
                }
            })
        },
    },
    Fuzzed {
        name: "cas",
        frames: &[
            "06",
            "15",
            "01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04",
            "01 02 55 46 46 46 46 46 46 46 6B 67 1F 03 04",
        ],
        frame_bytes: 15,
        is_stream: true,
        value_factor: 0,
        decode: talk::<cas::Blocks>,
    },
    Fuzzed {
        name: "mettler-8217",
        frames: &["02 30 30 2E 35 33 35 0D", "02 30 30 2E 35 33 35 4E 0D", "02 3F 41 0D"],
        frame_bytes: 9,
        is_stream: true,
        value_factor: 0,
        decode: talk::<mettler_8217::Words>,
    },
    Fuzzed {
        name: "massa-100",
        frames: &[
            "F8 55 CE 0D 00 24 0F 00 00 00 01 01 00 00 00 00 00 00 7D 42",
            "F8 55 CE 09 00 24 17 02 00 00 01 01 00 00 66 1A",
            "F8 55 CE 02 00 28 08 08 28",
        ],
        frame_bytes: 71,
        is_stream: true,
        value_factor: 0,
        decode: talk::<massa_100::Frames>,
    },
    Fuzzed {
        name: "escpos",
        frames: &["12", "16", "1A", "72", "00", "10 00 00 0F", "37 22 41 41 41 42 00", "5F 45 50 53 4F 4E 00"],
        frame_bytes: escpos::HEARD_BYTES_MAX,
        is_stream: true,
        value_factor: 0,
        decode: |pieces| {
            let mut heard = escpos::Heard::default();
            count(pieces, |piece, found| {
                heard.feed(piece);
                if let Some(state) = heard.state() {
                    found();
                    let state =
                        escpos::StateBytes { printer: state, offline_cause: state, error_cause: state, paper: state };
                    // What it means is for its own tests.
                    let _read = (state.paper(), state.problem());
                }
                if heard.has_proof(1) || heard.has_taken() {
                    found();
                }
            })
        },
    },
    Fuzzed {
        name: "scanner",
        frames: &["34 36 30 31 32 33 34 35 36 37 38 39 33 0D 0A", "5D 64 32 30 31 1D 39 33 0D", "34 36 09"],
        frame_bytes: 513,
        is_stream: true,
        // A byte that no text has is replaced by three.
        value_factor: 8,
        decode: |pieces| {
            let mut codes = Codes::default();
            count(pieces, |piece, found| {
                codes.feed(piece);
                while let Some(code) = codes.next_code() {
                    found();
                    assert!(!code.is_empty());
                }
            })
        },
    },
    Fuzzed {
        name: "pos2",
        frames: &["06", "15", "02 0B 3A 00 15 00 17 02 00 00 00 00 00 31", "02 02 3A 7A 42"],
        frame_bytes: 32,
        is_stream: true,
        value_factor: 0,
        decode: talk::<pos2::Frames>,
    },
];

fn count(pieces: &mut dyn Iterator<Item = &[u8]>, mut take: impl FnMut(&[u8], &mut dyn FnMut())) -> usize {
    let mut found = 0;
    for piece in pieces {
        take(piece, &mut || {
            found += 1;
            assert!(found <= INPUT_BYTES_MAX, "it finds more than there are bytes");
        });
    }
    found
}

/// Messages of which one ends where the next begins; none: more is needed.
fn message(pieces: &mut dyn Iterator<Item = &[u8]>, read: fn(&[u8]) -> Option<bool>) -> usize {
    let mut kept = Vec::new();
    count(pieces, |piece, found| {
        kept.extend_from_slice(piece);
        if let Some(is_whole) = read(&kept) {
            kept.clear();
            if is_whole {
                found();
            }
        }
    })
}

fn is_whole<T>(read: &Read<T>) -> Option<bool> {
    match read {
        Read::Whole(_) => Some(true),
        Read::Noise => Some(false),
        Read::Part => None,
    }
}

fn talk<D: Dialogue>(pieces: &mut dyn Iterator<Item = &[u8]>) -> usize {
    let mut dialogue = D::default();
    dialogue.ask();
    count(pieces, |piece, found| {
        dialogue.feed(piece);
        while let Some(step) = dialogue.next_step() {
            found();
            assert!(!matches!(step, Step::Say([])));
        }
    })
}

/// Numbers of a seed, always the same ones.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A place in so many bytes, of which there is at least one.
    fn place(&mut self, bytes: usize) -> usize {
        self.below(bytes as u64) as usize
    }

    fn input(&mut self, frames: &[Vec<u8>], is_stream: bool) -> Vec<u8> {
        let mut input = Vec::new();
        if self.below(8) == 0 {
            input.extend((0..self.below(INPUT_BYTES_MAX as u64 / 16)).map(|_| self.next() as u8));
        } else if !is_stream {
            input.clone_from(&frames[self.place(frames.len())]);
        } else {
            // Seldom more than a decoder may keep.
            let times = if self.below(64) == 0 { 64 } else { 1 };
            for _ in 0..times * (1 + self.below(FRAMES_MAX)) {
                input.extend_from_slice(&frames[self.place(frames.len())]);
            }
        }
        for _ in 0..self.below(DAMAGES_MAX) {
            self.damage(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn damage(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            return;
        }
        let (at, byte) = (self.place(input.len()), self.next() as u8);
        match self.below(6) {
            0 => input[at] ^= 1 << (byte % 8),
            // Limits are where lengths go wrong.
            1 => input[at] = [0x00, 0xFF, 0x7F, byte][self.place(4)],
            2 => input.insert(at, byte),
            3 => drop(input.remove(at)),
            4 => input.truncate(at),
            _ => {
                let end = at + self.place(input.len() - at);
                input.extend_from_within(at..end);
            }
        }
    }
}

/// One input; how much was found in it.
fn run(fuzzed: &Fuzzed, frames: &[Vec<u8>], seed: u64) -> usize {
    let mut dice = Dice(seed);
    let input = dice.input(frames, fuzzed.is_stream);
    let piece_bytes = if fuzzed.is_stream { 1 + dice.place(PIECE_BYTES_MAX) } else { INPUT_BYTES_MAX };
    let mut pieces = input.chunks(piece_bytes);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let found = (fuzzed.decode)(&mut pieces);
    let took = MEMORY.peak_usage().saturating_sub(before);
    let held = fuzzed.frame_bytes.min(input.len()) + piece_bytes.min(input.len());
    let allowed = (BUFFER_FACTOR + fuzzed.value_factor) * held + WORDS_BYTES;
    assert!(took <= allowed, "it took {took} bytes where {allowed} are allowed");
    found
}

#[test]
fn no_bytes_make_a_decoder_panic_loop_or_take_memory() {
    for fuzzed in ALL {
        let frames: Vec<Vec<u8>> = fuzzed.frames.iter().map(|frame| bytes(frame)).collect();
        let kept = KEPT.iter().filter(|(name, _)| *name == fuzzed.name).map(|(_, seed)| *seed);
        let mut found = 0;
        for seed in kept.chain(0..INPUTS) {
            match catch_unwind(AssertUnwindSafe(|| run(fuzzed, &frames, seed))) {
                Ok(count) => found += count as u64,
                Err(_) => panic!("{} fails; keep it as (\"{}\", {seed}) in KEPT", fuzzed.name, fuzzed.name),
            }
        }
        // Enough of the protocol is left in the inputs to come past the first check.
        assert!(found > INPUTS / 8, "{}: only {found} things were found in {INPUTS} inputs", fuzzed.name);
    }
}

fn bytes(frame: &str) -> Vec<u8> {
    let hex: Result<Vec<u8>, _> = frame.split_whitespace().map(|byte| u8::from_str_radix(byte, 16)).collect();
    hex.unwrap_or_else(|_| frame.as_bytes().to_vec())
}
