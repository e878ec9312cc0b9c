//! `GET|PUT /control/clock`: one jump, to a time or by a Go duration.
//!
//! Both go backwards too, as a clock does that somebody sets right: `{"advance": "-5m"}`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Answer, Problem};
use crate::{clock::Clock as _, duration, provider::Provider};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<String>,
    advance: Option<String>,
}

pub(super) fn read(provider: &Provider) -> Answer {
    shown(provider.clock.now())
}

pub(super) fn set(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Move { now, advance } = answer::read(body)?;
    match (now, advance) {
        (Some(now), None) => {
            let now = now.parse().map_err(|_| Problem::Invalid(format!("`{now}` is no RFC 3339 time")))?;
            Ok(shown(provider.clock.set(now)))
        }
        (None, Some(by)) => {
            let by = duration::parse(&by)
                .ok_or_else(|| Problem::Invalid(format!("`{by}` is no duration: write `24h` or `1h30m`")))?;
            let moved = provider.clock.advance(by);
            moved.map(shown).ok_or_else(|| Problem::Invalid("that is outside the calendar".to_owned()))
        }
        _ => Err(Problem::Invalid("give either `now` or `advance`".to_owned())),
    }
}

fn shown(now: Timestamp) -> Answer {
    Answer::Document(json!({"now": now.to_string()}))
}
