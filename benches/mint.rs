//! Minting a token over the mock IdP's control wire, and its bare limits: the round trip without a token, and the RS256
//! signature alone.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use std::hint::black_box;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use spanned_yaml::Source;
use tokio::runtime::Runtime;
use touchstone::{
    model::{identifier::Component, rule::Rules, secret::Secrets},
    net::courier::{Courier as _, Request},
    target::{PlatformOrder, Target as _, embedded::EmbeddedTarget},
};

fn mint(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let target = EmbeddedTarget::new(Rules::ALL, None).expect("a target");
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-per-component.yaml");
    let order = PlatformOrder {
        manifests: Vec::new(),
        values: Source::read(values.as_ref()).expect("the values file"),
        tenant: EmbeddedTarget::shipped_tenant("okta-per-component").expect("a shipped tenant"),
        seed: [0; 32],
        secrets: Secrets::default(),
    };
    let platform = runtime.block_on(target.start(&order)).expect("a platform");
    let control =
        platform.endpoints().components.get(&Component::new("idp")).and_then(|idp| idp.control.clone());
    let control = control.expect("a control wire");
    let authorization = format!("Bearer {}", control.secret);
    let body = json!({
        "issuer": "https://acme.okta.com/oauth2/aus1em",
        "like": {"user": "ann@acme.test", "client_id": "0oaclitouchstone1", "scopes": ["openid", "toolhive:config:read"]},
    });
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let message = [b'a'; 600];

    let mut group = criterion.benchmark_group("mint");
    group.bench_function("round trip without a token", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let request = Request::get(format!("{}/control/clock", control.base));
            platform.http().send(request.header("authorization", &*authorization)).await.expect("an answer")
        });
    });
    group.bench_function("mint RS256 over the control wire", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let request = Request::json("POST", format!("{}/control/mint", control.base), &body);
            let answer = platform.http().send(request.header("authorization", &*authorization)).await;
            assert_eq!(answer.expect("an answer").status, 200);
        });
    });
    group.bench_function("RS256 signature alone", |bencher| {
        let mut signature = vec![0; key.public_modulus_len()];
        bencher
            .iter(|| key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), black_box(&message), &mut signature));
    });
    group.finish();
}

criterion_group!(benches, mint);
criterion_main!(benches);
