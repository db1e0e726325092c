//! A till's process in a terminal: keys go in, and what stands on the screen is read back.

use std::io::{Read, Write};
use std::path::Path;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;
use super::program::binary;

/// The least screen that a till takes.
const SIZE: PtySize = PtySize { rows: 25, cols: 80, pixel_width: 0, pixel_height: 0 };
/// Stands beside every refusal.
const REFUSED: &str = "Esc = understood";
pub(crate) const MILK: &str = "4600000000015";

pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    /// The text of the screen. Ends with the process.
    screen: watch::Receiver<String>,
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
        let (shown, screen) = watch::channel(String::new());
        std::thread::spawn(move || {
            let mut parser = vt100::Parser::new(rows, columns, 0);
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                parser.process(&bytes[..count]);
                shown.send_replace(parser.screen().contents());
            }
        });
        Terminal { child, keys, screen, _terminal: pair.master }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        // A till that has died takes no keys; whoever waits for its answer is told.
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).ok();
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.borrow().clone()
    }

    /// Wait for what `look` finds on the screen. None if the process ended before.
    pub(crate) async fn look<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                if let Some(found) = look(&self.screen.borrow_and_update()) {
                    return Some(found);
                }
                self.screen.changed().await.ok()?;
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("within {PATIENCE:?} the screen did not show {what}:\n{}", self.screen()),
        }
    }

    #[track_caller]
    pub(crate) fn shows<'a>(&'a mut self, text: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let found = self.look(text, |screen| screen.contains(text).then_some(())).await;
            assert!(found.is_some(), "{place}: the till ended before it showed {text}:\n{}", self.screen());
        }
    }

    /// What was typed led to `text`: true; was refused, and the refusal is read: false; ended the process: None.
    async fn led_to(&mut self, text: &str) -> Option<bool> {
        let what = format!("{text} or a refusal");
        let seen = |screen: &str| screen.contains(text).then_some(true).or(screen.contains(REFUSED).then_some(false));
        let done = self.look(&what, seen).await?;
        if !done {
            self.press("\x1b");
            self.look("no refusal", |screen| (!screen.contains(REFUSED)).then_some(())).await?;
        }
        Some(done)
    }

    /// Sign on and open the shift, as soon as the staff list has come.
    pub(crate) async fn open_shift(&mut self) {
        self.shows("Open the shift").await;
        self.press("1\r1111\r5000\r");
        while !self.led_to(" SALE ").await.expect("the till stays") {
            // The number stands there still.
            self.press("1111\r5000\r");
        }
    }

    /// Scan milk, as soon as the catalogue has come. False if the till dies over it.
    pub(crate) async fn scan(&mut self) -> bool {
        loop {
            self.press(&format!("{MILK}\r"));
            match self.led_to("1 line").await {
                Some(true) => return true,
                Some(false) => {}
                None => return false,
            }
        }
    }

    /// Take the exact amount in cash. What comes of it is for the caller to see.
    pub(crate) async fn pay(&mut self) {
        self.press("+");
        self.shows(" PAYMENT ").await;
        self.press("+");
    }

    pub(crate) async fn sell(&mut self, sequence: u64) {
        assert!(self.scan().await, "the till died over a scan");
        self.pay().await;
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
        self.press("\x11");
        self.shows("Leave the till?").await;
        self.press("\r");
        assert_eq!(self.ended().await, None, "it ends by itself");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
