//! Bars as SVG inside the page. The numbers themselves stand in the table beside the chart, for everybody.

use charts_rs::{BarChart, Box as Margin, ChartBase, Color, HorizontalBarChart, Series, YAxisConfig};
use domain::money::Money;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

const THEME: &str = "shadcn";
/// More bars than this are thinner than a line; the newest are shown.
pub const BARS_MAX: usize = 62;
/// A bar that stands alone would fill the picture.
const BARS_MIN: usize = 7;
/// More labels than this run into each other under the bars.
const LABELS_MAX: usize = 14;
/// Lines of the scale above zero.
const SPLITS: u8 = 4;
/// Height of one bar that lies, and of what is around them.
const ROW_HEIGHT: u16 = 30;
const AROUND: u16 = 40;
/// Between a name and its bar: the page's font is wider than the one the chart measures with.
const GAP: &str = "\u{a0}\u{a0}\u{a0}";

/// Bars that stand, for amounts in the order of time; `None` if there is nothing to draw. `width` and `height` give the
/// proportions.
pub fn standing(name: &str, labels: Vec<String>, amounts: &[Money], width: u16, height: u16) -> Option<String> {
    let skipped = labels.len().saturating_sub(BARS_MAX);
    let step = (labels.len() - skipped).div_ceil(LABELS_MAX).max(1);
    let sparse = |(index, label): (usize, String)| if index.is_multiple_of(step) { label } else { String::new() };
    let mut labels: Vec<String> = labels.into_iter().skip(skipped).enumerate().map(sparse).collect();
    let mut amounts = amounts.get(skipped..)?.to_vec();
    if amounts.is_empty() {
        return None;
    }
    labels.resize(labels.len().max(BARS_MIN), String::new());
    amounts.resize(amounts.len().max(BARS_MIN), Money::ZERO);
    let series = series(name, &amounts)?;
    let mut chart = BarChart::new_with_theme(vec![series], labels, THEME);
    dress(&mut chart.base, &mut chart.y_axis_configs, &amounts, width, height);
    chart.radius = Some(3.0);
    drawn(chart.svg())
}

/// Bars that lie, for the largest of things that have names; the first stands at the top.
pub fn lying(name: &str, labels: Vec<String>, amounts: &[Money], width: u16) -> Option<String> {
    // The chart counts its rows from below.
    let labels: Vec<String> = labels.into_iter().rev().map(|label| format!("{label}{GAP}")).collect();
    let amounts: Vec<Money> = amounts.iter().rev().copied().collect();
    let series = series(name, &amounts)?;
    let rows = u16::try_from(labels.len()).ok()?;
    let mut chart = HorizontalBarChart::new_with_theme(vec![series], labels, THEME);
    let height = AROUND + ROW_HEIGHT * rows;
    dress(&mut chart.base, &mut chart.y_axis_configs, &amounts, width, height);
    drawn(chart.svg())
}

/// Geometry only: what a bar is worth is written in the table.
fn series(name: &str, amounts: &[Money]) -> Option<Series> {
    let sizes: Vec<f32> = amounts.iter().map(|amount| amount.to_decimal().to_f32().unwrap_or_default()).collect();
    (!sizes.is_empty()).then(|| Series::new(name.to_owned(), sizes))
}

fn dress(base: &mut ChartBase, axes: &mut [YAxisConfig], amounts: &[Money], width: u16, height: u16) {
    base.width = f32::from(width);
    base.height = f32::from(height);
    base.margin = Margin { left: 4.0, top: 8.0, right: 24.0, bottom: 4.0 };
    base.legend.show = Some(false);
    base.background_color = Color::transparent();
    // With a bar below zero the scale is left to the chart.
    let all_above = amounts.iter().all(|amount| !amount.is_negative());
    if let (true, Some(axis)) = (all_above, axes.first_mut()) {
        axis.split_number = usize::from(SPLITS);
        axis.max = amounts.iter().max().and_then(|largest| round_top(*largest).to_f32());
    }
}

/// The end of the scale: the least of 1, 2, 4, 6, 8 times a power of ten that is not below the largest bar.
fn round_top(largest: Money) -> Decimal {
    let largest = largest.to_decimal().max(Decimal::ONE);
    let mut power = Decimal::ONE;
    while power * Decimal::TEN <= largest {
        power *= Decimal::TEN;
    }
    [1, 2, 4, 6, 8, 10]
        .map(|times| power * Decimal::from(times))
        .into_iter()
        .find(|top| *top >= largest)
        .unwrap_or(power)
}

fn drawn(svg: Result<String, impl std::fmt::Display>) -> Option<String> {
    svg.inspect_err(|error| tracing::warn!(error = %error, "chart not drawn")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let labels = vec!["<script>\"'&".to_owned(), "plain".to_owned()];
        let amounts = [Money::from_minor(100), Money::from_minor(250)];
        let drawn = [lying("Net", labels.clone(), &amounts, 400), standing("Net", labels, &amounts, 400, 200)];
        for svg in drawn.map(|svg| svg.expect("there is something to draw")) {
            assert!(!svg.contains("<script") && !svg.contains("style="), "{svg}");
            assert!(svg.contains("&lt;script&gt;"), "{svg}");
        }
        assert_eq!(standing("Net", Vec::new(), &[], 400, 200), None);
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (largest, top) in [(0, 1), (100, 1), (101, 2), (4_624_900, 60_000), (99_999_900, 1_000_000)] {
            assert_eq!(round_top(Money::from_minor(largest)), Decimal::from(top), "{largest}");
        }
    }
}
