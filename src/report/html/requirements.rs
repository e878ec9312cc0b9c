//! The requirement matrix: every rule of the catalogue, its status, and how each of its cases fared.

use super::anchor;
use crate::{
    model::{
        identifier::{CaseId, RequirementId},
        requirement::Provenance,
    },
    outcome::{CheckStatus, RequirementRow},
    report::{level, topic},
};

/// A rule on the page.
pub(super) struct Row<'a> {
    pub(super) of: &'a RequirementRow,
    pub(super) anchor: String,
    pub(super) level: &'static str,
    /// "documentation, a standard"
    pub(super) provenance: String,
    /// Status → its cases with their anchors, the worst status first.
    pub(super) cases: Vec<(&'static str, Vec<(&'a CaseId, String)>)>,
    /// The question that it answers, for links.
    pub(super) topic: &'static str,
}

impl<'a> Row<'a> {
    pub(super) fn new(row: &'a RequirementRow) -> Self {
        let of_status = |name: &'static str| {
            let cases = row.cases.iter().filter(|(_, status)| *status == name);
            let cases: Vec<_> = cases.map(|(id, _)| (id, anchor::of_case(id))).collect();
            (!cases.is_empty()).then_some((name, cases))
        };
        Self {
            of: row,
            anchor: anchor::of_rule(&row.id),
            level: level(row),
            provenance: row.provenance.iter().map(|origin| origin_of(*origin)).collect::<Vec<_>>().join(", "),
            cases: CheckStatus::NAMES.into_iter().filter_map(of_status).collect(),
            topic: topic::of(&row.id).name,
        }
    }
}

/// A rule with its anchor, for links.
pub(super) fn linked(rules: &[RequirementId]) -> Vec<(&RequirementId, String)> {
    rules.iter().map(|rule| (rule, anchor::of_rule(rule))).collect()
}

const fn origin_of(origin: Provenance) -> &'static str {
    match origin {
        Provenance::Doc => "documentation",
        Provenance::Obs => "observed",
        Provenance::Rfc => "standard",
        Provenance::Own => "decided by this project",
    }
}
