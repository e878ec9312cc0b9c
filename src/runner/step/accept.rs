//! `accept`: a component must accept a token.

use super::{Context, Done, OUT_OF_REACH, Stuck, fill, keys_out_of_reach, present, reason, summary};
use crate::{
    outcome::{Cause, Check, CheckStatus},
    runner::credit::{Expected, Presentation},
    scenario::syntax::Accept,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Accept) -> Result<Done, Stuck> {
    let title = format!("{} accepts `{}`", step.by, step.token);
    let (answer, shown) = present(context, &step.by, &step.token).await?;
    let accepted = (200..300).contains(&answer.status);
    let out_of_reach = !accepted && keys_out_of_reach(reason(&answer).as_ref(), &step.rule);
    let status = match (accepted, &step.warn) {
        (true, None) => CheckStatus::Pass,
        (true, Some(words)) => CheckStatus::Warn(fill(context, words)?),
        (false, _) if out_of_reach => CheckStatus::Error(OUT_OF_REACH.into()),
        (false, _) => CheckStatus::Fail,
    };
    // A token that the IdP really issued and the component does not take: their set-ups do not fit.
    let cause = if out_of_reach {
        Cause::Environment
    } else if context.held(&step.token).is_ok_and(|held| held.issued) {
        Cause::Configuration
    } else {
        Cause::Implementation
    };
    context.presentations.push(Presentation {
        step: context.step,
        check: 0,
        component: step.by.clone(),
        shown,
        expected: Expected::Accepted,
        control: step.control.clone(),
        differs: step.differs.clone(),
        when: context.when(&step.by, Some(&step.token)),
        out_of_reach,
        is_open: false,
    });
    let check = Check {
        what: title.clone(),
        requirement: Some(step.rule.clone()),
        status,
        expected: "accepted (2xx)".into(),
        observed: summary(&answer),
        note: None,
        cause: (!accepted).then_some(cause),
    };
    Ok(Done { title, checks: vec![check], go_on: true })
}
