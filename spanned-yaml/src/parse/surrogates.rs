//! Surrogate pairs: JSON writes a character beyond U+FFFF as `\ud83d\ude00`, YAML as `\U0001f600`, and the parser knows
//! the second form only. In a text that is JSON the one becomes the other, and places are counted as they were.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::Value;

/// Characters of a pair.
const PAIR: usize = 12;

/// Characters of what the parser is given for it.
const ONE: usize = 10;

/// Where pairs were, in characters of the text that the parser is given.
#[derive(Debug, Default)]
pub(super) struct Pairs(Vec<usize>);

impl Pairs {
    /// The text for the parser.
    pub(super) fn joined<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        // In YAML a backslash need not begin an escape.
        let some = ["\\ud", "\\uD"].iter().any(|escape| text.contains(escape));
        if !some || serde_json::from_str::<Value>(text).is_err() {
            return Cow::Borrowed(text);
        }
        let (mut joined, mut rest, mut characters) = (String::with_capacity(text.len()), text, 0);
        while let Some(at) = rest.find('\\') {
            let (before, escape) = rest.split_at(at);
            joined.push_str(before);
            characters += before.chars().count();
            let taken = if let Some(c) = pair(escape) {
                self.0.push(characters);
                // Into a text: it cannot fail.
                let _ = write!(joined, "\\U{:08x}", u32::from(c));
                characters += ONE;
                PAIR
            } else {
                let taken = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                joined.push_str(escape.get(..taken).unwrap_or_default());
                characters += 2;
                taken
            };
            rest = escape.get(taken..).unwrap_or_default();
        }
        joined.push_str(rest);
        Cow::Owned(joined)
    }

    /// The place in the text as it was of a place in the text that the parser is given, in characters.
    pub(super) fn index(&self, index: usize) -> usize {
        index + self.0.partition_point(|at| *at < index) * (PAIR - ONE)
    }
}

/// The character of a pair of escapes that a text begins with.
fn pair(text: &str) -> Option<char> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    char::decode_utf16([unit(0)?, unit(6)?]).next()?.ok().filter(|c| *c > '\u{ffff}')
}
