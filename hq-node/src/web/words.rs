//! The words of the pages that are not in a template. English first; another language will be another file like this.

pub const OVERVIEW: &str = "Overview";
pub const SALES: &str = "Sales";
pub const REPORTS: &str = "Reports";
pub const STORES: &str = "Stores & tills";
pub const CATALOGUE: &str = "Catalogue";
pub const INCIDENTS: &str = "Incidents";
pub const OPERATIONS: &str = "Operations";
pub const IMPORT: &str = "Import items";
pub const NO_SUCH_ITEM: &str = "There is no such item in the catalogue.";
pub const TOTAL: &str = "Total";
pub const NEVER: &str = "\u{2013}";

/// Titles of the columns of reports, by their names in CSV.
pub fn column(name: &str) -> &str {
    match name {
        "day" => "Day",
        "store" => "Store",
        "till" => "Till",
        "product" => "Item",
        "hour" => "Hour",
        "tender" => "Tender",
        "vat" => "VAT",
        "vat_amount" => "VAT amount",
        "receipts" => "Receipts",
        "lines" => "Lines",
        "sales" => "Sales",
        "returns" => "Returns",
        "net" => "Net",
        other => other,
    }
}

/// What a report can be made by, for the switch above it.
pub fn by(by: &str) -> &str {
    match by {
        "product" => "Item",
        "vat" => "VAT rate",
        other => column(other),
    }
}

/// What happened, for the table of incidents.
pub fn incident(kind: &str) -> &str {
    match kind {
        "returned_more_than_sold" => "More returned than sold",
        "parked_recalled_twice" => "Parked receipt taken up twice",
        "mark_sold_twice" => "Marked unit sold twice",
        "dataset_mended" => "Rows of a node were not as here",
        "dataset_went_back" => "This database was set back",
        other => other,
    }
}

/// Titles of the reports that have no page of their own.
pub fn report(name: &str) -> &str {
    match name {
        "shifts" => "Shifts",
        "cash" => "Cash",
        "returns" => "Returns",
        "cancelled" => "Cancelled receipts",
        "audit" => "Audit",
        "reconcile" => "Shifts against receipts",
        other => other,
    }
}

/// Titles of columns that name is enough for.
pub fn report_column(name: &str) -> String {
    match column(name) {
        same if same == name => spoken(name),
        title => title.to_owned(),
    }
}

/// A word of a table as people write it: "drawer_opened" is "Drawer opened".
pub fn spoken(word: &str) -> String {
    let mut letters = word.chars().map(|letter| if letter == '_' { ' ' } else { letter });
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
