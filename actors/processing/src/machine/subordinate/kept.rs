//! A log as a store keeps it: in memory, from where the root surely has it on.

use crate::machine::log::{End, Entry};

/// A log as a store keeps it: all of it since `base`, in memory.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) base: End,
    pub(super) entries: Vec<Entry>,
    pub(super) end: End,
}

impl Log {
    pub(super) fn push(&mut self, entry: Entry) {
        self.end.advance(&entry);
        self.entries.push(entry);
    }

    pub(super) fn from(&self, seq: u64, max: usize) -> Vec<Entry> {
        let skip = usize::try_from(seq.saturating_sub(self.base.next)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip).take(max).cloned().collect()
    }

    /// Where it would end after `seq` entries; none: that is not kept any more, or not there yet.
    pub(super) fn end_at(&self, seq: u64) -> Option<End> {
        match seq.checked_sub(self.base.next)? {
            0 => Some(self.base),
            past => {
                let entry = self.entries.get(usize::try_from(past - 1).ok()?)?;
                Some(End { next: seq, chain: entry.chain })
            }
        }
    }

    /// Take off all after `end`.
    pub(super) fn cut(&mut self, end: End) -> Vec<Entry> {
        let keep = usize::try_from(end.next - self.base.next).expect("a log in memory is counted by usize");
        self.end = end;
        self.entries.split_off(keep)
    }
}

pub(super) fn load_entry(log: &mut Log, entry: Entry) {
    if log.entries.is_empty() && entry.seq > 0 {
        // Older ones were taken off: the chain before this one is not needed any more.
        log.base = End { next: entry.seq, chain: [0; 32] };
        log.end = log.base;
    }
    log.push(entry);
}
