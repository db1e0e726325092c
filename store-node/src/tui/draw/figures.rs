//! The last line and the total, in big digits at the edge of the amounts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::digits::{Size, columns, draw_right};
use super::{QUIET, STRONG, cut, put_right, width};
use crate::tui::model::Figure;

/// Columns between the two figures of a payment.
const SPACE: u16 = 2;

/// The last line; while paying, what was given on the left half and the change on the right.
pub(super) fn last(figure: &Figure, beside: Option<&Figure>, area: Rect, buffer: &mut Buffer) {
    let Some(beside) = beside else {
        return draw(figure, Size::Half, area, STRONG, buffer);
    };
    // Halves, unless a large amount on the left needs a little of the right.
    let left = (area.width / 2 - SPACE).max(needs(figure)).min(area.width.saturating_sub(needs(beside) + SPACE));
    draw(figure, Size::Half, Rect { width: left, ..area }, STRONG, buffer);
    let from = left + SPACE;
    draw(beside, Size::Half, Rect { x: area.x + from, width: area.width - from, ..area }, STRONG, buffer);
}

/// Columns for the label and the digits beside it.
fn needs(figure: &Figure) -> u16 {
    width(&figure.label) + 1 + columns(&figure.amount, Size::Half)
}

pub(super) fn total(figure: &Figure, area: Rect, buffer: &mut Buffer) {
    let colour = if figure.stressed { Color::Green } else { Color::White };
    let style = Style::new().fg(colour).add_modifier(Modifier::BOLD);
    let size = if columns(&figure.amount, Size::Full) + 24 <= area.width { Size::Full } else { Size::Half };
    draw(figure, size, area, style, buffer);
}

fn draw(figure: &Figure, size: Size, area: Rect, style: Style, buffer: &mut Buffer) {
    let digits = columns(&figure.amount, size);
    let fits = width(&figure.label) + 1 + digits <= area.width;
    let room = if fits && digits > 0 { area.width - digits - 1 } else { area.width };
    let words = [
        (&figure.label, QUIET.add_modifier(Modifier::BOLD)),
        (&figure.first, STRONG),
        (&figure.second, QUIET),
        (&figure.third, QUIET),
        (&figure.fourth, QUIET),
    ];
    for (row, (text, style)) in (0..area.height).zip(words) {
        buffer.set_string(area.x, area.y + row, cut(text, room), style);
    }
    if fits {
        draw_right(&figure.amount, size, area, style, buffer);
    } else {
        put_right(&figure.amount, area, area.height - 1, style, buffer);
    }
}
