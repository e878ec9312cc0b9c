//! `token`: matchers on a token that the case holds.

use serde_json::Value as Json;

use super::{Context, Done, Stuck, matched};
use crate::scenario::syntax::TokenCheck;

pub(super) fn take(context: &Context<'_>, step: &TokenCheck) -> Result<Done, Stuck> {
    let title = format!("`{}` is as expected", step.token);
    let held = context.held(&step.token).map_err(Stuck::harness)?;
    let Some((header, claims)) = &held.parts else {
        return Err(Stuck::harness(format!("`{}` is no JWT, so it has no members to look at", step.token)));
    };
    let mut checks = Vec::new();
    for (part, object, matchers) in [("header", header, &step.header), ("claims", claims, &step.claims)] {
        let object = Json::Object(object.clone());
        for (pointer, matcher) in matchers {
            let what = format!("`{}`, {part} {pointer}", step.token);
            checks.push(matched(context, &what, Some(&step.rule), matcher, object.pointer(pointer))?);
        }
    }
    Ok(Done { title, checks, go_on: true })
}
