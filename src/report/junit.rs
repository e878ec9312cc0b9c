//! The `JUnit` report: what CI systems show. A suite is an area, a test case is a case of a scenario's matrix.
//!
//! The format knows four outcomes, so nine statuses are mapped to them: `fail` and `unexpected-pass` are failures,
//! `error` is an error, what was not put to the test is skipped with its reason, and so is `expected-fail`: it is no
//! success. `warn` is a success with its reason as output, as the format has nothing between.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{
    visible::{abbreviate, visible},
    who_acts,
};
use crate::outcome::{CaseResult, Check, CheckStatus, Exchange, Report, StepResult};

/// The report as XML.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let mut areas: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in &report.cases {
        areas.entry(case.area()).or_default().push(case);
    }
    let name = match &report.sabotaged {
        Some(rule) => format!("touchstone (SABOTAGED: {rule})"),
        None => "touchstone".to_owned(),
    };
    let mut xml = quick_junit::Report::new(name);
    xml.set_time(milliseconds(report.duration_ms));
    for (area, cases) in areas {
        xml.add_test_suite(suite(report, area, &cases));
    }
    xml.to_string()
}

fn suite(report: &Report, area: &str, cases: &[&CaseResult]) -> TestSuite {
    let mut suite = TestSuite::new(visible(area));
    suite.set_time(cases.iter().map(|case| milliseconds(case.duration_ms)).sum());
    let shard = report.selection.shard.as_ref();
    let shard = shard.map_or_else(|| "no".to_owned(), |shard| format!("{}/{}", shard.index, shard.count));
    let sabotaged = report.sabotaged.as_ref().map_or("no", |rule| rule.as_str());
    for (name, value) in [
        ("suite.version", report.suite.version.as_str()),
        ("suite.digest", &report.suite.digest),
        ("suite.requirement-set", &report.suite.set),
        ("target", &report.target.name),
        ("clock", &report.target.clock),
        ("seed", &report.seed),
        ("shard", &shard),
        ("sabotaged", sabotaged),
        ("verdict", &report.summary.verdict),
    ] {
        suite.add_property((name.to_owned(), visible(value)));
    }
    suite.add_test_cases(cases.iter().map(|case| test_case(case)));
    suite
}

fn test_case(case: &CaseResult) -> TestCase {
    let mut shown = TestCase::new(name(case), status(case));
    shown.set_classname(visible(&case.scenario.as_str().replace('/', ".")));
    shown.set_time(milliseconds(case.duration_ms));
    shown.set_assertions(case.checks().count());
    shown.add_property(("id".to_owned(), visible(case.id.as_str())));
    shown.add_property(("status".to_owned(), case.status.name().to_owned()));
    let requirements: Vec<_> = case.requirements.iter().map(ToString::to_string).collect();
    shown.add_property(("requirements".to_owned(), visible(&requirements.join(" "))));
    let mut out = Vec::new();
    if let CheckStatus::Warn(reason) = &case.status {
        out.push(format!("WARNING: {reason}"));
        out.extend(case.checks().filter(|(_, check)| check.status.rank() == case.status.rank()).map(checked));
    }
    out.extend(case.notes.iter().map(|note| format!("note: {note}")));
    out.extend(case.logs.iter().map(|log| format!("log of {}:\n{}", log.component, log.text)));
    if !out.is_empty() {
        shown.set_system_out(visible(&out.join("\n")));
    }
    shown
}

/// "A foreign audience is refused [setup=okta-shared]"
fn name(case: &CaseResult) -> String {
    if case.matrix.is_empty() {
        return visible(&case.title);
    }
    let cell: Vec<_> = case.matrix.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
    visible(&format!("{} [{}]", case.title, cell.join(", ")))
}

fn status(case: &CaseResult) -> TestCaseStatus {
    let mut status = match &case.status {
        CheckStatus::Pass | CheckStatus::Warn(_) => return TestCaseStatus::success(),
        CheckStatus::Fail | CheckStatus::UnexpectedPass(_) => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        CheckStatus::Error(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
        CheckStatus::Skipped(_)
        | CheckStatus::NotApplicable(_)
        | CheckStatus::NotExercised(_)
        | CheckStatus::ExpectedFail(_) => TestCaseStatus::skipped(),
    };
    status.set_message(visible(&message(case)));
    status.set_type(case.status.name());
    if case.status.needs_action() {
        status.set_description(visible(&description(case)));
    }
    status
}

/// One line: the reason, or what the first worst check saw.
fn message(case: &CaseResult) -> String {
    if let Some(reason) = case.status.reason() {
        return format!("{}: {reason}", case.status.name());
    }
    match worst_checks(case).next() {
        Some((_, check)) => {
            format!("{}: expected {}, observed {}", check.what, check.expected, check.observed)
        }
        None => case.status.name().to_owned(),
    }
}

fn worst_checks(case: &CaseResult) -> impl Iterator<Item = (&StepResult, &Check)> {
    case.checks().filter(|(_, check)| check.status.needs_action())
}

/// Every failed check with its step, and what went over the wire in that step.
fn description(case: &CaseResult) -> String {
    let mut text = vec![format!("why it matters: {}", case.why)];
    for (step, check) in worst_checks(case) {
        text.push(checked((step, check)));
    }
    if let Some(cause) = case.cause {
        text.push(who_acts(cause, case));
    }
    for step in case.steps.iter().filter(|step| step.checks.iter().any(|check| check.status.needs_action())) {
        text.extend(step.exchanges.iter().map(exchanged));
    }
    text.join("\n\n")
}

fn checked((step, check): (&StepResult, &Check)) -> String {
    let mut lines = vec![
        format!("{} at {}:{}", step.title, step.location.file, step.location.line),
        format!("  check:    {}", check.what),
        format!("  expected: {}", check.expected),
        format!("  observed: {}", check.observed),
    ];
    lines.extend(check.status.reason().map(|reason| format!("  reason:   {reason}")));
    lines.extend(check.note.iter().map(|note| format!("  note:     {note}")));
    lines.join("\n")
}

fn exchanged(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let mut lines = vec![format!("{} {} ({})", request.method, request.url, exchange.component)];
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(request.body.iter().map(|body| format!("\n{body}\n")));
    match &exchange.response {
        Some(response) => {
            lines.push(format!("=> {}", response.status));
            lines.extend(response.headers.iter().map(|(name, value)| format!("{name}: {value}")));
            lines.extend(response.body.iter().map(|body| format!("\n{body}")));
        }
        None => lines.push(format!("=> no answer: {}", exchange.error.as_deref().unwrap_or("unknown"))),
    }
    abbreviate(&lines.join("\n"))
}

/// A duration that was never measured is none.
fn milliseconds(duration: f64) -> Duration {
    Duration::try_from_secs_f64(duration / 1_000.0).unwrap_or_default()
}
