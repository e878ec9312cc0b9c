//! One public key of a key set (RFC 7517 §4, RFC 7518 §6), parsed once for all the tokens that it will verify.
//!
//! What a key may verify is settled here: its type and curve, its `alg` and `use` where stated, its size
//! (PLATFORM.md TOK-ALG).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use crate::model::{
    identifier::KeyId,
    rule::{Rule, Rules},
};

/// The smallest RSA modulus that verifies (RFC 7518 §3.3).
const MIN_RSA_BITS: usize = 2048;

/// A key and the algorithms it may verify: none at all if it is for encryption or too short.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// How tokens name it.
    pub(super) id: Option<KeyId>,
    verifies: Vec<(Algorithm, ParsedPublicKey)>,
}

impl Key {
    /// Reads a key; nothing if its type is unknown or its material is broken, so that the others of the set still
    /// work (RFC 7517 §5).
    pub(super) fn read(jwk: &Map<String, Value>, rules: Rules) -> Option<Self> {
        let mut verifies = match text(jwk, "kty")? {
            "RSA" => rsa(jwk, rules)?,
            "EC" => vec![elliptic_curve(jwk)?],
            _ => return None,
        };
        if rules.hold(Rule::TokAlg) {
            verifies.retain(|(algorithm, _)| states(jwk, *algorithm));
        }
        Some(Self { id: text(jwk, "kid").map(KeyId::new), verifies })
    }

    /// The key made ready for an algorithm, if it may verify that.
    pub(super) fn ready(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.verifies.iter().find(|(known, _)| *known == algorithm).map(|(_, key)| key)
    }

    /// The key in any of its readings.
    pub(super) fn any(&self) -> Option<&ParsedPublicKey> {
        self.verifies.first().map(|(_, key)| key)
    }
}

/// `use` and `alg`, where the key states them, allow the algorithm. A statement that is no string allows nothing.
fn states(jwk: &Map<String, Value>, algorithm: Algorithm) -> bool {
    let usage = jwk.get("use").is_none_or(|value| value == "sig");
    let stated =
        jwk.get("alg").is_none_or(|value| value.as_str().and_then(Algorithm::by_name) == Some(algorithm));
    usage && stated
}

/// An RSA key for each RSA algorithm (RFC 7518 §6.3.1).
fn rsa(jwk: &Map<String, Value>, rules: Rules) -> Option<Vec<(Algorithm, ParsedPublicKey)>> {
    let (n, e) = (unsigned(jwk, "n")?, unsigned(jwk, "e")?);
    let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
    let components = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
    if bits < MIN_RSA_BITS {
        let weak = (!rules.hold(Rule::TokAlg))
            .then(|| components.to_parsed_public_key(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY).ok())
            .flatten();
        return Some(weak.map(|key| (Algorithm::Rs256, key)).into_iter().collect());
    }
    let ready =
        |algorithm: Algorithm| Some((algorithm, components.to_parsed_public_key(algorithm.rsa()?).ok()?));
    Algorithm::RSA.into_iter().map(ready).collect()
}

/// A key on one of the three curves, as an uncompressed point (RFC 7518 §6.2.1). A coordinate has the curve's full
/// length, and the point lies on the curve.
fn elliptic_curve(jwk: &Map<String, Value>) -> Option<(Algorithm, ParsedPublicKey)> {
    let (algorithm, verification, length) = match text(jwk, "crv")? {
        "P-256" => (Algorithm::Es256, &ECDSA_P256_SHA256_FIXED, 32),
        "P-384" => (Algorithm::Es384, &ECDSA_P384_SHA384_FIXED, 48),
        "P-521" => (Algorithm::Es512, &ECDSA_P521_SHA512_FIXED, 66),
        _ => return None,
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return None;
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    Some((algorithm, ParsedPublicKey::new(verification, point).ok()?))
}

/// A positive integer without its leading zeros, which some issuers send (RFC 7518 §6.3.1.1 warns of them).
fn unsigned(jwk: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    let bytes = bytes(jwk, member)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

fn bytes(jwk: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text(jwk, member)?).ok()
}

fn text<'j>(jwk: &'j Map<String, Value>, member: &str) -> Option<&'j str> {
    jwk.get(member)?.as_str()
}
