//! A permission counts only beside a refusal of the same wish, and a refusal beside a permission: of a client that
//! forbids everything, or permits it, no answer says anything.

use super::opposites;
use crate::{client::Mode, outcome::StepResult};

/// What a client was asked, and what its answer had to be. The check is the step's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Wished {
    pub(in crate::runner) step: usize,
    pub(in crate::runner) client: String,
    /// `install`
    pub(in crate::runner) wish: &'static str,
    /// The server or the directive.
    pub(in crate::runner) subject: String,
    /// The mode in which it answered.
    pub(in crate::runner) mode: Mode,
    pub(in crate::runner) permitted: bool,
}

/// Takes the pass from every answer without a green opposite: the same client, asked the same.
pub(super) fn settle(steps: &mut [StepResult], wished: &[Wished]) {
    opposites::settle(
        steps,
        wished,
        |one| one.step,
        is_opposite,
        "no green answer of the other kind differs from it in the server or directive alone, or in the mode alone",
    );
}

/// They differ in one thing: the server or directive, or the mode.
fn is_opposite(one: &Wished, other: &Wished) -> bool {
    one.client == other.client
        && one.wish == other.wish
        && one.permitted != other.permitted
        && (one.subject == other.subject || one.mode == other.mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Cause, Check, CheckStatus, Location};

    fn step(status: CheckStatus) -> StepResult {
        let check = Check {
            what: String::new(),
            requirement: None,
            status,
            expected: String::new(),
            observed: String::new(),
            note: None,
            cause: None,
        };
        StepResult {
            kind: "client".into(),
            title: String::new(),
            location: Location { file: String::new(), line: 1 },
            checks: vec![check],
            exchanges: Vec::new(),
        }
    }

    fn wish(step: usize, wish: &'static str, permitted: bool) -> Wished {
        Wished {
            step,
            client: "laptop".into(),
            wish,
            subject: "github".into(),
            mode: Mode::Online,
            permitted,
        }
    }

    #[test]
    fn an_answer_without_its_green_opposite_is_an_error() {
        let pass = |steps: &[StepResult]| {
            steps.iter().map(|step| step.checks[0].status == CheckStatus::Pass).collect::<Vec<_>>()
        };
        let mut steps = vec![step(CheckStatus::Pass), step(CheckStatus::Pass), step(CheckStatus::Pass)];
        let wished = [wish(0, "install", true), wish(1, "install", false), wish(2, "run", true)];
        settle(&mut steps, &wished);
        assert_eq!(pass(&steps), [true, true, false]);
        assert_eq!(steps[2].checks[0].cause, Some(Cause::Harness));
        let mut steps = vec![step(CheckStatus::Pass), step(CheckStatus::Pass)];
        let other = Wished { subject: "fetch".into(), mode: Mode::Grace, ..wish(1, "install", false) };
        settle(&mut steps, &[wish(0, "install", true), other]);
        assert_eq!(pass(&steps), [false, false], "they differ in two things");
        let mut steps = vec![step(CheckStatus::Pass), step(CheckStatus::Fail)];
        steps[1].checks[0].cause = Some(Cause::Implementation);
        settle(&mut steps, &wished[..2]);
        assert_eq!(pass(&steps), [false, false], "its opposite is not green");
        assert_eq!(steps[0].checks[0].cause, Some(Cause::Implementation), "whoever broke the opposite");
    }
}
