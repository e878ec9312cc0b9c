//! What the JOSE header says, and which of it counts: `alg`, `crit`, `kid` (RFC 7515 §4.1).
//!
//! `jku`, `x5u`, `jwk` and `x5c` are not looked at, not even for their form (PLATFORM.md TOK-HEADERS): a token does
//! not name the key that proves it.

use serde_json::{Map, Value};

use super::{
    algorithm::{Algorithm, AlgorithmFault},
    confusion::Unsound,
    jwk::Key,
    refusal::Refusal,
};
use crate::model::rule::{Rule, Rules};

/// How a token is to be proved.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) algorithm: Claimed,
    pub(super) key: KeyReference,
}

/// The algorithm that the header claims.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claimed {
    /// One of the allow-list.
    Sound(Algorithm),
    /// One that only a broken TOK-ALG knows.
    Unsound(Unsound),
}

/// Where the key is to be looked for.
#[derive(Debug)]
pub(super) enum KeyReference {
    /// In the issuer's key set, under this `kid`.
    Named(String),
    /// Anywhere in the key set (TOK-KID broken).
    Any,
    /// In the header itself (TOK-HEADERS broken).
    Embedded(Box<Key>),
    /// Nowhere: `none` (TOK-ALG broken).
    Nowhere,
}

/// Why a `kid` is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyIdFault {
    /// Absent, empty or no string.
    #[error("a kid is expected in the header, a non-empty string")]
    Missing,
    /// Not in the issuer's key set, even after the fetch that it may cause.
    #[error("the kid names no key of the issuer's key set")]
    Unknown,
}

impl Proof {
    /// Reads the header.
    pub(super) fn read(header: &Map<String, Value>, rules: Rules) -> Result<Self, Refusal> {
        let algorithm = algorithm(header, rules).ok_or(Refusal::Algorithm(AlgorithmFault::NotAllowed))?;
        if header.contains_key("crit") && rules.hold(Rule::TokHeaders) {
            return Err(Refusal::Critical);
        }
        if matches!(algorithm, Claimed::Unsound(Unsound::None)) {
            return Ok(Self { algorithm, key: KeyReference::Nowhere });
        }
        if !rules.hold(Rule::TokHeaders)
            && let Some(key) =
                header.get("jwk").and_then(Value::as_object).and_then(|jwk| Key::read(jwk, rules))
        {
            return Ok(Self { algorithm, key: KeyReference::Embedded(Box::new(key)) });
        }
        let key = match header.get("kid").and_then(Value::as_str) {
            Some(kid) if !kid.is_empty() => KeyReference::Named(kid.to_owned()),
            _ if !rules.hold(Rule::TokKid) => KeyReference::Any,
            _ => return Err(Refusal::KeyId(KeyIdFault::Missing)),
        };
        Ok(Self { algorithm, key })
    }
}

fn algorithm(header: &Map<String, Value>, rules: Rules) -> Option<Claimed> {
    let name = match header.get("alg").and_then(Value::as_str) {
        Some(name) => name,
        None if !rules.hold(Rule::TokAlg) => "RS256",
        None => return None,
    };
    match Algorithm::by_name(name) {
        Some(algorithm) => Some(Claimed::Sound(algorithm)),
        None if !rules.hold(Rule::TokAlg) => Unsound::by_name(name).map(Claimed::Unsound),
        None => None,
    }
}
