//! The tokens of a failed check, decoded: beside each other where there are two, with what differs marked and first.

use super::page::{Ink, Page, span};
use crate::{
    outcome::{CaseResult, Check, StepResult, TokenShown},
    report::decoded::{Compared, compared, members},
};

pub(super) fn section(page: &mut Page, case: &CaseResult, step: &StepResult, checks: &[&Check]) {
    match involved(case, step, checks).as_slice() {
        [] => {}
        [one] => {
            page.gap();
            title(page, &[one]);
            for (name, value) in members(one) {
                page.hanging(2, &[span(Ink::Dim, &name)], 14, &[span(Ink::Plain, &value)]);
            }
        }
        [a, b, ..] => {
            page.gap();
            title(page, &[a, b]);
            let rows = compared(&[a, b]);
            if page.is_narrow() { below(page, a, b, &rows) } else { beside(page, a, b, &rows) }
        }
    }
}

/// The tokens that the step is about, the control first: those that its words name in backticks, and if that is one,
/// the nearest before it that another component's answer was about.
fn involved<'a>(case: &'a CaseResult, step: &StepResult, checks: &[&Check]) -> Vec<&'a TokenShown> {
    let words = |step: &StepResult| {
        let checks = step.checks.iter().flat_map(|check| [Some(check.what.clone()), check.note.clone()]);
        std::iter::once(step.title.clone()).chain(checks.flatten()).collect::<Vec<_>>().join("\n")
    };
    let of_checks =
        checks.iter().flat_map(|check| [check.what.as_str(), check.note.as_deref().unwrap_or_default()]);
    let about = std::iter::once(step.title.as_str()).chain(of_checks).collect::<Vec<_>>().join("\n");
    let named = |text: &str| -> Vec<&'a TokenShown> {
        case.tokens.iter().filter(|token| text.contains(&format!("`{}`", token.name))).collect()
    };
    let mut found = named(&about);
    if let [only] = found.as_slice() {
        let only = *only;
        let before = case.steps.iter().take_while(|other| *other != step);
        let control = before.filter(|other| matches!(other.kind.as_str(), "accept" | "refuse" | "request"));
        let control =
            control.flat_map(|other| named(&words(other))).filter(|token| token.name != only.name).last();
        found.extend(control);
    }
    let first_named = |token: &&TokenShown| step.title.contains(&format!("`{}`", token.name));
    found.sort_by_key(first_named);
    found
}

fn title(page: &mut Page, tokens: &[&TokenShown]) {
    let names: Vec<_> = tokens.iter().map(|token| format!("`{}` ({})", token.name, token.form)).collect();
    page.label_at(2, "tokens", &[span(Ink::Plain, &names.join(" and "))]);
}

fn beside(page: &mut Page, a: &TokenShown, b: &TokenShown, rows: &[Compared]) {
    let name = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default().clamp(8, 22);
    let column = page.width().saturating_sub(4 + 4 + name + 4) / 2;
    let cells = |mark: &str, ink: Ink, name_of: &str, [a, b]: [(Ink, &str); 2]| {
        [(2, span(ink, mark)), (name, span(ink, name_of)), (column, span(a.0, a.1)), (column, span(b.0, b.1))]
    };
    page.cells(2, &cells("", Ink::Plain, "", [(Ink::Bold, &a.name), (Ink::Bold, &b.name)]));
    for row in rows {
        let ink = if row.differs() { Ink::Yellow } else { Ink::Dim };
        let mark = if row.differs() { page.unequal().trim_end() } else { "" };
        let value = |place| row.values.get(place).and_then(Option::as_deref).unwrap_or("(absent)");
        let left = value(0);
        let right = if row.differs() { value(1) } else { "(the same)" };
        page.cells(2, &cells(mark, ink, &row.name, [(ink, left), (ink, right)]));
    }
}

fn below(page: &mut Page, a: &TokenShown, b: &TokenShown, rows: &[Compared]) {
    let differing = rows.iter().filter(|row| row.differs());
    for row in differing {
        page.paragraph(2, &[span(Ink::Yellow, &format!("{} {}", page.unequal().trim_end(), row.name))]);
        for (token, value) in [a, b].into_iter().zip(&row.values) {
            let value = value.as_deref().unwrap_or("(absent)");
            page.hanging(4, &[span(Ink::Dim, &token.name)], 8, &[span(Ink::Yellow, value)]);
        }
    }
    let equal: Vec<_> = rows.iter().filter(|row| !row.differs()).map(|row| row.name.as_str()).collect();
    if !equal.is_empty() {
        page.paragraph(2, &[span(Ink::Dim, &format!("the same in both: {}", equal.join(", ")))]);
    }
}
