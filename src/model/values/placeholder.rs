//! Placeholders of the documentation that nobody filled in: `<TENANT>`, `<CLIENT_ID>`.

use spanned_yaml::{Diagnostics, Node, Value};

/// Reports every placeholder in a tree, each with its line.
pub(super) fn report(node: &Node, findings: &mut Diagnostics) {
    match &node.value {
        Value::Scalar(scalar) => {
            if let Some(found) = find(&scalar.text) {
                findings
                    .error(node.span, format!("the placeholder `{found}` is left in"))
                    .help("replace it with the value of your own set-up");
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| report(item, findings)),
        Value::Mapping(entries) => entries.iter().for_each(|entry| report(&entry.value, findings)),
    }
}

/// A placeholder is in the text; it is reported by [`report`], not where the text is used.
pub(super) fn is_in(text: &str) -> bool {
    find(text).is_some()
}

/// `<CAPITALS_AND_DIGITS>` anywhere, or a text that is `<anything>` as a whole.
fn find(text: &str) -> Option<&str> {
    let whole = text.trim();
    if whole.len() > 2 && whole.starts_with('<') && whole.ends_with('>') && !whole.contains('\n') {
        return Some(whole);
    }
    text.match_indices('<').find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let end = rest.find('>')?;
        let name = rest.get(1..end)?;
        let capitals = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_- *".contains(c));
        if capitals { rest.get(..=end) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn placeholders_and_what_only_looks_like_one() {
        assert_eq!(find("https://<TENANT>.okta.com/oauth2/default"), Some("<TENANT>"));
        assert_eq!(find("<your-client-id>"), Some("<your-client-id>"));
        assert_eq!(find("ask <b>the</b> admin"), None);
        assert_eq!(find("a < B > c"), None);
        assert_eq!(find("< and <"), None);
    }
}
