//! The one way by which text of a manifest comes into a policy (OP-TEXT).

use cedar_policy::EntityId;

use crate::rule::{Rule, Rules};

/// A Cedar string literal, quotes included, with Cedar's own escapes: quotes, backslashes, line breaks, and whatever
/// does not print.
pub(super) fn quoted(text: &str, rules: Rules) -> String {
    if !rules.hold(Rule::OpText) {
        return format!("\"{text}\"");
    }
    format!("\"{}\"", EntityId::new(text).escaped())
}

/// `Group::"engineering"`.
pub(super) fn entity(entity_type: &str, id: &str, rules: Rules) -> String {
    format!("{entity_type}::{}", quoted(id, rules))
}

/// Words for a comment, which ends where a line ends: without line breaks and whatever does not print.
pub(super) fn remark(text: &str, rules: Rules) -> String {
    if !rules.hold(Rule::OpText) {
        return text.to_owned();
    }
    text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
}
