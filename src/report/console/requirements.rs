//! The requirement matrix in a few lines: how much of the chosen set was seen to hold, and why the rest was not.

use super::page::{self, Ink, Page, span};
use crate::{
    model::requirement::Level,
    outcome::{Report, RequirementRow},
};

pub(super) fn section(page: &mut Page, report: &Report) {
    let set: Vec<_> = report.requirements.iter().filter(|row| row.in_set).collect();
    if set.is_empty() {
        return;
    }
    let revision = &report.suite.set;
    let held = set.iter().filter(|row| row.held()).count();
    let musts = set.iter().filter(|row| row.level == Level::Must).count();
    let musts_held = set.iter().filter(|row| row.level == Level::Must && row.held()).count();
    let sum = format!(
        "{held} of {} in set {revision} were seen to hold; of those that must hold, {musts_held} of {musts}",
        set.len()
    );
    page.label("rules", &[span(Ink::Plain, &sum)]);
    let filtered = report.selection.filter.is_some() || report.selection.selected < report.selection.total;
    let (listed, left_out): (Vec<_>, Vec<_>) =
        set.into_iter().filter(|row| !row.held()).partition(|row| !filtered || !row.cases.is_empty());
    for row in listed {
        line(page, row);
    }
    if !left_out.is_empty() {
        let text = format!("{} more have no case in this selection", left_out.len());
        page.hanging(4, &[], 0, &[span(Ink::Dim, &text)]);
    }
    page.gap();
}

/// "not-exercised  EM-FRESH (MUST): untested: …"
fn line(page: &mut Page, row: &RequirementRow) {
    let level = match row.level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
    };
    let mut text = vec![span(Ink::Plain, &format!("{} ({level}):", row.id))];
    let reason = row.status.reason().map_or_else(
        || {
            let like_it = row.cases.values().filter(|status| *status == row.status.name()).count();
            format!("in {like_it} of {}", cases(row.cases.len()))
        },
        str::to_owned,
    );
    text.push(span(Ink::Dim, &format!(" {reason}")));
    if row.accepted {
        text.push(span(Ink::Dim, " (accepted as untested)"));
    }
    page.hanging(4, &[span(page::ink(&row.status), row.status.name())], 15, &text);
}

fn cases(count: usize) -> String {
    if count == 1 { "1 case".to_owned() } else { format!("{count} cases") }
}
