//! A table of a page: a caption for screen readers, heads with scope, numbers to the right, totals at the foot.

use askama::Template;

#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub text: String,
    pub link: Option<String>,
    /// "good", "bad", "quiet" or nothing: said by a mark as well as by the colour.
    pub tone: &'static str,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub fn link(text: impl Into<String>, link: impl Into<String>) -> Cell {
        Cell { text: text.into(), link: Some(link.into()), tone: "" }
    }

    pub fn tone(mut self, tone: &'static str) -> Cell {
        self.tone = tone;
        self
    }
}

#[derive(Clone, Debug)]
pub struct Column {
    pub title: String,
    pub number: bool,
}

impl Column {
    pub fn text(title: impl Into<String>) -> Column {
        Column { title: title.into(), number: false }
    }

    pub fn number(title: impl Into<String>) -> Column {
        Column { title: title.into(), number: true }
    }
}

#[derive(Clone, Debug, Default, Template)]
#[template(path = "table.html")]
pub struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// Empty: no line of totals.
    pub totals: Vec<String>,
    /// What stands there when there is no row.
    pub empty: String,
}
