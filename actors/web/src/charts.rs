//! Bars as SVG inside the page. The numbers themselves stand in the table beside the chart, for everybody.

use charts_rs::{BarChart, Box as Margin, Color, Series};
use domain::money::Money;
use rust_decimal::prelude::ToPrimitive;

const THEME: &str = "shadcn";
/// More bars than this are thinner than a line; the newest are shown.
pub const BARS_MAX: usize = 62;

/// A chart of amounts; `None` if there is nothing to draw. `width` and `height` give its proportions.
pub fn bars(name: &str, labels: Vec<String>, amounts: &[Money], width: u16, height: u16) -> Option<String> {
    let skipped = labels.len().saturating_sub(BARS_MAX);
    let labels: Vec<String> = labels.into_iter().skip(skipped).collect();
    // Geometry only: what a bar is worth is written in the table.
    let heights: Vec<f32> =
        amounts.iter().skip(skipped).map(|amount| amount.to_decimal().to_f32().unwrap_or_default()).collect();
    if heights.is_empty() {
        return None;
    }
    let mut chart = BarChart::new_with_theme(vec![Series::new(name.to_owned(), heights)], labels, THEME);
    chart.width = f32::from(width);
    chart.height = f32::from(height);
    chart.margin = Margin { left: 4.0, top: 8.0, right: 4.0, bottom: 4.0 };
    chart.legend.show = Some(false);
    chart.background_color = Color::transparent();
    chart.radius = Some(3.0);
    match chart.svg() {
        Ok(svg) => Some(svg),
        Err(error) => {
            tracing::warn!(error = %error, "chart not drawn");
            None
        }
    }
}
