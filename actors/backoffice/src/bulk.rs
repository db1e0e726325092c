//! Many rows in one statement, on SQLite and PostgreSQL alike.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

/// Most bound values of one statement that SQLite takes (PostgreSQL takes 65,535).
pub(crate) const VARIABLES_MAX: usize = 32_766;

/// How rows go into a table. The texts are written here in the source, never taken from outside.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// The key on which a row may be there already; empty: then it is an error.
    pub(crate) key: &'static [&'static str],
    /// Columns that are added to the row that is there.
    pub(crate) add: &'static [&'static str],
    /// Columns that take the place of those that are there. With neither, the row that is there stays.
    pub(crate) replace: &'static [&'static str],
}

impl Shape {
    fn sql(&self, backend: DbBackend, rows: usize) -> String {
        let mut sql = format!("INSERT INTO {} ({}) ", self.table, self.columns.join(","));
        places(&mut sql, backend, rows, self.columns.len());
        if !self.key.is_empty() {
            let added = self.add.iter().map(|name| format!("{name} = {}.{name} + excluded.{name}", self.table));
            let replaced = self.replace.iter().map(|name| format!("{name} = excluded.{name}"));
            let sets: Vec<String> = added.chain(replaced).collect();
            let action = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", sets.join(", ")) };
            write!(sql, " ON CONFLICT ({}) DO {action}", self.key.join(","))
                .expect("a string takes all that is written to it");
        }
        sql
    }
}

/// A list of rows whose values are bound.
pub(crate) fn places(sql: &mut String, backend: DbBackend, rows: usize, width: usize) {
    sql.push_str("VALUES ");
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..width {
            sql.push_str(if column == 0 { "" } else { "," });
            number += 1;
            if backend == DbBackend::Postgres {
                write!(sql, "${number}").expect("a string takes all that is written to it");
            } else {
                sql.push('?');
            }
        }
        sql.push(')');
    }
}

/// Write rows, given one after another in the order of the columns.
pub(crate) async fn write(
    connection: &impl ConnectionTrait,
    shape: &Shape,
    mut values: Vec<Value>,
) -> Result<(), DbErr> {
    let width = shape.columns.len();
    let backend = connection.get_database_backend();
    let chunk = VARIABLES_MAX / width * width;
    while !values.is_empty() {
        let rest = values.split_off(values.len().min(chunk));
        let sql = shape.sql(backend, values.len() / width);
        connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        values = rest;
    }
    Ok(())
}
