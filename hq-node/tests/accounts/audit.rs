//! The movement log goes out with its hash chain, anybody can verify it, and nothing that is changed in it stays unseen.

use std::path::PathBuf;
use std::process::{Command, Output};

use super::office::{Office, Shop};

/// Where a command finds a head office.
#[derive(Clone)]
struct At {
    data: PathBuf,
    database: Option<String>,
}

impl At {
    fn of(office: &Office) -> At {
        At { data: office.folder.path().to_owned(), database: office.database.clone() }
    }
}

fn hq(arguments: &[&str], at: Option<&At>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hq-node"));
    command.arg("accounts").args(arguments);
    if let Some(At { data, database }) = at {
        command.arg("--data").arg(data);
        if let Some(database) = database {
            command.arg("--database").arg(database);
        }
    }
    command.output().unwrap()
}

fn text(output: &Output) -> (bool, String) {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8(both).unwrap())
}

fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line \"{start}\" in {text}"))
}

#[actix_web::test]
async fn processing_s24_audit() {
    let office = Office::open().await;
    office.customer("Anna", "100").await;
    let shop = Shop::open(&office, "S1").await;
    for n in 0..30 {
        let done =
            office.api(&format!(r#"topup t{n} {{"number":"100","wallet":"prepaid","amount":"10.{n:02}"}}"#)).await;
        assert!(done.starts_with("200"), "{done}");
    }
    shop.meets("100", &office).await;
    office.api(r#"spend s1 {"number":"100","wallet":"prepaid","amount":"150"}"#).await;

    // Of a head office that is running.
    let at = At::of(&office);
    let data = at.data.as_path();
    let export = data.join("movements.osbook");
    let file = export.to_str().unwrap();
    let (well, told) = text(&hq(&["export", file], Some(&at)));
    assert!(well, "{told}");
    let (well, verified) = text(&hq(&["verify", file], None));
    assert!(well, "{verified}");
    assert_eq!(line(&verified, "last block "), line(&told, "last block "));
    assert_eq!(line(&verified, "file "), line(&told, "file "));
    let (well, running) = text(&hq(&["verify"], Some(&at)));
    assert!(well && running.contains("right"), "{running}");
    let claim = runtime::claim::Claim::take(&data.join("hq.sqlite")).unwrap();
    let (well, refused) = text(&hq(&["block", "100"], Some(&at)));
    let why = if at.database.is_none() { "open in another process" } else { "keeps the account book: stop it" };
    assert!(!well && refused.contains(why), "{refused}");
    drop(claim);
    let (well, statement) = text(&hq(&["statement", "100", "--wallet", "prepaid", "--format", "csv"], Some(&at)));
    assert!(well && statement.lines().count() == 32, "{statement}");
    shop.close().await;
    office.node.shutdown().await;

    // Every part of the file counts: bytes all over it, each flipped alone.
    let sound = std::fs::read(&export).unwrap();
    for at in (0..sound.len()).step_by(sound.len() / 60 + 1) {
        let mut changed = sound.clone();
        changed[at] ^= 0x10;
        assert!(processing::store::export::verify_export(&changed[..]).is_err(), "byte {at}");
    }
    let mut changed = sound.clone();
    changed[sound.len() / 2] ^= 1;
    std::fs::write(&export, changed).unwrap();
    let output = hq(&["verify", file], None);
    let (well, told) = text(&output);
    assert!(!well && told.contains("wrong: ") && output.status.code() == Some(1), "{told}");

    if at.database.is_some() {
        return;
    }
    // The book itself, changed behind the program's back.
    let book = data.join("accounts.sqlite");
    let database = sea_orm::Database::connect(format!("sqlite://{}", book.display())).await.unwrap();
    let change = "UPDATE account_block SET postings = substr(postings, 1, 200) || x'ff' || substr(postings, 202) \
        WHERE number = (SELECT number FROM account_block WHERE length(postings) > 250 LIMIT 1)";
    let change = if count(&database, "length(postings) > 250").await > 0 {
        change.to_owned()
    } else {
        change.replace("250", "100").replace("200", "90").replace("202", "92")
    };
    sea_orm::ConnectionTrait::execute_unprepared(&database, &change).await.unwrap();
    database.close().await.unwrap();
    let (well, told) = text(&hq(&["verify"], Some(&at)));
    assert!(!well && told.contains("wrong: "), "{told}");
}

async fn count(database: &sea_orm::DatabaseConnection, filter: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = format!("SELECT count(*) AS n FROM account_block WHERE {filter}");
    let row = database.query_one_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[actix_web::test]
async fn commands_change_a_head_office_that_is_stopped() {
    let office = Office::open().await;
    let at = At::of(&office);
    office.node.shutdown().await;
    let done = |arguments: &[&str]| {
        let (well, told) = text(&hq(arguments, Some(&at)));
        assert!(well, "{arguments:?}: {told}");
        told
    };
    let add = ["customer", "add", "--name", "Anna", "--card", "100", "--phone", "+4917", "--birthday", "02-29"];
    assert_eq!(done(&[&add[..], &["--points", "1", "--prepaid", "--credit", "50.00"]].concat()), "customer 1\n");
    assert_eq!(done(&["customer", "add", "--name", "Boris", "--card", "200", "--prepaid"]), "customer 2\n");
    let asked =
        done(&["adjust", "100", "--wallet", "prepaid", "--amount", "12.50", "--by", "anna", "--reason", "a gift"]);
    let operation = asked.split(' ').next().unwrap().to_owned();
    let (well, refused) = text(&hq(&["allow", &operation, "--by", "anna"], Some(&at)));
    assert!(!well && refused.contains("another person must allow it"), "{refused}");
    done(&["allow", &operation, "--by", "boris"]);
    assert!(done(&["requests"]).contains("allowed by boris"));
    assert!(done(&["statement", "100", "--wallet", "prepaid"]).ends_with("balance 12.50\n"));
    done(&["replace", "100", "101"]);
    done(&["block", "101"]);
    done(&["unblock", "101"]);
    assert_eq!(done(&["merge", "200", "101"]), "merge 1\n");
    done(&["unmerge", "1"]);
    done(&["budget", "--campaign", "7", "--asset", "1", "--most", "100"]);
    assert!(done(&["budget"]).contains("100.00"));
    let cards =
        done(&["issue-gift", "--label", "Spring", "--count", "3", "--prefix", "99", "--value", "5", "--by", "anna"]);
    assert_eq!(cards.lines().count(), 3);
    for what in ["holds", "stores", "alerts"] {
        done(&[what]);
    }
    assert!(done(&["customer", "show", "101"]).contains("Anna"));
    assert!(done(&["verify"]).contains("right"));
    let (well, refused) = text(&hq(&["block", "999"], Some(&at)));
    assert!(!well && refused.contains("999 is not known"), "{refused}");
}
