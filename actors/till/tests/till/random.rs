//! Thirty random shifts with faults and power cuts: the journal, the shifts, the fiscal device, the bank, the receipts and
//! the documents for the store say the same, to the penny.

use std::sync::{Arc, Mutex};

use devices::sim::fault::Fault;
use domain::ids::ReceiptId;
use domain::money::Money;
use messages::v1::document::CashKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, TillCommand, TillError, TillReply};
use messages::v1::view::TillMode;
use till::SagaStep;

use crate::agreement::agree;
use crate::shop::{Counter, Shop, back, close_shift, number, pay, percent, quantity, sell};

/// Another seed may be given to look for more: `TILL_SEED=7 cargo test -p till random`.
const SEED: u64 = 20_260_302;
const SHIFTS: usize = 30;
const ACTS: u32 = 8;
const CODES: [&str; 10] = ["MILK", "BREAD", "COFFEE", "CHOC", "BAG", "SHAMPOO", "APPLE", "CHEESE", "COLA", "BEER"];
const STEPS: [SagaStep; 8] = [
    SagaStep::Open,
    SagaStep::TerminalAsked,
    SagaStep::TerminalAnswered,
    SagaStep::Paying,
    SagaStep::Paid,
    SagaStep::Fiscalising,
    SagaStep::Registered,
    SagaStep::Closed,
];

/// Enough randomness for a test, the same on every machine.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("an index")]
    }
}

struct Story<'a> {
    shop: &'a Shop,
    dice: Dice,
    /// Where the next power cut is.
    cut: Arc<Mutex<Option<SagaStep>>>,
    sales: Vec<ReceiptId>,
    acts_left: u32,
}

/// The node is gone; another life goes on.
struct Dead;

type Lived<T> = Result<T, Dead>;

#[test]
fn retail_s50_thirty_random_shifts_agree_everywhere() {
    let seed = std::env::var("TILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("seed {seed}");
    let cut: Arc<Mutex<Option<SagaStep>>> = Arc::default();
    let hook = cut.clone();
    let shop = Shop::dying(Arc::new(move |step| {
        let mut cut = hook.lock().expect("nobody fails while he holds it");
        if *cut == Some(step) {
            *cut = None;
            drop(cut);
            panic!("power cut at {step:?}");
        }
    }));
    let mut story = Story { shop: &shop, dice: Dice(seed.max(1)), cut, sales: Vec::new(), acts_left: 0 };
    let mut cuts = 0;
    for shift in 1..=SHIFTS {
        story.acts_left = ACTS;
        while shop.run(async |counter| story.live(counter).await).is_err() {
            cuts += 1;
            assert!(story.cut.lock().expect("free").is_none(), "shift {shift}: the till died by itself");
        }
    }
    println!("{} receipts, {} charges, {cuts} power cuts", shop.fiscal_receipts().len(), shop.card.charges().len());
    assert!(cuts > 5 && shop.fiscal_receipts().len() > 50, "a test that tries nothing proves nothing");
}

impl Story<'_> {
    /// One life of the node: until a power cut, or to the end of the shift.
    async fn live(&mut self, counter: &Counter) -> Lived<()> {
        self.heal();
        self.settle(counter).await?;
        if counter.view().await.shift.is_none() {
            let float = Money::from_minor(500_000);
            self.ask(counter, TillCommand::OpenShift { operator: number("7"), pin: String::new(), float })
                .await?
                .expect("a shift");
        }
        while self.acts_left > 0 {
            self.acts_left -= 1;
            self.break_something();
            let done = self.act(counter).await;
            self.heal();
            done?;
            self.settle(counter).await?;
        }
        agree(self.shop, counter).await;
        let expected = counter.give(TillCommand::ReportX).await.totals.expect("totals").cash_expected;
        let closed = counter.give(close_shift(&expected.to_string())).await;
        assert_eq!(closed.over_short, Some(Money::ZERO));
        Ok(())
    }

    async fn ask(&mut self, counter: &Counter, command: TillCommand) -> Lived<Result<TillReply, TillError>> {
        counter.ask(command).await.map_err(|_| Dead)
    }

    fn break_something(&mut self) {
        match self.dice.below(12) {
            0 | 1 => *self.cut.lock().expect("free") = Some(self.dice.one_of(&STEPS)),
            2 => self.shop.card.set_fault(Fault::NoAnswerAfterCommit),
            3 => self.shop.card.set_fault(Fault::Refuse(5)),
            4 => self.shop.qr.set_fault(Fault::NoAnswerAfterCommit),
            5 => self.shop.emulator.set_fault(Fault::NoAnswerAfterCommit),
            6 => {
                self.shop.emulator.set_fault(self.dice.one_of(&[Fault::PaperOut, Fault::Refuse(0x33), Fault::Offline]))
            }
            _ => {}
        }
    }

    fn heal(&mut self) {
        *self.cut.lock().expect("free") = None;
        self.shop.card.set_fault(Fault::None);
        self.shop.qr.set_fault(Fault::None);
        self.shop.emulator.set_fault(Fault::None);
    }

    /// Whatever was begun is finished, or given up.
    async fn settle(&mut self, counter: &Counter) -> Lived<()> {
        for _ in 0..10 {
            let end = match counter.view().await.mode {
                TillMode::WaitingForTerminal => TillCommand::Resume,
                TillMode::WaitingForFiscal => match self.dice.below(3) {
                    0 => TillCommand::Cancel,
                    _ => TillCommand::Resume,
                },
                _ => TillCommand::Cancel,
            };
            match self.ask(counter, end).await? {
                Ok(reply) => self.note(&reply),
                Err(TillError::Refused { code, .. }) if code == "no_receipt" => break,
                Err(_) => {}
            }
        }
        if counter.view().await.kind == messages::v1::receipt::ReceiptKind::Return {
            self.ask(counter, TillCommand::ToggleReturn).await?.ok();
        }
        let view = counter.view().await;
        assert!(view.lines.is_empty() && view.mode != TillMode::WaitingForFiscal, "{view:?}");
        Ok(())
    }

    fn note(&mut self, reply: &TillReply) {
        if let Some(receipt) = reply.receipt.as_ref().filter(|receipt| receipt.fiscal.is_some()) {
            self.sales.push(receipt.uid);
        }
    }

    async fn act(&mut self, counter: &Counter) -> Lived<()> {
        match self.dice.below(10) {
            0 | 1 if !self.sales.is_empty() => {
                let of = self.dice.one_of(&self.sales);
                let part = self.dice.one_of(&["1", "0.5", "0.333"]);
                let line = u32::try_from(1 + self.dice.below(3)).expect("small");
                let lines: &[(u32, &str)] = if self.dice.below(3) == 0 { &[] } else { &[(line, part)] };
                let tender = self.dice.one_of(&[TenderType::Cash, TenderType::Card, TenderType::Qr]);
                // Of a line that is voided, or back already, it is refused.
                self.ask(counter, back(of, lines, tender)).await?.ok();
            }
            2 => {
                self.ask(counter, TillCommand::ToggleReturn).await?.ok();
                self.lines(counter).await?;
                let tender = self.dice.one_of(&[TenderType::Cash, TenderType::Card]);
                self.ask(counter, TillCommand::Return { of: None, lines: Vec::new(), tender }).await?.ok();
            }
            3 => self.lines(counter).await?,
            4 => {
                let kind = self.dice.one_of(&[CashKind::Loan, CashKind::Pickup, CashKind::PaidOut]);
                let amount = Money::from_minor(100 + i64::try_from(self.dice.below(50_000)).expect("small"));
                self.ask(counter, TillCommand::MoveCash { kind, amount, reason: String::new() }).await?.ok();
            }
            5 => {
                // The device does not like a line.
                self.lines(counter).await?;
                self.shop.emulator.set_fault(Fault::Refuse(0x33));
                self.pay(counter).await?;
                self.shop.emulator.set_fault(Fault::None);
                let reply = self.ask(counter, TillCommand::TakeOut { line: 1 }).await?;
                reply.iter().for_each(|reply| self.note(reply));
            }
            _ => {
                self.lines(counter).await?;
                if self.dice.below(5) == 0 {
                    self.ask(counter, TillCommand::Park { name: String::new() }).await?.ok();
                    self.ask(counter, TillCommand::Recall { parked: None }).await?.ok();
                }
                self.pay(counter).await?;
            }
        }
        Ok(())
    }

    async fn lines(&mut self, counter: &Counter) -> Lived<()> {
        let lines = 1 + self.dice.below(4);
        for _ in 0..lines {
            let code = self.dice.one_of(&CODES);
            let part = match code {
                "APPLE" | "CHEESE" => format!("0.{:03}", 1 + self.dice.below(999)),
                _ => (1 + self.dice.below(5)).to_string(),
            };
            if let Err(TillError::Asks(_)) = self.ask(counter, sell(&part, code)).await? {
                self.ask(counter, TillCommand::Answer(Answer::OldEnough(true))).await?.ok();
            }
        }
        let line = u32::try_from(1 + self.dice.below(lines)).expect("few");
        let change = match self.dice.below(8) {
            0 => TillCommand::VoidLine { line, quantity: None },
            1 => TillCommand::VoidLine { line, quantity: Some(quantity("1")) },
            2 => percent(None, u32::try_from(1 + self.dice.below(3_000)).expect("small")),
            3 => percent(Some(line), 1_000),
            4 => TillCommand::Customer { number: "79001234567".to_owned() },
            5 => TillCommand::RepeatLast,
            _ => return Ok(()),
        };
        self.ask(counter, change).await?.ok();
        Ok(())
    }

    async fn pay(&mut self, counter: &Counter) -> Lived<()> {
        let due = counter.view().await.due;
        let half = Money::from_minor(due.minor() / 2);
        let over = Money::from_minor(i64::try_from(self.dice.below(10_000)).expect("small"));
        let tenders = match self.dice.below(5) {
            0 => vec![(TenderType::Card, due)],
            1 => vec![(TenderType::Qr, due)],
            2 => vec![(TenderType::Card, half), (TenderType::Cash, due - half + over)],
            3 => vec![(TenderType::Qr, half), (TenderType::Card, due - half)],
            _ => vec![(TenderType::Cash, due + over)],
        };
        for (tender, amount) in tenders {
            let reply = self.ask(counter, pay(tender, &amount.to_string())).await?;
            reply.iter().for_each(|reply| self.note(reply));
        }
        Ok(())
    }
}
