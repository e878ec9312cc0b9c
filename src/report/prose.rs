//! Prose with code in it: what stands between backticks is set as code.

/// The pieces of a text and whether each is code. A backtick without its partner stays as it is.
pub(super) fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, code, after)) = split(rest) {
        parts.push((false, before));
        parts.push((true, code));
        rest = after;
    }
    parts.push((false, rest));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// What stands before the first code, the code, and what follows; nothing, or blanks, between backticks is no code.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('`').find_map(|(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let (code, after) = rest.strip_prefix('`')?.split_once('`')?;
        (!code.trim().is_empty()).then_some((before, code, after))
    })
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn code_is_what_stands_between_backticks() {
        assert_eq!(parts("a `b` c"), [(false, "a "), (true, "b"), (false, " c")]);
        assert_eq!(parts("`b`"), [(true, "b")]);
        assert_eq!(parts("a `b` c` d"), [(false, "a "), (true, "b"), (false, " c` d")]);
        assert_eq!(parts("``"), [(false, "``")]);
        assert_eq!(parts("``a``"), [(false, "`"), (true, "a"), (false, "`")]);
        assert_eq!(parts(""), []);
    }
}
