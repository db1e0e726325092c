//! Many rows in one statement: a list of rows on SQLite, columns as arrays on PostgreSQL, where the statement is then the
//! same for any number of rows and is planned once.

use std::fmt::Write as _;

use sea_orm::sea_query::ArrayType;
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
    fn sql(&self, rows: &str) -> String {
        let mut sql = format!("INSERT INTO {} ({}) {rows}", self.table, self.columns.join(","));
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
    if backend == DbBackend::Postgres {
        return write_columns(connection, shape, values).await;
    }
    let chunk = VARIABLES_MAX / width * width;
    while !values.is_empty() {
        let rest = values.split_off(values.len().min(chunk));
        let mut rows = String::new();
        places(&mut rows, backend, values.len() / width, width);
        connection.execute_raw(Statement::from_sql_and_values(backend, shape.sql(&rows), values)).await?;
        values = rest;
    }
    Ok(())
}

async fn write_columns(connection: &impl ConnectionTrait, shape: &Shape, values: Vec<Value>) -> Result<(), DbErr> {
    if values.is_empty() {
        return Ok(());
    }
    let width = shape.columns.len();
    let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(values.len() / width)).collect();
    for (place, value) in values.into_iter().enumerate() {
        columns[place % width].push(value);
    }
    let (mut picked, mut arrays, mut named, mut bound) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut bind = |name: String, column: Vec<Value>| {
        let (kind, word) = kind_of(&column[0])?;
        bound.push(Value::Array(kind, Some(Box::new(column))));
        arrays.push(format!("${}::{word}[]", bound.len()));
        named.push(name);
        Ok::<(), DbErr>(())
    };
    for (number, mut column) in columns.into_iter().enumerate() {
        let is_null: Vec<Value> = column.iter().map(|value| Value::from(*value == value.as_null())).collect();
        if is_null.iter().all(|is_null| *is_null == Value::from(false)) {
            picked.push(format!("c{number}"));
        } else {
            // The driver's arrays hold no nulls.
            column.iter_mut().filter(|value| **value == value.as_null()).for_each(|value| *value = value.dummy_value());
            picked.push(format!("CASE WHEN n{number} THEN NULL ELSE c{number} END"));
            bind(format!("n{number}"), is_null)?;
        }
        bind(format!("c{number}"), column)?;
    }
    let (picked, arrays, named) = (picked.join(","), arrays.join(","), named.join(","));
    let rows = format!("SELECT {picked} FROM UNNEST({arrays}) AS r({named})");
    connection.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, shape.sql(&rows), bound)).await?;
    Ok(())
}

/// The array of a column, and what PostgreSQL calls its elements.
fn kind_of(value: &Value) -> Result<(ArrayType, &'static str), DbErr> {
    match value {
        Value::Bool(_) => Ok((ArrayType::Bool, "boolean")),
        Value::Int(_) => Ok((ArrayType::Int, "integer")),
        Value::BigInt(_) => Ok((ArrayType::BigInt, "bigint")),
        Value::String(_) => Ok((ArrayType::String, "text")),
        Value::Bytes(_) => Ok((ArrayType::Bytes, "bytea")),
        Value::Uuid(_) => Ok((ArrayType::Uuid, "uuid")),
        Value::ChronoDate(_) => Ok((ArrayType::ChronoDate, "date")),
        other => Err(DbErr::Type(format!("{other:?} cannot be a column of many rows"))),
    }
}
