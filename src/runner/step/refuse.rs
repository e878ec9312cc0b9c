//! `refuse`: a component must refuse a token, and where it says why, for the expected rule.

use super::{Context, Done, Stuck, present, reason, summary};
use crate::{
    outcome::{Cause, Check, CheckStatus},
    runner::credit::{Expected, Presentation},
    scenario::syntax::Refuse,
};

pub(super) async fn take(context: &mut Context<'_>, step: &Refuse) -> Result<Done, Stuck> {
    let title = format!("{} refuses `{}` ({})", step.by, step.token, step.rule);
    let answer = present(context, &step.by, &step.token).await?;
    let reason = reason(&answer);
    let as_expected =
        answer.status == step.status && reason.as_ref().is_none_or(|reason| *reason == step.rule);
    context.presentations.push(Presentation {
        step: context.step,
        check: 0,
        component: step.by.clone(),
        token: step.token.clone(),
        expected: Expected::Refused,
        control: Some(step.control.clone()),
        differs: step.differs.clone(),
        at: context.now(),
    });
    let check = Check {
        what: title.clone(),
        requirement: Some(step.rule.clone()),
        status: if as_expected { CheckStatus::Pass } else { CheckStatus::Fail },
        expected: format!("{} because of {}", step.status, step.rule),
        observed: context.redact(&summary(&answer)),
        note: reason.is_none().then(|| "reason not observed".to_owned()),
        cause: (!as_expected).then_some(Cause::Implementation),
    };
    Ok(Done { title, checks: vec![check], go_on: true })
}
