//! One key: makes signatures and says its public half. The key pair is kept, not parsed again for each token.

use aws_lc_rs::{
    encoding::AsDer as _,
    hmac as mac,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// The algorithms that a server can sign with (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    /// As `alg` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A private key.
#[derive(Debug)]
pub(crate) enum SigningKey {
    Rsa(Box<rsa::KeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// A new key: RSA of 2,048 bits or P-256. Nothing if the library fails.
    pub(crate) fn generate(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Rs256 => rsa::KeyPair::generate(KeySize::Rsa2048).ok().map(Box::new).map(Self::Rsa),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok().map(Box::new).map(Self::Ec)
            }
        }
    }

    /// The signature over a message, as JWS wants it. Nothing if the library fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => rsa_signature(key, message),
            Self::Ec(key) => {
                key.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
            }
        }
    }

    /// The members of the key set's entry that hold the key, base64url (RFC 7518 §6).
    pub(crate) fn public_members(&self) -> Vec<(&'static str, String)> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                let (modulus, exponent) = rsa_integers(key.public_key().as_ref()).unwrap_or_default();
                vec![("key.kty", "RSA".to_owned()), ("key.n", encode(modulus)), ("key.e", encode(exponent))]
            }
            Self::Ec(key) => {
                // 04 ‖ x ‖ y (SEC 1 §2.3.3).
                let point = key.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                vec![
                    ("key.kty", "EC".to_owned()),
                    ("key.crv", "P-256".to_owned()),
                    ("key.x", encode(x)),
                    ("key.y", encode(y)),
                ]
            }
        }
    }

    /// The public half as PEM (`SubjectPublicKeyInfo`): what an attacker takes for an HMAC secret.
    pub(crate) fn public_pem(&self) -> Option<String> {
        let der = match self {
            Self::Rsa(key) => key.public_key().as_der().ok()?.as_ref().to_vec(),
            Self::Ec(key) => key.public_key().as_der().ok()?.as_ref().to_vec(),
        };
        let base64 = STANDARD.encode(der);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let mut rest = base64.as_str();
        while let Some((line, tail)) =
            rest.split_at_checked(rest.len().min(64)).filter(|(line, _)| !line.is_empty())
        {
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Some(pem)
    }
}

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) fn rsa_signature(key: &rsa::KeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

/// An HMAC by the algorithm named; HS256 for any other name.
pub(crate) fn hmac(algorithm: &str, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        "HS384" => mac::HMAC_SHA384,
        "HS512" => mac::HMAC_SHA512,
        _ => mac::HMAC_SHA256,
    };
    mac::sign(&mac::Key::new(algorithm, secret), message).as_ref().to_vec()
}

/// Modulus and exponent of a DER `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
fn rsa_integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = der_element(der, 0x30)?;
    let (modulus, rest) = der_element(sequence, 0x02)?;
    let (exponent, _) = der_element(rest, 0x02)?;
    Some((trim(modulus), trim(exponent)))
}

/// The content of a DER element, and what follows it.
fn der_element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    let length = bytes
        .iter()
        .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add((*byte).into()))?;
    rest.split_at_checked(length)
}

fn trim(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_members_have_the_lengths_of_their_keys() {
        let length = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap().len();
        let rsa = SigningKey::generate(Algorithm::Rs256).unwrap().public_members();
        assert_eq!((length(&rsa[1].1), rsa[2].1.as_str()), (256, "AQAB"));
        let ec = SigningKey::generate(Algorithm::Es256).unwrap();
        assert_eq!(
            ec.public_members().iter().skip(2).map(|(_, text)| length(text)).collect::<Vec<_>>(),
            [32, 32]
        );
        assert_eq!(ec.sign(b"message").unwrap().len(), 64);
        assert!(ec.public_pem().unwrap().lines().all(|line| line.len() <= 64));
    }
}
