//! Text that is fitted into the columns of the paper. Texts are printable: a character is a column.

use devices::printer::{Align, PrintLine};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) centre: bool,
    pub(super) bold: bool,
    pub(super) double: bool,
}

/// Paper that is written on.
pub(super) struct Sheet {
    columns: usize,
    pub(super) lines: Vec<PrintLine>,
}

impl Sheet {
    pub(super) fn new(columns: usize) -> Sheet {
        Sheet { columns, lines: Vec::new() }
    }

    /// Text over as many rows as it needs, each `indent` from the left.
    pub(super) fn text(&mut self, text: &str, indent: usize, style: Style) {
        let mut rows = wrapped(text, indent, self.width(style));
        if rows.is_empty() {
            rows.push(String::new());
        }
        for row in rows {
            self.row(row, style);
        }
    }

    /// Text on the left, over rows, and text on the right, on the last of them.
    pub(super) fn columns(&mut self, left: &str, indent: usize, right: &str, style: Style) {
        let width = self.width(style);
        let right = words(right).collect::<Vec<_>>().join(" ");
        if right.is_empty() {
            return self.text(left, indent, style);
        }
        let taken = right.chars().count() + 1;
        let room = width.saturating_sub(taken);
        let all = wrapped(left, indent, width);
        let fits = match &all[..] {
            [] => true,
            [row] => row.chars().count() <= room,
            _ => false,
        };
        // In less than a third of the paper a name cannot be read.
        let mut rows = if !fits && room >= width / 3 { wrapped(left, indent, room) } else { all };
        if (fits || room >= width / 3) && taken <= width {
            let last = rows.pop().unwrap_or_default();
            let gap = width - right.chars().count() - last.chars().count();
            rows.push(last + &" ".repeat(gap) + &right);
        } else {
            let rights = wrapped(&right, 0, width).into_iter();
            rows.extend(rights.map(|row| " ".repeat(width - row.chars().count()) + &row));
        }
        for row in rows {
            self.row(row, style);
        }
    }

    pub(super) fn rule(&mut self, letter: char) {
        self.row(letter.to_string().repeat(self.columns), Style::default());
    }

    fn width(&self, style: Style) -> usize {
        if style.double { self.columns / 2 } else { self.columns }
    }

    fn row(&mut self, row: String, style: Style) {
        let align = if style.centre { Align::Centre } else { Align::Left };
        let text = row.replace('\u{A0}', " ");
        self.lines.push(PrintLine::Text { text, align, bold: style.bold, double: style.double });
    }
}

/// Rows of whole words; a word that is wider than a row is broken. The indent takes half of a row at most.
fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let indent = indent.min(width / 2);
    let width = (width - indent).max(1);
    let mut rows: Vec<String> = Vec::new();
    let mut taken = 0;
    for word in words(text) {
        let letters: Vec<char> = word.chars().collect();
        if let Some(row) = rows.last_mut().filter(|_| taken + 1 + letters.len() <= width) {
            row.push(' ');
            row.push_str(word);
            taken += 1 + letters.len();
            continue;
        }
        for part in letters.chunks(width) {
            rows.push(" ".repeat(indent) + &part.iter().collect::<String>());
            taken = part.len();
        }
    }
    rows
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}
