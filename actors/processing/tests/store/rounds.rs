//! Pages in turn: whatever accounts are opened when, a start that begins where the rounds say has them all.

use proptest::prelude::*;

use processing::store::Rounds;

proptest! {
    /// Accounts are opened at random, pages saved in turn, the node restarted at random with unsaved accounts placed anew.
    #[test]
    fn every_account_is_on_a_page_or_in_a_block_that_is_replayed(steps in prop::collection::vec((0_u32..6, 0_u8..20), 1..200)) {
        // By place: the block it was opened in. A page is of two accounts.
        let mut places: Vec<u64> = Vec::new();
        let mut saved: Vec<Option<Vec<u64>>> = Vec::new();
        let mut rounds = Rounds::default();
        for (block, (opened, restart)) in (1_u64..).zip(steps) {
            places.extend((0..opened).map(|_| block));
            let pages = places.len().div_ceil(2) as u32;
            saved.resize(pages as usize, None);
            for page in rounds.turn(block, pages, 2) {
                saved[page as usize] = Some(places.chunks(2).nth(page as usize).unwrap().to_vec());
            }
            if restart == 0 {
                let from = Rounds::of_bytes(&rounds.to_bytes()).unwrap().replay_from();
                let mut on_pages: Vec<Option<u64>> = Vec::new();
                for page in &saved {
                    let mut accounts: Vec<Option<u64>> = page.iter().flatten().copied().map(Some).collect();
                    accounts.resize(2, None);
                    on_pages.extend(accounts);
                }
                let kept: Vec<u64> = on_pages.iter().flatten().copied().collect();
                let mut missing = places.clone();
                for block in kept {
                    missing.remove(missing.iter().position(|other| *other == block).unwrap());
                }
                prop_assert!(missing.iter().all(|opened| *opened >= from), "opened in {missing:?}, replayed from {from}");
                // What is replayed fills the gaps, the last opened first: the worst that may be.
                missing.sort_unstable();
                for place in on_pages.iter_mut().filter(|place| place.is_none()) {
                    *place = missing.pop();
                }
                places = on_pages.into_iter().flatten().collect();
                rounds.restart(block);
            }
        }
    }
}
