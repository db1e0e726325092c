//! What a lower node shows above: its key, its certificate, and the authorities that it believes in. One file, replaced
//! whole when the certificate is renewed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use rustls::pki_types::CertificateDer;

use super::certificate::{self, Shown, Usage, to_pem};
use super::key::NodeKey;
use super::{TrustError, files};
use crate::apply::Peer;

/// The file in the folder of keys.
const FILE: &str = "credentials.pem";
const WANTED: &str = "the key and the certificate of this node";

#[derive(Debug)]
pub struct Credentials {
    file: PathBuf,
    key: NodeKey,
    held: Mutex<Held>,
    /// By how much the clock of the node above is ahead, as it said last.
    ahead_ms: AtomicI64,
}

#[derive(Debug)]
struct Held {
    shown: Shown,
    certificate: CertificateDer<'static>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Credentials {
    /// What lies in `folder`; none for a node that was not enrolled.
    pub fn open(folder: &Path) -> Result<Option<Credentials>, TrustError> {
        let file = folder.join(FILE);
        let Some(text) = files::read(&file)? else { return Ok(None) };
        let content = || TrustError::Content { file: file.clone(), wanted: WANTED };
        let key = NodeKey::from_pem(&text).ok_or_else(content)?;
        let held = Held::read(certificate::all_in(&text), &key).map_err(|_| content())?;
        Ok(Some(Credentials { file, key, held: Mutex::new(held), ahead_ms: AtomicI64::new(0) }))
    }

    /// Keep what a node above answered to the enrolment of `me`: its certificate first, then the authorities to believe.
    pub(crate) fn keep(
        folder: &Path,
        key: NodeKey,
        me: &Peer,
        answer: Vec<CertificateDer<'static>>,
    ) -> Result<Credentials, TrustError> {
        let held = Held::read(answer, &key)?;
        if held.shown.peer != *me {
            let Peer { name, role } = &held.shown.peer;
            return Err(TrustError::Answer(format!("its certificate is for {role} \"{name}\"")));
        }
        let kept = Credentials { file: folder.join(FILE), key, held: Mutex::new(held), ahead_ms: AtomicI64::new(0) };
        kept.write(&kept.lock())?;
        Ok(kept)
    }

    /// Keep a new certificate for the same key.
    pub(crate) fn renew(&self, answer: &str) -> Result<(), TrustError> {
        let fresh = Held::read(certificate::all_in(answer), &self.key)?;
        let mut held = self.lock();
        if fresh.shown.peer != held.shown.peer || fresh.shown.until_s < held.shown.until_s {
            return Err(TrustError::Answer("its certificate is not a newer one of this node".to_owned()));
        }
        self.write(&fresh)?;
        *held = fresh;
        Ok(())
    }

    pub fn peer(&self) -> Peer {
        self.lock().shown.peer.clone()
    }

    /// Until when the certificate holds, in seconds since 1970.
    pub fn until_s(&self) -> u64 {
        self.lock().shown.until_s
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.lock().certificate.clone()
    }

    pub(crate) fn trusted(&self) -> Vec<CertificateDer<'static>> {
        self.lock().trusted.clone()
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, TrustError> {
        self.key.sign(text)
    }

    /// The node above says what time it is; its clock is the one that counts.
    pub(crate) fn set_time(&self, upper_ms: u64) {
        let ahead = i64::try_from(upper_ms).unwrap_or(i64::MAX).saturating_sub(Utc::now().timestamp_millis());
        self.ahead_ms.store(ahead, Ordering::Relaxed);
    }

    /// Two thirds of the certificate's life are over.
    pub(crate) fn is_due(&self) -> bool {
        let Shown { from_s, until_s, .. } = self.lock().shown;
        self.upper_now_s() >= until_s.saturating_sub(until_s.saturating_sub(from_s) / 3)
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.upper_now_s() > self.until_s()
    }

    fn upper_now_s(&self) -> u64 {
        let now = Utc::now().timestamp_millis().saturating_add(self.ahead_ms.load(Ordering::Relaxed));
        u64::try_from(now).unwrap_or_default() / 1_000
    }

    fn write(&self, held: &Held) -> Result<(), TrustError> {
        let certificates = std::iter::once(&held.certificate).chain(&held.trusted);
        files::replace(&self.file, &certificates.fold(self.key.to_pem(), |text, one| text + &to_pem(one)))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // What is held is replaced in one step: a panic elsewhere does not spoil it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// The certificate of `key`, and after it the authorities to believe.
    fn read(certificates: Vec<CertificateDer<'static>>, key: &NodeKey) -> Result<Held, TrustError> {
        let mut certificates = certificates.into_iter();
        let certificate = certificates.next().ok_or_else(|| TrustError::Answer("it has no certificate".to_owned()))?;
        let trusted: Vec<_> = certificates.collect();
        let shown = certificate::check(&trusted, std::slice::from_ref(&certificate), Usage::Lower)
            .map_err(|doubt| TrustError::Answer(doubt.to_string()))?;
        if shown.key != Some(key.public()) {
            return Err(TrustError::Answer("its certificate is for another key".to_owned()));
        }
        Ok(Held { shown, certificate, trusted })
    }
}
