//! What a certificate says, and whether an authority stands behind it. Pure functions over bytes.
//!
//! The name of a node is a URI in it: `openstore://store/S1`, `openstore://till/S1/3`. Dates are told, not judged: only an
//! upper node judges those of its lower nodes, by its own clock. Authorities and upper nodes have dates without end,
//! because the clock of a shop's machine may be years off and the link is where it would be noticed.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::key::PublicKey;
use crate::apply::{Peer, PeerRole};

/// How a certificate is marked in a text.
pub(super) const PEM_TAG: &str = "CERTIFICATE";
const SCHEME: &str = "openstore://";
/// What stands in a name as it is; letters of other languages are written by their bytes.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
/// Nodes sign with Ed25519; authorities with P-256, which browsers know too.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[webpki::ring::ED25519, webpki::ring::ECDSA_P256_SHA256];
/// The last second that a certificate can name, in the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

pub(super) fn to_pem(certificate: &CertificateDer<'_>) -> String {
    pem::encode(&pem::Pem::new(PEM_TAG, certificate.as_ref()))
}

/// The certificates in a text, in their order.
pub fn all_in(text: &str) -> Vec<CertificateDer<'static>> {
    let blocks = pem::parse_many(text).unwrap_or_default().into_iter();
    blocks.filter(|block| block.tag() == PEM_TAG).map(|block| CertificateDer::from(block.into_contents())).collect()
}

/// What a certificate is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To be dialled.
    Upper,
    /// To dial.
    Lower,
}

/// A certificate that an authority stands behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub peer: Peer,
    /// None for the key of a listener, which is of another kind.
    pub key: Option<PublicKey>,
    /// Seconds since 1970 from which and until which it holds.
    pub from_s: u64,
    pub until_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("the certificate cannot be read")]
    Unreadable,
    #[error("the certificate is of another authority, or for another use")]
    Foreign,
    #[error("the certificate names no node")]
    Nameless,
}

pub(super) fn uri(peer: &Peer) -> String {
    format!("{SCHEME}{}/{}", peer.role, utf8_percent_encode(&peer.name, PLAIN))
}

fn peer_of(uri: &str) -> Option<Peer> {
    let (role, name) = uri.strip_prefix(SCHEME)?.split_once('/')?;
    let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    Some(Peer { name, role: PeerRole::from_word(role)? })
}

/// Check that one of `trusted` stands behind the first of `chain`, if need be by way of the others.
pub fn check(trusted: &[CertificateDer<'_>], chain: &[CertificateDer<'_>], usage: Usage) -> Result<Shown, Doubt> {
    let (leaf, between) = chain.split_first().ok_or(Doubt::Unreadable)?;
    let certificate = EndEntityCert::try_from(leaf).map_err(|_| Doubt::Unreadable)?;
    let anchors: Vec<TrustAnchor<'_>> =
        trusted.iter().map(anchor_from_trusted_cert).collect::<Result<_, _>>().map_err(|_| Doubt::Unreadable)?;
    let at = |second: u64| {
        let usage = match usage {
            Usage::Upper => KeyUsage::server_auth(),
            Usage::Lower => KeyUsage::client_auth(),
        };
        let time = UnixTime::since_unix_epoch(Duration::from_secs(second));
        certificate.verify_for_usage(ALGORITHMS, &anchors, between, time, usage, None, None).err()
    };
    // The dates are asked of the checker itself, by checking long before and long after: so nothing else reads them.
    let from_s = match at(0) {
        Some(Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
        _ => return Err(Doubt::Foreign),
    };
    let until_s = match at(LAST_SECOND + 1) {
        Some(Error::CertExpired { not_after, .. }) => not_after.as_secs(),
        _ => return Err(Doubt::Foreign),
    };
    if at(from_s).is_some() {
        return Err(Doubt::Foreign);
    }
    let peer = certificate.valid_uri_names().find_map(peer_of).ok_or(Doubt::Nameless)?;
    let key = PublicKey::from_spki(&certificate.subject_public_key_info());
    Ok(Shown { peer, key, from_s, until_s })
}

/// Whether the key of `certificate` signed `text`.
pub fn has_signed(certificate: &CertificateDer<'_>, text: &[u8], signature: &[u8]) -> bool {
    EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.verify_signature(webpki::ring::ED25519, text, signature).is_ok())
}

/// By what an authority is known before its certificate is: 16 bytes of the SHA-256 of its public key.
pub fn fingerprint(authority: &CertificateDer<'_>) -> Option<[u8; 16]> {
    let certificate = EndEntityCert::try_from(authority).ok()?;
    let digest = Sha256::digest(certificate.subject_public_key_info());
    digest.first_chunk().copied()
}

/// Whether the authority of `certificate` signed it itself.
pub(super) fn is_own(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|read| read.issuer() == read.subject())
}
