//! `GET|PUT /control/clock`: one jump, to a time or by a Go duration; a stop; or one issuer's clock put wrong.
//!
//! All go backwards too, as a clock does that somebody sets right: `{"advance": "-5m"}`.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::answer::{self, Answer, Problem, server_of};
use crate::{clock::Clock as _, duration, provider::Provider};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<String>,
    advance: Option<String>,
    freeze: Option<bool>,
    issuer: Option<String>,
    skew: Option<String>,
}

/// The time, and what is unusual about it.
pub(super) fn read(provider: &Provider) -> Answer {
    let mut shown = Map::new();
    shown.insert("now".to_owned(), provider.clock.now().to_string().into());
    if provider.clock.is_frozen() {
        shown.insert("frozen".to_owned(), true.into());
    }
    let skews: Map<_, _> = provider
        .state()
        .skews
        .iter()
        .map(|(issuer, skew)| (issuer.clone(), Json::from(format!("{}s", skew.as_secs()))))
        .collect();
    if !skews.is_empty() {
        shown.insert("skews".to_owned(), skews.into());
    }
    Answer::Document(shown.into())
}

pub(super) fn set(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Move { now, advance, freeze, issuer, skew } = answer::read(body)?;
    match (now, advance, freeze, issuer, skew) {
        (Some(now), None, None, None, None) => {
            let now = now.parse().map_err(|_| Problem::Invalid(format!("`{now}` is no RFC 3339 time")))?;
            provider.clock.set(now);
        }
        (None, Some(by), None, None, None) => {
            let moved = provider.clock.advance(parsed(&by)?);
            moved.ok_or_else(|| Problem::Invalid("that is outside the calendar".to_owned()))?;
        }
        (None, None, Some(freeze), None, None) => {
            if !provider.clock.freeze(freeze) {
                return Err(Problem::Invalid(
                    "this clock does nothing but stand still: advance it".to_owned(),
                ));
            }
        }
        (None, None, None, Some(issuer), Some(skew)) => {
            server_of(provider, &issuer)?;
            let skew = parsed(&skew)?;
            if skew.subsec_nanos() != 0 {
                return Err(Problem::Invalid(
                    "a clock is wrong by whole seconds: tokens have no others".to_owned(),
                ));
            }
            let seen = provider.clock.now().checked_add(skew);
            seen.map_err(|_| Problem::Invalid("that is outside the calendar".to_owned()))?;
            let mut state = provider.state();
            if skew.is_zero() {
                state.skews.remove(&issuer);
            } else {
                state.skews.insert(issuer, skew);
            }
        }
        _ => {
            return Err(Problem::Invalid(
                "give either `now`, `advance`, `freeze`, or `issuer` with `skew`".to_owned(),
            ));
        }
    }
    Ok(read(provider))
}

fn parsed(by: &str) -> Result<SignedDuration, Problem> {
    duration::parse(by)
        .ok_or_else(|| Problem::Invalid(format!("`{by}` is no duration: write `24h` or `1h30m`")))
}
