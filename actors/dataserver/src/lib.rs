//! dataserver.
