//! What a token and others say to a person, made fit for their eyes. Nothing is decided by it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json};
use unicode_width::UnicodeWidthStr as _;

use crate::token::json;

/// The most characters of somebody else's text.
const MOST: usize = 300;

/// A claim that should list names (PLATFORM.md CLAIM-SHAPE).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// The names; perhaps none.
    Names(Vec<String>),
    /// It is not there.
    Absent,
    /// It is something else than a list, and counts as absent.
    NoList,
    /// The provider has more than fit into a token, and leaves them out (CLAIM-OVERAGE).
    TooMany,
}

impl Listed {
    pub(super) fn names(&self) -> &[String] {
        if let Self::Names(names) = self { names } else { &[] }
    }

    /// In plain words, why there are no names.
    pub(super) fn why_none(&self) -> Option<&'static str> {
        match self {
            Self::Names(names) if !names.is_empty() => None,
            Self::Names(_) => Some("none"),
            Self::Absent => Some("the token does not say"),
            Self::NoList => Some("what the token has here is no list, so there are none"),
            Self::TooMany => {
                Some("too many for a token: the identity provider left them out, so there are none")
            }
        }
    }
}

/// A list of names.
pub(super) fn listed(claims: &Map<String, Json>, claim: &str) -> Listed {
    let elsewhere = claims.get("_claim_names").and_then(|names| names.get(claim)).is_some()
        || claims.contains_key(&format!("has{claim}"));
    match claims.get(claim) {
        _ if elsewhere => Listed::TooMany,
        Some(Json::Array(members)) => {
            Listed::Names(members.iter().filter_map(Json::as_str).map(short).collect())
        }
        Some(_) => Listed::NoList,
        None => Listed::Absent,
    }
}

/// The claims of a JWT that nobody has verified: for the sabotage of UI-ID-TOKEN and UI-POLICY alone.
pub(super) fn unverified(jwt: &str) -> Map<String, Json> {
    let payload = jwt.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    payload.and_then(|payload| json::object(&payload)).unwrap_or_default()
}

/// A text of somebody else, cut where it is long, without control characters and those that reorder a line. Nothing, if
/// nothing of it can be seen.
pub(super) fn short(text: &str) -> String {
    let mut characters = text.trim().chars().filter(|c| !c.is_control() && !spanned_yaml::steers(*c));
    let mut kept: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    if kept.split_whitespace().all(|word| word.width() == 0) { String::new() } else { kept }
}

/// Words of an error as a person reads them: in quotation marks what stands in backticks.
pub(super) fn plain(text: &str) -> String {
    let mut opens = false;
    let mark = |c| {
        if c == '`' {
            opens = !opens;
        }
        match (c, opens) {
            ('`', true) => '“',
            ('`', false) => '”',
            _ => c,
        }
    };
    text.chars().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_an_array_and_nothing_else() {
        for (claims, expected) in [
            (json!({ "groups": ["a", 7, "b"] }), Listed::Names(vec!["a".into(), "b".into()])),
            (json!({ "groups": [] }), Listed::Names(Vec::new())),
            (json!({}), Listed::Absent),
            (json!({ "groups": "a" }), Listed::NoList),
            (json!({ "_claim_names": { "groups": "src1" } }), Listed::TooMany),
            (json!({ "hasgroups": true, "groups": ["a"] }), Listed::TooMany),
        ] {
            let Json::Object(claims) = claims else { unreachable!() };
            assert_eq!(listed(&claims, "groups"), expected);
        }
    }

    #[test]
    fn backticks_are_for_those_who_write_code() {
        assert_eq!(plain("`a` is not `b`"), "“a” is not “b”");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(short("a\r\nb"), "ab");
        assert_eq!(short(" safe \u{202e}evil\u{202c} "), "safe evil");
        for unseen in ["  ", "\u{200b}", "\u{feff} \u{2060}"] {
            assert_eq!(short(unseen), "", "{unseen:?}");
        }
        assert_eq!(short(&"é".repeat(400)).chars().count(), 301);
    }
}
