//! The tokens of a failed check, decoded: beside each other where there are two, with what differs marked and first.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::page::{Ink, Page, span};
use crate::outcome::{CaseResult, Check, StepResult, TokenShown};

/// Claims that differ between any two tokens, and so say little.
const ALWAYS_DIFFERENT: [&str; 4] = ["jti", "iat", "uti", "auth_time"];

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
            let rows = compared(a, b);
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

/// A member of the header or a claim, in words: both values, and whether they differ.
struct Compared {
    name: String,
    values: [Option<String>; 2],
}

impl Compared {
    fn differs(&self) -> bool {
        let [a, b] = &self.values;
        a != b
    }

    /// Telling differences first, then those that every pair of tokens has, then what is equal.
    fn order(&self) -> u8 {
        match (self.differs(), ALWAYS_DIFFERENT.contains(&self.name.as_str())) {
            (true, false) => 0,
            (true, true) => 1,
            (false, _) => 2,
        }
    }
}

fn compared(a: &TokenShown, b: &TokenShown) -> Vec<Compared> {
    let (a, b) = (members(a), members(b));
    let mut seen = BTreeSet::new();
    let value_in = |members: &[(String, String)], name: &str| {
        members.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let mut rows: Vec<_> = a
        .iter()
        .chain(&b)
        .filter(|(name, _)| seen.insert(name.clone()))
        .map(|(name, _)| Compared { name: name.clone(), values: [value_in(&a, name), value_in(&b, name)] })
        .collect();
    rows.sort_by_key(Compared::order);
    rows
}

/// Header members are `header alg`, claims go by their names; strings without quotes.
fn members(token: &TokenShown) -> Vec<(String, String)> {
    let of = |value: &Option<Value>, prefix: &str| {
        let empty = Map::new();
        let members = value.as_ref().and_then(Value::as_object).unwrap_or(&empty);
        members
            .iter()
            .map(|(name, value)| (format!("{prefix}{name}"), in_words(name, value)))
            .collect::<Vec<_>>()
    };
    let mut all = of(&token.header, "header ");
    all.extend(of(&token.claims, ""));
    all
}

/// Strings without quotes, times as dates.
fn in_words(name: &str, value: &Value) -> String {
    let seconds = value.as_i64().filter(|_| matches!(name, "exp" | "nbf" | "iat" | "auth_time"));
    if let Some(time) = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        return format!("{value} ({time})");
    }
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Array(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
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
        let [left, right] = &row.values;
        let left = left.as_deref().unwrap_or("(absent)");
        let right = if row.differs() { right.as_deref().unwrap_or("(absent)") } else { "(the same)" };
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
