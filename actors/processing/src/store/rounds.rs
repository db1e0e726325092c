//! Which pages are saved with which block: a few at a time, in turn, so that every account is saved again before long and
//! the next start replays little.
//!
//! Invariant: all accounts that were open when the last complete round began are on pages saved in it or after. So a start
//! needs the blocks after that block, and no older ones.

use std::ops::Range;

/// Kept by the shell as a row; it goes into the same block as the pages of its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rounds {
    /// The next page of the round.
    next: u32,
    /// The block before the one that the round began with.
    began_after: u64,
    /// The same, of the last complete round.
    complete_after: u64,
}

impl Rounds {
    /// The pages to save with `block`, of `pages` that there are after it: at most `pages_max`.
    pub fn turn(&mut self, block: u64, pages: u32, pages_max: u32) -> Range<u32> {
        if self.next >= pages {
            // All pages that there were are done; those made by this block come with the next round.
            self.complete_after = self.began_after;
            self.began_after = block.saturating_sub(1);
            self.next = 0;
        }
        let turn = self.next..pages.min(self.next.saturating_add(pages_max));
        self.next = turn.end;
        turn
    }

    /// The first block that a start needs.
    pub fn replay_from(&self) -> u64 {
        self.complete_after + 1
    }

    /// After a start: accounts that were on no page yet may be given places that this round has passed, so it begins anew
    /// after `head`, the last block.
    pub fn restart(&mut self, head: u64) {
        self.next = 0;
        self.began_after = head;
    }

    pub fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&self.next.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.began_after.to_le_bytes());
        bytes[12..].copy_from_slice(&self.complete_after.to_le_bytes());
        bytes
    }

    pub fn of_bytes(bytes: &[u8]) -> Option<Rounds> {
        let (next, rest) = bytes.split_first_chunk::<4>()?;
        let (began_after, complete_after) = rest.split_first_chunk::<8>()?;
        Some(Rounds {
            next: u32::from_le_bytes(*next),
            began_after: u64::from_le_bytes(*began_after),
            complete_after: u64::from_le_bytes(complete_after.try_into().ok()?),
        })
    }
}
