//! Digits of 3 by 5 points, drawn as whole cells or as half ones.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Points of a glyph, row by row.
type Glyph = [&'static str; 5];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// A point is half a cell high: 3 rows.
    Half,
    /// A point is two cells wide: 5 rows.
    Full,
}

impl Size {
    const fn columns(self) -> u16 {
        match self {
            Size::Half => 1,
            Size::Full => 2,
        }
    }
}

const fn glyph(character: char) -> Option<Glyph> {
    Some(match character {
        '0' => ["###", "# #", "# #", "# #", "###"],
        '1' => [" # ", "## ", " # ", " # ", "###"],
        '2' => ["###", "  #", "###", "#  ", "###"],
        '3' => ["###", "  #", "###", "  #", "###"],
        '4' => ["# #", "# #", "###", "  #", "  #"],
        '5' => ["###", "#  ", "###", "  #", "###"],
        '6' => ["###", "#  ", "###", "# #", "###"],
        '7' => ["###", "  #", "  #", "  #", "  #"],
        '8' => ["###", "# #", "###", "# #", "###"],
        '9' => ["###", "# #", "###", "  #", "###"],
        '.' => [" ", " ", " ", " ", "#"],
        ',' => [" ", " ", " ", "#", "#"],
        ' ' => [" ", " ", " ", " ", " "],
        '−' => ["  ", "  ", "##", "  ", "  "],
        _ => return None,
    })
}

/// Columns that `text` takes; one is free between glyphs.
pub(super) fn columns(text: &str, size: Size) -> u16 {
    let of = |character| glyph(character).map_or(0, |rows| points(&rows) * size.columns() + 1);
    text.chars().map(of).sum::<u16>().saturating_sub(1)
}

/// Draw `text` with its right edge at the right edge of `area`, and its foot at the foot.
pub(super) fn draw_right(text: &str, size: Size, area: Rect, style: Style, buffer: &mut Buffer) {
    let mut x = area.right().saturating_sub(columns(text, size));
    for rows in text.chars().filter_map(glyph) {
        draw_glyph(&rows, size, x, area, style, buffer);
        x += points(&rows) * size.columns() + 1;
    }
}

fn draw_glyph(rows: &Glyph, size: Size, x: u16, area: Rect, style: Style, buffer: &mut Buffer) {
    let lit =
        |row: usize, column: usize| rows.get(row).is_some_and(|points| points.as_bytes().get(column) == Some(&b'#'));
    for column in 0..points(rows) {
        let point = usize::from(column);
        match size {
            Size::Full => {
                for row in 0..5u16 {
                    if lit(usize::from(row), point) {
                        buffer.set_string(x + column * 2, area.bottom() - 5 + row, "██", style);
                    }
                }
            }
            Size::Half => {
                for row in 0..3u16 {
                    let cell = match (lit(usize::from(row) * 2, point), lit(usize::from(row) * 2 + 1, point)) {
                        (true, true) => "█",
                        (true, false) => "▀",
                        (false, true) => "▄",
                        (false, false) => continue,
                    };
                    buffer.set_string(x + column, area.bottom() - 3 + row, cell, style);
                }
            }
        }
    }
}

fn points(rows: &Glyph) -> u16 {
    u16::try_from(rows[0].len()).unwrap_or(0)
}
