//! The requirement matrix: what a run says about every rule of the catalogue.

use std::collections::BTreeMap;

use crate::{
    model::{
        identifier::RequirementId,
        requirement::{Catalogue, Requirement},
    },
    outcome::{CaseResult, CheckStatus, RequirementRow},
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
    /// A requirement's cases are those that list it. To list a rule is not to test it: a case counts only if a check of
    /// its own is about the rule and came to be judged ([`CaseResult::tested`]), and then with the status of the whole
    /// case. A case that ended before its first step has no checks, and counts with its status.
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

/// The worst of the cases that tested it; if none did, the worst of those that could have; if there are none, what kept
/// its checks from being judged.
fn status(rule: &RequirementId, cases: &[&CaseResult]) -> CheckStatus {
    let counts = |case: &&&CaseResult| case.tested(rule) || ended_before_its_steps(case);
    let counted: Vec<_> = cases.iter().filter(counts).map(|case| case.status_of_rules()).collect();
    CheckStatus::worst(counted.iter().filter(|status| status.is_tested()))
        .or_else(|| CheckStatus::worst(&counted))
        .or_else(|| CheckStatus::worst(unjudged(rule, cases)))
        .unwrap_or_else(|| CheckStatus::NotExercised(NO_CHECK.to_owned()))
}

/// Not started, skipped, not applicable, or an error of the set-up. Nothing green ends there.
const fn ended_before_its_steps(case: &CaseResult) -> bool {
    case.steps.is_empty() && (case.status.needs_action() || !case.status.is_tested())
}

/// Checks that are about the rule and were not judged: they say why.
fn unjudged<'a>(rule: &'a RequirementId, cases: &'a [&CaseResult]) -> impl Iterator<Item = &'a CheckStatus> {
    let checks = cases.iter().flat_map(|case| case.checks());
    checks.filter(|(_, check)| check.requirement.as_ref() == Some(rule)).map(|(_, check)| &check.status)
}

fn why_without_cases(requirement: &Requirement) -> String {
    match (&requirement.untested, &requirement.excluded) {
        (Some(reason), _) => format!("untested: {reason}"),
        (None, Some(reason)) => format!("excluded: {reason}"),
        (None, None) => "no selected case covers it".to_owned(),
    }
}
