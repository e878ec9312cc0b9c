//! What the verification of an access token costs beside the bare signature check.
//!
//! In one run, for ES256 and RS256: the check alone (key parsed once), this project's verification of a token that
//! it has seen and of one that it has not, and jsonwebtoken's as a peer. The claims are those of an ordinary token.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark stops at the first thing that is not as it must be"
)]

use std::{
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::{Value, json};
use touchstone::{
    clock::{Clock, ManualClock},
    model::{
        identifier::{Audience, Issuer, Scope},
        rule::Rules,
    },
    token::{Answer, Expectations, Fetch, KeySet, Pending, TokenCache, Verifier, verify},
};
use url::Url;

const ISSUER: &str = "https://acme.okta.com/oauth2/default";
const AUDIENCE: &str = "enterprise-manager";
const SCOPE: &str = "toolhive:config:read";

/// A signed token and all that verifies it.
struct Material {
    algorithm: jsonwebtoken::Algorithm,
    jwk: Value,
    parsed: ParsedPublicKey,
    token: String,
}

impl Material {
    fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let jwk =
            json!({ "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "alg": "ES256", "x": x, "y": y });
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).expect("a public key");
        let sign =
            |input: &[u8]| pair.sign(&SystemRandom::new(), input).expect("a signature").as_ref().to_vec();
        Self { algorithm: jsonwebtoken::Algorithm::ES256, jwk, parsed, token: token("ES256", sign) }
    }

    fn rs256() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = pair.public_key().as_ref();
        let modulus = URL_SAFE_NO_PAD.encode(&der[der.len() - 261..der.len() - 5]);
        let jwk =
            json!({ "kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", "n": modulus, "e": "AQAB" });
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).expect("a public key");
        let sign = |input: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature).expect("a signature");
            signature
        };
        Self { algorithm: jsonwebtoken::Algorithm::RS256, jwk, parsed, token: token("RS256", sign) }
    }

    fn jwks(&self) -> Vec<u8> {
        json!({ "keys": [self.jwk] }).to_string().into_bytes()
    }
}

fn token(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = json!({ "typ": "at+jwt", "alg": alg, "kid": "k" });
    let claims = json!({
        "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "iss": ISSUER, "aud": AUDIENCE,
        "iat": now().as_second(), "exp": now().as_second() + 315_360_000, "cid": "0oabucvyc38HLL1ef0h7",
        "uid": "00ujmkLgagxeRrAg20g3", "scp": ["openid", "profile", "offline_access", SCOPE],
        "sub": "alice@acme.test", "groups": ["engineering", "platform-admins", "everyone"], "roles": ["reader"],
    });
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

/// 2026-01-01, and still before the token's expiry for the peer, which reads the system's clock.
fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a date")
}

fn expectations() -> Expectations {
    Expectations {
        scope: Some(Scope::new(SCOPE)),
        subject_required: true,
        ..Expectations::new(Issuer::new(ISSUER), Audience::new(AUDIENCE))
    }
}

/// An identity provider that answers at once.
#[derive(Debug)]
struct Idp {
    jwks: Vec<u8>,
}

impl Fetch for Idp {
    fn get<'a>(&'a self, url: &'a Url) -> Pending<'a> {
        let metadata =
            json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/v1/keys") }).to_string().into_bytes();
        let body = if url.path().ends_with("/v1/keys") { self.jwks.clone() } else { metadata };
        let content_type = Some("application/json".to_owned());
        Box::pin(async { Ok(Answer { status: 200, content_type, body, ..Answer::default() }) })
    }

    fn post<'a>(&'a self, url: &'a Url, _form: &'a [(&'a str, &'a str)]) -> Pending<'a> {
        self.get(url)
    }
}

/// The outcome of a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn bench(criterion: &mut Criterion) {
    for (name, material) in [("ES256", Material::es256()), ("RS256", Material::rs256())] {
        let mut group = criterion.benchmark_group(name);
        let token = material.token.as_str();
        let (input, signature) = token.rsplit_once('.').expect("a signature");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        group.bench_function("bare check", |b| {
            b.iter(|| {
                material
                    .parsed
                    .verify_sig(black_box(input.as_bytes()), black_box(&signature))
                    .expect("genuine");
            });
        });

        let (keys, expected) =
            (KeySet::parse(&material.jwks(), Rules::ALL).expect("a key set"), expectations());
        group.bench_function("touchstone, token not seen before", |b| {
            b.iter(|| verify(black_box(token), &keys, &expected, Rules::ALL, now()).expect("a good token"));
        });

        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now()));
        let idp = Arc::new(Idp { jwks: material.jwks() });
        let verifier = Verifier::fetching(expectations(), Rules::ALL, clock, idp, TokenCache::default());
        group.bench_function("touchstone, token seen before", |b| {
            b.iter(|| ready(verifier.verify(black_box(token))).expect("a good token"));
        });

        let jwk = serde_json::from_value(material.jwk.clone()).expect("a key");
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).expect("a key");
        let mut validation = jsonwebtoken::Validation::new(material.algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        group.bench_function("jsonwebtoken::decode", |b| {
            b.iter(|| {
                jsonwebtoken::decode::<Value>(black_box(token), &key, &validation).expect("a good token")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
