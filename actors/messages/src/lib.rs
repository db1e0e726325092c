//! The words that cross a crate or a node: commands, questions, documents, datasets. Data only, no behaviour.
//!
//! What is on the wire or on disk lives in [`v1`] and only grows: a field is added with a default, never renamed, moved or
//! reused. Bodies are MessagePack with field names, so that a queue of a week is readable after an upgrade.

pub mod codec;
pub mod v1;
