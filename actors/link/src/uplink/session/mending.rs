//! Datasets of this node compared with those above, and rows that are mended.

use std::sync::Arc;

use futures_util::FutureExt;
use sea_orm::DbErr;

use super::{Session, Stop};
use crate::datasets::digest::{Mended, Sums};
use crate::datasets::{At, DatasetSink};
use crate::frame::{Anew, Digest, Frame};
use crate::line::Line;
use crate::session::mending::Job;

/// What came of comparing rows.
pub(super) enum Looked {
    Sums(&'static str, Option<At<Sums>>),
    Mended(&'static str, u32, Option<Mended>),
}

impl Session<'_> {
    pub(super) fn asked_to_compare(&mut self, digest: &Digest) {
        if let Some(dataset) = self.taking.named(&digest.dataset) {
            self.mending.asked(dataset, self.taking.level(dataset), digest);
        }
    }

    pub(super) fn rows_to_mend(&mut self, anew: Anew) -> Result<(), Stop> {
        match self.taking.named(&anew.dataset) {
            Some(dataset) => Ok(self.mending.rows(dataset, anew)?),
            None => Ok(()),
        }
    }

    pub(super) fn start_looking(&mut self) {
        if self.looking.is_none()
            && let Some(sink) = self.wiring.sink.clone()
            && let Some(job) = self.mending.next_job()
        {
            self.looking = Some(look(sink, job).boxed_local());
        }
    }

    pub(super) fn looked(&mut self, line: &mut Line, looked: Result<Looked, DbErr>) -> Result<(), Stop> {
        match looked? {
            Looked::Sums(dataset, sums) => {
                if let Some(answer) = self.mending.summed(dataset, sums) {
                    line.send(&Frame::Digest(answer))?;
                }
            }
            Looked::Mended(dataset, round, mended) => {
                if let Some(mended) = mended.as_ref().filter(|mended| mended.rows() > 0) {
                    tracing::error!(dataset, rows = %mended, "rows were not as above and have been mended");
                    self.status.borrow_mut().mended += mended.rows();
                    self.wiring.datasets_bell.ring();
                }
                self.mending.mended(dataset, round, mended);
            }
        }
        Ok(())
    }
}

async fn look(sink: Arc<dyn DatasetSink>, job: Job) -> Result<Looked, DbErr> {
    Ok(match job {
        Job::Sum { dataset } => Looked::Sums(dataset, sink.own_digest(dataset).await?),
        Job::Mend { dataset, version, round, buckets, rows } => {
            Looked::Mended(dataset, round, sink.mend(dataset, version, buckets, rows).await?)
        }
    })
}
