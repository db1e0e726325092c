//! Enrolment, TLS and revocation as an operator does them: with the programs, on a machine where no token is taken.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::program::{Program, binary, free_port};
use crate::sandbox::{eventually, in_system};

/// Run a command to its end.
fn run(name: &str, args: &[&str]) -> Output {
    Command::new(binary(name)).args(args).output().expect("the command runs")
}

/// What a command printed that did its work.
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Why a command did not.
fn refused(output: Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

fn written(file: &Path, text: String) -> String {
    std::fs::write(file, text).expect("a file can be written");
    file.to_string_lossy().into_owned()
}

async fn says(program: &Program, words: &str) {
    eventually(words, PATIENCE, async || program.said().contains(words).then_some(())).await;
}

const LINKED: &str = "linked to the node above";
/// Behind the name, whose quotation marks a log escapes.
const TURNED_OUT: &str = "is no longer admitted";

#[test]
fn fault_f28_stores_and_tills_are_enrolled_and_turned_out_by_commands() {
    in_system(async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let (hq_port, store_port) = (free_port(), free_port());
        let hq_data = path("hq").to_string_lossy().into_owned();
        let link = "[link]\ntls = true\ntokens = false\n";
        let hq = format!("data = {hq_data:?}\nlisten = \"127.0.0.1:{hq_port}\"\n{link}");
        let hq = written(&path("hq.toml"), hq);
        let store = format!(
            "roles = [\"server\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"127.0.0.1:{store_port}\"\n{link}\
             [server]\nhq = \"wss://127.0.0.1:{hq_port}/link\"\n",
            path("store"),
        );
        let store = written(&path("store.toml"), store);
        let till = format!(
            "roles = [\"till\"]\nstore = \"S1\"\ndata = {:?}\nlisten = \"127.0.0.1:0\"\n\
             [till]\nnumber = 1\nserver = \"wss://127.0.0.1:{store_port}/link\"\nfiscal = \"memory\"\n",
            path("till"),
        );
        let till = written(&path("till.toml"), till);
        let hq_url = format!("wss://127.0.0.1:{hq_port}");

        let mut office = Program::start("hq-node", &["serve", "--config", &hq], path("hq.log"));
        office.listens(hq_port).await;
        let token = done(run("hq-node", &["node", "add", "store", "S1", "--data", &hq_data]));
        done(run("store-node", &["enrol", &hq_url, &token, "--config", &store]));
        let again = refused(run("store-node", &["enrol", &hq_url, &token, "--config", &store]));
        assert!(again.contains("the token was used already"), "{again}");
        let mut server = Program::start("store-node", &["run", "--config", &store], path("store.log"));
        server.listens(store_port).await;
        says(&server, LINKED).await;

        let token = done(run("store-node", &["node", "add", "till", "1", "--config", &store]));
        let wrong = refused(run("store-node", &["enrol", &hq_url, &token, "--config", &till]));
        assert!(wrong.contains("is not believed"), "{wrong}");
        let store_url = format!("wss://127.0.0.1:{store_port}");
        done(run("store-node", &["enrol", &store_url, &token, "--config", &till]));
        let counter = Program::start("store-node", &["run", "--config", &till], path("till.log"));
        says(&counter, LINKED).await;

        let list = done(run("hq-node", &["node", "list", "--data", &hq_data]));
        assert!(list.starts_with("store S1 ") && list.contains("good until"), "{list}");
        done(run("hq-node", &["node", "revoke", "S1", "--data", &hq_data]));
        let begun = Instant::now();
        says(&server, TURNED_OUT).await;
        let within = begun.elapsed();
        assert!(
            within < Duration::from_millis(1_500),
            "turned out after {within:?}, with a look each 20 ms and a busy machine"
        );
        let refusals = async || {
            let said = done(run("hq-node", &["node", "refused", "--data", &hq_data]));
            (said.contains(TURNED_OUT) && said.contains("the token was used already")).then_some(said)
        };
        eventually("the refusals are written down", PATIENCE, refusals).await;

        let open = format!("data = {hq_data:?}\nlisten = \"0.0.0.0:{}\"\n", free_port());
        office.kill();
        let open = refused(run("hq-node", &["serve", "--config", &written(&path("open.toml"), open)]));
        assert!(open.contains("links would be in the clear"), "{open}");
    });
}
