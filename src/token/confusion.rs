//! What a verifier does that lets the header's algorithm decide (RFC 8725 §2.1): the sabotage of TOK-ALG.
//!
//! `none` needs no signature, HS256 takes the public key, which everybody has, for a shared secret, and PS256 is sound
//! but on no list. Nothing here runs while the rule holds.

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    signature::{self as aws, ParsedPublicKey, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// An algorithm that no sound verifier knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsound {
    /// Not signed at all.
    None,
    /// A message authentication code.
    Hs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// With SHA-384.
    Ps384,
    /// With SHA-512.
    Ps512,
}

impl Unsound {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "PS256" => Some(Self::Ps256),
            "PS384" => Some(Self::Ps384),
            "PS512" => Some(Self::Ps512),
            _ => name.eq_ignore_ascii_case("none").then_some(Self::None),
        }
    }

    /// The signature proves the message under the key, whatever that is for.
    pub(super) fn proves(self, key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> bool {
        let pss = match self {
            Self::None => return signature.is_empty(),
            Self::Hs256 => return hs256(key, message, signature),
            Self::Ps256 => &aws::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &aws::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &aws::RSA_PSS_2048_8192_SHA512,
        };
        let der = key.as_der();
        der.is_ok_and(|der| UnparsedPublicKey::new(pss, der.as_ref()).verify(message, signature).is_ok())
    }
}

/// The code was made with the public key as its secret, in one of the forms in which such keys are published.
fn hs256(key: &ParsedPublicKey, message: &[u8], code: &[u8]) -> bool {
    let Ok(der) = key.as_der() else { return false };
    let pem = pem(der.as_ref());
    [pem.as_bytes(), pem.trim_end().as_bytes(), der.as_ref()]
        .iter()
        .any(|secret| hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, code).is_ok())
}

/// A `SubjectPublicKeyInfo` as RFC 7468 §13 writes it.
fn pem(der: &[u8]) -> String {
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for (place, letter) in STANDARD.encode(der).chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PUBLIC KEY-----\n");
    pem
}
