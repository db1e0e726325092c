//! Business days of a store: a person closes them when the tills have told everything, or without tills that cannot.
//!
//! A till that is away must not hold up the shop: its part of the day is marked "not reported". What it brings later is posted
//! to the day of its shift as always; the day stays as it was closed, and the difference is its correction.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::ids::StoreId;
use migrations::database::Database;
use migrations::entity::{closed_day, closed_day_till, sales_hour, shift, till_state};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

/// A till as its store server sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TillNow {
    pub till: i64,
    /// It can be reached: somebody can close its shift.
    pub linked: bool,
    /// And everything that it made is here.
    pub all_here: bool,
}

/// What a till sold on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sold {
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
}

impl Sold {
    /// In minor units.
    pub fn net(self) -> i64 {
        self.sales - self.returns
    }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TillOfDay {
    pub till: i64,
    pub reported: bool,
    pub at_closing: Sold,
    pub now: Sold,
}

impl TillOfDay {
    pub fn is_corrected(&self) -> bool {
        self.at_closing != self.now
    }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClosedDay {
    pub day: NaiveDate,
    pub closed_ms: i64,
    pub closed_by: String,
    pub tills: Vec<TillOfDay>,
}

/// Why a day was not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    #[error("business day {0} is closed already")]
    Closed(NaiveDate),
    #[error("business day {0} has not begun")]
    NotBegun(NaiveDate),
    #[error("till {till} has a shift of {day} open: close it there first, or switch the till off")]
    ShiftOpen { till: i64, day: NaiveDate },
    #[error("till {till} is still sending what it sold: try again in a moment")]
    Sending { till: i64 },
    #[error("the database did not take it: {0}")]
    Database(#[from] DbErr),
}

/// Close `day`. `today` is the store's, `tills` those that it sees now.
pub async fn close(
    database: &Database,
    store: &StoreId,
    day: NaiveDate,
    tills: &[TillNow],
    by: &str,
    at_ms: i64,
    today: NaiveDate,
) -> Result<ClosedDay, CloseError> {
    if day > today {
        return Err(CloseError::NotBegun(day));
    }
    let transaction = database.begin().await?;
    let key = (store.to_string(), day);
    if closed_day::Entity::find_by_id(key).one(&transaction).await?.is_some() {
        return Err(CloseError::Closed(day));
    }
    let shifts = shifts_of(&transaction, store, day).await?;
    let sold = sold(&transaction, store, day, day).await?;
    let mut rows = Vec::new();
    for now in known(&transaction, store, tills).await? {
        let till = now.till;
        let (open, closed) = shifts.get(&till).copied().unwrap_or_default();
        if open && now.linked {
            return Err(CloseError::ShiftOpen { till, day });
        }
        if now.linked && !now.all_here {
            return Err(CloseError::Sending { till });
        }
        let at_closing = sold.get(&(day, till)).copied().unwrap_or_default();
        let reported = !open && (now.all_here || closed);
        rows.push(TillOfDay { till, reported, at_closing, now: at_closing });
    }
    let head = closed_day::ActiveModel {
        store: Set(store.to_string()),
        day: Set(day),
        closed_ms: Set(at_ms),
        closed_by: Set(by.to_owned()),
    };
    closed_day::Entity::insert(head).exec_without_returning(&transaction).await?;
    for row in &rows {
        let row = closed_day_till::ActiveModel {
            store: Set(store.to_string()),
            day: Set(day),
            till: Set(row.till),
            reported: Set(row.reported),
            receipts: Set(row.at_closing.receipts),
            sales: Set(row.at_closing.sales),
            returns: Set(row.at_closing.returns),
        };
        closed_day_till::Entity::insert(row).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(ClosedDay { day, closed_ms: at_ms, closed_by: by.to_owned(), tills: rows })
}

/// The days that were closed, newest first, with what has changed of them since.
pub async fn newest(database: &DatabaseConnection, store: &StoreId, limit: u64) -> Result<Vec<ClosedDay>, DbErr> {
    let days = closed_day::Entity::find()
        .filter(closed_day::Column::Store.eq(store.as_str()))
        .order_by_desc(closed_day::Column::Day)
        .limit(limit)
        .all(database)
        .await?;
    let (Some(last), Some(first)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let sold = sold(database, store, first.day, last.day).await?;
    let rows = closed_day_till::Entity::find()
        .filter(closed_day_till::Column::Store.eq(store.as_str()))
        .filter(closed_day_till::Column::Day.between(first.day, last.day))
        .all(database)
        .await?;
    let mut then: BTreeMap<(NaiveDate, i64), (bool, Sold)> = BTreeMap::new();
    for row in rows {
        let at_closing = Sold { receipts: row.receipts, sales: row.sales, returns: row.returns };
        then.insert((row.day, row.till), (row.reported, at_closing));
    }
    // A till that nobody knew of when the day was closed has not reported either.
    for key in sold.keys() {
        then.entry(*key).or_default();
    }
    let tills_of = |day: NaiveDate| {
        let of_day = then.range((day, i64::MIN)..=(day, i64::MAX));
        let till = of_day.map(|(key, (reported, at_closing))| TillOfDay {
            till: key.1,
            reported: *reported,
            at_closing: *at_closing,
            now: sold.get(key).copied().unwrap_or_default(),
        });
        till.collect()
    };
    let closed = days.into_iter().map(|row| ClosedDay {
        day: row.day,
        closed_ms: row.closed_ms,
        closed_by: row.closed_by,
        tills: tills_of(row.day),
    });
    Ok(closed.collect())
}

/// The first business day that is not closed and on which somebody worked.
pub async fn first_open(database: &DatabaseConnection, store: &StoreId) -> Result<Option<NaiveDate>, DbErr> {
    let last: Option<NaiveDate> = closed_day::Entity::find()
        .select_only()
        .column(closed_day::Column::Day)
        .filter(closed_day::Column::Store.eq(store.as_str()))
        .order_by_desc(closed_day::Column::Day)
        .limit(1)
        .into_tuple()
        .one(database)
        .await?;
    let worked = shift::Entity::find()
        .select_only()
        .column(shift::Column::BusinessDay)
        .filter(shift::Column::Store.eq(store.as_str()))
        .order_by_asc(shift::Column::BusinessDay)
        .limit(1);
    let worked = match last {
        Some(last) => worked.filter(shift::Column::BusinessDay.gt(last)),
        None => worked,
    };
    worked.into_tuple().one(database).await
}

/// The tills of the store: those that are seen, and those that ever sold here.
async fn known(db: &impl ConnectionTrait, store: &StoreId, seen: &[TillNow]) -> Result<Vec<TillNow>, DbErr> {
    let sold: Vec<i64> = till_state::Entity::find()
        .select_only()
        .column(till_state::Column::Till)
        .filter(till_state::Column::Store.eq(store.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    let away = sold.into_iter().map(|till| (till, TillNow { till, linked: false, all_here: false }));
    let all: BTreeMap<i64, TillNow> = away.chain(seen.iter().map(|now| (now.till, *now))).collect();
    Ok(all.into_values().collect())
}

/// Whether a till has an open and a closed shift of the day.
async fn shifts_of(
    db: &impl ConnectionTrait,
    store: &StoreId,
    day: NaiveDate,
) -> Result<BTreeMap<i64, (bool, bool)>, DbErr> {
    let rows: Vec<(i64, Option<i64>)> = shift::Entity::find()
        .select_only()
        .columns([shift::Column::Till, shift::Column::ClosedMs])
        .filter(shift::Column::Store.eq(store.as_str()))
        .filter(shift::Column::BusinessDay.eq(day))
        .into_tuple()
        .all(db)
        .await?;
    let mut shifts: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
    for (till, closed_ms) in rows {
        let (open, closed) = shifts.entry(till).or_default();
        match closed_ms {
            None => *open = true,
            Some(_) => *closed = true,
        }
    }
    Ok(shifts)
}

async fn sold(
    db: &impl ConnectionTrait,
    store: &StoreId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<(NaiveDate, i64), Sold>, DbErr> {
    use sales_hour::Column;
    let rows: Vec<(NaiveDate, i64, i64, i64, i64)> = sales_hour::Entity::find()
        .select_only()
        .columns([Column::BusinessDay, Column::Till])
        .column_as(Column::Receipts.sum().cast_as("BIGINT"), "receipts")
        .column_as(Column::Sales.sum().cast_as("BIGINT"), "sales")
        .column_as(Column::Returns.sum().cast_as("BIGINT"), "returns")
        .filter(Column::Store.eq(store.as_str()))
        .filter(Column::BusinessDay.between(from, to))
        .group_by(Column::BusinessDay)
        .group_by(Column::Till)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(day, till, receipts, sales, returns)| ((day, till), Sold { receipts, sales, returns }))
        .collect())
}
