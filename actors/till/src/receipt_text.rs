//! placeholder
use devices::printer::{Align, PrintLine};
use messages::v1::receipt::Receipt;
use messages::v1::settings::ReceiptText;

pub struct Paper {
    pub copy: Option<u32>,
    pub training: bool,
    pub operator: String,
}

pub fn receipt(_settings: &ReceiptText, receipt: &Receipt, _paper: &Paper) -> Vec<PrintLine> {
    vec![PrintLine::Text { text: receipt.sequence.to_string(), align: Align::Left, bold: false, double: false }]
}
