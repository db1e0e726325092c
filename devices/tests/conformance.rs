//! Every driver of the crate over recorded bytes: what it says to a device, what the device answers, and what comes of it.
//!
//! Each exchange is run clean, with each answer cut at every byte, with noise before each answer, with silence from each
//! answer on, and with every check sum wrong. Time is virtual, so the deadlines are waited for in full. In no run may a
//! command that changes the device be sent twice.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::NaiveDate;
use devices::display;
use devices::fiscal::shtrih::Shtrih;
use devices::fiscal::{FiscalDevice, FiscalKind, FiscalSign, FiscalState, MarkCheck};
use devices::port::{self, BytePort, Connector};
use devices::printer::{self, Align, DrawerPin, PrintLine};
use devices::scale;
use devices::terminal::zvt::Zvt;
use devices::terminal::{Approval, Cancel, PaymentTerminal, TerminalOperation, TerminalRequest};
use domain::money::Money;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

#[path = "conformance/atol.rs"]
mod atol;
#[path = "conformance/exchanges.rs"]
mod exchanges;
#[path = "conformance/scanner.rs"]
mod scanner;

/// Means nothing in any of the protocols.
const NOISE: &[u8] = &[0xFF, 0x90];
/// Between the pieces of a cut answer: less than any protocol allows inside an answer.
const PAUSE: Duration = Duration::from_millis(5);

/// A recorded exchange.
struct Exchange {
    name: &'static str,
    /// What is asked of the driver; the result in words.
    run: fn(Connector) -> BoxFuture<'static, String>,
    /// `>` what the driver says, `>!` if it must never be said twice, `<` what the device answers to it.
    script: &'static str,
    says: &'static str,
    /// After noise before an answer, if the driver cannot know what became of the command; else it is as clean.
    in_doubt: Option<&'static str>,
    /// With silence from the first answer on, from the second, and so on.
    silent: &'static [&'static str],
    /// How far from the end of a long answer its check sum is, and what the driver says when all of them are wrong.
    spoilt: Option<(usize, &'static str)>,
    /// The longest that silence may be waited for.
    within: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    None,
    /// This answer comes in two pieces.
    Cut {
        answer: usize,
        at: usize,
    },
    /// Something comes before this answer.
    Noise {
        answer: usize,
    },
    /// Nothing comes from this answer on.
    Silence {
        answer: usize,
    },
    /// One bit of the byte so far from the end of each answer is wrong.
    Spoil {
        from_end: usize,
    },
}

struct Line {
    asked: Vec<u8>,
    answer: Vec<u8>,
    is_once: bool,
}

/// The device: it answers what it was recorded to answer, also to what it is asked again.
struct Tape {
    lines: Vec<Line>,
    damage: Damage,
    /// The line that is expected next.
    next: usize,
    heard: Vec<u8>,
    /// Lines in the order in which they were said.
    said: Vec<usize>,
    answers: usize,
    /// Bytes that are of no line.
    strange: Vec<u8>,
}

impl Tape {
    fn new(script: &str, damage: Damage) -> Tape {
        let mut lines: Vec<Line> = Vec::new();
        for text in script.split(['\n', '|']).map(str::trim).filter(|text| !text.is_empty()) {
            match (text.strip_prefix('<'), text.strip_prefix('>')) {
                (Some(answer), _) => lines.last_mut().expect("a question is before it").answer.extend(hex(answer)),
                (None, Some(asked)) => lines.push(Line {
                    asked: hex(asked.trim_start_matches('!')),
                    answer: Vec::new(),
                    is_once: asked.starts_with('!'),
                }),
                (None, None) => panic!("{text} begins with neither > nor <"),
            }
        }
        Tape { lines, damage, next: 0, heard: Vec::new(), said: Vec::new(), answers: 0, strange: Vec::new() }
    }

    /// Answers that are not empty, in the order in which they come.
    fn lengths(&self) -> Vec<usize> {
        self.lines.iter().map(|line| line.answer.len()).filter(|length| *length > 0).collect()
    }

    /// Take bytes; the pieces in which the answers come.
    fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.heard.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        while !self.heard.is_empty() {
            // What is expected; else the last of what was said already, said again.
            let order = (self.next..self.lines.len()).take(1).chain((0..self.next).rev());
            let found = order.clone().find(|line| self.heard.starts_with(&self.lines[*line].asked));
            if let Some(line) = found {
                self.heard.drain(..self.lines[line].asked.len());
                self.next = line + 1;
                self.said.push(line);
                self.answer(line, &mut pieces);
            } else if order.into_iter().any(|line| self.lines[line].asked.starts_with(&self.heard)) {
                break;
            } else {
                self.strange.push(self.heard.remove(0));
            }
        }
        pieces
    }

    fn answer(&mut self, line: usize, pieces: &mut Vec<Vec<u8>>) {
        let mut bytes = self.lines[line].answer.clone();
        if bytes.is_empty() {
            return;
        }
        let number = self.answers;
        self.answers += 1;
        match self.damage {
            Damage::Silence { answer } if number >= answer => return,
            Damage::Cut { answer, at } if number == answer => {
                let rest = bytes.split_off(at);
                pieces.push(bytes);
                return pieces.push(rest);
            }
            Damage::Noise { answer } if number == answer => pieces.push(NOISE.to_vec()),
            Damage::Spoil { from_end } if bytes.len() > from_end + 1 => {
                let place = bytes.len() - from_end;
                bytes[place] ^= 0x40;
            }
            _ => {}
        }
        pieces.push(bytes);
    }
}

/// What one run has shown.
struct Shown {
    says: String,
    took: Duration,
    said: Vec<usize>,
    strange: Vec<u8>,
}

impl Exchange {
    fn run(&self, damage: Damage) -> Shown {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let tape = Arc::new(Mutex::new(Tape::new(self.script, damage)));
        let served = tape.clone();
        let connector: Connector = Arc::new(move || {
            let (host, device) = port::memory();
            tokio::spawn(serve(served.clone(), device));
            Box::pin(async { Ok(Box::new(host) as Box<dyn BytePort>) })
        });
        let (says, took) = runtime.block_on(async {
            let began = Instant::now();
            let says = (self.run)(connector).await;
            let took = began.elapsed();
            // What the driver said last may still be on its way.
            tokio::time::sleep(3 * PAUSE).await;
            (says, took)
        });
        let tape = lock(&tape);
        let what = format!("{} with {damage:?}", self.name);
        for (number, line) in tape.lines.iter().enumerate().filter(|(_, line)| line.is_once) {
            let times = tape.said.iter().filter(|said| **said == number).count();
            assert!(times <= 1, "{what}: {:02X?} was sent {times} times", line.asked);
        }
        Shown { says, took, said: tape.said.clone(), strange: tape.strange.clone() }
    }

    fn check(&self) {
        let name = self.name;
        let lines = Tape::new(self.script, Damage::None);
        let in_order: Vec<usize> = (0..lines.lines.len()).collect();
        let lengths = lines.lengths();

        let clean = self.run(Damage::None);
        assert_eq!((clean.says.as_str(), &clean.strange[..]), (self.says, &[][..]), "{name}");
        assert_eq!(clean.said, in_order, "{name}");

        for (answer, length) in lengths.iter().enumerate() {
            for at in 1..*length {
                let cut = self.run(Damage::Cut { answer, at });
                assert_eq!((cut.says.as_str(), cut.said), (self.says, in_order.clone()), "{name}: {answer} at {at}");
            }
            let noisy = self.run(Damage::Noise { answer }).says;
            let is_expected = noisy == self.says || self.in_doubt == Some(&noisy);
            assert!(is_expected, "{name} with noise before answer {answer}: {noisy}");
        }

        let silences = (0..lengths.len()).map(|answer| self.run(Damage::Silence { answer }));
        let silences: Vec<Shown> = silences.collect();
        let says: Vec<&str> = silences.iter().map(|shown| shown.says.as_str()).collect();
        assert_eq!(says, self.silent, "{name} with silence");
        for shown in &silences {
            assert!(shown.took <= self.within, "{name}: silence was waited for {:?}", shown.took);
        }

        if let Some((from_end, says)) = self.spoilt {
            assert_eq!(self.run(Damage::Spoil { from_end }).says, says, "{name} with wrong check sums");
        }
    }
}

async fn serve(tape: Arc<Mutex<Tape>>, mut port: DuplexStream) {
    lock(&tape).heard.clear();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = port.read(&mut bytes).await {
        let pieces = lock(&tape).feed(&bytes[..count]);
        for piece in pieces {
            if port.write_all(&piece).await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn lock(tape: &Mutex<Tape>) -> MutexGuard<'_, Tape> {
    tape.lock().expect("no test panics with it")
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

fn told<T, E: std::fmt::Display>(result: Result<T, E>, in_words: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| error.to_string(), in_words)
}

fn weigh(protocol: &'static str, connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let mut driver = (scale::find(protocol).expect("it is spoken").driver)(connector);
        told(driver.weigh().await, |weight| match weight {
            scale::Weight { overload: true, .. } => "overload".to_owned(),
            scale::Weight { gross, stable, .. } => format!("{gross}{}", if stable { "" } else { " moving" }),
        })
    })
}

fn fiscal_state(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move { told(Shtrih::new(connector).state().await, storage_in_words) })
}

fn storage_in_words(state: FiscalState) -> String {
    let FiscalState { device, last_document, shift, shift_open, .. } = state;
    format!("storage {device}, document {last_document}, shift {shift} open: {shift_open}")
}

fn open_shift(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move {
        told(Shtrih::new(connector).open_shift("").await, |FiscalSign { device, number, sign }| {
            format!("storage {device}, document {number}, sign {sign}")
        })
    })
}

fn check_mark(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let mut driver = Shtrih::new(connector);
        let checked = driver.check_mark(FiscalKind::Sale, "0104601234567893215jcmHzLmkdPML\u{1d}938p9E").await;
        told(checked, |MarkCheck { result, kept }| format!("result {result}, kept: {kept}"))
    })
}

fn set_clock(connector: Connector) -> BoxFuture<'static, String> {
    let then = NaiveDate::from_ymd_opt(2026, 11, 24).and_then(|day| day.and_hms_opt(12, 30, 0)).expect("a time");
    Box::pin(async move { told(Shtrih::new(connector).set_clock(then).await, |()| "set".to_owned()) })
}

fn pay(connector: Connector) -> BoxFuture<'static, String> {
    let request = TerminalRequest { operation: TerminalOperation::Sale, amount: Money::from_minor(17_980), of: None };
    Box::pin(async move {
        let result = Zvt::new(connector).perform(&request, &Cancel::default()).await;
        told(result, |Approval { reference, .. }| format!("approved {reference}"))
    })
}

fn print(protocol: &'static str, connector: Connector) -> BoxFuture<'static, String> {
    let document = [PrintLine::Text { text: "A".into(), align: Align::Left, bold: false, double: false }];
    Box::pin(async move {
        let mut driver = (printer::find(protocol).expect("it is spoken").driver)(connector);
        told(driver.print(&document).await, |()| "printed".to_owned())
    })
}

fn open_drawer(connector: Connector) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let mut driver = (printer::find("escpos").expect("it is spoken").driver)(connector);
        told(driver.open_drawer(DrawerPin::Two).await, |()| "opened".to_owned())
    })
}

fn show(connector: Connector) -> BoxFuture<'static, String> {
    let lines = ["MILK".to_owned(), "1.00".to_owned()];
    Box::pin(async move {
        let mut driver = (display::find("cd5220").expect("it is spoken").driver)(connector);
        told(driver.show(&lines).await, |()| "sent".to_owned())
    })
}
