//! `token`: matchers on a token that the case holds, and what is kept of it.

use serde_json::Value as Json;

use super::{Context, Done, Stuck, matched};
use crate::{
    outcome::{Cause, Check},
    runner::held::Held,
    scenario::syntax::{TokenCapture, TokenCheck},
};

pub(super) fn take(context: &mut Context<'_>, step: &TokenCheck) -> Result<Done, Stuck> {
    let checks = checks(context, step)?;
    let held = context.held(&step.token).map_err(Stuck::harness)?;
    let kept: Vec<_> = step
        .capture
        .iter()
        .map(|(name, what)| Ok((name.clone(), kept(held, what)?)))
        .collect::<Result<_, Stuck>>()?;
    let title = match checks.as_slice() {
        [] => format!("something of `{}` is kept", step.token),
        _ => format!("`{}` is as expected", step.token),
    };
    context.captures.extend(kept);
    Ok(Done { title, checks, go_on: true })
}

/// A part of a token. What is not there is `null`; of what is no JWT, only its form is known.
pub(super) fn kept(held: &Held, what: &TokenCapture) -> Result<Json, Stuck> {
    let (object, pointer) = match (what, &held.parts) {
        (TokenCapture::Form, parts) => {
            return Ok(if parts.is_some() { "jwt" } else { "opaque" }.into());
        }
        (TokenCapture::Header(pointer), Some((header, _))) => (header, pointer),
        (TokenCapture::Claims(pointer), Some((_, claims))) => (claims, pointer),
        (_, None) => {
            let reason = "the token is no JWT, so there is nothing to keep of it".into();
            return Err(Stuck { reason, cause: Cause::Configuration });
        }
    };
    Ok(Json::Object(object.clone()).pointer(pointer).cloned().unwrap_or_default())
}

fn checks(context: &Context<'_>, step: &TokenCheck) -> Result<Vec<Check>, Stuck> {
    let mut checks = Vec::new();
    if step.header.is_empty() && step.claims.is_empty() {
        return Ok(checks);
    }
    let held = context.held(&step.token).map_err(Stuck::harness)?;
    let Some((header, claims)) = &held.parts else {
        return Err(Stuck::harness(format!("`{}` is no JWT, so it has no members to look at", step.token)));
    };
    for (part, object, matchers) in [("header", header, &step.header), ("claims", claims, &step.claims)] {
        let object = Json::Object(object.clone());
        for (pointer, matcher) in matchers {
            let what = format!("`{}`, {part} {pointer}", step.token);
            let mut check = matched(context, &what, step.rule.as_ref(), matcher, object.pointer(pointer))?;
            // No component of the platform has written it.
            if check.cause.is_some() {
                check.cause = Some(if held.issued { Cause::Configuration } else { Cause::Harness });
            }
            checks.push(check);
        }
    }
    Ok(checks)
}
