//! A node in small: a ledger that random customers use, whose postings go into one block a batch.

use std::path::Path;

use domain::ledger::transfer::{BALANCING, LINKED, PENDING, POST_PENDING, VOID_PENDING};
use domain::ledger::{
    AccountId, AccountKind, Ledger, LotTerms, Moment, NEVER, OperationId, Posting, Transfer, TransferCode, TransferId,
    encode,
};
use processing::store::index::each_posting;
use processing::store::{Block, DatabaseStore, Head, Loading, Page, Rounds, Row, SavedPage, Store, StoreError};
use sea_orm::ConnectionTrait;

pub(crate) const POINTS: u32 = 7;
pub(crate) const ROUBLES: u32 = 643;
const CUSTOMERS: u64 = 150;
const LIMITS: u16 = 2;
const LOG: u16 = 3;
const SHELL: u16 = 1;
const PAGES_A_BLOCK: u32 = 2;

/// SplitMix64.
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// What customers do: the same seed, the same operations.
pub(crate) struct Customers {
    random: Random,
    made: u64,
    holds: Vec<TransferId>,
    old: Vec<Transfer>,
}

impl Customers {
    pub(crate) fn new(seed: u64) -> Customers {
        Customers { random: Random(seed), made: 0, holds: Vec::new(), old: Vec::new() }
    }

    fn id(&mut self) -> TransferId {
        self.made += 1;
        // Tills send late now and then: ids do not always grow.
        let ms = 1_790_000_000_000 + self.made * 10 - self.random.below(200);
        OperationId::from_uuid(u128::from(ms) << 80 | u128::from(self.made) << 8).line(1)
    }

    pub(crate) fn next(&mut self) -> Vec<Transfer> {
        let owner = self.random.below(CUSTOMERS);
        let amount = 1 + self.random.below(500) as i64;
        let money = AccountId::wallet(AccountKind::Prepaid, ROUBLES, owner);
        let points = AccountId::wallet(AccountKind::Bonus, POINTS, owner);
        let tender = AccountId::house(AccountKind::TenderIn, ROUBLES, 1, 1);
        let redeemed = |asset| AccountId::house(AccountKind::Redeemed, asset, 1, 0);
        let expense = AccountId::house(AccountKind::Expense, POINTS, 0, self.random.below(3));
        let plain = |id, debit, credit, code| Transfer {
            reference: owner.into(),
            ..Transfer::plain(id, code, debit, credit, amount)
        };
        let id = self.id();
        let mut asked = match self.random.below(12) {
            0..3 => vec![plain(id, tender, money, TransferCode::TopUp)],
            3..5 => vec![plain(id, money, redeemed(ROUBLES), TransferCode::Purchase)],
            5..7 => {
                let day = self.random.below(40) as i32;
                let expires_on = if day > 35 { NEVER } else { day };
                let lot = LotTerms { activates_on: 0, expires_on, campaign: day as u32 % 4 };
                vec![Transfer { lot, ..plain(id, expense, points, TransferCode::Accrue) }]
            }
            7 => vec![Transfer { flags: BALANCING, ..plain(id, points, redeemed(POINTS), TransferCode::Burn) }],
            8 => {
                let (debit, asset) = if owner.is_multiple_of(2) { (money, ROUBLES) } else { (points, POINTS) };
                self.holds.push(id);
                let hold = plain(id, debit, redeemed(asset), TransferCode::Hold);
                vec![Transfer { flags: PENDING, timeout_s: 600, ..hold }]
            }
            9 if !self.holds.is_empty() => {
                let hold = self.holds.swap_remove(self.random.below(self.holds.len() as u64) as usize);
                let (flags, code) = if amount % 3 == 0 {
                    (VOID_PENDING, TransferCode::Void)
                } else {
                    (POST_PENDING, TransferCode::Capture)
                };
                let amount = if amount % 3 == 1 { 0 } else { amount % 50 };
                let of = plain(id, AccountId(0), AccountId(0), code);
                vec![Transfer { flags, pending: hold, amount, ..of }]
            }
            10 if !self.old.is_empty() => {
                let again = self.random.below(self.old.len() as u64) as usize;
                vec![self.old[again].clone()]
            }
            _ => {
                let first = plain(id, money, redeemed(ROUBLES), TransferCode::Purchase);
                let second = plain(id.operation().line(2), points, redeemed(POINTS), TransferCode::Burn);
                vec![Transfer { flags: LINKED, ..first }, second]
            }
        };
        if self.old.len() < 100 {
            self.old.append(&mut asked.clone());
        }
        asked.iter_mut().for_each(|transfer| transfer.reference = owner.into());
        asked
    }
}

/// A node without its protocol.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) ledger: Ledger,
    pub(crate) head: Head,
    rounds: Rounds,
    pub(crate) replayed: u64,
}

impl Node {
    pub(crate) async fn load(store: &dyn Store) -> Result<Node, StoreError> {
        let mut node = Node::default();
        let head = store.load(&mut node).await?;
        assert!(node.head == head || node.head.number == 0, "blocks end at the last");
        node.head = head;
        node.rounds.restart(head.number);
        Ok(node)
    }

    /// One batch: the block and the pages that go with it.
    pub(crate) fn batch(&mut self, customers: &mut Customers, operations: usize) -> (Block, Vec<Page>, Vec<Posting>) {
        let number = self.head.number + 1;
        let now = Moment { elapsed_ms: number * 1000, day: (number / 20) as i32 };
        let mut rows = Vec::new();
        if number == 1 {
            let wallets = (0..CUSTOMERS).flat_map(|owner| {
                [(AccountKind::Prepaid, ROUBLES), (AccountKind::Bonus, POINTS)]
                    .map(|(kind, asset)| AccountId::wallet(kind, asset, owner))
            });
            let budgets = (0..3).map(|owner| AccountId::house(AccountKind::Expense, POINTS, 0, owner));
            for (id, limit) in wallets.map(|id| (id, 0)).chain(budgets.map(|id| (id, 1_000_000_000))) {
                self.ledger.open(id, limit);
                let value = Some(limit.to_le_bytes().to_vec());
                rows.push(Row { space: LIMITS, key: id.0.to_be_bytes().to_vec(), value });
            }
        }
        let mut postings = Vec::new();
        for _ in 0..operations {
            self.ledger.post(&customers.next(), now, &mut postings);
        }
        for hold in self.ledger.due(now, 10) {
            self.ledger.expire(hold, now, &mut postings);
        }
        let mut bytes = Vec::new();
        postings.iter().for_each(|posting| encode(posting, &mut bytes));
        let turn = self.rounds.turn(number, self.ledger.pages(), PAGES_A_BLOCK);
        let row = |space, key: u64, value| Row { space, key: key.to_be_bytes().to_vec(), value };
        rows.push(row(SHELL, 0, Some(self.rounds.to_bytes().to_vec())));
        rows.push(row(LOG, number, Some(vec![number as u8; 1 + number as usize % 40])));
        if number > 30 {
            rows.push(row(LOG, number - 30, None));
        }
        let pages = turn
            .map(|number| {
                let mut bytes = Vec::new();
                self.ledger.page(number, &mut bytes);
                Page { number, bytes }
            })
            .collect();
        let block = Block::seal(self.head, now.elapsed_ms, now.day, bytes, postings.len() as u32, rows);
        self.head = block.head();
        (block, pages, postings)
    }
}

impl Loading for Node {
    fn page(&mut self, saved: SavedPage) -> Result<(), StoreError> {
        let loaded = self.ledger.load_page(saved.page.number, &saved.page.bytes, saved.as_of);
        loaded.map_err(|error| StoreError::damaged(error.to_string()))
    }

    fn row(&mut self, row: Row) -> Result<(), StoreError> {
        let value = row.value.unwrap();
        match row.space {
            SHELL => self.rounds = Rounds::of_bytes(&value).unwrap(),
            LIMITS => {
                let id = AccountId(u128::from_be_bytes(row.key.try_into().unwrap()));
                self.ledger.open(id, i64::from_le_bytes(value.try_into().unwrap()));
            }
            _ => {}
        }
        Ok(())
    }

    fn replay_from(&mut self, _: Option<u64>) -> u64 {
        self.rounds.replay_from()
    }

    fn block(&mut self, block: Block) -> Result<(), StoreError> {
        let ledger = &mut self.ledger;
        each_posting(&block, |posting| ledger.replay(&posting, block.number, block.elapsed_ms))?;
        self.head = block.head();
        self.replayed += 1;
        Ok(())
    }
}

pub(crate) async fn sqlite(folder: &Path) -> DatabaseStore {
    DatabaseStore::open_sqlite(&folder.join("accounts.db")).await.unwrap()
}

/// The address of a new, empty database, if there is a server.
pub(crate) async fn postgres() -> Option<String> {
    let server = std::env::var("OPENSTORE_TEST_POSTGRES").ok()?;
    let name = format!("accounts_{}", uuid::Uuid::now_v7().simple());
    let maker = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
    maker.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    Some(format!("{server}/{name}"))
}

/// A book of so many batches of five operations.
pub(crate) async fn fill(store: &dyn Store, seed: u64, batches: u64) -> Node {
    let (mut node, mut customers) = (Node::default(), Customers::new(seed));
    for _ in 0..batches {
        let (block, pages, _) = node.batch(&mut customers, 5);
        store.append(block, pages).await.unwrap();
    }
    node
}
