//! The schema of every node's database, on SQLite and PostgreSQL: the list of migrations by what a node is, and how a
//! database is opened.
//!
//! One file a step, never changed after a release. Entities are one file a table in [`entity`].
//! Must never: hold a trigger, a database's own sequence, or a rule of the shop.

pub mod database;
pub mod entity;
pub mod lease;
pub mod m20261125_backoffice;
pub mod m20261125_catalogue;
pub mod m20261125_link;
pub mod m20261125_people;
pub mod m20261125_till;
pub mod m20261126_accounts;
pub mod m20261126_catalogue;
pub mod m20261126_customers;
pub mod m20261126_till;
pub mod m20261126_trade;
pub mod m20261127_scales;
pub mod m20261128_datasets;
pub mod m20261128_days;
pub mod m20261128_identity;
pub mod m20261128_recovery;
pub mod m20261129_months;
pub mod months;
#[cfg(feature = "scratch")]
pub mod scratch;

use sea_orm_migration::prelude::*;

/// The tables of a till: its journal and its outbox.
#[derive(Debug)]
pub struct TillMigrator;

impl MigratorTrait for TillMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261125_link::Migration),
            Box::new(m20261125_till::Migration),
            Box::new(m20261126_till::Migration),
            Box::new(m20261128_recovery::Migration),
        ]
    }
}

/// The tables of a till's copy of the catalogue, in a file of its own.
#[derive(Debug)]
pub struct CatalogueMigrator;

impl MigratorTrait for CatalogueMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261125_catalogue::Migration),
            Box::new(m20261126_catalogue::Migration),
            Box::new(m20261128_datasets::Migration),
        ]
    }
}

/// The tables of a store server and of the head office: they know the same of the trade, one for itself, one for all.
#[derive(Debug)]
pub struct ServerMigrator;

impl MigratorTrait for ServerMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261125_link::Migration),
            Box::new(m20261125_backoffice::Migration),
            Box::new(m20261125_people::Migration),
            Box::new(m20261126_trade::Migration),
            Box::new(m20261126_customers::Migration),
            Box::new(m20261128_days::Migration),
            Box::new(m20261128_recovery::Migration),
            Box::new(m20261128_identity::Migration),
            Box::new(m20261129_months::Migration),
        ]
    }
}

/// The account book of a processing node, in a database of its own.
#[derive(Debug)]
pub struct AccountsMigrator;

impl MigratorTrait for AccountsMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261126_accounts::Migration)]
    }
}

/// What a store's scales server knows of its scales, in a file of its own: an upload must not make a receipt wait.
#[derive(Debug)]
pub struct ScalesMigrator;

impl MigratorTrait for ScalesMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261127_scales::Migration)]
    }
}
