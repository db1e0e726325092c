//! Whether everything in a shop says the same price: tills, scales, labels on shelves, against the store's catalogue.

use std::fmt;

use serde::Serialize;

use crate::shelf_labels::LabelCount;
use crate::view::{Phase, ScaleView};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    pub right: u64,
    pub of: u64,
}

impl Share {
    fn of(right: impl Iterator<Item = bool>) -> Share {
        right.fold(Share::default(), |share, is_right| Share {
            right: share.right + u64::from(is_right),
            of: share.of + 1,
        })
    }

    pub fn is_whole(self) -> bool {
        self.right == self.of
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.right, self.of)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coherence {
    /// The version of the catalogue that all are measured by.
    pub version: u64,
    pub tills: Share,
    pub scales: Share,
    /// Of the labels that the last changes of prices made wrong: those that hang anew.
    pub labels: Share,
}

impl Coherence {
    /// `tills` are the versions that each till has.
    pub fn new<'a>(
        version: u64,
        tills: impl Iterator<Item = u64>,
        scales: impl Iterator<Item = &'a ScaleView>,
        labels: LabelCount,
    ) -> Coherence {
        Coherence {
            version,
            tills: Share::of(tills.map(|has| has >= version)),
            // A scale on which nothing lies sells nothing, and so nothing at an old price.
            scales: Share::of(
                scales
                    .filter(|scale| scale.sells || !matches!(scale.phase, Phase::NoPlan | Phase::Paused))
                    .map(|scale| scale.version >= version && !matches!(scale.phase, Phase::NoPlan | Phase::Paused)),
            ),
            labels: Share { right: labels.hung, of: labels.of },
        }
    }

    pub fn is_whole(&self) -> bool {
        self.version > 0 && [self.tills, self.scales, self.labels].into_iter().all(Share::is_whole)
    }
}

impl fmt::Display for Coherence {
    /// "tills 3/3, scales 4/5, labels 198/200".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tills {}, scales {}, labels {}", self.tills, self.scales, self.labels)
    }
}
