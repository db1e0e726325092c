//! Receipts as they come out on paper. The golden texts are in `golden`, with each width under its own heading.

use chrono::DateTime;
use devices::printer::escpos::to_text;
use domain::fiscal_code::FiscalCode;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use expect_test::expect_file;
use messages::v1::receipt::{
    Fiscal, ManualDiscount, Receipt, ReceiptKind, ReceiptLine, ReceiptPoints, Tender, TenderProof, TenderType, VatSum,
};
use messages::v1::settings::ReceiptText;

use super::{Paper, receipt};

mod document;
mod random;
mod rules;

const LANGUAGES: [&str; 3] = ["en", "ru", "uk"];
/// Milk, cheese, water, its bottle and what is voided, in each language.
const NAMES: [[&str; 5]; 3] = [
    ["Whole milk 3.2% «Village House» in a glass bottle, 930 ml", "Cheese, by weight", "Water", "Bottle", "Chocolate"],
    ["Молоко пастеризованное 3,2% «Домик в деревне», бутылка 930 мл", "Сыр весовой", "Вода", "Залог", "Шоколад"],
    ["Молоко пастеризоване 3,2% «Будиночок у селі», пляшка 930 мл", "Сир ваговий", "Вода", "Застава", "Ґрильяж"],
];

pub(super) fn money(text: &str) -> Money {
    text.parse().expect("an amount")
}

pub(super) fn settings(language: &str, columns: u32) -> ReceiptText {
    ReceiptText { columns, language: language.to_owned(), ..ReceiptText::default() }
}

pub(super) fn with_template(template: &str) -> ReceiptText {
    ReceiptText { template: Some(template.to_owned()), ..settings("ru", 32) }
}

pub(super) fn paper() -> Paper {
    Paper { operator: "Анна".to_owned(), ..Paper::default() }
}

pub(super) fn line(number: u32, name: &str, quantity: i64, price: i64, discount: i64, rate: VatRate) -> ReceiptLine {
    let amount = Money::from_minor((quantity * price + 500) / 1000 - discount);
    ReceiptLine {
        line: number,
        code: ItemCode(number.to_string()),
        name: name.to_owned(),
        quantity: Quantity::from_thousandths(quantity),
        unit_price: Money::from_minor(price),
        discount: Money::from_minor(discount),
        amount,
        vat_rate: rate,
        vat: rate.contained_in(amount),
        voided: false,
        of_line: None,
        mark: None,
        deposit_of: None,
        group: None,
        points: Money::ZERO,
        load: false,
    }
}

/// A receipt of these lines with the sums that they make, paid in cash exactly.
pub(super) fn receipt_of(kind: ReceiptKind, lines: Vec<ReceiptLine>) -> Receipt {
    let live = || lines.iter().filter(|line| !line.voided);
    let total: Money = live().map(|line| line.amount).sum();
    let mut vat: Vec<VatSum> = Vec::new();
    for line in live() {
        match vat.iter_mut().find(|sum| sum.rate == line.vat_rate) {
            Some(sum) => sum.amount += line.vat,
            None => vat.push(VatSum { rate: line.vat_rate, amount: line.vat }),
        }
    }
    vat.sort_by_key(|sum| sum.rate);
    let at = DateTime::parse_from_rfc3339("2026-01-15T14:05:33+03:00").expect("a time");
    Receipt {
        uid: ReceiptId(uuid::Uuid::nil()),
        store: StoreId::new("S0012").expect("a store"),
        till: TillId(3),
        sequence: 1204,
        shift: 87,
        business_day: at.date_naive(),
        kind,
        at,
        operator: OperatorNumber("7".to_owned()),
        discount: live().map(|line| line.discount).sum(),
        rounding: Money::ZERO,
        total,
        vat,
        tenders: vec![Tender::new(TenderType::Cash, total)],
        change: Money::ZERO,
        fiscal: Some(Fiscal { device: "9999078900004312".into(), number: 12, sign: "1234567890".into() }),
        of: None,
        of_fiscal: None,
        customer: None,
        discounts: Vec::new(),
        approvals: Vec::new(),
        recalled: None,
        accounts: Vec::new(),
        points: None,
        lines,
    }
}

fn names(language: &str) -> [&'static str; 5] {
    NAMES[LANGUAGES.iter().position(|known| *known == language).expect("a language")]
}

pub(super) fn plain(language: &str) -> Receipt {
    let [milk, cheese, ..] = names(language);
    let lines = vec![
        line(1, milk, 2_000, 8_990, 0, VatRate::percent(10)),
        line(2, cheese, 475, 89_000, 0, VatRate::percent(10)),
    ];
    Receipt {
        tenders: vec![Tender::new(TenderType::Cash, money("1000"))],
        change: money("397.45"),
        ..receipt_of(ReceiptKind::Sale, lines)
    }
}

pub(super) fn everything(language: &str) -> Receipt {
    let [milk, cheese, water, bottle, chocolate] = names(language);
    let lines = vec![
        line(1, milk, 2_000, 8_990, 0, VatRate::percent(10)),
        line(2, cheese, 475, 89_000, 4_228, VatRate::percent(10)),
        ReceiptLine { mark: Some("010460".into()), ..line(3, water, 1_000, 6_400, 0, VatRate::percent(22)) },
        ReceiptLine { deposit_of: Some(3), ..line(4, bottle, 1_000, 1_000, 0, VatRate::None) },
        ReceiptLine { voided: true, ..line(5, chocolate, 3_000, 12_000, 0, VatRate::percent(22)) },
        // What rounding took off.
        line(6, "Lavazza Qualità Oro", 1_000, 123_450, 77, VatRate::percent(22)),
    ];
    let reason = match language {
        "en" => "damaged",
        "ru" => "помята упаковка",
        _ => "пом’ята упаковка",
    };
    let card = Tender {
        proof: Some(TenderProof {
            reference: "503512345678".into(),
            authorisation: "A1B2C3".into(),
            card: "546912XXXXXX1234".into(),
        }),
        ..Tender::new(TenderType::Card, money("1000"))
    };
    Receipt {
        rounding: money("-0.77"),
        tenders: vec![card, Tender::new(TenderType::Cash, money("900"))],
        change: money("32"),
        customer: Some("+79161234567".into()),
        discounts: vec![ManualDiscount {
            line: Some(2),
            percent: Some("10".into()),
            amount: None,
            reason: reason.into(),
        }],
        ..receipt_of(ReceiptKind::Sale, lines)
    }
}

fn back(language: &str) -> Receipt {
    let [_, cheese, ..] = names(language);
    let lines = vec![ReceiptLine { of_line: Some(2), ..line(1, cheese, 475, 89_000, 4_228, VatRate::percent(10)) }];
    let code =
        FiscalCode { device: "9999078900004312".into(), number: 11, sign: "987654321".into(), total: money("1868") };
    Receipt { of_fiscal: Some(code), ..receipt_of(ReceiptKind::Return, lines) }
}

/// Points went back and were taken back, and some were spent already.
fn back_with_points(language: &str) -> Receipt {
    let points = ReceiptPoints {
        earned: money("20"),
        burned: money("77.70"),
        kept: money("15"),
        balance: Some(money("57.70")),
        ..ReceiptPoints::default()
    };
    let tenders = [(TenderType::Points, "15"), (TenderType::Cash, "844.72")];
    let tenders = tenders.map(|(tender, amount)| Tender::new(tender, money(amount))).to_vec();
    Receipt { points: Some(Box::new(points)), tenders, ..back(language) }
}

fn check_golden(case: &str, build: fn(&str) -> Receipt, paper: &Paper) {
    for language in LANGUAGES {
        let mut text = String::new();
        for columns in [32, 42, 48] {
            let document = receipt(&settings(language, columns), &build(language), paper);
            let lines = to_text(&document, usize::try_from(columns).expect("few columns"));
            text += &format!("[{columns} columns]\n{}\n\n", lines.join("\n"));
        }
        let path = format!("{}/src/receipt_text/golden/{case}.{language}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&text);
    }
}

#[test]
fn a_plain_sale() {
    check_golden("sale", plain, &paper());
}

#[test]
fn a_copy_of_a_training_sale_with_everything() {
    check_golden("everything", everything, &Paper { copy: Some(2), training: true, ..paper() });
}

#[test]
fn a_sale_with_everything_has_its_qr_code() {
    check_golden("discounts", everything, &paper());
}

#[test]
fn a_return() {
    check_golden("return", back, &paper());
}

#[test]
fn a_return_whose_points_are_spent() {
    check_golden("return_points", back_with_points, &paper());
}
