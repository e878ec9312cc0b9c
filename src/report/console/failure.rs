//! One failed case in full: what was expected, what was seen, who acts next, and the evidence.

use super::{
    exchange,
    page::{self, Ink, Page, span},
    tokens,
};
use crate::{
    outcome::{CaseResult, Check, CheckStatus, Report, StepResult},
    report::who_acts,
};

/// Of a component's log, the end.
const LOG_LINES: usize = 8;

/// `numbered` is "1 of 3".
pub(super) fn section(page: &mut Page, report: &Report, case: &CaseResult, numbered: &str) {
    page.rule(&format!("{} {numbered}", case.status.name()));
    let lead = [page.mark(&case.status)];
    page.hanging(
        0,
        &lead,
        2,
        &[
            span(page::ink(&case.status), &case.status.name().to_uppercase()),
            span(Ink::Bold, &format!(" {}", case.id)),
        ],
    );
    page.paragraph(2, &[span(Ink::Plain, &case.title)]);
    page.gap();
    if !case.why.trim().is_empty() {
        page.label_at(2, "why", &[span(Ink::Plain, &case.why)]);
    }
    if let Some(reason) = case.status.reason() {
        page.label_at(2, "reason", &[span(Ink::Plain, reason)]);
    }
    if let Some(cause) = case.cause {
        page.label_at(2, "acts", &[span(Ink::Plain, &who_acts(cause, case))]);
    }
    for note in &case.notes {
        page.label_at(2, "note", &[span(Ink::Dim, note)]);
    }
    let mut steps: Vec<(&StepResult, Vec<&Check>)> = case
        .steps
        .iter()
        .map(|step| (step, step.checks.iter().filter(|check| check.status.needs_action()).collect()))
        .collect();
    steps.retain(|(_, bad)| !bad.is_empty());
    // What failed comes before what only lost its control by that, whenever it was.
    steps.sort_by_key(|(_, bad)| bad.iter().map(|check| check.status.rank()).min());
    for (step, bad) in steps {
        failed_step(page, report, case, step, &bad);
    }
    for log in case.logs.iter().filter(|log| !log.text.is_empty()) {
        page.gap();
        page.label_at(2, "log", &[span(Ink::Bold, log.component.as_str())]);
        let lines: Vec<_> = log.text.lines().collect();
        let skipped = lines.len().saturating_sub(LOG_LINES);
        if skipped > 0 {
            page.paragraph(4, &[span(Ink::Dim, &format!("{skipped} lines before these are in report.json"))]);
        }
        for line in lines.into_iter().skip(skipped) {
            page.paragraph(4, &[span(Ink::Dim, line)]);
        }
    }
    page.gap();
}

fn failed_step(page: &mut Page, report: &Report, case: &CaseResult, step: &StepResult, bad: &[&Check]) {
    page.gap();
    page.label_at(2, "step", &[span(Ink::Bold, &step.title)]);
    page.label_at(2, "at", &[span(Ink::Plain, &format!("{}:{}", step.location.file, step.location.line))]);
    for (place, check) in bad.iter().enumerate() {
        if place > 0 {
            page.gap();
        }
        failed_check(page, report, case, step, check);
    }
    for exchanged in &step.exchanges {
        page.gap();
        exchange::section(page, exchanged);
    }
    // An error is about reaching and judging, and a token explains nothing there.
    if bad.iter().any(|check| !matches!(check.status, CheckStatus::Error(_))) {
        tokens::section(page, case, step, bad);
    }
}

fn failed_check(page: &mut Page, report: &Report, case: &CaseResult, step: &StepResult, check: &Check) {
    if check.what != step.title {
        page.label_at(2, "check", &[span(Ink::Plain, &check.what)]);
    }
    if let Some(rule) = &check.requirement {
        let statement = report.requirements.iter().find(|row| row.id == *rule);
        let statement = statement.map_or_else(String::new, |row| format!(" {}", row.statement));
        page.label_at(2, "rule", &[span(Ink::Bold, &format!("{rule}:")), span(Ink::Plain, &statement)]);
    }
    page.label_at(2, "expected", &[span(Ink::Plain, &check.expected)]);
    page.label_at(2, "observed", &[span(page::ink(&check.status), &check.observed)]);
    for (label, text) in [("reason", check.status.reason()), ("note", check.note.as_deref())] {
        if let Some(text) = text.filter(|text| case.status.reason() != Some(*text)) {
            page.label_at(2, label, &[span(Ink::Plain, text)]);
        }
    }
    if let Some(cause) = check.cause.filter(|cause| case.cause != Some(*cause)) {
        page.label_at(2, "acts", &[span(Ink::Plain, &who_acts(cause, case))]);
    }
}
