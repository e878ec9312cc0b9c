//! Text made harmless for GitHub-flavoured Markdown: on one line, and nothing in it but text.
//!
//! Three readers follow each other: the table splitter, the Markdown parser, and filters over the text of the
//! resulting HTML that find mentions, issues, bare addresses and formulas. A backslash stops the second only. What the
//! third looks for is set in a `<span>` of its own, which tears it apart.

use std::fmt::Write as _;

use crate::report::{prose::parts, visible::visible};

/// So many characters of a text are shown; the JSON report has the rest.
const LONGEST: usize = 1_000;

/// Prose: what stands between backticks is set as code.
pub(super) fn prose(text: &str) -> String {
    parts(&clipped(text)).into_iter().fold(String::new(), |line, (is_code, part)| {
        line + &if is_code { in_code(part) } else { plain(part) }
    })
}

/// A value, set as code: what a target said, an id, a place. A text without a character is said to be none.
pub(super) fn code(text: &str) -> String {
    if text.trim().is_empty() { "(nothing)".to_owned() } else { in_code(&clipped(text)) }
}

/// The element rather than backticks: within those no backtick can be escaped, and no pipe of a table for sure.
fn in_code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// The text without anything that any of the readers knows. The characters are those of GFM's inline rules (§6) and
/// of GitHub's filters; block rules (§4, §5) look at the start of a line, and a text is never there.
fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + text.len() / 8);
    let text = visible(text);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        // Writing to a string cannot fail.
        let _ = match c {
            '\n' => write!(line, " \u{23ce} "),
            '\t' => write!(line, " "),
            '&' => write!(line, "&amp;"),
            '<' => write!(line, "&lt;"),
            '>' => write!(line, "&gt;"),
            '|' => write!(line, "&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' => write!(line, "\\{c}"),
            '@' | '#' | '$' => write!(line, "<span>{c}</span>"),
            // Of an address or a shortcode; in prose a space follows it.
            ':' if characters.peek().is_some_and(|next| *next != ' ') => write!(line, "<span>:</span>"),
            // `www.` is an address, `GH-1` an issue.
            '.' if line.ends_with(['w', 'W']) => write!(line, "<span>.</span>"),
            '-' if line.ends_with(['h', 'H']) => write!(line, "<span>-</span>"),
            _ => write!(line, "{c}"),
        };
    }
    line
}

fn clipped(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}\u{2026} [{} more characters in the JSON report]", length - LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{code, prose};

    #[test]
    fn what_a_target_says_stays_text() {
        let hostile = [
            ("a | b\\|c", r"a &#124; b\\&#124;c"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("[x](javascript:alert(1))", r"\[x\](javascript<span>:</span>alert(1))"),
            ("![x](//evil.example/p.png)", r"\!\[x\](//evil.example/p.png)"),
            ("@everyone see #1, GH-1", "<span>@</span>everyone see <span>#</span>1, GH<span>-</span>1"),
            ("https://evil.example", "https<span>:</span>//evil.example"),
            ("www.evil.example", "www<span>.</span>evil.example"),
            ("**bold** _it_ ~~no~~", r"\*\*bold\*\* \_it\_ \~\~no\~\~"),
            (
                "line\n\n# heading\n- item\n|a|",
                "line \u{23ce}  \u{23ce} <span>#</span> heading \u{23ce} - item \u{23ce} &#124;a&#124;",
            ),
            ("$x$ :smile:", "<span>$</span>x<span>$</span> <span>:</span>smile:"),
            ("\u{1b}[2J\u{202e}", r"\\u{1b}\[2J\\u{202e}"),
        ];
        for (text, expected) in hostile {
            assert_eq!(prose(text), expected);
            assert_eq!(code(text), format!("<code>{expected}</code>"));
        }
    }

    #[test]
    fn backticks_in_prose_are_code_and_cannot_leave_it() {
        assert_eq!(prose("the claim `aud`"), "the claim <code>aud</code>");
        assert_eq!(prose("`</code><b>`"), "<code>&lt;/code&gt;&lt;b&gt;</code>");
        assert_eq!(code("a`b```c"), r"<code>a\`b\`\`\`c</code>");
        assert_eq!(code(" \n"), "(nothing)");
    }

    #[test]
    fn a_long_text_is_cut_before_it_is_escaped() {
        let long = prose(&"<".repeat(1_500));
        assert!(long.starts_with("&lt;&lt;"), "{long}");
        assert!(long.ends_with(r"&lt;… \[500 more characters in the JSON report\]"), "{long}");
    }
}
