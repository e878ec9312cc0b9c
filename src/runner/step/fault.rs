//! `fault` and `restore`: a component misbehaves, and behaves again.

use serde_json::{Map, Value as Json};

use super::{Context, Done, Stuck};
use crate::{model::identifier::Component, runner::control, scenario::syntax::Fault};

pub(super) async fn set(context: &mut Context<'_>, step: &Fault) -> Result<Done, Stuck> {
    let mut fault = Map::new();
    fault.insert("kind".into(), step.kind.into());
    fault.extend(step.endpoint.as_ref().map(|endpoint| ("endpoint".to_owned(), endpoint.as_str().into())));
    fault.extend(step.count.map(|count| ("count".to_owned(), count.into())));
    for (name, value) in &step.members {
        fault.insert(name.clone(), value.fill(context)?);
    }
    let fault = Json::Object(fault);
    let silent = matches!(step.kind, "unreachable" | "slow");
    let unconnected = matches!(step.kind, "unreachable" | "refused" | "certificate");
    if unconnected && step.of.as_str() == "enterprise-manager" {
        context.world.outage = Some(last_entry(context, &step.of).await?);
    }
    let endpoint = context.endpoint(&step.of).map_err(Stuck::harness)?;
    control::fault(context.platform.http(), endpoint, &fault).await?;
    if silent {
        context.wire.expect_silence(&step.of, true);
    }
    context.world.fault(&step.of, fault);
    let at = step.endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" at `{endpoint}`"));
    Ok(Done { title: format!("{} is {}{at}", step.of, words(step.kind)), checks: Vec::new(), go_on: true })
}

pub(super) async fn restore(context: &mut Context<'_>, of: &Component) -> Result<Done, Stuck> {
    let endpoint = context.endpoint(of).map_err(Stuck::harness)?;
    control::restore(context.platform.http(), endpoint).await?;
    context.wire.expect_silence(of, false);
    context.world.restore(of);
    if of.as_str() == "enterprise-manager" {
        context.world.outage = None;
    }
    Ok(Done { title: format!("{of} behaves again"), checks: Vec::new(), go_on: true })
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
        "id_token" => "issuing other ID tokens",
        "envelope" => "serving another envelope",
        // `unreachable`, `slow`
        word => word,
    }
}
