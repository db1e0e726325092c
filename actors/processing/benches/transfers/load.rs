//! A client that keeps so many transfers in flight.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::ledger::transfer::{Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind, Code, OperationId};
use processing::port::Client;

use crate::server::{ASSET, Server, TOKEN, wallet};

/// Transfers of one question.
const QUESTION_MAX: usize = 2_048;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Wallet to wallet.
    Even,
    /// Wallet to one account of the house.
    Hot,
}

pub(crate) struct Load {
    client: Client,
    accounts: u64,
    state: u64,
    counter: u64,
    longest: Duration,
    pub(crate) times: Vec<Duration>,
}

pub(crate) struct Done {
    pub(crate) transfers: u64,
    took: Duration,
}

impl Done {
    pub(crate) fn rate(&self) -> f64 {
        self.transfers as f64 / self.took.as_secs_f64()
    }
}

impl Load {
    /// Every wallet gets enough to pay from.
    pub(crate) async fn connect(server: &Server, accounts: u64) -> Load {
        let client = Client::connect(server.address, TOKEN).await.expect("connected");
        let mut load =
            Load { client, accounts, state: 0x9E37_79B9_7F4A_7C15, counter: 0, longest: Duration::ZERO, times: vec![] };
        let owners: Vec<u64> = (1..=accounts).collect();
        for owners in owners.chunks(8_000) {
            let tender = AccountId::house(AccountKind::TenderIn, ASSET, 0, 1);
            let fills: Vec<Transfer> = owners
                .iter()
                .map(|owner| Transfer {
                    debit: tender,
                    credit: wallet(*owner),
                    amount: 1 << 36,
                    ..load.next(Spread::Even)
                })
                .collect();
            let codes = load.client.post(&fills).await.expect("filled");
            assert!(codes.iter().all(|code| *code == Code::Created as u8), "every wallet is filled");
        }
        load
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// Ids as tills make them: time, then what no other has.
    fn next(&mut self, spread: Spread) -> Transfer {
        let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        self.counter += 1;
        let low = u128::from(self.random() >> 8) << 24 ^ u128::from(self.counter) << 4;
        let id = OperationId::from_uuid((ms & 0xFFFF_FFFF_FFFF) << 80 | low).line(1);
        let debit = 1 + self.random() % self.accounts;
        let credit = 1 + (debit + self.random() % (self.accounts - 1)) % self.accounts;
        let to = match spread {
            Spread::Even => wallet(credit),
            Spread::Hot => AccountId::house(AccountKind::Redeemed, ASSET, 0, 0),
        };
        let amount = 1 + (self.random() % 100) as i64;
        let plain = Transfer::plain(id, TransferCode::Purchase, wallet(debit), to, amount);
        Transfer { reference: u128::from(self.counter), ..plain }
    }

    /// The next question is made while others are on their way, as a busy client does. Many in flight are in a few
    /// questions: while one is written to the disk the next is worked on.
    pub(crate) async fn run(&mut self, size: usize, time: Duration, spread: Spread) -> Done {
        self.longest = Duration::ZERO;
        self.times.clear();
        let questions = size.div_ceil(QUESTION_MAX);
        let part = size / questions;
        let began = Instant::now();
        let mut asked = VecDeque::new();
        let mut transfers = 0;
        let mut bytes = self.question(part, spread);
        loop {
            let goes_on = began.elapsed() < time;
            while goes_on && asked.len() < questions {
                self.client.send_bytes(&bytes).await.expect("sent");
                asked.push_back(Instant::now());
                bytes = self.question(part, spread);
            }
            let Some(since) = asked.pop_front() else { break };
            let (_, codes) = self.client.answer().await.expect("answered");
            assert!(codes.len() == part && codes.iter().all(|code| *code == Code::Created as u8), "all are posted");
            transfers += part as u64;
            self.longest = self.longest.max(since.elapsed());
            self.times.push(since.elapsed());
        }
        Done { transfers, took: began.elapsed() }
    }

    fn question(&mut self, size: usize, spread: Spread) -> Vec<u8> {
        let transfers: Vec<Transfer> = (0..size).map(|_| self.next(spread)).collect();
        Client::bytes(self.counter, &transfers)
    }

    pub(crate) fn longest_ms(&self) -> f64 {
        self.longest.as_secs_f64() * 1e3
    }

    pub(crate) fn p99_ms(&mut self) -> f64 {
        self.times.sort_unstable();
        let at = (self.times.len() * 99 / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}
