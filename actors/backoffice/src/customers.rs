//! What customers bought, by day: the history from which tiers follow. It is kept by card or phone, as receipts name
//! customers; whose a number is, is asked when it is needed, so cards may move from one customer to another.

use chrono::NaiveDate;
use domain::money::Money;
use migrations::entity::sales_customer::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement, Value,
};

use crate::bulk;
pub use crate::totals::MONEY;

/// Sums of one number, of one thing, on one day, over all stores.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DaySum {
    pub number: String,
    pub business_day: NaiveDate,
    pub amount: i64,
}

impl DaySum {
    pub fn money(&self) -> Money {
        Money::from_minor(self.amount)
    }
}

/// Of these numbers, in any order. `asset`: [`MONEY`] or a programme.
pub async fn by_day(
    database: &impl ConnectionTrait,
    numbers: Vec<String>,
    asset: i64,
    from: NaiveDate,
) -> Result<Vec<DaySum>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Number)
        .column(Column::BusinessDay)
        .column_as(Column::Sales.sum().sub(Column::Returns.sum()).cast_as("BIGINT"), "amount")
        .filter(Column::Number.is_in(numbers))
        .filter(Column::Asset.eq(asset))
        .filter(Column::BusinessDay.gte(from))
        .group_by(Column::Number)
        .group_by(Column::BusinessDay)
        .into_model()
        .all(database)
        .await
}

/// Sums that changed since the customer's tier was last looked at, some at a time.
pub async fn due(database: &impl ConnectionTrait, max: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::IsDue.eq(true)).order_by_asc(Column::Number).limit(max).all(database).await
}

/// They were looked at. What changed meanwhile stays due.
pub async fn looked_at(database: &impl ConnectionTrait, rows: &[Model]) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let backend = database.get_database_backend();
    let mut sql =
        "UPDATE sales_customer SET is_due = FALSE WHERE (number, asset, business_day, store, receipts) IN (".to_owned();
    bulk::places(&mut sql, backend, rows.len(), 5);
    sql.push(')');
    let values = rows.iter().flat_map(|row| {
        let key: [Value; 4] =
            [row.number.clone().into(), row.asset.into(), row.business_day.into(), row.store.clone().into()];
        key.into_iter().chain([row.receipts.into()])
    });
    database.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
