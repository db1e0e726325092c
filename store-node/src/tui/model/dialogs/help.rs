//! Keys and words of the place where the cashier is, made from the list of actions.

use super::{Dialog, DialogRow, WIDE};
use crate::tui::actions::{self, Known, On};
use crate::tui::model::keys_of;
use crate::tui::screen::{Screen, Stage};
use crate::tui::texts::{Language, Texts};

pub(super) fn help(screen: &Screen, stage: Stage, from: usize, texts: &Texts) -> Dialog {
    let rows = match stage {
        Stage::Sale => on(On::Sale, screen, texts, &["help-quantity", "help-weigh", "help-quick", "help-words"]),
        Stage::Payment { .. } => on(On::Payment, screen, texts, &["help-cash", "help-part", "help-words"]),
        _ => keys_of(stage, &screen.shop)
            .into_iter()
            .map(|(key, word)| DialogRow::Pair { left: key, right: texts.say(word), chosen: false })
            .collect(),
    };
    Dialog { title: texts.say("help-title"), rows, foot: texts.say("foot-help"), width: WIDE, warning: false, from }
}

/// Two columns of actions, and below them what is typed together.
fn on(place: On, screen: &Screen, texts: &Texts, notes: &[&str]) -> Vec<DialogRow> {
    let here: Vec<[String; 3]> = actions::ALL
        .iter()
        // What is in the menu stands there with its words.
        .filter(|known| known.on.includes(place) && known.digit.is_none())
        .map(|known| {
            let keys: Vec<&str> = screen.shop.keys_of(known.act).collect();
            [keys.join(" "), texts.say(known.text), word(known, texts.language())]
        })
        .collect();
    let half = here.len().div_ceil(2);
    let mut rows: Vec<DialogRow> =
        (0..half).map(|index| DialogRow::Keys([here.get(index).cloned(), here.get(index + half).cloned()])).collect();
    rows.push(DialogRow::Blank);
    rows.extend(notes.iter().map(|note| DialogRow::Text(texts.say(note))));
    rows
}

/// The word in Latin letters, and the one of the cashier's language.
pub(super) fn word(known: &Known, language: Language) -> String {
    let latin = known.words.iter().find(|word| word.is_ascii());
    let mut own = known.words.iter().filter(|word| !word.is_ascii());
    let own = match language {
        Language::En => None,
        Language::Ru => own.next(),
        Language::Uk => own.next_back(),
    };
    latin.into_iter().chain(own).copied().collect::<Vec<_>>().join(" ")
}
