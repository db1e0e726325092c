//! The key of a node: Ed25519, made where it is used.

use data_encoding::HEXLOWER;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::TrustError;

/// A private key. It is printed nowhere but in its file.
pub struct NodeKey(KeyPair);

impl NodeKey {
    pub fn make() -> Result<NodeKey, TrustError> {
        Ok(NodeKey(KeyPair::generate_for(&PKCS_ED25519)?))
    }

    /// Of a PKCS #8 text; none if it is no Ed25519 key.
    pub fn from_pem(text: &str) -> Option<NodeKey> {
        KeyPair::from_pkcs8_pem_and_sign_algo(text, &PKCS_ED25519).ok().map(NodeKey)
    }

    pub(super) fn to_pem(&self) -> String {
        self.0.serialize_pem()
    }

    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key_raw());
        PublicKey(bytes)
    }

    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, TrustError> {
        Ok(self.0.sign(text)?)
    }
}

impl std::fmt::Debug for NodeKey {
    /// Without what is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeKey({})", self.public())
    }
}

/// What others know of a key, and tell it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// A SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410).
const SPKI_START: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    pub(super) fn from_spki(der: &[u8]) -> Option<PublicKey> {
        der.strip_prefix(SPKI_START.as_slice())?.try_into().ok().map(PublicKey)
    }

    pub fn from_hex(text: &str) -> Option<PublicKey> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(PublicKey)
    }

    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(text, signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&HEXLOWER.encode(&self.0))
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}
