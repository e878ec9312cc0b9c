//! The verdict in one sentence that a manager understands. It claims what was seen, and no more.

use std::collections::BTreeSet;

use super::summary::{RunParts, is_filtered, untested_musts};
use crate::{
    model::{identifier::RequirementId, requirement::Level},
    outcome::{CaseResult, Cause, CheckStatus, ExitCode, RequirementRow},
};

/// The verdict of a run that ended in `exit`.
pub(super) fn verdict(parts: &RunParts, rows: &[RequirementRow], exit: ExitCode) -> String {
    if let Some(rule) = &parts.sabotaged {
        return sabotage(parts, rule, exit);
    }
    match exit {
        ExitCode::Interrupted => interrupted(parts),
        ExitCode::Usage => match &parts.selection.filter {
            Some(filter) => format!("Nothing was tested: no case matches `{filter}`."),
            None => "Nothing was tested: the suite has no case.".to_owned(),
        },
        ExitCode::Unreachable => no_verdict(parts),
        ExitCode::Nonconformant => nonconformant(parts),
        ExitCode::PartlyTested => partly(parts, rows),
        ExitCode::Conformant | ExitCode::StaleBaseline | ExitCode::ThresholdMissed => conformant(parts, rows),
    }
}

/// A run with one rule broken on purpose: did the suite notice?
fn sabotage(parts: &RunParts, rule: &RequirementId, exit: ExitCode) -> String {
    let failed: Vec<_> = with_status(parts, "fail").collect();
    let about =
        failed.iter().filter(|case| case.requirements.contains(rule) || failing_rules(case).contains(rule));
    let outcome = match (about.count(), exit) {
        (_, ExitCode::Interrupted) => "interrupted before the suite had run".to_owned(),
        (0, ExitCode::Unreachable) => {
            let errors = with_status(parts, "error").count();
            format!("no verdict, {} could not be judged", cases(errors))
        }
        (0, _) if failed.is_empty() => {
            "survived, no case failed: the suite does not see this break".to_owned()
        }
        (0, _) => format!("survived, {} failed but none about {rule}", cases(failed.len())),
        (about, _) if about == failed.len() => {
            format!("caught, {} failed, all about {rule}", of_all(parts, about))
        }
        (about, _) => format!("caught, {} failed, {about} of them about {rule}", of_all(parts, failed.len())),
    };
    format!("SABOTAGED ({rule} broken on purpose): {outcome}. This run says nothing about any platform.")
}

fn interrupted(parts: &RunParts) -> String {
    let so_far = match with_status(parts, "fail").count() {
        0 => String::new(),
        failed => format!(", of which {failed} had failed"),
    };
    let (ran, selected) = (parts.cases.len(), parts.selection.selected);
    format!("Interrupted after {ran} of {}{so_far}; this is no verdict.", cases(selected))
}

fn no_verdict(parts: &RunParts) -> String {
    let errors = with_status(parts, "error").count();
    if parts.cases.is_empty() {
        return format!("No verdict: none of the {} selected cases ran.", parts.selection.selected);
    }
    if errors > 0 {
        let failed = match with_status(parts, "fail").count() {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        return format!(
            "No verdict: {} could not be judged, {}{failed}.",
            of_all(parts, errors),
            reasons_of_errors(parts)
        );
    }
    if !parts.cases.iter().any(|case| case.status.is_tested()) {
        return format!("No verdict: nothing was checked in {} on this target.", cases(parts.cases.len()));
    }
    let missing = parts.selection.selected.saturating_sub(parts.cases.len());
    format!("No verdict: {missing} of {} did not run.", cases(parts.selection.selected))
}

/// "because of the environment", or with numbers where there are several causes.
fn reasons_of_errors(parts: &RunParts) -> String {
    let causes = [
        (Some(Cause::Environment), "the machine or the network"),
        (Some(Cause::Configuration), "the configuration"),
        (Some(Cause::Implementation), "a component of the platform"),
        (Some(Cause::Harness), "the test itself"),
        (None, "an unknown cause"),
    ];
    let found: Vec<_> = causes
        .into_iter()
        .map(|(cause, name)| (with_status(parts, "error").filter(|case| case.cause == cause).count(), name))
        .filter(|(count, _)| *count > 0)
        .collect();
    match found.as_slice() {
        [(_, name)] => format!("because of {name}"),
        several => {
            let numbered: Vec<_> =
                several.iter().map(|(count, name)| format!("{count} because of {name}")).collect();
            list(&numbered, usize::MAX)
        }
    }
}

fn nonconformant(parts: &RunParts) -> String {
    let failed: Vec<_> = with_status(parts, "fail").collect();
    let unexpected = with_status(parts, "unexpected-pass").count();
    let warned = with_status(parts, "warn").count();
    let passed_unexpectedly = format!("{} although the baseline expects a failure", passes(unexpected));
    match (failed.len(), unexpected) {
        (0, 0) => format!(
            "Not conformant by strict terms: nothing failed, but {} {} a warning.",
            of_all(parts, warned),
            if warned == 1 { "has" } else { "have" }
        ),
        (0, _) => format!("Not as the baseline says: {} {passed_unexpectedly}.", of_all(parts, unexpected)),
        (count, 0) => format!("Not conformant: {} failed, {}.", of_all(parts, count), about(&failed)),
        (count, _) => format!(
            "Not conformant: {} failed, {}; {unexpected} {passed_unexpectedly}.",
            of_all(parts, count),
            about(&failed)
        ),
    }
}

/// "all about audience (TOK-AUD)": the areas in the suite's words, and the rules.
fn about(failed: &[&CaseResult]) -> String {
    let areas: BTreeSet<_> = failed.iter().map(|case| case.area()).collect();
    let named: Vec<_> = areas
        .iter()
        .map(|area| {
            let rules: BTreeSet<_> = failed
                .iter()
                .filter(|case| case.area() == *area)
                .flat_map(|case| failing_rules(case))
                .collect();
            if rules.is_empty() { (*area).to_owned() } else { format!("{area} ({})", ids(&rules, 3)) }
        })
        .collect();
    let all = if named.len() == 1 && failed.len() > 1 { "all " } else { "" };
    format!("{all}about {}", list(&named, 4))
}

/// The rules at which a case failed: those of its failing checks; where they name none, all that it is about.
fn failing_rules(case: &CaseResult) -> BTreeSet<RequirementId> {
    let failing = case.checks().filter(|(_, check)| check.status == CheckStatus::Fail);
    let named: BTreeSet<_> = failing.filter_map(|(_, check)| check.requirement.clone()).collect();
    if named.is_empty() { case.requirements.iter().cloned().collect() } else { named }
}

fn partly(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let untested: BTreeSet<_> = untested_musts(parts, rows).map(|row| row.id.clone()).collect();
    let (rules, were) = if untested.len() == 1 { ("rule", "was") } else { ("rules", "were") };
    format!(
        "Partly tested: {}, but {} {rules} of requirement set {} that must hold {were} not tested: {}.",
        what_passed(parts),
        untested.len(),
        parts.suite.set,
        ids(&untested, 6)
    )
}

fn conformant(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let known = with_status(parts, "expected-fail").count();
    let opening = if known == 0 { "Conformant" } else { "Conformant but for what the baseline allows" };
    let claim = if is_filtered(&parts.selection) {
        match parts.selection.total.saturating_sub(parts.selection.selected) {
            0 => String::new(),
            1 => "; the other case did not run, and nothing is said about it".to_owned(),
            rest => format!("; the other {rest} cases did not run, and nothing is said about them"),
        }
    } else {
        what_held(parts, rows)
    };
    format!("{opening}: {}{claim}.", what_passed(parts))
}

/// "all 61 cases passed", or how many did and what became of the others.
fn what_passed(parts: &RunParts) -> String {
    let passed = with_status(parts, "pass").count();
    let selected = is_filtered(&parts.selection);
    if passed == parts.cases.len() {
        return match (passed, selected) {
            (1, true) => format!("the one case selected (of {}) passed", parts.selection.total),
            (2, true) => format!("both selected cases (of {}) passed", parts.selection.total),
            (_, true) => format!("all {passed} selected cases (of {}) passed", parts.selection.total),
            (1, false) => "the one case passed".to_owned(),
            (2, false) => "both cases passed".to_owned(),
            (_, false) => format!("all {passed} cases passed"),
        };
    }
    let others: Vec<_> = [
        ("expected-fail", "failed as the baseline expects"),
        ("warn", "with a warning"),
        ("not-exercised", "not exercised"),
        ("not-applicable", "not applicable"),
        ("skipped", "skipped"),
    ]
    .into_iter()
    .map(|(status, words)| (with_status(parts, status).count(), words))
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    format!("{} passed ({})", of_all(parts, passed), others.join(", "))
}

/// What may be claimed about the chosen set, clause by clause.
fn what_held(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let set: Vec<_> = rows.iter().filter(|row| row.in_set).collect();
    let musts: Vec<_> = set.iter().filter(|row| row.level == Level::Must).collect();
    let revision = &parts.suite.set;
    let accepted: BTreeSet<_> = set.iter().filter(|row| row.accepted).map(|row| row.id.clone()).collect();
    let accepted = match accepted.len() {
        0 => String::new(),
        1 => format!("; that {} was not tested is accepted", ids(&accepted, 1)),
        _ => format!("; that {} were not tested is accepted", ids(&accepted, 6)),
    };
    if set.is_empty() {
        return accepted;
    }
    if set.iter().all(|row| row.held()) {
        return format!(
            "; every rule of requirement set {revision} that this platform can break was seen to hold{accepted}"
        );
    }
    let held = musts.iter().filter(|row| row.held()).count();
    if held == musts.len() {
        return format!(
            "; every rule of requirement set {revision} that must hold was seen to hold{accepted}"
        );
    }
    format!(
        "; {held} of the {} rules of requirement set {revision} that must hold were seen to hold{accepted}",
        musts.len()
    )
}

fn with_status<'a>(parts: &'a RunParts, name: &'static str) -> impl Iterator<Item = &'a CaseResult> {
    parts.cases.iter().filter(move |case| case.status.name() == name)
}

/// "3 of 61 cases", "3 of the 12 selected (of 61)".
fn of_all(parts: &RunParts, count: usize) -> String {
    let selection = &parts.selection;
    if is_filtered(selection) {
        format!("{count} of the {} selected (of {})", selection.selected, selection.total)
    } else {
        format!("{count} of {}", cases(parts.cases.len()))
    }
}

fn passes(count: usize) -> &'static str {
    if count == 1 { "passes" } else { "pass" }
}

fn cases(count: usize) -> String {
    if count == 1 { "1 case".to_owned() } else { format!("{count} cases") }
}

fn ids(ids: &BTreeSet<RequirementId>, at_most: usize) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    if ids.len() <= at_most {
        return ids.join(", ");
    }
    let (shown, rest) = ids.split_at_checked(at_most).unwrap_or((&ids, &[]));
    format!("{} and {} more", shown.join(", "), rest.len())
}

/// "a, b and c"; what is beyond `at_most` is counted.
fn list(items: &[String], at_most: usize) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        _ if items.len() > at_most => {
            let (shown, rest) = items.split_at_checked(at_most).unwrap_or((items, &[]));
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
