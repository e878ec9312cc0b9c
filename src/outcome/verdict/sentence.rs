//! The verdict in one sentence that a manager understands. It claims what was seen, and no more.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    OBSERVE, lies_outside_the_platform,
    summary::{RunParts, is_filtered, untested_musts},
};
use crate::{
    model::identifier::RequirementId,
    outcome::{CaseResult, Cause, CheckStatus, ExitCode, RequirementRow, ShardOf},
};

/// The verdict of a run that ended in `exit`.
pub(super) fn verdict(parts: &RunParts, rows: &[RequirementRow], exit: ExitCode) -> String {
    match &parts.selection.shard {
        Some(shard) => of_shard(parts, rows, exit, shard),
        None => of_all_that_ran(parts, rows, exit),
    }
}

/// A shard tells what became of its cases. What holds, only all of them together can tell.
fn of_shard(parts: &RunParts, rows: &[RequirementRow], exit: ExitCode, shard: &ShardOf) -> String {
    let told = match exit {
        ExitCode::Conformant if parts.selection.selected == 0 => match shard.selected {
            1 => "the one selected case is in another, so nothing was tested.".to_owned(),
            selected => format!("none of the {selected} selected cases is in it, so nothing was tested."),
        },
        ExitCode::Conformant if parts.sabotaged.is_none() => format!("{}.", what_passed(parts)),
        _ => of_all_that_ran(parts, rows, exit),
    };
    format!(
        "Shard {} of {}: {told} The verdict on the whole is that of `touchstone report merge`.",
        shard.index, shard.count
    )
}

fn of_all_that_ran(parts: &RunParts, rows: &[RequirementRow], exit: ExitCode) -> String {
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
        (0, ExitCode::Usage) => "no case was selected".to_owned(),
        (0, ExitCode::Unreachable) => {
            let because = unjudged(parts).unwrap_or_else(|| "the suite did not run whole".to_owned());
            format!("no verdict, {because}")
        }
        (0, _) if failed.is_empty() && unjudged(parts).is_some() => {
            format!("no case failed, but {}", unjudged(parts).unwrap_or_default())
        }
        (0, _) if failed.is_empty() && with_status(parts, "skipped").next().is_some() => {
            let skipped = with_status(parts, "skipped").count();
            format!("no case failed, but the harness left out {}", cases(skipped))
        }
        (0, _) if parts.selection.shard.is_some() => match failed.len() {
            0 => "no case of this shard failed".to_owned(),
            failed => format!("{} failed but none about {rule}", cases(failed)),
        },
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
    let selected = cases(parts.selection.selected);
    match parts.cases.iter().filter(|case| case.status.is_tested()).count() {
        0 => format!("Interrupted before any of {selected} had been tested; this is no verdict."),
        ran => format!("Interrupted after {ran} of {selected}{so_far}; this is no verdict."),
    }
}

fn no_verdict(parts: &RunParts) -> String {
    let selected = parts.selection.selected;
    if parts.cases.is_empty() {
        return match selected {
            1 => "No verdict: the one selected case did not run.".to_owned(),
            _ => format!("No verdict: none of the {selected} selected cases ran."),
        };
    }
    if let Some(unjudged) = unjudged(parts) {
        let failed = match with_status(parts, "fail").count() {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        return format!("No verdict: {unjudged}{failed}.");
    }
    if !parts.cases.iter().any(|case| case.status.is_tested()) {
        return format!("No verdict: nothing was checked in {} on this target.", cases(parts.cases.len()));
    }
    let missing = selected.saturating_sub(parts.cases.len());
    format!("No verdict: {missing} of {} did not run.", cases(selected))
}

/// "3 of 61 cases could not be judged because of the configuration", where there are such cases.
fn unjudged(parts: &RunParts) -> Option<String> {
    let causes: Vec<_> = parts.cases.iter().flat_map(cause_of_error).collect();
    (!causes.is_empty())
        .then(|| format!("{} could not be judged {}", of_all(parts, causes.len()), reasons(&causes)))
}

/// Why a case could not be judged, as far as it could not, at most one: what lies outside of the platform goes first,
/// as it does in the exit code.
fn cause_of_error(case: &CaseResult) -> impl Iterator<Item = Option<Cause>> {
    let outside = case.errors().filter(|cause| lies_outside_the_platform(*cause));
    // Another error beside a failure of the same case follows from it.
    let own = case.errors().filter(|_| matches!(case.status, CheckStatus::Error(_)));
    outside.chain(own).take(1)
}

/// "because of the environment", or with numbers where there are several causes.
fn reasons(causes: &[Option<Cause>]) -> String {
    let names = [
        (Some(Cause::Environment), "the machine or the network"),
        (Some(Cause::Configuration), "the configuration"),
        (Some(Cause::Implementation), "a component of the platform"),
        (Some(Cause::Harness), "the test itself"),
        (None, "an unknown cause"),
    ];
    let found: Vec<_> = names
        .into_iter()
        .map(|(cause, name)| (causes.iter().filter(|found| **found == cause).count(), name))
        .filter(|(count, _)| *count > 0)
        .collect();
    match found.as_slice() {
        [(_, name)] => format!("because of {name}"),
        several => {
            let numbered: Vec<_> =
                several.iter().map(|(count, name)| format!("{count} because of {name}")).collect();
            format!("({})", list(&numbered, usize::MAX))
        }
    }
}

/// The failures first, then what they kept from being judged, then what the baseline did not expect. Only where there
/// is none of these did a warning decide, by `--strict`.
fn nonconformant(parts: &RunParts) -> String {
    let failed: Vec<_> = with_status(parts, "fail").collect();
    let unexpected = with_status(parts, "unexpected-pass").count();
    let passed_unexpectedly = format!("{} although the baseline expects a failure", passes(unexpected));
    let mut said = Vec::new();
    if !failed.is_empty() {
        said.push(format!("{} failed, {}", of_all(parts, failed.len()), about(&failed)));
    }
    said.extend(unjudged(parts));
    match (said.is_empty(), unexpected) {
        (true, 0) => {
            let warned = with_status(parts, "warn").count();
            let have = if warned == 1 { "has" } else { "have" };
            return format!(
                "Not conformant by strict terms: nothing failed, but {} {have} a warning.",
                of_all(parts, warned)
            );
        }
        (true, _) => {
            return format!("Not as the baseline says: {} {passed_unexpectedly}.", of_all(parts, unexpected));
        }
        (false, 0) => {}
        (false, _) => said.push(format!("{unexpected} {passed_unexpectedly}")),
    }
    format!("Not conformant: {}.", said.join("; "))
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

/// The rules at which a case failed: those of its failing checks; where they name none, all that it is about. Which side
/// of a divergence the platform is on is no rule's matter.
fn failing_rules(case: &CaseResult) -> BTreeSet<RequirementId> {
    let failing: Vec<_> = case.checks().filter(|(_, check)| check.status == CheckStatus::Fail).collect();
    let named: BTreeSet<_> = failing.iter().filter_map(|(_, check)| check.requirement.clone()).collect();
    let observed = !failing.is_empty() && failing.iter().all(|(step, _)| step.kind == OBSERVE);
    if named.is_empty() && !observed { case.requirements.iter().cloned().collect() } else { named }
}

fn partly(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let mut holes = Vec::new();
    match with_status(parts, "skipped").count() {
        0 => {}
        1 => holes.push("1 selected case did not run".to_owned()),
        skipped => holes.push(format!("{skipped} selected cases did not run")),
    }
    let untested: BTreeSet<_> = untested_musts(parts, rows).map(|row| row.id.clone()).collect();
    if !untested.is_empty() {
        let (rules, were) = if untested.len() == 1 { ("rule", "was") } else { ("rules", "were") };
        holes.push(format!(
            "{} {rules} of requirement set {} that must hold {were} not tested: {}",
            untested.len(),
            parts.suite.set,
            ids(&untested, 6)
        ));
    }
    format!("Partly tested: {}, but {}.", what_passed(parts), holes.join(", and "))
}

fn conformant(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let known = with_status(parts, "expected-fail").count();
    let opening = if known == 0 { "Conformant" } else { "Conformant but for what the baseline allows" };
    format!("{opening}: {}{}{}.", what_passed(parts), what_held(parts, rows), what_is_open(parts, rows))
}

/// "all 61 cases passed", or how many did and what became of the others.
fn what_passed(parts: &RunParts) -> String {
    let passed = with_status(parts, "pass").count();
    let selected = is_filtered(&parts.selection);
    if passed == parts.cases.len() {
        return match (passed, selected) {
            (1, true) => format!("the one selected case (of {}) passed", parts.selection.total),
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
    .collect();
    match others.as_slice() {
        // A pass with a warning is one; nothing else of these is.
        [(warned, words @ "with a warning")] if passed == 0 => {
            format!("{} passed {words}", of_all(parts, *warned))
        }
        [(1, words)] if passed == 0 => {
            let was = if words.starts_with("failed") { "" } else { "was " };
            format!("{} {was}{words}", of_all(parts, 1))
        }
        _ => {
            let others: Vec<_> = others.iter().map(|(count, words)| format!("{count} {words}")).collect();
            let count = if passed == 0 { none_of_all(parts) } else { of_all(parts, passed) };
            format!("{count} passed ({})", others.join(", "))
        }
    }
}

/// What may be claimed about the chosen set: what was tested of it held, and no word about the rest.
fn what_held(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let set: Vec<_> = rows.iter().filter(|row| row.in_set).collect();
    let held = set.iter().filter(|row| row.held()).count();
    if held == 0 {
        return String::new();
    }
    let tester = match (is_filtered(&parts.selection), parts.cases.len()) {
        (false, _) => "the suite tests",
        (true, 1) => "it tests",
        (true, _) => "they test",
    };
    let some = if held == set.len() { String::new() } else { format!("{held} of ") };
    let all = match (held, set.len()) {
        (1, 1) => "the one rule".to_owned(),
        (_, all) => format!("the {all} rules"),
    };
    let revision = &parts.suite.set;
    let warned = match set.iter().filter(|row| matches!(row.status, CheckStatus::Warn(_))).count() {
        0 => String::new(),
        1 => ", 1 rule with a warning".to_owned(),
        several => format!(", {several} rules with a warning"),
    };
    format!("; what {tester} of {some}{all} in requirement set {revision} was seen to hold{warned}")
}

/// What the run says nothing about.
fn what_is_open(parts: &RunParts, rows: &[RequirementRow]) -> String {
    let filtered = is_filtered(&parts.selection);
    let untested = |row: &&RequirementRow| !row.status.is_tested();
    // Of a selection, a rule without a case was not expected to be tested.
    let accepted = rows.iter().filter(|row| row.accepted && !(filtered && row.cases.is_empty()));
    let accepted: BTreeSet<_> = accepted.map(|row| row.id.clone()).collect();
    let accepted = match accepted.len() {
        0 => String::new(),
        1 => format!("; that {} was not tested is accepted", ids(&accepted, 1)),
        _ => format!("; that {} were not tested is accepted", ids(&accepted, 6)),
    };
    if filtered {
        let rest = match parts.selection.total.saturating_sub(parts.selection.selected) {
            0 => String::new(),
            1 => "; the other case did not run, and nothing is said about it".to_owned(),
            rest => format!("; the other {rest} cases did not run, and nothing is said about them"),
        };
        return format!("{accepted}{rest}");
    }
    let mut open = String::new();
    let should = rows.iter().filter(|row| row.in_set && !row.accepted).filter(untested).count();
    if should > 0 {
        let (rules, are) = rules_are(should);
        let _ = write!(open, "; {should} {rules} of the set that should hold {are} not tested");
    }
    let further = rows.iter().filter(|row| !row.in_set && !row.accepted).filter(untested).count();
    if further > 0 {
        let (rules, are) = rules_are(further);
        let _ = write!(open, "; {further} further {rules} {are} not tested");
    }
    format!("{accepted}{open}")
}

const fn rules_are(count: usize) -> (&'static str, &'static str) {
    if count == 1 { ("rule", "is") } else { ("rules", "are") }
}

fn with_status<'a>(parts: &'a RunParts, name: &'static str) -> impl Iterator<Item = &'a CaseResult> {
    parts.cases.iter().filter(move |case| case.status.name() == name)
}

/// "3 of 61 cases", "3 of the 12 selected (of 61)", "the one selected case (of 61)".
fn of_all(parts: &RunParts, count: usize) -> String {
    let selection = &parts.selection;
    match (is_filtered(selection), selection.selected, parts.cases.len()) {
        (true, 1, _) => format!("the one selected case (of {})", selection.total),
        (true, 2, 2) if count == 2 => format!("both selected cases (of {})", selection.total),
        (true, selected, all) if all == count && all == selected => {
            format!("all {selected} selected cases (of {})", selection.total)
        }
        (true, selected, _) => format!("{count} of the {selected} selected (of {})", selection.total),
        (false, _, 1) => "the one case".to_owned(),
        (false, _, 2) if count == 2 => "both cases".to_owned(),
        (false, _, all) if all == count => format!("all {}", cases(all)),
        (false, _, all) => format!("{count} of {}", cases(all)),
    }
}

fn none_of_all(parts: &RunParts) -> String {
    let selection = &parts.selection;
    if is_filtered(selection) {
        format!("none of the {} selected (of {})", selection.selected, selection.total)
    } else {
        format!("none of {}", cases(parts.cases.len()))
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
