//! CL-VERIFY: whether a compact JWS is an envelope of this platform, for now. Pure: no IO, no clock.
//!
//! It does not know which envelope came before: that is CL-ROLLBACK, in `poll`.

use aws_lc_rs::signature::ParsedPublicKey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

use super::{bootstrap::PlatformUrl, keys::Keys};
use crate::{
    model::{
        duration,
        envelope::{Payload, TYP},
        rule::{Rule, Rules},
    },
    token::{Algorithm, Refusal, json},
};

/// How far ahead of the client's time an envelope may be dated.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// An envelope, verified. It has no debug output: the policy may hold secrets.
#[derive(Clone, PartialEq)]
pub(super) struct Envelope {
    /// As it was signed.
    pub(super) jws: String,
    pub(super) issued_at: Timestamp,
    pub(super) not_after: Timestamp,
    /// More than zero.
    pub(super) refresh_interval: SignedDuration,
    pub(super) config: Map<String, Json>,
}

/// Why an envelope is refused. No message shows anything of the policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EnvelopeFault {
    #[error("the envelope is no compact JWS of three base64url parts")]
    Form,
    #[error("the envelope's header is no JSON object with unique members")]
    Header,
    #[error("the envelope's algorithm is not ES256")]
    Algorithm,
    #[error("the envelope's `typ` is not `{TYP}`")]
    Typ,
    #[error("the envelope has a critical extension")]
    Critical,
    #[error("the envelope names no key")]
    NoKey,
    #[error("the envelope's key is not in the Manager's key set")]
    UnknownKey,
    #[error("the envelope's key is none for ES256")]
    UnfitKey,
    #[error("the envelope's signature does not verify")]
    Signature,
    #[error(
        "the envelope's payload is not of its form: `iss`, `issued_at`, `not_after`, `refresh_interval` and `config`, each once"
    )]
    Payload,
    #[error("the envelope's issuer is not the platform's URL")]
    Issuer,
    #[error("the envelope ends before it begins")]
    Period,
    #[error("the envelope is dated more than five minutes ahead")]
    Ahead,
    #[error("the envelope had ended when it was sent")]
    Ended,
}

/// Verifies an envelope at a time.
pub(super) fn verify(
    jws: &str,
    keys: &Keys,
    platform: &PlatformUrl,
    now: Timestamp,
    rules: Rules,
) -> Result<Envelope, EnvelopeFault> {
    // CL-VERIFY
    if !rules.hold(Rule::ClVerify) {
        return read(jws);
    }
    let (signed, signature) = jws.rsplit_once('.').ok_or(EnvelopeFault::Form)?;
    let (header, _) = signed.split_once('.').ok_or(EnvelopeFault::Form)?;
    let header = json::object(&decode(header)?).ok_or(EnvelopeFault::Header)?;
    let verified = candidates(&header, keys)?
        .iter()
        .any(|key| decode(signature).is_ok_and(|bytes| key.verify_sig(signed.as_bytes(), &bytes).is_ok()));
    if !verified {
        return Err(EnvelopeFault::Signature);
    }
    let payload = payload(jws)?;
    if payload.iss != platform.as_str() {
        return Err(EnvelopeFault::Issuer);
    }
    if payload.not_after <= payload.issued_at {
        return Err(EnvelopeFault::Period);
    }
    if payload.issued_at.duration_since(now) > MOST_AHEAD {
        return Err(EnvelopeFault::Ahead);
    }
    envelope(jws, payload)
}

/// Reads an envelope and believes it: what a broken CL-VERIFY or CL-CACHE does.
pub(super) fn read(jws: &str) -> Result<Envelope, EnvelopeFault> {
    envelope(jws, payload(jws)?)
}

/// The keys that may have signed, by what the header says (RFC 7515 §4.1).
fn candidates<'k>(
    header: &Map<String, Json>,
    keys: &'k Keys,
) -> Result<Vec<&'k ParsedPublicKey>, EnvelopeFault> {
    let member = |name| header.get(name).and_then(Json::as_str);
    if member("alg") != Some("ES256") {
        return Err(EnvelopeFault::Algorithm);
    }
    if member("typ") != Some(TYP) {
        return Err(EnvelopeFault::Typ);
    }
    // None is known here (RFC 7515 §4.1.11).
    if header.contains_key("crit") {
        return Err(EnvelopeFault::Critical);
    }
    let kid = member("kid").filter(|kid| !kid.is_empty()).ok_or(EnvelopeFault::NoKey)?;
    keys.set.named(kid, Algorithm::Es256).map_err(|refusal| match refusal {
        Refusal::KeyId(_) => EnvelopeFault::UnknownKey,
        _ => EnvelopeFault::UnfitKey,
    })
}

fn payload(jws: &str) -> Result<Payload, EnvelopeFault> {
    let mut parts = jws.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(EnvelopeFault::Form);
    };
    let members = json::object(&decode(payload)?).ok_or(EnvelopeFault::Payload)?;
    serde_json::from_value(members.into()).map_err(|_| EnvelopeFault::Payload)
}

fn envelope(jws: &str, payload: Payload) -> Result<Envelope, EnvelopeFault> {
    let Payload { issued_at, not_after, refresh_interval, config, .. } = payload;
    let refresh_interval = duration::parse(&refresh_interval)
        .ok()
        .filter(SignedDuration::is_positive)
        .ok_or(EnvelopeFault::Payload)?;
    Ok(Envelope { jws: jws.to_owned(), issued_at, not_after, refresh_interval, config })
}

fn decode(part: &str) -> Result<Vec<u8>, EnvelopeFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| EnvelopeFault::Form)
}

impl Envelope {
    /// The same content, however often it was signed.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        (self.issued_at, self.not_after, self.refresh_interval)
            == (other.issued_at, other.not_after, other.refresh_interval)
            && self.config == other.config
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::fixture::{PLATFORM, Signer, platform_url, start};

    const BROKEN: Rules = Rules::without(Rule::ClVerify);

    fn check(jws: &str, keys: &Keys, rules: Rules) -> Result<(), EnvelopeFault> {
        verify(jws, keys, &platform_url(), start(), rules).map(|_| ())
    }

    #[test]
    fn a_good_envelope_is_read_in_full() {
        let signer = Signer::new(1);
        let jws = signer.envelope(&json!({ "config": { "unknown": { "value": 1 } } }));
        let envelope = verify(&jws, &signer.keys(), &platform_url(), start(), Rules::ALL).unwrap();
        assert_eq!(envelope.issued_at, start());
        assert_eq!(envelope.not_after, start() + SignedDuration::from_hours(24));
        assert_eq!(envelope.refresh_interval, SignedDuration::from_mins(5));
        assert_eq!(envelope.config["unknown"]["value"], 1, "unknown directives are kept");
        assert_eq!(envelope.jws, jws);
    }

    #[test]
    fn each_defect_of_the_header_is_refused_and_let_through_by_the_sabotage() {
        let (signer, keys) = (Signer::new(1), Signer::new(1).keys());
        let good = json!({ "alg": "ES256", "typ": TYP, "kid": signer.kid() });
        assert_eq!(check(&signer.sign(&good, &Signer::payload(&json!({}))), &keys, Rules::ALL), Ok(()));
        for (member, value, fault) in [
            ("alg", json!("ES384"), EnvelopeFault::Algorithm),
            ("alg", json!("none"), EnvelopeFault::Algorithm),
            ("alg", json!("HS256"), EnvelopeFault::Algorithm),
            ("alg", Json::Null, EnvelopeFault::Algorithm),
            ("typ", json!("JWT"), EnvelopeFault::Typ),
            ("typ", Json::Null, EnvelopeFault::Typ),
            ("kid", json!("nobody"), EnvelopeFault::UnknownKey),
            ("kid", json!(""), EnvelopeFault::NoKey),
            ("kid", json!(7), EnvelopeFault::NoKey),
            ("crit", json!(["exp"]), EnvelopeFault::Critical),
        ] {
            let mut header = good.clone();
            header[member] = value;
            let jws = signer.sign(&header, &Signer::payload(&json!({})));
            assert_eq!(check(&jws, &keys, Rules::ALL), Err(fault), "{header}");
            assert_eq!(check(&jws, &keys, BROKEN), Ok(()), "{header}");
        }
    }

    #[test]
    fn each_defect_of_the_payload_is_refused() {
        let (signer, keys) = (Signer::new(1), Signer::new(1).keys());
        let header = json!({ "alg": "ES256", "typ": TYP, "kid": signer.kid() });
        for (changes, fault) in [
            (json!({ "iss": "https://other.example.com" }), Some(EnvelopeFault::Issuer)),
            (json!({ "iss": format!("{PLATFORM}/") }), Some(EnvelopeFault::Issuer)),
            (json!({ "not_after": "2026-01-01T00:00:00Z" }), Some(EnvelopeFault::Period)),
            (json!({ "not_after": "2025-12-31T00:00:00Z" }), Some(EnvelopeFault::Period)),
            (json!({ "issued_at": "2026-01-01T00:05:00Z" }), None),
            (json!({ "issued_at": "2026-01-01T00:05:01Z" }), Some(EnvelopeFault::Ahead)),
        ] {
            let jws = signer.sign(&header, &Signer::payload(&changes));
            assert_eq!(check(&jws, &keys, Rules::ALL).err(), fault, "{changes}");
            assert_eq!(check(&jws, &keys, BROKEN), Ok(()), "{changes}");
        }
        for malformed in [
            json!({ "iss": null }),
            json!({ "issued_at": "yesterday" }),
            json!({ "not_after": 7 }),
            json!({ "refresh_interval": "soon" }),
            json!({ "refresh_interval": "0s" }),
            json!({ "refresh_interval": "-5m" }),
            json!({ "config": [] }),
            json!({ "config": null }),
            json!({ "more": 1 }),
        ] {
            let jws = signer.sign(&header, &Signer::payload(&malformed));
            for rules in [Rules::ALL, BROKEN] {
                assert_eq!(check(&jws, &keys, rules), Err(EnvelopeFault::Payload), "{malformed}");
            }
        }
    }

    #[test]
    fn a_member_that_comes_twice_is_refused() {
        let (signer, keys) = (Signer::new(1), Signer::new(1).keys());
        let payload = Signer::payload(&json!({})).to_string();
        let twice = payload.replacen('{', r#"{"config":{},"#, 1);
        let header = json!({ "alg": "ES256", "typ": TYP, "kid": signer.kid() }).to_string();
        assert_eq!(check(&signer.sign_text(&header, &payload), &keys, Rules::ALL), Ok(()), "the control");
        assert_eq!(check(&signer.sign_text(&header, &twice), &keys, Rules::ALL), Err(EnvelopeFault::Payload));
        let twice = header.replacen('{', r#"{"alg":"none","#, 1);
        assert_eq!(check(&signer.sign_text(&twice, &payload), &keys, Rules::ALL), Err(EnvelopeFault::Header));
    }

    #[test]
    fn the_signature_is_the_published_keys() {
        let (signer, stranger) = (Signer::new(1), Signer::new(2));
        let jws = signer.envelope(&json!({}));
        let header = json!({ "alg": "ES256", "typ": TYP, "kid": signer.kid() });
        let forged = stranger.sign(&header, &Signer::payload(&json!({})));
        let (input, _) = jws.rsplit_once('.').unwrap();
        for bad in [forged, format!("{input}."), format!("{input}.AAAA"), format!("{jws}A")] {
            assert_eq!(check(&bad, &signer.keys(), Rules::ALL), Err(EnvelopeFault::Signature), "{bad}");
        }
        assert_eq!(check(&jws, &stranger.keys(), Rules::ALL), Err(EnvelopeFault::UnknownKey));
        assert_eq!(check(&jws, &Keys::none(), Rules::ALL), Err(EnvelopeFault::UnknownKey));
        let mut jwk = signer.jwk();
        jwk["use"] = "enc".into();
        let unfit = Keys::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
        assert_eq!(check(&jws, &unfit, Rules::ALL), Err(EnvelopeFault::UnfitKey));
    }

    #[test]
    fn what_is_no_jws_is_refused_under_every_rule() {
        let keys = Signer::new(1).keys();
        for bad in
            ["", ".", "..", "a.b", "<html>", "{}", "e30.e30", "e30.e30.e30.e30", "e30.!.AA", "\u{e9}.e30.AA"]
        {
            assert!(check(bad, &keys, Rules::ALL).is_err(), "{bad}");
            assert!(check(bad, &keys, BROKEN).is_err(), "{bad}");
        }
    }
}
