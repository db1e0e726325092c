//! TLS of links: certificates of our own authorities on both ends, with rustls and ring.
//!
//! A lower node believes the authority that it was enrolled with and no other, whatever the machine it dials is called. A
//! listener may have a second certificate for people's browsers: nodes ask for theirs by a name of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme, version};

use crate::gate::Gate;
use crate::trust::TrustError;
use crate::trust::certificate::{self, Usage};

/// What nodes ask a listener for.
pub(super) const SERVER_NAME: &str = "link.openstore.internal";

/// Which authority a listener must be certified by.
#[derive(Clone, Debug)]
pub(crate) enum Pin {
    Trusted(Vec<CertificateDer<'static>>),
    /// Of a node that is being enrolled.
    Fingerprint([u8; 16]),
}

/// Certificate and key of a listener for people, in PEM files.
#[derive(Clone, Debug)]
pub struct PeopleFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What a listener of the node behind `gate` shows.
pub fn server(gate: &Gate, people: Option<&PeopleFiles>) -> Result<ServerConfig, TrustError> {
    let provider = Arc::new(ring::default_provider());
    let (chain, key) = gate.authority().listener(gate.me())?;
    let unusable = |error: Error| TrustError::Answer(error.to_string());
    let links = Arc::new(CertifiedKey::from_der(chain, key, &provider).map_err(unusable)?);
    let people = match people {
        Some(files) => Arc::new(from_files(files, &provider)?),
        None => links.clone(),
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByName { links, people }));
    Ok(config)
}

fn from_files(files: &PeopleFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TrustError> {
    let content = |file: &Path, wanted| TrustError::Content { file: file.to_owned(), wanted };
    let no_chain = |_| content(&files.certificate, "certificates in PEM");
    let chain = CertificateDer::pem_file_iter(&files.certificate).map_err(no_chain)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(no_chain)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|_| content(&files.key, "a private key in PEM"))?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|_| content(&files.key, "the private key of the certificate beside it"))
}

#[derive(Debug)]
struct ByName {
    links: Arc<CertifiedKey>,
    people: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certified = if hello.server_name() == Some(SERVER_NAME) { &self.links } else { &self.people };
        Some(certified.clone())
    }
}

pub(super) fn client(pin: Pin) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Pinned { pin, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    Ok(config)
}

#[derive(Debug)]
struct Pinned {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn is_believed(&self, chain: &[CertificateDer<'_>]) -> bool {
        match &self.pin {
            Pin::Trusted(trusted) => certificate::check(trusted, chain, Usage::Upper).is_ok(),
            Pin::Fingerprint(wanted) => chain.iter().any(|one| {
                certificate::fingerprint(one) == Some(*wanted)
                    && certificate::check(std::slice::from_ref(one), chain, Usage::Upper).is_ok()
            }),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<_> = std::iter::once(end_entity).chain(intermediates).cloned().collect();
        if self.is_believed(&chain) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
