//! `refuse`: a component must refuse a token, and where it says why, for the expected rule.

use super::{Context, Done, OUT_OF_REACH, Stuck, keys_out_of_reach, present, reason, summary};
use crate::{
    outcome::{Cause, Check, CheckStatus},
    runner::credit::{Expected, Presentation},
    scenario::syntax::Refuse,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Refuse) -> Result<Done, Stuck> {
    let title = format!("{} refuses `{}` ({})", step.by, step.token, step.rule);
    let (answer, shown) = present(context, &step.by, &step.token).await?;
    let reason = reason(&answer);
    let as_expected =
        answer.status == step.status && reason.as_ref().is_none_or(|reason| *reason == step.rule);
    let out_of_reach = !as_expected && keys_out_of_reach(reason.as_ref(), &step.rule);
    let (status, cause) = if as_expected {
        (CheckStatus::Pass, None)
    } else if out_of_reach {
        (CheckStatus::Error(OUT_OF_REACH.into()), Some(Cause::Environment))
    } else {
        (CheckStatus::Fail, Some(Cause::Implementation))
    };
    context.presentations.push(Presentation {
        step: context.step,
        check: 0,
        component: step.by.clone(),
        shown,
        expected: Expected::Refused,
        control: Some(step.control.clone()),
        differs: step.differs.clone(),
        when: context.when(&step.by, Some(&step.token)),
        out_of_reach,
        is_open: false,
    });
    let check = Check {
        what: title.clone(),
        requirement: Some(step.rule.clone()),
        status,
        expected: format!("{} because of {}", step.status, step.rule),
        observed: summary(&answer),
        note: reason.is_none().then(|| "reason not observed".to_owned()),
        cause,
    };
    Ok(Done { title, checks: vec![check], go_on: true })
}
