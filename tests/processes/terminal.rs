//! A till's process in a terminal: keys go in at a person's pace, and what stands on the screen is read back.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::PATIENCE;
use super::program::binary;

/// The least screen that a till takes.
const SIZE: PtySize = PtySize { rows: 25, cols: 80, pixel_width: 0, pixel_height: 0 };
/// Stands beside every refusal.
const REFUSED: &str = "Esc = understood";
/// No hand is faster: what comes sooner is taken for a contact that bounces, or a scanner.
const PACE: Duration = Duration::from_millis(50);
/// No eye is faster: what comes sooner is no answer to a question that has just come up.
const READING: Duration = Duration::from_millis(350);

pub(crate) const MILK: &str = "4600000000015";
pub(crate) const BREAD: &str = "4600000000022";
pub(crate) const COFFEE: &str = "4600000000039";
pub(crate) const CHOC: &str = "4600000000046";
pub(crate) const BAG: &str = "4600000000077";
pub(crate) const WATER: &str = "4600000000084";
pub(crate) const BEER: &str = "4600000000091";
pub(crate) const LAMP: &str = "4600000000206";
pub(crate) const SOFA: &str = "4600000000213";
/// A good code that nothing has.
pub(crate) const UNKNOWN: &str = "4600000000992";

pub(crate) const ESC: &str = "\x1b";
pub(crate) const UP: &str = "\x1b[A";
pub(crate) const DOWN: &str = "\x1b[B";
/// Tenders at the payment.
pub(crate) const CASH: &str = "+";
pub(crate) const CARD: &str = F2;

pub(crate) const F2: &str = "\x1bOQ";
pub(crate) const F5: &str = "\x1b[15~";
pub(crate) const F6: &str = "\x1b[17~";
pub(crate) const F7: &str = "\x1b[18~";
pub(crate) const F8: &str = "\x1b[19~";
pub(crate) const F9: &str = "\x1b[20~";
pub(crate) const CTRL_L: &str = "\x0c";

/// What stands on the screen.
#[derive(Clone, Default)]
struct Shown {
    /// As it looks.
    screen: String,
    /// Its rows with one space wherever there are many, to be looked at for words and figures.
    words: String,
}

impl Shown {
    fn of(screen: String) -> Shown {
        let row = |row: &str| row.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = screen.lines().map(row).collect::<Vec<_>>().join("\n");
        Shown { screen, words }
    }
}

pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    /// Ends with the process.
    shown: watch::Receiver<Shown>,
    pressed: Option<Instant>,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// `store-node till` with these settings.
    pub(crate) fn open(settings: &Path) -> Terminal {
        let pair = native_pty_system().openpty(SIZE).expect("a terminal can be opened");
        let mut command = CommandBuilder::new(binary("store-node"));
        command.args([Path::new("till"), Path::new("--config"), settings]);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("the till starts");
        let mut output = pair.master.try_clone_reader().expect("a terminal can be read");
        let keys = pair.master.take_writer().expect("a terminal can be written to");
        let [rows, columns] = [SIZE.rows, SIZE.cols].map(|count| count.try_into().expect("not zero"));
        let (show, shown) = watch::channel(Shown::default());
        std::thread::spawn(move || {
            let mut parser = vt100::Parser::new(rows, columns, 0);
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                parser.process(&bytes[..count]);
                show.send_replace(Shown::of(parser.screen().contents()));
            }
        });
        Terminal { child, keys, shown, pressed: None, _terminal: pair.master }
    }

    /// Keys as one stroke, or the burst of a scanner; not sooner after the last than a hand can.
    pub(crate) async fn press(&mut self, keys: &str) {
        if let Some(before) = self.pressed {
            sleep_until(before + PACE).await;
        }
        // A till that has died takes no keys; whoever waits for its answer is told.
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).ok();
        self.pressed = Some(Instant::now());
    }

    /// A text as a hand types it, one key after another.
    pub(crate) async fn key_in(&mut self, text: &str) {
        let mut character = [0; 4];
        for c in text.chars() {
            self.press(c.encode_utf8(&mut character)).await;
        }
    }

    /// Esc until the screen has `text`, out of however many boxes.
    pub(crate) async fn back_to(&mut self, text: &str) {
        let seen = |words: &str| words.contains(text).then_some(());
        let pressed = async {
            loop {
                self.press(ESC).await;
                if timeout(READING, self.look(text, seen)).await.is_ok() {
                    return;
                }
            }
        };
        if timeout(PATIENCE, pressed).await.is_err() {
            panic!("Esc does not lead to {text}:\n{}", self.screen());
        }
    }

    /// What is on the screen now is read.
    pub(crate) async fn read(&self) {
        sleep_until(Instant::now() + READING).await;
    }

    /// Answer a question after reading it.
    pub(crate) async fn answer(&mut self, question: &str, key: &str) {
        self.shows(question).await;
        self.read().await;
        self.press(key).await;
        self.hides(question).await;
    }

    pub(crate) fn screen(&self) -> String {
        self.shown.borrow().screen.clone()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.shown.borrow().words.contains(text)
    }

    /// Wait for what `look` finds on the screen. None if the process ended before.
    pub(crate) async fn look<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                if let Some(found) = look(&self.shown.borrow_and_update().words) {
                    return Some(found);
                }
                self.shown.changed().await.ok()?;
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("within {PATIENCE:?} the screen did not show {what}:\n{}", self.screen()),
        }
    }

    /// Wait until the screen has `text`, whatever the space between its words.
    #[track_caller]
    pub(crate) fn shows<'a>(&'a mut self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let found = self.look(&format!("{text} ({place})"), |words| words.contains(text).then_some(())).await;
            assert!(found.is_some(), "{place}: the till ended before it showed {text}:\n{}", self.screen());
        }
    }

    /// Wait until the screen has no `text`.
    #[track_caller]
    pub(crate) fn hides<'a>(&'a mut self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let what = format!("no {text} ({place})");
            let gone = self.look(&what, |words| (!words.contains(text)).then_some(())).await;
            assert!(gone.is_some(), "{place}: the till ended:\n{}", self.screen());
        }
    }

    /// A refusal with `text` is shown; read it and put it away.
    pub(crate) async fn refuses(&mut self, text: &str) {
        let refused = |words: &str| words.lines().any(|row| row.contains(text) && row.contains(REFUSED)).then_some(());
        assert!(self.look(&format!("the refusal {text}"), refused).await.is_some(), "the till ended");
        self.press(ESC).await;
        self.hides(REFUSED).await;
    }

    /// What was typed led to `text`: true; was refused, and the refusal is read: false; ended the process: None.
    pub(crate) async fn led_to(&mut self, text: &str) -> Option<bool> {
        let what = format!("{text} or a refusal");
        let seen = |words: &str| words.contains(text).then_some(true).or(words.contains(REFUSED).then_some(false));
        let done = self.look(&what, seen).await?;
        if !done {
            self.press(ESC).await;
            self.look("no refusal", |words| (!words.contains(REFUSED)).then_some(())).await?;
        }
        Some(done)
    }

    /// Sign on and open the shift, as soon as the staff list has come.
    pub(crate) async fn open_shift(&mut self) {
        self.shows("Open the shift").await;
        self.press("1\r").await;
        self.press("1111\r").await;
        self.press("5000\r").await;
        while !self.led_to(" SALE ").await.expect("the till stays") {
            // The number stands there still.
            self.press("1111\r").await;
            self.press("5000\r").await;
        }
    }

    /// Scan the first line, milk, as soon as the catalogue has come. False if the till dies over it.
    pub(crate) async fn scan_first(&mut self) -> bool {
        loop {
            self.scan(MILK).await;
            match self.led_to("1 line").await {
                Some(true) => return true,
                Some(false) => {}
                None => return false,
            }
        }
    }

    /// What a scanner types.
    pub(crate) async fn scan(&mut self, code: &str) {
        self.press(&format!("{code}\r")).await;
    }

    /// Take the exact amount with the key of a tender. What comes of it is for the caller to see.
    pub(crate) async fn pay(&mut self, tender: &str) {
        self.press("+").await;
        self.shows(" PAYMENT ").await;
        self.press(tender).await;
    }

    pub(crate) async fn sell(&mut self, sequence: u64) {
        assert!(self.scan_first().await, "the till died over a scan");
        self.pay(CASH).await;
        self.closed(sequence).await;
    }

    pub(crate) async fn closed(&mut self, sequence: u64) {
        self.shows(&format!("RECEIPT {sequence:08} CLOSED")).await;
    }

    /// Wait for the process to end; the signal that ended it.
    pub(crate) async fn ended(&mut self) -> Option<String> {
        self.look("the end", |_| None::<()>).await;
        let status = self.child.wait().expect("a child can be waited for");
        assert!(status.success() || status.signal().is_some(), "{status}:\n{}", self.screen());
        status.signal().map(str::to_owned)
    }

    /// The cashier leaves.
    pub(crate) async fn leave(mut self) {
        self.press("\x11").await;
        self.shows("Leave the till?").await;
        self.press("\r").await;
        assert_eq!(self.ended().await, None, "it ends by itself");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
