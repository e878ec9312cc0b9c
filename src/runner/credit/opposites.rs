//! An answer counts only beside a green one of the other kind. What the other kind is, the callers say.

use crate::outcome::{Cause, CheckStatus, StepResult};

/// Takes the pass from the step of every answer whose opposite is not green, with these words. The first check of its
/// step says whether an answer is green. Who has to act is who has to for the opposite, or for whatever kept it from being
/// asked; only where all is green it is the scenario.
pub(super) fn settle<A>(
    steps: &mut [StepResult],
    answers: &[A],
    step_of: impl Fn(&A) -> usize,
    is_opposite: impl Fn(&A, &A) -> bool,
    words: &str,
) {
    let first_check = |one: &A| steps.get(step_of(one))?.checks.first();
    let is_green = |one: &&A| first_check(one).is_some_and(|check| check.status == CheckStatus::Pass);
    let green: Vec<&A> = answers.iter().filter(is_green).collect();
    let alone = green.iter().filter(|one| !green.iter().any(|other| is_opposite(one, other)));
    let blamed = |one: &A| {
        let opposite = answers.iter().find(|other| is_opposite(one, other));
        let any = steps.iter().flat_map(|step| &step.checks).find_map(|check| check.cause);
        opposite.and_then(first_check).and_then(|check| check.cause).or(any).unwrap_or(Cause::Harness)
    };
    let decisions: Vec<_> = alone.map(|one| (step_of(one), blamed(one))).collect();
    for (step, cause) in decisions {
        let Some(step) = steps.get_mut(step) else { continue };
        for check in step.checks.iter_mut().filter(|check| check.status == CheckStatus::Pass) {
            check.status = CheckStatus::Error(words.to_owned());
            check.cause = Some(cause);
        }
    }
}
