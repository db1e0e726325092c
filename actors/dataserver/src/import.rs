//! A file of items, read row by row.
//!
//! The first line names the columns, in any order: `code`, `name`, `price` and `vat` must be there; `unit`, `barcodes`
//! (separated by `|`), `plu`, `group`, `marked`, `min_age`, `discountable`, `no_sale` (`22:00-08:00`), `open_price_from` and
//! `open_price_to` (both or none), `deposit`, `tare`, `shelf_life_days`, `ingredients` and `gift_card` may be. Columns are separated
//! by `,` or `;`; in a file with `;` a price and a tare may have a decimal comma. UTF-8, with or without its mark.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::str::FromStr;

use csv::ByteRecord;
use domain::ids::ItemCode;
use messages::v1::catalogue::{Item, Unit};

use crate::rules;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// Longest first line, in bytes: more is not a list of our columns.
const HEADER_BYTES_MAX: u64 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Column {
    Code,
    Name,
    Price,
    Vat,
    Unit,
    Barcodes,
    Plu,
    Group,
    Marked,
    MinAge,
    Discountable,
    NoSale,
    OpenPriceFrom,
    OpenPriceTo,
    Deposit,
    Tare,
    ShelfLifeDays,
    Ingredients,
    GiftCard,
}

/// The columns by name, and whether a file must have them.
const COLUMNS: [(&str, Column, bool); 19] = [
    ("code", Column::Code, true),
    ("name", Column::Name, true),
    ("price", Column::Price, true),
    ("vat", Column::Vat, true),
    ("unit", Column::Unit, false),
    ("barcodes", Column::Barcodes, false),
    ("plu", Column::Plu, false),
    ("group", Column::Group, false),
    ("marked", Column::Marked, false),
    ("min_age", Column::MinAge, false),
    ("discountable", Column::Discountable, false),
    ("no_sale", Column::NoSale, false),
    ("open_price_from", Column::OpenPriceFrom, false),
    ("open_price_to", Column::OpenPriceTo, false),
    ("deposit", Column::Deposit, false),
    ("tare", Column::Tare, false),
    ("shelf_life_days", Column::ShelfLifeDays, false),
    ("ingredients", Column::Ingredients, false),
    ("gift_card", Column::GiftCard, false),
];

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{name} cannot be read: {error}")]
    Unreadable { name: String, error: std::io::Error },
    #[error("{name}:1 {column}: {why}")]
    Header { name: String, column: String, why: String },
}

/// A row that is not an item: `file:line column: why`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line} {column}: {why}")]
pub struct BadRow {
    pub name: String,
    pub line: u64,
    pub column: String,
    pub why: String,
}

/// The rows of a file; each is an item, a bad row, or the end of reading.
pub struct ItemRows {
    name: String,
    reader: csv::Reader<BufReader<File>>,
    columns: HashMap<Column, usize>,
    width: usize,
    decimal_comma: bool,
    record: ByteRecord,
    /// On which line each code stands, by its hash: a million codes themselves would not be small.
    lines: HashMap<u64, u64>,
    hasher: RandomState,
    bytes_total: u64,
}

impl ItemRows {
    pub fn open(path: &Path, name: &str) -> Result<ItemRows, FileError> {
        let file = File::open(path).map_err(|error| FileError::Unreadable { name: name.to_owned(), error })?;
        ItemRows::read(file, name)
    }

    fn read(file: File, name: &str) -> Result<ItemRows, FileError> {
        let unreadable = |error| FileError::Unreadable { name: name.to_owned(), error };
        let bytes_total = file.metadata().map_err(unreadable)?.len();
        let mut input = BufReader::new(file);
        let mut header = Vec::new();
        input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut header).map_err(unreadable)?;
        let mark = if header.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 };
        let count = |wanted| header.iter().filter(|byte| **byte == wanted).count();
        let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
        input.seek(SeekFrom::Start(mark as u64)).map_err(unreadable)?;
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(true).from_reader(input);
        let names = reader.byte_headers().map_err(|error| unreadable(std::io::Error::other(error)))?.clone();
        let columns =
            columns(&names).map_err(|(column, why)| FileError::Header { name: name.to_owned(), column, why })?;
        Ok(ItemRows {
            name: name.to_owned(),
            reader,
            columns,
            width: names.len(),
            decimal_comma: delimiter == b';',
            record: ByteRecord::new(),
            lines: HashMap::new(),
            hasher: RandomState::new(),
            bytes_total,
        })
    }

    /// Begin again with the first row of the same file.
    pub fn rewind(&mut self) -> Result<(), FileError> {
        let unreadable = |error| FileError::Unreadable { name: self.name.clone(), error };
        let mut file = self.reader.get_ref().get_ref().try_clone().map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        *self = ItemRows::read(file, &self.name)?;
        Ok(())
    }

    pub fn bytes_done(&self) -> u64 {
        self.reader.position().byte()
    }

    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// The next row; `None` at the end of the file.
    pub fn next_row(&mut self) -> Result<Option<Result<Item, BadRow>>, FileError> {
        let mut record = std::mem::take(&mut self.record);
        let read = self.reader.read_byte_record(&mut record);
        let more = read
            .map_err(|error| FileError::Unreadable { name: self.name.clone(), error: std::io::Error::other(error) })?;
        let row = more.then(|| {
            let line = record.position().map_or(0, csv::Position::line);
            self.item(&record, line).map_err(|(column, why)| BadRow { name: self.name.clone(), line, column, why })
        });
        self.record = record;
        Ok(row)
    }

    fn item(&mut self, record: &ByteRecord, line: u64) -> Result<Item, (String, String)> {
        if record.len() != self.width {
            let why = format!("{} columns are expected, not {}", self.width, record.len());
            return Err(("row".to_owned(), why));
        }
        let cell = |column: Column| -> Result<&str, (String, String)> {
            let bytes = self.columns.get(&column).and_then(|index| record.get(*index)).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| bad(column, "it is not UTF-8 text"))?;
            Ok(text.trim())
        };
        let decimal = |column: Column| -> Result<String, (String, String)> {
            let text = cell(column)?;
            Ok(if self.decimal_comma { text.replace(',', ".") } else { text.to_owned() })
        };
        let item = Item {
            code: ItemCode(cell(Column::Code)?.to_owned()),
            name: cell(Column::Name)?.to_owned(),
            price: parsed(Column::Price, &decimal(Column::Price)?)?,
            vat: parsed(Column::Vat, cell(Column::Vat)?)?,
            unit: match cell(Column::Unit)? {
                "" | "pc" => Unit::Piece,
                "kg" => Unit::Kilogram,
                other => return Err(bad(Column::Unit, &format!("\"{other}\" is not a unit: pc or kg is expected"))),
            },
            barcodes: cell(Column::Barcodes)?
                .split('|')
                .map(str::trim)
                .filter(|barcode| !barcode.is_empty())
                .map(str::to_owned)
                .collect(),
            plu: number(Column::Plu, cell(Column::Plu)?)?,
            group: Some(cell(Column::Group)?).filter(|group| !group.is_empty()).map(str::to_owned),
            marked: yes_or_no(Column::Marked, cell(Column::Marked)?, false)?,
            min_age: number(Column::MinAge, cell(Column::MinAge)?)?,
            discountable: yes_or_no(Column::Discountable, cell(Column::Discountable)?, true)?,
            no_sale: optional(Column::NoSale, cell(Column::NoSale)?)?,
            open_price: match (
                optional(Column::OpenPriceFrom, &decimal(Column::OpenPriceFrom)?)?,
                optional(Column::OpenPriceTo, &decimal(Column::OpenPriceTo)?)?,
            ) {
                (Some(from), Some(to)) => Some([from, to]),
                (None, None) => None,
                (Some(_), None) => return Err(bad(Column::OpenPriceTo, "it is empty, but open_price_from is not")),
                (None, Some(_)) => return Err(bad(Column::OpenPriceFrom, "it is empty, but open_price_to is not")),
            },
            deposit: Some(cell(Column::Deposit)?).filter(|code| !code.is_empty()).map(|code| ItemCode(code.to_owned())),
            tare: optional(Column::Tare, &decimal(Column::Tare)?)?,
            shelf_life_days: number(Column::ShelfLifeDays, cell(Column::ShelfLifeDays)?)?,
            ingredients: Some(cell(Column::Ingredients)?).filter(|text| !text.is_empty()).map(str::to_owned),
            gift_card: yes_or_no(Column::GiftCard, cell(Column::GiftCard)?, false)?,
            past_prices: Vec::new(),
        };
        rules::check_item(&item).map_err(|broken| (broken.field.to_owned(), broken.why))?;
        match self.lines.insert(self.hasher.hash_one(&item.code.0), line) {
            Some(first) => Err(bad(Column::Code, &format!("{} stands on line {first} already", item.code))),
            None => Ok(item),
        }
    }
}

fn columns(names: &ByteRecord) -> Result<HashMap<Column, usize>, (String, String)> {
    let mut columns = HashMap::new();
    for (index, bytes) in names.iter().enumerate() {
        let name = String::from_utf8_lossy(bytes).trim().to_lowercase();
        let Some((_, column, _)) = COLUMNS.iter().find(|(known, ..)| *known == name) else {
            let known: Vec<&str> = COLUMNS.iter().map(|(known, ..)| *known).collect();
            let why = format!("this column is not known: the first line names {}", known.join(", "));
            return Err((if name.is_empty() { format!("column {}", index + 1) } else { name }, why));
        };
        if columns.insert(*column, index).is_some() {
            return Err((name, "this column is there twice".to_owned()));
        }
    }
    for (name, column, required) in COLUMNS {
        if required && !columns.contains_key(&column) {
            return Err((name.to_owned(), "this column is missing from the first line".to_owned()));
        }
    }
    Ok(columns)
}

fn bad(column: Column, why: &str) -> (String, String) {
    let name = COLUMNS.iter().find(|(_, known, _)| *known == column).map_or("row", |(name, ..)| name);
    (name.to_owned(), why.to_owned())
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(column: Column, text: &str) -> Result<T, (String, String)> {
    text.parse().map_err(|error: T::Err| bad(column, &error.to_string()))
}

fn optional<T: FromStr<Err: std::fmt::Display>>(column: Column, text: &str) -> Result<Option<T>, (String, String)> {
    if text.is_empty() { Ok(None) } else { parsed(column, text).map(Some) }
}

fn number<T: FromStr>(column: Column, text: &str) -> Result<Option<T>, (String, String)> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| bad(column, &format!("\"{text}\" is not a whole number that fits here")))
}

fn yes_or_no(column: Column, text: &str, otherwise: bool) -> Result<bool, (String, String)> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(otherwise),
        "1" | "yes" | "true" => Ok(true),
        "0" | "no" | "false" => Ok(false),
        _ => Err(bad(column, &format!("\"{text}\" is not an answer: yes or no is expected"))),
    }
}
