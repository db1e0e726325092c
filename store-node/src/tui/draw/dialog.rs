//! A box over the receipt. The total stays in sight under all but the longest.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{QUIET, STRONG, cut, put_right, width};
use crate::tui::model::{Dialog, DialogRow};

/// Columns of a key and its text in the help; its words have the rest.
const KEY: u16 = 7;
const WORD: u16 = 16;
/// Columns of field labels.
const LABEL: u16 = 30;

/// Draw it; where its cursor is, if a field is being typed.
pub(super) fn draw(dialog: &Dialog, over: Rect, buffer: &mut Buffer) -> Option<Position> {
    let rows: Vec<DialogRow> = wrapped(dialog);
    let outside = dialog.width.min(over.width.saturating_sub(4)) + 4;
    let height = (u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(4)).min(over.height);
    let area = Rect { x: over.x + (over.width - outside) / 2, y: over.y, width: outside, height };
    let style = Style::new().fg(if dialog.warning { Color::Yellow } else { Color::White });
    Clear.render(area, buffer);
    Block::bordered()
        .border_style(style)
        .title_top(Line::from(Span::styled(format!(" {} ", dialog.title), STRONG)).centered())
        .title_bottom(Line::from(Span::styled(format!(" {} ", dialog.foot), QUIET)).centered())
        .render(area, buffer);
    let inside = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 };
    // A free row above and below, as long as there is room for them.
    let margin = u16::from(usize::from(inside.height) >= rows.len() + 2);
    let keys = rows.iter().map(key_width).max().unwrap_or(0);
    let fits = usize::from(inside.height);
    let from = first_row(dialog, &rows, fits);
    more(from, rows.len().saturating_sub(from + fits), area, buffer);
    let mut cursor = None;
    for (y, row) in (inside.y + margin..inside.bottom()).zip(rows.iter().skip(from)) {
        cursor = cursor.or(draw_row(row, keys, Rect { y, height: 1, ..inside }, buffer));
    }
    cursor
}

/// The first row that is seen: the chosen one must be.
fn first_row(dialog: &Dialog, rows: &[DialogRow], fits: usize) -> usize {
    let end = rows.len().saturating_sub(fits);
    let is_chosen =
        |row: &DialogRow| matches!(row, DialogRow::Pair { chosen: true, .. } | DialogRow::Choice { chosen: true, .. });
    let is_field = |row: &DialogRow| matches!(row, DialogRow::Field { at: true, .. });
    let in_sight = rows.iter().position(is_chosen).or_else(|| rows.iter().position(is_field));
    match in_sight {
        Some(row) if row < fits.saturating_sub(2) => 0,
        Some(row) => row.saturating_sub(fits / 2).min(end),
        None => dialog.from.min(end),
    }
}

/// How many rows are out of sight, on the border.
fn more(above: usize, below: usize, area: Rect, buffer: &mut Buffer) {
    let right = |text: &str| area.right().saturating_sub(width(text) + 2);
    if above > 0 {
        let text = format!(" ▴{above} ");
        buffer.set_string(right(&text), area.y, text, STRONG);
    }
    if below > 0 {
        let text = format!(" ▾{below} ");
        buffer.set_string(right(&text), area.bottom() - 1, text, STRONG);
    }
}

fn key_width(row: &DialogRow) -> u16 {
    match row {
        DialogRow::Pair { left, .. } => width(left),
        DialogRow::Choice { key, .. } => width(key),
        DialogRow::Blank
        | DialogRow::Text(_)
        | DialogRow::Sum { .. }
        | DialogRow::Keys(_)
        | DialogRow::Field { .. } => 0,
    }
}

/// `keys`: columns of the keys of the whole box.
fn draw_row(row: &DialogRow, keys: u16, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    match row {
        DialogRow::Blank => None,
        DialogRow::Text(text) => {
            buffer.set_string(area.x, area.y, text, Style::new());
            None
        }
        DialogRow::Pair { left, right, chosen } => {
            let (mark, style) =
                if *chosen { ("▸", Style::new().add_modifier(Modifier::REVERSED)) } else { (" ", Style::new()) };
            buffer.set_style(area, style);
            let word = 2 + keys + 3;
            buffer.set_string(area.x, area.y, mark, style);
            buffer.set_string(area.x + 2, area.y, left, style.add_modifier(Modifier::BOLD));
            buffer.set_string(area.x + word, area.y, cut(right, area.width.saturating_sub(word)), style);
            None
        }
        DialogRow::Choice { key, left, right, chosen } => {
            let style = if *chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
            buffer.set_style(area, style);
            buffer.set_string(area.x, area.y, if *chosen { "▸" } else { " " }, style);
            buffer.set_string(area.x + 2, area.y, key, style.add_modifier(Modifier::BOLD));
            let word = 2 + keys + 2;
            let room = area.width.saturating_sub(word + width(right) + 1);
            buffer.set_string(area.x + word, area.y, cut(left, room), style);
            put_right(right, area, 0, style.add_modifier(Modifier::BOLD), buffer);
            None
        }
        DialogRow::Keys(pair) => {
            for (known, x) in pair.iter().zip([area.x, area.x + area.width / 2 + 1]) {
                let Some([key, text, word]) = known else { continue };
                buffer.set_string(x, area.y, cut(key, KEY - 1), STRONG);
                buffer.set_string(x + KEY, area.y, cut(text, WORD - 1), Style::new());
                buffer.set_string(x + KEY + WORD, area.y, cut(word, area.width / 2 - KEY - WORD), QUIET);
            }
            None
        }
        DialogRow::Sum { left, right } => {
            buffer.set_string(area.x, area.y, cut(left, area.width.saturating_sub(width(right) + 2)), Style::new());
            put_right(right, area, 0, STRONG, buffer);
            None
        }
        DialogRow::Field { label, value, at } => {
            let style = if *at { STRONG } else { Style::new() };
            buffer.set_string(area.x, area.y, if *at { "▸" } else { " " }, style);
            buffer.set_string(area.x + 2, area.y, cut(label, LABEL - 2), style);
            let place = Rect { x: area.x + LABEL, width: area.width - LABEL, ..area };
            buffer.set_string(
                place.x,
                place.y,
                "_".repeat(usize::from(place.width)),
                QUIET.add_modifier(Modifier::DIM),
            );
            let shown = super::cut_front(value, place.width - 1);
            buffer.set_string(place.x, place.y, &shown, style);
            at.then_some(Position { x: place.x + width(&shown), y: place.y })
        }
    }
}

/// Rows with long texts broken at spaces.
fn wrapped(dialog: &Dialog) -> Vec<DialogRow> {
    let mut rows = Vec::new();
    for row in &dialog.rows {
        let DialogRow::Text(text) = row else {
            rows.push(row.clone());
            continue;
        };
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > dialog.width {
                rows.push(DialogRow::Text(std::mem::take(&mut line)));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        rows.push(DialogRow::Text(line));
    }
    rows
}
