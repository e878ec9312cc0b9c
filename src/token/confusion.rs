//! What a verifier does that lets the header's algorithm decide (RFC 8725 §2.1): the sabotage of TOK-ALG.
//!
//! `none` needs no signature, and HS256 takes the public key, which everybody has, for a shared secret. Nothing
//! here runs while the rule holds.

use aws_lc_rs::{encoding::AsDer, hmac, signature::ParsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};

/// An algorithm that no sound verifier knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsound {
    /// Not signed at all.
    None,
    /// A message authentication code.
    Hs256,
}

impl Unsound {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            _ => name.eq_ignore_ascii_case("none").then_some(Self::None),
        }
    }
}

/// The code was made with the public key as its secret, in one of the forms in which such keys are published.
pub(super) fn hs256(key: &ParsedPublicKey, message: &[u8], code: &[u8]) -> bool {
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
