//! Where documents, code and standards disagree: how much of it was observed, and what the chosen reading does not accept.

use super::page::{self, Ink, Page, span};
use crate::outcome::{CheckStatus, Report};

pub(super) fn section(page: &mut Page, report: &Report) {
    let rows = &report.divergences;
    let observed = rows.iter().filter(|row| row.status.is_tested()).count();
    if observed == 0 {
        return;
    }
    let against: Vec<_> = rows.iter().filter(|row| row.status == CheckStatus::Fail).collect();
    let verdict = match against.len() {
        0 => "all accepted".to_owned(),
        count => format!("{count} not accepted"),
    };
    let reading = report.reading.name();
    let sum = format!(
        "{observed} of {} divergences were observed, {verdict} by the reading `{reading}`",
        rows.len()
    );
    page.label("sides", &[span(Ink::Plain, &sum)]);
    for row in against {
        let text = format!("{}: {}; accepted: {}", row.about, row.seen(), row.wanted());
        let id = span(page::ink(&row.status), row.id.as_str());
        page.hanging(4, &[id], 15, &[span(Ink::Plain, &text)]);
    }
    page.gap();
}
