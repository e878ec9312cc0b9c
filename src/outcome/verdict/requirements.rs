//! The requirement matrix: what a run says about every rule of the catalogue.

use std::collections::BTreeMap;

use super::{OBSERVE, case_status, lies_outside_the_platform};
use crate::{
    model::{
        identifier::RequirementId,
        requirement::{Catalogue, Requirement},
    },
    outcome::{CaseResult, Check, CheckStatus, RequirementRow},
};

/// One row for every requirement, in the catalogue's order, before any case. `set` is the revision that is held against.
pub(super) fn requirement_rows(catalogue: &Catalogue, set: &str) -> Vec<RequirementRow> {
    let set = catalogue.sets.get(set).map(Vec::as_slice).unwrap_or_default();
    catalogue.requirements.iter().map(|requirement| row(requirement, set)).collect()
}

fn row(requirement: &Requirement, set: &[RequirementId]) -> RequirementRow {
    RequirementRow {
        id: requirement.id.clone(),
        statement: requirement.statement.clone(),
        level: requirement.level,
        provenance: requirement.provenance.clone(),
        source: requirement.source.clone(),
        in_set: set.contains(&requirement.id),
        accepted: false,
        status: CheckStatus::NotExercised(why_without_cases(requirement)),
        cases: BTreeMap::new(),
    }
}

impl RequirementRow {
    /// What these cases say about the rule, in the place of what was said of a part of them; without a case that lists
    /// it, the row stays as it is.
    ///
    /// A requirement's cases are those that list it. To list a rule is not to test it: a case speaks of a rule by those
    /// of its checks that are about it and came to be judged, so that a case about several rules is red for the broken
    /// one alone. But nothing is green beside what may have kept it from being seen:
    ///
    /// - What failed at one rule says nothing good of another: there a green check counts as none.
    /// - A case that ended early speaks with its whole status of every rule that it lists, since nobody knows what the
    ///   steps that were not taken would have shown. So does one that ended before its first step.
    /// - A case in which something is wrong at no rule at all (a sign-in that should work, a step without a verdict), or
    ///   which was not reached or is the harness's mistake, speaks with its whole status of every rule that it tested.
    pub(super) fn judge(&mut self, cases: &[CaseResult]) {
        let about: Vec<_> = cases.iter().filter(|case| case.requirements.contains(&self.id)).collect();
        if about.is_empty() {
            return;
        }
        self.status = status(&self.id, &about);
        self.cases = about
            .iter()
            .map(|case| (case.id.clone(), case.status.name().to_owned()))
            .collect::<BTreeMap<_, _>>();
    }
}

/// The reason of a rule that cases list and no check of theirs is about.
pub(super) const NO_CHECK: &str = "no check of its cases is about it";

/// The reason of a rule that cases tested, all of which failed at another one.
pub(super) const BESIDE_A_FAILURE: &str = "what is about it passed only in cases that failed at another rule";

/// The worst that a case says of it; if none was put to the test, the worst of those that could have been; if there are
/// none, the reason why.
fn status(id: &RequirementId, cases: &[&CaseResult]) -> CheckStatus {
    let said: Vec<_> = cases.iter().filter_map(|case| case.says_of(id)).collect();
    // They say why.
    let unjudged = cases.iter().flat_map(|case| case.about(id)).filter(|status| !status.is_tested());
    let reason = || {
        if cases.iter().any(|case| case.tested(id)) {
            BESIDE_A_FAILURE.to_owned()
        } else {
            NO_CHECK.to_owned()
        }
    };
    CheckStatus::worst(said.iter().filter(|status| status.is_tested()))
        .or_else(|| CheckStatus::worst(&said))
        .or_else(|| CheckStatus::worst(unjudged))
        .unwrap_or_else(|| CheckStatus::NotExercised(reason()))
}

impl CaseResult {
    /// What it says of a rule that it lists, if anything: see [`RequirementRow::judge`].
    fn says_of(&self, rule: &RequirementId) -> Option<CheckStatus> {
        if self.ended_early() {
            return Some(self.status.clone());
        }
        if !self.tested(rule) {
            return None;
        }
        let whole = self.status_of_rules();
        if !self.stands_rule_by_rule() {
            return Some(whole);
        }
        let own = CheckStatus::worst(self.about(rule))?;
        (!own.is_green() || whole.is_green()).then_some(own)
    }

    /// A check of it is about this rule, and the platform was put to that test.
    fn tested(&self, rule: &RequirementId) -> bool {
        self.about(rule).any(CheckStatus::is_tested)
    }

    /// The checks that are about the rule.
    fn about<'a>(&'a self, rule: &'a RequirementId) -> impl Iterator<Item = &'a CheckStatus> {
        self.checks_of_rules()
            .filter(move |check| check.requirement.as_ref() == Some(rule))
            .map(|check| &check.status)
    }

    /// Which side of a divergence the platform is on is no rule's matter.
    fn checks_of_rules(&self) -> impl Iterator<Item = &Check> {
        self.checks().filter(|(step, _)| step.kind != OBSERVE).map(|(_, check)| check)
    }

    /// Its status as far as rules are concerned.
    fn status_of_rules(&self) -> CheckStatus {
        match CheckStatus::worst(self.checks_of_rules().map(|check| &check.status)) {
            Some(worst) if self.steps.iter().any(|step| step.kind == OBSERVE) => worst,
            _ => self.status.clone(),
        }
    }

    /// Not started, skipped, not applicable, an error of the set-up; or it stopped at a step, and more were to come.
    const fn ended_early(&self) -> bool {
        let before_its_steps =
            self.steps.is_empty() && (self.status.needs_action() || !self.status.is_tested());
        before_its_steps || self.steps_not_taken > 0
    }

    /// Whatever is not green in it is the platform's, and at a rule that it names; and there is nothing else to its
    /// status.
    fn stands_rule_by_rule(&self) -> bool {
        let outside = |check: &Check| {
            matches!(check.status, CheckStatus::Error(_)) && lies_outside_the_platform(check.cause)
        };
        self.status.name() == case_status(&self.steps).name()
            && self
                .checks_of_rules()
                .all(|check| check.status.is_green() || (check.requirement.is_some() && !outside(check)))
    }
}

fn why_without_cases(requirement: &Requirement) -> String {
    match (&requirement.untested, &requirement.excluded) {
        (Some(reason), _) => format!("untested: {reason}"),
        (None, Some(reason)) => format!("excluded: {reason}"),
        (None, None) => "no selected case covers it".to_owned(),
    }
}
