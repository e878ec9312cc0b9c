//! The value of a claim: an expression, or a filter of groups.

use std::ops::Range;

use spanned_yaml::{Diagnostics, Fields, Node, Span};

use super::super::{
    ClaimValue, GroupFilter,
    expression::{Expression, Names},
};

/// `value_type`, `filter` and `value` of a claim.
pub(super) fn value(
    fields: &mut Fields<'_>,
    node: &Node,
    names: Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ClaimValue> {
    const VALUE_TYPES: [(&str, bool); 2] = [("Expression", false), ("Groups", true)];
    let is_groups = fields.choice("value_type", &VALUE_TYPES, diagnostics).unwrap_or_default();
    let text = fields.required_text("value", diagnostics);
    let at = fields.optional("value").map_or(node.span, |node| node.span);
    if is_groups {
        return filter(fields, text?, at, diagnostics);
    }
    if let Some(entry) = fields.entry("filter") {
        diagnostics.error(entry.key_span, "a filter is of groups").help("set `value_type: Groups`");
    }
    expression(text?, at, names, diagnostics)
}

/// The console's words, or those of the API.
fn filter(
    fields: &mut Fields<'_>,
    text: &str,
    at: Span,
    diagnostics: &mut Diagnostics,
) -> Option<ClaimValue> {
    type Make = fn(&str) -> Option<GroupFilter>;
    const STARTS: Make = |text| Some(GroupFilter::StartsWith(text.to_owned()));
    const EQUALS: Make = |text| Some(GroupFilter::Equals(text.to_owned()));
    const CONTAINS: Make = |text| Some(GroupFilter::Contains(text.to_owned()));
    const FILTERS: [(&str, Make); 8] = [
        ("Starts with", STARTS),
        ("Equals", EQUALS),
        ("Contains", CONTAINS),
        ("Matches regex", GroupFilter::matching),
        ("STARTS_WITH", STARTS),
        ("EQUALS", EQUALS),
        ("CONTAINS", CONTAINS),
        ("REGEX", GroupFilter::matching),
    ];
    fields.required("filter", diagnostics);
    let make = fields.choice("filter", &FILTERS, diagnostics)?;
    let filter = make(text);
    if filter.is_none() {
        diagnostics
            .error(at, format!("`{text}` is no regular expression"))
            .help("`.*` is every group; backreferences and look-around are not read");
    }
    filter.map(ClaimValue::Groups)
}

fn expression(text: &str, at: Span, names: Names<'_>, diagnostics: &mut Diagnostics) -> Option<ClaimValue> {
    match Expression::parse(text, names) {
        Ok(Expression::Attribute(name)) => Some(ClaimValue::ProfileAttribute(name)),
        Ok(expression) => Some(ClaimValue::Expression(expression)),
        Err(mistake) => {
            let place = within(diagnostics.source().text(), at, text, &mistake.at);
            diagnostics.error(place, mistake.message).help(mistake.help);
            None
        }
    }
}

/// A part of a scalar in the file; the whole of one that is written otherwise than it reads, with escapes or on several
/// lines.
fn within(file: &str, scalar: Span, text: &str, part: &Range<usize>) -> Span {
    let written = file.get(scalar.start..scalar.end).unwrap_or_default();
    match written.find(text) {
        Some(offset) if !text.is_empty() => {
            let start = scalar.start + offset;
            Span { start: start + part.start, end: start + part.end }
        }
        _ => scalar,
    }
}
