//! Reading a `WWW-Authenticate` challenge (RFC 9110 §11.6.1): its scheme and parameters in order.

/// The parameters in the order sent, names in lower case, quoted strings unescaped; the scheme comes first as
/// the parameter `scheme`. What is malformed ends the list.
pub(in crate::runner::step) fn parse(value: &str) -> Vec<(String, String)> {
    let (scheme, mut rest) = value.split_once(' ').unwrap_or((value, ""));
    let mut parameters = vec![("scheme".to_owned(), scheme.to_owned())];
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        let Some((name, tail)) = rest.split_once('=') else { return parameters };
        let (value, tail) = if let Some(quoted) = tail.strip_prefix('"') {
            let Some(found) = unquote(quoted) else { return parameters };
            found
        } else {
            let end = tail.find([',', ' ']).unwrap_or(tail.len());
            let (value, tail) = tail.split_at(end);
            (value.to_owned(), tail)
        };
        parameters.push((name.trim().to_lowercase(), value));
        rest = tail;
    }
}

/// The content of a quoted string, and what follows its closing quote.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((content, quoted.get(index + 1..)?)),
            '\\' => content.push(characters.next()?.1),
            character => content.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn parameters_keep_their_order_and_escapes() {
        let parsed = parse(r#"Bearer realm="a \"b\", c", error=invalid_token, scope="x y""#);
        let pairs: Vec<_> = parsed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [("scheme", "Bearer"), ("realm", "a \"b\", c"), ("error", "invalid_token"), ("scope", "x y")]
        );
        assert_eq!(parse("Bearer").len(), 1);
        assert_eq!(parse(r#"Bearer realm="open"#).len(), 1);
    }
}
