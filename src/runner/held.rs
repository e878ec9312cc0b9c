//! A token that a case holds, and in what two of them differ.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::{Map, Value as Json};

use crate::scenario::{read::words::NEVER_COUNT, syntax::SignWith};

/// A token, decoded if it is a JWT.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) text: String,
    /// Header and claims; absent for what is no JWT of JSON objects.
    pub(super) parts: Option<(Map<String, Json>, Map<String, Json>)>,
    /// Its bytes are the scenario's own, so that the parts do not show all of them: a member that comes twice.
    pub(super) raw: bool,
    /// How it was signed.
    pub(super) sign: SignWith,
    /// The issuer under whose key it stands.
    pub(super) issuer: Option<String>,
    /// A real flow issued it, not the mint.
    pub(super) issued: bool,
    /// What came with it, and the resource for which it was asked.
    pub(super) refresh_token: Option<String>,
    pub(super) resource: Option<String>,
}

impl Held {
    pub(super) fn new(text: String, sign: SignWith, issued: bool) -> Self {
        let parts = decode(&text);
        let under = parts.as_ref().and_then(|(_, claims)| claims.get("iss")?.as_str().map(str::to_owned));
        Self { text, parts, raw: false, sign, issuer: under, issued, refresh_token: None, resource: None }
    }

    /// In which members two tokens differ: claims by name, header members as `header.…`, `signature` (of another kind, or
    /// under another issuer's key), `form`. Each is looked at in the moment in which it was shown, in seconds since 1970: of two equal tokens of which only one had
    /// expired by then, the difference is `time`.
    pub(super) fn differences(&self, shown: i64, other: &Self, other_shown: i64) -> Vec<String> {
        let (Some((header, claims)), Some((other_header, other_claims))) = (&self.parts, &other.parts) else {
            return if self.text == other.text { Vec::new() } else { vec!["form".into()] };
        };
        let mut names = members(header, other_header, "header.");
        names.extend(members(claims, other_claims, ""));
        // Two tokens of different moments differ in `exp`; that counts only if one of them has expired.
        names.retain(|name| name != "exp" && !NEVER_COUNT.contains(&name.as_str()));
        if expired(claims, shown) != expired(other_claims, other_shown) {
            let same = claims.get("exp") == other_claims.get("exp");
            names.push(if same { "time" } else { "exp" }.into());
        }
        if (self.sign, &self.issuer) != (other.sign, &other.issuer) {
            names.push("signature".into());
        }
        if (self.raw || other.raw) && self.signing_input() != other.signing_input() {
            names.push("form".into());
        }
        names
    }
}

impl Held {
    fn signing_input(&self) -> Option<&str> {
        self.text.rsplit_once('.').map(|(input, _)| input)
    }
}

fn members(one: &Map<String, Json>, other: &Map<String, Json>, prefix: &str) -> Vec<String> {
    let mut names: Vec<_> = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))).collect();
    names.retain(|name| one.get(*name) != other.get(*name));
    names.into_iter().map(|name| format!("{prefix}{name}")).collect()
}

/// The last second of the year 9999: what is beyond it, milliseconds for one, is no date.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Not usable at `now` by its `exp`; one that is absent, no number or no date is not usable either.
fn expired(claims: &Map<String, Json>, now: i64) -> bool {
    // Every second until the year 9999 is exact as a float.
    let now = SignedDuration::from_secs(now).as_secs_f64();
    claims.get("exp").and_then(Json::as_f64).is_none_or(|exp| exp <= now || exp > LAST_SECOND)
}

fn decode(text: &str) -> Option<(Map<String, Json>, Map<String, Json>)> {
    let mut parts = text.split('.');
    let mut object = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
    let decoded = (object()?, object()?);
    URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    parts.next().is_none().then_some(decoded)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Json, claims: &Json) -> Held {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        Held::new(format!("{}.{}.c2ln", part(header), part(claims)), SignWith::Issuer, true)
    }

    #[test]
    fn only_what_matters_counts() {
        let one = token(&json!({"kid": "a"}), &json!({"aud": "x", "jti": 1, "iat": 1, "exp": 100}));
        let same = token(&json!({"kid": "a"}), &json!({"aud": "x", "jti": 2, "iat": 2, "exp": 200}));
        let other = token(&json!({"kid": "b"}), &json!({"aud": ["x"], "exp": 100, "nbf": 1}));
        assert!(one.differences(50, &same, 50).is_empty());
        assert_eq!(one.differences(150, &same, 150), ["exp"]);
        assert_eq!(one.differences(50, &other, 50), ["header.kid", "aud", "nbf"]);
        assert_eq!(one.differences(50, &one, 150), ["time"]);
        let milliseconds = token(&json!({"kid": "a"}), &json!({"aud": "x", "exp": 1_500_000_000_000_u64}));
        let fraction = token(&json!({"kid": "a"}), &json!({"aud": "x", "exp": 100.5}));
        assert_eq!(one.differences(50, &milliseconds, 50), ["exp"], "a number that is no date");
        assert!(one.differences(50, &fraction, 50).is_empty());
        assert_eq!(one.differences(100, &fraction, 100), ["exp"]);
        let opaque = Held::new("opaque".into(), SignWith::Issuer, false);
        assert_eq!(one.differences(50, &opaque, 50), ["form"]);
        let mut neighbours = one.clone();
        neighbours.issuer = Some("https://sibling.test".to_owned());
        assert_eq!(
            one.differences(50, &neighbours, 50),
            ["signature"],
            "the same claims under another's key"
        );
        let mut forged = one.clone();
        forged.sign = SignWith::Corrupted;
        assert_eq!(one.differences(50, &forged, 50), ["signature"]);
    }
}
