//! The scanner that types: keys as they come, and what a till makes of them.

use devices::scanner::{Input, Key, Wedge, WedgeSettings};

const CODE: &str = "4601234567893";
/// Between the keys of a scanner, and of a person.
const QUICK_MS: u64 = 5;
const SLOW_MS: u64 = 200;

/// Type keys, each with the pause before it; `\r` is the return key. What comes out, in words.
fn typed(keys: impl Iterator<Item = (char, u64)>) -> String {
    let mut wedge = Wedge::new(WedgeSettings::default());
    let mut at_ms = 0;
    for (key, pause_ms) in keys {
        at_ms += pause_ms;
        wedge.press(if key == '\r' { Key::Enter } else { Key::Char(key) }, at_ms);
    }
    wedge.settle(at_ms + SLOW_MS);
    let told = std::iter::from_fn(|| wedge.next_input()).map(|input| match input {
        Input::Scan(code) => format!("[{code}]"),
        Input::Key(Key::Char(key)) => key.to_string(),
        Input::Key(key) => format!("{key:?}"),
    });
    told.collect()
}

#[test]
fn a_code_is_one_scan_and_a_part_of_it_is_none() {
    let burst = || format!("{CODE}\r").chars().map(|key| (key, QUICK_MS)).collect::<Vec<_>>();
    assert_eq!(typed(burst().into_iter()), format!("[{CODE}]"));

    // Cut by a pause: what came before it are keys, and what comes after is a scan only while it is long enough for one.
    for at in 1..=CODE.len() {
        let cut = burst()
            .into_iter()
            .enumerate()
            .map(|(number, (key, pause))| (key, pause + SLOW_MS * u64::from(number == at)));
        let (before, after) = CODE.split_at(at);
        let after = if after.len() >= 6 { format!("[{after}]") } else { format!("{after}Enter") };
        assert_eq!(typed(cut), format!("{before}{after}"), "cut at {at}");
    }

    // A person's keys before it stay keys.
    let noisy = "77".chars().map(|key| (key, SLOW_MS)).chain(CODE.chars().take(1).map(|key| (key, SLOW_MS)));
    let noisy = noisy.chain(burst().into_iter().skip(1));
    assert_eq!(typed(noisy), format!("77[{CODE}]"));

    // Its end never comes.
    assert_eq!(typed(burst().into_iter().take(CODE.len())), CODE);
}
