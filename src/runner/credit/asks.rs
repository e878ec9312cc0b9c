//! What a server lets somebody do counts only beside what it does not, and the other way round: of a server that lets
//! everybody do everything, or nothing, no answer says anything. The two differ in one thing: who asks, what is asked,
//! which server, or the moment.

use std::collections::BTreeSet;

use super::opposites;
use crate::{model::identifier::Component, outcome::StepResult, runner::world::Upstream};

/// What was asked of a server, and what had to come of it. The check is the step's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Asked {
    pub(in crate::runner) step: usize,
    pub(in crate::runner) server: Component,
    /// The name of the token.
    pub(in crate::runner) token: String,
    /// `call_tool`
    pub(in crate::runner) ask: &'static str,
    /// The tool, the prompt, the URI, or what is listed.
    pub(in crate::runner) subject: String,
    pub(in crate::runner) moment: Moment,
    pub(in crate::runner) outcome: Outcome,
}

/// What may have changed between two asks of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Moment {
    /// The time on the server's own clock, in seconds since 1970.
    pub(in crate::runner) at: i64,
    /// The faults of the server and of the IdP.
    pub(in crate::runner) faults: String,
    /// How often the custom resources were changed or the server's proxy began anew.
    pub(in crate::runner) manifests: usize,
    /// What has happened to the server behind it. Of no matter to a list, which is always the server's latest.
    pub(in crate::runner) upstream: Option<Upstream>,
}

/// What had to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Outcome {
    Permitted,
    Denied,
    /// Exactly these names.
    Shown(BTreeSet<String>),
}

/// Takes the pass from every answer without a green opposite.
pub(super) fn settle(steps: &mut [StepResult], asked: &[Asked]) {
    opposites::settle(
        steps,
        asked,
        |one| one.step,
        is_opposite,
        "no green answer of the other kind differs from it in one thing: who asks, what, where, or when",
    );
}

/// The answers had to be of the other kind, and the asks differ in one thing.
fn is_opposite(one: &Asked, other: &Asked) -> bool {
    let opposite = match (&one.outcome, &other.outcome) {
        (Outcome::Permitted, Outcome::Denied) | (Outcome::Denied, Outcome::Permitted) => true,
        // A list that is refused stands beside one that shows something.
        (Outcome::Denied, Outcome::Shown(names)) | (Outcome::Shown(names), Outcome::Denied) => {
            !names.is_empty()
        }
        (Outcome::Shown(names), Outcome::Shown(others)) => names != others,
        _ => false,
    };
    let differences = [
        one.server != other.server,
        one.token != other.token,
        (one.ask, &one.subject) != (other.ask, &other.subject),
        one.moment != other.moment,
    ];
    // Two lists of different things show different names by nature.
    let comparable = !matches!((&one.outcome, &other.outcome), (Outcome::Shown(_), Outcome::Shown(_)))
        || one.subject == other.subject;
    opposite && comparable && differences.into_iter().filter(|differs| *differs).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Cause, Check, CheckStatus, Location};

    fn step(status: CheckStatus, cause: Option<Cause>) -> StepResult {
        let (what, expected, observed) = (String::new(), String::new(), String::new());
        let check = Check { what, requirement: None, status, expected, observed, note: None, cause };
        StepResult {
            kind: "mcp".into(),
            title: String::new(),
            location: Location { file: String::new(), line: 1 },
            checks: vec![check],
            exchanges: Vec::new(),
        }
    }

    fn asked(step: usize, token: &str, subject: &str, outcome: Outcome) -> Asked {
        let moment = Moment { at: 0, faults: String::new(), manifests: 0, upstream: None };
        let server = Component::new("mcp:engineering/MCPServer/github");
        Asked {
            step,
            server,
            token: token.into(),
            ask: "call_tool",
            subject: subject.into(),
            moment,
            outcome,
        }
    }

    fn passes(asked: &[Asked], statuses: &[CheckStatus]) -> Vec<bool> {
        let mut steps: Vec<_> = statuses
            .iter()
            .map(|status| {
                step(status.clone(), (*status == CheckStatus::Fail).then_some(Cause::Implementation))
            })
            .collect();
        settle(&mut steps, asked);
        steps.iter().map(|step| step.checks[0].status == CheckStatus::Pass).collect()
    }

    #[test]
    fn an_answer_stands_beside_its_opposite() {
        let pass = || CheckStatus::Pass;
        let alice = asked(0, "alice", "issue_write", Outcome::Permitted);
        let bob = asked(1, "bob", "issue_write", Outcome::Denied);
        assert_eq!(passes(&[alice.clone(), bob.clone()], &[pass(), pass()]), [true, true], "who asks");
        let tool = asked(1, "alice", "delete_repo", Outcome::Denied);
        assert_eq!(passes(&[alice.clone(), tool], &[pass(), pass()]), [true, true], "what is asked");
        let both = asked(1, "bob", "delete_repo", Outcome::Denied);
        assert_eq!(passes(&[alice.clone(), both], &[pass(), pass()]), [false, false], "two things at once");
        assert_eq!(passes(&[alice.clone(), bob.clone()], &[pass(), CheckStatus::Fail]), [false, false]);
        let mut later = asked(1, "alice", "issue_write", Outcome::Denied);
        assert_eq!(
            passes(&[alice.clone(), later.clone()], &[pass(), pass()]),
            [false, false],
            "nothing differs"
        );
        later.moment.manifests = 1;
        assert_eq!(passes(&[alice, later], &[pass(), pass()]), [true, true], "the moment");
    }

    #[test]
    fn a_list_stands_beside_another_one() {
        let shown = |names: &[&str]| Outcome::Shown(names.iter().map(|name| (*name).to_owned()).collect());
        let pass = || CheckStatus::Pass;
        let mut all = asked(0, "alice", "tools", shown(&["a", "b"]));
        all.ask = "list";
        let mut some = asked(1, "bob", "tools", shown(&["a"]));
        some.ask = "list";
        assert_eq!(passes(&[all.clone(), some.clone()], &[pass(), pass()]), [true, true]);
        some.outcome = shown(&["a", "b"]);
        assert_eq!(passes(&[all.clone(), some.clone()], &[pass(), pass()]), [false, false]);
        some.outcome = Outcome::Denied;
        assert_eq!(passes(&[all.clone(), some], &[pass(), pass()]), [true, true]);
        let mut prompts = asked(1, "alice", "prompts", shown(&["p"]));
        prompts.ask = "list";
        assert_eq!(passes(&[all, prompts], &[pass(), pass()]), [false, false], "of different things");
    }
}
