//! Tables of the back-office: what was sold, shift by shift, and the sums from which reports are read.
//!
//! Every table has the store in its key and, where it grows, the business day first: HQ partitions by day.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, date, string, string_null, uuid,
};

/// The columns that every sum of sales has.
const SUMS: [&str; 3] = ["receipts", "sales", "returns"];

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261125_backoffice"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            receipt(),
            shift(),
            cash_movement(),
            till_state(),
            returned_line(),
            incident(),
            sales_hour(),
            sales_item(),
            sales_tender(),
            sales_vat(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

fn key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    for column in columns {
        index.col(*column);
    }
    index
}

fn receipt() -> TableCreateStatement {
    table("receipt")
        .col(uuid("uid").primary_key())
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("sequence"))
        .col(date("business_day"))
        .col(big_integer("hour"))
        .col(string("kind"))
        .col(big_integer("total"))
        .col(big_integer("at_ms"))
        .col(blob("body"))
        .to_owned()
}

fn shift() -> TableCreateStatement {
    table("shift")
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("shift"))
        .col(date("business_day"))
        .col(string("operator"))
        .col(big_integer_null("opened_ms"))
        .col(big_integer_null("closed_ms"))
        .col(big_integer("drawer_float"))
        .col(big_integer_null("counted"))
        .col(big_integer_null("over_short"))
        .col(big_integer_null("sales"))
        .col(big_integer_null("returns"))
        .col(blob_null("totals"))
        .primary_key(&mut key(&["store", "till", "shift"]))
        .to_owned()
}

fn cash_movement() -> TableCreateStatement {
    table("cash_movement")
        .col(uuid("document").primary_key())
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("shift"))
        .col(big_integer("at_ms"))
        .col(string("operator"))
        .col(big_integer("amount"))
        .col(string("reason"))
        .to_owned()
}

fn till_state() -> TableCreateStatement {
    table("till_state")
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("last_sequence"))
        .col(big_integer("last_receipt_ms"))
        .col(big_integer("last_total"))
        .col(big_integer("shift"))
        .col(boolean("shift_open"))
        .col(string_null("operator"))
        .primary_key(&mut key(&["store", "till"]))
        .to_owned()
}

fn returned_line() -> TableCreateStatement {
    table("returned_line")
        .col(uuid("receipt"))
        .col(big_integer("line"))
        .col(uuid("by_receipt"))
        .col(big_integer("quantity"))
        .col(big_integer("amount"))
        .primary_key(&mut key(&["receipt", "line", "by_receipt"]))
        .to_owned()
}

fn incident() -> TableCreateStatement {
    table("incident")
        .col(uuid("id").primary_key())
        .col(big_integer("at_ms"))
        .col(string("store"))
        .col(big_integer("till"))
        .col(string("kind"))
        .col(string("text"))
        .to_owned()
}

fn sums(table: &mut TableCreateStatement) -> &mut TableCreateStatement {
    for column in SUMS {
        table.col(big_integer(column));
    }
    table
}

fn sales_hour() -> TableCreateStatement {
    let mut made = table("sales_hour");
    made.col(date("business_day")).col(string("store")).col(big_integer("till")).col(big_integer("hour"));
    sums(&mut made).col(big_integer("vat")).primary_key(&mut key(&["business_day", "store", "till", "hour"])).to_owned()
}

fn sales_item() -> TableCreateStatement {
    table("sales_item")
        .col(date("business_day"))
        .col(string("store"))
        .col(string("code"))
        .col(string("name"))
        .col(big_integer("lines"))
        .col(big_integer("quantity"))
        .col(big_integer("sales"))
        .col(big_integer("returns"))
        .col(big_integer("vat"))
        .primary_key(&mut key(&["business_day", "store", "code"]))
        .to_owned()
}

fn sales_tender() -> TableCreateStatement {
    let mut made = table("sales_tender");
    made.col(date("business_day")).col(string("store")).col(string("tender"));
    sums(&mut made).primary_key(&mut key(&["business_day", "store", "tender"])).to_owned()
}

fn sales_vat() -> TableCreateStatement {
    let mut made = table("sales_vat");
    made.col(date("business_day")).col(string("store")).col(big_integer("rate"));
    sums(&mut made).col(big_integer("vat")).primary_key(&mut key(&["business_day", "store", "rate"])).to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        // The last line of defence against a number that is used twice.
        key(&["store", "till", "sequence"]).name("receipt_number").table("receipt").unique().to_owned(),
        key(&["store", "till", "shift"]).name("cash_movement_shift").table("cash_movement").to_owned(),
        key(&["at_ms"]).name("incident_at").table("incident").to_owned(),
    ]
}
