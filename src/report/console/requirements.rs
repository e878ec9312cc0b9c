//! The requirement matrix in a few lines: how much of the chosen set was seen to hold, and why the rest was not.

use super::page::{self, Ink, Page, span};
use crate::{
    model::requirement::Level,
    outcome::{Report, RequirementRow},
    report::{
        level,
        untested::{self, cases_alike},
    },
};

pub(super) fn section(page: &mut Page, report: &Report) {
    let (set, others): (Vec<_>, Vec<_>) = report.requirements.iter().partition(|row| row.in_set);
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
    if !filtered {
        further(page, &others);
    }
    page.gap();
}

/// "22 further rules are not tested yet: CL-BOOTSTRAP, …: the simulated client signs in only": the catalogue outside
/// of the set, the rules of one reason together.
fn further(page: &mut Page, others: &[&RequirementRow]) {
    let reasons = untested::by_reason(others.iter().copied());
    let count: usize = reasons.iter().map(|(_, rows)| rows.len()).sum();
    let lead = match count {
        0 => return,
        1 => "1 further rule is not tested yet".to_owned(),
        _ => format!("{count} further rules are not tested yet"),
    };
    if let [(reason, rows)] = reasons.as_slice() {
        let text = format!("{lead}: {}: {reason}", untested::ids(rows));
        page.hanging(4, &[], 0, &[span(Ink::Cyan, &text)]);
        return;
    }
    page.hanging(4, &[], 0, &[span(Ink::Cyan, &format!("{lead}:"))]);
    for (reason, rows) in reasons {
        let ids = span(Ink::Plain, &format!("{}: ", untested::ids(&rows)));
        page.hanging(6, &[], 0, &[ids, span(Ink::Dim, reason)]);
    }
}

/// "not-exercised  EM-FRESH (MUST): untested: …"
fn line(page: &mut Page, row: &RequirementRow) {
    let mut text = vec![span(Ink::Plain, &format!("{} ({}):", row.id, level(row)))];
    let reason = row.status.reason().map_or_else(|| cases_alike(row), str::to_owned);
    text.push(span(Ink::Dim, &format!(" {reason}")));
    if row.accepted {
        text.push(span(Ink::Dim, " (accepted as untested)"));
    }
    page.hanging(4, &[span(page::ink(&row.status), row.status.name())], 15, &text);
}
