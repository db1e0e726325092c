//! From Hello to Agreed: what both databases remember is compared, and a peer that went back gets what it lost. Nobody's place
//! is taken before.

use std::cell::RefCell;

use super::handshake::{Stop, lives, unexpected};
use super::{Sessions, Wiring, crowd};
use crate::apply::Peer;
use crate::archive;
use crate::frame::{Backfill, Data, Frame, Hello, Welcome};
use crate::inbox::incarnations;
use crate::line::{Heard, Line};
use crate::outbox::DOCUMENTS;
use crate::session::{Incident, Window};

/// What both sides know when a session begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Greeted {
    /// The end of the peer's outbox.
    pub(super) last: u64,
    /// As it was told.
    pub(super) window: Window,
}

/// Welcome an admitted peer, give back what its database lost, and wait until it agrees with what is known here of it.
pub(super) async fn greet(
    wiring: &Wiring,
    sessions: &RefCell<Sessions>,
    peer: &Peer,
    hello: &Hello,
    number: u64,
    line: &mut Line,
) -> Result<Greeted, Stop> {
    if !wiring.is_compared() {
        return Err(Stop::NotCompared);
    }
    let known = incarnations::known(&wiring.database.reader, &peer.name, hello.incarnation).await?;
    known.meets(&peer.name, lives(wiring, sessions, peer).await)?;
    let window = crowd::window(wiring.settings.window, sessions.borrow().live.len());
    line.send(&Frame::Welcome(Welcome {
        name: wiring.settings.me.name.clone(),
        role: wiring.settings.me.role,
        incarnation: crate::identity::identity(&wiring.database).await?.incarnation,
        session: number,
        applied_sequence: known.applied.sequence,
        applied_chain: known.applied.chain,
        window_documents: window.documents,
        window_bytes: window.bytes,
    }))?;
    loop {
        let Heard::Frame(frame) = line.next().await? else { continue };
        match *frame {
            Frame::Backfill(asked) if asked.channel == DOCUMENTS => give_back(wiring, peer, &asked, line).await?,
            Frame::Agreed(agreed) => {
                // Another may have come meanwhile.
                known.meets(&peer.name, lives(wiring, sessions, peer).await)?;
                if !known.counts {
                    let transaction = wiring.database.begin().await?;
                    incarnations::adopt(&transaction, &peer.name, hello.incarnation).await?;
                    transaction.commit().await?;
                }
                return Ok(Greeted { last: agreed.last_sequence, window });
            }
            other => return Err(unexpected(&peer.name, &other)),
        }
    }
}

async fn give_back(wiring: &Wiring, peer: &Peer, asked: &Backfill, line: &mut Line) -> Result<(), Stop> {
    let reader = &wiring.database.reader;
    let gone = || Incident::NotKept { whose: peer.name.clone(), after: asked.after };
    let here = archive::chain_at(reader, &peer.name, asked.after).await?;
    // Who remembers nothing takes what there is.
    if asked.after > 0 && here.is_some_and(|chain| chain != asked.chain) {
        return Err(gone().into());
    }
    let documents = archive::after(reader, &peer.name, asked.after).await?;
    let follows = documents.first().is_some_and(|first| first.place.sequence == asked.after + 1 || asked.after == 0);
    if !follows {
        return Err(gone().into());
    }
    line.send(&Frame::Data(Data { channel: DOCUMENTS, documents }))?;
    Ok(())
}
