//! How links are protected: section `[link]` of the settings of every node.

use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use link::admit::{Admit, StaticTokens};
use link::gate::Gate;
use link::transport::connect::may_be_plain;
use link::transport::tls::{self, PeopleFiles};
use rustls::ServerConfig;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkSettings {
    /// Serve pages and links over TLS, with a certificate of this node's own authority.
    pub tls: bool,
    /// Another certificate for people's browsers, in PEM, with its key. Nodes are still shown the own one.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Let links over a network be in the clear: a TLS proxy or a VPN of your own protects them.
    pub allow_plain: bool,
    /// Let nodes on this machine link by a token. Over a network they never may.
    pub tokens: bool,
}

impl Default for LinkSettings {
    fn default() -> LinkSettings {
        LinkSettings { tls: false, tls_certificate: None, tls_key: None, allow_plain: false, tokens: true }
    }
}

impl LinkSettings {
    /// What the listener shows; none if it does without TLS, which it may only where nobody can listen.
    pub fn listener(&self, listen: &str, gate: &Gate) -> anyhow::Result<Option<ServerConfig>> {
        let people = match (&self.tls_certificate, &self.tls_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(PeopleFiles { certificate: certificate.clone(), key: key.clone() }),
            _ => anyhow::bail!("tls_certificate and tls_key in [link] belong together: set both or none"),
        };
        if self.tls || people.is_some() {
            return Ok(Some(tls::server(gate, people.as_ref())?));
        }
        let addresses = listen.to_socket_addrs().with_context(|| format!("{listen} is no address to listen on"))?;
        for address in addresses {
            may_be_plain(address, self.allow_plain)?;
        }
        Ok(None)
    }

    /// People and nodes come over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls || self.tls_certificate.is_some()
    }

    /// `tokens`, or nobody where they are switched off.
    pub fn admitting(&self, tokens: impl Admit) -> Arc<dyn Admit> {
        if self.tokens { Arc::new(tokens) } else { Arc::new(StaticTokens::default()) }
    }
}
