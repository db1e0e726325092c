//! A journal on a disk that fails.

use domain::ledger::Posting;
use processing::store::disk::FileDisk;
use processing::store::{Block, Head, JournalStore, MemoryDisk, Page, StoreError};

use crate::shop::{Customers, Node, Random};

fn batches(count: usize) -> Vec<(Block, Vec<Page>, Vec<Posting>)> {
    let (mut node, mut customers) = (Node::default(), Customers::new(9));
    (0..count).map(|_| node.batch(&mut customers, 3)).collect()
}

/// The book of some blocks after the first, which is big.
fn written(disk: &MemoryDisk, batches: &[(Block, Vec<Page>, Vec<Posting>)]) -> JournalStore {
    let journal = JournalStore::open(disk.clone()).unwrap();
    for (block, pages, _) in batches {
        journal.write(block, pages.clone()).unwrap();
    }
    journal
}

#[test]
fn cut_anywhere_it_is_a_prefix_of_its_blocks() {
    let batches = batches(4);
    let disk = MemoryDisk::new();
    let ends = written(&disk, &batches).record_ends();
    let whole = disk.copy();
    assert_eq!(ends.last(), Some(&(whole.len() as u64)));
    for length in (0..=whole.len()).filter(|length| length % 7 == 0 || whole.len() - length < 600) {
        let disk = MemoryDisk::of(whole[..length].to_vec());
        let journal = JournalStore::open(disk.clone()).unwrap();
        let blocks = ends.iter().filter(|end| **end <= length as u64).count();
        assert_eq!(journal.last().number, blocks as u64, "cut at {length}");
        assert_eq!(journal.record_ends(), ends[..blocks]);
        for (block, pages, _) in &batches[blocks..] {
            journal.write(block, pages.clone()).unwrap();
        }
        assert_eq!(disk.copy(), whole, "the same blocks again make the same file");
    }
}

#[test]
fn power_that_fails_in_a_write_loses_that_write_or_none() {
    let batches = batches(12);
    let mut random = Random(5);
    let (mut lost, mut kept) = (0, 0);
    for seed in 0..600 {
        let disk = MemoryDisk::new();
        let before = 1 + random.below(11) as usize;
        let journal = written(&disk, &batches[..before]);
        let (block, pages, _) = &batches[before];
        disk.fail_syncs(1);
        assert!(matches!(journal.write(block, pages.clone()), Err(StoreError::Unsure { .. })));
        assert!(matches!(journal.write(block, pages.clone()), Err(StoreError::Reopen)));
        disk.crash(seed);
        let journal = JournalStore::open(disk).unwrap();
        match journal.last().number as usize {
            number if number == before => lost += 1,
            number if number == before + 1 => kept += 1,
            number => panic!("seed {seed}: {number} blocks, {before} were answered for"),
        }
        // Whether it was kept or not, the shell asks for it again.
        for (block, pages, _) in &batches[before..] {
            if block.number >= journal.last().number {
                journal.write(block, pages.clone()).unwrap();
            }
        }
        assert_eq!(journal.last(), batches[11].0.head());
    }
    assert!(lost > 50 && kept > 50, "lost {lost}, kept {kept}");
}

#[test]
fn a_flipped_bit_is_damage_and_never_a_shorter_book() {
    let disk = MemoryDisk::new();
    let mut batches = batches(4);
    // The first block opens accounts: its many rows are like any others. One record has a page.
    let mut head = Head::default();
    for (block, pages, _) in &mut batches {
        block.rows.retain(|row| row.space != 2);
        block.previous = head.hash;
        block.hash = block.content_hash();
        head = block.head();
        pages.truncate(usize::from(block.number == 2));
    }
    let journal = written(&disk, &batches);
    let whole = disk.copy();
    let ends = journal.record_ends();
    for bit in 0..whole.len() * 8 {
        disk.flip(bit);
        let error = JournalStore::open(disk.clone()).err().unwrap_or_else(|| panic!("bit {bit} was not seen"));
        assert!(matches!(error, StoreError::Damaged { .. }), "bit {bit}: {error}");
        assert_eq!(disk.copy().len(), whole.len(), "nothing was cut away");
        disk.flip(bit);
    }
    // While it is open, too.
    disk.flip(ends[1] as usize * 8 + 500);
    let error = journal.read(3, 1).unwrap_err();
    assert!(error.to_string().contains("the record after block 2"), "{error}");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let batches = batches(6);
    let disk = MemoryDisk::new();
    let journal = written(&disk, &batches[..3]);
    let (block, pages, _) = &batches[3];
    let length = disk.copy().len();
    for room in [0, 1, 15, 16, 100] {
        disk.limit(Some(length + room));
        assert!(matches!(journal.write(block, pages.clone()), Err(StoreError::Full)));
        assert_eq!(disk.copy().len(), length, "the part that was written is cut off");
    }
    disk.limit(None);
    for (block, pages, _) in &batches[3..] {
        journal.write(block, pages.clone()).unwrap();
    }
    assert_eq!(JournalStore::open(disk).unwrap().last().number, 6);
}

#[test]
fn an_old_copy_is_the_book_of_then() {
    let batches = batches(6);
    let disk = MemoryDisk::new();
    let ends = written(&disk, &batches).record_ends();
    disk.put_back(disk.copy()[..ends[3] as usize].to_vec());
    let journal = JournalStore::open(disk).unwrap();
    assert_eq!(journal.last(), batches[3].0.head());
    let other = journal.write(&batches[5].0, Vec::new()).unwrap_err();
    assert!(matches!(other, StoreError::OutOfOrder { head: 4, got: 6 }), "{other}");
}

#[test]
fn what_does_not_follow_is_refused() {
    let batches = batches(3);
    let journal = written(&MemoryDisk::new(), &batches[..2]);
    let (last, next) = (&batches[1].0, &batches[2].0);
    journal.write(last, Vec::new()).expect("the last block again is done already");
    let other = Block { previous: [1; 32], ..next.clone() };
    assert!(matches!(journal.write(&other, Vec::new()), Err(StoreError::OtherBook { block: 3 })));
    let other = Block { elapsed_ms: 1, ..next.clone() };
    assert!(matches!(journal.write(&other, Vec::new()), Err(StoreError::HashWrong { block: 3 })));
    journal.write(next, Vec::new()).unwrap();
}

#[test]
fn a_real_file_is_a_disk_and_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.journal");
    let batches = batches(5);
    let journal = JournalStore::open(FileDisk::open(&file).unwrap()).unwrap();
    for (block, pages, _) in &batches {
        journal.write(block, pages.clone()).unwrap();
    }
    FileDisk::open(&file).expect_err("two processes never write one book");
    drop(journal);
    let journal = JournalStore::open(FileDisk::open(&file).unwrap()).unwrap();
    assert_eq!(journal.read(1, 100).unwrap(), batches.into_iter().map(|(block, ..)| block).collect::<Vec<_>>());
}
