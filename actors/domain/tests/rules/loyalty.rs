//! What receipts earn and what of them points may pay, by scenarios of a shop.

use chrono::{NaiveDate, NaiveTime, Weekday};
use domain::ids::ItemCode;
use domain::loyalty::{
    Award, BirthdayWindow, BurnRefusal, BurnRule, Campaign, CampaignCost, EarnRule, Expiry, Facts, Give, Given, Goods,
    Line, Programme, Sold, Stacking, Tier, When, burn_max, check_all, cost, earn, expires_on, programme_on,
    spread_burn, take_back,
};
use domain::money::Money;
use domain::quantity::Quantity;

pub(crate) fn money(text: &str) -> Money {
    text.parse().expect("money")
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

pub(crate) fn line(code: &str, amount: &str) -> Line {
    Line {
        code: ItemCode(code.to_owned()),
        group: None,
        quantity: Quantity::ONE,
        amount: money(amount),
        points: Money::ZERO,
        excluded: false,
    }
}

pub(crate) fn rule(name: &str, give: Give) -> EarnRule {
    EarnRule {
        name: name.to_owned(),
        campaign: 1,
        when: When::default(),
        goods: Goods::default(),
        give,
        multiplier_hundredths: 100,
        stacking: Stacking::Added,
        receipt_max: None,
        again_after_days: 0,
        activation_days: None,
        expiry: None,
    }
}

/// One point for every full 10.00.
pub(crate) fn a_tenth() -> EarnRule {
    rule("a tenth", Give::PerStep { step: money("10"), points: money("1") })
}

pub(crate) fn programme(earn: Vec<EarnRule>) -> Programme {
    let programme = Programme {
        asset: 1,
        name: "Points".to_owned(),
        from: day("2026-01-01"),
        until: None,
        decimals: 0,
        campaigns: vec![Campaign { id: 1, name: "Base".to_owned(), budget: None }],
        earn,
        day_max: None,
        burn: BurnRule { share_hundredths_max: 3_000, ..BurnRule::default() },
        tiers: Default::default(),
        activation_days: 0,
        expiry: Expiry::Never,
        clawback: Default::default(),
        change_to_points_max: money("100"),
    };
    assert_eq!(programme.check(), Ok(()));
    programme
}

pub(crate) fn facts() -> Facts {
    Facts {
        day: day("2026-11-26"),
        at: NaiveTime::from_hms_opt(12, 0, 0).expect("noon"),
        tier: String::new(),
        birthday: None,
        first_purchase: false,
        referred_by: None,
        earned_today: Money::ZERO,
        given: Vec::new(),
    }
}

pub(crate) fn sum(awards: &[Award]) -> Money {
    awards.iter().map(|award| award.amount).sum()
}

pub(crate) fn burned(lines: Vec<Line>, parts: &[Money]) -> Vec<Line> {
    lines.into_iter().zip(parts).map(|(line, part)| line.paid_with_points(*part)).collect()
}

fn texts(amounts: impl IntoIterator<Item = Money>) -> Vec<String> {
    amounts.into_iter().map(|amount| amount.to_string()).collect()
}

/// What the rules give to a receipt of 100.00 in bread and 50.00 in tobacco.
fn given(rules: Vec<EarnRule>, change: impl FnOnce(&mut Facts, &mut Vec<Line>)) -> String {
    let bread =
        Line { group: Some("Bread".to_owned()), quantity: Quantity::from_thousandths(3_000), ..line("B", "100.00") };
    let (mut facts, mut lines) = (facts(), vec![bread, line("TOBACCO", "50.00")]);
    change(&mut facts, &mut lines);
    sum(&earn(&programme(rules), &lines, &facts)).to_string()
}

#[test]
fn retail_s37_earn() {
    let programme = programme(vec![a_tenth()]);
    let lines = vec![line("A", "1000.00"), line("B", "234.56")];
    let parts = spread_burn(&programme.burn, &lines, money("200")).expect("200 of at most 370.36");
    let awards = earn(&programme, &burned(lines, &parts), &facts());
    assert_eq!(programme.shown(sum(&awards)), "103");
}

#[test]
fn retail_s38_burn_30_percent() {
    let programme = programme(vec![a_tenth()]);
    let lines = vec![line("COFFEE", "349.00"), line("SHAMPOO", "259.00"), line("BATT", "199.00"), line("X", "193.00")];
    assert_eq!(burn_max(&programme.burn, &lines, money("5000")), money("300"));
    assert_eq!(burn_max(&programme.burn, &lines, money("120.50")), money("120.50"));
    let over = spread_burn(&programme.burn, &lines, money("300.01"));
    assert_eq!(over, Err(BurnRefusal::TooMuch { max: money("300") }));
    assert!(spread_burn(&programme.burn, &lines, money("0.01")).is_ok());
    let parts = spread_burn(&programme.burn, &lines, money("300")).expect("all that is allowed");
    let lines = burned(lines, &parts);
    assert_eq!(texts(lines.iter().map(|line| line.amount)), ["244.30", "181.30", "139.30", "135.10"]);
    assert_eq!(sum(&earn(&programme, &lines, &facts())), money("70"));
    // What is burned already counts.
    assert_eq!(burn_max(&programme.burn, &lines, money("5000")), Money::ZERO);
}

#[test]
fn points_pay_neither_excluded_goods_nor_the_least_money_part() {
    let except_items = vec![ItemCode("TOBACCO".to_owned())];
    let goods = Goods { except_items, ..Goods::default() };
    let rule = BurnRule { goods, money_min: money("60"), line_money_min: money("1"), ..BurnRule::default() };
    let excluded = Line { excluded: true, ..line("GIFT", "10.00") };
    let lines = vec![line("TOBACCO", "50.00"), line("A", "80.00"), excluded, line("BAG", "0.50")];
    assert_eq!(burn_max(&rule, &lines, money("500")), money("79"));
    let parts = spread_burn(&rule, &lines, money("79")).expect("all that is allowed");
    assert_eq!(texts(parts), ["0.00", "79.00", "0.00", "0.00"]);
    let dear = BurnRule { sum_min: money("150"), ..rule.clone() };
    assert_eq!(spread_burn(&dear, &lines, money("1")), Err(BurnRefusal::Nothing));
    let mostly_money = BurnRule { money_min: money("140"), ..rule };
    assert_eq!(burn_max(&mostly_money, &lines, money("500")), money("0.50"));
}

#[test]
fn a_point_may_be_worth_less_than_money() {
    let rule = BurnRule { worth: money("0.10"), ..BurnRule::default() };
    let lines = [line("A", "100.00")];
    assert_eq!(burn_max(&rule, &lines, money("333")), money("33.30"));
    assert_eq!(rule.points_for(money("33.30")), money("333"));
    let odd = BurnRule { worth: money("0.03"), ..rule };
    let most = burn_max(&odd, &lines, money("10.10"));
    assert_eq!(most, money("0.30"));
    assert!(odd.points_for(most) <= money("10.10"));
}

#[test]
fn a_rule_gives_for_sums_quantities_items_and_groups() {
    let unchanged = |_: &mut Facts, _: &mut Vec<Line>| ();
    assert_eq!(given(vec![a_tenth()], unchanged), "15.00");
    let bread = Goods { groups: vec!["Bread".to_owned()], ..Goods::default() };
    assert_eq!(given(vec![EarnRule { goods: bread.clone(), ..a_tenth() }], unchanged), "10.00");
    let no_tobacco = Goods { except_items: vec![ItemCode("TOBACCO".to_owned())], ..Goods::default() };
    let percent = rule("5 %", Give::Percent { hundredths: 550 });
    assert_eq!(given(vec![percent.clone()], unchanged), "8.00", "8.25 rounded down");
    assert_eq!(given(vec![EarnRule { goods: no_tobacco, ..percent.clone() }], unchanged), "5.00");
    let every = Quantity::from_thousandths(2_000);
    let loaves = rule("loaves", Give::PerQuantity { every, points: money("7") });
    assert_eq!(given(vec![EarnRule { goods: bread, ..loaves }], unchanged), "7.00");
    let double = EarnRule { multiplier_hundredths: 200, ..percent };
    assert_eq!(given(vec![double.clone()], unchanged), "16.00", "16.50 rounded down once");
    assert_eq!(given(vec![EarnRule { receipt_max: Some(money("9")), ..double }], unchanged), "9.00");
    assert_eq!(given(vec![a_tenth()], |_, lines| lines[0].excluded = true), "5.00");
}

#[test]
fn a_rule_waits_for_its_day_hour_customer_and_sum() {
    let check = |when: When, change: fn(&mut Facts), expected: bool| {
        let rule = EarnRule { when, ..rule("fixed", Give::Receipt { points: money("50") }) };
        assert_eq!(
            given(vec![rule.clone()], |facts, _| change(facts)),
            if expected { "50.00" } else { "0.00" },
            "{rule:?}"
        );
    };
    let when = When::default;
    check(When { from: Some(day("2026-11-27")), ..when() }, |_| (), false);
    check(When { until: Some(day("2026-11-26")), ..when() }, |_| (), true);
    check(When { weekdays: vec![Weekday::Thu], ..when() }, |_| (), true);
    check(When { weekdays: vec![Weekday::Fri, Weekday::Sat], ..when() }, |_| (), false);
    check(When { hours: vec!["10:00-12:00".parse().unwrap()], ..when() }, |_| (), false);
    check(When { hours: vec!["10:00-12:01".parse().unwrap()], ..when() }, |_| (), true);
    check(When { first_purchase: true, ..when() }, |_| (), false);
    check(When { first_purchase: true, ..when() }, |facts| facts.first_purchase = true, true);
    check(When { sum_min: money("150"), ..when() }, |_| (), true);
    check(When { sum_min: money("150.01"), ..when() }, |_| (), false);
    let around =
        |days_before, days_after| When { birthday: Some(BirthdayWindow { days_before, days_after }), ..when() };
    check(around(0, 0), |_| (), false);
    check(around(0, 0), |facts| facts.birthday = Some((11, 26)), true);
    check(around(3, 0), |facts| facts.birthday = Some((11, 29)), true);
    check(around(2, 9), |facts| facts.birthday = Some((11, 29)), false);
    check(around(0, 3), |facts| facts.birthday = Some((11, 23)), true);
    let new_year = |facts: &mut Facts| (facts.day, facts.birthday) = (day("2027-01-02"), Some((12, 31)));
    check(around(0, 2), new_year, true);
    check(around(0, 1), new_year, false);
    check(around(0, 0), |facts| (facts.day, facts.birthday) = (day("2027-03-01"), Some((2, 29))), true);
    check(around(0, 0), |facts| (facts.day, facts.birthday) = (day("2028-03-01"), Some((2, 29))), false);
    let before = |facts: &mut Facts| facts.given = vec![Given { campaign: 1, day: day("2026-11-20") }];
    let again =
        |again_after_days| EarnRule { again_after_days, ..rule("fixed", Give::Receipt { points: money("50") }) };
    assert_eq!(given(vec![again(6)], |facts, _| before(facts)), "50.00");
    assert_eq!(given(vec![again(7)], |facts, _| before(facts)), "0.00");
}

#[test]
fn of_exclusive_rules_the_best_counts_and_the_added_beside_it() {
    let exclusive =
        |name: &str, hundredths| EarnRule { stacking: Stacking::Exclusive, ..rule(name, Give::Percent { hundredths }) };
    let welcome = rule("welcome", Give::Receipt { points: money("30") });
    let programme =
        programme(vec![exclusive("5 %", 500), welcome, exclusive("10 %", 1_000), exclusive("ten too", 1_000)]);
    let awards = earn(&programme, &[line("A", "200.00")], &facts());
    let names: Vec<_> = awards.iter().map(|award| (award.rule.as_str(), award.amount.to_string())).collect();
    assert_eq!(names, [("welcome", "30.00".to_owned()), ("10 %", "20.00".to_owned())]);
}

#[test]
fn a_tier_multiplies_what_is_given_for_money() {
    let mut programme = programme(vec![a_tenth(), rule("fixed", Give::Receipt { points: money("5") })]);
    let gold = Tier { name: "Gold".to_owned(), from: money("1000"), keep_days: 30, multiplier_hundredths: 150 };
    programme.tiers.levels.push(gold);
    let lines = [line("A", "100.00")];
    assert_eq!(sum(&earn(&programme, &lines, &facts())), money("15"));
    assert_eq!(sum(&earn(&programme, &lines, &Facts { tier: "Gold".to_owned(), ..facts() })), money("20"));
    programme.day_max = Some(money("18"));
    let later = Facts { tier: "Gold".to_owned(), earned_today: money("7"), ..facts() };
    assert_eq!(sum(&earn(&programme, &lines, &later)), money("11"));
}

#[test]
fn who_brings_a_customer_is_thanked_at_the_first_purchase() {
    let first = When { first_purchase: true, referred: true, ..When::default() };
    let thanks = EarnRule { when: first.clone(), ..rule("thanks", Give::Referral { points: money("100") }) };
    let welcome = EarnRule { when: first, ..rule("welcome", Give::Receipt { points: money("50") }) };
    let programme = programme(vec![thanks, welcome]);
    let brought = Facts { first_purchase: true, referred_by: Some(42), ..facts() };
    let awards = earn(&programme, &[line("A", "10.00")], &brought);
    let to: Vec<_> = awards.iter().map(|award| (award.to, award.amount)).collect();
    assert_eq!(to, [(Some(42), money("100")), (None, money("50"))]);
    assert_eq!(earn(&programme, &[line("A", "10.00")], &Facts { first_purchase: true, ..facts() }), []);
    assert_eq!(earn(&programme, &[], &brought), [], "nothing was bought");
}

/// The rules' part: what a return on day 10 takes back is of the points that are not active before day 14.
#[test]
fn processing_s19_pending_points() {
    let programme = Programme { activation_days: 14, expiry: Expiry::AfterDays(30), ..programme(vec![a_tenth()]) };
    let lines = [line("A", "300.00"), line("B", "99.00")];
    let awards = earn(&programme, &lines, &facts());
    assert_eq!(awards[0].activates_on, day("2026-12-10"));
    assert_eq!(awards[0].expires_on, Some(day("2027-01-09")));
    let on_day_10 = day("2026-12-06");
    assert!(awards[0].is_pending(on_day_10) && !awards[0].is_pending(day("2026-12-10")));
    let sold = lines.map(|line| Sold { line, returned: Quantity::ZERO });
    let taken = take_back(&programme, &sold, &facts(), &[Quantity::ZERO, Quantity::ONE], &awards);
    assert_eq!(taken, [money("9")]);
    assert_eq!(awards[0].amount, money("39"));
}

#[test]
fn points_expire_by_the_programme_s_kind() {
    let from = day("2028-01-31");
    let check = |expiry, expected: Option<&str>| {
        assert_eq!(expires_on(&expiry, from, day("2028-02-10")), expected.map(day), "{expiry:?}");
    };
    check(Expiry::Never, None);
    check(Expiry::AfterDays(30), Some("2028-03-01"));
    check(Expiry::EndOfMonthAfter(0), Some("2028-01-31"));
    check(Expiry::EndOfMonthAfter(1), Some("2028-02-29"));
    check(Expiry::EndOfMonthAfter(13), Some("2029-02-28"));
    check(Expiry::EndOfYearAfter(0), Some("2028-12-31"));
    check(Expiry::CalendarDay { month: 1, day: 31 }, Some("2029-01-31"));
    check(Expiry::CalendarDay { month: 2, day: 29 }, Some("2028-02-29"));
    check(Expiry::CalendarDay { month: 3, day: 1 }, Some("2028-03-01"));
    check(Expiry::AfterActivityDays(365), Some("2029-02-09"));
}

#[test]
fn the_business_day_says_which_version_counts() {
    let old = Programme { until: Some(day("2026-06-30")), ..programme(vec![a_tenth()]) };
    let new = Programme { from: day("2026-07-01"), name: "New".to_owned(), ..programme(vec![]) };
    let both = [new.clone(), old.clone()];
    assert_eq!(check_all(&both), Ok(()));
    let name = |on: &str| programme_on(&both, 1, day(on)).map(|programme| programme.name.as_str());
    assert_eq!([name("2025-12-31"), name("2026-06-30"), name("2026-07-01")], [None, Some("Points"), Some("New")]);
    assert_eq!(programme_on(&both, 2, day("2026-07-01")), None);
    let overlap = [old, Programme { until: Some(day("2026-12-31")), from: day("2026-06-30"), ..new }];
    let sentence = "New: it counts on days on which \"Points\" counts for asset 1, too";
    assert_eq!(check_all(&overlap).unwrap_err().to_string(), sentence);
}

#[test]
fn nonsense_is_refused_in_a_sentence() {
    let check = |change: fn(&mut Programme), sentence: &str| {
        let mut programme = programme(vec![a_tenth()]);
        change(&mut programme);
        assert_eq!(programme.check().unwrap_err().to_string(), sentence);
    };
    check(|programme| programme.asset = 0, "Points: asset: 0 is not the number of points");
    check(|programme| programme.decimals = 3, "Points: decimals: 3 are more than 2");
    check(|programme| programme.burn.worth = Money::ZERO, "Points: burn.worth: a point must be worth something");
    check(
        |programme| programme.until = Some(day("2025-01-01")),
        "Points: until: 2025-01-01 is before 2026-01-01, its first day",
    );
    check(
        |programme| programme.earn[0].campaign = 9,
        "Points, \"a tenth\": campaign 9 is not in the list of campaigns",
    );
    check(|programme| programme.earn.push(a_tenth()), "Points, \"a tenth\": another rule has the same name");
    check(
        |programme| programme.earn[0].give = Give::PerStep { step: Money::ZERO, points: money("1") },
        "Points, \"a tenth\": step: 0.00 is not above 0",
    );
    check(
        |programme| programme.earn[0].when.tiers.push("Gold".to_owned()),
        "Points, \"a tenth\": when.tiers: there is no tier \"Gold\"",
    );
    check(
        |programme| programme.earn[0].give = Give::Referral { points: money("1") },
        "Points, \"a tenth\": when.first_purchase: a customer is brought once, so a referral counts for the first purchase \
         only",
    );
    check(
        |programme| programme.expiry = Expiry::CalendarDay { month: 2, day: 30 },
        "Points: expiry: there is no day 30 of month 2",
    );
}

#[test]
fn change_is_taken_in_points() {
    let programme = programme(vec![]);
    assert_eq!(programme.change_to_points(money("3.47")), Some((money("3.47"), money("3.47"))));
    assert_eq!(programme.change_to_points(money("500")), Some((money("100"), money("100"))));
    assert_eq!(programme.change_to_points(Money::ZERO), None);
}

#[test]
fn what_a_campaign_would_cost_ends_with_its_budget() {
    let mut programme = programme(vec![a_tenth()]);
    programme.campaigns.push(Campaign { id: 2, name: "Two".to_owned(), budget: Some(money("5")) });
    programme.earn.push(EarnRule { campaign: 2, ..rule("2 %", Give::Percent { hundredths: 200 }) });
    let lines = [line("A", "100.00")];
    let facts = facts();
    let costs = cost(&programme, std::iter::repeat_n((lines.as_slice(), &facts), 4));
    assert_eq!(costs[&1], CampaignCost { awards: 4, points: money("40"), beyond_budget: Money::ZERO });
    assert_eq!(costs[&2], CampaignCost { awards: 3, points: money("5"), beyond_budget: money("3") });
}
