//! backoffice.
