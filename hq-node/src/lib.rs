//! hq-node.
