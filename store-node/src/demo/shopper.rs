//! Simulated shoppers: one random day at one till, told as what the cashier does.

use std::time::Duration;

use domain::ids::{OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::catalogue::Item;
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::till::{Answer, Ask, ReturnLine, TillCommand, TillError, TillReply};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use runtime::reference::{ActorRef, SendError};

use super::{customers, goods};

/// What the drawer holds in the morning.
const FLOAT: Money = Money::from_minor(500_000);
/// Most different goods in a basket.
const BASKET_LINES_MAX: usize = 12;

/// How many seconds of a shop's life pass in one second of the demonstration, as the divisor of every pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(pub(super) u32);

/// Work the till until the task is dropped. Answers only if the till says something that a shopper cannot mend.
pub(super) async fn work(till: ActorRef<TillCommand>, seed: u64, pace: Pace) -> anyhow::Error {
    let random = StdRng::seed_from_u64(seed);
    let mut shopper = Shopper { till, random, pace, goods: goods::items(), last: None, gift: None };
    loop {
        if let Err(error) = shopper.open_shift().await
            && !error.passes()
        {
            return error.into();
        }
        match shopper.serve().await {
            Ok(()) => {}
            Err(error) if error.passes() => shopper.pause(2_000).await,
            Err(error) => return error.into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the till does not answer: {0}")]
    Send(#[from] SendError),
    #[error(transparent)]
    Till(#[from] TillError),
}

impl Trouble {
    /// True for what passes by itself: a restart, a store that is down, a rule that says no.
    fn passes(&self) -> bool {
        !matches!(self, Trouble::Send(SendError::Stopped))
    }
}

struct Shopper {
    till: ActorRef<TillCommand>,
    random: StdRng,
    pace: Pace,
    goods: Vec<Item>,
    last: Option<Box<Receipt>>,
    /// A gift card that somebody bought here, and what it was loaded with.
    gift: Option<(String, Money)>,
}

impl Shopper {
    async fn ask(&self, command: TillCommand) -> Result<TillReply, Trouble> {
        Ok(self.till.ask_within(Duration::from_secs(30), command).await??)
    }

    /// Wait `about_ms` of the shop's time, give or take half.
    async fn pause(&mut self, about_ms: u64) {
        let ms = self.random.random_range(about_ms / 2..=about_ms * 3 / 2) / u64::from(self.pace.0);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    async fn open_shift(&mut self) -> Result<(), Trouble> {
        let operator = OperatorNumber("2".to_owned());
        match self.ask(TillCommand::OpenShift { operator, pin: "2222".to_owned(), float: FLOAT }).await {
            Ok(_) => Ok(()),
            Err(Trouble::Till(TillError::Refused { code, .. })) if code == "shift_open" => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn serve(&mut self) -> Result<(), Trouble> {
        self.pause(12_000).await;
        if let Some(sold) = self.last.take()
            && sold.lines.len() > 1
            && sold.tenders.len() == 1
            && self.random.random_ratio(1, 25)
        {
            return self.bring_back(sold.uid, &sold).await;
        }
        let lines = self.random.random_range(1..=BASKET_LINES_MAX);
        let mut due = Money::ZERO;
        for _ in 0..lines {
            let item = self.goods[self.random.random_range(0..self.goods.len())].clone();
            let data = goods::label(&item, self.random.random_range(120..2_400));
            let quantity = (item.plu.is_none() && self.random.random_ratio(1, 6))
                .then(|| Quantity::from_thousandths(self.random.random_range(2..=4) * 1_000));
            let answer = self.ask(TillCommand::Scan { data, quantity }).await?;
            due = answer.due.unwrap_or(due);
            if let Some(line) = answer.line
                && lines > 2
                && self.random.random_ratio(1, 40)
            {
                due = self.ask(TillCommand::VoidLine { line, quantity: None }).await?.due.unwrap_or(due);
            }
            self.pause(1_800).await;
        }
        if due.is_zero() {
            self.ask(TillCommand::Cancel).await?;
            return Ok(());
        }
        let mut bought = None;
        if self.random.random_ratio(1, 20)
            && let Some((number, reply)) = self.buy_gift_card().await?
        {
            bought = Some((number, customers::GIFT_PRICE));
            due = reply.due.unwrap_or(due);
        }
        if self.random.random_ratio(1, 3)
            && let Some(reply) = self.show_card().await?
        {
            due = reply.due.unwrap_or(due);
        }
        self.pause(5_000).await;
        if let Some((number, loaded)) = self.gift.take() {
            let amount = loaded.min(due);
            let paid = self.mind(TillCommand::Pay { tender: TenderType::Gift, amount, number: Some(number) }).await?;
            if let Some(reply) = paid {
                if reply.receipt.is_some() {
                    return Ok(());
                }
                due = reply.due.unwrap_or(due);
            }
        }
        let (tender, amount) = if self.random.random_ratio(2, 5) {
            (TenderType::Cash, self.notes_for(due))
        } else {
            (TenderType::Card, due)
        };
        self.last = self.ask(TillCommand::Pay { tender, amount, number: None }).await?.receipt;
        self.gift = bought;
        Ok(())
    }

    /// A rule that says no to this is nothing to a shopper: the receipt goes on without it.
    async fn mind(&self, command: TillCommand) -> Result<Option<TillReply>, Trouble> {
        match self.ask(command).await {
            Ok(reply) => Ok(Some(reply)),
            Err(Trouble::Till(TillError::Refused { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The card's number, and what the till said.
    async fn buy_gift_card(&mut self) -> Result<Option<(String, TillReply)>, Trouble> {
        let data = customers::GIFT_ITEM.to_owned();
        match self.ask(TillCommand::Scan { data, quantity: None }).await {
            Err(Trouble::Till(TillError::Asks(Ask::Gift { .. }))) => {}
            other => return other.map(|_| None),
        }
        let number = customers::gift_card(self.random.random());
        let reply = self.mind(TillCommand::Answer(Answer::Gift(number.clone()))).await?;
        Ok(reply.map(|reply| (number, reply)))
    }

    /// A customer of the chain; some pay with points, too.
    async fn show_card(&mut self) -> Result<Option<TillReply>, Trouble> {
        let number = customers::card(self.random.random_range(1..=customers::CUSTOMERS));
        self.mind(TillCommand::Customer { number }).await?;
        self.pause(2_000).await;
        if self.random.random_ratio(1, 3) {
            return self.mind(TillCommand::Burn { points: None }).await;
        }
        Ok(None)
    }

    /// What a customer hands over: exact, or the next round sum.
    fn notes_for(&mut self, due: Money) -> Money {
        let notes = [1, 5_000, 10_000, 50_000, 100_000][self.random.random_range(0..5)];
        Money::from_minor((due.minor() + notes - 1) / notes * notes)
    }

    async fn bring_back(&mut self, of: ReceiptId, sold: &Receipt) -> Result<(), Trouble> {
        let Some(line) = sold.lines.iter().find(|line| !line.voided && !line.load && line.amount.is_positive()) else {
            return Ok(());
        };
        let lines = vec![ReturnLine { line: line.line, quantity: line.quantity }];
        // As it was paid, so that nobody must be asked.
        let tender = sold.tenders.first().map_or(TenderType::Cash, |paid| paid.tender);
        self.ask(TillCommand::Return { of: Some(of), lines, tender }).await?;
        Ok(())
    }
}
