//! Lists to choose from: parked receipts, the last receipts, lines that may be taken out of a paid receipt.

use crossterm::event::{KeyCode, KeyEvent};
use messages::v1::receipt::Receipt;
use messages::v1::requests::ParkedReceipt;
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, Page, Report, Screen};

/// Rows that PgUp and PgDn go by.
const PAGE_ROWS: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub choices: Choices,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choices {
    Parked(Vec<ParkedReceipt>),
    /// The last receipts; `to_read` or to print.
    Receipts {
        receipts: Vec<Receipt>,
        to_read: bool,
    },
    /// The lines of the receipt that waits for the fiscal device.
    TakeOut,
}

impl List {
    pub fn of(choices: Choices) -> List {
        List { choices, at: 0 }
    }
}

/// Where an arrow leads in a list of `count` rows.
pub(super) fn moved(at: usize, count: usize, code: KeyCode) -> Option<usize> {
    let last = count.saturating_sub(1);
    Some(match code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => (at + 1).min(last),
        KeyCode::PageUp => at.saturating_sub(PAGE_ROWS),
        KeyCode::PageDown => (at + PAGE_ROWS).min(last),
        KeyCode::Home => 0,
        KeyCode::End => last,
        _ => return None,
    })
}

/// The row that a digit names: the first nine have one.
pub(super) fn by_digit(code: KeyCode) -> Option<usize> {
    match code {
        KeyCode::Char(c) => c.to_digit(10).and_then(|digit| usize::try_from(digit).ok()?.checked_sub(1)),
        _ => None,
    }
}

impl Screen {
    pub(super) fn key_on_list(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let Page::List(list) = &mut self.page else { return None };
        let count = match &list.choices {
            Choices::Parked(parked) => parked.len(),
            Choices::Receipts { receipts, .. } => receipts.len(),
            Choices::TakeOut => view.lines.iter().filter(|line| !line.voided).count(),
        };
        if let Some(to) = moved(list.at, count, key.code) {
            list.at = to;
            return None;
        }
        let row = match key.code {
            KeyCode::Esc => {
                self.page = Page::Base;
                return None;
            }
            KeyCode::Enter => list.at,
            code => match by_digit(code).filter(|row| *row < count) {
                Some(row) => row,
                None => return Some(Action::Bell),
            },
        };
        let choices = list.choices.clone();
        match choices {
            Choices::Parked(parked) => {
                let parked = parked.get(row).map(|parked| parked.uid);
                self.page = Page::Base;
                parked.and_then(|uid| self.send_by_hand(TillCommand::Recall { parked: Some(uid) }))
            }
            Choices::Receipts { receipts, to_read } => {
                let receipt = receipts.into_iter().nth(row)?;
                if to_read {
                    return self.open(Page::Report { report: Report::Receipt(Box::new(receipt)), from: 0 });
                }
                self.page = Page::Base;
                self.send_by_hand(TillCommand::Reprint { sequence: Some(receipt.sequence) })
            }
            Choices::TakeOut => {
                let line = view.lines.iter().filter(|line| !line.voided).nth(row).map(|line| line.line);
                // A digit alone must not move money: it goes to the row, Enter takes it out.
                if key.code != KeyCode::Enter {
                    if let Page::List(list) = &mut self.page {
                        list.at = row;
                    }
                    return None;
                }
                self.page = Page::Base;
                line.and_then(|line| self.send_by_hand(TillCommand::TakeOut { line }))
            }
        }
    }
}
