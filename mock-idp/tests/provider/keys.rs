//! Keys that come from a seed, and keys that are published without signing anything.

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, Rig, shipped};

async fn key_set(rig: &Rig) -> Json {
    rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await
}

async fn publish(rig: &Rig, more: Json) -> Json {
    let mut body = json!({"issuer": rig.issuer()});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let (status, answer) = rig.control(Method::POST, "keys/publish", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn a_seed_repeats_the_key_set() {
    let ec = shipped("generic").replace("signing_algorithm: RS256", "signing_algorithm: ES256");
    for text in [shipped("generic"), ec.as_str()] {
        let [one, again, other] = [[7; 32], [7; 32], [8; 32]].map(|seed| Rig::seeded(text, seed));
        let keys = key_set(&one).await;
        assert_eq!(keys, key_set(&again).await);
        let material = |keys: &Json| (keys["keys"][0]["n"].clone(), keys["keys"][0]["x"].clone());
        assert_ne!(material(&keys), material(&key_set(&other).await));
        let token = one.mint(json!({"issuer": one.issuer()})).await;
        assert!(again.verify(again.issuer(), token["token"].as_str().unwrap()).await.is_ok());
    }
}

#[tokio::test]
async fn entries_are_published_beside_the_keys_that_sign() {
    let rig = Rig::shipped("okta-per-component");
    let before = key_set(&rig).await;
    let kid = before["keys"][0]["kid"].clone();
    let answer = publish(&rig, json!({"key": "rsa-1024", "set": {"kid": "weak"}, "first": true})).await;
    assert_eq!((&answer["kid"], &answer["published"]), (&kid, &json!(["weak", kid])));
    publish(&rig, json!({"key": "es256", "set": {"kid": kid, "use": "enc"}, "without": ["alg"]})).await;
    let answer = publish(&rig, json!({"key": "rsa-2048", "set": {"kty": "OKP"}, "without": ["kid"]})).await;
    assert_eq!(
        answer["published"],
        json!(["weak", kid, kid]),
        "an entry without an id is there all the same"
    );
    let keys = key_set(&rig).await;
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys[1], before["keys"][0], "the issuer's own is untouched");
    let (weak, same) = (&keys[0], &keys[2]);
    assert_eq!((&weak["kid"], weak["n"].as_str().unwrap().len()), (&json!("weak"), 171));
    assert_eq!((&same["kid"], &same["kty"], &same["use"]), (&kid, &json!("EC"), &json!("enc")));
    assert!(same.get("alg").is_none() && keys[3].get("kid").is_none() && keys[3]["kty"] == "OKP");
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert!(crate::rig::decode(tokens.access())["header"]["kid"] == kid, "none of them signs");
    rig.control(Method::POST, "reset", None).await;
    assert_eq!(key_set(&rig).await, before);
}

#[tokio::test]
async fn what_a_published_key_signs_can_be_verified() {
    let rig = Rig::shipped("okta-per-component");
    for (key, sign) in [("unpublished", "unpublished"), ("es256", "es256")] {
        publish(&rig, json!({"key": key, "set": {"kid": key}})).await;
        let order = json!({"issuer": rig.issuer(), "sign": sign, "header": {"kid": key}});
        let token = rig.mint(order).await;
        assert!(rig.verify(rig.issuer(), token["token"].as_str().unwrap()).await.is_ok(), "{key}");
    }
    let body = json!({"issuer": rig.issuer(), "key": "dsa"});
    let (status, answer) = rig.control(Method::POST, "keys/publish", Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["error_description"].as_str().unwrap().contains("`rsa-1024`"), "{answer}");
}
