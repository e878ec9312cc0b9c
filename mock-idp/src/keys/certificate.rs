//! The certificate that some providers publish beside a key (`x5c`, RFC 7517 §4.7): self-signed, for decoration.

use aws_lc_rs::{rsa, signature::KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};

use super::{Algorithm, SigningKey, signing::rsa_signature};

impl SigningKey {
    /// A certificate of an RSA key in the form of `x5c`: DER, base64 with padding. Equal for equal keys and names.
    pub(crate) fn certificate(&self, common_name: &str) -> Option<String> {
        let Self::Rsa(key, _) = self else { return None };
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let certificate = params.self_signed(&Holder(key)).ok()?;
        Some(STANDARD.encode(certificate.der()))
    }
}

/// The key that the certificate is for and that signs it.
struct Holder<'k>(&'k rsa::KeyPair);

impl PublicKeyData for Holder<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Holder<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        rsa_signature(self.0, Algorithm::Rs256, message).ok_or(rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_belongs_to_its_key() {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        let certificate = key.certificate("login.example.com").unwrap();
        assert_eq!(key.certificate("login.example.com"), Some(certificate.clone()), "it does not change");
        let der = STANDARD.decode(certificate).unwrap();
        let SigningKey::Rsa(pair, _) = &key else { panic!("no RSA key") };
        let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
        assert!(holds(pair.public_key().as_ref()) && holds(b"login.example.com"));
        assert_eq!(SigningKey::generate(Algorithm::Es256).unwrap().certificate("x"), None);
    }
}
