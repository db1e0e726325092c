//! A report's result: named columns and typed cells, with no idea of how they are shown.

use domain::money::Money;
use domain::quantity::Quantity;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Count,
    Quantity,
    Money,
}

impl Kind {
    pub fn is_number(self) -> bool {
        self != Kind::Text
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// As in CSV and JSON: lower case, one word.
    pub name: &'static str,
    pub kind: Kind,
    /// Its sum over all rows says something.
    pub summed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    Count(i64),
    Quantity(Quantity),
    Money(Money),
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Text(text) => f.pad(text),
            Cell::Count(count) => f.pad(&count.to_string()),
            Cell::Quantity(quantity) => f.pad(&quantity.to_string()),
            Cell::Money(money) => f.pad(&money.to_string()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The sums of the columns that can be summed; none elsewhere.
    pub fn totals(&self) -> Vec<Option<Cell>> {
        (0..self.columns.len()).map(|index| self.total_of(index)).collect()
    }

    fn total_of(&self, index: usize) -> Option<Cell> {
        let column = self.columns[index];
        let cells = self.rows.iter().map(|row| &row[index]);
        let sum = |of: fn(&Cell) -> i64| cells.clone().map(of).sum::<i64>();
        match column.kind {
            _ if !column.summed => None,
            Kind::Text => None,
            Kind::Count => Some(Cell::Count(sum(number_of))),
            Kind::Quantity => Some(Cell::Quantity(Quantity::from_thousandths(sum(number_of)))),
            Kind::Money => Some(Cell::Money(Money::from_minor(sum(number_of)))),
        }
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

fn number_of(cell: &Cell) -> i64 {
    match cell {
        Cell::Text(_) => 0,
        Cell::Count(count) => *count,
        Cell::Quantity(quantity) => quantity.thousandths(),
        Cell::Money(money) => money.minor(),
    }
}
