//! Customer accounts at a head office: the interface for web shops, the pages for people, and the book that anybody can
//! verify. A store with a book of its own stands beside it where rights matter.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

#[path = "accounts/api.rs"]
mod api;
#[path = "accounts/audit.rs"]
mod audit;
#[path = "accounts/campaigns.rs"]
mod campaigns;
#[path = "accounts/office.rs"]
mod office;
#[path = "accounts/pages.rs"]
mod pages;
#[path = "accounts/tiers.rs"]
mod tiers;
