//! The reports of shards, joined into the report of the whole run.
//!
//! Nothing is added up: what a report says of the whole is judged again, from all cases, by what judges a run. Reports
//! are joined only if they are all the shards of one run.

mod error;

use std::{collections::BTreeSet, ops::RangeInclusive};

pub use error::MergeError;

use super::{
    CaseResult, DivergenceRow, Report, RequirementRow, Selection, ShardOf,
    verdict::{RunParts, Terms, case_status},
};
use crate::model::{
    digest::digest,
    identifier::{CaseId, RequirementId},
};

/// The report of the whole run, from the name of the file and the content of every report, in any order; or every
/// reason why these are not its shards.
pub fn merge(reports: Vec<(String, Report)>) -> Result<Report, Vec<MergeError>> {
    let mut parts = Vec::new();
    let mut unsharded = Vec::new();
    for (name, report) in reports {
        match report.selection.shard.clone() {
            Some(shard) => parts.push(Part { name, shard, report }),
            None => unsharded.push(MergeError::Unsharded(name)),
        }
    }
    none(unsharded)?;
    parts.sort_by(|a, b| (a.shard.index, &a.name).cmp(&(b.shard.index, &b.name)));
    let different = parts.iter().skip(1).filter_map(|other| difference(parts.first()?, other));
    none(different.collect())?;
    none(parts.windows(2).filter_map(twice).collect())?;
    none(missing(&parts).into_iter().collect())?;
    none(uneven(&parts).into_iter().collect())?;
    none(parts.iter().filter_map(changed).collect())?;
    joined(parts).ok_or_else(|| vec![MergeError::Nothing])
}

/// A report that is a shard's.
struct Part {
    name: String,
    shard: ShardOf,
    report: Report,
}

fn none(errors: Vec<MergeError>) -> Result<(), Vec<MergeError>> {
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn difference(one: &Part, other: &Part) -> Option<MergeError> {
    let ((what, had), (_, has)) =
        common(one).into_iter().zip(common(other)).find(|((_, had), (_, has))| had != has)?;
    Some(MergeError::Different { one: one.name.clone(), other: other.name.clone(), what, had, has })
}

/// What the shards of one run have in common: what it is called, and as what it is told.
fn common(part: &Part) -> Vec<(&'static str, String)> {
    // Without `..`: a member that is added has to be thought about here.
    let Report {
        schema: _,
        suite,
        target,
        seed,
        sabotaged,
        selection,
        terms,
        summary: _,
        cautions: _,
        reading,
        divergences: _,
        requirements: _,
        cases: _,
        duration_ms: _,
    } = &part.report;
    let Selection { selected: _, total, filter, shard: _ } = selection;
    let Terms { accepted_untested, strict, interrupted: _ } = terms;
    let ShardOf { index: _, count, selected, digest, cases } = &part.shard;
    let list = |words: Vec<&str>| if words.is_empty() { "nothing".to_owned() } else { words.join(",") };
    let capabilities = list(target.capabilities.iter().map(|one| one.name()).collect());
    vec![
        ("the version", suite.version.clone()),
        ("the digest of the suite", suite.digest.clone()),
        ("the number of cases in the suite", total.to_string()),
        ("the requirement set", suite.set.clone()),
        ("the target", target.name.clone()),
        ("the description of the target", target.description.clone()),
        ("what the target can do", capabilities),
        ("the clock", target.clock.clone()),
        ("--seed (in hexadecimal)", seed.clone()),
        ("--sabotage", sabotaged.as_ref().map_or("none", RequirementId::as_str).to_owned()),
        ("--reading", reading.name().to_owned()),
        ("--strict", strict.to_string()),
        ("--accept-untested", list(accepted_untested.iter().map(RequirementId::as_str).collect())),
        ("the filter", filter.clone().unwrap_or_else(|| "none".to_owned())),
        ("the number of selected cases", selected.to_string()),
        ("the number of shards", count.to_string()),
        ("the digest of the selected cases, their files, variables and signing key", digest.clone()),
        ("the digest of their names", cases.clone()),
    ]
}

fn twice(pair: &[Part]) -> Option<MergeError> {
    let [one, other] = pair else { return None };
    (one.shard.index == other.shard.index).then(|| MergeError::Twice {
        one: one.name.clone(),
        other: other.name.clone(),
        index: one.shard.index,
        count: one.shard.count,
    })
}

fn missing(parts: &[Part]) -> Option<MergeError> {
    let count = parts.first()?.shard.count;
    let mut gaps: Vec<RangeInclusive<usize>> = Vec::new();
    let mut next = 1;
    for index in parts.iter().map(|part| part.shard.index) {
        gaps.push(next..=index.saturating_sub(1));
        next = index.saturating_add(1);
    }
    gaps.push(next..=count);
    gaps.retain(|gap| !gap.is_empty());
    (!gaps.is_empty()).then(|| MergeError::Missing { gaps, count, given: names(parts) })
}

/// The shards are not what the selection was divided into.
fn uneven(parts: &[Part]) -> Option<MergeError> {
    let ShardOf { selected, cases: wanted, .. } = &parts.first()?.shard;
    let held = parts.iter().fold(0_usize, |held, part| held.saturating_add(part.report.selection.selected));
    let cases = || parts.iter().flat_map(|part| &part.report.cases);
    let mut seen = BTreeSet::new();
    let distinct = cases().all(|case| seen.insert(&case.id));
    // Of a run that ended before its time some are not there, and the exit code says so.
    let others = seen.len() == *selected && case_digest(cases().map(|case| &case.id)) != *wanted;
    (held != *selected || !distinct || others).then(|| MergeError::Uneven(names(parts)))
}

/// SHA-256 over the ids of cases, whatever order they come in.
pub fn case_digest<'a>(ids: impl Iterator<Item = &'a CaseId>) -> String {
    let ids: BTreeSet<_> = ids.map(CaseId::as_str).collect();
    digest(ids)
}

/// The report says something of the whole that its own cases contradict, or of a case what its checks do.
fn changed(part: &Part) -> Option<MergeError> {
    let report = &part.report;
    let changed = |what: &str| Some(MergeError::Changed { name: part.name.clone(), what: what.to_owned() });
    let other = |case: &&CaseResult| case_status(&case.steps).name() != case.status.name();
    if let Some(case) = report.cases.iter().filter(|case| case.status.is_green()).find(other) {
        return changed(&format!("of the case {}", case.id));
    }
    let (run, requirements, divergences) = taken_apart(report.clone());
    let judged = Report::judge(run, requirements, divergences, &report.terms);
    let what = match () {
        () if judged.summary != report.summary => "in its summary",
        () if judged.requirements != report.requirements => "of the requirements",
        () if judged.divergences != report.divergences => "of the divergences",
        () if judged.cautions != report.cautions => "in its cautions",
        () => return None,
    };
    changed(what)
}

/// What a report is judged by, its terms aside.
fn taken_apart(report: Report) -> (RunParts, Vec<RequirementRow>, Vec<DivergenceRow>) {
    let Report { suite, target, seed, sabotaged, selection, reading, cases, duration_ms, .. } = report;
    let run = RunParts { suite, target, seed, reading, sabotaged, selection, cases, duration_ms };
    (run, report.requirements, report.divergences)
}

fn names(parts: &[Part]) -> Vec<String> {
    parts.iter().map(|part| part.name.clone()).collect()
}

/// A row of the first report speaks of the first shard's cases; where a rule has cases, it is judged by all of them,
/// and where it has none, no shard has.
fn joined(parts: Vec<Part>) -> Option<Report> {
    let mut parts = parts.into_iter();
    let Part { shard, report: first, .. } = parts.next()?;
    let mut terms = first.terms.clone();
    let (mut run, requirements, divergences) = taken_apart(first);
    for Part { report, .. } in parts {
        run.cases.extend(report.cases);
        run.duration_ms = run.duration_ms.max(report.duration_ms);
        terms.interrupted |= report.terms.interrupted;
    }
    run.selection = Selection { selected: shard.selected, shard: None, ..run.selection };
    Some(Report::judge(run, requirements, divergences, &terms))
}
