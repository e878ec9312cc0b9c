//! A certificate authority that lives as long as the run: TLS is on everywhere, and nothing trusts it elsewhere.
//!
//! TLS stays on real time (TRAPS.md): the certificates outlive any moved clock.

use std::sync::Arc;

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

/// The authority, with its private key.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
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
        // Another name too: a client looks for an authority by its name, and finds none.
        let stranger = Self::named("An authority that nobody trusts")?;
        let params = CertificateParams::new(hosts.to_vec())?;
        let mut expired = params.clone();
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        let other_name = CertificateParams::new(vec!["elsewhere.invalid".to_owned()])?;
        Ok(Leaf {
            untrusted: stranger.server_config(hosts, params.clone())?,
            config: self.server_config(hosts, params)?,
            expired: self.server_config(hosts, expired)?,
            other_name: self.server_config(hosts, other_name)?,
        })
    }

    fn server_config(
        &self,
        hosts: &[String],
        mut params: CertificateParams,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        params.distinguished_name.push(DnType::CommonName, hosts.first().map_or("localhost", String::as_str));
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone(), self.certificate()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
