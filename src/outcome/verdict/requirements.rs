//! The requirement matrix: what a run says about every rule of the catalogue.

use std::collections::BTreeMap;

use crate::{
    model::{
        identifier::RequirementId,
        requirement::{Catalogue, Requirement},
    },
    outcome::{CaseResult, CheckStatus, RequirementRow},
};

/// One row for every requirement, in the catalogue's order. `set` is the revision that is held against.
///
/// A requirement's cases are those that list it, each with the status of the whole case: a case that fails at one
/// rule stops, so what it would have said about its other rules is unknown and not counted for them.
#[must_use]
pub fn requirement_rows(catalogue: &Catalogue, set: &str, cases: &[CaseResult]) -> Vec<RequirementRow> {
    let set = catalogue.sets.get(set).map(Vec::as_slice).unwrap_or_default();
    catalogue.requirements.iter().map(|requirement| row(requirement, set, cases)).collect()
}

fn row(requirement: &Requirement, set: &[RequirementId], cases: &[CaseResult]) -> RequirementRow {
    let about: Vec<_> = cases.iter().filter(|case| case.requirements.contains(&requirement.id)).collect();
    RequirementRow {
        id: requirement.id.clone(),
        statement: requirement.statement.clone(),
        level: requirement.level,
        provenance: requirement.provenance.clone(),
        source: requirement.source.clone(),
        in_set: set.contains(&requirement.id),
        accepted: false,
        status: status(requirement, &about),
        cases: about
            .iter()
            .map(|case| (case.id.clone(), case.status.name().to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// The worst of the cases that tested it; if none did, the worst of the others; if there are none, the reason why.
fn status(requirement: &Requirement, cases: &[&CaseResult]) -> CheckStatus {
    let statuses = || cases.iter().map(|case| &case.status);
    CheckStatus::worst(statuses().filter(|status| status.is_tested()))
        .or_else(|| CheckStatus::worst(statuses()))
        .unwrap_or_else(|| CheckStatus::NotExercised(why_without_cases(requirement)))
}

fn why_without_cases(requirement: &Requirement) -> String {
    match (&requirement.untested, &requirement.excluded) {
        (Some(reason), _) => format!("untested: {reason}"),
        (None, Some(reason)) => format!("excluded: {reason}"),
        (None, None) => "no selected case covers it".to_owned(),
    }
}
