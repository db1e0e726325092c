//! The simulated terminal, byte for byte: what it says to the packets of the protocol's examples.

use std::time::Duration;

use devices::port::BytePort;
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// A simulator in this process answers in far less.
const PATIENCE: Duration = Duration::from_secs(5);

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
}

/// Say this, in pieces of one byte, and hear exactly that.
async fn talk(port: &mut Box<dyn BytePort>, said: &str, heard: &str) {
    for byte in hex(said) {
        port.write_all(&[byte]).await.expect("it is written");
    }
    let expected = hex(heard);
    let mut bytes = vec![0; expected.len()];
    timeout(PATIENCE, port.read_exact(&mut bytes)).await.expect("an answer").expect("an answer");
    assert_eq!(bytes, expected, "{said}: {bytes:02X?}");
}

#[tokio::test]
async fn a_dialogue_is_spoken_byte_for_byte() {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let mut port = (terminal.connector())().await.expect("a port");
    let port = &mut port;
    let sale = "06 01 0A 04 00 00 00 01 79 80 49 06 43";
    talk(port, sale, "80 00 00 06 1E 01 6B").await;
    talk(port, "80 00 00 06 00 06 12 34 56 DE 09 78", "80 00 00 06 1E 01 6F").await;
    talk(port, "80 00 00 06 00 06 12 34 56 DE 06 43", "80 00 00 06 0F 0A 19 00 29 10 20 30 40 49 06 43").await;
    talk(port, "80 00 00 06 20 05 00 00 00 03 03", "80 00 00 06 1E 01 83").await;
    talk(port, "80 00 00 06 93 00", "84 83 00").await;

    talk(port, sale, "80 00 00 04 FF 01 0A").await;
    talk(port, "80 00 00", "04 FF 01 17").await;
    // It is approved already: the wish to stop is acknowledged and comes too late.
    talk(port, "06 B0 00", "80 00 00").await;
    talk(port, "80 00 00", "04 0F").await;
    let mut length = [0; 1];
    port.read_exact(&mut length).await.expect("a length");
    let status = "27 00 04 00 00 00 01 79 80 49 06 43 87 00 01 0B 00 00 01 0C";
    let mut data = vec![0; usize::from(length[0])];
    port.read_exact(&mut data).await.expect("a status");
    assert_eq!(data[..hex(status).len()], hex(status), "{data:02X?}");
    // Said again on request.
    talk(port, "84 9C 00", "04 0F").await;
    port.read_exact(&mut length).await.expect("a length");
    let mut again = vec![0; data.len()];
    port.read_exact(&mut again).await.expect("the same status");
    assert_eq!(again, data);

    talk(port, "80 00 00", "06 D1 07 00 8E 8F 8B 80 92 80").await;
    for _ in 0..6 {
        talk(port, "80 00 00", "06 D1").await;
        port.read_exact(&mut length).await.expect("a length");
        let mut line = vec![0; usize::from(length[0])];
        port.read_exact(&mut line).await.expect("a line");
    }
    talk(port, "80 00 00", "06 0F 00").await;
    talk(port, "80 00 00 05 01 03 00 00 00", "80 00 00 06 0F 00").await;
    assert_eq!(terminal.charges().len(), 1);
}

#[tokio::test]
async fn one_operation_at_a_time_and_a_wish_to_stop_from_any_link() {
    let terminal = TerminalHandle::new(TerminalSettings::default());
    let mut first = (terminal.connector())().await.expect("a port");
    let mut second = (terminal.connector())().await.expect("a port");
    let registration = "06 00 06 00 00 00 C6 06 43";
    let registered = "80 00 00 06 0F 0A 19 00 29 10 20 30 40 49 06 43";
    talk(&mut first, registration, registered).await;
    terminal.set_fault("hang".parse().expect("a fault"));
    talk(&mut first, "80 00 00 06 01 0A 04 00 00 00 01 79 80 49 06 43", "80 00 00").await;
    talk(&mut second, registration, "84 9C 00").await;
    talk(&mut first, "06 50 03 12 34 56", "84 9C 00").await;
    talk(&mut second, "06 B0 00", "80 00 00").await;
    talk(&mut second, registration, registered).await;
    assert_eq!(terminal.charges(), []);

    talk(&mut first, "06 01 0A 04 00 00 00 01 79 80 49 06 43", "80 00 00").await;
    talk(&mut first, "06 B0 00", "80 00 00 06 1E 01 6C").await;
}
