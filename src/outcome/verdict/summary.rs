//! The totals, the exit code, and the whole report put together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{divergence_rows, requirement_rows, sentence};
use crate::{
    model::{
        divergence::Reading,
        identifier::RequirementId,
        requirement::{Catalogue, Level},
    },
    outcome::{
        CaseResult, Caution, CheckStatus, DivergenceRow, ExitCode, Report, RequirementRow, Selection,
        ShardOf, SuiteIdentity, Summary, TargetIdentity,
    },
};

/// What a run leaves behind, before it is judged.
#[derive(Clone, Debug)]
pub struct RunParts {
    /// The suite.
    pub suite: SuiteIdentity,
    /// The target.
    pub target: TargetIdentity,
    /// The seed, in hexadecimal.
    pub seed: String,
    /// Whom the run believed where documents, code and standards disagree.
    pub reading: Reading,
    /// The requirement that was broken on purpose.
    pub sabotaged: Option<RequirementId>,
    /// Which part of the suite was chosen.
    pub selection: Selection,
    /// The cases that ran, in any order.
    pub cases: Vec<CaseResult>,
    /// Real time of the whole run, in milliseconds.
    pub duration_ms: f64,
}

/// The terms on which a run is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// `--accept-untested`: requirements whose missing test does not make the run partly tested.
    pub accepted_untested: BTreeSet<RequirementId>,
    /// `--strict`: a warning counts as a failure.
    pub strict: bool,
    /// The run was interrupted.
    pub interrupted: bool,
}

impl Report {
    /// The name and revision of the report's shape.
    pub const SCHEMA: &'static str = "touchstone-report/1";

    /// Judges a run: sorts its cases, fills in the requirement matrix and the summary, and leaves
    /// out what nobody needs of the traffic of cases that passed.
    #[must_use]
    pub fn assemble(parts: RunParts, catalogue: &Catalogue, terms: &Terms) -> Self {
        let rows = requirement_rows(catalogue, revision(&parts.suite.set));
        let divergences = divergence_rows(&catalogue.divergences, parts.reading);
        let mut report = Self::judge(parts, rows, divergences, terms);
        report.cases.iter_mut().for_each(CaseResult::trim);
        report
    }

    /// Judges cases, from whichever machines they come: everything that is said of a run as a whole is said here.
    pub(in crate::outcome) fn judge(
        mut parts: RunParts,
        mut requirements: Vec<RequirementRow>,
        mut divergences: Vec<DivergenceRow>,
        terms: &Terms,
    ) -> Self {
        parts.cases.sort_by(|a, b| a.id.cmp(&b.id));
        for row in &mut requirements {
            row.judge(&parts.cases);
            row.accepted = !row.status.is_tested() && terms.accepted_untested.contains(&row.id);
        }
        for row in &mut divergences {
            row.judge(&parts.cases);
        }
        let summary = summarise(&parts, &requirements, terms);
        let cautions = cautions(&parts.cases);
        let RunParts { suite, target, seed, reading, sabotaged, selection, cases, duration_ms } = parts;
        Self {
            schema: Self::SCHEMA.to_owned(),
            suite,
            target,
            seed,
            sabotaged,
            selection,
            terms: terms.clone(),
            summary,
            cautions,
            reading,
            divergences,
            requirements,
            cases,
            duration_ms,
        }
    }
}

/// Each caution once, with the cases that have it.
fn cautions(cases: &[CaseResult]) -> Vec<Caution> {
    let mut cautions: Vec<Caution> = Vec::new();
    for (case, text) in cases.iter().flat_map(|case| case.cautions.iter().map(move |text| (case, text))) {
        match cautions.iter_mut().find(|known| known.text == *text) {
            Some(known) => known.cases.push(case.id.clone()),
            None => cautions.push(Caution { text: text.clone(), cases: vec![case.id.clone()] }),
        }
    }
    cautions
}

impl Caution {
    /// "2 cases: nobody is asked for a token"
    #[must_use]
    pub fn sentence(&self) -> String {
        let plural = if self.cases.len() == 1 { "" } else { "s" };
        format!("{} case{plural}: {}", self.cases.len(), self.text)
    }
}

impl ShardOf {
    /// "2 of 4, of 1316 cases"
    #[must_use]
    pub fn sentence(&self) -> String {
        let plural = if self.selected == 1 { "" } else { "s" };
        format!("{} of {}, of {} selected case{plural}", self.index, self.count, self.selected)
    }
}

/// The revision in a set's name: `1`, or `1 of <path>` where the catalogue is not the built-in one.
fn revision(set: &str) -> &str {
    set.split_once(" of ").map_or(set, |(revision, _)| revision)
}

/// The totals, the exit code and the verdict of a run.
#[must_use]
pub fn summarise(parts: &RunParts, rows: &[RequirementRow], terms: &Terms) -> Summary {
    let exit = exit_code(parts, rows, terms);
    Summary {
        verdict: sentence::verdict(parts, rows, exit),
        exit,
        cases: count(parts.cases.iter().map(|case| &case.status)),
        checks: count(parts.cases.iter().flat_map(CaseResult::checks).map(|(_, check)| &check.status)),
    }
}

/// Everything that applies, then the precedence of [`ExitCode::decide`].
///
/// A shard answers for what it ran. That it holds no case, that none of its cases applies to the target, or that a rule
/// is not tested in it, says nothing before the other shards are known: it is found when they are joined.
fn exit_code(parts: &RunParts, rows: &[RequirementRow], terms: &Terms) -> ExitCode {
    let any = |wanted: fn(&CheckStatus) -> bool| parts.cases.iter().any(|case| wanted(&case.status));
    let unreached = parts.cases.iter().any(CaseResult::is_unreached);
    // An error that is not of the environment follows from a defect.
    let failed = any(|status| {
        matches!(status, CheckStatus::Fail | CheckStatus::UnexpectedPass(_) | CheckStatus::Error(_))
    });
    let shard = parts.selection.shard.is_some();
    let tested = shard || any(CheckStatus::is_tested);
    // A run that stopped at a failure is judged by the failure; without one, a case that is missing is an error.
    let missing = parts.cases.len() < parts.selection.selected && !failed;
    let apply = [
        (terms.interrupted, ExitCode::Interrupted),
        (parts.selection.selected == 0 && !shard, ExitCode::Usage),
        (unreached || !tested || missing, ExitCode::Unreachable),
        (failed, ExitCode::Nonconformant),
        (terms.strict && any(|status| matches!(status, CheckStatus::Warn(_))), ExitCode::Nonconformant),
        (untested_musts(parts, rows).next().is_some(), ExitCode::PartlyTested),
        // What was selected and then not run is a hole, whatever rule it is about.
        (any(|status| matches!(status, CheckStatus::Skipped(_))), ExitCode::PartlyTested),
    ];
    let apply: Vec<_> = apply.into_iter().filter_map(|(applies, code)| applies.then_some(code)).collect();
    ExitCode::decide(&apply)
}

/// The rules of the chosen set that must hold and were not put to the test. On a filtered run only those count that
/// a selected case is about, and of a shard nobody knows.
pub(super) fn untested_musts<'a>(
    parts: &RunParts,
    rows: &'a [RequirementRow],
) -> impl Iterator<Item = &'a RequirementRow> {
    let filtered = is_filtered(&parts.selection);
    let shard = parts.selection.shard.is_some();
    rows.iter()
        .filter(move |row| !shard && row.in_set && row.level == Level::Must)
        .filter(|row| !row.status.is_tested() && !row.accepted)
        .filter(move |row| !filtered || !row.cases.is_empty())
}

/// Only a part of the suite was chosen. A shard is the whole of what it speaks of.
pub(super) fn is_filtered(selection: &Selection) -> bool {
    selection.shard.is_none() && (selection.filter.is_some() || selection.selected < selection.total)
}

/// Status → number, with every status.
fn count<'a>(statuses: impl Iterator<Item = &'a CheckStatus>) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<_, _> = CheckStatus::NAMES.iter().map(|name| ((*name).to_owned(), 0)).collect();
    for status in statuses {
        *counts.entry(status.name().to_owned()).or_default() += 1;
    }
    counts
}
