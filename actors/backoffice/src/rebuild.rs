//! Rebuild: compute all sums again from the receipts, compare, and mend what differs.
//!
//! One store at a time, in a transaction of its own, so memory and the time that writers wait stay bounded.

use std::collections::BTreeMap;

use messages::codec::from_body;
use messages::v1::receipt::Receipt;
use migrations::database::Database;
use migrations::entity::{receipt, sales_customer, sales_hour, sales_item, sales_tender, sales_vat};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::find_receipt::is_closed;
use crate::totals::{ItemSums, Sums, Totals};

/// Receipts read at a time.
const PAGE_ROWS: u64 = 1_000;
/// Differences that are told one by one; the rest is only counted.
pub const DIFFERENCES_TOLD_MAX: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
    #[error("receipt {uid} cannot be read, so nothing of store {store} was changed: {reason}")]
    Unreadable { uid: String, store: String, reason: String },
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub receipts: u64,
    pub stores: u64,
    pub differences: u64,
    /// The first of them, one sentence each.
    pub told: Vec<String>,
}

impl Rebuilt {
    fn tell(&mut self, sentence: String) {
        self.differences += 1;
        if self.told.len() < DIFFERENCES_TOLD_MAX {
            self.told.push(sentence);
        }
    }
}

/// Compare all stores, and with `repair` put the computed sums in the place of those that differ.
pub async fn rebuild(database: &Database, repair: bool) -> Result<Rebuilt, RebuildError> {
    let mut rebuilt = Rebuilt::default();
    let stores: Vec<String> = stores(&database.reader).await?;
    for store in stores {
        let transaction = database.begin().await?;
        let before = rebuilt.differences;
        let totals = computed(&transaction, &store, &mut rebuilt).await?;
        compare(&transaction, &store, &totals, &mut rebuilt).await?;
        rebuilt.stores += 1;
        if repair && rebuilt.differences > before {
            remove(&transaction, &store).await?;
            totals.write(&transaction).await?;
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
    }
    Ok(rebuilt)
}

/// Every store that has a receipt, or a sum without one.
async fn stores(database: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let statement = sea_orm::Statement::from_string(
        database.get_database_backend(),
        "SELECT DISTINCT store FROM receipt UNION SELECT DISTINCT store FROM sales_hour \
         UNION SELECT DISTINCT store FROM sales_item UNION SELECT DISTINCT store FROM sales_tender \
         UNION SELECT DISTINCT store FROM sales_vat UNION SELECT DISTINCT store FROM sales_customer ORDER BY 1",
    );
    database.query_all_raw(statement).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

async fn computed(
    transaction: &DatabaseTransaction,
    store: &str,
    rebuilt: &mut Rebuilt,
) -> Result<Totals, RebuildError> {
    use receipt::Column;
    let mut totals = Totals::default();
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let page = receipt::Entity::find()
            .filter(Column::Store.eq(store))
            .filter(Column::Till.gt(after.0).or(Column::Till.eq(after.0).and(Column::Sequence.gt(after.1))))
            .order_by_asc(Column::Till)
            .order_by_asc(Column::Sequence)
            .limit(PAGE_ROWS)
            .all(transaction)
            .await?;
        let Some(last) = page.last() else { return Ok(totals) };
        after = (last.till, last.sequence);
        for row in page.iter().filter(|row| is_closed(&row.kind)) {
            let receipt: Receipt = from_body(&row.body).map_err(|error| RebuildError::Unreadable {
                uid: row.uid.to_string(),
                store: store.to_owned(),
                reason: error.to_string(),
            })?;
            totals.add(&receipt);
            rebuilt.receipts += 1;
        }
    }
}

async fn compare(
    transaction: &DatabaseTransaction,
    store: &str,
    totals: &Totals,
    rebuilt: &mut Rebuilt,
) -> Result<(), DbErr> {
    let key = |day: chrono::NaiveDate| (day, store.to_owned());
    let rows = sales_hour::Entity::find().filter(sales_hour::Column::Store.eq(store)).all(transaction).await?;
    let stored = rows.into_iter().map(|row| {
        let sums = Sums { receipts: row.receipts, sales: row.sales, returns: row.returns, vat: row.vat };
        ((key(row.business_day), row.till, row.hour), sums)
    });
    differ("sales_hour", stored.collect(), &totals.hours, rebuilt);

    let rows = sales_item::Entity::find().filter(sales_item::Column::Store.eq(store)).all(transaction).await?;
    let stored = rows.into_iter().map(|row| {
        let sums = Sums { receipts: row.lines, sales: row.sales, returns: row.returns, vat: row.vat };
        ((key(row.business_day), row.code), ItemSums { name: String::new(), quantity: row.quantity, sums })
    });
    // The name of an item is what the newest receipt called it; it is no sum.
    let nameless = |item: &ItemSums| ItemSums { name: String::new(), ..item.clone() };
    let items = totals.items.iter().map(|(key, item)| (key.clone(), nameless(item))).collect();
    differ("sales_item", stored.collect(), &items, rebuilt);

    let rows = sales_tender::Entity::find().filter(sales_tender::Column::Store.eq(store)).all(transaction).await?;
    let stored = rows.into_iter().map(|row| {
        let sums = Sums { receipts: row.receipts, sales: row.sales, returns: row.returns, vat: 0 };
        ((key(row.business_day), row.tender), sums)
    });
    let tenders = totals.tenders.iter().map(|((day, tender), sums)| ((day.clone(), (*tender).to_owned()), *sums));
    differ("sales_tender", stored.collect(), &tenders.collect(), rebuilt);

    let rows = sales_vat::Entity::find().filter(sales_vat::Column::Store.eq(store)).all(transaction).await?;
    let stored = rows.into_iter().map(|row| {
        let sums = Sums { receipts: row.receipts, sales: row.sales, returns: row.returns, vat: row.vat };
        ((key(row.business_day), row.rate), sums)
    });
    differ("sales_vat", stored.collect(), &totals.rates, rebuilt);

    let rows = sales_customer::Entity::find().filter(sales_customer::Column::Store.eq(store)).all(transaction).await?;
    let stored = rows.into_iter().map(|row| {
        let sums = Sums { receipts: row.receipts, sales: row.sales, returns: row.returns, vat: 0 };
        ((key(row.business_day), row.number, row.asset), sums)
    });
    differ("sales_customer", stored.collect(), &totals.customers, rebuilt);
    Ok(())
}

fn differ<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    table: &str,
    stored: BTreeMap<K, V>,
    computed: &BTreeMap<K, V>,
    rebuilt: &mut Rebuilt,
) {
    for (key, should) in computed {
        match stored.get(key) {
            Some(is) if is == should => {}
            Some(is) => rebuilt.tell(format!("{table} {key:?}: the table says {is:?}, the receipts make {should:?}")),
            None => rebuilt.tell(format!("{table} {key:?}: missing, the receipts make {should:?}")),
        }
    }
    for (key, is) in stored.iter().filter(|(key, _)| !computed.contains_key(key)) {
        rebuilt.tell(format!("{table} {key:?}: the table says {is:?}, and there is no receipt for it"));
    }
}

async fn remove(transaction: &DatabaseTransaction, store: &str) -> Result<(), DbErr> {
    sales_hour::Entity::delete_many().filter(sales_hour::Column::Store.eq(store)).exec(transaction).await?;
    sales_item::Entity::delete_many().filter(sales_item::Column::Store.eq(store)).exec(transaction).await?;
    sales_tender::Entity::delete_many().filter(sales_tender::Column::Store.eq(store)).exec(transaction).await?;
    sales_customer::Entity::delete_many().filter(sales_customer::Column::Store.eq(store)).exec(transaction).await?;
    sales_vat::Entity::delete_many().filter(sales_vat::Column::Store.eq(store)).exec(transaction).await?;
    Ok(())
}
