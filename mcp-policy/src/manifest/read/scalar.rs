//! Scalars that two readers of YAML understand differently, and values that nobody filled in.
//!
//! kubectl reads YAML 1.1, in which `yes` is a boolean and `0777` a number; here they are the strings of YAML 1.2.

use spanned_yaml::{Node, Value};

/// What kubectl makes of a string that stands without quotes, if not a string.
pub(super) fn kubectl_reads(node: &Node) -> Option<&'static str> {
    let text = plain(node)?;
    if yaml_1_1_boolean(node).is_some() {
        return Some("a boolean");
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).replace('_', "");
    let radix = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    let number = radix("0x", 16)
        || radix("0X", 16)
        || radix("0o", 8)
        || radix("0b", 2)
        || decimal(&digits)
        || matches!(digits.as_str(), ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN");
    number.then_some("a number")
}

/// The boolean of YAML 1.1 that stands without quotes.
pub(super) fn yaml_1_1_boolean(node: &Node) -> Option<bool> {
    match plain(node)? {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn plain(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) if scalar.plain => Some(&scalar.text),
        _ => None,
    }
}

/// Digits with at most one point and an exponent, leading zeros and all.
fn decimal(digits: &str) -> bool {
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `<CAPITALS_AND_DIGITS>` anywhere, or a text that is `<anything>` as a whole.
pub(super) fn placeholder(text: &str) -> Option<&str> {
    if text.len() > 2 && text.starts_with('<') && text.ends_with('>') && !text.contains('\n') {
        return Some(text);
    }
    let (_, rest) = text.split_once('<')?;
    let (name, _) = rest.split_once('>')?;
    let capitals = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_-".contains(c));
    let start = text.len() - rest.len() - 1;
    if capitals { text.get(start..start + name.len() + 2) } else { None }
}

#[cfg(test)]
mod tests {
    use spanned_yaml::{Diagnostics, Source, parse};

    use super::*;

    fn reads(text: &str) -> Option<&'static str> {
        kubectl_reads(&parse(&mut Diagnostics::new(Source::new("x", text))).unwrap())
    }

    #[test]
    fn what_kubectl_takes_for_something_else() {
        for text in ["yes", "No", "on", "OFF", "y"] {
            assert_eq!(reads(text), Some("a boolean"), "{text}");
        }
        for text in ["0777", "0x1F", "0b11", "0o17", "1_000", "00.5", ".inf", "-.INF"] {
            assert_eq!(reads(text), Some("a number"), "{text}");
        }
        for text in
            ["'yes'", "\"0777\"", "yesterday", "0x", "0xyz", "1.2.3", "24h", "e5", "infinity", "1e400", "-"]
        {
            assert_eq!(reads(text), None, "{text}");
        }
    }

    #[test]
    fn placeholders() {
        assert_eq!(placeholder("https://<TENANT>.okta.com"), Some("<TENANT>"));
        assert_eq!(placeholder("<your-group>"), Some("<your-group>"));
        assert_eq!(placeholder("a < B > c"), None);
        assert_eq!(placeholder("<"), None);
    }
}
