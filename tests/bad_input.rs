//! What people and machines get wrong: each mistake gets one sentence that says where and why, nothing is lost and nothing
//! panics. A frame with a flipped bit is in the link's own tests: every bit of every kind of frame.

use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};

use crate::processes::program::{Program, binary, free_port};
use crate::sandbox::{self, in_system};

/// Run one of our programs in `folder`; its exit status and what it said, without the name of the folder.
fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    let output = Command::new(binary(program)).current_dir(folder).args(args).output().expect("the program runs");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat();
    let status = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
    format!("exit {status}\n{}", said.replace(&folder.display().to_string(), "<folder>"))
}

#[track_caller]
fn check(folder: &Path, program: &str, args: &[&str], expected: &Expect) {
    expected.assert_eq(&run(folder, program, args));
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    folder
}

/// What a cashier is told about `data`, and that the receipt stays as it was.
#[track_caller]
fn scanned(data: &str, expected: &Expect) {
    let milk = r#"{"do":"scan","data":"4600000000015"}"#;
    let bad = format!(r#"{{"do":"scan","data":"{data}","expect":{{"ok":false}}}}"#);
    let pay = r#"{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.total":"89.90"}}"#;
    let script = format!("{}{milk}\n{bad}\n{pay}\n", sandbox::FIXTURE);
    let results = in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (summary, results, runner) = sandbox::run(data.path(), &script).await;
        assert!(summary.all_met(), "{summary:?}");
        runner.into_chain().stop().await;
        results
    });
    let refusal = results.iter().rfind(|result| result["ok"] == false).expect("one is refused");
    let text = |key: &str| refusal["error"][key].as_str().expect("a text").to_owned();
    expected.assert_eq(&format!("{}: {}", text("code"), text("text")));
}

#[test]
fn an_unknown_barcode_is_named() {
    scanned("4600000000152", &expect!["unknown_code: the code is not known: 4600000000152"]);
}

#[test]
fn a_wrong_check_digit_is_told_from_an_unknown_barcode() {
    scanned("4600000000016", &expect!["bad_check_digit: misread code: its last digit should be 5"]);
}

#[test]
fn a_malformed_script_runs_nothing() {
    let good = r#"{"do":"open_shift","store":"S1","till":1,"at":"2026-06-01T09:00:00","operator":"1","float":"1.00"}"#;
    let replay = |bad: &str, expected: &Expect| {
        let folder = folder_with(&[("day.jsonl", &format!("{good}\n{bad}\n"))]);
        check(folder.path(), "store-node", &["replay", "day.jsonl", "--data", "data"], expected);
        assert!(!folder.path().join("data").exists(), "nothing was started");
    };
    replay(
        r#"{"do":"scan","data":"46"#,
        &expect![[r#"
            exit 2
            day.jsonl:2: not JSON: EOF while parsing a string at column 23
        "#]],
    );
    replay(
        r#"{"do":"scna","data":"4600000000015"}"#,
        &expect![[r#"
            exit 2
            day.jsonl:2: unknown variant `scna`, expected one of `item`, `account`, `barcode_rule`, `operator`, `settings`, `sign_on`, `sign_off`, `lock`, `open_shift`, `scan`, `keys`, `answer`, `approve`, `decline`, `weigh`, `repeat`, `price_check`, `discount`, `price`, `card`, `burn`, `change_to_points`, `give_back`, `park`, `recall`, `find`, `return_mode`, `resume`, `take_out`, `settle_conflict`, `reprint`, `open_drawer`, `train`, `sell`, `quantity`, `void`, `pay`, `receipt`, `return`, `cancel`, `cash_in`, `cash_out`, `x_report`, `count`, `close_shift`, `link`, `crash`, `device`, `settle`, `report`
        "#]],
    );
    replay(
        r#"{"do":"scan","data":"4600000000015","colour":3}"#,
        &expect![[r#"
        exit 2
        day.jsonl:2: unknown field `colour`, expected `data`
    "#]],
    );
    replay(
        r#"{"do":"pay","tender":"cash","amount":"12,50"}"#,
        &expect![[r#"
        exit 2
        day.jsonl:2: "12,50" is not an amount of money: digits with at most two decimals are expected
    "#]],
    );
    replay(
        r#"{"do":"scan","at":"yesterday","data":"4600000000015"}"#,
        &expect![[r#"
        exit 2
        day.jsonl:2: "at": "yesterday" is not a time like 2026-01-31T09:05:00
    "#]],
    );
    replay(
        r#"{"do":"promotion","name":"3 for 2"}"#,
        &expect![[r#"
            exit 2
            day.jsonl:2: the operation "promotion" is not available in this version
        "#]],
    );
}

#[test]
fn a_script_that_is_not_there() {
    let folder = folder_with(&[]);
    check(
        folder.path(),
        "store-node",
        &["replay", "nowhere.jsonl"],
        &expect![[r#"
            exit 2
            nowhere.jsonl: No such file or directory (os error 2)
        "#]],
    );
}

#[test]
fn a_catalogue_with_bad_rows_names_each_and_changes_nothing() {
    const ROWS: &str = "code,name,price,vat,barcodes\nMILK,Milk,89.90,10,4600000000015\nBREAD,Bread,4x.50,10,\n\
                        TEA,Tea,1.00,10,4600000000023\n,Nothing,1.00,10,\nSALT,Salt,1.00,17,\n";
    let folder = folder_with(&[("items.csv", ROWS), ("head.csv", "code,price\nMILK,89.90\n")]);
    let import = |file: &str, expected: &Expect| {
        check(folder.path(), "hq-node", &["import", "items", file, "--data", "hq"], expected);
    };
    import(
        "items.csv",
        &expect![[r#"
        exit 1
        items.csv:3 price: "4x.50" is not an amount of money: digits with at most two decimals are expected
        items.csv:4 barcodes: 4600000000023 has a wrong check digit: 2 is expected
        items.csv:5 code: it is empty
        hq-node: items.csv was not imported: 3 rows cannot be used, nothing was changed
    "#]],
    );
    import(
        "head.csv",
        &expect![[r#"
        exit 1
        hq-node: head.csv:1 name: this column is missing from the first line
    "#]],
    );
    import(
        "nowhere.csv",
        &expect![[r#"
        exit 1
        hq-node: nowhere.csv cannot be read: No such file or directory (os error 2)
    "#]],
    );
}

const HQ: &str = "data = \"hq\"\nlisten = \"127.0.0.1:PORT\"\nadmin_password = \"not for a shop\"\n";
const TILL: &str = "roles = [\"till\"]\nstore = \"S1\"\ndata = \"counter\"\nlisten = \"\"\n[till]\nnumber = 1\n\
                    server = \"ws://127.0.0.1:1/link\"\ntoken = \"token\"\nfiscal = \"memory\"\n";

#[test]
fn settings_that_make_no_sense() {
    let settings = |program: &str, command: &str, text: &str, expected: &Expect| {
        let folder = folder_with(&[("node.toml", text)]);
        check(folder.path(), program, &[command, "--config", "node.toml"], expected);
    };
    settings(
        "store-node",
        "run",
        &format!("colour = 3\n{TILL}"),
        &expect![[r#"
        exit 64
        store-node: settings node.toml: unknown field `colour`, expected one of `roles`, `store`, `data`, `listen`, `ops_token`, `link`, `ballast_mib`, `server`, `till`
    "#]],
    );
    settings(
        "store-node",
        "till",
        &format!("{TILL}nubmer = 3\n"),
        &expect![[r#"
            exit 64
            store-node: settings node.toml: unknown field `nubmer`, expected one of `number`, `server`, `token`, `fiscal`, `fiscal_protocol`, `card_terminal`, `qr_terminal`, `scale`, `scale_protocol`, `scanner`, `printer`, `display`, `language`, `unknown_operators`, `kill_at` for key `till`
        "#]],
    );
    settings(
        "store-node",
        "till",
        &TILL.replace("= 1\n", "= \"one\"\n"),
        &expect![[r#"
        exit 64
        store-node: settings node.toml: invalid type: string "one", expected an integer for key `till.number` in node.toml
    "#]],
    );
    settings(
        "store-node",
        "till",
        &TILL.replace("\"memory\"", "\"usb:7\""),
        &expect![[r#"
            exit 64
            store-node: settings node.toml: "usb:7" is not a port: tcp://host:port, udp://host:port, serial:///dev/ttyS0?baud=115200 or memory is expected for key `till.fiscal`
        "#]],
    );
    settings(
        "store-node",
        "run",
        &TILL.replace("[\"till\"]", "[\"server\"]"),
        &expect![[r#"
        exit 64
        store-node: settings node.toml: the role "server" needs a [server] section
    "#]],
    );
    settings(
        "store-node",
        "run",
        "roles = [\n",
        &expect![[r#"
            exit 64
            store-node: settings node.toml: TOML parse error at line 1, column 10 | 1 | roles = [ | ^ unclosed array, expected `]` in node.toml
        "#]],
    );
    settings(
        "hq-node",
        "serve",
        &format!("lisen = 3\n{HQ}"),
        &expect![[r#"
        exit 64
        hq-node: settings node.toml: unknown field `lisen`, expected one of `data`, `database`, `roles`, `nats`, `listen`, `name`, `https`, `ops_token`, `admin_password`, `accounts_port`, `machines`, `stores`, `link`
    "#]],
    );
    let folder = folder_with(&[]);
    check(
        folder.path(),
        "store-node",
        &["run", "--config", "nowhere.toml"],
        &expect![[r#"
        exit 64
        store-node: settings nowhere.toml: configuration file "nowhere.toml" not found
    "#]],
    );
    check(
        folder.path(),
        "hq-node",
        &["serve", "--config", "nowhere.toml"],
        &expect![[r#"
        exit 64
        hq-node: settings nowhere.toml: configuration file "nowhere.toml" not found
    "#]],
    );
}

#[test]
fn a_report_that_does_not_exist() {
    let folder = folder_with(&[]);
    check(
        folder.path(),
        "hq-node",
        &["report", "sales", "--data", "hq"],
        &expect![[r#"
        exit 1
        hq-node: there is no hq/hq.sqlite: choose the data folder with --data
    "#]],
    );
    check(
        folder.path(),
        "hq-node",
        &["user", "list", "--data", "hq"],
        &expect![[r#"
        exit 0
    "#]],
    );
    check(
        folder.path(),
        "hq-node",
        &["report", "profit", "--data", "hq"],
        &expect![[r#"
        exit 1
        hq-node: there is no report "profit": choose one of sales, store_sales, shifts, cash, returns, cancelled, audit, reconcile
    "#]],
    );
    check(
        folder.path(),
        "hq-node",
        &["report", "sales", "--by", "colour", "--data", "hq"],
        &expect![[r#"
        exit 1
        hq-node: report "sales" cannot be made by "colour": choose one of day, store, till, product, hour, tender, vat
    "#]],
    );
}

#[test]
fn a_database_or_an_address_that_another_process_has() {
    in_system(async {
        let port = free_port();
        let folder = folder_with(&[]);
        let check = |settings: &str, expected: &Expect| {
            let said = run(folder.path(), "hq-node", &["serve", "--config", settings]);
            expected.assert_eq(&said.replace(&port.to_string(), "PORT"));
        };
        let write = |name: &str, data: &str| {
            let data = folder.path().join(data).display().to_string();
            let text = HQ.replace("PORT", &port.to_string()).replace("\"hq\"", &format!("{data:?}"));
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("a file can be written");
            file
        };
        let settings = write("hq.toml", "hq");
        write("other.toml", "other");
        let log = folder.path().join("hq.log");
        let mut first = Program::start("hq-node", &["serve", "--config", &settings.to_string_lossy()], log);
        first.listens(port).await;
        check(
            "hq.toml",
            &expect![[r#"
            exit 1
            hq-node: <folder>/hq/hq.sqlite is already open in another process: stop that one first
        "#]],
        );
        check(
            "other.toml",
            &expect![[r#"
            exit 1
            hq-node: the address 127.0.0.1:PORT cannot be listened on: Address already in use (os error 98)
        "#]],
        );
        assert!(first.is_running());
    });
}
