//! A refusal counts only beside its control, and an acceptance likewise (PRODUCT.md, Verdicts).
//!
//! A component that refuses everything refuses every bad token too. So once a case has played, each check that
//! passed on its own is looked at again: in the same case the same component must have answered the other way
//! to a token that differs by the one defect. Without that the check is an error, never green.

use super::{context::Context, held::Held};
use crate::{
    model::identifier::Component,
    outcome::{Cause, Check, CheckStatus, StepResult},
};

/// A token that was shown to a component, and what was expected of it.
#[derive(Clone, Debug)]
pub(super) struct Presentation {
    /// The step and the check in it that this is about.
    pub(super) step: usize,
    pub(super) check: usize,
    pub(super) component: Component,
    pub(super) token: String,
    pub(super) expected: Expected,
    /// The name of the token on the other side.
    pub(super) control: Option<String>,
    /// In what the two may differ.
    pub(super) differs: Option<Vec<String>>,
    /// The time on the platform, in seconds since 1970.
    pub(super) at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Accepted,
    Refused,
    /// A request of its own form: its control must be accepted; what differs is in the request.
    RequestRefused,
    /// A sign-in: its control must have signed in at the same issuer.
    SignedIn,
    SignInRefused,
}

/// Takes the pass from every check whose control is not green.
pub(super) fn settle(steps: &mut [StepResult], context: &Context<'_>) {
    let shown = &context.presentations;
    // All decisions are made on the checks as they were, then applied.
    let decisions: Vec<_> = shown
        .iter()
        .filter(|one| check(steps, one).is_some_and(|check| is_green(&check.status)))
        .filter_map(|one| objection(one, steps, context).map(|objection| (one.step, one.check, objection)))
        .collect();
    for (step, check, (reason, cause)) in decisions {
        if let Some(check) = steps.get_mut(step).and_then(|step| step.checks.get_mut(check)) {
            check.status = CheckStatus::Error(reason);
            check.cause = Some(cause);
        }
    }
}

fn check<'s>(steps: &'s [StepResult], one: &Presentation) -> Option<&'s Check> {
    steps.get(one.step)?.checks.get(one.check)
}

fn is_green(status: &CheckStatus) -> bool {
    matches!(status, CheckStatus::Pass | CheckStatus::Warn(_))
}

/// Why a check that passed on its own must not count.
fn objection(one: &Presentation, steps: &[StepResult], context: &Context<'_>) -> Option<(String, Cause)> {
    let partners = context.presentations.iter().filter(|other| is_partner(one, other));
    let mut found = None;
    for partner in partners {
        let Some(check) = check(steps, partner) else { continue };
        if !is_green(&check.status) {
            let reason = format!("its control, `{}`, is not green: {}", partner.token, check.what);
            found = found.or(Some((reason, check.cause.unwrap_or(Cause::Harness))));
            continue;
        }
        match difference(one, partner, context) {
            None => return None,
            Some(reason) => found = Some((reason, Cause::Harness)),
        }
    }
    match one.expected {
        // A sign-in proves itself: it is a control for others and needs none.
        Expected::SignedIn => None,
        _ => Some(found.unwrap_or_else(|| no_partner(one))),
    }
}

fn no_partner(one: &Presentation) -> (String, Cause) {
    let reason = match one.expected {
        Expected::Accepted => format!("no token was refused by {} beside this one", one.component),
        _ => match &one.control {
            Some(control) => format!("its control, `{control}`, was not accepted by {}", one.component),
            None => format!("it names no control that {} accepts", one.component),
        },
    };
    (reason, Cause::Harness)
}

/// The two stand on opposite sides of the same component, and one names the other.
fn is_partner(one: &Presentation, other: &Presentation) -> bool {
    let names = |a: &Presentation, b: &Presentation| a.control.as_deref() == Some(b.token.as_str());
    one.component == other.component
        && match (one.expected, other.expected) {
            (Expected::Refused, Expected::Accepted) | (Expected::Accepted, Expected::Refused) => {
                names(one, other) || names(other, one)
            }
            (Expected::RequestRefused, Expected::Accepted)
            | (Expected::SignInRefused, Expected::SignedIn) => names(one, other),
            _ => false,
        }
}

/// What is wrong with the difference between the two tokens, if anything.
fn difference(one: &Presentation, partner: &Presentation, context: &Context<'_>) -> Option<String> {
    if matches!(one.expected, Expected::RequestRefused | Expected::SignInRefused) {
        return None;
    }
    let differing = if one.token == partner.token {
        if one.at == partner.at { Vec::new() } else { vec!["time".to_owned()] }
    } else {
        let held = |name: &str| context.tokens.get(name);
        let (Some(a), Some(b)) = (held(&one.token), held(&partner.token)) else {
            return Some("one of the two tokens was never obtained".into());
        };
        Held::differences(a, b, one.at.max(partner.at))
    };
    let declared =
        if one.control.as_deref() == Some(partner.token.as_str()) { &one.differs } else { &partner.differs };
    let names = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    match declared {
        None if differing.len() == 1 => None,
        None => Some(format!(
            "`{}` and `{}` differ in {}, not in one member: a control differs by the one defect",
            one.token,
            partner.token,
            names(&differing)
        )),
        Some(declared) if sorted(declared) == sorted(&differing) => None,
        Some(declared) => Some(format!(
            "`{}` and `{}` differ in {}, while the scenario says {}",
            one.token,
            partner.token,
            names(&differing),
            names(declared)
        )),
    }
}
