//! Any receipt with any template fits the paper, and the sums on paper are those of the receipt.

use devices::printer::PrintLine;
use devices::printer::escpos::to_text;
use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::receipt::{Receipt, ReceiptKind, ReceiptLine, Tender, TenderProof, TenderType};
use proptest::prelude::*;

use super::super::{Paper, built_in, receipt, template};
use super::{LANGUAGES, line, receipt_of, settings};

/// Names and whole templates are made of these and of any other text.
const PIECES: [&str; 24] = [
    "{total}",
    "{kind}",
    "{customer?}",
    "{line.name}",
    "{line.amount}",
    "{tender.amount}",
    "|",
    "^",
    "!",
    "#",
    "\\",
    "---",
    "\n",
    "\n",
    "\n@lines\n",
    "\n@all_lines\n",
    "\n@tenders\n",
    "\n@if customer\n",
    "\n@else\n",
    "\n@end\n",
    "\n@qr\n",
    "\n@cut\n",
    "   ",
    "Слово",
];

fn lines(name: &'static str) -> impl Strategy<Value = Vec<ReceiptLine>> {
    let parts = (name, 1i64..100_000, 1i64..1_000_000, 0i64..101, 0usize..3, any::<(bool, bool, bool)>());
    prop::collection::vec(parts, 1..8).prop_map(|lines| {
        let made =
            lines.into_iter().zip(1u32..).map(|((name, quantity, price, off, rate, (voided, marked, deposit)), n)| {
                let cost = (quantity * price + 500) / 1000;
                let rate = [VatRate::None, VatRate::percent(10), VatRate::percent(22)][rate];
                ReceiptLine {
                    voided: voided && n > 1,
                    mark: marked.then(|| "0104".to_owned()),
                    deposit_of: (deposit && n > 1).then_some(n - 1),
                    ..line(n, &name, quantity, price, cost * off / 200, rate)
                }
            });
        made.collect()
    })
}

fn receipts(name: &'static str) -> impl Strategy<Value = Receipt> {
    (lines(name), any::<bool>(), prop::option::of(".{0,60}"), 0i64..500_000).prop_map(
        |(lines, is_sale, customer, more)| {
            let kind = if is_sale { ReceiptKind::Sale } else { ReceiptKind::Return };
            let made = receipt_of(kind, lines);
            let by_card = Money::from_minor(made.total.minor() / 3);
            let change = Money::from_minor(more);
            let proof =
                TenderProof { reference: "R".repeat(50), authorisation: String::new(), card: "5469XX1234".to_owned() };
            let card = Tender { proof: Some(proof), ..Tender::new(TenderType::Card, by_card) };
            let cash = Tender::new(TenderType::Cash, made.total - by_card + change);
            Receipt { tenders: vec![card, cash], change, customer, ..made }
        },
    )
}

fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![3 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => ".{0,40}"];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn assert_fits(document: &[PrintLine], columns: u32) {
    for line in document {
        if let PrintLine::Text { text, double, .. } = line {
            let width = to_text(std::slice::from_ref(line), 0)[0].chars().count() * if *double { 2 } else { 1 };
            assert!(width <= usize::try_from(columns).expect("few columns"), "{width} of {columns}: {text}");
        }
    }
}

/// The sum at the end of a row, behind its gap.
fn sum_of(row: &str, language: &str) -> Option<Money> {
    let (_, sum) = row.rsplit_once("  ")?;
    let plain = if language == "en" { sum.replace(',', "") } else { sum.replace(' ', "").replace(',', ".") };
    plain.trim_end().parse().ok()
}

proptest! {
    #[test]
    fn no_row_is_wider_than_the_paper(
        receipt_ in receipts(".{0,120}"),
        columns in 24u32..81,
        language in 0usize..3,
        copy in prop::option::of(1u32..),
        training: bool,
        operator in ".{0,60}",
        template in prop::option::of(templates()),
    ) {
        let paper = Paper { copy, training, operator };
        let mut settings = settings(LANGUAGES[language], columns);
        settings.template = template;
        assert_fits(&receipt(&settings, &receipt_, &paper), columns);
    }

    #[test]
    fn what_is_read_can_be_printed_and_the_rest_has_a_line(template in templates()) {
        if let Err(error) = template::parse(&template) {
            prop_assert!(error.line >= 1 && error.line <= template.lines().count().max(1), "{}", error);
        }
    }

    #[test]
    fn the_sums_on_paper_are_those_of_the_receipt(
        receipt_ in receipts("[a-zа-яїі]{1,12}( [a-zа-я]{1,12}){0,6}"),
        columns in 42u32..81,
        language in 0usize..3,
    ) {
        let language = LANGUAGES[language];
        let paper = Paper { operator: "7".to_owned(), ..Paper::default() };
        let text = to_text(&receipt(&settings(language, columns), &receipt_, &paper), 80);
        let sections: Vec<&[String]> = text.split(|row| row.starts_with("---")).collect();
        let sums = |section: &[String]| section.iter().filter_map(|row| sum_of(row, language)).collect::<Vec<Money>>();
        let live = receipt_.lines.iter().filter(|line| !line.voided).map(|line| line.amount);
        prop_assert_eq!(sums(sections[1]), live.collect::<Vec<_>>());
        let off = Some(receipt_.discount).filter(|off| !off.is_zero());
        let mut expected: Vec<Money> = off.into_iter().flat_map(|off| [receipt_.total + off, -off]).collect();
        expected.push(receipt_.total);
        for vat in &receipt_.vat {
            let taxed = receipt_.lines.iter().filter(|line| !line.voided && line.vat_rate == vat.rate);
            let turnover = || taxed.map(|line| line.amount).sum();
            expected.push(if vat.rate == VatRate::None { turnover() } else { vat.amount });
        }
        prop_assert_eq!(sums(sections[2]), expected);
        let mut paid: Vec<Money> = receipt_.tenders.iter().map(|tender| tender.amount).collect();
        paid.extend(Some(receipt_.change).filter(|change| !change.is_zero()));
        prop_assert_eq!(sums(sections[3]), paid);
    }
}

#[test]
fn built_in_templates_differ_in_words_only() {
    let shape = |language| {
        let text = built_in(language);
        let fields: Vec<&str> = text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        (text.lines().count(), fields)
    };
    assert!(LANGUAGES.iter().all(|language| shape(language) == shape("en")));
}
