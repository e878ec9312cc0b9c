//! Does a compact JWS verify with the key of a set that its `kid` names (RFC 7515 §5.2, RFC 7638)?
//!
//! The harness's own check of an envelope: it shares nothing with the component that signs.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;

/// What is wrong, in words; nothing if all is well.
pub(super) fn fault(jws: &str, key_set: &Json) -> Option<String> {
    verify(jws, key_set).err()
}

fn verify(jws: &str, key_set: &Json) -> Result<(), String> {
    let parts: Vec<_> = jws.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { return Err("no compact JWS".into()) };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "no base64url".to_owned());
    let parsed: Json = serde_json::from_slice(&decode(header)?).map_err(|_| "no JSON header".to_owned())?;
    let member = |object: &Json, name: &str| object.get(name).and_then(Json::as_str).map(str::to_owned);
    if member(&parsed, "alg").as_deref() != Some("ES256") {
        return Err("the algorithm is not ES256".into());
    }
    let kid = member(&parsed, "kid").ok_or("no kid")?;
    let keys = key_set.get("keys").and_then(Json::as_array).ok_or("no key set was captured")?;
    let key = keys.iter().find(|key| member(key, "kid").as_deref() == Some(&kid));
    let key = key.ok_or_else(|| format!("the key set has no key `{kid}`"))?;
    if (member(key, "kty").as_deref(), member(key, "crv").as_deref()) != (Some("EC"), Some("P-256")) {
        return Err(format!("the key `{kid}` is not on P-256"));
    }
    let coordinates = [member(key, "x"), member(key, "y")].map(Option::unwrap_or_default);
    let [x, y] = &coordinates;
    let thumbprint = URL_SAFE_NO_PAD
        .encode(digest(&SHA256, format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes()));
    if thumbprint != kid {
        return Err(format!("the key's RFC 7638 thumbprint is `{thumbprint}`, its kid `{kid}`"));
    }
    let mut point = vec![4];
    point.extend(decode(x)?);
    point.extend(decode(y)?);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(format!("{header}.{payload}").as_bytes(), &decode(signature)?)
        .map_err(|_| "the signature does not verify".to_owned())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_named_key_under_its_own_thumbprint_verifies() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
        let sign = |header: &Json| {
            let input = format!("{}.e30", URL_SAFE_NO_PAD.encode(header.to_string()));
            let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
            format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        let keys = |kid: &str| json!({"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid}]});
        let good = sign(&json!({"alg": "ES256", "kid": kid}));
        assert_eq!(fault(&good, &keys(&kid)), None);
        let (rest, signature) = good.rsplit_once('.').unwrap();
        assert!(
            fault(&format!("{rest}.{}", signature.replace(&signature[..4], "AAAA")), &keys(&kid)).is_some()
        );
        assert!(fault(&good.replace(".e30.", ".e31."), &keys(&kid)).is_some());
        assert!(
            fault(&sign(&json!({"alg": "ES256", "kid": "other"})), &keys("other")).unwrap().contains("7638")
        );
        assert!(fault(&sign(&json!({"alg": "none", "kid": kid})), &keys(&kid)).is_some());
        assert!(fault(&good, &json!({"keys": []})).unwrap().contains("no key"));
        assert!(fault(&good, &json!(null)).is_some());
    }
}
