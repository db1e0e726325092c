//! Between the terminal's keys and the scanner's framing: keys in, each with its time; scans and keys out.
//!
//! The framing itself is [`devices::scanner`]. Here keys are translated, a scan on a Cyrillic layout is read as it was
//! meant, and a contact that bounces is let through once; inside a scan every character counts.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use devices::scanner::{self, WedgeSettings};

use super::layout;
use super::screen::Input;

/// The same acting key again within this time is a contact that bounced: nobody presses `+` twice in that.
pub const BOUNCE: Duration = Duration::from_millis(30);

/// Keys that no scanner types, by the number under which they pass through its framing.
const OTHERS: [KeyCode; 12] = [
    KeyCode::Esc,
    KeyCode::Backspace,
    KeyCode::Delete,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::Insert,
];

/// The separator of GS1 codes, which some scanners type as Ctrl+].
const GROUP_SEPARATOR: char = '\u{1D}';

/// F keys are numbered from here.
const F_KEYS: u32 = 100;

#[derive(Debug)]
pub struct Wedge {
    framing: scanner::Wedge,
    settings: WedgeSettings,
    /// Its clock begins here.
    since: Instant,
    /// Characters that the framing holds, as they were typed, and when.
    held: VecDeque<(char, Instant)>,
    acted: Option<(KeyCode, Instant)>,
}

impl Wedge {
    pub fn new(settings: WedgeSettings, since: Instant) -> Wedge {
        let framing = scanner::Wedge::new(settings.clone());
        Wedge { framing, settings, since, held: VecDeque::new(), acted: None }
    }

    /// When [`Wedge::settle`] must be called if no key comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.framing.waits_until_ms().map(|until| self.since + Duration::from_millis(until + 1))
    }

    pub fn press(&mut self, key: KeyEvent, at: Instant, out: &mut VecDeque<Input>) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        // What was held too long goes first: it was typed before.
        self.settle(at, out);
        if let Some(key) = to_framing(&key) {
            match key {
                scanner::Key::Char(c) => self.held.push_back((c, at)),
                scanner::Key::Control(']') => self.held.push_back((GROUP_SEPARATOR, at)),
                scanner::Key::Control(c) => self.held.push_back((c, at)),
                _ => {}
            }
            self.framing.press(key, self.ms(at));
            self.drain(at, out);
        }
    }

    /// Take a whole code from a scanner that does not type.
    pub fn scanned(&mut self, data: String, at: Instant, out: &mut VecDeque<Input>) {
        self.settle(at, out);
        self.acted = None;
        out.push_back(Input::Scan(data));
    }

    /// Let go of what was held back too long to be a scan.
    pub fn settle(&mut self, now: Instant, out: &mut VecDeque<Input>) {
        self.framing.settle(self.ms(now));
        self.drain(now, out);
    }

    fn drain(&mut self, now: Instant, out: &mut VecDeque<Input>) {
        while let Some(input) = self.framing.next_input() {
            match input {
                scanner::Input::Scan(data) => {
                    let typed: String = self.held.drain(..).map(|(c, _)| c).collect();
                    self.acted = None;
                    out.push_back(Input::Scan(self.meant(&typed, data)));
                }
                scanner::Input::Key(key) => {
                    let character = matches!(key, scanner::Key::Char(_) | scanner::Key::Control(_));
                    let held = if character { self.held.pop_front() } else { None };
                    let at = held.map_or(now, |(_, at)| at);
                    out.extend(from_framing(key).filter(|key| !self.bounced(key, at)).map(Input::Key));
                }
            }
        }
    }

    /// A scan typed on a Cyrillic layout, read by the places of its keys; `framed` is what the framing made of it.
    fn meant(&self, typed: &str, framed: String) -> String {
        let read = layout::latin(typed);
        if read == typed {
            return framed;
        }
        let inside = read.strip_prefix(&self.settings.prefix).and_then(|rest| rest.strip_suffix(&self.settings.suffix));
        inside.unwrap_or(&read).to_owned()
    }

    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.since).as_millis()).unwrap_or(u64::MAX)
    }

    fn bounced(&mut self, key: &KeyEvent, at: Instant) -> bool {
        let acts = matches!(key.code, KeyCode::Enter | KeyCode::Delete | KeyCode::F(_) | KeyCode::Char('+' | '-'));
        let again =
            self.acted.is_some_and(|(code, before)| code == key.code && at.saturating_duration_since(before) <= BOUNCE);
        self.acted = acts.then_some((key.code, at));
        acts && again
    }
}

fn to_framing(key: &KeyEvent) -> Option<scanner::Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        // A terminal gives the byte 0x1D as Ctrl+5.
        KeyCode::Char('5') if control => Some(scanner::Key::Control(']')),
        // And LF, which ends the line of some scanners, as Ctrl+J.
        KeyCode::Char('j') if control => Some(scanner::Key::LineFeed),
        KeyCode::Char(c) if control => Some(scanner::Key::Control(c)),
        KeyCode::Char(c) => Some(scanner::Key::Char(c)),
        KeyCode::Enter => Some(scanner::Key::Enter),
        KeyCode::Tab => Some(scanner::Key::Tab),
        KeyCode::F(n) => Some(scanner::Key::Other(F_KEYS + u32::from(n))),
        code => {
            let number = OTHERS.iter().position(|other| *other == code)?;
            u32::try_from(number).ok().map(scanner::Key::Other)
        }
    }
}

fn from_framing(key: scanner::Key) -> Option<KeyEvent> {
    Some(match key {
        scanner::Key::Char(c) => KeyEvent::from(KeyCode::Char(c)),
        scanner::Key::Control(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
        scanner::Key::Enter | scanner::Key::LineFeed => KeyEvent::from(KeyCode::Enter),
        scanner::Key::Tab => KeyEvent::from(KeyCode::Tab),
        scanner::Key::Other(number) => match number.checked_sub(F_KEYS) {
            Some(n) => KeyEvent::from(KeyCode::F(u8::try_from(n).ok()?)),
            None => KeyEvent::from(*OTHERS.get(usize::try_from(number).ok()?)?),
        },
    })
}
