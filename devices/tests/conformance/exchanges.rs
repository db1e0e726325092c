//! The recorded exchanges. Bytes are those of the protocols' documents, or put together by their rules.

use std::time::Duration;

use super::{Exchange, check_mark, fiscal_state, open_drawer, open_shift, pay, print, set_clock, show, weigh};

const SILENT_SCALE: &str = "the scale did not answer";
const SCALE_PATIENCE: Duration = Duration::from_secs(4);

/// The defaults of an exchange with a scale.
const SCALE: Exchange = Exchange {
    name: "",
    run: |connector| weigh("cas", connector),
    script: "",
    says: "0.535",
    in_doubt: None,
    silent: &[SILENT_SCALE],
    spoilt: None,
    within: SCALE_PATIENCE,
};

#[test]
fn cas() {
    let spoilt = Some((3, "the scale's answer cannot be understood: a block has a wrong check sum"));
    let cas = Exchange { silent: &[SILENT_SCALE, SILENT_SCALE], spoilt, ..SCALE };
    Exchange {
        name: "cas, at rest",
        script: "> 05 |< 06 |> 11 |< 01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04",
        ..cas
    }
    .check();
    Exchange {
        name: "cas, overload",
        script: "> 05 |< 06 |> 11 |< 01 02 55 46 46 46 46 46 46 46 6B 67 1F 03 04",
        says: "overload",
        ..cas
    }
    .check();
}

#[test]
fn mettler_8217() {
    let mettler = Exchange { run: |connector| weigh("mettler-8217", connector), ..SCALE };
    Exchange { name: "8217, at rest", script: "> 57 |< 02 30 30 2E 35 33 35 0D", ..mettler }.check();
    Exchange { name: "8217, moving", script: "> 57 |< 02 3F 41 0D", says: "0 moving", ..mettler }.check();
    Exchange { name: "8217, overload", script: "> 57 |< 02 3F 42 0D", says: "overload", ..mettler }.check();
}

#[test]
fn massa_100() {
    let spoilt = Some((1, "the scale's answer cannot be understood: a frame has a wrong check sum"));
    let massa = Exchange { run: |connector| weigh("massa-100", connector), spoilt, ..SCALE };
    Exchange {
        name: "massa-100, with the field of tare",
        script: "> F8 55 CE 01 00 23 23 00 |< F8 55 CE 0D 00 24 0F 00 00 00 01 01 00 00 00 00 00 00 7D 42",
        says: "0.015",
        ..massa
    }
    .check();
    Exchange {
        name: "massa-100, without it",
        script: "> F8 55 CE 01 00 23 23 00 |< F8 55 CE 09 00 24 17 02 00 00 01 01 00 00 66 1A",
        ..massa
    }
    .check();
    Exchange {
        name: "massa-100, overload",
        script: "> F8 55 CE 01 00 23 23 00 |< F8 55 CE 02 00 28 08 08 28",
        says: "overload",
        ..massa
    }
    .check();
}

#[test]
fn pos2() {
    let spoilt = Some((1, "the scale's answer cannot be understood: a frame has a wrong check sum"));
    let pos2 = Exchange { run: |connector| weigh("pos2", connector), spoilt, ..SCALE };
    Exchange {
        name: "pos2, at rest",
        script: "> 02 05 3A 30 30 33 30 3C |< 06 02 0B 3A 00 15 00 17 02 00 00 00 00 00 31 |> 06",
        ..pos2
    }
    .check();
    Exchange {
        name: "pos2, overload",
        script: "> 02 05 3A 30 30 33 30 3C |< 06 02 0B 3A 00 45 00 00 00 00 00 00 00 00 74 |> 06",
        says: "overload",
        ..pos2
    }
    .check();
    Exchange {
        name: "pos2, below zero",
        script: "> 02 05 3A 30 30 33 30 3C |< 06 02 0B 3A 00 04 00 FD FF FF FF 00 00 00 37 |> 06",
        says: "-0.003 moving",
        ..pos2
    }
    .check();
}

#[test]
fn shtrih() {
    const SILENT: &str = "the fiscal device is not reachable (it does not answer): check its power and cable";
    const UNREAD: &str = "the fiscal device is not reachable (no answer to \"short status\"; no document was made): \
                          check its power and cable";
    const NOT_MADE: &str = "the fiscal device is not reachable (no answer to \"status of the fiscal storage\"; no document \
                            was made): check its power and cable";
    const DOUBT: &str =
        "the fiscal device did not answer to \"open the shift\": check its last document before trying again";
    Exchange {
        name: "shtrih, state",
        run: fiscal_state,
        script:
            "> 05 |< 15 |> 02 05 10 1E 00 00 00 0B |< 06 02 10 10 00 1E 92 02 04 00 00 00 00 00 00 00 00 00 00 8A |> 06
                 > 05 |< 15 |> 02 06 FF 01 1E 00 00 00 E6
                 < 06 02 21 FF 01 00 03 00 00 01 00 1A 0B 17 0C 00 39 39 39 39 30 37 38 39 30 30 30 30 31 32 33 34
                 < 4D 00 00 00 98 |> 06
                 > 05 |< 15 |> 02 06 FF 40 1E 00 00 00 A7 |< 06 02 08 FF 40 00 01 34 01 05 00 86 |> 06",
        says: "storage 9999078900001234, document 77, shift 308 open: true",
        in_doubt: None,
        silent: &[SILENT; 6],
        spoilt: Some((1, UNREAD)),
        within: Duration::from_secs(60),
    }
    .check();
    Exchange {
        name: "shtrih, a shift is opened",
        run: open_shift,
        script: "> 05 |< 15 |> 02 06 FF 01 1E 00 00 00 E6
                 < 06 02 21 FF 01 00 03 00 00 00 00 1A 0B 17 0C 00 39 39 39 39 30 37 38 39 30 30 30 30 31 32 33 34
                 < 4D 00 00 00 99 |> 06
                 > 05 |< 15 |>! 02 06 FF 0B 1E 00 00 00 EC |< 06 02 0D FF 0B 00 01 00 4E 00 00 00 78 56 34 12 BE |> 06",
        says: "storage 9999078900001234, document 78, sign 305419896",
        in_doubt: Some(DOUBT),
        silent: &[SILENT, SILENT, SILENT, DOUBT],
        spoilt: Some((1, NOT_MADE)),
        within: Duration::from_secs(60),
    }
    .check();
}

#[test]
fn shtrih_beside_trade() {
    const SILENT: &str = "the fiscal device is not reachable (it does not answer): check its power and cable";
    const NOT_CHECKED: &str = "the fiscal device is not reachable (no answer to \"check a code\"; no document was made): \
                               check its power and cable";
    const UNREAD: &str = "the fiscal device is not reachable (no answer to \"full status\"; no document was made): \
                          check its power and cable";
    Exchange {
        name: "shtrih, a code is checked",
        run: check_mark,
        script: "> 05 |< 15
                 >! 02 30 FF 61 1E 00 00 00 01 00 26 00 30 31 30 34 36 30 31 32 33 34 35 36 37 38 39 33 32 31 35 6A \
                 63 6D 48 7A 4C 6D 6B 64 50 4D 4C 1D 39 33 38 70 39 45 AA
                 < 06 02 09 FF 61 00 03 00 05 02 00 0F 9C |> 06
                 > 05 |< 15 |>! 02 07 FF 69 1E 00 00 00 01 8E |< 06 02 04 FF 69 00 0F 9D |> 06",
        says: "result 15, kept: true",
        in_doubt: Some(NOT_CHECKED),
        silent: &[SILENT, NOT_CHECKED, SILENT, NOT_CHECKED],
        spoilt: Some((1, NOT_CHECKED)),
        within: Duration::from_secs(60),
    }
    .check();
    Exchange {
        name: "shtrih, the clock is set",
        run: set_clock,
        script: "> 05 |< 15 |> 02 05 11 1E 00 00 00 0A
                 < 06 02 30 11 00 1E 43 31 01 00 0E 02 11 01 00 00 92 02 04 00 00 31 31 00 00 01 01 14 17 0B 1A 0C 00 00 00
                 < 39 30 00 00 00 00 00 00 01 0F 87 83 07 CB 01 00 14 |> 06
                 > 05 |< 15 |> 02 08 22 1E 00 00 00 18 0B 1A 3D |< 06 02 02 22 00 20 |> 06
                 > 05 |< 15 |> 02 08 23 1E 00 00 00 18 0B 1A 3C |< 06 02 02 23 00 21 |> 06
                 > 05 |< 15 |> 02 08 21 1E 00 00 00 0C 1E 00 25 |< 06 02 02 21 00 23 |> 06",
        says: "set",
        in_doubt: None,
        silent: &[SILENT; 8],
        spoilt: Some((1, UNREAD)),
        within: Duration::from_secs(60),
    }
    .check();
}

#[test]
fn zvt() {
    Exchange {
        name: "zvt, a sale",
        run: pay,
        script: "> 06 00 06 00 00 00 DE 06 43 |< 80 00 00 06 0F 0A 19 00 29 10 20 30 40 49 06 43 |> 80 00 00
                 >! 06 01 0A 04 00 00 00 01 79 80 49 06 43 |< 80 00 00 04 FF 01 17
                 > 80 00 00 |< 04 0F 13 27 00 04 00 00 00 01 79 80 49 06 43 87 01 23 0B 00 00 01
                 > 80 00 00 |< 06 0F 00 |> 80 00 00",
        says: "approved 0123/000001",
        in_doubt: None,
        silent: &[
            "the payment terminal is not reachable (it does not answer): check its power and cable",
            "the payment terminal did not answer: it must be asked what it did",
            "the payment terminal did not answer: it must be asked what it did",
            "the payment terminal did not answer: it must be asked what it did",
        ],
        spoilt: None,
        within: Duration::from_secs(130),
    }
    .check();
}

#[test]
fn escpos() {
    const SILENT: &str = "the printer is not reachable (it does not answer): check its power and cable";
    let escpos = Exchange {
        name: "escpos, a document",
        run: |connector| print("escpos", connector),
        script: "> 10 04 04 |< 12 |> 10 04 01 |< 12 |>! 1B 40 1C 2E 1B 74 11 41 0A 1D 72 31 |< 00",
        says: "printed",
        in_doubt: None,
        silent: &[SILENT, SILENT, "the printer did not confirm that it printed"],
        spoilt: None,
        within: Duration::from_secs(31),
    };
    escpos.check();
    Exchange {
        name: "escpos, no paper",
        script: "> 10 04 04 |< 72",
        says: "the printer has no paper",
        silent: &[SILENT],
        ..escpos
    }
    .check();
    Exchange {
        name: "escpos, an open cover",
        script: "> 10 04 04 |< 12 |> 10 04 01 |< 1A |> 10 04 02 |< 16",
        says: "the printer does not print: its cover is open, close it",
        silent: &[SILENT, SILENT, SILENT],
        ..escpos
    }
    .check();
    Exchange {
        name: "escpos, a stuck cutter",
        script: "> 10 04 04 |< 12 |> 10 04 01 |< 1A |> 10 04 02 |< 52 |> 10 04 03 |< 1A",
        says: "the printer does not print: its cutter is stuck, take the paper out and switch it off and on",
        silent: &[SILENT; 4],
        ..escpos
    }
    .check();
    Exchange {
        name: "escpos, a proof",
        run: |connector| print("escpos-epson", connector),
        script: "> 10 04 04 |< 12 |> 10 04 01 |< 12
                 >! 1B 40 1C 2E 1B 74 11 41 0A 1D 28 48 06 00 30 30 41 41 41 42 |< 37 22 41 41 41 42 00",
        ..escpos
    }
    .check();
    Exchange {
        name: "escpos, the drawer",
        run: open_drawer,
        script: "> 10 04 04 |< 12 |> 10 04 01 |< 12 |>! 1B 70 00 19 FA |> 10 04 01 |< 16",
        says: "opened",
        silent: &[SILENT; 3],
        ..escpos
    }
    .check();
    Exchange {
        name: "escpos, the drawer without paper",
        run: open_drawer,
        script: "> 10 04 04 |< 7E |>! 10 14 01 00 01 |> 10 04 01 |< 1E",
        says: "opened",
        silent: &[SILENT; 2],
        ..escpos
    }
    .check();
}

#[test]
fn cd5220() {
    Exchange {
        name: "cd5220",
        run: show,
        script: "> 1B 40
                 > 1B 63 52
                 > 1B 51 41 4D 49 4C 4B 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 0D
                 > 1B 51 42 31 2E 30 30 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 0D",
        says: "sent",
        in_doubt: None,
        silent: &[],
        spoilt: None,
        within: Duration::from_secs(1),
    }
    .check();
}
