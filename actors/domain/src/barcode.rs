//! barcode.
