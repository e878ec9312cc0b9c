//! The tokens of a case, decoded and compared member by member, for every report that shows them beside each other.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::outcome::TokenShown;

/// Claims that differ between any two tokens, and so say little.
const ALWAYS_DIFFERENT: [&str; 4] = ["jti", "iat", "uti", "auth_time"];

/// A member of the header or a claim, in words: its value in each token, and whether they differ.
pub(super) struct Compared {
    /// `header alg`, `aud`.
    pub(super) name: String,
    /// In the order of the tokens; none where a token lacks the member.
    pub(super) values: Vec<Option<String>>,
}

impl Compared {
    pub(super) fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair.first() != pair.last())
    }

    /// It differs, and not only because it differs in any two tokens.
    pub(super) fn tells(&self) -> bool {
        self.differs() && !ALWAYS_DIFFERENT.contains(&self.name.as_str())
    }

    /// Telling differences first, then those that every pair of tokens has, then what is equal.
    fn order(&self) -> u8 {
        match (self.tells(), self.differs()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }
}

/// Every member that one of the tokens has, what differs first.
pub(super) fn compared(tokens: &[&TokenShown]) -> Vec<Compared> {
    let members: Vec<_> = tokens.iter().map(|token| members(token)).collect();
    let mut seen = BTreeSet::new();
    let value_in = |members: &[(String, String)], name: &str| {
        members.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let mut rows: Vec<_> = members
        .iter()
        .flatten()
        .filter(|(name, _)| seen.insert(name.clone()))
        .map(|(name, _)| Compared {
            name: name.clone(),
            values: members.iter().map(|members| value_in(members, name)).collect(),
        })
        .collect();
    rows.sort_by_key(Compared::order);
    rows
}

/// Header members are `header alg`, claims go by their names; strings without quotes.
pub(super) fn members(token: &TokenShown) -> Vec<(String, String)> {
    let of = |value: &Option<Value>, prefix: &str| {
        let empty = Map::new();
        let members = value.as_ref().and_then(Value::as_object).unwrap_or(&empty);
        members
            .iter()
            .map(|(name, value)| (format!("{prefix}{name}"), in_words(name, value)))
            .collect::<Vec<_>>()
    };
    let mut all = of(&token.header, "header ");
    all.extend(of(&token.claims, ""));
    all
}

/// Strings without quotes, times as dates.
fn in_words(name: &str, value: &Value) -> String {
    let seconds = value.as_i64().filter(|_| matches!(name, "exp" | "nbf" | "iat" | "auth_time"));
    if let Some(time) = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        return format!("{value} ({time})");
    }
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Array(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
