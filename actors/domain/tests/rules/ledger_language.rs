//! The language of the scripts: one step a line, and what the ledger answers.
//!
//! `1 cash > anna 500` posts transfer 1; after it `hold`, `hold=10s`, `linked`, `balancing`, `imported`, `from=DAY`,
//! `to=DAY` (of a new lot), `lot=ORIGIN/TO/AMOUNT`. `2 capture 1 [AMOUNT]`, `3 void 1`. `open`, `flags`, `day`, `clock MS`,
//! `due`, `show`. Every script ends with the checks of the books, and with a replay of all that was written down.

use std::fmt::Write as _;

use domain::ledger::transfer::{BALANCING, IMPORTED, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{
    AccountId, AccountKind, BLOCKED, CLOSED, Ledger, Moment, NEVER, Posting, Slice, Transfer, TransferCode, TransferId,
    decode, encode,
};
use expect_test::Expect;

pub(super) const MONEY: u32 = 643;
pub(super) const POINTS: u32 = 1;

pub(super) fn account(name: &str) -> AccountId {
    match name {
        "-" => AccountId(0),
        "cash" => AccountId::house(AccountKind::TenderIn, MONEY, 1, 1),
        "sold" => AccountId::house(AccountKind::Redeemed, MONEY, 1, 0),
        "anna" => AccountId::wallet(AccountKind::Prepaid, MONEY, 1),
        "boris" => AccountId::wallet(AccountKind::Prepaid, MONEY, 2),
        "firm" => AccountId::wallet(AccountKind::Credit, MONEY, 3),
        "campaign" => AccountId::house(AccountKind::Expense, POINTS, 0, 9),
        "redeemed" => AccountId::house(AccountKind::Redeemed, POINTS, 1, 0),
        "points" => AccountId::wallet(AccountKind::Bonus, POINTS, 1),
        "others" => AccountId::wallet(AccountKind::Bonus, POINTS, 2),
        "right" => account("points").at(AccountKind::Escrow, 3),
        _ => panic!("no account {name}"),
    }
}

pub(super) fn plain(id: u128, debit: AccountId, credit: AccountId, amount: i64) -> Transfer {
    Transfer::plain(TransferId(id), TransferCode::Purchase, debit, credit, amount)
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(word: &str) -> T {
    word.parse().unwrap_or_else(|error| panic!("{word}: {error}"))
}

fn day(word: &str) -> i32 {
    if word == "never" { NEVER } else { number(word) }
}

fn transfer(words: &[&str]) -> Transfer {
    let mut asked = match words {
        [id, debit, ">", credit, amount, ..] => plain(number(id), account(debit), account(credit), number(amount)),
        [id, how, hold, amount @ ..] => Transfer {
            pending: TransferId(number(hold)),
            flags: if *how == "capture" { POST_PENDING } else { VOID_PENDING },
            ..plain(number(id), AccountId(0), AccountId(0), amount.first().map_or(0, |amount| number(amount)))
        },
        _ => panic!("no step {words:?}"),
    };
    let rest = if words.get(2) == Some(&">") { words.get(5..) } else { words.get(4..) };
    for word in rest.unwrap_or_default() {
        match word.split_once('=').unwrap_or((word, "")) {
            ("linked", _) => asked.flags |= LINKED,
            ("balancing", _) => asked.flags |= BALANCING,
            ("imported", _) => asked.flags |= IMPORTED,
            ("capture", _) => asked.flags |= POST_PENDING,
            ("hold", interval) => {
                asked.flags |= PENDING;
                asked.timeout_s = interval.strip_suffix('s').map_or(0, number);
            }
            ("from", from) => asked.lot.activates_on = day(from),
            ("to", to) => asked.lot.expires_on = day(to),
            ("ref", reference) => asked.reference = number(reference),
            ("lot", parts) => {
                let parts: Vec<&str> = parts.split('/').collect();
                let [origin, expires_on, amount] = parts[..] else { panic!("no lot {parts:?}") };
                asked.slices.push(Slice {
                    expires_on: day(expires_on),
                    origin: TransferId(number(origin)),
                    activates_on: i32::MIN,
                    campaign: 0,
                    amount: number(amount),
                });
            }
            _ => panic!("no word {word}"),
        }
    }
    asked
}

/// Books, and all that they wrote down.
pub(super) struct Desk {
    pub(super) ledger: Ledger,
    pub(super) now: Moment,
    pub(super) written: Vec<(Posting, u64)>,
    opened: Vec<(AccountId, i64)>,
    flagged: Vec<(AccountId, u16)>,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            ledger: Ledger::new(),
            now: Moment { elapsed_ms: 0, day: 100 },
            written: Vec::new(),
            opened: Vec::new(),
            flagged: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, id: AccountId, limit: i64) {
        self.opened.push((id, limit));
        self.ledger.open(id, limit);
    }

    pub(super) fn set_flags(&mut self, id: AccountId, flags: u16) {
        self.flagged.push((id, flags));
        self.ledger.set_flags(id, flags);
    }

    pub(super) fn post(&mut self, transfers: &[Transfer]) -> Vec<domain::ledger::Code> {
        let mut postings = Vec::new();
        let codes = self.ledger.post(transfers, self.now, &mut postings);
        self.written.extend(postings.into_iter().map(|posting| (posting, self.now.elapsed_ms)));
        codes
    }

    pub(super) fn expire_due(&mut self) -> Vec<TransferId> {
        let due = self.ledger.due(self.now, usize::MAX);
        let mut postings = Vec::new();
        for hold in &due {
            self.ledger.expire(*hold, self.now, &mut postings);
        }
        self.written.extend(postings.into_iter().map(|posting| (posting, self.now.elapsed_ms)));
        due
    }

    /// The books are sound, and what was written down makes them again, byte for byte.
    pub(super) fn check(&self) {
        assert_eq!(self.ledger.check(), Ok(()));
        let mut again = Ledger::new();
        for (id, limit) in &self.opened {
            again.open(*id, *limit);
        }
        for (posting, elapsed_ms) in &self.written {
            let mut bytes = Vec::new();
            encode(posting, &mut bytes);
            let (read, rest) = decode(&bytes).expect("bytes of a posting");
            assert_eq!((&read, rest), (posting, &[][..]));
            again.apply(&read, *elapsed_ms);
        }
        for (id, flags) in &self.flagged {
            again.set_flags(*id, *flags);
        }
        assert_eq!(again.hash(), self.ledger.hash());
        let late = Moment { elapsed_ms: u64::MAX - 1, ..self.now };
        assert_eq!(again.due(late, usize::MAX), self.ledger.due(late, usize::MAX));
        for (posting, _) in &self.written {
            assert_eq!(again.known(posting.transfer.id), self.ledger.known(posting.transfer.id));
        }
    }

    fn show(&self, name: &str) -> String {
        let id = account(name);
        let Some(account) = self.ledger.account(id) else { return format!("{name}: not open") };
        let free = self.ledger.available(id, self.now.day);
        let mut told = format!("{name}: {} held {} free {free}", account.balance(), account.debits_pending);
        for lot in self.ledger.lots(id) {
            let to = if lot.slice.expires_on == NEVER { "never".to_owned() } else { lot.slice.expires_on.to_string() };
            write!(told, ", {}/{to}/{}", lot.slice.origin.0, lot.slice.amount).expect("a string");
            if lot.held != 0 {
                write!(told, " held {}", lot.held).expect("a string");
            }
        }
        told
    }
}

fn say(desk: &mut Desk, chain: &mut Vec<Transfer>, told: &mut String) {
    let codes = desk.post(chain);
    for (asked, code) in chain.drain(..).zip(codes) {
        let settled = desk.ledger.known(asked.id).filter(|known| code.is_posted() && known.amount != asked.amount);
        let settled = settled.map_or(String::new(), |known| format!(" {}", known.amount));
        writeln!(told, "{} {code:?}{settled}", asked.id.0).expect("a string");
    }
}

pub(super) fn check(script: &str, expected: Expect) {
    let mut desk = Desk::new();
    let mut told = String::new();
    let mut chain = Vec::new();
    for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
        match step.split_whitespace().collect::<Vec<_>>()[..] {
            ["open", name] => desk.open(account(name), 0),
            ["open", name, limit] => desk.open(account(name), number(limit)),
            ["flags", name, flag] => {
                let flags = match flag {
                    "closed" => CLOSED,
                    "blocked" => BLOCKED,
                    _ => 0,
                };
                desk.set_flags(account(name), flags);
            }
            ["day", today] => desk.now.day = day(today),
            ["clock", elapsed_ms] => desk.now.elapsed_ms = number(elapsed_ms),
            ["due"] => {
                let due: Vec<u128> = desk.expire_due().iter().map(|id| id.0).collect();
                writeln!(told, "timed out {due:?}").expect("a string");
            }
            ["show", name] => writeln!(told, "{}", desk.show(name)).expect("a string"),
            ref words => {
                chain.push(transfer(words));
                if chain.last().is_some_and(|last| last.flags & LINKED == 0) {
                    say(&mut desk, &mut chain, &mut told);
                }
            }
        }
    }
    say(&mut desk, &mut chain, &mut told);
    expected.assert_eq(&told);
    desk.check();
}
