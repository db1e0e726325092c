//! The sales report as a page, and its exports.

use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::ViewSales;
use ::web::table::{Cell, Column, Table};
use ::web::{charts, layout, show};
use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use backoffice::reports::{self, Arguments, Cell as ReportCell, ReportError, Table as Report, render};
use chrono::{NaiveDate, TimeDelta};
use domain::money::Money;
use serde::Deserialize;

use super::{Site, words};

/// Rows of a page; exports have all.
const ROWS_SHOWN: usize = 500;
/// Days that the page shows when nothing else is asked for.
const DAYS_SHOWN: i64 = 31;
/// Bars of a report whose keys have no order in time: the largest.
const LARGEST_SHOWN: usize = 12;

/// A longer name would leave no room for its bar.
const LABEL_CHARS_MAX: usize = 28;

/// The query of the page, the exports and the interface alike. Empty fields are as good as none.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub store: String,
    #[serde(default)]
    pub format: String,
    /// What only some reports take.
    #[serde(flatten)]
    pub more: BTreeMap<String, String>,
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn day(text: &str) -> Result<Option<NaiveDate>, Refusal> {
    let wrong = |text: &str| Refusal::bad_request(format!("\"{text}\" is not a day: write it as 2026-11-25."));
    given(text).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
}

impl Query {
    pub fn arguments(&self) -> Result<Arguments, Refusal> {
        Ok(Arguments {
            by: given(&self.by).map(str::to_owned),
            from: day(&self.from)?,
            to: day(&self.to)?,
            store: given(&self.store).map(str::to_owned),
            more: self.more.iter().filter_map(|(name, value)| Some((name.clone(), given(value)?.to_owned()))).collect(),
        })
    }
}

pub fn refused(error: ReportError) -> Refusal {
    match error {
        ReportError::NoSuchReport { .. } => Refusal::not_found(format!("{error}.")),
        ReportError::Database(error) => Refusal::failed(error.to_string()),
        other => Refusal::bad_request(format!("{other}.")),
    }
}

#[derive(Template)]
#[template(path = "sales.html")]
struct Page {
    switch: Vec<Choice>,
    by: String,
    from: String,
    to: String,
    store: String,
    stores: Vec<String>,
    chart: Option<String>,
    chart_note: Option<String>,
    table: Table,
    cut_at: Option<usize>,
    exports: Vec<(&'static str, String)>,
}

struct Choice {
    label: String,
    href: String,
    here: bool,
}

pub fn link(path: &str, by: Option<&str>, arguments: &Arguments, format: Option<&str>) -> String {
    let mut query: Vec<(&str, String)> = by.map(|by| ("by", by.to_owned())).into_iter().collect();
    let days = [("from", arguments.from), ("to", arguments.to)];
    query.extend(days.into_iter().filter_map(|(name, day)| Some((name, day?.to_string()))));
    query.extend(arguments.store.clone().map(|store| ("store", store)));
    query.extend(arguments.more.iter().map(|(name, value)| (name.as_str(), value.clone())));
    query.extend(format.map(|format| ("format", format.to_owned())));
    let pairs = query.iter().map(|(name, value)| {
        format!("{name}={}", askama::filters::urlencode_strict(value).map(|text| text.to_string()).unwrap_or_default())
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// The day of a store, by hour.
pub fn link_to_store(store: &str, day: NaiveDate) -> String {
    let arguments = Arguments { from: Some(day), to: Some(day), store: Some(store.to_owned()), ..Arguments::default() };
    link("/sales", Some("hour"), &arguments, None)
}

pub async fn page(
    visitor: May<ViewSales>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let mut arguments = query.arguments()?;
    if arguments.from.is_none() && arguments.to.is_none() {
        let newest = reports::sales::newest_day(&site.reader).await.map_err(refused)?;
        let to = newest.unwrap_or_else(|| site.clock.now().date_naive());
        arguments.from = Some(to - TimeDelta::days(DAYS_SHOWN - 1));
        arguments.to = Some(to);
    }
    let report = reports::find("sales").map_err(refused)?;
    let by = arguments.by.clone().unwrap_or_else(|| report.by[0].to_owned());
    let made = report.run(&site.reader, &arguments).await.map_err(refused)?;
    let stores = site.trade.borrow().stores.iter().map(|store| store.code.clone()).collect();
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let names = match by.as_str() {
        "product" => reports::sales::names(&site.reader, &arguments).await.map_err(refused)?,
        _ => BTreeMap::new(),
    };
    let (chart, chart_note) = chart(&by, &made, &names);
    let page = Page {
        switch: report
            .by
            .iter()
            .map(|each| Choice {
                label: words::by(each).to_owned(),
                href: link("/sales", Some(each), &arguments, None),
                here: *each == by,
            })
            .collect(),
        from: text(arguments.from),
        to: text(arguments.to),
        store: arguments.store.clone().unwrap_or_default(),
        stores,
        chart,
        chart_note,
        cut_at: (made.rows.len() > ROWS_SHOWN).then_some(ROWS_SHOWN),
        table: table(&by, &made, &names),
        exports: [("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json")]
            .map(|(label, format)| (label, link("/sales/export", Some(&by), &arguments, Some(format))))
            .to_vec(),
        by,
    };
    layout::page(&site.frame(words::SALES, "/sales", &visitor), &page)
}

pub fn shown(cell: &ReportCell) -> String {
    match cell {
        ReportCell::Text(text) => text.clone(),
        ReportCell::Count(count) => show::count(*count),
        ReportCell::Quantity(quantity) => quantity.to_string(),
        ReportCell::Money(amount) => show::money(*amount),
    }
}

fn table(by: &str, made: &Report, names: &BTreeMap<String, String>) -> Table {
    let column = |column: &reports::Column| Column {
        title: words::column(column.name).to_owned(),
        number: column.kind.is_number(),
    };
    let cell = |index: usize, cell: &ReportCell| match (by, index, cell) {
        ("product", 0, ReportCell::Text(code)) => {
            let address = askama::filters::urlencode_strict(code).map(|text| text.to_string()).unwrap_or_default();
            let name = names.get(code).map_or("", String::as_str);
            Cell::link(format!("{code} {name}"), format!("/catalogue/items/{address}"))
        }
        ("vat", 0, ReportCell::Text(rate)) if rate != "none" => Cell::text(format!("{rate} %")),
        _ => Cell::text(shown(cell)),
    };
    let rows = made.rows.iter().take(ROWS_SHOWN);
    Table {
        caption: format!("Sales by {}", words::by(by).to_lowercase()),
        columns: made.columns.iter().map(column).collect(),
        rows: rows.map(|row| row.iter().enumerate().map(|(index, each)| cell(index, each)).collect()).collect(),
        totals: made
            .totals()
            .iter()
            .enumerate()
            .map(|(index, total)| match total {
                Some(total) => shown(total),
                None if index == 0 => words::TOTAL.to_owned(),
                None => String::new(),
            })
            .collect(),
        empty: "Nothing was sold in these days.".to_owned(),
    }
}

fn chart(by: &str, made: &Report, names: &BTreeMap<String, String>) -> (Option<String>, Option<String>) {
    let Some(net) = made.column("net") else { return (None, None) };
    let mut bars: Vec<(String, Money)> = made
        .rows
        .iter()
        .filter_map(|row| match (&row[0], &row[net]) {
            (ReportCell::Text(key), ReportCell::Money(amount)) => Some((key.clone(), *amount)),
            _ => None,
        })
        .collect();
    let all = bars.len();
    let in_time = matches!(by, "day" | "hour");
    if !in_time {
        bars.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
        bars.truncate(LARGEST_SHOWN);
    }
    let note = match bars.len() {
        shown if !in_time && shown < all => Some(format!("The chart shows the {shown} largest of {all}.")),
        shown if shown > charts::BARS_MAX => Some(format!("The chart shows the last {} days.", charts::BARS_MAX)),
        _ => None,
    };
    let label = |key: &str| match (by, names.get(key)) {
        ("day", _) => key.get(5..).unwrap_or(key).to_owned(),
        (_, Some(name)) => name.chars().take(LABEL_CHARS_MAX).collect(),
        (_, None) => key.to_owned(),
    };
    let labels = bars.iter().map(|(key, _)| label(key)).collect();
    let amounts: Vec<Money> = bars.iter().map(|(_, amount)| *amount).collect();
    let name = words::column("net");
    let drawn = if in_time {
        charts::standing(name, labels, &amounts, 1_160, 280)
    } else {
        charts::lying(name, labels, &amounts, 1_160)
    };
    (drawn, note)
}

/// A report in the form that was asked for.
pub fn answer(name: &str, format: &str, made: &Report) -> Result<HttpResponse, Refusal> {
    let file = |kind: &str, end: &str, body: Vec<u8>| {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, kind))
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{end}\"")))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(body)
    };
    match format {
        "csv" => Ok(file("text/csv; charset=utf-8", "csv", render::csv(made))),
        "xlsx" => {
            let book = render::xlsx(name, made).map_err(|error| Refusal::failed(error.to_string()))?;
            Ok(file("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", book))
        }
        "" | "json" => {
            Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(render::json(made)))
        }
        other => Err(Refusal::bad_request(format!("\"{other}\" is not a form: choose csv, json or xlsx."))),
    }
}

pub async fn export(
    _: May<ViewSales>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let report = reports::find("sales").map_err(refused)?;
    let made = report.run(&site.reader, &query.arguments()?).await.map_err(refused)?;
    answer(report.name, &query.format, &made)
}
