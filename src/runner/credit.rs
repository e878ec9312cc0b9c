//! A refusal counts only beside its control, and an acceptance likewise (PRODUCT.md, Verdicts).
//!
//! A component that refuses everything refuses every bad token too. So once a case has played, each check that
//! passed on its own is looked at again: in the same case the same component must have answered the other way
//! to a token that differs by the one defect. Without that the check is an error, never green.

mod asks;
mod observations;
mod opposites;
mod visits;
mod wishes;

use super::{context::Context, held::Held};
use crate::{
    model::identifier::{Component, RequirementId},
    outcome::{Cause, Check, CheckStatus, StepResult},
    runner::step::{IDLE_FAULT, REASONS},
};

pub(super) use asks::{Asked, Moment, Outcome};
pub(super) use observations::counted;
pub(super) use visits::Visited;
pub(super) use wishes::Wished;

/// The step that fills the Registry Server's catalogue.
const CATALOGUE: &str = "catalogue";

/// Something that was shown to a component, and what was expected of it.
#[derive(Clone, Debug)]
pub(super) struct Presentation {
    /// The step and the check in it that this is about.
    pub(super) step: usize,
    pub(super) check: usize,
    pub(super) component: Component,
    pub(super) shown: Shown,
    pub(super) expected: Expected,
    /// The name of the token on the other side.
    pub(super) control: Option<String>,
    /// In what the two may differ.
    pub(super) differs: Option<Vec<String>>,
    /// The moment.
    pub(super) when: When,
    /// Either answer is as expected.
    pub(super) is_open: bool,
    /// It was refused because the component could not get at the IdP's keys: no verdict by itself.
    pub(super) out_of_reach: bool,
}

/// The moment in which something was shown: two of them may be the one difference between two answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// The time on the component's own clock, in seconds since 1970.
    pub(super) at: i64,
    /// The faults of the component and of the IdP.
    pub(super) faults: String,
    /// The token's key was withdrawn.
    pub(super) withdrawn: bool,
    /// How often the component began anew.
    pub(super) restarts: usize,
}

/// What was shown.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    /// A held token, as a bearer token.
    Token { name: String, target: Target },
    /// No token, or one in another form.
    Otherwise {
        target: Target,
        /// The token that a header written out has.
        token: Option<String>,
    },
    /// A sign-in: the name of its token, and what was asked for.
    SignIn { name: String, asked: Vec<(&'static str, String)> },
}

/// Method and path, without the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    method: String,
    path: String,
}

impl Target {
    pub(super) fn new(method: &str, path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Self { method: method.to_owned(), path: path.to_owned() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Accepted,
    Refused,
    /// A request that shows a credential and is served: the component must refuse something in this case.
    Served,
    /// That a request with a token was answered with a 2xx: a control for what is refused there, too.
    Admitted,
    SignedIn,
    /// Or open: whatever became of it counts only beside a sign-in that works.
    SignInRefused,
}

impl Presentation {
    fn name(&self) -> &str {
        match &self.shown {
            Shown::Token { name, .. } | Shown::SignIn { name, .. } => name,
            Shown::Otherwise { .. } => "this request",
        }
    }

    fn names(&self, other: &Self) -> bool {
        self.control.as_deref() == Some(other.name())
    }
}

/// Takes the pass from every check whose control is not green.
pub(super) fn settle(steps: &mut [StepResult], context: &Context<'_>) {
    wishes::settle(steps, &context.wished);
    asks::settle(steps, &context.asked);
    visits::settle(steps, &context.visited);
    blame_the_failure(steps);
    let shown = &context.presentations;
    for one in shown {
        let reached = shown.iter().any(|other| {
            other.expected == Expected::Accepted
                && is_partner(one, other)
                && check(steps, other).is_some_and(|check| check.status.is_green())
        });
        // The component had the keys for the control: then it went looking for others.
        if one.out_of_reach
            && one.expected == Expected::Refused
            && reached
            && let Some(check) = steps.get_mut(one.step).and_then(|step| step.checks.get_mut(one.check))
        {
            check.status = CheckStatus::Fail;
            check.cause = Some(Cause::Implementation);
        }
    }
    // All decisions are made on the checks as they were, then applied.
    let decisions: Vec<_> = shown
        .iter()
        .filter(|one| check(steps, one).is_some_and(|check| check.status.is_green()))
        .filter_map(|one| objection(one, steps, context).map(|objection| (one.step, one.check, objection)))
        .collect();
    for (step, check, (reason, cause)) in decisions {
        if let Some(check) = steps.get_mut(step).and_then(|step| step.checks.get_mut(check)) {
            check.status = CheckStatus::Error(reason);
            check.cause = Some(cause);
        }
    }
    observations::settle(steps, &context.observed);
}

/// A fault that nobody met, and a catalogue that the Registry Server does not take, are the scenario's mistake, unless something
/// failed before: then the fault was not met because of that, and the source of an entry was never made.
fn blame_the_failure(steps: &mut [StepResult]) {
    let failure = |step: &StepResult| {
        let mut failed = step.checks.iter().filter(|check| check.status == CheckStatus::Fail);
        failed.find_map(|check| check.cause)
    };
    let Some((first, cause)) =
        steps.iter().enumerate().find_map(|(index, step)| Some((index, failure(step)?)))
    else {
        return;
    };
    for (index, step) in steps.iter_mut().enumerate() {
        let follows = index > first && step.kind == CATALOGUE;
        for check in &mut step.checks {
            let CheckStatus::Error(reason) = &check.status else { continue };
            if reason == IDLE_FAULT || (follows && check.cause == Some(Cause::Harness)) {
                check.cause = Some(cause);
            }
        }
    }
}

fn check<'s>(steps: &'s [StepResult], one: &Presentation) -> Option<&'s Check> {
    steps.get(one.step)?.checks.get(one.check)
}

/// Why a check that passed on its own must not count.
fn objection(one: &Presentation, steps: &[StepResult], context: &Context<'_>) -> Option<(String, Cause)> {
    // A sign-in proves itself: it is a control for others and needs none.
    if one.expected == Expected::SignedIn {
        return None;
    }
    let rule = check(steps, one).and_then(|check| check.requirement.as_ref());
    let about_the_token =
        one.expected == Expected::Refused && !one.is_open && rule.is_some_and(is_about_the_token);
    let mut found = None;
    for partner in context.presentations.iter().filter(|other| is_partner(one, other)) {
        let Some(check) = check(steps, partner) else { continue };
        if !check.status.is_green() {
            let reason = format!("its control, `{}`, is not green: {}", partner.name(), check.what);
            found = found.or(Some((reason, check.cause.unwrap_or(Cause::Harness))));
            continue;
        }
        match difference(one, partner, context) {
            None if about_the_token && is_same_token(one, partner) => {
                let reason = format!(
                    "`{}` is the very token that was accepted: what was refused is something else",
                    partner.name()
                );
                found = Some((reason, Cause::Harness));
            }
            None => return None,
            Some(reason) => found = Some((reason, Cause::Harness)),
        }
    }
    // Where something is not as it should be, its control may be just that: then whoever it was has to act.
    let cause = steps.iter().flat_map(|step| &step.checks).find_map(|check| check.cause);
    let cause = cause.unwrap_or(Cause::Harness);
    Some(found.unwrap_or_else(|| (no_partner(one), cause)))
}

/// What such a rule refuses, it refuses for what the token is.
fn is_about_the_token(rule: &RequirementId) -> bool {
    REASONS.contains(&rule.as_str()) || rule.as_str().starts_with("CLAIM-")
}

/// The same token in the same moment, in another request.
fn is_same_token(one: &Presentation, other: &Presentation) -> bool {
    match (&one.shown, &other.shown) {
        (Shown::Otherwise { token: Some(name), .. }, Shown::Token { name: other_name, .. }) => {
            name == other_name && one.when == other.when
        }
        _ => false,
    }
}

fn no_partner(one: &Presentation) -> String {
    match (one.expected, &one.control) {
        (Expected::Accepted | Expected::Served | Expected::Admitted, _) => {
            format!("no token was refused by {} beside this one", one.component)
        }
        (_, Some(control)) => format!("its control, `{control}`, was not accepted by {}", one.component),
        (_, None) => format!("it names no control that {} accepts", one.component),
    }
}

/// The two stand on opposite sides of the same component, and one names the other.
fn is_partner(one: &Presentation, other: &Presentation) -> bool {
    one.component == other.component
        && match (one.expected, other.expected) {
            (Expected::Refused, Expected::Accepted) | (Expected::Accepted, Expected::Refused) => {
                one.names(other) || other.names(one)
            }
            (Expected::SignInRefused, Expected::SignedIn) | (Expected::Refused, Expected::Admitted) => {
                one.names(other)
            }
            (Expected::Served | Expected::Admitted, Expected::Refused) => true,
            _ => false,
        }
}

/// What is wrong with the difference between the two, if anything.
fn difference(one: &Presentation, partner: &Presentation, context: &Context<'_>) -> Option<String> {
    if matches!(one.expected, Expected::Served | Expected::Admitted) {
        // What a process refused says nothing of the one that came after it.
        let other = one.when.restarts != partner.when.restarts;
        return other.then(|| format!("{} began anew between this and what it refused", one.component));
    }
    let declared = if one.names(partner) { &one.differs } else { &partner.differs };
    let differing = match (&one.shown, &partner.shown) {
        (Shown::SignIn { asked, .. }, Shown::SignIn { asked: other, .. }) => {
            asked.iter().zip(other).filter(|(a, b)| a != b).map(|(asked, _)| asked.0.to_owned()).collect()
        }
        (
            Shown::Token { target, .. } | Shown::Otherwise { target, .. },
            Shown::Token { target: other, .. } | Shown::Otherwise { target: other, .. },
        ) if target != other => {
            return Some(format!("{} {} is not what its control was sent to", target.method, target.path));
        }
        (Shown::Token { name, .. }, Shown::Token { name: other, .. }) => {
            let (Some(a), Some(b)) = (context.tokens.get(name), context.tokens.get(other)) else {
                return Some("one of the two tokens was never obtained".into());
            };
            let mut differing = Held::differences(a, one.when.at, b, partner.when.at);
            differing.extend(one.when.differences(&partner.when));
            // The same token in the same world: then it is the time that has passed.
            if differing.is_empty() && name == other && one.when.at != partner.when.at {
                differing.push("time".into());
            }
            differing
        }
        // What was sent besides, or how, is the one difference: then it is the same token.
        (Shown::Otherwise { token: Some(name), .. }, Shown::Token { name: other, .. })
        | (Shown::Token { name, .. }, Shown::Otherwise { token: Some(other), .. })
            if name != other =>
        {
            let (a, b) = (context.tokens.get(name)?, context.tokens.get(other)?);
            let differing = Held::differences(a, one.when.at, b, partner.when.at);
            let words = format!("`{name}` and `{other}` differ too, in {}", differing.join(", "));
            return (!differing.is_empty()).then_some(words);
        }
        _ => {
            let mut moment = one.when.differences(&partner.when);
            moment.retain(|what| !declared.as_ref().is_some_and(|declared| declared.contains(what)));
            let words =
                format!("`{}` and `{}` differ too, in {}", one.name(), partner.name(), moment.join(", "));
            return (!moment.is_empty()).then_some(words);
        }
    };
    against_declaration(one.name(), partner.name(), differing, declared.as_deref())
}

impl When {
    fn differences(&self, other: &Self) -> Vec<String> {
        let differing = [
            ("faults", self.faults != other.faults),
            ("keys", self.withdrawn != other.withdrawn),
            ("restart", self.restarts != other.restarts),
        ];
        differing.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what.to_owned()).collect()
    }
}

fn against_declaration(
    one: &str,
    other: &str,
    mut differing: Vec<String>,
    declared: Option<&[String]>,
) -> Option<String> {
    let names = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    let found = format!("`{one}` and `{other}` differ in {}", names(&differing));
    match declared {
        None if differing.len() == 1 => None,
        None => Some(format!("{found}, not in one member: a control differs by the one defect")),
        Some(declared) => {
            let mut expected = declared.to_vec();
            expected.sort();
            differing.sort();
            (expected != differing).then(|| format!("{found}, while the scenario says {}", names(declared)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_defect_or_the_declared_ones() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let judge = |differing: &[&str], declared: Option<&[&str]>| {
            against_declaration("a", "b", list(differing), declared.map(list).as_deref())
        };
        assert_eq!(judge(&["aud"], None), None);
        assert_eq!(judge(&["aud", "scp"], Some(&["scp", "aud"])), None);
        assert!(judge(&[], None).unwrap().contains("differ in nothing"));
        assert!(judge(&["aud", "scp"], None).unwrap().contains("aud, scp"));
        assert!(judge(&["aud"], Some(&["scp"])).is_some());
        assert!(judge(&["aud", "scp"], Some(&["aud"])).is_some(), "a defect more than declared");
    }

    #[test]
    fn a_target_has_no_query() {
        assert_eq!(Target::new("GET", "/a?token=x"), Target::new("GET", "/a"));
        assert_ne!(Target::new("GET", "/a"), Target::new("DELETE", "/a"));
    }
}
