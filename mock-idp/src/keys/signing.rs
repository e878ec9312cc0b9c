//! One key: makes signatures and says its public half. The key pair is kept, not parsed again for each token.

use ::rsa::{pkcs8::EncodePublicKey as _, traits::PublicKeyParts as _};
use aws_lc_rs::{
    digest,
    encoding::AsDer as _,
    hmac as mac,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use super::seeded::WeakKey;

/// The algorithms that a server can sign with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// All of them, by the names that `alg` has.
    pub(crate) const NAMES: [(&'static str, Self); 7] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
    ];

    /// As `alg` has it.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The hash that it signs with; of Ed25519 that within (RFC 8032 §5.1).
    pub(crate) fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::EdDsa => &digest::SHA512,
        }
    }

    pub(super) fn rsa_encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
            Self::Ps256 => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        }
    }
}

/// A private key, with what it signs by where that is not the key's own matter.
#[derive(Debug)]
pub(crate) enum SigningKey {
    Rsa(Box<rsa::KeyPair>, Algorithm),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    /// RSA of 1,024 bits.
    Weak(Box<WeakKey>),
}

impl SigningKey {
    /// A new key: RSA of 2,048 bits, P-256, P-384 or Ed25519. Nothing if the library fails.
    pub(crate) fn generate(algorithm: Algorithm) -> Option<Self> {
        let curve = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Algorithm::EdDsa => return Ed25519KeyPair::generate().ok().map(Box::new).map(Self::Ed),
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps256 => {
                let key = rsa::KeyPair::generate(KeySize::Rsa2048).ok()?;
                return Some(Self::Rsa(Box::new(key), algorithm));
            }
        };
        EcdsaKeyPair::generate(curve).ok().map(Box::new).map(Self::Ec)
    }

    /// The signature over a message, as JWS wants it. Nothing if the library fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key, algorithm) => rsa_signature(key, algorithm.rsa_encoding(), message),
            Self::Ec(key) => {
                key.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
            }
            Self::Ed(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::Weak(key) => super::seeded::weak_signature(key, message),
        }
    }

    /// The signature in another of RSA's forms. Nothing of another key.
    pub(crate) fn sign_rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key, _) => rsa_signature(key, encoding, message),
            Self::Ec(_) | Self::Ed(_) | Self::Weak(_) => None,
        }
    }

    /// The signature is this key's over the message. Nothing is issued under the weak key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let (algorithm, public): (&'static dyn VerificationAlgorithm, &[u8]) = match self {
            Self::Rsa(key, algorithm) => {
                let encoding = match algorithm {
                    Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                (encoding, key.public_key().as_ref())
            }
            Self::Ec(key) if is_p384(key) => (&ECDSA_P384_SHA384_FIXED, key.public_key().as_ref()),
            Self::Ec(key) => (&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref()),
            Self::Ed(key) => (&ED25519, key.public_key().as_ref()),
            Self::Weak(_) => return false,
        };
        UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
    }

    /// The members of the key set's entry that hold the key, base64url (RFC 7518 §6).
    pub(crate) fn public_members(&self) -> Vec<(&'static str, String)> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let rsa = |modulus, exponent| {
            vec![("key.kty", "RSA".to_owned()), ("key.n", encode(modulus)), ("key.e", encode(exponent))]
        };
        match self {
            Self::Rsa(key, _) => {
                let (modulus, exponent) = rsa_integers(key.public_key().as_ref()).unwrap_or_default();
                rsa(modulus, exponent)
            }
            Self::Weak(key) => rsa(&key.n_bytes(), &key.e_bytes()),
            Self::Ec(key) => {
                // 04 ‖ x ‖ y (SEC 1 §2.3.3).
                let point = key.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at_checked(point.len() / 2).unwrap_or_default();
                let curve = if is_p384(key) { "P-384" } else { "P-256" };
                vec![
                    ("key.kty", "EC".to_owned()),
                    ("key.crv", curve.to_owned()),
                    ("key.x", encode(x)),
                    ("key.y", encode(y)),
                ]
            }
            Self::Ed(key) => vec![
                ("key.kty", "OKP".to_owned()),
                ("key.crv", "Ed25519".to_owned()),
                ("key.x", encode(key.public_key().as_ref())),
            ],
        }
    }

    /// The public half as DER (`SubjectPublicKeyInfo`): what an attacker takes for an HMAC secret.
    pub(crate) fn public_der(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Rsa(key, _) => key.public_key().as_der().ok()?.as_ref().to_vec(),
            Self::Ec(key) => key.public_key().as_der().ok()?.as_ref().to_vec(),
            Self::Ed(key) => key.public_key().as_der().ok()?.as_ref().to_vec(),
            Self::Weak(key) => key.as_public_key().to_public_key_der().ok()?.into_vec(),
        })
    }

    /// The same as PEM.
    pub(crate) fn public_pem(&self) -> Option<String> {
        let base64 = STANDARD.encode(self.public_der()?);
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

/// A point has two coordinates of 48 bytes and a byte that says so (SEC 1 §2.3.3).
pub(super) fn is_p384(key: &EcdsaKeyPair) -> bool {
    key.public_key().as_ref().len() == 97
}

pub(super) fn rsa_signature(
    key: &rsa::KeyPair,
    encoding: &'static dyn RsaEncoding,
    message: &[u8],
) -> Option<Vec<u8>> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

/// An ECDSA signature as X.509 has it, `SEQUENCE { r, s }` (RFC 3279 §2.2.3), from the r ‖ s of a JWS.
pub(crate) fn der_signature(fixed: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let digits = bytes.get(zeros..).unwrap_or_default();
        // A first bit of 1 would be a minus.
        let sign = digits.first().is_none_or(|byte| *byte >= 0x80).then_some(0);
        sign.into_iter().chain(digits.iter().copied()).collect::<Vec<u8>>()
    };
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let element = |tag, content: Vec<u8>| {
        let length = u8::try_from(content.len()).unwrap_or_default();
        [vec![tag, length], content].concat()
    };
    element(0x30, [element(0x02, integer(r)), element(0x02, integer(s))].concat())
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
        let signature = ec.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        assert!(ec.verifies(b"message", &signature) && !ec.verifies(b"massage", &signature));
        assert!(ec.public_pem().unwrap().lines().all(|line| line.len() <= 64));
        let large = SigningKey::generate(Algorithm::Es384).unwrap();
        assert_eq!(
            (large.public_members()[1].1.as_str(), large.sign(b"message").unwrap().len()),
            ("P-384", 96)
        );
        let edwards = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert_eq!((edwards.public_members().len(), edwards.sign(b"message").unwrap().len()), (3, 64));
        assert!(edwards.public_pem().is_some());
    }
}
