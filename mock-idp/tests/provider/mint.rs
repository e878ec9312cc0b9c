//! Hostile tokens: each has the one defect that its name says, and is otherwise what it pretends to be.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify, jwk::Jwk};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig};

fn order(rig: &Rig, more: &Json) -> Json {
    let mut order = json!({
        "issuer": rig.issuer(),
        "like": {"user": "ann@acme.test", "client_id": CLI, "scopes": ["openid", CONFIG]},
    });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

async fn mint(rig: &Rig, more: Json) -> Json {
    rig.mint(order(rig, &more)).await
}

async fn refused(rig: &Rig, order: Json) -> String {
    let (status, answer) = rig.control(Method::POST, "mint", Some(order)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    answer["error_description"].as_str().unwrap().to_owned()
}

fn ec() -> Rig {
    Rig::changed("generic", "signing_algorithm: RS256", "signing_algorithm: ES256")
}

async fn jwk(rig: &Rig, index: usize) -> Json {
    rig.json(&rig.endpoint(rig.issuer(), "jwks_uri").await).await["keys"][index].clone()
}

fn text(minted: &Json) -> &str {
    minted["token"].as_str().unwrap()
}

/// What is signed, and the signature.
fn parts(token: &str) -> (&str, Vec<u8>) {
    let (input, signature) = token.rsplit_once('.').unwrap();
    (input, URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn bytes(member: &Json) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(member.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn other_algorithms_are_really_those() {
    let rig = Rig::shipped("okta-per-component");
    for (sign, algorithm) in
        [("rs384", "RS384"), ("rs512", "RS512"), ("ps256", "PS256"), ("ps384", "PS384"), ("ps512", "PS512")]
    {
        let minted = mint(&rig, json!({"sign": sign})).await;
        assert_eq!(minted["header"]["alg"], algorithm);
        assert!(rig.verify(rig.issuer(), text(&minted)).await.is_ok(), "{sign}");
        let lied = mint(&rig, json!({"sign": sign, "header": {"alg": "RS256"}})).await;
        assert_eq!(lied["header"]["alg"], "RS256");
        assert_eq!(rig.verify(rig.issuer(), text(&lied)).await.unwrap_err(), "InvalidSignature", "{sign}");
    }
}

#[tokio::test]
async fn an_hmac_is_under_the_public_key() {
    let rig = Rig::shipped("okta-per-component");
    let modulus = jwk(&rig, 0).await["n"].clone();
    // SubjectPublicKeyInfo of every RSA key of 2,048 bits with the exponent 65537, around the modulus.
    let before = STANDARD.decode("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA").unwrap();
    let der = [&before[..], &bytes(&modulus), &[2, 3, 1, 0, 1]].concat();
    let pem: Vec<_> = STANDARD.encode(&der).into_bytes().chunks(64).map(<[u8]>::to_vec).collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        String::from_utf8(pem.join(&b'\n')).unwrap()
    );
    for (sign, secret) in [
        ("hmac-public-pem", pem.as_bytes()),
        ("hmac-public-der", &der),
        ("hmac-jwk-n", modulus.as_str().unwrap().as_bytes()),
    ] {
        for (name, algorithm) in [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384)] {
            let minted = mint(&rig, json!({"sign": sign, "header": {"alg": name}})).await;
            let (input, signature) = text(&minted).rsplit_once('.').unwrap();
            let key = DecodingKey::from_secret(secret);
            assert!(verify(signature, input.as_bytes(), &key, algorithm).unwrap(), "{sign} {name}");
        }
        assert_eq!(mint(&rig, json!({"sign": sign})).await["header"]["alg"], "HS256");
    }
}

#[tokio::test]
async fn a_weak_key_signs_truly() {
    let rig = Rig::shipped("okta-per-component");
    let body = json!({"issuer": rig.issuer(), "key": "rsa-1024", "set": {"kid": "weak"}});
    rig.control(Method::POST, "keys/publish", Some(body)).await;
    let weak = jwk(&rig, 1).await;
    let minted = mint(&rig, json!({"sign": "rsa-1024", "header": {"kid": "weak"}})).await;
    assert_eq!(minted["header"]["alg"], "RS256");
    let (input, signature) = parts(text(&minted));
    let key = RsaPublicKeyComponents { n: bytes(&weak["n"]), e: bytes(&weak["e"]) };
    let lenient = &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
    assert!(key.verify(lenient, input.as_bytes(), &signature).is_ok());
}

#[tokio::test]
async fn ecdsa_signatures_have_the_wrong_form() {
    let rig = ec();
    let minted = |sign: &'static str| rig.mint(json!({"issuer": rig.issuer(), "sign": sign}));
    let zero = minted("ecdsa-zero").await;
    assert_eq!(zero["header"]["alg"], "ES256");
    assert_eq!(parts(text(&zero)).1, [0; 64]);
    let der = minted("ecdsa-der").await;
    let key = jwk(&rig, 0).await;
    let point = [vec![4], bytes(&key["x"]), bytes(&key["y"])].concat();
    let (input, signature) = parts(text(&der));
    assert!(
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(input.as_bytes(), &signature).is_ok()
    );
    assert!(rig.verify(rig.issuer(), text(&der)).await.is_err(), "it is no JWS");
    assert!(rig.verify(rig.issuer(), text(&minted("issuer").await)).await.is_ok());
}

#[tokio::test]
async fn an_embedded_key_is_the_one_that_signed() {
    let (okta, generic) = (Rig::shipped("okta-per-component"), ec());
    for (rig, key_type) in [(&okta, "RSA"), (&generic, "EC")] {
        let minted = rig.mint(json!({"issuer": rig.issuer(), "sign": "embedded-jwk"})).await;
        let embedded = &minted["header"]["jwk"];
        assert_eq!(embedded["kty"], key_type);
        let key: Jwk = serde_json::from_value(embedded.clone()).unwrap();
        let (input, signature) = text(&minted).rsplit_once('.').unwrap();
        let algorithm = if key_type == "RSA" { Algorithm::RS256 } else { Algorithm::ES256 };
        let key = DecodingKey::from_jwk(&key).unwrap();
        assert!(verify(signature, input.as_bytes(), &key, algorithm).unwrap(), "{key_type}");

        let certified = rig.mint(json!({"issuer": rig.issuer(), "sign": "embedded-x5c"})).await;
        let der = STANDARD.decode(certified["header"]["x5c"][0].as_str().unwrap()).unwrap();
        let part = bytes(&embedded[if key_type == "RSA" { "n" } else { "x" }]);
        assert!(der.windows(part.len()).any(|window| window == part), "the certificate is for that key");
        let (input, signature) = text(&certified).rsplit_once('.').unwrap();
        assert!(verify(signature, input.as_bytes(), &key, algorithm).unwrap(), "{key_type}");
    }
}

#[tokio::test]
async fn a_signature_is_cut_or_given() {
    let rig = Rig::shipped("okta-per-component");
    let cut = mint(&rig, json!({"sign": "truncated"})).await;
    assert_eq!(parts(text(&cut)).1.len(), 246);
    let other = mint(&rig, json!({})).await;
    let (_, signature) = text(&other).rsplit_once('.').unwrap();
    let borrowed = mint(&rig, json!({"signature": signature})).await;
    assert_eq!(borrowed["header"], other["header"]);
    assert!(text(&borrowed).ends_with(signature));
    assert_eq!(rig.verify(rig.issuer(), text(&borrowed)).await.unwrap_err(), "InvalidSignature");
}

#[tokio::test]
async fn raw_parts_are_taken_as_they_stand_and_signed() {
    let rig = Rig::shipped("okta-per-component");
    let kid = jwk(&rig, 0).await["kid"].clone();
    let header = format!(r#"{{"alg":"RS256","kid":{kid},"alg":"RS256"}}"#);
    let payload = r#"{"sub":"a","sub":"b","#;
    let minted =
        rig.mint(json!({"issuer": rig.issuer(), "raw_header": header, "raw_payload": payload})).await;
    assert_eq!((&minted["header"], &minted["claims"]), (&Json::Null, &Json::Null));
    let (input, signature) = text(&minted).rsplit_once('.').unwrap();
    assert_eq!(input, format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(payload)));
    let key = serde_json::from_value::<Jwk>(jwk(&rig, 0).await).unwrap();
    let key = DecodingKey::from_jwk(&key).unwrap();
    assert!(verify(signature, input.as_bytes(), &key, Algorithm::RS256).unwrap());
    let one = mint(&rig, json!({"raw_payload": "[]"})).await;
    assert_eq!(one["header"]["kid"], kid, "the other part is the profile's");
}

#[tokio::test]
async fn the_parts_are_written_wrongly_and_signed_as_they_are_written() {
    let (okta, generic) = (Rig::shipped("okta-per-component"), ec());
    for rig in [&okta, &generic] {
        for (encoding, wrong) in [("padded", "="), ("standard-alphabet", "+/"), ("whitespace", " ")] {
            let minted = rig.mint(json!({"issuer": rig.issuer(), "encoding": encoding})).await;
            let token = text(&minted);
            assert!(token.contains(|c| wrong.contains(c)), "{token}");
            let (input, signature) = token.rsplit_once('.').unwrap();
            let plain = signature.replace(['=', ' '], "").replace('+', "-").replace('/', "_");
            let key = serde_json::from_value::<Jwk>(jwk(rig, 0).await).unwrap();
            let algorithm = minted["header"]["alg"].as_str().unwrap().parse().unwrap();
            let key = DecodingKey::from_jwk(&key).unwrap();
            assert!(verify(&plain, input.as_bytes(), &key, algorithm).unwrap(), "{encoding}");
        }
    }
}

#[tokio::test]
async fn claims_are_compressed_and_unfold_to_the_size_that_was_asked_for() {
    let rig = Rig::shipped("okta-per-component");
    let order = json!({"issuer": rig.issuer(), "header": {"zip": "DEF"}, "inflates_to": 5_000_000});
    let minted = rig.mint(order).await;
    let token = text(&minted);
    assert!(token.len() < 20_000, "{}", token.len());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let key = DecodingKey::from_jwk(&serde_json::from_value::<Jwk>(jwk(&rig, 0).await).unwrap()).unwrap();
    assert!(verify(signature, input.as_bytes(), &key, Algorithm::RS256).unwrap());
    let payload = URL_SAFE_NO_PAD.decode(input.split_once('.').unwrap().1).unwrap();
    let unfolded = miniz_oxide::inflate::decompress_to_vec(&payload).unwrap();
    assert_eq!(unfolded.len(), 5_000_000);
    assert_eq!(serde_json::from_slice::<Json>(&unfolded).unwrap(), minted["claims"]);
}

#[tokio::test]
async fn what_is_impossible_is_told_with_what_is_possible() {
    let (okta, generic) = (Rig::shipped("okta-per-component"), ec());
    for (rig, order, word) in [
        (&okta, json!({"sign": "ecdsa-der"}), "`ps256`"),
        (&okta, json!({"sign": "ecdsa-zero"}), "`hmac-jwk-n`"),
        (&generic, json!({"sign": "ps256"}), "`ecdsa-zero`"),
        (&generic, json!({"sign": "hmac-jwk-n"}), "`ecdsa-der`"),
        (&okta, json!({"sign": "rs999"}), "`embedded-x5c`"),
        (&okta, json!({"raw_header": "{}", "header": {"a": 1}}), "leave out `header`"),
        (&okta, json!({"raw_header": "{}", "sign": "embedded-jwk"}), "give `header`"),
        (&okta, json!({"raw_payload": "{}", "without": ["a"]}), "leave out `claims`"),
        (&okta, json!({"signature": "AA", "sign": "none"}), "leave out `sign`"),
        (&okta, json!({"inflates_to": 100_000_000}), "67108864"),
        (
            &okta,
            json!({"raw_header": "{}!", "raw_payload": "{}!", "sign": "none", "encoding": "padded"}),
            "encoding",
        ),
    ] {
        let mut whole = order.clone();
        whole["issuer"] = rig.issuer().into();
        let said = refused(rig, whole).await;
        assert!(said.contains(word), "{order}: {said}");
    }
}
