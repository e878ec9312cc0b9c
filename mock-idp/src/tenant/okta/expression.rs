//! The value of a claim: an expression, as far as the mock reads that language, or a filter of groups.

use spanned_yaml::{Diagnostics, Fields, Node, Span, closest};

use super::super::{ClaimValue, GroupFilter};

const SUPPORTED: &str = "the mock reads `user.…` with an attribute of the user profile, a text in double quotes, \
     `Groups.startsWith(\"OKTA\", \"mcp-\", 100)` and `Groups.contains(\"OKTA\", \"mcp\", 100)`";

/// `value_type`, `filter` and `value` of a claim.
pub(super) fn value(
    fields: &mut Fields<'_>,
    node: &Node,
    attributes: &[String],
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
    expression(text?.trim(), at, attributes, diagnostics)
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
    filter.map(|filter| ClaimValue::Groups(filter, None))
}

fn expression(
    text: &str,
    at: Span,
    attributes: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<ClaimValue> {
    if let Some(literal) = literal(text) {
        return Some(ClaimValue::Text(literal.to_owned()));
    }
    if let Some(attribute) = text.strip_prefix("user.").filter(|name| is_name(name)) {
        if !attributes.iter().any(|name| name == attribute) {
            let error = diagnostics.error(at, format!("the user profile has no `{attribute}`"));
            match closest(attribute, attributes.iter().map(String::as_str)) {
                Some(name) => error.help(format!("did you mean `user.{name}`?")),
                None => error.help(
                    "`user.…` reads profile attributes, not group memberships: add it to `profile_attributes`, \
                     as in Directory > Profile Editor",
                ),
            };
        }
        return Some(ClaimValue::Attribute(attribute.to_owned()));
    }
    let found = groups(text);
    if found.is_none() {
        diagnostics.error(at, format!("`{text}` is no expression of the mock")).help(SUPPORTED);
    }
    found
}

/// `Groups.startsWith("OKTA", "mcp-", 100)`: the source of the groups, what to look for, and how many at most.
fn groups(text: &str) -> Option<ClaimValue> {
    let (function, arguments) = text.strip_prefix("Groups.")?.strip_suffix(')')?.split_once('(')?;
    let arguments: Vec<_> = arguments.split(',').map(str::trim).collect();
    let [source, wanted, limit] = arguments.as_slice() else { return None };
    let wanted = literal(wanted)?.to_owned();
    let limit = limit.parse().ok().filter(|limit| (1..=100).contains(limit))?;
    let filter = match (function, literal(source)?) {
        ("startsWith", "OKTA") => GroupFilter::StartsWith(wanted),
        ("contains", "OKTA") => GroupFilter::Contains(wanted),
        _ => return None,
    };
    Some(ClaimValue::Groups(filter, Some(limit)))
}

fn literal(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\']))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
