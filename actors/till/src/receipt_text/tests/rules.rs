//! What templates can say, what they cannot, and what is printed whatever they say.

use devices::printer::escpos::{EscPos, to_text};
use devices::printer::{Align, PrintLine, ReceiptPrinter, cp866};
use devices::sim::escpos::PrinterHandle;
use domain::fiscal_code::FiscalCode;
use messages::v1::receipt::{Fiscal, ReceiptKind};

use super::super::{Paper, built_in, check, receipt};
use super::{LANGUAGES, everything, money, paper, plain, settings, with_template};

fn printed(template: &str) -> Vec<String> {
    to_text(&receipt(&with_template(template), &everything("ru"), &paper()), 32)
}

#[test]
fn errors_of_templates_are_sentences() {
    let deep = "@if sale\n".repeat(9);
    let long = "x\n".repeat(501);
    for (template, sentence) in [
        (
            "{total}\n{colour}",
            "line 2: \"colour\" is not a field of a receipt: deploy/RECEIPT-TEMPLATE.md lists the fields",
        ),
        ("{}", "line 1: \"\" is not a field of a receipt: deploy/RECEIPT-TEMPLATE.md lists the fields"),
        (
            "@if weather\n@end",
            "line 1: \"weather\" is not a field of a receipt: deploy/RECEIPT-TEMPLATE.md lists the fields",
        ),
        ("{line.name}", "line 1: {line.name} can stand only between @lines or @all_lines and @end"),
        ("@vat\n{tender.name}\n@end", "line 2: {tender.name} can stand only between @tenders and @end"),
        (
            "@linse",
            "line 1: \"@linse\" is not a command: @lines, @all_lines, @discounts, @vat, @tenders, @approvals, @if, @else, \
             @end, @qr or @cut is expected",
        ),
        ("x\n@cut here", "line 2: @cut stands alone on its line"),
        ("@if", "line 1: @if needs the name of one field, such as \"@if customer\""),
        ("@if sale return", "line 1: @if needs the name of one field, such as \"@if customer\""),
        ("@end", "line 1: @end ends nothing: no block is open here"),
        ("@lines\n@else\n@end", "line 2: @else can stand only once between @if and @end"),
        ("@if sale\n@else\n@else\n@end", "line 3: @else can stand only once between @if and @end"),
        ("x\n@lines\nx", "line 2: @lines is not ended: its @end is missing"),
        ("@if sale\n@else\nx", "line 1: @if is not ended: its @end is missing"),
        ("@lines\n@if sale\n@vat", "line 3: @vat cannot stand inside another list"),
        (&deep, "line 9: this is block 9 inside another: at most 8 are allowed"),
        (&long, "line 501: a template has at most 500 lines"),
        ("", "line 1: the template prints nothing"),
        ("; nothing\n", "line 1: the template prints nothing"),
        ("sum {total", "line 1: a { has no } behind it: write \\{ for the character itself"),
        ("sum total}", "line 1: a } has no { before it: write \\} for the character itself"),
        ("a|b|c", "line 1: there is more than one |: a row has two columns, write \\| for the character itself"),
        ("!!!", "line 1: ! is given twice: write \\! for the character itself"),
        ("^a|b", "line 1: a row with two columns cannot be centred"),
        ("a\\", "line 1: a \\ ends the line: write \\\\ for the character itself"),
    ] {
        assert_eq!(check(template).map_err(|error| error.to_string()), Err(sentence.to_owned()), "{template}");
    }
}

#[test]
fn rows_styles_and_escapes() {
    let template = "; remark\nplain\r\n\n  two\\  spaces\n\\; \\@ \\{total\\} a\\|b \\\\\n===\n--\n|right";
    let expected =
        ["plain", "", "  two  spaces", "; @ {total} a|b \\", &"=".repeat(32), "--", "                           right"];
    assert_eq!(printed(template), expected);
    let document = receipt(&with_template("^!#x"), &plain("ru"), &paper());
    assert_eq!(document, [PrintLine::Text { text: "x".into(), align: Align::Centre, bold: true, double: true }]);
}

#[test]
fn rows_without_their_fields_vanish() {
    assert_eq!(printed("a {of}\nb {of?}\nc {total}\nd|{of}\ne|{of?}"), ["b", "c 1 868,00", "e"]);
    assert_eq!(printed("@if of\nback\n@else\nsale\n@end\n@if customer\n{customer}\n@end"), ["sale", "****4567"]);
}

#[test]
fn long_text_takes_more_rows_and_never_the_column_of_sums() {
    let template = "  one two three four five six seven|1 234,50\n#longer than half|99 999 999,99\nx|";
    let row = |left: &str, right: &str| format!("{left:<width$}{right}", width = 32 - right.chars().count());
    let expected = [
        "  one two three four".to_owned(),
        row("  five six seven", "1 234,50"),
        "longer than half".to_owned(),
        "   99 999 999,99".to_owned(),
        "x".to_owned(),
    ];
    assert_eq!(printed(template), expected);
    assert_eq!(printed(&"ы".repeat(40)), ["ы".repeat(32), "ы".repeat(8)]);
}

#[test]
fn lists_leave_voided_lines_out_or_show_them() {
    let names = ["Сыр весовой", "Вода", "Залог"];
    let text = printed("@lines\n{line.code} {line.name}\n@end");
    assert!(names.iter().all(|name| text.iter().any(|line| line.contains(name))), "{text:?}");
    assert!(!text.iter().any(|line| line.contains("Шоколад")), "{text:?}");
    let voided = printed("@all_lines\n@if line.voided\n{line.name}: {line.voided}\n@end\n@end");
    assert_eq!(voided, ["Шоколад: СТОРНО"]);
    assert_eq!(printed("@tenders\n{tender.card} {tender.reference}\n@end"), ["****1234 503512345678"]);
    let vat = printed("@vat\n{vat.rate?} {vat.turnover} {vat.amount}\n@end");
    assert_eq!(vat, ["10,00 0,00", "10% 560,27 50,94", "22% 1 297,73 234,02"]);
}

#[test]
fn numbers_of_people_are_never_shown_whole() {
    for (number, shown) in
        [("", ""), ("77", "****"), ("1234", "****"), ("12345", "****2345"), ("+7 916 123-45-67", "****4567")]
    {
        let mut sale = plain("ru");
        sale.customer = Some(number.to_owned());
        let document = receipt(&with_template("[{customer?}]"), &sale, &paper());
        assert_eq!(to_text(&document, 32), [format!("[{shown}]")]);
    }
}

#[test]
fn every_piece_of_a_copy_and_of_training_is_marked() {
    let marked = |copy, training| {
        let paper = Paper { copy, training, ..paper() };
        to_text(&receipt(&with_template("a\n@cut\n@cut\n@qr\nb"), &plain("uk"), &paper), 0)
    };
    let cut = "----8<----";
    let qr = "[QR: t=20260115T1405&s=602.55&fn=9999078900004312&i=12&fp=1234567890&n=1]";
    assert_eq!(marked(None, false), ["a", cut, cut, qr, "b"]);
    assert_eq!(marked(Some(3), false), ["КОПИЯ 3", "a", "КОПИЯ 3", cut, cut, "КОПИЯ 3", qr, "b", "КОПИЯ 3"],);
    let (training, no) = ("УЧЕБНЫЙ", "НЕ ЯВЛЯЕТСЯ ЧЕКОМ");
    assert_eq!(marked(None, true), [training, no, "a", training, no, cut, cut, training, no, "b", training, no]);
    for (language, copy) in [("en", "COPY 1"), ("ru", "КОПИЯ 1"), ("uk", "КОПIЯ 1"), ("de", "COPY 1")] {
        let paper = Paper { copy: Some(1), ..paper() };
        let document = receipt(&settings(language, 42), &plain("ru"), &paper);
        let mark = PrintLine::Text { text: copy.into(), align: Align::Centre, bold: true, double: true };
        assert_eq!((&document[0], &document[document.len() - 2]), (&mark, &mark));
    }
}

#[test]
fn who_prints_a_copy_did_not_sell() {
    let template = with_template("{operator}\n{printed_by?}.");
    let text = |paper: &Paper| to_text(&receipt(&template, &plain("ru"), paper), 0);
    assert_eq!(text(&paper()), ["Анна", "."]);
    assert_eq!(text(&Paper { copy: Some(1), ..paper() })[1..3], ["7", "Анна."]);
    assert_eq!(text(&Paper::default()), ["7", "."]);
}

#[test]
fn the_qr_code_is_that_of_the_fiscal_document() {
    let mut sale = plain("ru");
    sale.kind = ReceiptKind::Return;
    let text = to_text(&receipt(&with_template("@qr"), &sale, &paper()), 32).join("");
    assert_eq!(text, "[QR: t=20260115T1405&s=602.55&fn=9999078900004312&i=12&fp=1234567890&n=2]");
    let code: FiscalCode = text[5..text.len() - 1].parse().expect("a till can read it");
    assert_eq!((code.number, code.total), (12, money("602.55")));
    for fiscal in [None, Some(Fiscal { device: "1".into(), number: 1, sign: String::new() })] {
        sale.fiscal = fiscal;
        assert_eq!(receipt(&with_template("@qr"), &sale, &paper()), []);
    }
}

#[test]
fn a_broken_template_is_replaced_by_the_built_in_one() {
    let broken = receipt(&with_template("{nothing}"), &everything("ru"), &paper());
    assert_eq!(broken, receipt(&settings("ru", 32), &everything("ru"), &paper()));
    for language in LANGUAGES {
        assert_eq!(check(built_in(language)), Ok(()));
    }
}

#[tokio::test]
async fn the_printer_prints_the_same_text() {
    for (language, columns) in [("en", 32), ("ru", 42), ("uk", 48)] {
        let handle = PrinterHandle::new();
        let document =
            receipt(&settings(language, columns), &everything(language), &Paper { copy: Some(1), ..paper() });
        EscPos::new(handle.connector()).print(&document).await.expect("the printer prints");
        let expected: Vec<String> = document
            .iter()
            .map(|line| match line {
                PrintLine::Text { text, .. } => cp866::shown(text),
                PrintLine::Qr(text) => format!("[QR: {text}]"),
                PrintLine::Barcode(text) => format!("[barcode: {text}]"),
                PrintLine::Cut => "----8<----".to_owned(),
            })
            .collect();
        assert_eq!(handle.paper(), expected);
        assert!(expected.iter().any(|line| line.starts_with("[QR: t=20260115T1405&s=1868.00&")));
    }
}
