//! `journal`: how often an endpoint of the IdP or of a component was called, and what is kept of the last time.

use super::{Context, Done, Stuck, matched};
use crate::{
    outcome::{Cause, CheckStatus},
    runner::control,
    scenario::syntax::JournalCheck,
};

pub(super) async fn take(context: &mut Context<'_>, step: &JournalCheck) -> Result<Done, Stuck> {
    let title = format!("requests to `{}` of {} are as expected", step.endpoint, step.of);
    let endpoint = context.endpoint(&step.of).map_err(Stuck::harness)?;
    let entries = control::journal(context.platform.http(), endpoint).await?;
    let matching = step.matching.iter().map(|(pointer, matcher)| Ok((pointer, matcher.fill(context)?)));
    let matching = matching.collect::<Result<Vec<_>, Stuck>>()?;
    let mut count = 0_u64;
    let mut last = None;
    for entry in &entries {
        let mut counts = entry.get("endpoint").and_then(serde_json::Value::as_str) == Some(&step.endpoint);
        for (pointer, matcher) in &matching {
            counts = counts && matcher.check(entry.pointer(pointer), context).is_ok();
        }
        count += u64::from(counts);
        last = Some(entry).filter(|_| counts).or(last);
    }
    let what = format!("number of requests to `{}` of {}", step.endpoint, step.of);
    let check = matched(context, &what, Some(&step.rule), &step.count, Some(&count.into()))?;
    if check.status == CheckStatus::Fail && !step.capture.is_empty() {
        return Ok(Done { title, checks: vec![check], go_on: false });
    }
    for (name, pointer) in &step.capture {
        let value = last.and_then(|entry| entry.pointer(pointer)).ok_or_else(|| Stuck {
            reason: format!("there is nothing to capture as `{name}`: no entry with `{pointer}`"),
            cause: Cause::Implementation,
        })?;
        context.captures.insert(name.clone(), value.clone());
    }
    Ok(Done { title, checks: vec![check], go_on: true })
}
