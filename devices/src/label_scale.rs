//! Label-printing scales: what a scales server asks of one, and the list of the protocols that are spoken.
//!
//! A scale is made equal to a list of articles, so everything asked of it may be asked again: writing an article that is
//! there writes it once more, deleting one that is not there is done. A call that fails says how much of its list was
//! surely done, and the caller goes on from there.
//!
//! Must never: take a late answer to one article for an answer to the next; choose what lies on a scale.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use std::fmt;

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::port::Connector;

pub mod cas_cl5000;
pub mod item;
mod link;
pub mod massak_vpm;
pub mod mertech;
pub mod picture;
pub mod shtrih_print;
pub(crate) mod text;

use cas_cl5000::CasCl5000;
use massak_vpm::MassakVpm;
use mertech::Mertech;
use shtrih_print::ShtrihPrint;

pub use item::{Abilities, BarcodeValue, ItemUnit, PrefixRule, ScaleItem, ScaleItemRefusal};
pub use link::{Decode, Frames, Timing};

/// How the bytes of a protocol travel, if it has more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Datagram,
    Serial,
    Tcp,
}

/// What a scale says of itself; nothing where its protocol is silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelScaleStatus {
    pub model: String,
    /// Articles in memory.
    pub items: Option<usize>,
    pub clock: Option<NaiveDateTime>,
    /// There is tape to print on.
    pub paper: Option<bool>,
    /// Somebody is in its menu, or it clears its memory.
    pub busy: bool,
}

/// What was sold of one article since the totals were last cleared at the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleTotal {
    pub plu: u32,
    /// In kilograms or pieces, as the article is sold.
    pub quantity: Quantity,
    /// Nothing if the scale keeps no sums of money.
    pub sum: Option<Money>,
    pub labels: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelScaleError {
    #[error("the scale is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    #[error("the scale did not answer")]
    NoAnswer,
    #[error("the scale's answer cannot be understood: {what}")]
    Protocol { what: String },
    #[error("the scale refuses: {sentence} (code {code})")]
    Refused { code: u16, sentence: String },
    #[error("the memory of the scale is full: take goods off it")]
    MemoryFull,
    #[error("what was written to the scale is gone: it must be loaded anew")]
    GoodsLost,
    #[error("the scale is busy: somebody works at it, or it clears its memory")]
    Busy,
    #[error("this scale cannot do that")]
    NotSupported,
    #[error("PLU {plu} does not fit: {refusal}")]
    Unfit { plu: u32, refusal: ScaleItemRefusal },
}

/// A call that stopped inside its list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{done} done, then: {cause}")]
pub struct Halted {
    /// The first so many of the list are surely done; of the next ones nothing is known.
    pub done: usize,
    pub cause: LabelScaleError,
}

/// A label-printing scale. One call at a time; a call may reopen a lost port by itself. What the protocol cannot do
/// answers [`LabelScaleError::NotSupported`].
pub trait LabelScale: Send {
    /// What it can keep and do; the sizes of its tables are known better after [`LabelScale::status`].
    fn abilities(&self) -> Abilities;

    /// What [`LabelScale::read_back`] answers if the scale keeps this article: some fields stay behind in the protocol.
    fn kept(&self, item: &ScaleItem) -> ScaleItem;

    fn status(&mut self) -> BoxFuture<'_, Result<LabelScaleStatus, LabelScaleError>>;

    /// How many articles go to the scale together, and halt together.
    fn batch_items(&self) -> usize {
        1
    }

    /// Write one batch, each article in place of what its PLU had. Only [`LabelScale::upload`] calls this, after it has
    /// seen that everything fits.
    fn write<'a>(&'a mut self, batch: &'a [ScaleItem]) -> BoxFuture<'a, Result<(), LabelScaleError>>;

    /// Take one batch of articles off. One that is not there is as good as taken off. Only [`LabelScale::delete`] calls
    /// this.
    fn erase<'a>(&'a mut self, batch: &'a [u32]) -> BoxFuture<'a, Result<(), LabelScaleError>>;

    /// Write articles in this order. Nothing is sent if one of them does not fit, see [`Abilities::fits`].
    fn upload<'a>(&'a mut self, items: &'a [ScaleItem]) -> BoxFuture<'a, Result<usize, Halted>> {
        Box::pin(async move {
            let abilities = self.abilities();
            let mut done = 0;
            for item in items {
                let unfit = |refusal| Halted { done, cause: LabelScaleError::Unfit { plu: item.plu, refusal } };
                abilities.fits(item).map_err(unfit)?;
            }
            for batch in items.chunks(self.batch_items()) {
                self.write(batch).await.map_err(|cause| Halted { done, cause })?;
                done += batch.len();
            }
            Ok(done)
        })
    }

    /// Take articles off, in this order.
    fn delete<'a>(&'a mut self, plus: &'a [u32]) -> BoxFuture<'a, Result<usize, Halted>> {
        Box::pin(async move {
            let mut done = 0;
            for batch in plus.chunks(self.batch_items()) {
                self.erase(batch).await.map_err(|cause| Halted { done, cause })?;
                done += batch.len();
            }
            Ok(done)
        })
    }

    /// Take all articles and their texts off; returns when the memory is empty.
    fn clear(&mut self) -> BoxFuture<'_, Result<(), LabelScaleError>>;

    fn read_back(&mut self, _plu: u32) -> BoxFuture<'_, Result<Option<ScaleItem>, LabelScaleError>> {
        Box::pin(async { Err(LabelScaleError::NotSupported) })
    }

    fn set_time(&mut self, _now: NaiveDateTime) -> BoxFuture<'_, Result<(), LabelScaleError>> {
        Box::pin(async { Err(LabelScaleError::NotSupported) })
    }

    /// Let keys call articles: pairs of key, from 1, and PLU.
    fn set_hot_keys<'a>(&'a mut self, _keys: &'a [(u16, u32)]) -> BoxFuture<'a, Result<(), LabelScaleError>> {
        Box::pin(async { Err(LabelScaleError::NotSupported) })
    }

    /// What was sold of these articles; one that was not sold has no line.
    fn totals<'a>(&'a mut self, _plus: &'a [u32]) -> BoxFuture<'a, Result<Vec<ScaleTotal>, LabelScaleError>> {
        Box::pin(async { Err(LabelScaleError::NotSupported) })
    }
}

/// What one scale is set to, beside its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelScaleSetup {
    /// Four digits in ASCII, where the protocol has a password; nothing: as the scale leaves the factory.
    pub password: Option<[u8; 4]>,
    /// The first two digits of printed barcodes, where a driver sets them.
    pub weight_prefix: u8,
    pub piece_prefix: u8,
    /// What the printed barcode carries, where a driver sets it, see [`Abilities::sums`].
    pub barcode_value: BarcodeValue,
    pub timing: Timing,
}

impl Default for LabelScaleSetup {
    fn default() -> LabelScaleSetup {
        LabelScaleSetup {
            password: None,
            weight_prefix: 22,
            piece_prefix: 23,
            barcode_value: BarcodeValue::default(),
            timing: Timing::default(),
        }
    }
}

/// A protocol that the scales server can be set to.
pub struct LabelScaleProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    /// An address as it leaves the factory.
    pub address: &'static str,
    pub driver: fn(Connector, LabelScaleSetup) -> Box<dyn LabelScale>,
}

impl fmt::Debug for LabelScaleProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LabelScaleProtocol").field(&self.name).finish()
    }
}

/// Every label scale protocol that is spoken.
pub fn all() -> &'static [LabelScaleProtocol] {
    &[
        LabelScaleProtocol {
            name: "shtrih-print",
            title: "Shtrih-Print over Ethernet",
            address: "udp://192.168.1.1:1111",
            driver: |connector, setup| Box::new(ShtrihPrint::new(connector, Wire::Datagram, setup)),
        },
        LabelScaleProtocol {
            name: "shtrih-print-serial",
            title: "Shtrih-Print over a serial line",
            address: "serial:///dev/ttyS0?baud=9600",
            driver: |connector, setup| Box::new(ShtrihPrint::new(connector, Wire::Serial, setup)),
        },
        LabelScaleProtocol {
            name: "massak-vpm",
            title: "Massa-K VPM, TB-P3",
            address: "tcp://192.168.1.1:5001",
            driver: |connector, setup| Box::new(MassakVpm::new(connector, setup)),
        },
        LabelScaleProtocol {
            name: "mertech",
            title: "Mertech M-ER 725 PM and others",
            address: "tcp://192.168.1.1:1111",
            driver: |connector, setup| Box::new(Mertech::new(connector, setup)),
        },
        LabelScaleProtocol {
            name: "cas-cl5000",
            title: "CAS CL5000",
            address: "tcp://192.168.1.1:20304",
            driver: |connector, setup| Box::new(CasCl5000::new(connector, setup)),
        },
    ]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static LabelScaleProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
