//! From results to a verdict: the one place where statuses are weighed against each other.
//!
//! Three sizes of the same question. A case has the worst status of its checks ([`case_status`]). A requirement has
//! the worst that a case says of it by the checks about it ([`RequirementRow`]). A run has an exit code and a sentence
//! ([`summarise`]). Every report shows what was decided here and decides nothing by itself.

mod divergences;
mod requirements;
mod sentence;
mod summary;

use divergences::divergence_rows;
use requirements::requirement_rows;
pub use summary::{RunParts, Terms, summarise};

use super::{CaseResult, Cause, Check, CheckStatus, RequirementRow, StepResult};

/// The kind of a step that observes a divergence.
pub const OBSERVE: &str = "observe";

/// The reason of a case in which nothing was checked.
pub const CHECKED_NOTHING: &str = "this case checked nothing";

impl CheckStatus {
    /// Every status's name, the worst first.
    ///
    /// The order is that of the consequences. `fail` is worst: a defect was seen, and a step that could not be judged
    /// because of it (its control is not green) must not hide it. `error` comes next: a case without a verdict must
    /// not be read as one. `not-exercised`, `not-applicable` and `skipped` leave a rule untested, which can make a run
    /// partly tested; so they outrank what was tested and found good enough, or a warning would hide the hole beside
    /// it. `expected-fail` is a known failure, `warn` is conformant.
    ///
    /// The exit code does not follow from a case's status alone: see [`CaseResult::is_unreached`].
    pub const NAMES: [&'static str; 9] = [
        "fail",
        "unexpected-pass",
        "error",
        "not-exercised",
        "not-applicable",
        "skipped",
        "expected-fail",
        "warn",
        "pass",
    ];

    /// The name, as in the JSON report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn(_) => "warn",
            Self::Skipped(_) => "skipped",
            Self::NotApplicable(_) => "not-applicable",
            Self::NotExercised(_) => "not-exercised",
            Self::Error(_) => "error",
            Self::ExpectedFail(_) => "expected-fail",
            Self::UnexpectedPass(_) => "unexpected-pass",
        }
    }

    /// The reason, where the status has one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass | Self::Fail => None,
            Self::Warn(reason)
            | Self::Skipped(reason)
            | Self::NotApplicable(reason)
            | Self::NotExercised(reason)
            | Self::Error(reason)
            | Self::ExpectedFail(reason)
            | Self::UnexpectedPass(reason) => Some(reason),
        }
    }

    /// The platform was put to the test, whatever came of it.
    #[must_use]
    pub const fn is_tested(&self) -> bool {
        !matches!(self, Self::Skipped(_) | Self::NotApplicable(_) | Self::NotExercised(_))
    }

    /// Seen as expected, at worst with a warning.
    #[must_use]
    pub const fn is_green(&self) -> bool {
        matches!(self, Self::Pass | Self::Warn(_))
    }

    /// Somebody has to act: an error, a failure, or a pass that the baseline does not know of.
    #[must_use]
    pub const fn needs_action(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Fail | Self::UnexpectedPass(_))
    }

    /// The worst, in the order of [`CheckStatus::NAMES`]; of equals the first. None of none.
    pub fn worst<'a>(statuses: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        statuses.into_iter().min_by_key(|status| status.rank()).cloned()
    }

    /// The place in [`CheckStatus::NAMES`].
    pub(crate) fn rank(&self) -> usize {
        Self::NAMES.iter().position(|name| *name == self.name()).unwrap_or_default()
    }
}

/// The status of a case that ran these steps: the worst of its checks. Without a check it is an error.
#[must_use]
pub fn case_status(steps: &[StepResult]) -> CheckStatus {
    let checks = steps.iter().flat_map(|step| &step.checks);
    CheckStatus::worst(checks.map(|check| &check.status))
        .unwrap_or_else(|| CheckStatus::Error(CHECKED_NOTHING.to_owned()))
}

/// Who has to act on a case: the cause of its first worst check that names one. A case that checked nothing is the
/// matter of whoever wrote it.
#[must_use]
pub fn case_cause(steps: &[StepResult]) -> Option<Cause> {
    let status = case_status(steps);
    let mut checks = steps.iter().flat_map(|step| &step.checks).peekable();
    if checks.peek().is_none() {
        return Some(Cause::Harness);
    }
    checks.filter(|check| check.status.name() == status.name()).find_map(|check| check.cause)
}

const fn lies_outside_the_platform(cause: Option<Cause>) -> bool {
    !matches!(cause, Some(Cause::Configuration | Cause::Implementation))
}

impl CaseResult {
    /// The area: the first segment of the scenario's path.
    #[must_use]
    pub fn area(&self) -> &str {
        self.scenario.as_str().split('/').next().unwrap_or_default()
    }

    /// Something in it could not be judged for a reason that lies in the environment or in the harness. An error that
    /// follows from a seen defect (a control that the platform does not treat as it should) is none of these.
    #[must_use]
    pub fn is_unreached(&self) -> bool {
        self.errors().any(lies_outside_the_platform)
    }

    /// The cause of every error in it, its own first; the error of one without a cause is one too.
    fn errors(&self) -> impl Iterator<Item = Option<Cause>> {
        let checks = self.checks().map(|(_, check)| (&check.status, check.cause));
        std::iter::once((&self.status, self.cause))
            .chain(checks)
            .filter(|(status, _)| matches!(status, CheckStatus::Error(_)))
            .map(|(_, cause)| cause)
    }

    /// Every check with the step that made it.
    pub fn checks(&self) -> impl Iterator<Item = (&StepResult, &Check)> {
        self.steps.iter().flat_map(|step| step.checks.iter().map(move |check| (step, check)))
    }
}

impl RequirementRow {
    /// Seen to hold: tested, and every case that tested it passed, at worst with a warning.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.status.is_green()
    }
}

#[cfg(test)]
mod tests;
