//! What lies on a scale and what does not, as text.

use devices::label_scale::{Abilities, LabelScaleSetup};
use domain::barcode::in_store::InStoreRules;
use domain::ids::ItemCode;
use domain::money::Money;
use messages::v1::catalogue::{BarcodeKind, Item, Unit};
use messages::v1::scales::{LabelValue, ScaleDepartment, ScaleKey, ScaleNumber};
use scales::plan::wanted;

use super::counter::{goods, item, place, rule};

fn abilities() -> Abilities {
    let place = place("scale", 0);
    (place.settings.protocol.driver)(place.settings.connector, LabelScaleSetup::default()).abilities()
}

/// Everything that a plan says, a line each.
fn told(items: Vec<Item>, department: &ScaleDepartment, abilities: &Abilities, rules: Option<InStoreRules>) -> String {
    let mut goods = goods(1, items);
    if let Some(rules) = rules {
        goods.rules = rules;
    }
    let wanted = wanted(&goods, department, abilities);
    let articles = wanted.items.values().map(|article| {
        let item = &article.item;
        format!("{} {} {} {} {:02}", item.plu, article.code, item.name, item.price, item.barcode_prefix)
    });
    let keys = wanted.hot_keys.iter().map(|(key, plu)| format!("key {key} = {plu}"));
    let left_out = wanted.left_out.iter().map(|left| format!("not {}: {}", left.code, left.why));
    articles.chain(keys).chain(left_out).collect::<Vec<_>>().join("\n")
}

fn check(items: Vec<Item>, department: &ScaleDepartment, expected: &str) {
    assert_eq!(told(items, department, &abilities(), None), expected.trim());
}

#[test]
fn an_item_that_cannot_be_weighed_out_is_left_out_with_its_reason() {
    let items = vec![
        item(1, 12_990),
        Item { unit: Unit::Piece, ..item(2, 500) },
        Item { marked: true, ..item(3, 100) },
        Item { gift_card: true, ..item(4, 100) },
        Item { open_price: Some([Money::ZERO, Money::from_minor(100)]), ..item(5, 100) },
        item(6, 0),
        Item { plu: Some(1), ..item(7, 100) },
        item(99_999, 100),
        Item {
            name: "A name that is much longer than the two lines that a scale has room for".to_owned(),
            ..item(9, 100)
        },
    ];
    check(
        items,
        &ScaleDepartment::default(),
        "
2 I00002 Goods 2 5.00 23
9 I00009 A name that is much longer than the two lines that a sca 1.00 22
not I00001: another item has its scale number 1 too, and the tills could not tell their labels apart
not I00003: its marking code is needed at the till
not I00004: it is a gift card
not I00005: the cashier enters its price
not I00006: it has no price
not I00007: another item has its scale number 1 too, and the tills could not tell their labels apart
not I99999: the PLU must be from 1 to 4000
",
    );
}

#[test]
fn a_department_carries_its_groups_its_items_and_its_numbers() {
    let in_group = |number, group: &str| Item { group: Some(group.to_owned()), ..item(number, 100) };
    let code = |number: u32| ItemCode(format!("I{number:05}"));
    let department = ScaleDepartment {
        name: "deli".to_owned(),
        groups: vec!["Cheese".to_owned()],
        items: vec![code(3), code(70_000)],
        numbers: vec![ScaleNumber { plu: 700, item: code(70_000) }],
        hot_keys: vec![
            ScaleKey { key: 1, item: code(70_000) },
            ScaleKey { key: 2, item: code(2) },
            ScaleKey { key: 9_999, item: code(1) },
        ],
        ..ScaleDepartment::default()
    };
    let items = vec![in_group(1, "Cheese"), in_group(2, "Fish"), item(3, 100), item(4, 100), item(70_000, 100)];
    check(
        items,
        &department,
        "
1 I00001 Goods 1 1.00 22
3 I00003 Goods 3 1.00 22
700 I70000 Goods 70000 1.00 22
key 1 = 700
",
    );
}

#[test]
fn a_label_that_the_tills_would_not_read_is_refused_before_it_is_sent() {
    let rules = |rules: &[messages::v1::catalogue::BarcodeRule]| {
        InStoreRules::new(rules.iter().map(|rule| rule.checked().expect("it makes sense")).collect())
    };
    let weight = rule("22", BarcodeKind::Weight);
    let mut short = weight.clone();
    (short.item, short.value) = ([2, 4], [6, 6]);
    let mut tens = weight.clone();
    tens.decimals = 2;
    let check = |given: InStoreRules, expected: &str| {
        let told = told(vec![item(12, 100)], &ScaleDepartment::default(), &abilities(), Some(given));
        assert_eq!(told, expected);
    };
    check(rules(&[weight]), "12 I00012 Goods 12 1.00 22");
    check(rules(&[]), "not I00012: the tills have no barcode rule for labels that begin with 22");
    check(rules(&[rule("2", BarcodeKind::Pieces)]), "not I00012: the tills take labels that begin with 22 for pieces");
    check(rules(&[short]), "not I00012: the tills read the item's number 0001 where 12 is printed");
    check(rules(&[tens]), "not I00012: the tills read 0.01 from a label 2200012000014");
}

#[test]
fn a_small_memory_keeps_the_smaller_numbers() {
    let small = Abilities { items_max: 2, ..abilities() };
    let told = told((1..=3).map(|number| item(number, 100)).collect(), &ScaleDepartment::default(), &small, None);
    assert_eq!(
        told,
        "1 I00001 Goods 1 1.00 22\n2 I00002 Goods 2 1.00 22\n\
         not I00003: the scale keeps 2 articles, and those with smaller numbers come first"
    );
}

#[test]
fn labels_may_end_with_a_sum_where_the_scale_and_the_tills_can() {
    let mut sums = rule("22", BarcodeKind::Price);
    sums.decimals = 2;
    let rules = InStoreRules::new(vec![sums.checked().expect("it makes sense")]);
    let department = ScaleDepartment { value: LabelValue::Sum, ..ScaleDepartment::default() };
    let told = |abilities: &Abilities| told(vec![item(12, 74_900)], &department, abilities, Some(rules.clone()));
    assert_eq!(told(&abilities()), "12 I00012 Goods 12 749.00 22");
    assert_eq!(
        told(&Abilities { sums: false, ..abilities() }),
        "not I00012: the labels of this scale cannot end with a sum"
    );
}
