//! `manifests`: the custom resources of the platform are others from here on.

use super::{Context, Done, Stuck, check};
use crate::{
    model::identifier::PROXY,
    net::courier::{Courier as _, Request},
    outcome::{Cause, CheckStatus},
    runner::control,
    scenario::syntax::Manifests,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Manifests) -> Result<Done, Stuck> {
    let mut checks = Vec::new();
    let manifests = context.next_manifests().ok_or_else(|| Stuck::harness("the manifests were not read"))?;
    let http = context.platform.http();
    let servers = context.platform.endpoints().components.iter();
    for (component, server) in servers.filter(|(component, _)| component.as_str().starts_with(PROXY)) {
        control::manifests(http, server, manifests).await?;
        // Custom resources that a proxy does not take would leave the old ones to be tested.
        let Some(root) = server.base.strip_suffix("/mcp") else { continue };
        let answer = http.send(Request::get(format!("{root}/healthz"))).await?;
        let error = answer.json().and_then(|body| Some(body.pointer("/policy/error")?.as_str()?.to_owned()));
        // Who has shut says why, too.
        let up = answer.status == 200;
        if !step.broken && (!up || error.is_some()) {
            let error = error.unwrap_or_else(|| format!("{} on /healthz", answer.status));
            let reason = format!("{component} does not take the custom resources: {error}");
            return Err(Stuck { reason, cause: Cause::Harness });
        }
        // That they are broken was seen before the run.
        if step.broken {
            let kept = up && error.is_some();
            checks.push(check(
                &format!("{component} keeps what it has, and its health says why"),
                context.first_requirement(),
                if kept { CheckStatus::Pass } else { CheckStatus::Fail },
                "200 and an error of the policy on /healthz",
                &format!("{}, {}", answer.status, error.as_deref().unwrap_or("no error")),
                (!kept).then_some(Cause::Implementation),
            ));
        }
    }
    context.world.manifests_changed();
    let how = if step.broken { " and cannot be used" } else { "" };
    Ok(Done { title: format!("the custom resources change{how}"), checks, go_on: true })
}
