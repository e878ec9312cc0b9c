//! `advance`: one jump of all clocks, or of one alone.
//!
//! After a jump every client that is on and due polls once, at the new time: a laptop that slept.

use super::{Context, Done, Stuck, fill};
use crate::{
    model::duration,
    scenario::syntax::{Advance, Whose},
};

pub(super) async fn take(context: &mut Context<'_>, step: &Advance) -> Result<Done, Stuck> {
    let text = fill(context, &step.by)?;
    let by = duration::parse(&text).map_err(|error| Stuck::harness(error.to_string()))?;
    let whose = match &step.of {
        Whose::All => {
            context.platform.advance(by).await?;
            "all clocks advance".to_owned()
        }
        Whose::Component(component) => {
            context.platform.advance_one(component, by).await?;
            context.world.skew(component, by);
            format!("the clock of {component} alone advances")
        }
        Whose::Client(name) => {
            context.clients.find(name)?.skew.advance(by);
            format!("the clock of `{name}` alone advances")
        }
    };
    let polls = context.clients.wake(&context.wire, context.step).await;
    let mut title = format!("{whose} by {text}");
    for (name, what) in polls {
        title.extend(["; `", &name, "` polls: ", &what]);
    }
    Ok(Done { title, checks: Vec::new(), go_on: true })
}
