//! A certificate authority that lives as long as the run: TLS is on everywhere, and nothing trusts it elsewhere.
//!
//! TLS stays on real time (TRAPS.md): the certificates outlive any moved clock.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde::{Deserialize, Serialize};

/// The authority, with its private key.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificates with their keys, as they travel to a component elsewhere. The authority's own key does not.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    trusted: Chain,
    untrusted: Chain,
    expired: Chain,
    other_name: Chain,
}

impl fmt::Debug for Certificates {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

/// One certificate: leaf first, then its authority, and the leaf's key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    certificates: [Vec<u8>; 2],
    /// PKCS#8.
    key: Vec<u8>,
}

/// A server's certificate for its host names, ready to serve: leaf first, then the authority.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// For a TLS listener; offers HTTP/1.1 only (TRAPS.md: large headers).
    pub config: Arc<ServerConfig>,
    /// The same for the same names by an authority that nobody trusts: [`Outage::Certificate`](super::Outage).
    pub untrusted: Arc<ServerConfig>,
    /// The same, out of date.
    pub expired: Arc<ServerConfig>,
    /// For a host that is not there.
    pub other_name: Arc<ServerConfig>,
}

/// Certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A host name that cannot stand in a certificate, or a failure of the key generator.
    #[error("cannot issue a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused the certificate.
    #[error("cannot serve with the certificate: {0}")]
    Tls(#[from] rustls::Error),
}

impl Authority {
    /// A new authority with a key of its own.
    pub fn generate() -> Result<Self, AuthorityError> {
        Self::named("Touchstone per-run authority")
    }

    fn named(name: &str) -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// The authority's certificate, for clients to trust.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The same as PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The SHA-256 of its public key in base64, by which Chromium can be told to trust it (the form of RFC 7469 §2.4).
    #[must_use]
    pub fn public_key_pin(&self) -> String {
        STANDARD.encode(digest(&SHA256, &self.issuer.key().subject_public_key_info()))
    }

    /// A certificate for the host names (IP addresses are taken as such), and its wrong twins.
    pub fn issue(&self, hosts: &[String]) -> Result<Leaf, AuthorityError> {
        self.certificates(hosts)?.leaf()
    }

    /// The same in the form that travels.
    pub fn certificates(&self, hosts: &[String]) -> Result<Certificates, AuthorityError> {
        // Another name too: a client looks for an authority by its name, and finds none.
        let stranger = Self::named("An authority that nobody trusts")?;
        let params = CertificateParams::new(hosts.to_vec())?;
        let mut expired = params.clone();
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        let other_name = CertificateParams::new(vec!["elsewhere.invalid".to_owned()])?;
        Ok(Certificates {
            untrusted: stranger.chain(hosts, params.clone())?,
            trusted: self.chain(hosts, params)?,
            expired: self.chain(hosts, expired)?,
            other_name: self.chain(hosts, other_name)?,
        })
    }

    fn chain(&self, hosts: &[String], mut params: CertificateParams) -> Result<Chain, AuthorityError> {
        params.distinguished_name.push(DnType::CommonName, hosts.first().map_or("localhost", String::as_str));
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok(Chain {
            certificates: [leaf.der().to_vec(), self.certificate().to_vec()],
            key: key.serialize_der(),
        })
    }
}

impl Certificates {
    /// Ready to serve.
    pub fn leaf(self) -> Result<Leaf, AuthorityError> {
        Ok(Leaf {
            config: self.trusted.server_config()?,
            untrusted: self.untrusted.server_config()?,
            expired: self.expired.server_config()?,
            other_name: self.other_name.server_config()?,
        })
    }
}

impl Chain {
    fn server_config(self) -> Result<Arc<ServerConfig>, AuthorityError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                self.certificates.into_iter().map(CertificateDer::from).collect(),
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key)),
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
