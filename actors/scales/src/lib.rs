//! The scales server: every label scale of a shop is made equal to what the shop sells at it, and kept so. With the labels
//! on shelves and the tills it is one question: does everything in the shop say the same price?
//!
//! Goods, barcode rules and the plan of departments come down the link; one actor, the [`Planner`](planner::Planner), holds
//! what of them concerns scales. Each scale is an actor of its own, a [`ScaleKeeper`](keeper::ScaleKeeper), that compares what
//! should lie on its scale with what surely does and sends the difference.
//!
//! Invariants:
//! - SC-1 What may have changed in a scale is noted as unknown before it is sent, and as known after the scale said yes; so a
//!   kill at any moment costs one batch sent again, never a wrong price taken for right.
//! - SC-2 An item whose label the tills would not read never reaches a scale; it is left out with its reason.
//! - SC-3 One article that a scale refuses is set aside with its reason; the others go on.
//! - SC-4 A scale that fails delays no other and is tried again by itself, less and less often.
//! - SC-5 A scale whose department has no plan keeps what it has.
//!
//! Must never: change a price, or take an old difference for a new one after somebody emptied a scale.

pub mod coherence;
pub mod goods;
pub mod keeper;
mod label;
pub mod plan;
pub mod planner;
pub mod reconciler;
mod records;
pub mod requests;
pub mod shelf_labels;
pub mod view;
