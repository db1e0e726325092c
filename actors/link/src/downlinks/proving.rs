//! A connection that has said Hello shows who it is: by its key at the gate, or by a token if it is on this machine.

use super::Wiring;
use super::handshake::{Stop, unexpected};
use crate::apply::Peer;
use crate::frame::{Auth, Frame, Hello, Reply, ReplyStatus, Request};
use crate::gate::refusals::Refusal;
use crate::gate::{Gate, Judged, Seat};
use crate::line::{Heard, Line};
use crate::requests::RENEW;
use crate::trust::proof;

/// The seat of a node with a key; none for one with a token.
pub(super) async fn show(wiring: &Wiring, line: &mut Line, peer: &Peer, hello: &Hello) -> Result<Option<Seat>, Stop> {
    match wiring.admit.gate() {
        Some(gate) if proof::shows_key(&hello.token) => by_key(gate, line, hello).await.map(Some),
        _ if !line.is_near() => {
            let sentence = "over a network a token is not taken: enrol this node with `store-node enrol`".to_owned();
            Err(Stop::Refused(Refusal::new("token over a network", sentence)))
        }
        _ => wiring.admit.admit(peer, &hello.token).await.map(|()| None).map_err(Stop::NotAdmitted),
    }
}

async fn by_key(gate: &Gate, line: &mut Line, hello: &Hello) -> Result<Seat, Stop> {
    let challenge = gate.challenge(hello).map_err(Stop::Refused)?;
    line.send(&Frame::Challenge(challenge.clone()))?;
    let auth = auth(line).await?;
    match gate.judge(hello, challenge, auth).await.map_err(Stop::Refused)? {
        Judged::In(seat) => Ok(seat),
        Judged::RenewOnly(seat) => Err(renew(line, hello, &seat).await?),
    }
}

/// Answer one request for a new certificate, and nothing else.
async fn renew(line: &mut Line, hello: &Hello, seat: &Seat) -> Result<Stop, Stop> {
    let Request { id, type_id, .. } = match frame(line).await? {
        Frame::Request(request) => request,
        other => return Err(unexpected(&hello.name, &other)),
    };
    if type_id != RENEW {
        let sentence = "the certificate has expired: it may only be renewed".to_owned();
        return Err(Stop::Refused(Refusal::new("expired", sentence)));
    }
    let body = seat.renew().await.map_err(|sentence| Stop::Refused(Refusal::new("expired", sentence)))?;
    line.send(&Frame::Reply(Reply { id, status: ReplyStatus::Answered, body }))?;
    Ok(Stop::Renewed)
}

async fn auth(line: &mut Line) -> Result<Auth, Stop> {
    match frame(line).await? {
        Frame::Auth(auth) => Ok(auth),
        other => Err(unexpected("a connection", &other)),
    }
}

pub(super) async fn frame(line: &mut Line) -> Result<Frame, Stop> {
    loop {
        if let Heard::Frame(frame) = line.next().await? {
            return Ok(*frame);
        }
    }
}
