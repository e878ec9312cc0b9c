//! The fetch of a key set (RFC 7517 §5) and how long it is fresh (RFC 9111 §5.2.2): PLATFORM.md TOK-KEYSET.

use jiff::SignedDuration;
use url::Url;

use super::{
    discovery,
    fetch::{Fetch, FetchFault},
    keyset::KeySet,
    refusal::Refusal,
};
use crate::model::rule::Rules;

/// How long a key set is kept at least and at most, and where its answer does not say.
const MIN_AGE: SignedDuration = SignedDuration::from_mins(1);
const MAX_AGE: SignedDuration = SignedDuration::from_mins(60);
pub(super) const DEFAULT_AGE: SignedDuration = SignedDuration::from_mins(5);

/// A key set just fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// The document as it came, to see whether it changed.
    pub(super) document: Vec<u8>,
    pub(super) age: SignedDuration,
}

/// Fetches a key set.
pub(super) async fn fetch(fetch: &dyn Fetch, jwks_uri: &Url, rules: Rules) -> Result<Fetched, Refusal> {
    let answer = discovery::get(fetch, jwks_uri, rules).await?;
    let document = answer.json().map_err(Refusal::KeySet)?;
    let keys = KeySet::parse(document, rules).ok_or(Refusal::KeySet(FetchFault::NoKeys))?;
    let age = age(answer.cache_control.as_deref());
    Ok(Fetched { keys, age, document: answer.body })
}

/// The age that a `Cache-Control` allows, within the bounds.
fn age(cache_control: Option<&str>) -> SignedDuration {
    let directives = cache_control.unwrap_or_default().split(',').map(str::trim);
    let mut age = DEFAULT_AGE;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return MIN_AGE,
            "max-age" => age = seconds(value.trim().trim_matches('"')).unwrap_or(age),
            _ => {}
        }
    }
    age.clamp(MIN_AGE, MAX_AGE)
}

/// Delta-seconds (RFC 9111 §1.2.2); too large a number is as good as the largest.
fn seconds(digits: &str) -> Option<SignedDuration> {
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| SignedDuration::from_secs(digits.parse().unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_bounded() {
        for (cache_control, minutes) in [
            (None, 5),
            (Some(""), 5),
            (Some("public"), 5),
            (Some("public, max-age=600"), 10),
            (Some("MAX-AGE=\"600\""), 10),
            (Some("max-age=0"), 1),
            (Some("max-age=59"), 1),
            (Some("max-age=86400"), 60),
            (Some("max-age=99999999999999999999999"), 60),
            (Some("max-age=-5"), 5),
            (Some("max-age=soon"), 5),
            (Some("s-maxage=600"), 5),
            (Some("max-age=600, no-store"), 1),
            (Some("no-cache"), 1),
        ] {
            assert_eq!(age(cache_control), SignedDuration::from_mins(minutes), "{cache_control:?}");
        }
    }
}
