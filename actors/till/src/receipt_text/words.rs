//! What depends on the language of the paper: words that are not in templates, figures and times.

use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use messages::v1::receipt::{ReceiptKind, TenderType};

/// Digits that are left of the number of a card or a customer.
const DIGITS_SHOWN: usize = 4;
/// Groups of digits stay on one line.
const NO_BREAK: char = '\u{A0}';

pub(super) struct Words {
    /// The built-in template.
    pub(super) template: &'static str,
    group: char,
    point: char,
    pub(super) day: &'static str,
    pub(super) time: &'static str,
    sale: &'static str,
    back: &'static str,
    pub(super) voided: &'static str,
    pub(super) copy: &'static str,
    pub(super) training: &'static str,
    pub(super) no_receipt: &'static str,
    cash: &'static str,
    card: &'static str,
    gift: &'static str,
    credit: &'static str,
    points: &'static str,
    qr: &'static str,
    prepaid: &'static str,
    /// Name of the line that sells points for change.
    pub(super) change_in_points: &'static str,
}

static EN: Words = Words {
    template: include_str!("en.txt"),
    group: ',',
    point: '.',
    day: "%d %b %Y",
    time: "%H:%M",
    sale: "SALE",
    back: "RETURN",
    voided: "VOID",
    copy: "COPY",
    training: "TRAINING",
    no_receipt: "NOT A RECEIPT",
    cash: "Cash",
    card: "Card",
    gift: "Gift card",
    credit: "Credit",
    points: "Points",
    qr: "QR payment",
    prepaid: "Prepaid",
    change_in_points: "Change in points",
};

static RU: Words = Words {
    template: include_str!("ru.txt"),
    group: NO_BREAK,
    point: ',',
    day: "%d.%m.%Y",
    time: "%H:%M",
    sale: "ПРОДАЖА",
    back: "ВОЗВРАТ",
    voided: "СТОРНО",
    copy: "КОПИЯ",
    training: "УЧЕБНЫЙ",
    no_receipt: "НЕ ЯВЛЯЕТСЯ ЧЕКОМ",
    cash: "Наличные",
    card: "Карта",
    gift: "Подарочная карта",
    credit: "В кредит",
    points: "Баллы",
    qr: "Оплата по QR",
    prepaid: "С лицевого счёта",
    change_in_points: "Сдача баллами",
};

static UK: Words = Words {
    template: include_str!("uk.txt"),
    group: NO_BREAK,
    point: ',',
    day: "%d.%m.%Y",
    time: "%H:%M",
    sale: "ПРОДАЖ",
    back: "ПОВЕРНЕННЯ",
    voided: "СТОРНО",
    copy: "КОПІЯ",
    training: "НАВЧАЛЬНИЙ",
    no_receipt: "НЕ Є ЧЕКОМ",
    cash: "Готівка",
    card: "Картка",
    gift: "Подарункова картка",
    credit: "У кредит",
    points: "Бали",
    qr: "Оплата за QR",
    prepaid: "З особового рахунку",
    change_in_points: "Решта балами",
};

impl Words {
    /// English stands in for a language that is not spoken here.
    pub(super) fn of(language: &str) -> &'static Words {
        match language {
            "ru" => &RU,
            "uk" => &UK,
            _ => &EN,
        }
    }

    pub(super) fn kind(&self, kind: ReceiptKind) -> &'static str {
        match kind {
            ReceiptKind::Sale => self.sale,
            ReceiptKind::Return => self.back,
        }
    }

    pub(super) fn tender(&self, tender: TenderType) -> &'static str {
        match tender {
            TenderType::Cash => self.cash,
            TenderType::Card => self.card,
            TenderType::Gift => self.gift,
            TenderType::Credit => self.credit,
            TenderType::Points => self.points,
            TenderType::Qr => self.qr,
            TenderType::Prepaid => self.prepaid,
        }
    }

    /// 1,234.56 or 1 234,56.
    pub(super) fn money(&self, money: Money) -> String {
        self.grouped(&money.to_string())
    }

    /// Nothing for nothing.
    pub(super) fn money_if_any(&self, money: Money) -> String {
        if money.is_zero() { String::new() } else { self.money(money) }
    }

    pub(super) fn points_if_any(&self, points: Money) -> String {
        let text = points.to_string();
        if points.is_zero() { String::new() } else { self.grouped(text.strip_suffix(".00").unwrap_or(&text)) }
    }

    pub(super) fn quantity(&self, quantity: Quantity) -> String {
        self.grouped(&quantity.to_string())
    }

    /// "22%"; nothing for goods without VAT.
    pub(super) fn rate(&self, rate: VatRate) -> String {
        match rate {
            VatRate::None => String::new(),
            VatRate::Percent { .. } => self.percent(&rate.to_string()),
        }
    }

    pub(super) fn percent(&self, plain: &str) -> String {
        self.grouped(plain) + "%"
    }

    fn grouped(&self, plain: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = sign.to_owned();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(self.group);
            }
            text.push(digit);
        }
        if !part.is_empty() {
            text.push(self.point);
            text.push_str(part);
        }
        text
    }
}

/// A number of which only the end is shown, and never all of it.
pub(super) fn masked(number: &str) -> String {
    let letters: Vec<char> = number.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let shown = if letters.len() > DIGITS_SHOWN { &letters[letters.len() - DIGITS_SHOWN..] } else { &[] };
    let stars = if number.is_empty() { "" } else { "****" };
    stars.chars().chain(shown.iter().copied()).collect()
}
