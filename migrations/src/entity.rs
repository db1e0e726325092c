//! One file a table.

pub mod cash_movement;
pub mod dataset_head;
pub mod dataset_row;
pub mod inbox_cursor;
pub mod incident;
pub mod link_peer;
pub mod node_identity;
pub mod origin_head;
pub mod out_head;
pub mod outbox;
pub mod parked;
pub mod receipt;
pub mod returned_line;
pub mod sales_hour;
pub mod sales_item;
pub mod sales_tender;
pub mod sales_vat;
pub mod session;
pub mod shift;
pub mod till_state;
pub mod user_account;
