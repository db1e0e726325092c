//! Who is let in by a key, and who is not: rows 27 and 28 of the failure matrix.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::apply::Peer;
use link::frame::{Auth, Challenge, Data, Frame, Hello, Reply, ReplyStatus, Request, Welcome};
use link::gate::nodes::NodeTable;
use link::requests::RENEW;
use link::transport::{Dial, DialError, Duplex, memory};
use link::trust::authority::Authority;
use link::trust::credentials::Credentials;
use link::trust::key::{NodeKey, PublicKey};
use link::trust::proof;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use crate::office::{
    KeyedTill, LONG, Office, as_store, authority_folder, enrol, hear, hello, keyed_hello, last_word, say, till_folder,
};
use crate::tables::server_database;
use crate::world::{effects, play, store_peer, till_peer, until, upto};

/// The key and the certificate in a till's file, as a thief would have them.
fn stolen(dir: &TempDir, peer: &Peer) -> (NodeKey, Vec<u8>) {
    let text = std::fs::read_to_string(till_folder(dir, peer).join("credentials.pem")).unwrap();
    let certificate = link::trust::certificate::all_in(&text).remove(0);
    (NodeKey::from_pem(&text).unwrap(), certificate.to_vec())
}

/// Say Hello and hear the Challenge.
async fn challenged(office: &Office, hello: &Hello) -> (Duplex, Challenge) {
    let mut line = office.connect(false);
    say(&line, Frame::Hello(hello.clone())).await;
    match hear(&mut line).await {
        Some(Frame::Challenge(challenge)) => (line, challenge),
        other => panic!("no Challenge but {other:?}"),
    }
}

fn signed(hello: &Hello, challenge: &Challenge, key: &NodeKey, certificate: &[u8]) -> Frame {
    let upper = CertificateDer::from(challenge.certificates[0].clone());
    let signature = key.sign(&proof::lower_text(hello, &challenge.nonce, &upper)).unwrap();
    Frame::Auth(Auth { certificate: certificate.to_vec(), signature })
}

#[test]
fn an_enrolled_till_links_by_its_key_over_tls() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let url = format!("wss://{}", office.listen(true));
        let token = office.invite(&till_peer(1)).await;
        let credentials = enrol(&dir, &url, &token, &till_peer(1)).await.unwrap();
        let file = till_folder(&dir, &till_peer(1)).join("credentials.pem");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let file = authority_folder(&dir).join("authority.pem");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(credentials.peer(), till_peer(1));
        let reopened = Credentials::open(&till_folder(&dir, &till_peer(1))).unwrap().unwrap();
        let till = KeyedTill::start(&dir, 1, &url, Arc::new(reopened)).await;
        till.sell(30).await;
        until("all is delivered", async || {
            let got = effects(&office.database, 1).await;
            (got == upto(30), got)
        })
        .await;
        assert_eq!(office.status().await.refused, 0);
    });
}

#[test]
fn nobody_else_answers_under_the_name_of_the_store() {
    play(async {
        let (dir, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (office, other) = (Office::open(&dir, LONG).await, Office::open(&elsewhere, LONG).await);
        let plain = office.listen(false);
        let till = office.enrolled(&dir, plain, 1).await;
        // Of another authority: neither over TLS nor by its Challenge, nor to enrol.
        for (url, reason) in [
            (format!("wss://{}", other.listen(true)), "is not believed"),
            (format!("ws://{}", other.listen(false)), "not of the authority that this node was enrolled with"),
        ] {
            let keyed = KeyedTill::start(&dir, 1, &url, till.clone()).await;
            until("it is not believed", async || {
                let error = keyed.status().await.last_error.unwrap_or_default();
                (error.contains(reason), error)
            })
            .await;
            keyed.node.shutdown().await;
        }
        let token = office.invite(&till_peer(2)).await;
        let asked = enrol(&dir, &format!("wss://{}", other.listen(true)), &token, &till_peer(2)).await;
        assert!(asked.unwrap_err().to_string().contains("is not believed"));
        // Somebody who lets it in without having shown who he is.
        let keyed = KeyedTill::over(&dir, 1, Arc::new(LetsAnybodyIn), till).await;
        until("it is not believed", async || {
            let error = keyed.status().await.last_error.unwrap_or_default();
            (error == "the node above is not believed: it did not show who it is", error)
        })
        .await;
    });
}

/// Somebody on a line in the clear gives a certificate of an authority of his own, and the right authority beside it.
#[test]
fn an_authority_that_somebody_slipped_in_is_not_believed() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let token = office.invite(&till_peer(1)).await;
        let right = pem::encode(&pem::Pem::new("CERTIFICATE", office.gate.authority().trusted()[0].as_ref()));
        let evil = Arc::new(Authority::open_or_make(&dir.path().join("evil")).unwrap());
        let http = actix_web::HttpServer::new(move || {
            let (evil, right) = (evil.clone(), right.clone());
            let answer = move |asked: actix_web::web::Json<link::enrolment::Request>| {
                let key = PublicKey::from_hex(&asked.public_key).unwrap();
                let answer = evil.certify(&key, &till_peer(1), 1_000, 4_000_000_000).unwrap() + &right;
                std::future::ready(actix_web::HttpResponse::Ok().body(answer))
            };
            actix_web::App::new().route(link::enrolment::PATH, actix_web::web::post().to(answer))
        });
        let http = http.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("ws://{}", http.addrs()[0]);
        actix_web::rt::spawn(http.run());
        let refused = enrol(&dir, &url, &token, &till_peer(1)).await.unwrap_err().to_string();
        assert!(refused.contains("the certificate is of another authority"), "{refused}");
        assert!(Credentials::open(&till_folder(&dir, &till_peer(1))).unwrap().is_none());
    });
}

/// A node above that has no key.
struct LetsAnybodyIn;

impl Dial for LetsAnybodyIn {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        let (ours, mut theirs) = memory::pair();
        tokio::spawn(async move {
            theirs.receiver.recv().await;
            let welcome = Welcome {
                name: "S1".to_owned(),
                role: store_peer().role,
                incarnation: 1,
                session: 1,
                applied_sequence: 0,
                applied_chain: [0; 16],
                window_documents: 10,
                window_bytes: 10_000,
            };
            theirs.sender.send(Frame::Welcome(welcome).encode().unwrap()).await.ok();
            theirs.receiver.recv().await;
        });
        std::future::ready(Ok(ours)).boxed()
    }

    fn to(&self) -> String {
        "somebody".to_owned()
    }
}

#[test]
fn fault_f28_who_is_not_let_in_is_told_and_written_down_once() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let address = office.listen(false);
        office.enrolled(&dir, address, 1).await;
        office.enrolled(&dir, address, 2).await;
        let (one, (key, certificate)) = (till_peer(1), stolen(&dir, &till_peer(1)));
        let other_key = NodeKey::make().unwrap();

        // No token; a wrong one; a right one, but over a network.
        for (token, near, said) in [
            ("", true, "till \"S1/1\" is not admitted: check its name and its token"),
            ("wrong", true, "till \"S1/1\" is not admitted: check its name and its token"),
            ("one", false, "over a network a token is not taken: enrol this node with `store-node enrol`"),
        ] {
            let mut line = office.connect(near);
            say(&line, Frame::Hello(hello(&one, token))).await;
            assert_eq!(last_word(&mut line).await, said);
        }
        // A certificate without its key; of another node; of another role; of nobody known; no certificate at all.
        let made_up = {
            let elsewhere = TempDir::new().unwrap();
            let foreign = Authority::open_or_make(elsewhere.path()).unwrap();
            let text = foreign.certify(&key.public(), &one, 1_000, 4_000_000_000).unwrap();
            link::trust::certificate::all_in(&text).remove(0).to_vec()
        };
        for (who, signer, shown, said) in [
            (&one, &other_key, &certificate, "the key of the certificate was not shown"),
            (&till_peer(2), &key, &certificate, "the certificate is that of another node"),
            (&as_store(&one), &key, &certificate, "the certificate is that of another node"),
            (&one, &key, &made_up, "the certificate is of another authority, or for another use: enrol this node here"),
            (&one, &key, &b"rubbish".to_vec(), "the certificate cannot be read: enrol this node here"),
        ] {
            let hello = keyed_hello(who);
            let (mut line, challenge) = challenged(&office, &hello).await;
            say(&line, signed(&hello, &challenge, signer, shown)).await;
            assert_eq!(last_word(&mut line).await, said);
        }
        // Heard on one line and said again on the next: the number is another one.
        let hello = keyed_hello(&one);
        let (mut line, challenge) = challenged(&office, &hello).await;
        let auth = signed(&hello, &challenge, &key, &certificate);
        say(&line, auth.clone()).await;
        assert!(matches!(hear(&mut line).await, Some(Frame::Welcome(_))));
        for _ in 0..3 {
            let (mut again, _) = challenged(&office, &hello).await;
            say(&again, auth.clone()).await;
            assert_eq!(last_word(&mut again).await, "the key of the certificate was not shown");
        }
        // What comes out of turn.
        let (mut line, _) = challenged(&office, &hello).await;
        say(&line, Frame::Data(Data { channel: 1, documents: Vec::new() })).await;
        assert_eq!(last_word(&mut line).await, "a connection breaks the protocol: it sends Data where it must not");

        let rows = until("all is written down", async || {
            let mut rows: Vec<_> =
                office.refusals(1).await.into_iter().map(|row| (row.peer, row.reason, row.count)).collect();
            rows.sort();
            (rows.iter().map(|row| row.2).sum::<i64>() == 12, rows)
        })
        .await;
        // A minute may turn in between; it makes no more rows of what happened in one.
        let count_of = |peer: &str, reason: &str| -> i64 {
            rows.iter().filter(|row| row.0 == peer && row.1 == reason).map(|row| row.2).sum()
        };
        assert_eq!(count_of("10.0.0.9 as S1/1", "token"), 2);
        assert_eq!(count_of("10.0.0.9 as S1/1", "token over a network"), 1);
        assert_eq!(count_of("10.0.0.9 as S1/1", "signature"), 4);
        assert_eq!(count_of("10.0.0.9 as S1/1", "certificate"), 2);
        assert_eq!(count_of("10.0.0.9 as S1/1", "protocol"), 1);
        assert_eq!(count_of("10.0.0.9 as S1/1", "name") + count_of("10.0.0.9 as S1/2", "name"), 2);
        assert_eq!((office.status().await.refused, office.gate.refusals().total()), (12, 12));
    });
}

#[test]
fn fault_f28_a_token_is_used_once_and_only_for_its_node() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let url = format!("ws://{}", office.listen(false));
        let token = office.invite(&till_peer(1)).await;
        let refused = async |token: &link::enrolment::token::Token, peer: &Peer| {
            enrol(&dir, &url, token, peer).await.unwrap_err().to_string()
        };
        assert_eq!(refused(&token, &till_peer(2)).await, "the token is for till \"S1/1\"");
        assert_eq!(refused(&token, &as_store(&till_peer(1))).await, "the token is for till \"S1/1\"");
        enrol(&dir, &url, &token, &till_peer(1)).await.unwrap();
        assert_eq!(refused(&token, &till_peer(1)).await, "the token was used already: have another made");
        let withdrawn = office.invite(&till_peer(3)).await;
        office.gate.nodes().revoke("S1/3").await.unwrap();
        assert_eq!(refused(&withdrawn, &till_peer(3)).await, "the token is not known here");
        assert_eq!("OS1-ABC".parse::<link::enrolment::token::Token>().unwrap_err(), link::enrolment::token::BadToken);
        let rows = office.refusals(3).await;
        assert!(rows.iter().all(|row| row.reason == "enrolment" && row.peer.starts_with("127.0.0.1 as S1/")));
        assert_eq!(office.gate.refusals().total(), 4);
    });
}

#[test]
fn fault_f28_a_revoked_key_is_dropped_within_a_second() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let address = office.listen(false);
        let (one, two) = (office.enrolled(&dir, address, 1).await, office.enrolled(&dir, address, 2).await);
        let url = format!("ws://{address}");
        let (one, two) = (KeyedTill::start(&dir, 1, &url, one).await, KeyedTill::start(&dir, 2, &url, two).await);
        one.linked().await;
        two.linked().await;
        // As another process does it, by the file.
        let beside = NodeTable::new(server_database(&dir, "office.db").await);
        let begun = Instant::now();
        assert_eq!(beside.revoke("S1/1").await.unwrap(), 1);
        until("the till is out", async || {
            let status = one.status().await;
            (!status.connected, status)
        })
        .await;
        let within = begun.elapsed();
        assert!(within < Duration::from_secs(1), "dropped after {within:?}");
        until("it stays out", async || {
            let error = one.status().await.last_error.unwrap_or_default();
            (error == "\"S1/1\" is no longer admitted", error)
        })
        .await;
        assert!(two.status().await.connected);
        // Enrolled again, the machine that it was before stays out, and this one is in.
        let again = office.enrolled(&dir, address, 1).await;
        one.node.shutdown().await;
        KeyedTill::start(&dir, 1, &url, again).await.linked().await;
        let rows = office.gate.nodes().list().await.unwrap();
        let good = rows.iter().filter(|row| row.name == "S1/1" && row.revoked_ms.is_none()).count();
        assert_eq!((rows.len(), good), (3, 1));
    });
}

#[test]
fn fault_f27_an_expired_certificate_may_only_be_renewed() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, Duration::from_secs(1)).await;
        let address = office.listen(false);
        let credentials = office.enrolled(&dir, address, 1).await;
        let until_s = credentials.until_s();
        until("the certificate has expired", async || {
            let now_s = chrono::Utc::now().timestamp().unsigned_abs();
            (now_s > until_s, now_s)
        })
        .await;
        let (key, certificate) = stolen(&dir, &till_peer(1));
        let hello = keyed_hello(&till_peer(1));
        let request = |type_id| Frame::Request(Request { id: 9, ttl_ms: 1_000, type_id, body: Vec::new() });
        for (first, said) in [
            (request(1), "the certificate has expired: it may only be renewed"),
            (
                Frame::Data(Data { channel: 1, documents: Vec::new() }),
                "S1/1 breaks the protocol: it sends Data where it must not",
            ),
        ] {
            let (mut line, challenge) = challenged(&office, &hello).await;
            say(&line, signed(&hello, &challenge, &key, &certificate)).await;
            say(&line, first).await;
            assert_eq!(last_word(&mut line).await, said);
        }
        let (mut line, challenge) = challenged(&office, &hello).await;
        say(&line, signed(&hello, &challenge, &key, &certificate)).await;
        say(&line, request(RENEW)).await;
        let Some(Frame::Reply(Reply { id: 9, status: ReplyStatus::Answered, .. })) = hear(&mut line).await else {
            panic!("it was not renewed")
        };
        assert_eq!(last_word(&mut line).await, "the certificate was renewed: link again");
        // The till itself finds its way back, though all it has is the old one.
        let till = KeyedTill::start(&dir, 1, &format!("ws://{address}"), credentials.clone()).await;
        till.sell(2).await;
        until("it delivers", async || {
            let got = effects(&office.database, 1).await;
            (got == upto(2), got)
        })
        .await;
        assert!(credentials.until_s() > until_s);
        // One that is not known here any more may not even that.
        office.gate.nodes().revoke("S1/1").await.unwrap();
        let (mut line, challenge) = challenged(&office, &hello).await;
        say(&line, signed(&hello, &challenge, &key, &certificate)).await;
        assert_eq!(last_word(&mut line).await, "\"S1/1\" is no longer admitted");
    });
}

#[test]
fn fault_f27_a_certificate_is_renewed_over_the_link_before_it_expires() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, Duration::from_secs(6)).await;
        let address = office.listen(false);
        let credentials = office.enrolled(&dir, address, 1).await;
        let first = credentials.until_s();
        let till = KeyedTill::start(&dir, 1, &format!("ws://{address}"), credentials.clone()).await;
        till.linked().await;
        until("it has a newer certificate", async || (credentials.until_s() > first, credentials.until_s())).await;
        let status = till.status().await;
        assert_eq!((status.connected, status.sessions), (true, 1));
        let kept = Credentials::open(&till_folder(&dir, &till_peer(1))).unwrap().unwrap();
        assert_eq!(kept.until_s(), credentials.until_s());
    });
}

#[test]
fn fault_f27_a_new_authority_knows_the_certificates_of_the_old_one() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let credentials = office.enrolled(&dir, office.listen(false), 1).await;
        let old = office.gate.authority().fingerprint();
        office.node.shutdown().await;

        Authority::change(&authority_folder(&dir), false).unwrap();
        Authority::change(&authority_folder(&dir), false).unwrap();
        let office = Office::open(&dir, Duration::from_secs(6)).await;
        assert_ne!(office.gate.authority().fingerprint(), old);
        let url = format!("wss://{}", office.listen(true));
        let till = KeyedTill::start(&dir, 1, &url, credentials.clone()).await;
        till.linked().await;
        // One that was enrolled after the change knows both too.
        let token = office.invite(&till_peer(2)).await;
        let newer = Arc::new(enrol(&dir, &url, &token, &till_peer(2)).await.unwrap());
        KeyedTill::start(&dir, 2, &url, newer.clone()).await.linked().await;
        till.node.shutdown().await;
        office.node.shutdown().await;

        // The old ones are forgotten: whoever was not renewed in time is out.
        Authority::change(&authority_folder(&dir), true).unwrap();
        let office = Office::open(&dir, LONG).await;
        let hello = keyed_hello(&till_peer(1));
        let (key, certificate) = stolen(&dir, &till_peer(1));
        let (mut line, challenge) = challenged(&office, &hello).await;
        say(&line, signed(&hello, &challenge, &key, &certificate)).await;
        let said = last_word(&mut line).await;
        assert_eq!(said, "the certificate is of another authority, or for another use: enrol this node here");
    });
}

/// The head office was set back to a day before the store was enrolled: the store is still its store.
#[test]
fn a_key_that_the_database_forgot_is_known_by_its_certificate() {
    play(async {
        let dir = TempDir::new().unwrap();
        let office = Office::open(&dir, LONG).await;
        let address = office.listen(false);
        let first = stolen_after_enrolment(&office, &dir, address).await;
        let second = stolen_after_enrolment(&office, &dir, address).await;
        use sea_orm::EntityTrait;
        migrations::entity::node_key::Entity::delete_many().exec(&office.database.writer).await.unwrap();
        let hello = keyed_hello(&till_peer(1));
        let (mut line, challenge) = challenged(&office, &hello).await;
        say(&line, signed(&hello, &challenge, &second.0, &second.1)).await;
        assert!(matches!(hear(&mut line).await, Some(Frame::Welcome(_))));
        let (mut line, challenge) = challenged(&office, &hello).await;
        say(&line, signed(&hello, &challenge, &first.0, &first.1)).await;
        assert_eq!(last_word(&mut line).await, "\"S1/1\" was enrolled again with another key");
    });
}

async fn stolen_after_enrolment(office: &Office, dir: &TempDir, address: std::net::SocketAddr) -> (NodeKey, Vec<u8>) {
    office.enrolled(dir, address, 1).await;
    stolen(dir, &till_peer(1))
}
