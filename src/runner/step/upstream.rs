//! `upstream`: the server behind a proxy changes, and its proxy has to notice. `restart`: the proxy itself begins anew.

use serde_json::{Value as Json, json};

use super::{Context, Done, Stuck, fill};
use crate::{
    model::identifier::Component,
    runner::control,
    scenario::syntax::{Listing, UpstreamChange, UpstreamStep},
};

pub(super) async fn take(context: &mut Context<'_>, step: &UpstreamStep) -> Result<Done, Stuck> {
    let (method, path, body, title) = match &step.change {
        UpstreamChange::Tools(tools) => {
            ("PUT", "tools", tools.fill(context)?, "changes its tools".to_owned())
        }
        UpstreamChange::Notify(list) => {
            let list = match list {
                Listing::Tools => "tools",
                Listing::Prompts => "prompts",
                Listing::Resources | Listing::Templates => "resources",
            };
            ("POST", "notify", json!({ "list": list }), format!("says that its {list} changed"))
        }
        UpstreamChange::Answers(form) => {
            let form = fill(context, form)?;
            ("PUT", "answers", json!({ "as": form }), format!("answers as {form}"))
        }
        UpstreamChange::Restart => ("POST", "restart", Json::Null, "restarts".to_owned()),
    };
    let server = context.endpoint(&step.of).map_err(Stuck::harness)?;
    control::upstream(context.platform.http(), server, method, path, &body).await?;
    context.world.upstream_changed(&step.of);
    Ok(Done { title: format!("{} {title}", step.of), checks: Vec::new(), go_on: true })
}

pub(super) async fn restart(context: &mut Context<'_>, of: &Component) -> Result<Done, Stuck> {
    let proxy = context.endpoint(of).map_err(Stuck::harness)?;
    control::upstream(context.platform.http(), proxy, "POST", "restart", &Json::Null).await?;
    context.restarted(of);
    Ok(Done { title: format!("{of} begins anew"), checks: Vec::new(), go_on: true })
}
