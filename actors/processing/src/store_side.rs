//! A store's processing centre at work: it answers its tills, talks with its root, and takes in what closed receipts did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ledger::{AccountId, TransferId};
use futures_util::future::BoxFuture;
use link::apply::{Peer, PeerRole};
use link::requests::{AUTHORISE, Answer, IDENTIFY, RELEASE, TILL_OPERATIONS};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{
    Authorisation, Authorise, DeclineCode, Declined, Identified, IdentifyCustomer, Release, Settled, TillOperations,
};
use messages::v1::receipt::Receipt;
use migrations::database::Database;
use migrations::entity::receipt;
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::keeper::{Door, DoorError};
use crate::line::Talk;
use crate::machine::Now;
use crate::machine::subordinate::till::operation;
use crate::machine::subordinate::{Standing, Subordinate};
use crate::machine::wire::{NUMBER_BYTES_MAX, Who};

/// A customer at the counter waits so long for other stores to give back what is wanted here.
const WANTED_WITHIN: Duration = Duration::from_millis(1_500);
/// How soon the root is asked again for a right that was not there.
const WANTED_AGAIN: Duration = Duration::from_millis(100);
/// How soon a store that is not ready looks again.
const READY_LOOK: Duration = Duration::from_millis(50);
/// What is done once a second: holds that time out, rights that nobody uses, word to the root.
const TICK: Duration = Duration::from_secs(1);
/// Receipts that are looked at in one turn.
const FEED_AT_ONCE: u64 = 64;
/// How long the talk rests after it failed.
const LINE_REST: Duration = Duration::from_millis(500);

/// Answers tills about accounts, and leaves the rest to another.
pub struct StoreAnswers {
    talk: Talk,
    next: Arc<dyn Answer>,
}

impl StoreAnswers {
    pub fn new(talk: Talk, next: Arc<dyn Answer>) -> StoreAnswers {
        StoreAnswers { talk, next }
    }

    async fn work(&self, from: &Peer, type_id: u32, body: &[u8]) -> Result<Vec<u8>, String> {
        let till = till_of(from)?;
        let unreadable = |error: messages::codec::BodyError| format!("the question cannot be read: {error}");
        Ok(match type_id {
            IDENTIFY => to_body(&self.talk.identify(from_body(body).map_err(unreadable)?).await),
            AUTHORISE => to_body(&self.talk.authorise(from_body(body).map_err(unreadable)?).await),
            RELEASE => {
                let released = self.talk.release(from_body(body).map_err(unreadable)?).await;
                to_body(&Authorisation::Declined(released.map_err(|error| error.to_string())?))
            }
            _ => {
                let told: TillOperations = from_body(body).map_err(unreadable)?;
                let ids = told.settled.iter().flat_map(ids_of_settled).collect::<Vec<_>>();
                let open = told.open.iter().flat_map(|open| lines(*open));
                let ids = ids.into_iter().chain(open).collect();
                let answer = self.talk.door.ask(ids, move |store, now| match store.is_enrolled() {
                    true => Some(store.till_operations(till, &told, now)),
                    false => None,
                });
                let answer = answer.await.map_err(|error| error.to_string())?;
                to_body(&answer.ok_or("this store has no number of the root yet")?)
            }
        })
    }
}

fn till_of(peer: &Peer) -> Result<u32, String> {
    let till = match peer.role {
        PeerRole::Till => peer.name.rsplit_once('/').and_then(|(_, till)| till.parse().ok()),
        _ => None,
    };
    till.ok_or_else(|| format!("\"{}\" is no till", peer.name))
}

impl Answer for StoreAnswers {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        match type_id {
            IDENTIFY | AUTHORISE | RELEASE | TILL_OPERATIONS => {
                Box::pin(async move { self.work(from, type_id, &body).await })
            }
            _ => self.next.answer(from, type_id, body),
        }
    }
}

fn lines(operation: uuid::Uuid) -> [TransferId; 2] {
    let operation = self::operation(operation);
    [operation.line(1), operation.line(2)]
}

fn ids_of_settled(settled: &Settled) -> Vec<TransferId> {
    settled.operations.iter().flat_map(|what| lines(what.operation)).collect()
}

impl Talk {
    /// Who is it? The root is asked, if it can be; else this store says what it knows.
    pub async fn identify(&self, asked: IdentifyCustomer) -> Identified {
        let number = asked.number;
        if number.len() > NUMBER_BYTES_MAX {
            return Identified::Declined(Declined { code: DeclineCode::UnknownCard, available: None, online: false });
        }
        let online = self.want(Who::Number(number.clone())).await;
        let known = self.door.ask(Vec::new(), move |store, now| store.identify(&number, online, now)).await;
        known.unwrap_or_else(|error| Identified::Declined(declined(error, online)))
    }

    /// Ask the root for somebody or for a right. False: it could not be asked.
    async fn want(&self, who: Who) -> bool {
        let question = self.door.ask(Vec::new(), move |store, _| store.want(who)).await;
        match question {
            Ok(Some(question)) => self.say(vec![question], false).await.is_ok(),
            _ => false,
        }
    }

    pub async fn authorise(&self, asked: Authorise) -> Authorisation {
        let until = Instant::now() + WANTED_WITHIN;
        let ids = lines(asked.operation).to_vec();
        let mut looks = tokio::time::interval(READY_LOOK);
        let (mut online, mut is_last) = (false, false);
        loop {
            let question = asked.clone();
            // In one turn: what is here when it is looked at may be another till's when it is taken.
            let turn = self.door.ask(ids.clone(), move |store, now| match needed(store, &question, online, now) {
                Some(need) if !is_last => Err(need),
                _ if store.is_enrolled() => Ok(store.authorise(&question, online, now)),
                _ => Ok(Authorisation::Declined(Declined { code: DeclineCode::NotReady, available: None, online })),
            });
            match turn.await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(Need::Ready)) => drop(looks.tick().await),
                Ok(Err(Need::Customer)) => {
                    online = self.want(Who::Number(asked.number.clone())).await;
                    is_last = !online;
                }
                Ok(Err(Need::Right { account, amount })) => {
                    online = self.want_right(account, amount, &asked).await;
                    is_last = !online;
                }
                Err(error) => return Authorisation::Declined(declined(error, online)),
            }
            is_last |= Instant::now() >= until;
        }
    }

    /// Ask the root for a right, and look for a moment whether it came. False: it could not be asked.
    async fn want_right(&self, account: AccountId, amount: i64, asked: &Authorise) -> bool {
        let news = self.door.blocks().map(|blocks| blocks.ear());
        let online = self.want(Who::Account { account, amount }).await;
        // Others were asked to give theirs back: what comes of it is in a block of this store.
        let again = Instant::now() + WANTED_AGAIN;
        if let (true, Ok(mut news)) = (online, news) {
            while self.is_missing(asked).await && tokio::time::timeout_at(again, news.heard()).await.is_ok() {}
        }
        online
    }

    /// Is there less of a right here than what is asked for?
    async fn is_missing(&self, asked: &Authorise) -> bool {
        let asked = asked.clone();
        let missing = self.door.ask(Vec::new(), move |store, now| store.lacks(&asked, now).is_some()).await;
        missing.unwrap_or(false)
    }

    /// The answer is that the operation has ended, or that it must be given back later.
    pub async fn release(&self, release: Release) -> Result<Declined, DoorError> {
        let ids = lines(release.operation).to_vec();
        let ended = self.door.ask(ids, move |store, now| {
            let enrolled = store.is_enrolled();
            if enrolled {
                store.release(&release, now);
            }
            enrolled
        });
        let code = if ended.await? { DeclineCode::OperationEnded } else { DeclineCode::NotReady };
        Ok(Declined { code, available: None, online: false })
    }

    /// What a receipt did. Repeat: yes.
    pub async fn settle(&self, till: u32, settled: Settled) -> Result<(), DoorError> {
        let ids = ids_of_settled(&settled);
        self.door.ask(ids, move |store, now| store.settle(till, &settled, now)).await
    }
}

/// What a store does before it answers a till.
enum Need {
    /// Until its tills and the root have spoken, after a start.
    Ready,
    /// Ask for a card that it has never seen.
    Customer,
    Right {
        account: AccountId,
        amount: i64,
    },
}

fn needed(store: &Subordinate, asked: &Authorise, online: bool, now: Now) -> Option<Need> {
    if !store.may_spend() {
        return Some(Need::Ready);
    }
    if !online && store.whose(&asked.number).is_none() {
        return Some(Need::Customer);
    }
    store.lacks(asked, now).map(|(account, amount)| Need::Right { account, amount })
}

fn declined(error: DoorError, online: bool) -> Declined {
    let code = if error == DoorError::Busy { DeclineCode::Busy } else { DeclineCode::NotReady };
    Declined { code, available: None, online }
}

/// The supervised talk of a store with its root.
pub struct StoreTalk {
    talk: Talk,
    standing: watch::Sender<Option<Standing>>,
}

impl StoreTalk {
    pub fn new(talk: Talk) -> StoreTalk {
        StoreTalk { talk, standing: watch::Sender::new(None) }
    }
}

impl Actor for StoreTalk {
    type State = Option<Standing>;

    async fn started(&mut self, scope: &Scope<StoreTalk>) -> Result<(), StartError> {
        scope.spawn(push(self.talk.clone(), self.standing.clone()));
        scope.spawn(listen(self.talk.clone()));
        Ok(())
    }

    fn observe(&self) -> Option<Standing> {
        self.standing.borrow().clone()
    }
}

/// Says what is new as soon as it is committed, and does what each second brings.
async fn push(talk: Talk, standing: watch::Sender<Option<Standing>>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let news = talk.door.blocks().map(|blocks| blocks.ear());
        let turn = talk.door.ask(Vec::new(), |store, _| {
            let standing = store.standing();
            let speaks = !standing.agreed || standing.unsent > 0;
            (speaks.then(|| store.poll()), standing)
        });
        if let Ok((message, now)) = turn.await {
            standing.send_replace(Some(now));
            if let Some(message) = message
                && let Err(error) = talk.say(vec![message], false).await
            {
                tracing::debug!(%error, "the root was not reached");
                tokio::time::sleep(LINE_REST).await;
                continue;
            }
        }
        let changed = async {
            match news {
                Ok(mut news) => news.heard().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            // In this order: a busy book does not keep the tick away, and a run is the same twice.
            biased;
            _ = ticks.tick() => drop(talk.door.ask(Vec::new(), |store, now| store.tick(now)).await),
            () = changed => {}
        }
    }
}

/// Hears what the root has to tell, as soon as it has something.
async fn listen(talk: Talk) {
    loop {
        let message = talk.door.ask(Vec::new(), |store, _| store.standing().agreed.then(|| store.listen())).await;
        let heard = match message {
            Ok(Some(message)) => talk.say(vec![message], true).await.is_ok(),
            _ => false,
        };
        if !heard {
            tokio::time::sleep(LINE_REST).await;
        }
    }
}

/// Takes in what closed receipts of this store's tills did to accounts, in their order.
pub struct Feed {
    store: String,
    database: Database,
    door: Door<Subordinate>,
    committed: link::bell::Bell,
    fed: watch::Sender<BTreeMap<u32, i64>>,
}

impl Feed {
    /// `committed` rings when documents of tills were applied.
    pub fn new(store: String, database: Database, door: Door<Subordinate>, committed: link::bell::Bell) -> Feed {
        Feed { store, database, door, committed, fed: watch::Sender::default() }
    }
}

impl Actor for Feed {
    type State = BTreeMap<u32, i64>;

    async fn started(&mut self, scope: &Scope<Feed>) -> Result<(), StartError> {
        let feeding = Feeding {
            store: self.store.clone(),
            database: self.database.clone(),
            door: self.door.clone(),
            fed: self.fed.clone(),
        };
        let mut ear = self.committed.ear();
        scope.spawn(async move {
            loop {
                match feeding.turn().await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "receipts could not be looked at for accounts"),
                }
                tokio::time::timeout(link::bell::LOOK_EVERY, ear.heard()).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> BTreeMap<u32, i64> {
        self.fed.borrow().clone()
    }
}

struct Feeding {
    store: String,
    database: Database,
    door: Door<Subordinate>,
    fed: watch::Sender<BTreeMap<u32, i64>>,
}

#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error("receipt {0} cannot be read: {1}")]
    Body(uuid::Uuid, messages::codec::BodyError),
}

impl Feeding {
    /// True: there may be more.
    async fn turn(&self) -> Result<bool, FeedError> {
        if !self.door.ask(Vec::new(), |store, _| store.is_enrolled()).await? {
            return Ok(false);
        }
        let mut more = false;
        for (address, _, _) in link::apply::origin_heads(&self.database.reader).await? {
            if address.store.as_str() == self.store {
                more |= self.till(address.till.0).await?;
            }
        }
        Ok(more)
    }

    async fn till(&self, till: u32) -> Result<bool, FeedError> {
        let from = self.door.ask(Vec::new(), move |store, _| store.fed(till)).await?;
        let rows = receipt::Entity::find()
            .filter(receipt::Column::Store.eq(self.store.clone()))
            .filter(receipt::Column::Till.eq(i64::from(till)))
            .filter(receipt::Column::Sequence.gt(from))
            .order_by_asc(receipt::Column::Sequence)
            .limit(FEED_AT_ONCE)
            .all(&self.database.reader)
            .await?;
        let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(false) };
        let full = rows.len() as u64 == FEED_AT_ONCE;
        let mut settled = Vec::new();
        for row in rows.into_iter().filter(|row| row.kind == "sale" || row.kind == "return") {
            let receipt: Receipt = from_body(&row.body).map_err(|error| FeedError::Body(row.uid, error))?;
            if !receipt.accounts.is_empty() {
                settled.push(settled_of(receipt));
            }
        }
        let ids = settled.iter().flat_map(ids_of_settled).collect();
        let door = self.door.ask(ids, move |store, now| {
            settled.iter().for_each(|settled| store.settle(till, settled, now));
            store.set_fed(till, last);
        });
        door.await?;
        self.fed.send_modify(|fed| {
            fed.insert(till, last);
        });
        Ok(full)
    }
}

/// The accounts' part of a receipt.
pub fn settled_of(receipt: Receipt) -> Settled {
    Settled {
        receipt: receipt.uid,
        operator: receipt.operator,
        business_day: receipt.business_day,
        operations: receipt.accounts,
    }
}
