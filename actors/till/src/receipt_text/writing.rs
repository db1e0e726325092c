//! A template and a receipt become lines to print.

use devices::printer::PrintLine;

use super::fields::{Item, Slip};
use super::layout::Sheet;
use super::template::{Node, Part, Row};

pub(super) fn write(template: &[Node], slip: &Slip<'_>, columns: usize) -> Vec<PrintLine> {
    let mut sheet = Sheet::new(columns);
    write_nodes(template, slip, None, &mut sheet);
    sheet.lines
}

fn write_nodes(nodes: &[Node], slip: &Slip<'_>, item: Option<Item<'_>>, sheet: &mut Sheet) {
    for node in nodes {
        match node {
            Node::Row(row) => write_row(row, slip, item, sheet),
            Node::Rule(letter) => sheet.rule(*letter),
            Node::Qr => sheet.lines.extend(slip.qr().map(PrintLine::Qr)),
            Node::Cut => sheet.lines.push(PrintLine::Cut),
            Node::If { field, then, otherwise } => {
                let has = !field.read(slip, item).trim().is_empty();
                write_nodes(if has { then } else { otherwise }, slip, item, sheet);
            }
            Node::Each { list, body } => {
                for item in slip.items(*list) {
                    write_nodes(body, slip, Some(item), sheet);
                }
            }
        }
    }
}

/// A row of which a field is empty is left out.
fn write_row(row: &Row, slip: &Slip<'_>, item: Option<Item<'_>>, sheet: &mut Sheet) {
    let filled = |parts: &[Part]| {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Field { field, may_be_empty } => {
                    let value = field.read(slip, item);
                    if value.trim().is_empty() && !may_be_empty {
                        return None;
                    }
                    text.push_str(&value);
                }
            }
        }
        Some(text)
    };
    let Some(left) = filled(&row.left) else { return };
    match &row.right {
        None => sheet.text(&left, row.indent, row.style),
        Some(right) => {
            let Some(right) = filled(right) else { return };
            sheet.columns(&left, row.indent, &right, row.style);
        }
    }
}
