//! The same operations in every kind of book, with restarts on the way: one state, one export.

use std::collections::BTreeMap;

use domain::ledger::{Posting, TransferId};
use processing::store::export::{export, verify_export};
use processing::store::verify::verify;
use processing::store::{DatabaseStore, Index, JournalStore, MemoryDisk, Store};

use crate::shop::{Customers, Node, Random, postgres, sqlite};

#[tokio::test]
async fn processing_store_is_the_same_in_every_kind() {
    check(10_000).await;
}

#[tokio::test]
#[ignore = "two minutes: run by hand"]
async fn processing_store_is_the_same_in_every_kind_long() {
    check(100_000).await;
}

async fn check(operations: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut kinds: Vec<(&str, Box<dyn Store>)> = vec![
        ("journal", Box::new(JournalStore::open(MemoryDisk::new()).unwrap())),
        ("sqlite", Box::new(sqlite(folder.path()).await)),
    ];
    if let Some(url) = postgres().await {
        kinds.push(("postgres", Box::new(DatabaseStore::open_postgres(&url).await.unwrap())));
    }
    let (mut node, mut customers, mut random) = (Node::default(), Customers::new(1), Random(2));
    let mut written: BTreeMap<TransferId, Posting> = BTreeMap::new();
    let mut done = 0;
    let mut batches = 0;
    while done < operations {
        let size = 1 + random.below(60) as usize;
        let (block, pages, postings) = node.batch(&mut customers, size);
        for (_, store) in &kinds {
            store.append(block.clone(), pages.clone()).await.unwrap();
        }
        written.extend(postings.into_iter().map(|posting| (posting.transfer.id, posting)));
        done += size;
        batches += 1;
        if batches % 97 == 0 {
            // A restart, from each of them in turn.
            let (name, store) = &kinds[batches / 97 % kinds.len()];
            let again = Node::load(store.as_ref()).await.unwrap();
            assert_eq!(again.ledger.hash(), node.ledger.hash(), "after {batches} batches, from {name}");
            assert!(again.replayed <= 80, "{} blocks were replayed", again.replayed);
            node.ledger = keep_known(again, &written);
        }
    }
    let mut exports = Vec::new();
    for (name, store) in &kinds {
        let again = Node::load(store.as_ref()).await.unwrap();
        assert_eq!(again.ledger.hash(), node.ledger.hash(), "{name}");
        again.ledger.check().unwrap();
        let verified = verify(store.as_ref(), |_| ()).await.unwrap();
        assert_eq!(verified.head, node.head, "{name}");
        assert_eq!(verified.postings, written.len() as u64, "{name}");
        let mut bytes = Vec::new();
        let exported = export(store.as_ref(), 3, &mut bytes).await.unwrap();
        let (read, by_export) = verify_export(&bytes[..]).unwrap();
        assert_eq!((read, by_export.balances), (exported, verified.balances), "{name}");
        exports.push(bytes);
        let index = Index::open_with(store.as_ref(), 1500).await.unwrap();
        for (id, posting) in written.iter().step_by(101) {
            let found = index.find(store.as_ref(), *id).await.unwrap();
            assert_eq!(found.map(|found| found.posting).as_ref(), Some(posting), "{name}");
        }
    }
    assert!(exports.windows(2).all(|pair| pair[0] == pair[1]), "exports are equal byte for byte");
}

/// A node remembers ids that it may be asked for again.
fn keep_known(mut node: Node, written: &BTreeMap<TransferId, Posting>) -> domain::ledger::Ledger {
    let mut by_end: Vec<&Posting> = written.values().collect();
    // What ends a hold after the hold.
    by_end.sort_by_key(|posting| posting.transfer.pending != TransferId::NONE);
    for posting in by_end {
        if node.ledger.known(posting.transfer.id).is_none() {
            node.ledger.remember(posting);
        }
    }
    node.ledger
}
