//! The Markdown report, for a GitHub step summary: the verdict, what is not green, the requirement matrix folded away.
//!
//! GitHub drops a summary of more than 1 MiB a step, so the page is cut before that, between two rows, and says so.
//! Every text goes through `escape`: none of it can become Markdown, HTML, a mention or a link to an issue.

mod escape;

use std::collections::BTreeMap;

use super::{level, seconds, untested, who_acts};
use crate::outcome::{CaseResult, Check, CheckStatus, DivergenceRow, Report, RequirementRow, StepResult};
use escape::{code, prose};

/// So large may the page be, in bytes. GitHub takes 1 MiB a step; the rest is for what else the step writes.
const LARGEST: usize = 1_000_000;
/// Kept for what stands below a list that was cut: the word about it, and what closes it.
const RESERVE: usize = 500;
/// So many checks of a case are told; the others are counted.
const CHECKS: usize = 10;

/// The report as GitHub-flavoured Markdown, at most 1 MB.
#[must_use]
pub fn render(report: &Report) -> String {
    let facts = facts(report);
    // Which run it is about is never cut, so its place is set aside first.
    let mut page = Page { text: String::new(), largest: LARGEST.saturating_sub(facts.len()) };
    page.text.push_str(&header(report));
    let (mut wrong, left_out): (Vec<_>, Vec<_>) = report
        .cases
        .iter()
        .filter(|case| case.status != CheckStatus::Pass)
        .partition(|case| case.status.is_tested());
    wrong.sort_by_key(|case| case.status.rank());
    page.list("## What is not green\n\n", wrong.into_iter().map(not_green), "");
    page.list(&sides_heading(report), report.divergences.iter().map(side_row), "\n</details>\n");
    page.list(&matrix_heading(report), report.requirements.iter().map(matrix_row), "\n</details>\n");
    let reasons = untested::by_reason(&report.requirements);
    let rules = reasons.iter().map(|(reason, rows)| format!("- {}: {}\n", rules(rows), prose(reason)));
    let cases = left_out.into_iter().map(left_out_row);
    page.list("## Not tested, and why\n\n", rules.chain(cases), "");
    page.text + &facts
}

struct Page {
    text: String,
    largest: usize,
}

impl Page {
    /// A heading, rows, and what closes them. Rows that do not fit are counted; without a row there is nothing.
    fn list(&mut self, heading: &str, rows: impl Iterator<Item = String>, closing: &str) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() || !self.has_room(heading) {
            return;
        }
        self.text.push_str(heading);
        let mut left_out = 0_usize;
        for row in rows {
            if left_out == 0 && self.has_room(&row) {
                self.text.push_str(&row);
            } else {
                left_out += 1;
            }
        }
        self.text.push_str(closing);
        self.text.push('\n');
        if left_out > 0 {
            let cut =
                format!("**{left_out} more left out, as this page is full: `report.json` has all.**\n\n");
            self.text.push_str(&cut);
        }
    }

    const fn has_room(&self, text: &str) -> bool {
        self.text.len() + text.len() + RESERVE <= self.largest
    }
}

fn header(report: &Report) -> String {
    let mut lines = Vec::new();
    if let Some(rule) = &report.sabotaged {
        lines.push("> [!CAUTION]".to_owned());
        lines.push(format!(
            "> **SABOTAGED:** {} is broken on purpose. Nothing below says anything about any platform.\n",
            prose(rule.as_str())
        ));
    }
    for caution in &report.cautions {
        lines.push(format!("> [!WARNING]\n> {}\n", prose(&caution.sentence())));
    }
    let set: Vec<_> = report.requirements.iter().filter(|row| row.in_set).collect();
    let held = set.iter().filter(|row| row.held()).count();
    lines.push(format!("**{}**\n", prose(&report.summary.verdict)));
    lines.push("| | |\n|---|---|".to_owned());
    lines.push(format!("| Cases | {} |", counts(&report.summary.cases)));
    lines.push(format!("| Checks | {} |", counts(&report.summary.checks)));
    let revision = prose(&report.suite.set);
    lines.push(format!("| Rules | {held} of {} in set {revision} were seen to hold |\n\n", set.len()));
    lines.join("\n")
}

/// "3 warn, 121 pass", the worst first.
fn counts(counts: &BTreeMap<String, usize>) -> String {
    let present = CheckStatus::NAMES.iter().filter_map(|name| Some((name, *counts.get(*name)?)));
    let present = present.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}"));
    let present: Vec<_> = present.collect();
    if present.is_empty() { "none".to_owned() } else { present.join(", ") }
}

/// A case that is not green: what was expected and seen, why it matters, who acts, and where it is written.
fn not_green(case: &CaseResult) -> String {
    let mut lines = vec![
        format!("### {} {}: {}\n", mark(&case.status), case.status.name(), prose(&case.title)),
        format!("{}, about {}\n", code(case.id.as_str()), named_rules(case)),
    ];
    lines.extend(case.status.reason().map(|reason| format!("- Reason: {}", prose(reason))));
    let mut checks: Vec<_> = case.checks().filter(|(_, check)| check.status != CheckStatus::Pass).collect();
    checks.sort_by_key(|(_, check)| check.status.rank());
    lines.extend(checks.iter().take(CHECKS).flat_map(|(step, check)| checked(case, step, check)));
    if checks.len() > CHECKS {
        lines.push(format!("- {} more checks are not green: `report.json` has them", checks.len() - CHECKS));
    }
    lines.push(format!("- Why it matters: {}", prose(&case.why)));
    lines.extend(case.cause.map(|cause| format!("- Who acts: {}", prose(&who_acts(cause, case)))));
    lines.join("\n") + "\n\n"
}

fn checked(case: &CaseResult, step: &StepResult, check: &Check) -> Vec<String> {
    let place = code(&format!("{}:{}", step.location.file, step.location.line));
    let mut lines = vec![
        format!("- {} {}: {}", mark(&check.status), check.status.name(), prose(&check.what)),
        format!("  - expected: {}", code(&check.expected)),
        format!("  - observed: {}", code(&check.observed)),
    ];
    let further = [check.status.reason(), check.note.as_deref()].into_iter().flatten();
    let further = further.filter(|text| case.status.reason() != Some(*text));
    lines.extend(further.map(|text| format!("  - {}", prose(text))));
    lines.push(match &check.requirement {
        Some(rule) => format!("  - {} at {place}", code(rule.as_str())),
        None => format!("  - at {place}"),
    });
    lines
}

fn named_rules(case: &CaseResult) -> String {
    let rules: Vec<_> = case.requirements.iter().map(|rule| code(rule.as_str())).collect();
    if rules.is_empty() { "no rule".to_owned() } else { rules.join(", ") }
}

fn sides_heading(report: &Report) -> String {
    let observed = report.divergences.iter().filter(|row| row.status.is_tested()).count();
    format!(
        "<details>\n<summary>Where documents, code and standards disagree: {observed} of {} observed, held against the {}</summary>\n\n\
         | Divergence | Status | Observed | Accepted | The sides |\n|---|---|---|---|---|\n",
        report.divergences.len(),
        report.reading.name()
    )
}

fn side_row(row: &DivergenceRow) -> String {
    let sides = row.sides.iter().map(|(side, says)| format!("{}: {}", side.name(), prose(says)));
    format!(
        "| {} | {} {} | {} | {} | {} |\n",
        code(row.id.as_str()),
        mark(&row.status),
        row.status.name(),
        row.status
            .reason()
            .map_or_else(|| prose(&row.seen()), |reason| format!("nothing: {}", prose(reason))),
        prose(&row.wanted()),
        [prose(&row.about)].into_iter().chain(sides).collect::<Vec<_>>().join("; ")
    )
}

fn matrix_heading(report: &Report) -> String {
    format!(
        "<details>\n<summary>The requirement matrix: {} rules</summary>\n\n\
         | Rule | Level | Status | Cases | Statement |\n|---|---|---|---|---|\n",
        report.requirements.len()
    )
}

/// One line: a row that is cut would take the table with it.
fn matrix_row(row: &RequirementRow) -> String {
    let count = |name: &str| row.cases.values().filter(|status| *status == name).count();
    let cases = CheckStatus::NAMES.iter().map(|name| (count(name), name)).filter(|(count, _)| *count > 0);
    let cases: Vec<_> = cases.map(|(count, name)| format!("{count} {name}")).collect();
    let set = if row.in_set { "" } else { ", not in the set" };
    let accepted = if row.accepted { ", accepted" } else { "" };
    format!(
        "| {} | {}{set} | {} {}{accepted} | {} | {} |\n",
        code(row.id.as_str()),
        level(row),
        mark(&row.status),
        row.status.name(),
        if cases.is_empty() { "none".to_owned() } else { cases.join(", ") },
        prose(&row.statement)
    )
}

fn rules(rows: &[&RequirementRow]) -> String {
    let rule = |row: &&RequirementRow| {
        let accepted = if row.accepted { " (accepted)" } else { "" };
        format!("{}{accepted}", code(row.id.as_str()))
    };
    rows.iter().map(rule).collect::<Vec<_>>().join(", ")
}

fn left_out_row(case: &CaseResult) -> String {
    let reason = case.status.reason().unwrap_or_default();
    format!("- {} {}: {}\n", code(case.id.as_str()), case.status.name(), prose(reason))
}

/// Which run it was, at the end of the page.
fn facts(report: &Report) -> String {
    let (suite, target, selection) = (&report.suite, &report.target, &report.selection);
    let filter = selection.filter.as_ref();
    let filter = filter.map_or_else(String::new, |filter| format!(", filter {}", code(filter)));
    let shard = selection.shard.as_ref();
    let shard = shard.map_or_else(String::new, |shard| format!(", shard {}", shard.sentence()));
    format!(
        "---\n\nTouchstone {}, requirement set {}, suite {}. Target {}: {}. Clock {}, seed {}. \
         {} cases selected of {}{filter}{shard}, in {}.\n",
        prose(&suite.version),
        prose(&suite.set),
        code(&suite.digest),
        prose(&target.name),
        prose(&target.description),
        prose(&target.clock),
        code(&report.seed),
        selection.selected,
        selection.total,
        seconds(report.duration_ms)
    )
}

/// Beside the word, never in its place.
const fn mark(status: &CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "✅",
        CheckStatus::Fail | CheckStatus::UnexpectedPass(_) => "❌",
        CheckStatus::Error(_) => "❗",
        CheckStatus::Warn(_) | CheckStatus::ExpectedFail(_) => "⚠️",
        CheckStatus::Skipped(_) | CheckStatus::NotApplicable(_) | CheckStatus::NotExercised(_) => "⚪",
    }
}
