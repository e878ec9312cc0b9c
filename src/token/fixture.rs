//! What the tests of this module share: keys that sign, tokens made of them, an identity provider without a network.
//!
//! Signing lives here and nowhere else in the module; nothing of it is compiled into the product.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, ParsedPublicKey,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::{Answer, Expectations, Fetch, FetchFault, KeySet, Pending, TokenCache, Verifier};
use crate::{
    clock::ManualClock,
    model::{
        identifier::{Audience, Issuer, Scope},
        rule::Rules,
    },
};

pub(super) const ISSUER: &str = "https://idp.test/tenant";
pub(super) const AUDIENCE: &str = "enterprise-manager";
pub(super) const SCOPE: &str = "toolhive:config:read";
const DISCOVERY: &str = "https://idp.test/tenant/.well-known/openid-configuration";
const JWKS: &str = "https://idp.test/tenant/keys";
const INTROSPECTION: &str = "https://idp.test/tenant/introspect";

/// 2026-01-01.
pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a date")
}

/// A Manager's expectations with a scope and a subject.
pub(super) fn expectations() -> Expectations {
    Expectations {
        scope: Some(Scope::new(SCOPE)),
        subject_required: true,
        ..Expectations::new(Issuer::new(ISSUER), Audience::new(AUDIENCE))
    }
}

/// The claims that meet them at `start`, with members set (or, with null, removed).
pub(super) fn claims(changes: &Value) -> Value {
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "scp": [SCOPE, "openid"],
        "iat": start().as_second(), "exp": start().as_second() + 3_600,
    });
    changed(claims, changes)
}

fn changed(mut members: Value, changes: &Value) -> Value {
    let object = members.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            object.shift_remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    members
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key pair with its `kid`.
pub(super) struct Signer {
    pub(super) kid: &'static str,
    pair: Pair,
}

enum Pair {
    Ec(&'static str, &'static str, EcdsaKeyPair),
    Rsa(&'static RsaKeyPair),
}

impl Signer {
    pub(super) fn es256(kid: &'static str) -> Self {
        Self::elliptic(kid, "ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(super) fn es384(kid: &'static str) -> Self {
        Self::elliptic(kid, "ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    pub(super) fn es512(kid: &'static str) -> Self {
        Self::elliptic(kid, "ES512", "P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)
    }

    fn elliptic(
        kid: &'static str,
        alg: &'static str,
        curve: &'static str,
        signing: &'static EcdsaSigningAlgorithm,
    ) -> Self {
        Self { kid, pair: Pair::Ec(alg, curve, EcdsaKeyPair::generate(signing).expect("a key")) }
    }

    /// The same RSA key for every test: making one takes long.
    pub(super) fn rsa(kid: &'static str) -> Self {
        static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
        Self {
            kid,
            pair: Pair::Rsa(PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))),
        }
    }

    pub(super) fn alg(&self) -> &'static str {
        match &self.pair {
            Pair::Ec(alg, ..) => alg,
            Pair::Rsa(_) => "RS256",
        }
    }

    /// The modulus of an RSA key.
    pub(super) fn modulus(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => modulus(pair),
            Pair::Ec(..) => Vec::new(),
        }
    }

    pub(super) fn jwk(&self) -> Value {
        self.jwk_with(&json!({}))
    }

    pub(super) fn jwk_with(&self, changes: &Value) -> Value {
        let material = match &self.pair {
            Pair::Ec(_, curve, pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Rsa(pair) => json!({"kty": "RSA", "n": encode(modulus(pair)), "e": "AQAB"}),
        };
        let jwk = changed(material, &json!({"kid": self.kid, "use": "sig", "alg": self.alg()}));
        changed(jwk, changes)
    }

    pub(super) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(_, _, pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding = match alg {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).expect("a signature");
                signature
            }
        }
    }

    /// A token of these claims, signed with the key's own algorithm.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({}), claims)
    }

    /// The same with members of the header changed.
    pub(super) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let header = changed(json!({"typ": "at+jwt", "alg": self.alg(), "kid": self.kid}), header);
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token of any two texts, signed by what the header says.
    pub(super) fn token_of(&self, header: &str, claims: &str) -> String {
        let alg = serde_json::from_str::<Value>(header)
            .ok()
            .and_then(|header| Some(header["alg"].as_str()?.to_owned()));
        let input = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(alg.as_deref().unwrap_or_default(), input.as_bytes());
        format!("{input}.{}", encode(signature))
    }

    /// A token under HS256, whose secret is this public key in PEM.
    pub(super) fn confused(&self, claims: &Value) -> String {
        let der = match &self.pair {
            Pair::Rsa(pair) => AsDer::as_der(pair.public_key()).expect("a document"),
            Pair::Ec(_, _, pair) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).unwrap().as_der().unwrap()
            }
        };
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        let header = json!({"alg": "HS256", "kid": self.kid}).to_string();
        let input = format!("{}.{}", encode(header), encode(claims.to_string()));
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, pem.as_bytes()), input.as_bytes());
        format!("{input}.{}", encode(code))
    }
}

/// The modulus out of `SEQUENCE { INTEGER n, INTEGER 65537 }` of 2048 bits.
fn modulus(pair: &RsaKeyPair) -> Vec<u8> {
    let der = pair.public_key().as_ref();
    der[der.len() - 5 - 256..der.len() - 5].to_vec()
}

pub(super) fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(super) fn key_set(keys: &[Value], rules: Rules) -> KeySet {
    KeySet::parse(jwks(keys).as_bytes(), rules).expect("a key set")
}

/// An identity provider that answers out of a table and remembers what it was asked.
#[derive(Debug, Default)]
pub(super) struct FakeIdp {
    answers: Mutex<BTreeMap<String, Result<Answer, FetchFault>>>,
    asked: Mutex<Vec<String>>,
}

impl FakeIdp {
    pub(super) fn new(keys: &[Value]) -> Arc<Self> {
        let idp = Self::default();
        idp.discover(&json!({
            "issuer": ISSUER, "jwks_uri": JWKS, "introspection_endpoint": INTROSPECTION,
        }));
        idp.serve(keys);
        idp.answer(INTROSPECTION, json_answer(r#"{"active":true,"sub":"mallory"}"#));
        Arc::new(idp)
    }

    pub(super) fn discover(&self, document: &Value) {
        self.answer(DISCOVERY, json_answer(&document.to_string()));
    }

    pub(super) fn answer_discovery(&self, answer: Answer) {
        self.answer(DISCOVERY, answer);
    }

    pub(super) fn serve(&self, keys: &[Value]) {
        self.answer_jwks(json_answer(&jwks(keys)));
    }

    pub(super) fn answer_jwks(&self, answer: Answer) {
        self.answer(JWKS, answer);
    }

    pub(super) fn fail_jwks(&self, fault: FetchFault) {
        self.answers.lock().unwrap().insert(JWKS.to_owned(), Err(fault));
    }

    pub(super) fn answer(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), Ok(answer));
    }

    /// How often the key set was asked for.
    pub(super) fn key_fetches(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|url| *url == JWKS).count()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn respond(&self, url: &Url) -> Result<Answer, FetchFault> {
        self.asked.lock().unwrap().push(url.to_string());
        // Others get their turn while this is under way, as with a real network.
        tokio::task::yield_now().await;
        let answer = self.answers.lock().unwrap().get(url.as_str()).cloned();
        answer.unwrap_or_else(|| Ok(Answer { status: 404, ..Answer::default() }))
    }
}

impl Fetch for FakeIdp {
    fn get<'a>(&'a self, url: &'a Url) -> Pending<'a> {
        Box::pin(self.respond(url))
    }

    fn post<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> Pending<'a> {
        assert!(matches!(form, [("token", _)]));
        Box::pin(self.respond(url))
    }
}

pub(super) fn json_answer(body: &str) -> Answer {
    Answer {
        status: 200,
        content_type: Some("application/json; charset=utf-8".to_owned()),
        body: body.as_bytes().to_vec(),
        ..Answer::default()
    }
}

/// A provider with one ES256 key, a clock that stands, and verifiers on both.
pub(super) struct Scene {
    pub(super) signer: Signer,
    pub(super) idp: Arc<FakeIdp>,
    pub(super) clock: ManualClock,
    pub(super) rules: Rules,
}

impl Scene {
    pub(super) fn new(rules: Rules) -> Self {
        let signer = Signer::es256("one");
        let idp = FakeIdp::new(&[signer.jwk()]);
        Self { signer, idp, clock: ManualClock::at(start()), rules }
    }

    pub(super) fn verifier(&self) -> Verifier {
        self.verifier_of(expectations(), TokenCache::default())
    }

    pub(super) fn verifier_of(&self, expected: Expectations, cache: TokenCache) -> Verifier {
        let idp: Arc<dyn Fetch> = Arc::<FakeIdp>::clone(&self.idp);
        Verifier::fetching(expected, self.rules, Arc::new(self.clock.clone()), idp, cache)
    }

    pub(super) fn token(&self) -> String {
        self.signer.token(&claims(&json!({})))
    }

    pub(super) fn advance(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }
}
