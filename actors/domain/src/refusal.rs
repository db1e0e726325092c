//! refusal.
