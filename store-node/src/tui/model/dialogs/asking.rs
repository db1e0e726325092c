//! Boxes of what the till asks before it does what was asked.

use messages::v1::till::Ask;

use super::{Dialog, DialogRow, WIDE, fields};
use crate::tui::screen::Asking;
use crate::tui::texts::Texts;

pub(super) fn asking(asking: &Asking, texts: &Texts) -> Dialog {
    let text = |key| DialogRow::Text(texts.say(key));
    let (title, mut rows, foot) = match &asking.ask {
        Ask::Age { years, name } => {
            let question = texts.say_with("asks-age", [("years", u32::from(*years).into())]);
            let title = texts.say_with("asks-age-title", [("years", u32::from(*years).into())]);
            (title, vec![DialogRow::Text(name.clone()), DialogRow::Blank, DialogRow::Text(question)], "foot-age")
        }
        Ask::Mark { name } => {
            (texts.say("asks-mark-title"), vec![DialogRow::Text(name.clone()), text("asks-mark")], "foot-answer")
        }
        Ask::Price { name, from, to } => {
            let range = [("from", texts.money(*from).into()), ("to", texts.money(*to).into())];
            let rows = vec![DialogRow::Text(name.clone()), DialogRow::Text(texts.say_with("asks-price", range))];
            (texts.say("asks-price-title"), rows, "foot-answer")
        }
        Ask::Quantity { name } => {
            let rows = vec![DialogRow::Text(name.clone()), text("asks-quantity")];
            (texts.say("asks-quantity-title"), rows, "foot-answer")
        }
        Ask::Gift { name } => {
            let rows = vec![DialogRow::Text(name.clone()), text("lead-gift")];
            (texts.say("asks-gift-title"), rows, "foot-answer")
        }
        Ask::Pin { name } => {
            let rows = vec![DialogRow::Text(name.clone()), text("asks-pin")];
            (texts.say("asks-pin-title"), rows, "foot-answer")
        }
        Ask::Approval { right } => {
            let key = format!("right-{}", right.replace('_', "-"));
            let right = texts.find(&key).unwrap_or_else(|| right.clone());
            let mut rows = vec![DialogRow::Text(texts.say_with("asks-approval", [("right", right.into())]))];
            if asking.by_card {
                rows.push(text("asks-card"));
            }
            (texts.say("asks-approval-title"), rows, "foot-approval")
        }
    };
    if let Some(form) = &asking.form {
        rows.push(DialogRow::Blank);
        rows.extend(fields(form, texts));
    }
    Dialog { title, rows, foot: texts.say(foot), width: WIDE, warning: true, from: 0 }
}
