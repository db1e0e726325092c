//! Is the other side still there? Asks when it was silent, gives up when it stays so.

use std::time::Duration;

use tokio::time::Instant;

/// Below the half minute after which the strictest routers forget a silent connection.
pub const PING_EVERY: Duration = Duration::from_secs(20);
/// Two pings and a half without a sign of life.
pub const DEAD_AFTER: Duration = Duration::from_secs(50);

/// How long silence is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub ping_every: Duration,
    pub dead_after: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { ping_every: PING_EVERY, dead_after: DEAD_AFTER }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Alive {
    patience: Patience,
    heard: Instant,
    pinged: Instant,
    number: u64,
    round_trip: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Nothing,
    Ping(u64),
    Dead,
}

impl Alive {
    pub fn new(now: Instant, patience: Patience) -> Alive {
        Alive { patience, heard: now, pinged: now, number: 0, round_trip: None }
    }

    /// Any frame came.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    pub fn pong(&mut self, number: u64, now: Instant) {
        if number == self.number {
            self.round_trip = Some(now - self.pinged);
        }
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub fn due(&mut self, now: Instant) -> Due {
        if now >= self.heard + self.patience.dead_after {
            return Due::Dead;
        }
        if now >= self.pinged + self.patience.ping_every {
            return Due::Ping(self.ask(now));
        }
        Due::Nothing
    }

    /// The number of a ping that is sent now.
    pub fn ask(&mut self, now: Instant) -> u64 {
        self.pinged = now;
        self.number += 1;
        self.number
    }

    /// When to ask again.
    pub fn next(&self) -> Instant {
        (self.heard + self.patience.dead_after).min(self.pinged + self.patience.ping_every)
    }
}
