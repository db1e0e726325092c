//! The receipt as a table. It shows its end, or the line that was selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::{QUIET, STRONG, cut, put_right};
use crate::tui::model::{Row, Table};

/// Columns of the receipt; the item has the rest. 2,000 lines, "999.999" and "9,999,999.99" fit.
const NUMBER: u16 = 4;
const QUANTITY: u16 = 10;
const PRICE: u16 = 12;
const AMOUNT: u16 = 14;

pub(super) fn draw(table: &Table, area: Rect, buffer: &mut Buffer) {
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let fits = usize::from(body.height);
    let from = first_row(table, fits);
    let heads = Row {
        number: table.heads[0].clone(),
        name: table.heads[1].clone(),
        quantity: table.heads[2].clone(),
        price: table.heads[3].clone(),
        amount: table.heads[4].clone(),
        voided: false,
        selected: false,
        last: false,
    };
    row(&heads, Rect { height: 1, ..area }, QUIET, buffer);
    for (y, line) in (body.y..).zip(table.rows.iter().skip(from).take(fits)) {
        let style = match line {
            Row { selected: true, .. } => Style::new().add_modifier(Modifier::REVERSED),
            Row { last: true, voided: false, .. } => STRONG,
            _ => Style::new(),
        };
        row(line, Rect { y, height: 1, ..body }, style, buffer);
    }
    more(from, table.rows.len().saturating_sub(from + fits), area, buffer);
}

/// The first row shown, so that the row in sight is seen and the last page is full.
fn first_row(table: &Table, fits: usize) -> usize {
    let end = table.rows.len().saturating_sub(fits);
    if table.in_sight >= end { end } else { table.in_sight.saturating_sub(fits / 2) }
}

fn row(row: &Row, area: Rect, style: Style, buffer: &mut Buffer) {
    buffer.set_style(area, style);
    let name_x = area.x + NUMBER + 2;
    let name_room = area.width - NUMBER - 2 - QUANTITY - PRICE - AMOUNT;
    let struck = if row.voided { style.add_modifier(Modifier::CROSSED_OUT).fg(Color::DarkGray) } else { style };
    put_right(&row.number, Rect { width: NUMBER, ..area }, 0, style, buffer);
    if row.selected {
        buffer.set_string(area.x, area.y, "▸", style);
    }
    buffer.set_string(name_x, area.y, cut(&row.name, name_room), struck);
    let quantity = Rect { x: name_x + name_room, width: QUANTITY, ..area };
    let price = Rect { x: quantity.right(), width: PRICE, ..area };
    let amount = Rect { x: price.right(), width: AMOUNT, ..area };
    put_right(&row.quantity, quantity, 0, struck, buffer);
    put_right(&row.price, price, 0, struck, buffer);
    put_right(&row.amount, amount, 0, style, buffer);
}

/// How many lines are out of sight, in place of the head of the numbers and on the rule below.
fn more(above: usize, below: usize, area: Rect, buffer: &mut Buffer) {
    if above > 0 {
        buffer.set_string(area.x, area.y, format!("{:<4}", format!("▴{above}")), STRONG);
    }
    if below > 0 {
        buffer.set_string(area.x, area.bottom(), format!(" ▾{below} "), STRONG);
    }
}
