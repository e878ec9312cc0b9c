//! The HTML report: one file that opens anywhere, for the manager (the first sentence), the administrator (the
//! questions) and the developer (the cases with what went over the wire).
//!
//! It loads nothing: a Content-Security-Policy in the page forbids it, and lets no script run but the page's own few
//! lines, which filter the cases; all can be read without them. Every text is escaped by the template, and once more
//! by `visible` for the whole page. It must not weigh statuses: those are the report's.

mod anchor;
mod case;
mod exchange;
mod requirements;
mod topics;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{all_passed, prose, seconds, untested, visible::visible};
use crate::outcome::{CaseResult, CheckStatus, ExitCode, Report, RequirementRow};
use case::Area;
use exchange::Evidence;
use requirements::Row;
use topics::Question;

/// So large may the page be, in bytes; of a page that would be larger, evidence is left out.
const LARGEST: usize = 3_000_000;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/filter.js");

/// How much is shown of cases that did not pass, and of those that did; the next one where the page is too large.
const DETAIL: [(Evidence, Evidence); 6] = [
    (Evidence::Full, Evidence::Short),
    (Evidence::Full, Evidence::Lines),
    (Evidence::Full, Evidence::Verdicts),
    (Evidence::Full, Evidence::Outline),
    (Evidence::Short, Evidence::Outline),
    (Evidence::Lines, Evidence::Outline),
];

/// The report as a page: at most 3 MB, as far as leaving out evidence can achieve that.
pub fn render(report: &Report) -> askama::Result<String> {
    let mut page = String::new();
    for (place, detail) in DETAIL.into_iter().enumerate() {
        page = visible(&Page::new(report, detail, place > 0).render()?);
        if page.len() <= LARGEST {
            break;
        }
    }
    Ok(page)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    report: &'a Report,
    /// The Content-Security-Policy.
    policy: String,
    style: &'static str,
    script: &'static str,
    /// `good` if everything passed on an unbroken platform, else `bad`, `mixed` or `void`.
    tone: &'static str,
    /// Status → number of cases, the worst first, without zeros.
    tally: Vec<(&'static str, usize)>,
    /// Evidence was left out to keep the page small.
    shortened: bool,
    duration: String,
    questions: Vec<Question<'a>>,
    areas: Vec<Area<'a>>,
    rows: Vec<Row<'a>>,
    untested: Vec<(&'a str, Vec<&'a RequirementRow>)>,
    /// Cases that were not put to the test.
    left_out: Vec<&'a CaseResult>,
    /// What every case notes.
    notes: Vec<&'a str>,
}

impl<'a> Page<'a> {
    fn new(report: &'a Report, (wrong, passed): (Evidence, Evidence), shortened: bool) -> Self {
        // Of the script as it will be on the page, whatever line ends the source has.
        let hash = STANDARD.encode(digest(&SHA256, visible(SCRIPT).as_bytes()));
        let notes = case::common_notes(&report.cases);
        let number = |name: &'static str| report.summary.cases.get(name).map(|count| (name, *count));
        Self {
            report,
            policy: format!(
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; \
                 form-action 'none'"
            ),
            style: STYLE,
            script: SCRIPT,
            tone: tone(report),
            tally: CheckStatus::NAMES
                .into_iter()
                .filter_map(number)
                .filter(|(_, count)| *count > 0)
                .collect(),
            shortened,
            duration: seconds(report.duration_ms),
            questions: topics::questions(report),
            areas: case::areas(report, &notes, wrong, passed),
            rows: report.requirements.iter().map(Row::new).collect(),
            untested: untested::by_reason(&report.requirements),
            left_out: report.cases.iter().filter(|case| !case.status.is_tested()).collect(),
            notes,
        }
    }

    fn is_filtered(&self) -> bool {
        let selection = &self.report.selection;
        selection.filter.is_some() || selection.selected < selection.total
    }
}

/// As the console colours its last line: green is for a whole run in which everything passed on an unbroken platform.
fn tone(report: &Report) -> &'static str {
    let all_passed = all_passed(report);
    match report.summary.exit {
        _ if report.sabotaged.is_some() => "void",
        ExitCode::Conformant if all_passed => "good",
        ExitCode::Conformant | ExitCode::PartlyTested => "mixed",
        _ => "bad",
    }
}
