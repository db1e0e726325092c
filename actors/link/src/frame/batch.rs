//! Many documents, or many rows of a dataset, in the body of one frame.

use domain::ids::{StoreId, TillId};
use uuid::Uuid;

use super::fields::put;
use super::{Fields, FrameError};
use crate::apply::{Origin, Received};
use crate::chain::Place;
use crate::datasets::Change;

/// Everything of a document in a batch but its body, in bytes, at most: used to keep a batch within a frame.
pub const ENVELOPE_BYTES_MAX: usize = 192;
/// Everything of a row but its key and body, in bytes.
pub const ROW_ENVELOPE_BYTES: usize = 25;

/// A document and the place it has on this link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    pub place: Place,
    pub document: Received,
}

pub(crate) fn documents_to_bytes(documents: &[Numbered]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(documents.iter().map(|d| d.document.body.len() + ENVELOPE_BYTES_MAX).sum());
    for Numbered { place, document } in documents {
        put(&mut bytes, &place.sequence);
        put(&mut bytes, &place.chain);
        put(&mut bytes, document.id.as_bytes());
        put(&mut bytes, &document.type_id);
        put(&mut bytes, &document.schema);
        put(&mut bytes, &document.origin.store.as_str());
        put(&mut bytes, &document.origin.till.0);
        put(&mut bytes, &document.origin.sequence);
        put(&mut bytes, &document.origin.chain);
        put(&mut bytes, &document.created_ms);
        put(&mut bytes, &document.body);
    }
    bytes
}

pub(crate) fn documents_from_bytes(bytes: &[u8], count: u32) -> Result<Vec<Numbered>, FrameError> {
    let mut fields = Fields::new("a document", bytes);
    let mut documents = Vec::new();
    for _ in 0..count {
        let place = Place { sequence: fields.take("sequence")?, chain: fields.take("chain")? };
        let id = Uuid::from_bytes(fields.take("id")?);
        let type_id = fields.take("type_id")?;
        let schema = fields.take("schema")?;
        let store: String = fields.take("store")?;
        let store = StoreId::new(&store).map_err(|bad| fields.bad("store", bad.to_string()))?;
        let origin = Origin {
            store,
            till: TillId(fields.take("till")?),
            sequence: fields.take("origin_sequence")?,
            chain: fields.take("origin_chain")?,
        };
        let created_ms = fields.take("created_ms")?;
        let body = fields.take("body")?;
        documents.push(Numbered { place, document: Received { id, type_id, schema, origin, created_ms, body } });
    }
    fields.end()?;
    Ok(documents)
}

pub(super) fn rows_to_bytes(rows: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.iter().map(row_bytes).sum());
    for row in rows {
        put(&mut bytes, &row.key);
        put(&mut bytes, &row.version);
        put(&mut bytes, &row.deleted);
        put(&mut bytes, &row.body);
    }
    bytes
}

/// What a row takes in a chunk.
pub(crate) fn row_bytes(row: &Change) -> usize {
    row.key.len() + row.body.len() + ROW_ENVELOPE_BYTES
}

pub(super) fn rows_from_bytes(bytes: &[u8], count: u32) -> Result<Vec<Change>, FrameError> {
    let mut fields = Fields::new("a row", bytes);
    let mut rows = Vec::new();
    for _ in 0..count {
        rows.push(Change {
            key: fields.take("key")?,
            version: fields.take("version")?,
            deleted: fields.take("deleted")?,
            body: fields.take("body")?,
        });
    }
    fields.end()?;
    Ok(rows)
}
