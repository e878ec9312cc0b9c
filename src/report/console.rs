//! The report for the person at the terminal: the overview, then every failure in full, and the verdict last, where
//! the eye is when the run has ended.

mod divergences;
mod exchange;
mod failure;
mod page;
mod requirements;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

use page::{Ink, Page, span};

use super::{all_passed, seconds};
use crate::{
    model::divergence::Reading,
    outcome::{CaseResult, CheckStatus, ExitCode, Report},
};

/// How the page is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours. Nothing is said by colour alone.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// `✓ ✗ ≠` rather than `+ x !=`.
    pub unicode: bool,
    /// A line for every case, not only for those that did not pass.
    pub verbose: bool,
}

impl Default for Style {
    /// Plain text for a file: 100 columns, no colour.
    fn default() -> Self {
        Self { color: false, width: 100, unicode: true, verbose: false }
    }
}

/// So many failures are shown in full; beyond that, one reads the files.
const FAILURES_IN_FULL: usize = 20;

/// The report as text. `written` are the files of the other reports, named at the end, or why there are none.
/// `again` is the command that made this run, without its selection (`touchstone run my/scenarios --seed 7`): with
/// `--filter …` behind it, it runs just the failures again. None where nobody knows it.
#[must_use]
pub fn render(
    report: &Report,
    style: &Style,
    written: Result<&[PathBuf], &io::Error>,
    again: Option<&str>,
) -> String {
    let mut page = Page::new(style);
    header(&mut page, report);
    areas(&mut page, report, style.verbose);
    totals(&mut page, report);
    requirements::section(&mut page, report);
    divergences::section(&mut page, report);
    failures(&mut page, report);
    closing(&mut page, report, written, again);
    page.finish()
}

/// A word as a shell takes it: in quotes where it has to be.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn header(page: &mut Page, report: &Report) {
    let suite = &report.suite;
    if let Some(rule) = &report.sabotaged {
        page.banner(&format!(
            "SABOTAGED: {rule} is broken on purpose. Nothing below says anything about any platform."
        ));
    }
    let digest: String = suite.digest.chars().take(12).collect();
    page.paragraph(
        0,
        &[
            span(Ink::Bold, &format!("Touchstone {}", suite.version)),
            span(Ink::Dim, &format!(", suite {digest}, requirement set {}", suite.set)),
        ],
    );
    let target = &report.target;
    page.label(
        "target",
        &[span(Ink::Bold, &target.name), span(Ink::Plain, &format!(", {}", target.description))],
    );
    page.label("clock", &[span(Ink::Plain, &target.clock)]);
    page.label("seed", &[span(Ink::Plain, &report.seed)]);
    let selection = &report.selection;
    let filter = selection.filter.as_ref().map_or_else(String::new, |filter| format!(", filter `{filter}`"));
    let chosen = if selection.selected == selection.total && selection.filter.is_none() {
        format!("{}", selection.total)
    } else {
        format!("{} selected of {}{filter}", selection.selected, selection.total)
    };
    page.label("cases", &[span(Ink::Plain, &format!("{chosen}, in {}", seconds(report.duration_ms)))]);
    if let Some(shard) = &selection.shard {
        page.label("shard", &[span(Ink::Bold, &shard.sentence())]);
    }
    if report.reading != Reading::default() {
        page.label("reading", &[span(Ink::Bold, report.reading.name())]);
    }
    for caution in &report.cautions {
        page.label("caution", &[span(Ink::Yellow, &caution.sentence())]);
    }
    page.gap();
}

/// One line for an area, and one for every case in it that is not green.
fn areas(page: &mut Page, report: &Report, verbose: bool) {
    let mut areas: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in &report.cases {
        areas.entry(case.area()).or_default().push(case);
    }
    let column = areas.keys().map(|area| area.len()).max().unwrap_or_default().clamp(8, 24) + 3;
    for (area, cases) in &areas {
        let Some(worst) = CheckStatus::worst(cases.iter().map(|case| &case.status)) else { continue };
        let mut line = counts(cases);
        line.insert(0, span(Ink::Plain, &format!("{:>3}:", cases.len())));
        let lead = [page.mark(&worst), span(Ink::Bold, area)];
        page.row(&lead, column, &line);
        if verbose {
            for case in cases {
                case_line(page, area, case, 1);
                refusals(page, case);
            }
            continue;
        }
        let told: Vec<_> = cases.iter().filter(|case| case.status != CheckStatus::Pass).collect();
        for alike in told.chunk_by(|one, next| warn_alike(one, next)) {
            if let Some(case) = alike.first() {
                case_line(page, area, case, alike.len());
            }
        }
    }
    if !areas.is_empty() {
        page.gap();
    }
}

/// Two cases of one scenario end in the same warning: a line says it for both.
fn warn_alike(one: &CaseResult, next: &CaseResult) -> bool {
    matches!(one.status, CheckStatus::Warn(_)) && one.status == next.status && one.scenario == next.scenario
}

/// "fail  prefix[setup=okta-shared]: the audience is compared whole", "warn  type (14 cases): …"
fn case_line(page: &mut Page, area: &str, case: &CaseResult, count: usize) {
    let mut id = case.id.to_string();
    if count > 1 {
        id = format!("{} ({count} cases)", case.scenario);
    }
    let id = id.strip_prefix(area).and_then(|id| id.strip_prefix('/')).unwrap_or(&id);
    let says = case.status.reason().unwrap_or(&case.title);
    let lead = [span(page::ink(&case.status), case.status.name())];
    page.hanging(4, &lead, 15, &[span(Ink::Plain, &format!("{id}: ")), span(Ink::Dim, says)]);
}

/// Which rule refused what: "enterprise-manager refuses `foreign` (TOK-ISS): 401, TOK-ISS: …". It tells a replay that
/// the issuer stopped from one that the audience did.
fn refusals(page: &mut Page, case: &CaseResult) {
    for (_, check) in case.checks().filter(|(step, _)| step.kind == "refuse") {
        let mut line = vec![
            span(Ink::Plain, &format!("{}: ", check.what)),
            span(page::ink(&check.status), &check.observed),
        ];
        if !matches!(check.status, CheckStatus::Pass) {
            line.push(span(Ink::Dim, &format!(", expected {}", check.expected)));
        }
        page.hanging(19, &[], 0, &line);
    }
}

/// "11 pass, 2 fail", the worst first.
fn counts(cases: &[&CaseResult]) -> Vec<page::Span> {
    let mut counts: BTreeMap<usize, (&CheckStatus, usize)> = BTreeMap::new();
    for case in cases {
        counts.entry(case.status.rank()).or_insert((&case.status, 0)).1 += 1;
    }
    let last = counts.len().saturating_sub(1);
    let word = |(place, (status, count)): (usize, &(&CheckStatus, usize))| {
        let comma = if place < last { ", " } else { "" };
        span(page::ink(status), &format!(" {count} {}{comma}", status.name()))
    };
    counts.values().enumerate().map(word).collect()
}

fn totals(page: &mut Page, report: &Report) {
    let cases: Vec<_> = report.cases.iter().collect();
    if cases.is_empty() {
        return;
    }
    page.label("cases", &counts(&cases));
    let checks: Vec<_> = CheckStatus::NAMES
        .iter()
        .filter_map(|name| {
            report.summary.checks.get(*name).filter(|count| **count > 0).map(|count| (name, count))
        })
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    page.label("checks", &[span(Ink::Dim, &checks.join(", "))]);
}

/// Every case on which somebody has to act, in full.
fn failures(page: &mut Page, report: &Report) {
    let failed: Vec<_> = report.cases.iter().filter(|case| case.status.needs_action()).collect();
    for (place, case) in failed.iter().take(FAILURES_IN_FULL).enumerate() {
        failure::section(page, report, case, &format!("{} of {}", place + 1, failed.len()));
    }
    let rest = failed.get(FAILURES_IN_FULL..).unwrap_or_default();
    if !rest.is_empty() {
        page.rule(&format!("{} more", rest.len()));
        for case in rest {
            case_line(page, "", case, 1);
        }
    }
}

fn closing(page: &mut Page, report: &Report, written: Result<&[PathBuf], &io::Error>, again: Option<&str>) {
    page.rule("");
    let paths = match written {
        Ok([]) | Err(_) => vec!["no report file was written".to_owned()],
        Ok(paths) => paths.iter().map(|path| path.display().to_string()).collect(),
    };
    page.label("reports", &[span(Ink::Plain, &paths.join(", "))]);
    if let Some((again, filters)) = again.zip(failures_as_filters(report)) {
        page.copyable("again", &format!("{again} {filters}"));
    }
    page.gap();
    match written {
        Ok(_) => page.paragraph(0, &[span(verdict_ink(report), &report.summary.verdict)]),
        // The last line is the one that is read, and this run has not done what it was asked for.
        Err(error) => {
            page.paragraph(0, &[span(Ink::Plain, &report.summary.verdict)]);
            page.gap();
            page.paragraph(0, &[span(Ink::Red, &format!("No report file was written: {error}."))]);
        }
    }
}

/// The filters that select just the failures; none if there is none, or too many to name.
fn failures_as_filters(report: &Report) -> Option<String> {
    let scenarios: BTreeSet<_> = report
        .cases
        .iter()
        .filter(|case| case.status.needs_action())
        .map(|case| case.scenario.as_str())
        .collect();
    let areas: BTreeSet<_> =
        report.cases.iter().filter(|case| case.status.needs_action()).map(CaseResult::area).collect();
    let filters = if scenarios.len() <= 4 { scenarios } else { areas };
    if filters.is_empty() || filters.len() > 4 {
        return None;
    }
    let words: Vec<_> = filters.iter().map(|filter| format!("--filter {}", shell_word(filter))).collect();
    Some(words.join(" "))
}

/// Green is for a whole run in which everything passed on an unbroken platform.
fn verdict_ink(report: &Report) -> Ink {
    let all_passed = all_passed(report);
    match report.summary.exit {
        _ if report.sabotaged.is_some() => Ink::Magenta,
        ExitCode::Conformant if all_passed => Ink::Green,
        ExitCode::Conformant | ExitCode::PartlyTested => Ink::Yellow,
        _ => Ink::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn words_for_a_shell() {
        for plain in ["audience/prefix", "a=b", "--seed", "my/scenarios"] {
            assert_eq!(shell_word(plain), plain);
        }
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("x[setup=okta]"), "'x[setup=okta]'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
