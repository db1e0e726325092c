//! store-node.
