//! A key set (RFC 7517 §5) as a verifier keeps it: its keys parsed, found by `kid` and algorithm.
//!
//! Where it comes from and how long it is good is `source`'s matter.

use aws_lc_rs::signature::ParsedPublicKey;

use super::{
    algorithm::{Algorithm, AlgorithmFault},
    header::KeyIdFault,
    json,
    jwk::Key,
    refusal::Refusal,
};
use crate::model::rule::Rules;

/// The issuer's keys. Keys of an unknown type are left out.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Reads a JWK set; nothing if it is none or has no key of a known type.
    #[must_use]
    pub fn parse(document: &[u8], rules: Rules) -> Option<Self> {
        let document = json::object(document)?;
        let keys: Vec<_> = document
            .get("keys")?
            .as_array()?
            .iter()
            .filter_map(|jwk| Key::read(jwk.as_object()?, rules))
            .collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The keys of a `kid` that may verify the algorithm. Several of one `kid` are told apart by what they fit.
    ///
    /// # Errors
    /// [`Refusal::KeyId`] where no key has the `kid`, [`Refusal::Algorithm`] where one has and does not fit.
    pub fn named(&self, kid: &str, algorithm: Algorithm) -> Result<Vec<&ParsedPublicKey>, Refusal> {
        let mut keys = self.of(kid).peekable();
        if keys.peek().is_none() {
            return Err(Refusal::KeyId(KeyIdFault::Unknown));
        }
        let fitting: Vec<_> = keys.filter_map(|key| key.ready(algorithm)).collect();
        if fitting.is_empty() { Err(Refusal::Algorithm(AlgorithmFault::KeyDoesNotFit)) } else { Ok(fitting) }
    }

    /// Every key that may verify the algorithm (TOK-KID broken).
    pub(super) fn all(&self, algorithm: Algorithm) -> Vec<&ParsedPublicKey> {
        self.keys.iter().filter_map(|key| key.ready(algorithm)).collect()
    }

    /// Every key of a `kid`, whatever it is for (TOK-ALG broken).
    pub(super) fn whatever(&self, kid: &str) -> Vec<&ParsedPublicKey> {
        self.of(kid).filter_map(Key::any).collect()
    }

    fn of(&self, kid: &str) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.id.as_ref().is_some_and(|id| id.as_str() == kid))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::fixture::{Signer, encode, jwks};

    fn parse(keys: &[Value]) -> Option<KeySet> {
        KeySet::parse(jwks(keys).as_bytes(), Rules::ALL)
    }

    fn fits(key: &Value, algorithm: Algorithm) -> bool {
        parse(std::slice::from_ref(key)).is_some_and(|set| set.named("k", algorithm).is_ok())
    }

    #[test]
    fn a_key_fits_by_type_curve_alg_and_use() {
        let (rsa, p256, p384) = (Signer::rsa("k"), Signer::es256("k"), Signer::es384("k"));
        let p521 = Signer::es512("k");
        let any = json!({ "alg": null, "use": null });
        for (key, fitting) in [
            (rsa.jwk_with(&any), &[Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512][..]),
            (rsa.jwk(), &[Algorithm::Rs256]),
            (rsa.jwk_with(&json!({ "alg": "RS512" })), &[Algorithm::Rs512]),
            (rsa.jwk_with(&json!({ "alg": "PS256" })), &[]),
            (rsa.jwk_with(&json!({ "alg": "RSA-OAEP" })), &[]),
            (rsa.jwk_with(&json!({ "alg": 7 })), &[]),
            (rsa.jwk_with(&json!({ "use": "enc" })), &[]),
            (p256.jwk_with(&any), &[Algorithm::Es256]),
            (p384.jwk_with(&any), &[Algorithm::Es384]),
            (p521.jwk_with(&any), &[Algorithm::Es512]),
            (p384.jwk_with(&json!({ "alg": "ES256" })), &[]),
            (p256.jwk_with(&json!({ "use": "enc" })), &[]),
        ] {
            let all =
                [Algorithm::RSA.as_slice(), &[Algorithm::Es256, Algorithm::Es384, Algorithm::Es512]].concat();
            for algorithm in all {
                assert_eq!(fits(&key, algorithm), fitting.contains(&algorithm), "{key} {algorithm:?}");
            }
        }
    }

    #[test]
    fn a_short_rsa_key_is_known_and_never_verifies() {
        let mut modulus = [0xa5; 256];
        modulus[0] = 0x7f; // 2047 bits
        for n in [encode(modulus), encode([0xa5; 128]), encode([&[0, 0, 0, 0], &[0xa5; 253][..]].concat())] {
            let set = parse(&[json!({ "kty": "RSA", "kid": "k", "n": n, "e": "AQAB" })]).expect("a key");
            let refusal = set.named("k", Algorithm::Rs256).err();
            assert_eq!(refusal, Some(Refusal::Algorithm(AlgorithmFault::KeyDoesNotFit)), "{n:.20}");
        }
    }

    #[test]
    fn leading_zeros_of_a_modulus_do_not_matter() {
        let signer = Signer::rsa("k");
        let n = signer.jwk()["n"].as_str().map(str::to_owned).expect("a modulus");
        let padded = json!({ "n": encode([&[0, 0], signer.modulus().as_slice()].concat()) });
        assert_ne!(padded["n"], n);
        assert!(fits(&signer.jwk_with(&padded), Algorithm::Rs256));
    }

    #[test]
    fn broken_and_unknown_keys_are_left_out_and_the_others_work() {
        let good = Signer::es256("k");
        let jwk = |changes: Value| good.jwk_with(&changes);
        let broken = [
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "AAAA" }),
            json!({ "kty": "oct", "kid": "k", "k": "AAAA" }),
            json!({ "kid": "k" }),
            json!(7),
            jwk(json!({ "x": "AAAA" })),
            jwk(json!({ "x": good.jwk()["y"] })), // no point of the curve
            jwk(json!({ "y": null })),
            jwk(json!({ "x": 7 })),
            jwk(json!({ "crv": "P-384" })),
            jwk(json!({ "crv": "secp256k1" })),
            json!({ "kty": "RSA", "kid": "k", "n": "", "e": "AQAB" }),
            json!({ "kty": "RSA", "kid": "k", "n": "AAAA", "e": "AQAB" }),
            json!({ "kty": "RSA", "kid": "k", "n": "!!!!", "e": "AQAB" }),
        ];
        for key in &broken {
            assert!(parse(std::slice::from_ref(key)).is_none(), "{key}");
            assert!(
                parse(&[key.clone(), good.jwk()]).is_some_and(|set| set.named("k", Algorithm::Es256).is_ok())
            );
        }
    }

    #[test]
    fn keys_of_one_kid_are_told_apart() {
        let set = parse(&[Signer::rsa("k").jwk(), Signer::es256("k").jwk(), Signer::es256("k").jwk()])
            .expect("keys");
        assert_eq!(set.named("k", Algorithm::Rs256).map(|keys| keys.len()), Ok(1));
        assert_eq!(set.named("k", Algorithm::Es256).map(|keys| keys.len()), Ok(2));
        assert_eq!(
            set.named("k", Algorithm::Es384).err(),
            Some(Refusal::Algorithm(AlgorithmFault::KeyDoesNotFit))
        );
        assert_eq!(set.named("other", Algorithm::Es256).err(), Some(Refusal::KeyId(KeyIdFault::Unknown)));
    }

    #[test]
    fn what_is_no_key_set_is_none() {
        for document in
            ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, "<html>", r#"{"keys":[],"keys":[]}"#]
        {
            assert!(KeySet::parse(document.as_bytes(), Rules::ALL).is_none(), "{document}");
        }
    }
}
