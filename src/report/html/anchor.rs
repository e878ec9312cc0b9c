//! Names of places on the page: readable, stable from run to run, and one for every id.

use std::fmt::Write as _;

use crate::model::identifier::{CaseId, RequirementId};

/// `case-audience/prefix(setup=okta-shared)`
pub(super) fn of_case(id: &CaseId) -> String {
    format!("case-{}", fragment(id.as_str()))
}

/// `TOK-AUD`
pub(super) fn of_rule(id: &RequirementId) -> String {
    fragment(id.as_str())
}

/// The text in characters that a URL's fragment may have as they are (RFC 3986 §3.5), brackets as parentheses, the
/// rest as `~2f~`.
fn fragment(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '/' | '=' | ',' => name.push(c),
            '[' => name.push('('),
            ']' => name.push(')'),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(name, "~{:x}~", u32::from(c));
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::fragment;

    #[test]
    fn a_name_is_readable_and_no_two_texts_share_one() {
        assert_eq!(fragment("audience/prefix[setup=okta-shared]"), "audience/prefix(setup=okta-shared)");
        assert_eq!(fragment("a b\"(~"), "a~20~b~22~~28~~7e~");
        let texts = ["[", "(", "~5b~", "~28~", " ", "~20~", "%20"];
        let mut names: Vec<_> = texts.iter().map(|text| fragment(text)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), texts.len());
    }
}
