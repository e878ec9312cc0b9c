//! The policy's way to a client, and the bare limits in the same run: signing an envelope, a 304, loading and verifying
//! the cache, a poll. Everything but the cache goes over TLS on loopback, so the round trip of an empty request stands
//! beside it.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use std::{hint::black_box, sync::Arc, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey,
    },
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use spanned_yaml::Source;
use tokio::runtime::Runtime;
use touchstone::{
    client::{CACHE_FILE, Client, MemoryStore, Mode, Outcome, Setup, bootstrap},
    model::{identifier::Component, rule::Rules, secret::Secrets},
    net::courier::{Courier as _, Request},
    reference::enterprise_manager::SigningKey,
    scratch::Scratch,
    signin::Person,
    target::{Control, Platform, PlatformOrder, Target as _, embedded::EmbeddedTarget},
};

const MANAGER: &str = "https://config.example.com";
const CONFIG: &str = "https://config.example.com/api/v1/config";

async fn start() -> Box<dyn Platform> {
    let target = EmbeddedTarget::new(Rules::ALL, None).expect("a target");
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-per-component.yaml");
    let order = PlatformOrder {
        manifests: Vec::new(),
        values: Source::read(values.as_ref()).expect("the values file"),
        tenant: EmbeddedTarget::shipped_tenant("okta-per-component").expect("a shipped tenant"),
        seed: [0; 32],
        secrets: Secrets::default(),
    };
    target.start(&order).await.expect("a platform")
}

fn control(platform: &dyn Platform, component: &str) -> Control {
    let endpoint = platform.endpoints().components.get(&Component::new(component));
    endpoint.and_then(|endpoint| endpoint.control.clone()).expect("a control wire")
}

/// A token for the Manager that lives for a year.
async fn token(platform: &dyn Platform) -> String {
    let Control { base, secret } = control(platform, "idp");
    let expires = platform.clock().now().as_second() + 31_536_000;
    let order = json!({
        "issuer": "https://acme.okta.com/oauth2/aus1em",
        "like": {"user": "ann@acme.test", "client_id": "0oaclitouchstone1", "scopes": ["openid", "toolhive:config:read"]},
        "claims": {"exp": expires},
    });
    let request = Request::json("POST", format!("{base}/control/mint"), &order);
    let answer = platform.http().send(request.header("authorization", format!("Bearer {secret}"))).await;
    let minted = answer.expect("an answer").json().expect("a minted token");
    minted.get("token").and_then(serde_json::Value::as_str).expect("a token").to_owned()
}

fn envelope(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let platform = runtime.block_on(start());
    let token = runtime.block_on(token(&*platform));
    let get = |url: &str| Request::get(url).header("authorization", format!("Bearer {token}"));
    let first = runtime.block_on(platform.http().send(get(CONFIG))).expect("an answer");
    assert_eq!(first.status, 200);
    let etag = first.header("etag").expect("an entity tag").to_owned();
    let key = SigningKey::from_seed([1; 32]).expect("a key");
    let Control { base, secret } = control(&*platform, "enterprise-manager");

    let mut group = criterion.benchmark_group("envelope");
    group.bench_function("ES256 signature alone", |bencher| {
        bencher.iter(|| key.sign(black_box(&[b'a'; 600])).expect("a signature"));
    });
    group.bench_function("round trip without a token", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let answer = platform.http().send(Request::get(format!("{MANAGER}/.well-known/jwks.json"))).await;
            assert_eq!(answer.expect("an answer").status, 200);
        });
    });
    group.bench_function("a 304", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let answer = platform.http().send(get(CONFIG).header("if-none-match", &*etag)).await;
            assert_eq!(answer.expect("an answer").status, 304);
        });
    });
    group.bench_function("a kept envelope", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            assert_eq!(platform.http().send(get(CONFIG)).await.expect("an answer").status, 200);
        });
    });
    // Half of the TTL later it is signed anew; the clock is moved over the wire before each request.
    group.bench_function("a freshly signed envelope, with a move of the clock", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            // There and back, so that the token and its cache entry live: an envelope of the future is signed anew too.
            for by in ["13h", "-13h"] {
                let move_clock =
                    Request::json("PUT", format!("{base}/control/clock"), &json!({"advance": by}));
                let moved =
                    platform.http().send(move_clock.header("authorization", format!("Bearer {secret}")));
                assert_eq!(moved.await.expect("an answer").status, 200);
                assert_eq!(platform.http().send(get(CONFIG)).await.expect("an answer").status, 200);
            }
        });
    });
    group.finish();
}

fn client(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let platform = runtime.block_on(start());
    let disk = Scratch::reserve().expect("a disk");
    let store = Arc::new(MemoryStore::default());
    let open = || {
        Client::open(Setup {
            platform_url: bootstrap(None, Some(MANAGER), Rules::ALL).expect("a platform URL"),
            folder: disk.at("client"),
            store: Arc::clone(&store) as Arc<_>,
            clock: platform.clock(),
            seed: [0; 32],
            rules: Rules::ALL,
        })
    };
    let person = Person { login: "ann@acme.test".into(), password: "ann-mock-password".into() };
    let mut client = open();
    runtime.block_on(client.sign_in(platform.http(), &person)).expect("a sign-in");
    assert_eq!(runtime.block_on(client.poll(platform.http())).outcome, Outcome::Contact);
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let message = [b'a'; 600];
    let signature = pair.sign(&SystemRandom::new(), &message).expect("a signature");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec());

    let mut group = criterion.benchmark_group("client");
    group.measurement_time(Duration::from_secs(5));
    group.bench_function("ES256 check alone", |bencher| {
        bencher.iter(|| public.verify(black_box(&message), signature.as_ref()).expect("it verifies"));
    });
    group.bench_function("reading the cache file alone", |bencher| {
        let file = disk.at("client").join(CACHE_FILE);
        bencher.iter(|| black_box(std::fs::read(&file).expect("the cache")));
    });
    group.bench_function("cache load and verify", |bencher| {
        bencher.iter(|| {
            let client = open();
            assert_eq!(client.status().mode, Mode::Online);
        });
    });
    group.bench_function("round trip without a token", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let answer = platform.http().send(Request::get(format!("{MANAGER}/.well-known/jwks.json"))).await;
            assert_eq!(answer.expect("an answer").status, 200);
        });
    });
    group.bench_function("a poll that is answered 304", |bencher| {
        bencher.iter(|| {
            assert_eq!(runtime.block_on(client.poll(platform.http())).outcome, Outcome::Unchanged);
        });
    });
    group.finish();
}

criterion_group!(benches, envelope, client);
criterion_main!(benches);
