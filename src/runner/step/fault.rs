//! `fault` and `restore`: a component misbehaves, and behaves again.

use jiff::SignedDuration;
use serde_json::{Map, Value as Json};

use super::{Context, Done, Stuck};
use crate::{
    model::{absence::Absence, duration, identifier::Component},
    outcome::{Cause, Check, CheckStatus},
    runner::{control, world::Outage},
    scenario::syntax::Fault,
};

/// Why a fault that nobody met is an error.
pub(in crate::runner) const IDLE: &str = "the fault answered nobody, so nothing was tested under it";

pub(super) async fn set(context: &mut Context<'_>, step: &Fault) -> Result<Done, Stuck> {
    let mut fault = Map::new();
    fault.insert("kind".into(), step.kind.into());
    fault.extend(step.endpoint.as_ref().map(|endpoint| ("endpoint".to_owned(), endpoint.as_str().into())));
    fault.extend(step.count.map(|count| ("count".to_owned(), count.into())));
    for (name, value) in &step.members {
        fault.insert(name.clone(), value.fill(context)?);
    }
    let absence = Absence::by_name(step.kind);
    let unconnected = absence.is_some() || matches!(step.kind, "unreachable" | "refused" | "certificate");
    if unconnected && step.of.as_str() == "enterprise-manager" {
        let last_entry = last_entry(context, &step.of).await?;
        context.world.outage = Some(Outage { last_entry, step: context.step });
    }
    let endpoint = context.endpoint(&step.of).map_err(Stuck::harness)?;
    match absence {
        Some(how) => context.platform.take_away(&step.of, how).await?,
        None => control::fault(context.platform.http(), endpoint, &Json::Object(fault.clone())).await?,
    }
    if is_silent(step, &fault) {
        // Only for what the harness's clients ask there: a fault at another endpoint makes nobody else impatient.
        let path = step.endpoint.as_ref().map(|_| endpoint.protected_path.clone());
        context.wire.expect_silence(&step.of, path);
    }
    context.world.fault(&step.of, Json::Object(fault));
    let at = step.endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" at `{endpoint}`"));
    Ok(Done { title: format!("{} is {}{at}", step.of, words(step.kind)), checks: Vec::new(), go_on: true })
}

pub(super) async fn restore(context: &mut Context<'_>, of: &Component) -> Result<Done, Stuck> {
    if context.world.absence_of(of).is_some() {
        context.platform.bring_back(of).await?;
    }
    let endpoint = context.endpoint(of).map_err(Stuck::harness)?;
    control::restore(context.platform.http(), endpoint).await?;
    context.wire.expect_no_silence(of);
    let faults = context.world.restore(of);
    let checks = idle(context, of, &faults).await?;
    if of.as_str() == "enterprise-manager" {
        context.world.outage = None;
    }
    Ok(Done { title: format!("{of} behaves again"), checks, go_on: true })
}

/// The faults that are in force when the steps are over, and answered nobody.
pub(in crate::runner) async fn left_over(context: &Context<'_>) -> Result<Vec<Check>, Stuck> {
    let mut checks = Vec::new();
    for (of, faults) in context.world.faults() {
        checks.extend(idle(context, of, faults).await?);
    }
    Ok(checks)
}

/// An error for every fault that answered nobody: then nothing was tested under it. The journal tells for those that
/// answer; of a connection that is not made, and of an answer that nobody waited for, it knows nothing.
async fn idle(context: &Context<'_>, of: &Component, faults: &[Json]) -> Result<Vec<Check>, Stuck> {
    let endpoint = context.endpoint(of).map_err(Stuck::harness)?;
    let kinds = faults.iter().filter_map(|fault| fault.get("kind")?.as_str());
    // Who is gone answers nobody, and is not asked either.
    if kinds.clone().any(|kind| Absence::by_name(kind).is_some()) {
        return Ok(Vec::new());
    }
    let mut kinds: Vec<_> =
        kinds.filter(|kind| !["unreachable", "refused", "certificate", "slow"].contains(kind)).collect();
    kinds.dedup();
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let entries = control::journal(context.platform.http(), endpoint).await?;
    let answered = |kind: &&str| {
        let acted = entries.iter().filter_map(|entry| entry.get("fault")?.as_str());
        acted.flat_map(|acted| acted.split(", ")).any(|acted| acted == *kind)
    };
    let idle = kinds.into_iter().filter(|kind| !answered(kind));
    let check = |kind: &str| Check {
        what: format!("{of}, {}, answered somebody", words(kind)),
        requirement: None,
        status: CheckStatus::Error(IDLE.into()),
        expected: "a request that it answers".into(),
        observed: "none in the journal".into(),
        note: None,
        cause: Some(Cause::Harness),
    };
    Ok(idle.map(check).collect())
}

/// Nothing comes from it within the patience of the harness's clients.
fn is_silent(step: &Fault, fault: &Map<String, Json>) -> bool {
    let asked = step.endpoint.as_deref().is_none_or(|endpoint| ["config", "server"].contains(&endpoint));
    let delay = fault.get("delay").and_then(Json::as_str).and_then(|delay| duration::parse(delay).ok());
    let late = delay.is_some_and(|delay| delay > SignedDuration::from_millis(200));
    ["unreachable", Absence::Paused.name()].contains(&step.kind) || (step.kind == "slow" && asked && late)
}

/// The number of the last request in a component's journal; 0 where there is none.
pub(super) async fn last_entry(context: &Context<'_>, of: &Component) -> Result<u64, Stuck> {
    let endpoint = context.endpoint(of).map_err(Stuck::harness)?;
    let entries = control::journal(context.platform.http(), endpoint).await?;
    Ok(entries.iter().filter_map(|entry| entry.get("seq")?.as_u64()).max().unwrap_or_default())
}

fn words(kind: &str) -> &str {
    match kind {
        "refused" => "refusing connections",
        "certificate" => "showing a certificate that nobody trusts",
        "status" => "answering with another status",
        "body" => "answering with another body",
        "redirect" => "redirecting",
        "document" => "answering with another document",
        "truncated" => "cutting its answers short",
        "callback" => "sending the browser back with other parameters",
        "access_token" => "issuing other access tokens",
        "id_token" => "issuing other ID tokens",
        "rate_limited" => "saying that there are too many requests",
        "envelope" => "serving another envelope",
        "disconnected" => "cut off from the network",
        // `unreachable`, `slow`, `paused`, `stopped`, `killed`
        word => word,
    }
}
