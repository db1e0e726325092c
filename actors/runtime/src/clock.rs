//! The time of the shop. Business reads it here and nowhere else, so that a replay can say what time it is.
//!
//! Only the time that is written on receipts comes from here: timeouts and retries run on the machine's own timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, FixedOffset, Local, TimeZone, Utc};

/// The clock of a node: the machine's, or one that is set by hand and never runs back.
#[derive(Clone, Debug)]
pub struct Clock {
    hand: Option<Arc<Hand>>,
}

#[derive(Debug)]
struct Hand {
    utc_ms: AtomicI64,
    offset_s: AtomicI64,
}

impl Clock {
    pub fn system() -> Clock {
        Clock { hand: None }
    }

    pub fn by_hand(start: DateTime<FixedOffset>) -> Clock {
        let hand = Hand {
            utc_ms: AtomicI64::new(start.timestamp_millis()),
            offset_s: AtomicI64::new(i64::from(start.offset().local_minus_utc())),
        };
        Clock { hand: Some(Arc::new(hand)) }
    }

    /// Local time with its offset, to the millisecond.
    pub fn now(&self) -> DateTime<FixedOffset> {
        match &self.hand {
            None => Local::now().fixed_offset(),
            Some(hand) => {
                let offset_s = i32::try_from(hand.offset_s.load(Ordering::Acquire)).unwrap_or(0);
                let offset =
                    FixedOffset::east_opt(offset_s).unwrap_or(FixedOffset::east_opt(0).expect("zero is an offset"));
                offset.timestamp_millis_opt(hand.utc_ms.load(Ordering::Acquire)).single().unwrap_or_default()
            }
        }
    }

    pub fn now_ms(&self) -> i64 {
        match &self.hand {
            None => Utc::now().timestamp_millis(),
            Some(hand) => hand.utc_ms.load(Ordering::Acquire),
        }
    }

    /// Set a clock that is set by hand; an earlier time than it shows already, and the machine's clock, are left alone.
    pub fn set(&self, now: DateTime<FixedOffset>) {
        if let Some(hand) = &self.hand {
            hand.utc_ms.fetch_max(now.timestamp_millis(), Ordering::AcqRel);
            hand.offset_s.store(i64::from(now.offset().local_minus_utc()), Ordering::Release);
        }
    }
}
