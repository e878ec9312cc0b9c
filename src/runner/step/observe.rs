//! `observe`: what the platform does where documents, code and standards disagree, held against the chosen reading.

use super::{Context, Done, Stuck};
use crate::{
    outcome::{Cause, Check, CheckStatus, Observation},
    scenario::syntax::Observe,
};

pub(super) fn take(context: &mut Context<'_>, step: &Observe) -> Result<Done, Stuck> {
    let value = context.captures.get(&step.capture).cloned();
    let value = value.ok_or_else(|| Stuck::harness(format!("nothing was captured as `{}`", step.capture)))?;
    let mut met = Vec::new();
    for (observation, matcher) in &step.is {
        if matcher.fill(context)?.check(Some(&value), context).is_ok() {
            met.push(observation.clone());
        }
    }
    let divergence = context.settings.divergences.iter().find(|known| known.id == step.divergence);
    let divergence =
        divergence.ok_or_else(|| Stuck::harness(format!("there is no divergence `{}`", step.divergence)))?;
    let words =
        |observation: &String| divergence.observations.get(observation).unwrap_or(observation).clone();
    let reading = context.settings.reading;
    let accepted = divergence.accepted(reading);
    let expected = accepted.iter().map(words).collect::<Vec<_>>().join("; or ");
    let expected = format!("{expected} ({})", reading.name());
    let (status, observed) = match met.as_slice() {
        [one] if accepted.contains(one) => (CheckStatus::Pass, words(one)),
        [one] => (CheckStatus::Fail, words(one)),
        [] => (CheckStatus::Fail, format!("neither side: {value}")),
        _ => return Err(Stuck::harness(format!("{value} is more than one observation: {}", met.join(", ")))),
    };
    let whose = if step.of_idp { Cause::Configuration } else { Cause::Implementation };
    let check = Check {
        what: divergence.about.clone(),
        requirement: None,
        cause: (status == CheckStatus::Fail).then_some(whose),
        status,
        expected,
        observed,
        note: None,
    };
    let title = format!("{}: which side the platform is on", step.divergence);
    if let [observed] = met.as_slice() {
        let observation = Observation { divergence: step.divergence.clone(), observed: observed.clone() };
        context.observed.push((context.step, observation));
    }
    Ok(Done { title, checks: vec![check], go_on: true })
}
