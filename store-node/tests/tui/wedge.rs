//! Scanners and fingers, told apart by time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use devices::scanner::WedgeSettings;
use store_node::tui::keys::parse;
use store_node::tui::screen::Input;
use store_node::tui::wedge::Wedge;

/// Keys at a steady pace; what comes out.
fn typed(text: &str, gap: Duration) -> Vec<Input> {
    let began = Instant::now();
    let mut wedge = Wedge::new(WedgeSettings::default(), began);
    let mut out = VecDeque::new();
    let mut at = began;
    for key in parse(text).unwrap() {
        wedge.press(key, at, &mut out);
        at += gap;
    }
    if let Some(deadline) = wedge.deadline() {
        wedge.settle(deadline, &mut out);
    }
    out.into()
}

fn keys(text: &str) -> Vec<Input> {
    parse(text).unwrap().into_iter().map(Input::Key).collect()
}

#[test]
fn a_burst_is_one_scan_and_fingers_are_keys() {
    let (fast, slow) = (Duration::from_millis(3), Duration::from_millis(90));
    assert_eq!(typed("4600000000015<Enter>", fast), [Input::Scan("4600000000015".into())]);
    assert_eq!(typed("4600000000015<Enter>", slow), keys("4600000000015<Enter>"));
    assert_eq!(typed("500<Enter>", fast), keys("500<Enter>"));
    assert_eq!(typed("<+>500<Enter>", slow), keys("<+>500<Enter>"));
}

#[test]
fn every_key_of_the_map_passes_the_framing() {
    let map = "<F1><F2><F7><F8><F9><F12><Esc><Up><Down><PgUp><PgDn><Home><End><Del><Tab><BS><Ctrl+L><Ctrl+O><Ctrl+Q>";
    assert_eq!(typed(map, Duration::from_millis(90)), keys(map));
}

#[test]
fn a_second_return_of_a_scanner_is_not_a_key() {
    let scan = [Input::Scan("4600000000015".into())];
    assert_eq!(typed("4600000000015<Enter><Enter>", Duration::from_millis(3)), scan);
    assert_eq!(typed("4600000000015<Enter><Ctrl+J>", Duration::from_millis(3)), scan);
}

#[test]
fn a_group_separator_stays_in_the_code() {
    let expected = [Input::Scan("0104600000000015\u{1d}91ab".into())];
    assert_eq!(typed("0104600000000015<Ctrl+5>91ab<Enter>", Duration::from_millis(3)), expected);
}

#[test]
fn a_bouncing_contact_is_one_press_and_a_held_arrow_is_many() {
    let bounce = Duration::from_millis(10);
    assert_eq!(typed("<+><+>", bounce), keys("<+>"));
    assert_eq!(typed("<Enter><Enter>", bounce), keys("<Enter>"));
    assert_eq!(typed("<Down><Down>", bounce), keys("<Down><Down>"));
    assert_eq!(typed("<+><+>", Duration::from_millis(200)), keys("<+><+>"));
}

#[test]
fn a_scanner_on_a_cyrillic_layout_is_read_as_it_was_meant() {
    let fast = Duration::from_millis(3);
    for (typed_as, meant) in [
        ("е=20261125Е1405?ы=581ю08?ат=9999<Enter>", "t=20261125T1405&s=581.08&fn=9999"),
        ("0104600000000015215Шф<Ctrl+5>93їєі.<Enter>", "0104600000000015215Ia\u{1d}93]'s/"),
        ("4600000000015<Enter>", "4600000000015"),
    ] {
        assert_eq!(typed(typed_as, fast), [Input::Scan(meant.into())], "{typed_as}");
    }
    let slow = Duration::from_millis(90);
    assert_eq!(typed("хлеб ржаной<Enter>", slow), keys("хлеб ржаной<Enter>"), "what fingers type stays");
}

#[test]
fn signs_inside_a_code_are_not_a_bouncing_contact() {
    let scan = [Input::Scan("AB++12--34".into())];
    assert_eq!(typed("AB++12--34<Enter>", Duration::from_millis(3)), scan);
}

#[test]
fn prefix_and_suffix_of_a_scanner_are_taken_off_in_any_layout() {
    let settings = WedgeSettings { prefix: "]C1".into(), suffix: "#".into() };
    let began = Instant::now();
    for text in ["]C1ABC123#<Enter>", "ъС1ФИС123№<Enter>"] {
        let mut wedge = Wedge::new(settings.clone(), began);
        let mut out = VecDeque::new();
        for (n, key) in parse(text).unwrap().into_iter().enumerate() {
            wedge.press(key, began + Duration::from_millis(2) * u32::try_from(n).unwrap(), &mut out);
        }
        assert_eq!(Vec::from(out), [Input::Scan("ABC123".into())], "{text}");
    }
}
