//! A box over the receipt. The total stays in sight under all but the longest.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{QUIET, STRONG, cut, put_right, width};
use crate::tui::model::{Dialog, DialogRow};

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
    let mut cursor = None;
    for (y, row) in (inside.y + margin..inside.bottom()).zip(&rows) {
        cursor = cursor.or(draw_row(row, keys, Rect { y, height: 1, ..inside }, buffer));
    }
    cursor
}

fn key_width(row: &DialogRow) -> u16 {
    match row {
        DialogRow::Pair { left, .. } => width(left),
        DialogRow::Blank | DialogRow::Text(_) | DialogRow::Sum { .. } | DialogRow::Field { .. } => 0,
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
