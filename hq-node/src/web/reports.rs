//! Every report of the list as a page with its exports. The sales report has a page of its own, with a chart.

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::ViewSales;
use ::web::routes::NO_SUCH_PAGE;
use ::web::table::{Cell, Column, Table};
use actix_web::{HttpResponse, web};
use askama::Template;
use backoffice::reports::{self, Arguments, Cell as ReportCell, Report, Table as Made};
use chrono::TimeDelta;

use super::sales::{self, Query, link, refused, shown};
use super::{Site, words};

/// Rows of a page; exports have all.
const ROWS_SHOWN: usize = 500;
/// Days that the page shows when nothing else is asked for: these reports read documents, not sums.
const DAYS_SHOWN: i64 = 7;
/// The page of sales stands for both.
const WITH_OWN_PAGE: [&str; 2] = ["sales", "store_sales"];

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    name: &'static str,
    title: String,
    switch: Vec<(String, String, bool)>,
    from: String,
    to: String,
    store: String,
    stores: Vec<String>,
    choices: Vec<Choice>,
    table: Table,
    cut_at: Option<usize>,
    exports: Vec<(&'static str, String)>,
}

struct Choice {
    name: &'static str,
    title: String,
    /// A value, its title, and whether it is chosen.
    values: Vec<(&'static str, String, bool)>,
}

/// The reports that are shown here.
fn shown_here() -> impl Iterator<Item = &'static Report> {
    reports::all().iter().filter(|report| !WITH_OWN_PAGE.contains(&report.name))
}

fn path(name: &str) -> String {
    format!("/reports/{name}")
}

/// The first of the list.
pub async fn first(_: May<ViewSales>) -> Result<HttpResponse, Refusal> {
    let report = shown_here().next().ok_or_else(|| Refusal::not_found(NO_SUCH_PAGE))?;
    let to = (actix_web::http::header::LOCATION, path(report.name));
    Ok(HttpResponse::SeeOther().insert_header(to).finish())
}

pub async fn page(
    visitor: May<ViewSales>,
    site: web::Data<Site>,
    name: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let report = reports::find(&name).map_err(refused)?;
    let mut arguments = query.arguments()?;
    if arguments.from.is_none() && arguments.to.is_none() {
        let to = site.clock.now().date_naive();
        arguments.from = Some(to - TimeDelta::days(DAYS_SHOWN - 1));
        arguments.to = Some(to);
    }
    let made = report.run(&site.reader, &arguments).await.map_err(refused)?;
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let elsewhere = Arguments { by: None, more: std::collections::BTreeMap::new(), ..arguments.clone() };
    let page = Page {
        name: report.name,
        title: words::report(report.name).to_owned(),
        switch: shown_here()
            .map(|each| {
                let title = words::report(each.name).to_owned();
                (title, link(&path(each.name), None, &elsewhere, None), each.name == report.name)
            })
            .collect(),
        from: day(arguments.from),
        to: day(arguments.to),
        store: arguments.store.clone().unwrap_or_default(),
        stores: site.trade.borrow().stores.iter().map(|store| store.code.clone()).collect(),
        choices: report.takes.iter().map(|taken| choice(*taken, &arguments)).collect(),
        cut_at: (made.rows.len() > ROWS_SHOWN).then_some(ROWS_SHOWN),
        table: table(report.name, &made),
        exports: [("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json")]
            .map(|(label, format)| {
                let exported = format!("{}/export", path(report.name));
                (label, link(&exported, arguments.by.as_deref(), &arguments, Some(format)))
            })
            .to_vec(),
    };
    let title = page.title.clone();
    layout::page(&site.frame(&title, "/reports", &visitor), &page)
}

fn choice(taken: reports::Choice, arguments: &Arguments) -> Choice {
    let chosen = arguments.chosen(taken.name);
    let values = taken.values.iter().map(|value| (*value, words::spoken(value), chosen == Some(value)));
    Choice { name: taken.name, title: words::spoken(taken.name), values: values.collect() }
}

fn table(name: &str, made: &Made) -> Table {
    let totals = made.totals();
    let is_summed = totals.iter().any(Option::is_some);
    let total = |(index, total): (usize, &Option<ReportCell>)| match total {
        Some(total) => shown(total),
        None if index == 0 => words::TOTAL.to_owned(),
        None => String::new(),
    };
    let column =
        |column: &reports::Column| Column { title: words::report_column(column.name), number: column.kind.is_number() };
    let rows = made.rows.iter().take(ROWS_SHOWN);
    Table {
        caption: words::report(name).to_owned(),
        columns: made.columns.iter().map(column).collect(),
        rows: rows.map(|row| row.iter().map(|cell| Cell::text(shown(cell))).collect()).collect(),
        totals: if is_summed { totals.iter().enumerate().map(total).collect() } else { Vec::new() },
        empty: "There is nothing of this in these days.".to_owned(),
    }
}

pub async fn export(
    _: May<ViewSales>,
    site: web::Data<Site>,
    name: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let report = reports::find(&name).map_err(refused)?;
    let made = report.run(&site.reader, &query.arguments()?).await.map_err(refused)?;
    sales::answer(report.name, &query.format, &made)
}
