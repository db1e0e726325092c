//! The scales server: its machine alone, its plan alone, and keepers with simulated scales that speak the real bytes.

mod counter;
mod keepers;
mod labels;
mod plan;
mod reconciler;
