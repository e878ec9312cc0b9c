//! `manifests`: the custom resources of the platform are others from here on.

use super::{Context, Done, Stuck};
use crate::{
    net::courier::{Courier as _, Request},
    outcome::Cause,
    runner::control,
    scenario::syntax::Manifests,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Manifests) -> Result<Done, Stuck> {
    let manifests = context.next_manifests().ok_or_else(|| Stuck::harness("the manifests were not read"))?;
    let http = context.platform.http();
    let servers = context.platform.endpoints().components.iter();
    for (component, server) in servers.filter(|(component, _)| component.as_str().starts_with("mcp:")) {
        control::manifests(http, server, manifests).await?;
        // Custom resources that a proxy does not take would leave the old ones to be tested.
        let Some(root) = server.base.strip_suffix("/mcp") else { continue };
        let answer = http.send(Request::get(format!("{root}/healthz"))).await?;
        let error = answer.json().and_then(|body| Some(body.pointer("/policy/error")?.as_str()?.to_owned()));
        let reason = match (step.broken, error) {
            (false, Some(error)) => format!("{component} does not take the custom resources: {error}"),
            (true, None) => format!("{component} takes the custom resources, and they were to be broken"),
            _ => continue,
        };
        return Err(Stuck { reason, cause: Cause::Harness });
    }
    context.world.manifests_changed();
    let how = if step.broken { " and cannot be used" } else { "" };
    Ok(Done { title: format!("the custom resources change{how}"), checks: Vec::new(), go_on: true })
}
