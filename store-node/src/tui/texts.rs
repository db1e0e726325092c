//! Words and figures in the cashier's language. Texts are Fluent files, built in; English stands in for what is missing.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::TimeDelta;
use clap::ValueEnum;
use domain::money::Money;
use domain::quantity::Quantity;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};
use serde::{Deserialize, Serialize};
use unic_langid::subtags;

use super::screen::Refusal;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "en",
        // The marks are for mixed writing directions; in a grid of cells they are only noise.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Ru,
    Uk,
}

/// Of a code that was refused so much is shown: a marking code would leave no room for the reason.
const SUBJECT_CHARS_MAX: usize = 20;

/// What drivers say in English, and the keys of what it means.
const SAID: [(&str, &str); 8] = [
    ("did not answer", "reason-no-answer"),
    ("did not confirm", "reason-no-answer"),
    ("not reachable", "reason-offline"),
    ("no paper", "reason-paper-out"),
    ("cover", "reason-cover-open"),
    ("was cancelled", "reason-cancelled"),
    ("was declined", "reason-declined"),
    ("there is none at this till", "reason-none-here"),
];

/// The texts of one language.
#[derive(Clone, Debug)]
pub struct Texts {
    language: Language,
    id: LanguageIdentifier,
}

impl Texts {
    pub fn new(language: Language) -> Texts {
        let code = match language {
            Language::En => "en",
            Language::Ru => "ru",
            Language::Uk => "uk",
        };
        let subtag: subtags::Language = code.parse().expect("the codes of our languages are well formed");
        Texts { language, id: LanguageIdentifier::from_parts(subtag, None, None, &[]) }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn say(&self, key: &str) -> String {
        LOCALES.lookup(&self.id, key)
    }

    pub fn say_with<const N: usize>(&self, key: &str, args: [(&'static str, FluentValue<'_>); N]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            args.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        LOCALES.lookup_with_args(&self.id, key, &args)
    }

    /// The text of `key`, if any language has it.
    pub fn find(&self, key: &str) -> Option<String> {
        LOCALES.try_lookup(&self.id, key)
    }

    /// The sentence for a refusal: by its code, or as the till said it. The till says it in English and in more detail;
    /// what a device said, and how long to wait, is taken over from there.
    pub fn refusal(&self, refusal: &Refusal) -> String {
        let sentence = match self.language {
            Language::En if !refusal.text.is_empty() => refusal.text.clone(),
            _ => self.refusal_by_code(refusal).unwrap_or_else(|| refusal.text.clone()),
        };
        match &refusal.subject {
            Some(subject) if !sentence.contains(subject.as_str()) => {
                let shown: String = subject.chars().take(SUBJECT_CHARS_MAX).collect();
                let more = if shown.len() < subject.len() { "…" } else { "" };
                format!("{shown}{more}: {sentence}")
            }
            _ => sentence,
        }
    }

    fn refusal_by_code(&self, refusal: &Refusal) -> Option<String> {
        let text = refusal.text.as_str();
        let detail = text.split_once(": ").map_or(text, |(_, detail)| detail);
        let number: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let detail = self.reason(detail);
        let is_amount = |word: &&str| {
            word.split_once('.').is_some_and(|(_, part)| part.len() == 2)
                && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        };
        let amount = text.split(' ').find(is_amount).map(|amount| self.grouped(amount)).unwrap_or_default();
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            [("detail", detail.as_str()), ("number", number.as_str()), ("amount", amount.as_str())]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        let key = format!("refusal-{}", refusal.code.replace('_', "-"));
        LOCALES.try_lookup_with_args(&self.id, &key, &args)
    }

    /// Why a device does not work, or did not do it: by its code, by what its driver says in English, or as it was said.
    pub fn reason(&self, reason: &str) -> String {
        let by_code = || self.find(&format!("reason-{}", reason.replace('_', "-")));
        let by_sentence = || {
            let key = SAID.iter().find(|(said, _)| reason.contains(said)).map(|(_, key)| *key)?;
            let detail = reason.rsplit_once(": ").map_or("", |(_, detail)| detail);
            Some(self.say_with(key, [("detail", detail.into())]))
        };
        let known = match self.language {
            Language::En => by_code(),
            Language::Ru | Language::Uk => by_code().or_else(by_sentence),
        };
        known.unwrap_or_else(|| reason.to_owned())
    }

    /// 1,234.56 or 1 234,56.
    pub fn money(&self, money: Money) -> String {
        self.grouped(&money.to_string())
    }

    pub fn quantity(&self, quantity: Quantity) -> String {
        self.grouped(&quantity.to_string())
    }

    fn grouped(&self, plain: &str) -> String {
        let (group, point) = match self.language {
            Language::En => (',', '.'),
            Language::Ru | Language::Uk => (' ', ','),
        };
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("−", digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = sign.to_owned();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if !part.is_empty() {
            text.push(point);
            text.push_str(part);
        }
        text
    }

    /// How long ago, in the one unit that matters.
    pub fn age(&self, age: TimeDelta) -> String {
        let seconds = age.num_seconds().max(0);
        let (key, n) = match seconds {
            0..60 => ("age-seconds", seconds),
            60..3_600 => ("age-minutes", seconds / 60),
            3_600..86_400 => ("age-hours", seconds / 3_600),
            _ => ("age-days", seconds / 86_400),
        };
        self.say_with(key, [("n", n.into())])
    }
}
