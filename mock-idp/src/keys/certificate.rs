//! The certificate of a key (`x5c`, RFC 7517 §4.7), self-signed: some providers publish one for decoration.

use aws_lc_rs::signature::KeyPair as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};

use super::{
    Algorithm, SigningKey, der_signature,
    signing::{is_p384, rsa_signature},
};

impl SigningKey {
    /// A certificate in the form of `x5c`: DER, base64 with padding. Of an RSA key it is equal for equal names.
    /// Nothing of the weak key.
    pub(crate) fn certificate(&self, common_name: &str) -> Option<String> {
        if matches!(self, Self::Weak(_)) {
            return None;
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let certificate = params.self_signed(&Holder(self)).ok()?;
        Some(STANDARD.encode(certificate.der()))
    }
}

/// The key that the certificate is for and that signs it.
struct Holder<'k>(&'k SigningKey);

impl PublicKeyData for Holder<'_> {
    fn der_bytes(&self) -> &[u8] {
        match self.0 {
            SigningKey::Rsa(key, _) => key.public_key().as_ref(),
            SigningKey::Ec(key) => key.public_key().as_ref(),
            SigningKey::Ed(key) => key.public_key().as_ref(),
            SigningKey::Weak(_) => &[],
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0 {
            SigningKey::Ec(key) if is_p384(key) => &PKCS_ECDSA_P384_SHA384,
            SigningKey::Ec(_) => &PKCS_ECDSA_P256_SHA256,
            SigningKey::Ed(_) => &PKCS_ED25519,
            SigningKey::Rsa(..) | SigningKey::Weak(_) => &PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Holder<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = match self.0 {
            SigningKey::Rsa(key, _) => rsa_signature(key, Algorithm::Rs256.rsa_encoding(), message),
            SigningKey::Ec(_) => self.0.sign(message).map(|fixed| der_signature(&fixed)),
            SigningKey::Ed(_) | SigningKey::Weak(_) => self.0.sign(message),
        };
        signature.ok_or(rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Algorithm;

    #[test]
    fn a_certificate_belongs_to_its_key() {
        for (_, algorithm) in Algorithm::NAMES {
            let key = SigningKey::generate(algorithm).unwrap();
            let certificate = key.certificate("login.example.com").unwrap();
            let der = STANDARD.decode(&certificate).unwrap();
            let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
            assert!(holds(Holder(&key).der_bytes()) && holds(b"login.example.com"));
            if algorithm == Algorithm::Rs256 {
                assert_eq!(key.certificate("login.example.com"), Some(certificate), "it does not change");
            }
        }
    }
}
