//! `advance`: one jump of all clocks.

use super::{Context, Done, Stuck, fill};
use crate::{model::duration, scenario::template::Template};

pub(super) async fn take(context: &mut Context<'_>, by: &Template) -> Result<Done, Stuck> {
    let text = fill(context, by)?;
    let by = duration::parse(&text).map_err(|error| Stuck::harness(error.to_string()))?;
    context.platform.advance(by).await.map_err(|error| Stuck::harness(error.to_string()))?;
    Ok(Done { title: format!("all clocks advance by {text}"), checks: Vec::new(), go_on: true })
}
