//! The claims of a token whose signature is good, held against what a component expects.
//!
//! One function for every rule: TOK-ISS, TOK-AUD with TOK-AUD-TYPE, TOK-EXP, TOK-SCOPE, TOK-SUB. No IO, no keys.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{expectations::Expectations, refusal::Refusal};
use crate::model::{
    identifier::Scope,
    rule::{Rule, Rules},
};

/// When a token counts: not before, and before. The leeway is in it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) not_before: Timestamp,
    pub(super) expires: Timestamp,
}

/// Why a token's times are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeFault {
    /// `exp` is absent, no number, or a number that is no date before the year 10000 (milliseconds, for one).
    #[error("exp is expected, a NumericDate in seconds")]
    NoExpiry,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is no number, or no date likewise.
    #[error("nbf is a NumericDate in seconds where present")]
    NoStart,
    /// `nbf` has not passed.
    #[error("the token is not valid yet")]
    NotYet,
}

/// Why a token's scopes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeFault {
    /// The required scope is not among them.
    #[error("is not among the token's scopes")]
    Missing,
    /// `scp` or `scope` is neither an array of strings nor a string.
    #[error("is expected in scp or scope, an array of strings or a space-delimited string")]
    Type,
    /// `scp` and `scope` are both there and are different sets.
    #[error("is expected in scp and scope alike where both are present")]
    Disagree,
}

/// TOK-ISS: `iss` equals the configured issuer, character for character.
pub(super) fn issuer(
    claims: &Map<String, Value>,
    expected: &Expectations,
    rules: Rules,
) -> Result<(), Refusal> {
    let compared = rules.hold(Rule::TokIss) && rules.hold(Rule::TokReplay);
    let equal = claims.get("iss").and_then(Value::as_str) == Some(expected.issuer.as_str());
    if equal || !compared { Ok(()) } else { Err(Refusal::Issuer(expected.issuer.clone())) }
}

/// TOK-AUD-TYPE, then TOK-AUD: `aud`, a string or an array of strings, has an element equal to the audience.
pub(super) fn audience(
    claims: &Map<String, Value>,
    expected: &Expectations,
    rules: Rules,
) -> Result<(), Refusal> {
    let Some(expected) = &expected.audience else { return Ok(()) };
    if !rules.hold(Rule::TokReplay) {
        return Ok(());
    }
    let matches = |element: &Value| element == expected.as_str();
    let found = match claims.get("aud") {
        None => false,
        Some(aud @ Value::String(_)) => matches(aud),
        Some(Value::Array(elements)) => {
            if rules.hold(Rule::TokAudType) && !elements.iter().all(Value::is_string) {
                return Err(Refusal::AudienceType);
            }
            elements.iter().any(matches)
        }
        Some(_) if rules.hold(Rule::TokAudType) => return Err(Refusal::AudienceType),
        Some(_) => true,
    };
    if found || !rules.hold(Rule::TokAud) { Ok(()) } else { Err(Refusal::Audience(expected.clone())) }
}

/// TOK-EXP: `exp` is there and in the future, `nbf`, where present, has passed. Broken, neither is looked at.
pub(super) fn times(
    claims: &Map<String, Value>,
    now: Timestamp,
    leeway: SignedDuration,
    rules: Rules,
) -> Result<Window, Refusal> {
    if !rules.hold(Rule::TokExp) {
        return Ok(Window { not_before: Timestamp::MIN, expires: Timestamp::MAX });
    }
    let leeway = leeway.max(SignedDuration::ZERO);
    let expires = claims.get("exp").and_then(numeric_date).ok_or(Refusal::Time(TimeFault::NoExpiry))?;
    let not_before = match claims.get("nbf") {
        None => Timestamp::MIN,
        Some(nbf) => numeric_date(nbf).ok_or(Refusal::Time(TimeFault::NoStart))?,
    };
    let window = Window {
        expires: expires.saturating_add(leeway).unwrap_or(expires),
        not_before: not_before.saturating_sub(leeway).unwrap_or(not_before),
    };
    if now >= window.expires {
        return Err(Refusal::Time(TimeFault::Expired));
    }
    if now < window.not_before {
        return Err(Refusal::Time(TimeFault::NotYet));
    }
    Ok(window)
}

/// TOK-SCOPE: the required scope is an exact element of `scp` or `scope`.
pub(super) fn scope(
    claims: &Map<String, Value>,
    expected: &Expectations,
    rules: Rules,
) -> Result<(), Refusal> {
    let Some(required) = &expected.scope else { return Ok(()) };
    if !rules.hold(Rule::TokScope) {
        return Ok(());
    }
    let refusal = |fault| refused(required, fault, rules);
    let read = |claim| scopes(claims, claim).map_err(refusal);
    let scopes = match (read("scp")?, read("scope")?) {
        (Some(scp), Some(scope)) if scp != scope => return Err(refusal(ScopeFault::Disagree)),
        (Some(scopes), _) | (None, Some(scopes)) => scopes,
        (None, None) => BTreeSet::new(),
    };
    if scopes.contains(required.as_str()) { Ok(()) } else { Err(refusal(ScopeFault::Missing)) }
}

/// TOK-SCOPE-401: the answer to a missing scope is 401, whatever RFC 6750 §3.1 says.
fn refused(required: &Scope, fault: ScopeFault, rules: Rules) -> Refusal {
    if fault == ScopeFault::Missing && !rules.hold(Rule::TokScope401) {
        Refusal::InsufficientScope(required.clone())
    } else {
        Refusal::Scope(required.clone(), fault)
    }
}

/// TOK-SUB: `sub` is a non-empty string where the component requires it. Returned if it is one.
pub(super) fn subject(
    claims: &Map<String, Value>,
    expected: &Expectations,
    rules: Rules,
) -> Result<Option<String>, Refusal> {
    match claims.get("sub").and_then(Value::as_str) {
        Some(subject) if !subject.is_empty() => Ok(Some(subject.to_owned())),
        _ if expected.subject_required && rules.hold(Rule::TokSub) => Err(Refusal::Subject),
        _ => Ok(None),
    }
}

/// The scopes of one claim: an array of strings, or a string with spaces between (RFC 6749 §3.3).
fn scopes<'c>(claims: &'c Map<String, Value>, claim: &str) -> Result<Option<BTreeSet<&'c str>>, ScopeFault> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.split(' ').filter(|scope| !scope.is_empty()).collect())),
        Some(Value::Array(elements)) => {
            elements.iter().map(Value::as_str).collect::<Option<_>>().map(Some).ok_or(ScopeFault::Type)
        }
        Some(_) => Err(ScopeFault::Type),
    }
}

/// Seconds since the epoch, with a fraction or without (RFC 7519 §2). Nothing beyond the year 9999: a date that no
/// calendar has would never pass.
fn numeric_date(value: &Value) -> Option<Timestamp> {
    let number = value.as_number()?;
    if let Some(seconds) = number.as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    let since = SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}
