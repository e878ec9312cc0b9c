//! `manifests`: the custom resources of the platform are others from here on.

use super::{Context, Done, Stuck, check};
use crate::{
    model::identifier::Component,
    net::courier::{Courier as _, Request},
    outcome::{Cause, Check, CheckStatus},
    runner::control,
    scenario::syntax::Manifests,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Manifests) -> Result<Done, Stuck> {
    let mut checks = Vec::new();
    let manifests = context.next_manifests().ok_or_else(|| Stuck::harness("the manifests were not read"))?;
    let http = context.platform.http();
    let servers = context.platform.endpoints().components.iter();
    for (component, server) in servers.filter(|(component, _)| component.as_str().starts_with("mcp:")) {
        control::manifests(http, server, manifests).await?;
        // Custom resources that a proxy does not take would leave the old ones to be tested.
        let Some(root) = server.base.strip_suffix("/mcp") else { continue };
        let answer = http.send(Request::get(format!("{root}/healthz"))).await?;
        let error = answer.json().and_then(|body| Some(body.pointer("/policy/error")?.as_str()?.to_owned()));
        // Who has shut says why, too.
        let error = match answer.status {
            200 => error,
            status if step.broken => {
                let why = format!("{status} on /healthz: {}", error.unwrap_or_default());
                checks.push(kept(context, component, false, &why));
                continue;
            }
            status => Some(error.unwrap_or_else(|| format!("{status} on /healthz"))),
        };
        match (step.broken, error) {
            (false, Some(error)) => {
                let reason = format!("{component} does not take the custom resources: {error}");
                return Err(Stuck { reason, cause: Cause::Harness });
            }
            // That they are broken was seen before the run.
            (true, error) => {
                let shown = error.as_deref().unwrap_or("none");
                checks.push(kept(context, component, error.is_some(), shown));
            }
            (false, None) => {}
        }
    }
    context.world.manifests_changed();
    let how = if step.broken { " and cannot be used" } else { "" };
    Ok(Done { title: format!("the custom resources change{how}"), checks, go_on: true })
}

/// A proxy that was given what it cannot use: whether it goes on, and says so.
fn kept(context: &Context<'_>, component: &Component, pass: bool, observed: &str) -> Check {
    check(
        &format!("{component} keeps what it has, and its health says why"),
        context.first_requirement(),
        if pass { CheckStatus::Pass } else { CheckStatus::Fail },
        "200 and an error of the policy on /healthz",
        observed,
        (!pass).then_some(Cause::Implementation),
    )
}
