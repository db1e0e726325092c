//! Old transfers are found on disk, whatever became of the index.

use std::collections::BTreeMap;

use domain::ledger::transfer::{POST_PENDING, VOID_PENDING};
use domain::ledger::{Code, Posting, TransferId};
use processing::store::{DatabaseStore, Index, JournalStore, MemoryDisk, Store};

use crate::shop::{Customers, Node, postgres, sqlite};

const RUN_IDS: usize = 400;

#[tokio::test]
async fn what_was_posted_is_found_in_memory_and_in_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, sqlite) = (JournalStore::open(MemoryDisk::new()).unwrap(), sqlite(folder.path()).await);
    let postgres = match postgres().await {
        Some(url) => Some(DatabaseStore::open_postgres(&url).await.unwrap()),
        None => None,
    };
    let stores = [Some(&journal as &dyn Store), Some(&sqlite), postgres.as_ref().map(|store| store as &dyn Store)];
    for store in stores.into_iter().flatten() {
        let (mut node, mut customers) = (Node::default(), Customers::new(3));
        let mut index = Index::open_with(store, RUN_IDS).await.unwrap();
        let mut written = BTreeMap::new();
        for batch in 0..60 {
            let (block, pages, postings) = node.batch(&mut customers, 30);
            store.append(block.clone(), pages).await.unwrap();
            index.add(block.number, &postings);
            written.extend(postings.into_iter().map(|posting| (posting.transfer.id, posting)));
            if let Some(sealing) = index.seal() {
                check(&index, store, &written).await;
                if batch % 2 == 0 {
                    // It was not written, and is given once more.
                    drop(sealing.build());
                    continue;
                }
                let run = sealing.build().write(store).await.unwrap();
                index.sealed(run);
            }
        }
        check(&index, store, &written).await;
        let (_, runs) = index.size();
        assert!(runs >= 3, "{runs} runs");
        let again = Index::open_with(store, RUN_IDS).await.unwrap();
        assert!(again.size().1 >= runs);
        check(&again, store, &written).await;
        // A run is lost: they are made again.
        let mut heads = store.runs().await.unwrap();
        store.forget_runs().await.unwrap();
        store.save_run(heads.pop().unwrap()).await.unwrap();
        let again = Index::open_with(store, RUN_IDS).await.unwrap();
        check(&again, store, &written).await;
        assert!(again.size().1 >= runs);
    }
}

async fn check(index: &Index, store: &dyn Store, written: &BTreeMap<TransferId, Posting>) {
    let ends: BTreeMap<TransferId, &Posting> = written
        .values()
        .filter(|posting| posting.code == Code::Created && posting.transfer.flags & (POST_PENDING | VOID_PENDING) != 0)
        .map(|posting| (posting.transfer.pending, posting))
        .collect();
    for (id, posting) in
        written.iter().step_by(7).chain(written.iter().filter(|(id, _)| ends.contains_key(id)).take(20))
    {
        let found = index.find(store, *id).await.unwrap().unwrap_or_else(|| panic!("{id:?} is not found"));
        assert!(index.maybe(*id));
        assert_eq!((&found.posting, found.end.as_ref()), (posting, ends.get(id).copied()));
    }
    let unknown = |id: &&TransferId| !written.contains_key(&TransferId(id.0 ^ 0x30));
    let near: Vec<TransferId> = written.keys().filter(unknown).map(|id| TransferId(id.0 ^ 0x30)).collect();
    let maybe = near.iter().filter(|id| index.maybe(**id)).count();
    assert!(maybe * 20 < near.len().max(100), "{maybe} of {} are asked for in vain", near.len());
    for id in near.iter().take(50).chain([&TransferId(1), &TransferId(u128::MAX)]) {
        assert_eq!(index.find(store, *id).await.unwrap(), None);
    }
}
