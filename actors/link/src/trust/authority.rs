//! The authority of an upper node: a key that certifies the nodes below, and the upper node itself.
//!
//! One file holds its key and all certificates, so that a change of the key is whole or not at all. After a change the
//! certificates of the authority before are still good, and its last act was to sign the new one: so nodes that know only
//! the old authority find the way to the new. Its key is gone then.

use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use super::certificate::{self, Usage, to_pem};
use super::key::{NodeKey, PublicKey};
use super::{TrustError, files};
use crate::apply::Peer;

/// The file in the folder of keys.
const FILE: &str = "authority.pem";
const WANTED: &str = "the key and the certificate of an authority";
/// Older authorities that are still believed; each sends its certificate along in every Challenge.
const OLDER_MAX: usize = 3;

/// A certificate authority with its private key.
pub struct Authority {
    key: KeyPair,
    /// Its own certificate, then those of older authorities that are still believed.
    trusted: Vec<CertificateDer<'static>>,
    /// The newest signed by the one before, that signed by the one before it, and so on.
    bridge: Vec<CertificateDer<'static>>,
}

/// What an upper node shows on every line: made anew at each start, and kept in memory alone.
#[derive(Debug)]
pub(crate) struct UpperProof {
    pub(crate) key: NodeKey,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// The authority in `folder`, made if there is none.
    pub fn open_or_make(folder: &Path) -> Result<Authority, TrustError> {
        let file = folder.join(FILE);
        if let Some(authority) = Authority::read(&file)? {
            return Ok(authority);
        }
        files::create(&file, &Authority::make()?.text())?;
        Authority::read(&file)?.ok_or(TrustError::Content { file, wanted: WANTED })
    }

    /// Put a new authority in the place of the one in `folder`. Certificates of older ones stay good unless `forget`.
    pub fn change(folder: &Path, forget: bool) -> Result<Authority, TrustError> {
        let old = Authority::open_or_make(folder)?;
        let mut new = Authority::make()?;
        if !forget {
            new.bridge.push(params_of(&new.key).signed_by(&new.key, &old.issuer())?.der().clone());
            new.bridge.extend(old.bridge.iter().take(OLDER_MAX - 1).cloned());
            new.trusted.extend(old.trusted.iter().take(OLDER_MAX).cloned());
        }
        files::replace(&folder.join(FILE), &new.text())?;
        Ok(new)
    }

    fn make() -> Result<Authority, TrustError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let own = params_of(&key).self_signed(&key)?.der().clone();
        Ok(Authority { key, trusted: vec![own], bridge: Vec::new() })
    }

    fn read(file: &Path) -> Result<Option<Authority>, TrustError> {
        let Some(text) = files::read(file)? else { return Ok(None) };
        let content = || TrustError::Content { file: PathBuf::from(file), wanted: WANTED };
        let blocks = pem::parse_many(&text).map_err(|_| content())?;
        let (secret, public): (Vec<_>, Vec<_>) =
            blocks.into_iter().partition(|block| block.tag() != certificate::PEM_TAG);
        let secret = secret.first().ok_or_else(content)?;
        let secret = PrivatePkcs8KeyDer::from(secret.contents());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&secret, &PKCS_ECDSA_P256_SHA256).map_err(|_| content())?;
        let certificates = public.into_iter().map(|block| CertificateDer::from(block.into_contents()));
        let (trusted, bridge): (Vec<_>, Vec<_>) = certificates.partition(certificate::is_own);
        let of_key = Sha256::digest(key.subject_public_key_info());
        match trusted.first().and_then(certificate::fingerprint) {
            Some(fingerprint) if of_key.starts_with(&fingerprint) => Ok(Some(Authority { key, trusted, bridge })),
            _ => Err(content()),
        }
    }

    fn text(&self) -> String {
        let certificates = self.trusted.iter().chain(&self.bridge);
        certificates.fold(self.key.serialize_pem(), |text, one| text + &to_pem(one))
    }

    fn issuer(&self) -> Issuer<'static, &KeyPair> {
        Issuer::new(params_of(&self.key), &self.key)
    }

    /// Certificates of this authority, and of older ones that are still believed.
    pub fn trusted(&self) -> &[CertificateDer<'static>] {
        &self.trusted
    }

    pub fn fingerprint(&self) -> [u8; 16] {
        self.trusted.first().and_then(certificate::fingerprint).unwrap_or_default()
    }

    /// A certificate for a lower node with `key`, and the authorities that it is to believe, as text.
    pub fn certify(&self, key: &PublicKey, peer: &Peer, from_s: u64, until_s: u64) -> Result<String, TrustError> {
        let mut params = params(peer, Usage::Lower)?;
        params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(from_s);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(until_s);
        let own = params.signed_by(key, &self.issuer())?;
        Ok(self.trusted.iter().fold(to_pem(own.der()), |text, one| text + &to_pem(one)))
    }

    /// What the upper node `me` signs its Challenges with.
    pub(crate) fn upper(&self, me: &Peer) -> Result<UpperProof, TrustError> {
        let key = NodeKey::make()?;
        let own = params(me, Usage::Upper)?.signed_by(&key.public(), &self.issuer())?;
        Ok(UpperProof { chain: self.chain(own.der()), key })
    }

    /// The key and the certificates of a listener, of a kind that browsers know.
    pub(crate) fn listener(
        &self,
        me: &Peer,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TrustError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(me, Usage::Upper)?;
        params.subject_alt_names.push(SanType::DnsName("localhost".try_into()?));
        let own = params.signed_by(&key, &self.issuer())?;
        let mut chain = self.chain(own.der());
        // A node that is being enrolled knows the authority by its fingerprint only.
        chain.extend(self.trusted.first().cloned());
        Ok((chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }

    fn chain(&self, own: &CertificateDer<'static>) -> Vec<CertificateDer<'static>> {
        std::iter::once(own).chain(&self.bridge).cloned().collect()
    }
}

impl std::fmt::Debug for Authority {
    /// Without its key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", HEXLOWER.encode(&self.fingerprint()))
    }
}

/// Of an authority: its name follows from its key, so that two never have the same.
fn params_of(key: &KeyPair) -> CertificateParams {
    let digest = HEXLOWER.encode(&Sha256::digest(key.subject_public_key_info()));
    let mut params = named(&format!("OpenStore authority {}", &digest[..16]));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(peer: &Peer, usage: Usage) -> Result<CertificateParams, TrustError> {
    let mut params = named(&peer.name);
    params.subject_alt_names = vec![SanType::URI(certificate::uri(peer).try_into()?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match usage {
        Usage::Upper => ExtendedKeyUsagePurpose::ServerAuth,
        Usage::Lower => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    Ok(params)
}

/// Parameters with a common name, a random number, and dates without end.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&rand::random::<[u8; 16]>()));
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    params
}
