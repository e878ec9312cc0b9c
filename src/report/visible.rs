//! Text from a target, made harmless: what would steer a terminal, hide text or break XML is shown as `\u{1b}`.

use std::fmt::Write as _;

/// The text with every control and format character but line feed and tab spelled out.
#[must_use]
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' if characters.peek() == Some(&'\n') => {}
            _ if is_harmful(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// C0 and C1 controls, what reorders or hides text (Unicode TR 36 §2.10.3), and the two that XML forbids.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// Encoded header and payload of a token tell a reader nothing, and they are shown decoded elsewhere: of each part
/// the beginning is enough to recognise it.
#[must_use]
pub(super) fn abbreviate(text: &str) -> String {
    const KEPT: usize = 8;
    let mut short = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        if part.starts_with("ey") && part.len() > 4 * KEPT {
            let end =
                part.chars().next_back().filter(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
            short.push_str(part.get(..KEPT).unwrap_or(part));
            short.push_str("...");
            short.extend(end.filter(|end| *end != '.'));
        } else {
            short.push_str(part);
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{abbreviate, visible};

    #[test]
    fn what_steers_or_hides_is_spelled_out() {
        assert_eq!(visible("\u{1b}[32mpass\u{1b}[0m"), "\\u{1b}[32mpass\\u{1b}[0m");
        assert_eq!(visible("a\r\nb\rc\u{7}\u{9b}\u{202e}\0"), "a\nb\\u{d}c\\u{7}\\u{9b}\\u{202e}\\u{0}");
        assert_eq!(visible("größe ✓ 東京\t\n"), "größe ✓ 東京\t\n");
    }

    #[test]
    fn encoded_parts_of_a_token_are_shortened() {
        let header = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjVrQ3lWOVQwIiwidHlwIjoiYXQrand0In0";
        assert_eq!(
            abbreviate(&format!("Bearer {header}.{header}.[signature cut] eye.eyJ9")),
            "Bearer eyJhbGci...eyJhbGci...[signature cut] eye.eyJ9"
        );
    }
}
