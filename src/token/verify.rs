//! Verification without IO: a text, a key set, what is expected, the time.
//!
//! The order is that of the questions a person asks: is it a JWT at all, is its header one that we follow, is it
//! from our issuer (before any key is looked for), is it genuine, is it for us, now, with this scope.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    claims::{self, Window},
    confusion::Unsound,
    expectations::Expectations,
    form::{Compact, FormFault},
    header::{Claimed, KeyReference, Proof},
    keyset::KeySet,
    refusal::Refusal,
    verified::VerifiedToken,
};
use crate::model::{
    identifier::Issuer,
    rule::{Rule, Rules},
};

/// Verifies a token against a key set that is at hand.
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expectations,
    rules: Rules,
    now: Timestamp,
) -> Result<VerifiedToken, Refusal> {
    let presented = Presented::read(token, expected, rules)?;
    let window = presented.check(keys, expected, rules, now)?;
    Ok(presented.accept(expected, window))
}

/// A token as it was presented: well formed, with a header that can be followed, naming our issuer; not yet proved.
#[derive(Debug)]
pub(super) struct Presented<'t> {
    token: Compact<'t>,
    proof: Proof,
}

impl<'t> Presented<'t> {
    /// Everything that needs no key.
    pub(super) fn read(token: &'t str, expected: &Expectations, rules: Rules) -> Result<Self, Refusal> {
        let token = Compact::parse(token, rules).map_err(|fault| malformed(fault, rules))?;
        let proof = Proof::read(&token.header, rules)?;
        if token.signature.is_empty() && matches!(proof.algorithm, Claimed::Sound(_)) {
            return Err(malformed(FormFault::Unsigned, rules));
        }
        claims::issuer(&token.claims, expected, rules)?;
        Ok(Self { token, proof })
    }

    /// Everything that is left, for an answer that lasts as long as the window.
    pub(super) fn check(
        &self,
        keys: &KeySet,
        expected: &Expectations,
        rules: Rules,
        now: Timestamp,
    ) -> Result<Window, Refusal> {
        self.signature(keys)?;
        self.check_claims(expected, rules, now)
    }

    /// What is left once the token is known to be genuine.
    pub(super) fn check_claims(
        &self,
        expected: &Expectations,
        rules: Rules,
        now: Timestamp,
    ) -> Result<Window, Refusal> {
        let claims = &self.token.claims;
        claims::audience(claims, expected, rules)?;
        let window = claims::times(claims, now, expected.leeway, rules)?;
        claims::scope(claims, expected, rules)?;
        claims::subject(claims, expected, rules)?;
        Ok(window)
    }

    /// The witness, after `check`.
    pub(super) fn accept(self, expected: &Expectations, window: Window) -> VerifiedToken {
        let issuer = self.issuer().unwrap_or_else(|| expected.issuer.clone());
        VerifiedToken::witness(issuer, self.token.header, self.token.claims, window)
    }

    /// The token's own issuer: the configured one while TOK-ISS and TOK-REPLAY hold.
    pub(super) fn issuer(&self) -> Option<Issuer> {
        self.token.claims.get("iss").and_then(Value::as_str).map(Issuer::new)
    }

    /// The proof needs the issuer's key set; always, while TOK-ALG and TOK-HEADERS hold.
    pub(super) fn needs_keys(&self) -> bool {
        matches!(self.proof.key, KeyReference::Named(_) | KeyReference::Any)
    }

    /// TOK-KID broken: any key of the set will do.
    pub(super) fn look_everywhere(&mut self) {
        self.proof.key = KeyReference::Any;
    }

    fn signature(&self, keys: &KeySet) -> Result<(), Refusal> {
        let (message, signature) = (self.token.signing_input.as_bytes(), self.token.signature.as_slice());
        let genuine = match (self.proof.algorithm, &self.proof.key) {
            (Claimed::Sound(algorithm), reference) => {
                let keys = match reference {
                    KeyReference::Named(kid) => keys.named(kid, algorithm)?,
                    KeyReference::Any => keys.all(algorithm),
                    KeyReference::Embedded(key) => key.ready(algorithm).into_iter().collect(),
                    KeyReference::Nowhere => Vec::new(),
                };
                keys.iter().any(|key| key.verify_sig(message, signature).is_ok())
            }
            (Claimed::Unsound(Unsound::None), _) => signature.is_empty(),
            (Claimed::Unsound(unsound), KeyReference::Named(kid)) => {
                keys.whatever(kid).iter().any(|key| unsound.proves(key, message, signature))
            }
            (Claimed::Unsound(_), _) => false,
        };
        if genuine { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// TOK-OPAQUE and TOK-FORM.
fn malformed(fault: FormFault, rules: Rules) -> Refusal {
    match fault {
        FormFault::Opaque => Refusal::Opaque,
        _ if rules.hold(Rule::TokForm) => Refusal::Form(fault),
        _ => Refusal::Failure,
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jiff::SignedDuration;
    use proptest::prelude::{any, prop, prop_assert, proptest};
    use serde_json::json;

    use super::*;
    use crate::token::fixture::{
        AUDIENCE, ISSUER, SCOPE, Signer, claims, encode, expectations, key_set, start,
    };

    /// Verified by a Manager at `start`.
    fn refused(token: &str, keys: &KeySet) -> Option<Refusal> {
        verify(token, keys, &expectations(), Rules::ALL, start()).err()
    }

    fn rule(token: &str, keys: &KeySet) -> &'static str {
        refused(token, keys).map_or("accepted", |refusal| {
            assert_eq!(refusal.status(), 401);
            refusal.rule().id()
        })
    }

    #[test]
    fn every_algorithm_of_the_list_verifies() {
        for signer in [Signer::es256("k"), Signer::es384("k"), Signer::es512("k")] {
            assert_eq!(
                rule(&signer.token(&claims(&json!({}))), &key_set(&[signer.jwk()], Rules::ALL)),
                "accepted"
            );
        }
        let rsa = Signer::rsa("k");
        let keys = key_set(&[rsa.jwk_with(&json!({ "alg": null, "use": null }))], Rules::ALL);
        for alg in ["RS256", "RS384", "RS512"] {
            assert_eq!(
                rule(&rsa.token_with(&json!({ "alg": alg }), &claims(&json!({}))), &keys),
                "accepted",
                "{alg}"
            );
        }
    }

    #[test]
    fn the_witness_says_what_the_token_says() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let body = claims(&json!({ "groups": ["a"] }));
        let verified =
            verify(&signer.token(&body), &keys, &expectations(), Rules::ALL, start()).expect("a good token");
        assert_eq!(verified.issuer().as_str(), ISSUER);
        assert_eq!(verified.subject(), Some("alice"));
        assert_eq!(Value::Object(verified.claims().clone()), body);
        assert_eq!(verified.header()["kid"], "k");
    }

    /// An independent reading of the same token: whatever else the two differ in, they agree on a good one.
    #[test]
    fn a_peer_accepts_a_good_token_too() {
        for (signer, algorithm) in [
            (Signer::es256("k"), jsonwebtoken::Algorithm::ES256),
            (Signer::rsa("k"), jsonwebtoken::Algorithm::RS256),
        ] {
            let token = signer.token(&claims(&json!({ "exp": 4_000_000_000_u64 })));
            assert_eq!(rule(&token, &key_set(&[signer.jwk()], Rules::ALL)), "accepted");
            let jwk = serde_json::from_value(signer.jwk()).expect("a key");
            let mut validation = jsonwebtoken::Validation::new(algorithm);
            validation.set_audience(&[AUDIENCE]);
            validation.set_issuer(&[ISSUER]);
            let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).expect("a key");
            let peer = jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("a good token");
            assert_eq!(peer.claims["sub"], "alice");
        }
    }

    #[test]
    fn claims_decide_by_their_rules() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let now = start().as_second();
        let fraction =
            |seconds: i64, part: &str| serde_json::from_str::<Value>(&format!("{seconds}.{part}")).unwrap();
        for (changes, expected) in [
            // TOK-ISS: exactly this string.
            (json!({ "iss": null }), "TOK-ISS"),
            (json!({ "iss": format!("{ISSUER}/") }), "TOK-ISS"),
            (json!({ "iss": ISSUER.to_uppercase() }), "TOK-ISS"),
            (json!({ "iss": [ISSUER] }), "TOK-ISS"),
            (json!({ "iss": 7 }), "TOK-ISS"),
            // TOK-AUD and TOK-AUD-TYPE.
            (json!({ "aud": [AUDIENCE] }), "accepted"),
            (json!({ "aud": ["registry", AUDIENCE] }), "accepted"),
            (json!({ "aud": null }), "TOK-AUD"),
            (json!({ "aud": "" }), "TOK-AUD"),
            (json!({ "aud": [] }), "TOK-AUD"),
            (json!({ "aud": "registry" }), "TOK-AUD"),
            (json!({ "aud": format!("api://{AUDIENCE}") }), "TOK-AUD"),
            (json!({ "aud": format!("{AUDIENCE} ") }), "TOK-AUD"),
            (json!({ "aud": format!("{AUDIENCE} registry") }), "TOK-AUD"),
            (json!({ "aud": [["enterprise-manager"]] }), "TOK-AUD-TYPE"),
            (json!({ "aud": [AUDIENCE, 7] }), "TOK-AUD-TYPE"),
            (json!({ "aud": [7] }), "TOK-AUD-TYPE"),
            (json!({ "aud": 7 }), "TOK-AUD-TYPE"),
            (json!({ "aud": true }), "TOK-AUD-TYPE"),
            (json!({ "aud": { "em": AUDIENCE } }), "TOK-AUD-TYPE"),
            // TOK-EXP.
            (json!({ "exp": null }), "TOK-EXP"),
            (json!({ "exp": (now + 60).to_string() }), "TOK-EXP"),
            (json!({ "exp": now - 30 }), "TOK-EXP"),
            (json!({ "exp": now }), "TOK-EXP"),
            (json!({ "exp": now + 1 }), "accepted"),
            (json!({ "exp": fraction(now, "5") }), "accepted"),
            (json!({ "exp": fraction(now - 1, "999") }), "TOK-EXP"),
            (json!({ "exp": fraction(now + 60, "0") }), "accepted"),
            (json!({ "exp": -1 }), "TOK-EXP"),
            (json!({ "exp": -1.5 }), "TOK-EXP"),
            (json!({ "exp": (now + 60) * 1_000 }), "TOK-EXP"),
            (json!({ "exp": 1_u64 << 53 }), "TOK-EXP"),
            (json!({ "exp": i64::MAX }), "TOK-EXP"),
            (json!({ "exp": u64::MAX }), "TOK-EXP"),
            (json!({ "exp": 1e300 }), "TOK-EXP"),
            (json!({ "exp": -1e300 }), "TOK-EXP"),
            (json!({ "exp": true }), "TOK-EXP"),
            (json!({ "exp": [now + 60] }), "TOK-EXP"),
            (json!({ "nbf": now }), "accepted"),
            (json!({ "nbf": -1e9 }), "accepted"),
            (json!({ "nbf": now + 1 }), "TOK-EXP"),
            (json!({ "nbf": now + 3_600 }), "TOK-EXP"),
            (json!({ "nbf": fraction(now, "5") }), "TOK-EXP"),
            (json!({ "nbf": now.to_string() }), "TOK-EXP"),
            (json!({ "nbf": 1e300 }), "TOK-EXP"),
            (json!({ "iat": now + 86_400 }), "accepted"),
            // TOK-SCOPE.
            (json!({ "scp": SCOPE }), "accepted"),
            (json!({ "scp": format!("openid {SCOPE}") }), "accepted"),
            (json!({ "scp": null, "scope": format!("openid  {SCOPE} ") }), "accepted"),
            (json!({ "scp": null, "scope": [SCOPE] }), "accepted"),
            (json!({ "scp": [SCOPE, "openid"], "scope": format!("openid {SCOPE}") }), "accepted"),
            (json!({ "scp": [SCOPE], "scope": format!("openid {SCOPE}") }), "TOK-SCOPE"),
            (json!({ "scp": [], "scope": SCOPE }), "TOK-SCOPE"),
            (json!({ "scp": null }), "TOK-SCOPE"),
            (json!({ "scp": [] }), "TOK-SCOPE"),
            (json!({ "scp": ["openid"] }), "TOK-SCOPE"),
            (json!({ "scp": [format!("{SCOPE}_all")] }), "TOK-SCOPE"),
            (json!({ "scp": [format!("openid {SCOPE}")] }), "TOK-SCOPE"),
            (json!({ "scp": format!("openid,{SCOPE}") }), "TOK-SCOPE"),
            (json!({ "scp": format!("openid\t{SCOPE}") }), "TOK-SCOPE"),
            (json!({ "scp": SCOPE.to_uppercase() }), "TOK-SCOPE"),
            (json!({ "scp": [SCOPE, 7] }), "TOK-SCOPE"),
            (json!({ "scp": { "a": SCOPE } }), "TOK-SCOPE"),
            (json!({ "scp": 7, "scope": SCOPE }), "TOK-SCOPE"),
            // TOK-SUB.
            (json!({ "sub": null }), "TOK-SUB"),
            (json!({ "sub": "" }), "TOK-SUB"),
            (json!({ "sub": 7 }), "TOK-SUB"),
            (json!({ "sub": ["alice"] }), "TOK-SUB"),
            // The order: whom it is for before its times, those before its scope.
            (json!({ "aud": 7, "exp": 0, "scp": [], "sub": "" }), "TOK-AUD-TYPE"),
            (json!({ "exp": 0, "scp": [], "sub": "" }), "TOK-EXP"),
            (json!({ "scp": [], "sub": "" }), "TOK-SCOPE"),
        ] {
            assert_eq!(rule(&signer.token(&claims(&changes)), &keys), expected, "{changes}");
        }
    }

    #[test]
    fn what_is_not_expected_is_not_asked() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let token = signer.token(&claims(&json!({ "aud": 7, "scp": 7, "scope": "x", "sub": 7 })));
        let registry =
            Expectations { audience: None, scope: None, subject_required: false, ..expectations() };
        let verified = verify(&token, &keys, &registry, Rules::ALL, start()).expect("nothing else is asked");
        assert_eq!(verified.subject(), None);
    }

    #[test]
    fn a_leeway_moves_both_ends() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let now = start().as_second();
        for (leeway, changes, accepted) in [
            (30, json!({ "exp": now - 29 }), true),
            (30, json!({ "exp": now - 30 }), false),
            (30, json!({ "nbf": now + 30 }), true),
            (30, json!({ "nbf": now + 31 }), false),
            (-60, json!({ "exp": now + 1 }), true),
            (i64::MAX, json!({ "exp": now - 30 }), true),
        ] {
            let lenient = Expectations { leeway: SignedDuration::from_secs(leeway), ..expectations() };
            let verified = verify(&signer.token(&claims(&changes)), &keys, &lenient, Rules::ALL, start());
            assert_eq!(verified.is_ok(), accepted, "{leeway} {changes}");
        }
    }

    #[test]
    fn headers_decide_by_their_rules() {
        let (signer, rsa) = (Signer::es256("k"), Signer::rsa("rsa"));
        let enc = Signer::es256("enc");
        let keys = key_set(
            &[signer.jwk(), rsa.jwk(), enc.jwk_with(&json!({ "use": "enc", "alg": null }))],
            Rules::ALL,
        );
        let mine = Signer::es256("k");
        for (header, expected) in [
            (json!({ "typ": null }), "accepted"),
            (json!({ "typ": "JWT" }), "accepted"),
            (json!({ "cty": "JWT" }), "accepted"),
            (json!({ "jku": "https://attacker.test/keys" }), "accepted"),
            (json!({ "x5u": 7, "x5c": 7, "jwk": "malformed" }), "accepted"),
            (json!({ "x5c": ["not a certificate"], "jwk": { "kty": "nonsense" } }), "accepted"),
            (json!({ "jwk": mine.jwk() }), "accepted"),
            (json!({ "alg": null }), "TOK-ALG"),
            (json!({ "alg": 7 }), "TOK-ALG"),
            (json!({ "alg": "none" }), "TOK-ALG"),
            (json!({ "alg": "None" }), "TOK-ALG"),
            (json!({ "alg": "NONE" }), "TOK-ALG"),
            (json!({ "alg": "es256" }), "TOK-ALG"),
            (json!({ "alg": "HS256" }), "TOK-ALG"),
            (json!({ "alg": "HS512" }), "TOK-ALG"),
            (json!({ "alg": "PS256" }), "TOK-ALG"),
            (json!({ "alg": "EdDSA" }), "TOK-ALG"),
            (json!({ "alg": "ES256K" }), "TOK-ALG"),
            (json!({ "alg": "RS256" }), "TOK-ALG"), // of an elliptic curve's key
            (json!({ "alg": "ES384" }), "TOK-ALG"), // of another curve
            (json!({ "kid": "rsa" }), "TOK-ALG"),   // of another type
            (json!({ "crit": [] }), "TOK-HEADERS"),
            (json!({ "crit": ["exp"], "exp": 7 }), "TOK-HEADERS"),
            (json!({ "crit": ["b64"], "b64": true }), "TOK-HEADERS"),
            (json!({ "crit": ["absent"] }), "TOK-HEADERS"),
            (json!({ "crit": "b64" }), "TOK-HEADERS"),
            (json!({ "kid": null }), "TOK-KID"),
            (json!({ "kid": "" }), "TOK-KID"),
            (json!({ "kid": 7 }), "TOK-KID"),
            (json!({ "kid": ["k"] }), "TOK-KID"),
            (json!({ "kid": "K" }), "TOK-KID"),
            (json!({ "kid": "../../etc/passwd" }), "TOK-KID"),
            (json!({ "kid": "' OR 1=1 --" }), "TOK-KID"),
            (json!({ "kid": "k\0" }), "TOK-KID"),
            (json!({ "kid": "k\r\nX: y" }), "TOK-KID"),
            (json!({ "kid": "k".repeat(40_000) }), "TOK-KID"),
            (json!({ "kid": "k".repeat(1_000_000) }), "TOK-FORM"),
        ] {
            assert_eq!(
                rule(&signer.token_with(&header, &claims(&json!({}))), &keys),
                expected,
                "{header:.80}"
            );
        }
        assert_eq!(rule(&enc.token(&claims(&json!({}))), &keys), "TOK-ALG");
        assert_eq!(
            rule(&mine.token_with(&json!({ "jwk": mine.jwk() }), &claims(&json!({}))), &keys),
            "TOK-JWT"
        );
        for alg in ["RS512", "PS256"] {
            // The key states RS256.
            assert_eq!(rule(&rsa.token_with(&json!({ "alg": alg }), &claims(&json!({}))), &keys), "TOK-ALG");
        }
    }

    #[test]
    fn what_was_not_signed_by_the_key_is_refused() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let token = signer.token(&claims(&json!({})));
        let other = signer.token(&claims(&json!({ "jti": "other" })));
        let (input, signature) = token.rsplit_once('.').expect("a signature");
        let (header, body) = input.split_once('.').expect("claims");
        let raw = Engine::decode(&URL_SAFE_NO_PAD, signature).expect("base64url");
        let with = |signature: &[u8]| format!("{input}.{}", encode(signature));
        let mut flipped = raw.clone();
        flipped[40] ^= 1;
        let forged = encode(claims(&json!({ "sub": "admin" })).to_string());
        let header_too = encode(json!({ "alg": "ES256", "kid": "k" }).to_string());
        for (token, expected) in [
            (with(&flipped), "TOK-JWT"),
            (with(&raw[..63]), "TOK-JWT"),
            (with(&[raw.as_slice(), &[0]].concat()), "TOK-JWT"),
            (with(&[0; 64]), "TOK-JWT"),
            (with(&der(&raw)), "TOK-JWT"),
            (format!("{input}.{}", other.rsplit_once('.').expect("a signature").1), "TOK-JWT"),
            (format!("{header}.{forged}.{signature}"), "TOK-JWT"),
            (format!("{header_too}.{body}.{signature}"), "TOK-JWT"),
            (Signer::es256("k").token(&claims(&json!({}))), "TOK-JWT"),
            (format!("{input}."), "TOK-FORM"),
            (input.to_owned(), "TOK-FORM"),
            (format!("{token}.x"), "TOK-FORM"),
            (format!("{token}=="), "TOK-FORM"),
            (format!("{token}\n"), "TOK-FORM"),
            ("opaque".to_owned(), "TOK-OPAQUE"),
            (signer.token(&claims(&json!({ "padding": "x".repeat(64 * 1024) }))), "TOK-FORM"),
            (signer.token(&claims(&json!({ "padding": "x".repeat(32 * 1024) }))), "accepted"),
        ] {
            assert_eq!(rule(&token, &keys), expected, "{token:.300}");
        }
    }

    /// `SEQUENCE { INTEGER r, INTEGER s }`, which JWS does not use (RFC 7518 §3.4).
    fn der(raw: &[u8]) -> Vec<u8> {
        let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
        [vec![0x30, 70], integer(&raw[..32]), integer(&raw[32..])].concat()
    }

    #[test]
    fn duplicate_members_are_refused_though_they_are_signed() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        let (header, body) = (r#"{"alg":"ES256","kid":"k"}"#, claims(&json!({})).to_string());
        assert_eq!(rule(&signer.token_of(header, &body), &keys), "accepted");
        let twice = body.replacen('{', r#"{"aud":"registry","#, 1);
        assert_eq!(rule(&signer.token_of(header, &twice), &keys), "TOK-FORM");
        assert_eq!(
            rule(&signer.token_of(r#"{"alg":"ES256","kid":"x","kid":"k"}"#, &body), &keys),
            "TOK-FORM"
        );
    }

    #[test]
    fn a_foreign_issuer_is_named_before_a_key_is_looked_for() {
        let stranger = Signer::es256("unknown");
        let keys = key_set(&[Signer::es256("k").jwk()], Rules::ALL);
        let token = stranger.token(&claims(&json!({ "iss": "https://other.test" })));
        assert_eq!(rule(&token, &keys), "TOK-ISS");
        assert_eq!(rule(&stranger.token(&claims(&json!({}))), &keys), "TOK-KID");
    }

    #[test]
    fn a_refusal_quotes_nothing_of_the_token() {
        let signer = Signer::es256("k");
        let keys = key_set(&[signer.jwk()], Rules::ALL);
        for claim in ["iss", "aud", "exp", "nbf", "scp", "scope", "sub"] {
            for value in [json!("evil"), json!(["evil"]), json!({ "evil": "evil" })] {
                if let Some(refusal) = refused(&signer.token(&claims(&json!({ (claim): value }))), &keys) {
                    assert!(!refusal.description().contains("evil"), "{refusal}");
                }
            }
        }
        for name in ["alg", "kid", "crit"] {
            let token = signer.token_with(&json!({ (name): "evil" }), &claims(&json!({})));
            assert!(!refused(&token, &keys).expect("refused").description().contains("evil"));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let keys = KeySet::default();
            prop_assert!(refused(&text, &keys).is_some());
        }

        #[test]
        fn no_mutation_of_a_token_is_accepted(place in any::<prop::sample::Index>(), letter in any::<char>(), cut in any::<bool>()) {
            let signer = Signer::es256("k");
            let keys = key_set(&[signer.jwk()], Rules::ALL);
            let token = signer.token(&claims(&json!({})));
            let place = place.index(token.len());
            let rest = if cut { "" } else { &token[place + 1..] };
            let mutated = format!("{}{letter}{rest}", &token[..place]);
            let refusal = refused(&mutated, &keys);
            prop_assert!(refusal.is_some() || mutated == token, "{mutated}");
            prop_assert!(refusal.is_none_or(|refusal| refusal.status() == 401));
        }

        #[test]
        fn no_header_or_claims_make_it_panic(header in any::<String>(), body in any::<String>()) {
            for rules in [Rules::ALL, Rules::without(Rule::TokAlg), Rules::without(Rule::TokHeaders)] {
                let token = format!("{}.{}.AAAA", encode(&header), encode(&body));
                prop_assert!(verify(&token, &KeySet::default(), &expectations(), rules, start()).is_err());
            }
        }

        #[test]
        fn no_claim_makes_it_panic(name in "iss|aud|exp|nbf|scp|scope|sub", number in any::<f64>(), text in any::<String>()) {
            let signer = Signer::es256("k");
            let keys = key_set(&[signer.jwk()], Rules::ALL);
            for value in [json!(number), json!(text), json!([text, number])] {
                let _ = refused(&signer.token(&claims(&json!({ (name.as_str()): value }))), &keys);
            }
        }
    }
}
