//! A scanner that types: telling its bursts from a person's keys. Pure: keys with their times in, scans and keys out.
//!
//! Invariants: a key of a burst never acts as a key, so a scan cannot confirm a question on the screen; a key of a person
//! is never lost, only passed on a little later; a terminator that follows a scan at once is part of it.
//!
//! The owner feeds keys as they come and calls [`Wedge::settle`] when [`Wedge::waits_until_ms`] is reached.

use std::collections::VecDeque;

pub mod line;

/// A scanner types a character every 1 to 20 ms, the slowest of those on serial adapters 30. The fastest typist needs 60
/// between two keys, except when two keys are hit as one.
const GAP_MAX_MS: u64 = 35;
/// The shortest code that a shop scans is EAN-8's short form of six digits. Two keys hit as one are far from it.
const BURST_KEYS_MIN: usize = 6;
/// The longest GS1 DataMatrix code is shorter. A burst that is longer is not a scan and passes as keys.
const BURST_KEYS_MAX: usize = 512;
/// Scanners set to end with two returns, or with CR LF twice, send the last within this time; a person cannot.
const SECOND_END_MAX_MS: u64 = 100;
/// The separator of GS1 codes; some scanners type it as a control key with "]".
const GROUP_SEPARATOR: char = '\u{1D}';

/// One key as the terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// Control with a character.
    Control(char),
    Enter,
    LineFeed,
    Tab,
    /// Anything that a scanner never types, by the owner's own number.
    Other(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Scan(String),
    Key(Key),
}

/// What the scanner of a till is set to.
#[derive(Clone, Debug, Default)]
pub struct WedgeSettings {
    /// Typed before each code; begins a scan whatever the speed.
    pub prefix: String,
    /// Typed after each code, before the terminator.
    pub suffix: String,
}

#[derive(Debug)]
pub struct Wedge {
    settings: WedgeSettings,
    /// Keys that may be the beginning of a scan.
    held: Vec<Key>,
    last_ms: u64,
    /// After a scan: until when another terminator belongs to it.
    swallow_until_ms: Option<u64>,
    ready: VecDeque<Input>,
}

impl Wedge {
    pub fn new(settings: WedgeSettings) -> Wedge {
        Wedge { settings, held: Vec::new(), last_ms: 0, swallow_until_ms: None, ready: VecDeque::new() }
    }

    /// Take one key. `at_ms` is any clock that never goes back.
    pub fn press(&mut self, key: Key, at_ms: u64) {
        self.settle(at_ms);
        let is_end = matches!(key, Key::Enter | Key::LineFeed | Key::Tab);
        if is_end && self.swallow_until_ms.is_some_and(|until| at_ms <= until) {
            self.last_ms = at_ms;
            return;
        }
        self.swallow_until_ms = None;
        self.last_ms = at_ms;
        match key {
            Key::Char(_) | Key::Control(_) if self.held.len() < BURST_KEYS_MAX => self.held.push(key),
            _ if is_end => self.end(key, at_ms),
            _ => {
                self.pass_held();
                self.ready.push_back(Input::Key(key));
            }
        }
    }

    /// Pass on what was held too long to be a scan.
    pub fn settle(&mut self, now_ms: u64) {
        if self.waits_until_ms().is_some_and(|until| now_ms > until) {
            self.pass_held();
        }
    }

    /// The last moment at which the held keys may still become a scan.
    pub fn waits_until_ms(&self) -> Option<u64> {
        (!self.held.is_empty()).then_some(self.last_ms + GAP_MAX_MS)
    }

    /// The next scan or key.
    pub fn next_input(&mut self) -> Option<Input> {
        self.ready.pop_front()
    }

    fn end(&mut self, key: Key, at_ms: u64) {
        match self.scanned() {
            Some(code) => {
                self.held.clear();
                self.ready.push_back(Input::Scan(code));
                self.swallow_until_ms = Some(at_ms + SECOND_END_MAX_MS);
            }
            None => {
                self.pass_held();
                self.ready.push_back(Input::Key(key));
            }
        }
    }

    /// The held keys as a code, without prefix and suffix.
    fn scanned(&self) -> Option<String> {
        let typed: String = self.held.iter().filter_map(|key| latin(*key)).collect();
        let framed =
            typed.strip_prefix(&self.settings.prefix).and_then(|rest| rest.strip_suffix(&self.settings.suffix));
        let has_frame = !self.settings.prefix.is_empty() && framed.is_some();
        let code = framed.unwrap_or(&typed);
        let is_scan = !code.is_empty() && (has_frame || self.held.len() >= BURST_KEYS_MIN);
        is_scan.then(|| code.to_owned())
    }

    fn pass_held(&mut self) {
        self.ready.extend(self.held.drain(..).map(Input::Key));
    }
}

/// The Russian layout, and the Latin characters on the same keys.
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбю.ёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,Ё";
const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,./`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?~";
/// The keys on which the Ukrainian layout has other letters than the Russian.
const UKRAINIAN: &str = "іїєґІЇЄҐ";
const UKRAINIAN_LATIN: &str = "s]'`S}\"~";

/// What the scanner meant, whatever layout the keyboard is set to.
fn latin(key: Key) -> Option<char> {
    match key {
        Key::Control(']') => Some(GROUP_SEPARATOR),
        Key::Char(typed) if typed.is_ascii() => Some(typed),
        Key::Char(typed) => {
            let russian = RUSSIAN.chars().zip(LATIN.chars());
            let ukrainian = UKRAINIAN.chars().zip(UKRAINIAN_LATIN.chars());
            russian.chain(ukrainian).find(|(cyrillic, _)| *cyrillic == typed).map(|(_, latin)| latin)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feed keys at a steady gap and return all that comes out; `\r`, `\n` and `\t` are the terminators.
    fn typed(wedge: &mut Wedge, text: &str, from_ms: u64, gap_ms: u64) -> Vec<Input> {
        let mut at_ms = from_ms;
        for character in text.chars() {
            let key = match character {
                '\r' => Key::Enter,
                '\n' => Key::LineFeed,
                '\t' => Key::Tab,
                GROUP_SEPARATOR => Key::Control(']'),
                character => Key::Char(character),
            };
            wedge.press(key, at_ms);
            at_ms += gap_ms;
        }
        wedge.settle(at_ms + 1000);
        std::iter::from_fn(|| wedge.next_input()).collect()
    }

    fn scan(text: &str) -> Vec<Input> {
        vec![Input::Scan(text.into())]
    }

    fn plain() -> Wedge {
        Wedge::new(WedgeSettings::default())
    }

    #[test]
    fn a_burst_with_any_terminator_is_one_scan() {
        for end in ["\r", "\n", "\r\n", "\t", "\r\r", "\r\n\r\n"] {
            for gap_ms in [0, 5, 30] {
                let found = typed(&mut plain(), &format!("4601234567893{end}"), 0, gap_ms);
                assert_eq!(found, scan("4601234567893"), "{end:?} {gap_ms}");
            }
        }
    }

    #[test]
    fn a_person_types_keys() {
        let keys: Vec<_> =
            "460123".chars().map(|digit| Input::Key(Key::Char(digit))).chain([Input::Key(Key::Enter)]).collect();
        assert_eq!(typed(&mut plain(), "460123\r", 0, 90), keys);
        let quick = vec![Input::Key(Key::Char('1')), Input::Key(Key::Char('2')), Input::Key(Key::Enter)];
        assert_eq!(typed(&mut plain(), "12\r", 0, 10), quick, "a short run is not a scan");
        assert_eq!(typed(&mut plain(), "\r", 0, 10), [Input::Key(Key::Enter)]);
    }

    #[test]
    fn retail_s10_a_second_return_adds_nothing_and_a_later_one_is_a_key() {
        let mut wedge = plain();
        assert_eq!(typed(&mut wedge, "4601234567893\r\r", 0, 5), scan("4601234567893"));
        assert_eq!(typed(&mut wedge, "\r", 5000, 5), [Input::Key(Key::Enter)]);
    }

    #[test]
    fn scans_that_follow_at_once_are_apart() {
        let found = typed(&mut plain(), "4601234567893\r\n46012345\r", 0, 3);
        assert_eq!(found, [scan("4601234567893"), scan("46012345")].concat());
    }

    #[test]
    fn a_burst_without_an_end_passes_as_keys() {
        let found = typed(&mut plain(), "4601234567", 0, 3);
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|input| matches!(input, Input::Key(Key::Char(_)))));
    }

    #[test]
    fn a_function_key_inside_a_run_is_never_held() {
        let mut wedge = plain();
        wedge.press(Key::Char('1'), 0);
        wedge.press(Key::Other(5), 1);
        assert_eq!(wedge.next_input(), Some(Input::Key(Key::Char('1'))));
        assert_eq!(wedge.next_input(), Some(Input::Key(Key::Other(5))));
        assert_eq!(wedge.waits_until_ms(), None);
    }

    #[test]
    fn prefix_and_suffix_are_taken_off_and_a_prefix_makes_a_short_code_a_scan() {
        let settings = WedgeSettings { prefix: "~".into(), suffix: "#".into() };
        assert_eq!(typed(&mut Wedge::new(settings.clone()), "~12#\r", 0, 5), scan("12"));
        assert_eq!(typed(&mut Wedge::new(settings), "4601234567893\r", 0, 5), scan("4601234567893"));
    }

    #[test]
    fn a_cyrillic_layout_is_read_by_the_place_of_the_key() {
        assert_eq!(typed(&mut plain(), "ЙЦУКЕН123йц\r", 0, 5), scan("QWERTY123qw"));
        assert_eq!(typed(&mut plain(), "фівапр\r", 0, 5), scan("asdfgh"));
        assert_eq!(RUSSIAN.chars().count(), LATIN.chars().count());
        assert_eq!(UKRAINIAN.chars().count(), UKRAINIAN_LATIN.chars().count());
    }

    #[test]
    fn a_group_separator_stays_in_the_code() {
        assert_eq!(typed(&mut plain(), "0104601234\u{1D}93abcd\r", 0, 5), scan("0104601234\u{1D}93abcd"));
    }

    #[test]
    fn a_run_longer_than_any_code_loses_no_key() {
        let long = "7".repeat(BURST_KEYS_MAX * 2 + 10);
        assert_eq!(typed(&mut plain(), &long, 0, 1).len(), long.len());
    }
}
