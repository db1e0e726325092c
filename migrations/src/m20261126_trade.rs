//! Tables of what the tills do beside selling: receipts put aside, marked units, notes for loss prevention, returns by a
//! fiscal code; and the columns by which a receipt is found by its fiscal document and its shift.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, date, string, string_null, uuid, uuid_null,
};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_trade"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            // SQLite adds one column in one statement.
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        for table in [parked_receipt(), parked_recall(), mark(), mark_claim(), audit(), returned_fiscal()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        // Few receipts are no sales, and their reports must not look through all that are.
        let unsold = "CREATE INDEX receipt_no_sale ON receipt (kind, business_day) WHERE kind <> 'sale'";
        manager.get_connection().execute_unprepared(unsold).await?;
        Ok(())
    }
}

/// A number that rows of before have as zero.
fn number(name: &'static str) -> ColumnDef {
    big_integer(name).default(0).to_owned()
}

fn columns() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("receipt", number("shift")),
        ("receipt", string_null("fiscal_device")),
        ("receipt", big_integer_null("fiscal_number")),
        ("shift", number("offset_s")),
        ("shift", blob_null("closing")),
        ("cash_movement", string("kind").default("loan").to_owned()),
        ("cash_movement", number("offset_s")),
    ]
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

fn parked_receipt() -> TableCreateStatement {
    table("parked_receipt")
        .col(uuid("uid").primary_key())
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("sequence"))
        .col(string("name"))
        .col(big_integer("at_ms"))
        .col(big_integer("total"))
        .col(big_integer("lines"))
        .col(string("state"))
        .col(big_integer_null("taken_by"))
        .col(big_integer_null("taken_ms"))
        .col(blob("body"))
        .to_owned()
}

fn parked_recall() -> TableCreateStatement {
    table("parked_recall")
        .col(uuid("parked"))
        .col(uuid("by_receipt"))
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("sequence"))
        .col(big_integer("at_ms"))
        .primary_key(&mut key(&["parked", "by_receipt"]))
        .to_owned()
}

fn mark() -> TableCreateStatement {
    table("mark")
        .col(string("identity").primary_key())
        .col(string("state"))
        .col(uuid("receipt"))
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("sequence"))
        .col(big_integer("at_ms"))
        .to_owned()
}

fn mark_claim() -> TableCreateStatement {
    table("mark_claim")
        .col(string("identity").primary_key())
        .col(uuid("receipt"))
        .col(string("by_peer"))
        .col(big_integer("claimed_ms"))
        .to_owned()
}

fn audit() -> TableCreateStatement {
    table("audit")
        .col(uuid("document").primary_key())
        .col(string("store"))
        .col(big_integer("till"))
        .col(big_integer("shift"))
        .col(date("business_day"))
        .col(big_integer("at_ms"))
        .col(big_integer("offset_s"))
        .col(string("kind"))
        .col(string("operator"))
        .col(string("subject"))
        .col(string("reason"))
        .col(string_null("approver"))
        .col(big_integer_null("amount"))
        .col(uuid_null("receipt"))
        .to_owned()
}

fn returned_fiscal() -> TableCreateStatement {
    table("returned_fiscal")
        .col(string("device"))
        .col(big_integer("number"))
        .col(uuid("by_receipt"))
        .primary_key(&mut key(&["device", "number", "by_receipt"]))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        key(&["store", "till", "shift"]).name("receipt_shift").table("receipt").to_owned(),
        key(&["fiscal_device", "fiscal_number"]).name("receipt_fiscal").table("receipt").to_owned(),
        key(&["business_day"]).name("shift_day").table("shift").to_owned(),
        key(&["store", "state"]).name("parked_receipt_state").table("parked_receipt").to_owned(),
        key(&["receipt"]).name("mark_claim_receipt").table("mark_claim").to_owned(),
        key(&["business_day"]).name("audit_day").table("audit").to_owned(),
    ]
}
