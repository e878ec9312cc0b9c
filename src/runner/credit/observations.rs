//! An observation rests on what was sent and answered before it: it counts only if all of that is green.

use crate::outcome::{CheckStatus, Observation, StepResult};

/// Takes the verdict from every observation beside a check that is not green, and leaves out what was observed there.
pub(super) fn settle(steps: &mut [StepResult], observed: &[(usize, Observation)]) {
    let is_one = |step: usize| observed.iter().any(|(at, _)| *at == step);
    let others = steps.iter().enumerate().filter(|(step, _)| !is_one(*step));
    let trouble = others
        .flat_map(|(_, step)| &step.checks)
        .find(|check| !check.status.is_green())
        .map(|check| (check.what.clone(), check.cause));
    let Some((what, cause)) = trouble else { return };
    for (step, _) in observed {
        let checks = steps.get_mut(*step).into_iter().flat_map(|step| &mut step.checks);
        for check in checks {
            check.status = CheckStatus::Error(format!("what it rests on is not green: {what}"));
            check.cause = cause;
        }
    }
}

/// Those that count: the first check of their step has a verdict.
pub(in crate::runner) fn counted(
    steps: &[StepResult],
    observed: Vec<(usize, Observation)>,
) -> Vec<Observation> {
    let judged = |step: usize| {
        let check = steps.get(step).and_then(|step| step.checks.first());
        check.is_some_and(|check| matches!(check.status, CheckStatus::Pass | CheckStatus::Fail))
    };
    observed.into_iter().filter(|(step, _)| judged(*step)).map(|(_, observation)| observation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::identifier::DivergenceId,
        outcome::{Cause, Check, Location},
    };

    fn step(status: CheckStatus, cause: Option<Cause>) -> StepResult {
        let (what, expected, observed) = (String::new(), String::new(), String::new());
        let check = Check { what, requirement: None, status, expected, observed, note: None, cause };
        StepResult {
            kind: String::new(),
            title: String::new(),
            location: Location { file: String::new(), line: 1 },
            checks: vec![check],
            exchanges: Vec::new(),
        }
    }

    #[test]
    fn nothing_is_observed_beside_a_failure() {
        let observed = || {
            let observation = Observation { divergence: DivergenceId::new("x"), observed: "a".into() };
            vec![(1, observation)]
        };
        let mut steps = [step(CheckStatus::Pass, None), step(CheckStatus::Fail, Some(Cause::Implementation))];
        settle(&mut steps, &observed());
        assert_eq!(steps[1].checks[0].status, CheckStatus::Fail, "an observation may be what fails");
        assert_eq!(counted(&steps, observed()).len(), 1);

        steps[0] = step(CheckStatus::Error("no control".into()), Some(Cause::Harness));
        settle(&mut steps, &observed());
        assert!(matches!(steps[1].checks[0].status, CheckStatus::Error(_)));
        assert_eq!(steps[1].checks[0].cause, Some(Cause::Harness));
        assert!(counted(&steps, observed()).is_empty());
    }
}
