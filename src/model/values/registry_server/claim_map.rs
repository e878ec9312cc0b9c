//! Claims by name, each with one value or several: what a role asks for, and what a source, a registry or an entry is
//! labelled with.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Node};

use crate::model::values::section::string;

/// Claims as they were written: a string or an array of strings under each name, and never nothing.
#[derive(Clone, Debug, Default)]
pub struct ClaimMap(Map<String, Json>);

/// A claim that asks for nothing, or for something other than strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a claim is a string or an array of strings, and not empty")]
pub struct NoClaimValue;

impl ClaimMap {
    /// Takes a JSON object of claims.
    pub fn new(claims: Map<String, Json>) -> Result<Self, NoClaimValue> {
        if claims.values().all(is_claim_value) { Ok(Self(claims)) } else { Err(NoClaimValue) }
    }

    /// There are no claims.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each claim with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, BTreeSet<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), values_of(value)))
    }

    /// As they were written.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Json> {
        &self.0
    }
}

/// The same claims with the same values, in whichever order and form they were written.
impl PartialEq for ClaimMap {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |claims: &Self| -> Vec<(String, Vec<String>)> {
            let mut all: Vec<_> = claims
                .iter()
                .map(|(name, values)| (name.to_owned(), values.into_iter().map(str::to_owned).collect()))
                .collect();
            all.sort();
            all
        };
        sorted(self) == sorted(other)
    }
}

/// The values of a claim that is a string or an array of strings; what is neither has none.
#[must_use]
pub fn values_of(claim: &Json) -> BTreeSet<&str> {
    match claim {
        Json::String(value) => BTreeSet::from([value.as_str()]),
        Json::Array(values) => values.iter().filter_map(Json::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// A string that is not empty, or an array of at least one and of nothing else. An array without a value would ask for
/// nothing.
fn is_claim_value(value: &Json) -> bool {
    let text = |value: &Json| value.as_str().is_some_and(|text| !text.is_empty());
    match value {
        Json::Array(values) => !values.is_empty() && values.iter().all(text),
        value => text(value),
    }
}

/// Reads a map of claims from a file.
pub(super) fn read(node: &Node, findings: &mut Diagnostics) -> Option<ClaimMap> {
    let Some(entries) = node.as_mapping() else {
        findings.expected(node, "a map of claims").help("as in `department: 'platform'`");
        return None;
    };
    let mut claims = Map::new();
    let mut whole = true;
    for entry in entries {
        let value = match entry.value.as_sequence() {
            Some([]) => {
                findings
                    .error(entry.key_span, format!("the claim `{}` has no value", entry.key))
                    .help("it would ask for nothing: name at least one value");
                None
            }
            Some(items) => {
                let values: Vec<_> =
                    items.iter().filter_map(|item| string(item, &entry.key, findings)).collect();
                (values.len() == items.len()).then(|| Json::from(values))
            }
            None => string(&entry.value, &entry.key, findings).map(Json::from),
        };
        whole &= value.is_some();
        claims.extend(value.map(|value| (entry.key.clone(), value)));
    }
    // A claim that was left out would leave the rest open to more callers.
    whole.then_some(ClaimMap(claims))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(json: Json) -> Result<ClaimMap, NoClaimValue> {
        let Json::Object(members) = json else { unreachable!() };
        ClaimMap::new(members)
    }

    #[test]
    fn claims_are_strings_and_arrays_of_them() {
        for good in [json!({}), json!({ "a": "x" }), json!({ "a": ["x"], "b": ["x", "y"] })] {
            assert!(claims(good.clone()).is_ok(), "{good}");
        }
        for bad in
            [json!(""), json!([]), json!([""]), json!(7), json!(["x", 7]), json!({ "b": "x" }), json!(null)]
        {
            assert_eq!(claims(json!({ "a": bad })), Err(NoClaimValue), "{bad}");
        }
    }

    #[test]
    fn order_and_form_make_no_difference() {
        let one = claims(json!({ "a": ["x", "y"], "b": "z" })).unwrap();
        assert_eq!(one, claims(json!({ "b": ["z"], "a": ["y", "x", "y"] })).unwrap());
        for other in [json!({ "a": ["x"], "b": "z" }), json!({ "a": ["x", "y"] }), json!({})] {
            assert_ne!(one, claims(other).unwrap());
        }
    }
}
