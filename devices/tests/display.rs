//! The CD5220 driver against the simulated display, and the simulated display against the documented bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use devices::display::cd5220::{Cd5220, encode};
use devices::display::{self, COLUMNS, CustomerDisplay};
use devices::port::{self, BytePort, Connector};
use devices::sim::cd5220::DisplayHandle;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

const EMPTY: &str = "                    ";
/// A display answers nothing, so a test waits until the lines are there.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(5);

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

fn lines(upper: &str, lower: &str) -> [String; 2] {
    [upper.to_owned(), lower.to_owned()]
}

async fn shows(display: &DisplayHandle, upper: &str, lower: &str) {
    let expected = [format!("{upper:COLUMNS$}"), format!("{lower:COLUMNS$}")];
    let shown = tokio::time::timeout(SHOWN_TIMEOUT, async {
        while display.lines() != expected {
            tokio::task::yield_now().await;
        }
    });
    assert!(shown.await.is_ok(), "{expected:?} is expected and {:?} is shown", display.lines());
}

/// What the display shows after these bytes.
async fn after(bytes: &[u8]) -> DisplayHandle {
    let display = DisplayHandle::new();
    let mut port = (display.connector())().await.expect("a port in memory opens");
    port.write_all(bytes).await.expect("the display listens");
    display
}

#[tokio::test]
async fn documented_bytes_show_what_the_documents_say() {
    let upper = "1B 51 41 8C 8E 8B 8E 8A 8E 20 20 20 20 20 20 20 20 20 20 20 20 20 20 0D";
    let lower = "1B 51 42 88 92 8E 83 3A 20 20 20 20 20 20 20 20 20 31 37 39 2E 38 30 0D";
    for (bytes, upper, lower) in [
        ("1B 40 0C", EMPTY, EMPTY),
        (upper, "МОЛОКО", ""),
        (lower, "", "ИТОГ:         179.80"),
        ("1B 6C 01 02 41", "", "A"),
        ("1F 24 01 02 41", "", "A"),
        ("1B 3D 02 1B 40 0C 54 45 53 54 1B 3D 01", "TEST", ""),
    ] {
        shows(&after(&hex(bytes)).await, upper, lower).await;
    }
    shows(&after(b"\x1B\x3D\x01for the printer\x1B\x3D\x02X").await, "X", "").await;
    shows(&after(b"\x0Cabcdefghijklmnopqrstuvwxy\x1B\x6C\x03\x01#\x0D\x0A\x18z").await, "ab#defghijklmnopqrst", "z")
        .await;
}

#[test]
fn both_lines_are_written_byte_for_byte() {
    let bytes = encode(&lines("МОЛОКО", "ИТОГ:         179.80"));
    let upper = hex("1B 51 41 8C 8E 8B 8E 8A 8E 20 20 20 20 20 20 20 20 20 20 20 20 20 20 0D");
    let lower = hex("1B 51 42 88 92 8E 83 3A 20 20 20 20 20 20 20 20 20 31 37 39 2E 38 30 0D");
    assert_eq!(bytes, [&hex("1B 63 52")[..], &upper, &lower].concat());
}

#[tokio::test]
async fn lines_are_shown_cut_and_padded() {
    let display = DisplayHandle::new();
    let mut driver = Cd5220::new(display.connector());
    driver.show(&lines("Молоко 3,2 % топлёное", "89,90 ₽")).await.expect("the display is there");
    shows(&display, "Молоко 3,2 % топлёно", "89,90 руб.").await;
    driver.show(&lines("Сир київський, ґатунок", "Сдача\r0")).await.expect("the display is there");
    shows(&display, "Сир київський, гатун", "Сдача 0").await;
    driver.show(&lines("", "")).await.expect("the display is there");
    shows(&display, EMPTY, EMPTY).await;
}

#[tokio::test]
async fn a_lost_port_is_opened_again_and_a_missing_one_is_told() {
    let display = DisplayHandle::new();
    let opened = Arc::new(AtomicUsize::new(0));
    let (good, count) = (display.connector(), opened.clone());
    let connector: Connector = Arc::new(move || {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let good = good.clone();
        Box::pin(
            async move { if is_first { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) } else { good().await } },
        )
    });
    let mut driver = Cd5220::new(connector);
    driver.show(&lines("Добро", "пожаловать")).await.expect("the second port is good");
    shows(&display, "Добро", "пожаловать").await;
    driver.show(&lines("Спасибо", "")).await.expect("the port stays open");
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    let mut driver = Cd5220::new(port::connector("memory".parse().expect("an address")));
    assert!(driver.show(&lines("", "")).await.is_err());
    assert!(display::find("cd5220").is_some() && display::find("neon").is_none());
}

proptest! {
    #[test]
    fn a_line_is_always_as_wide_as_the_display(upper in any::<String>(), lower in "[А-яЁёІіЇїЄєҐґ a-z]{0,40}") {
        prop_assert_eq!(encode(&[upper, lower]).len(), 3 + 2 * (3 + COLUMNS + 1));
    }
}
