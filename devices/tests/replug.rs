//! A cable is pulled and plugged in again: the line is another one at the same path, and every driver comes back by itself.

use std::path::Path;
use std::time::Duration;

use devices::display;
use devices::fiscal::{FiscalDevice, FiscalError, shtrih};
use devices::label_scale::{self, LabelScaleError, LabelScaleSetup, ScaleItem};
use devices::port::{BytePort, Connector, PortAddress, connector};
use devices::printer::{self, Align, PrintLine, PrinterError};
use devices::scale::{self, ScaleError};
use devices::scanner::WedgeSettings;
use devices::scanner::line::{Heard, LineScanner};
use devices::sim::cd5220::DisplayHandle;
use devices::sim::escpos::PrinterHandle;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use devices::sim::listen::{Emulated, listen_pty};
use devices::sim::scale::Platform;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use domain::money::Money;
use tokio::io::AsyncWriteExt;
use tokio::sync::broadcast;

/// More than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(20);
const TIMES: usize = 3;

/// A connector to this path, as a till is set to it.
fn plug(path: &Path) -> Connector {
    let address: PortAddress = path.to_str().expect("a plain path").parse().expect("a path is a line");
    connector(address)
}

/// A scanner at the other end of a line: whatever is sent to the channel is what it reads.
#[derive(Clone)]
struct Gun(broadcast::Sender<&'static [u8]>);

impl Emulated for Gun {
    async fn serve(&self, mut port: impl BytePort + 'static) {
        let mut codes = self.0.subscribe();
        while let Ok(code) = codes.recv().await {
            port.write_all(code).await.expect("the line is there");
        }
    }
}

impl Gun {
    /// Read a code, as soon as somebody is at the line.
    async fn shoot(&self, code: &'static [u8]) {
        while self.0.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        self.0.send(code).expect("a line");
    }
}

async fn heard(scanner: &mut LineScanner) -> Heard {
    tokio::time::timeout(PATIENCE, scanner.next()).await.expect("something is heard")
}

#[tokio::test]
async fn a_scanner_comes_back_and_makes_no_code_of_half_a_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scanner");
    let gun = Gun(broadcast::channel(8).0);
    let settings = WedgeSettings { prefix: "]E0".into(), suffix: String::new() };
    let mut scanner = LineScanner::with_patience(plug(&path), settings, Duration::from_millis(5));
    assert!(matches!(heard(&mut scanner).await, Heard::Lost { reason } if reason.contains("scanner")));
    for _ in 0..TIMES {
        let line = listen_pty(&gun, Some(&path)).expect("a line");
        assert_eq!(heard(&mut scanner).await, Heard::Back);
        gun.shoot(b"4601234567893\r\n]E046000000\r460").await;
        assert_eq!(heard(&mut scanner).await, Heard::Scan("4601234567893".into()));
        assert_eq!(heard(&mut scanner).await, Heard::Scan("46000000".into()));
        // It waits for the rest, and the cable is pulled meanwhile.
        let waits = tokio::time::timeout(Duration::from_millis(50), scanner.next()).await;
        assert!(waits.is_err(), "{waits:?}");
        drop(line);
        assert!(matches!(heard(&mut scanner).await, Heard::Lost { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_scanner_did_not_end_is_forgotten_after_a_moment() {
    let (host, mut device) = devices::port::memory();
    let host = std::sync::Mutex::new(Some(host));
    let connector: Connector = std::sync::Arc::new(move || {
        let host = host.lock().expect("a lock").take().expect("it is opened once");
        Box::pin(async move { Ok(Box::new(host) as Box<dyn BytePort>) })
    });
    let mut scanner = LineScanner::new(connector, WedgeSettings::default());
    device.write_all(b"460").await.expect("a line");
    // Whoever listens does other things in between.
    for _ in 0..3 {
        let waits = tokio::time::timeout(Duration::from_millis(600), scanner.next()).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    device.write_all(b"4601234567893\r").await.expect("a line");
    assert_eq!(scanner.next().await, Heard::Scan("4601234567893".into()));
    drop(device);
    assert!(matches!(scanner.next().await, Heard::Lost { .. }));
}

/// As a converter that serves one host does while another is at it.
#[tokio::test(start_paused = true)]
async fn a_line_that_is_closed_at_once_is_not_opened_in_a_rush() {
    let connector: Connector =
        std::sync::Arc::new(|| Box::pin(async { Ok(Box::new(devices::port::memory().0) as Box<dyn BytePort>) }));
    let mut scanner = LineScanner::with_patience(connector, WedgeSettings::default(), Duration::from_secs(1));
    let began = tokio::time::Instant::now();
    for _ in 0..TIMES {
        assert!(matches!(scanner.next().await, Heard::Lost { .. }));
        assert_eq!(scanner.next().await, Heard::Back);
    }
    assert!(began.elapsed() >= Duration::from_secs(1) * TIMES as u32, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_checkout_scale_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for protocol in scale::all() {
        let path = folder.path().join(protocol.name);
        let device = (protocol.emulator)(&Platform::new());
        let mut driver = (protocol.driver)(plug(&path));
        for _ in 0..TIMES {
            let line = listen_pty(&device, Some(&path)).expect("a line");
            driver.weigh().await.expect(protocol.name);
            drop(line);
            let gone = driver.weigh().await;
            assert!(matches!(gone, Err(ScaleError::Offline { .. })), "{}: {gone:?}", protocol.name);
        }
    }
}

#[tokio::test]
async fn a_label_scale_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("label-scale");
    let scale = LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, LabelScaleSettings::default());
    let protocol = label_scale::find("shtrih-print-serial").expect("it is spoken");
    let mut driver = (protocol.driver)(plug(&path), LabelScaleSetup::default());
    for plu in 1..=TIMES as u32 {
        let line = scale.listen_pty(Some(&path)).expect("a line");
        let item = ScaleItem {
            plu,
            code: plu,
            name: "Сыр".into(),
            price: Money::from_minor(100),
            barcode_prefix: 22,
            ..ScaleItem::default()
        };
        assert_eq!(driver.upload(&[item]).await, Ok(1));
        drop(line);
        let gone = driver.status().await;
        assert!(matches!(gone, Err(LabelScaleError::Offline { .. })), "{gone:?}");
    }
    assert_eq!(scale.count(), TIMES);
}

#[tokio::test]
async fn a_registrar_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kkt");
    let registrar = EmulatorHandle::new(EmulatorSettings::default());
    let mut driver = shtrih::Shtrih::new(plug(&path));
    for _ in 0..TIMES {
        let line = listen_pty(&registrar, Some(&path)).expect("a line");
        driver.state().await.expect("it is there");
        drop(line);
        let gone = driver.state().await;
        assert!(matches!(gone, Err(FiscalError::Offline { .. })), "{gone:?}");
    }
}

#[tokio::test]
async fn a_printer_and_a_display_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("printer");
    for protocol in printer::all() {
        let device = PrinterHandle::new();
        let mut driver = (protocol.driver)(plug(&path));
        let document = [PrintLine::Text { text: "A".into(), align: Align::Left, bold: false, double: false }];
        for _ in 0..TIMES {
            let line = listen_pty(&device, Some(&path)).expect("a line");
            driver.print(&document).await.expect(protocol.name);
            drop(line);
            let gone = driver.print(&document).await;
            assert!(matches!(gone, Err(PrinterError::Offline { .. })), "{}: {gone:?}", protocol.name);
        }
    }
    for protocol in display::all() {
        let device = DisplayHandle::new();
        let mut driver = (protocol.driver)(plug(&path));
        for number in 0..TIMES {
            let line = listen_pty(&device, Some(&path)).expect("a line");
            let lines = [number.to_string(), String::new()];
            driver.show(&lines).await.expect(protocol.name);
            tokio::time::timeout(PATIENCE, async {
                while device.lines()[0].trim() != lines[0] {
                    tokio::task::yield_now().await;
                }
            })
            .await
            .expect("it is shown");
            drop(line);
            // It answers nothing, so that nobody is there is seen only when the line is gone.
            let gone = async {
                while driver.show(&lines).await.is_ok() {
                    tokio::task::yield_now().await
                }
            };
            tokio::time::timeout(PATIENCE, gone).await.expect(protocol.name);
        }
    }
}
