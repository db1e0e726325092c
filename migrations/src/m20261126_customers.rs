//! Sums of what customers bought, by card or phone: tiers are made of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, date, string};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_customers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        for column in ["number", "asset", "business_day", "store"] {
            key.col(column);
        }
        let mut made = Table::create().table("sales_customer").to_owned();
        made.col(string("number")).col(big_integer("asset")).col(date("business_day")).col(string("store"));
        made.col(big_integer("receipts")).col(big_integer("sales")).col(big_integer("returns")).col(boolean("is_due"));
        manager.create_table(made.primary_key(&mut key).to_owned()).await?;
        // Few are due at any time.
        let due = "CREATE INDEX sales_customer_due ON sales_customer (number) WHERE is_due";
        manager.get_connection().execute_unprepared(due).await?;
        Ok(())
    }
}
