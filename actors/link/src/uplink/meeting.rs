//! What the node above remembers of this one, against what this one remembers: before anything is sent, a database that went
//! back takes again what it lost.

use chrono::Utc;

use super::Wiring;
use super::session::{Stop, frame, unexpected};
use crate::chain::Place;
use crate::frame::{Backfill, Frame, Numbered};
use crate::identity::{self, Identity};
use crate::line::Line;
use crate::outbox::{self, DOCUMENTS, Heads};
use crate::recovery::{self, BACKFILL_WITHIN, Recovery};
use crate::session::Incident;
use crate::session::meeting::{Own, Verdict};

/// Find our own history in what the node above has, or make it so that it is there.
pub(super) async fn compare(
    wiring: &Wiring,
    line: &mut Line,
    peer: &str,
    identity: Identity,
    heads: Heads,
    applied: Place,
) -> Result<(), Stop> {
    let Wiring { database, settings, .. } = wiring;
    let here = if applied.sequence == heads.acked.sequence {
        Some(heads.acked.chain)
    } else {
        outbox::chain_at(&database.reader, applied.sequence).await?
    };
    let own = Own { last: heads.last, acked: heads.acked, compared: identity.compared };
    let verdict = own.meets(peer, applied, here)?;
    match (verdict, &wiring.restore) {
        (Verdict::GoOn, _) => {
            if applied.sequence < own.acked.sequence {
                let again = outbox::after(&database.reader, applied.sequence, own.acked.sequence, 1, 1).await?;
                if again.first().is_none_or(|first| first.place.sequence != applied.sequence + 1) {
                    return Err(own.too_old(peer, applied).into());
                }
                tracing::warn!(
                    above = peer,
                    from = applied.sequence,
                    upto = own.acked.sequence,
                    "the node above went back: documents are sent again"
                );
            }
            if !identity.compared {
                recovery::nothing_is_missing(database, wiring.restore.as_deref()).await?;
            }
        }
        (Verdict::Renew, Some(_)) => {
            identity::renew(database).await?;
            wiring.note.forget().await;
            wiring.compared.send_replace(false);
            return Err(Stop::OldCopy);
        }
        (Verdict::Recover, Some(restore)) => {
            let mut recovery = Recovery::begin(database, peer, own, applied).await?;
            while !recovery.is_done() {
                let Place { sequence, chain } = recovery.place;
                line.send(&Frame::Backfill(Backfill { channel: DOCUMENTS, after: sequence, chain }))?;
                let lost = tokio::time::timeout(BACKFILL_WITHIN, backfilled(line)).await;
                let batch = lost.map_err(|_| Stop::NoBackfill)??;
                recovery.take(database, restore.as_ref(), &batch, Utc::now().timestamp_millis()).await?;
            }
            recovery.finish(database, &settings.me).await?;
        }
        (Verdict::Renew | Verdict::Recover, None) => {
            let what = format!("it has {} documents of ours, we made {}", applied.sequence, own.last.sequence);
            return Err(Incident::Protocol { whose: peer.to_owned(), what }.into());
        }
    }
    // A database that was compared and has no note is not believed after a restart.
    wiring.note.keep(database).await;
    wiring.compared.send_replace(true);
    Ok(())
}

async fn backfilled(line: &mut Line) -> Result<Vec<Numbered>, Stop> {
    match frame(line).await? {
        Frame::Data(data) if data.channel == DOCUMENTS => Ok(data.documents),
        other => Err(unexpected(&other)),
    }
}
