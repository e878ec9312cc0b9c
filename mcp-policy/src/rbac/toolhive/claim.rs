//! A claim as that proxy shows it to a policy, and the test that does not fail where it is absent.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Inexpressible;
use crate::{
    rbac::{Matching, literal::quoted, write::list},
    rule::Rules,
};

/// That proxy makes no Cedar value of what lies deeper in a claim.
const DEEPEST: usize = 10;

/// A claim by its name.
#[derive(Debug)]
pub(super) struct Claim {
    /// The principal's attribute if the name is meant as it is.
    exact: String,
    /// The same as a path, if the name has dots: the first is an attribute, the others members of records.
    path: Vec<String>,
}

impl Claim {
    pub(super) fn new(name: &str) -> Result<Self, Inexpressible> {
        if name.is_empty() {
            return Err(Inexpressible("a claim without a name".to_owned()));
        }
        let exact = format!("claim_{name}");
        let path: Vec<_> = exact.split('.').map(str::to_owned).collect();
        if path.len() > DEEPEST {
            return Err(Inexpressible(format!("the claim `{name}` lies deeper than the proxy looks")));
        }
        Ok(Self { exact, path: if path.len() > 1 { path } else { Vec::new() } })
    }

    /// Adds the attributes of a `Client` that [`Claim::test`] looks at.
    pub(super) fn declare(&self, attributes: &mut Map<String, Value>) -> Result<(), Inexpressible> {
        let strings = json!({"type": "Set", "element": {"type": "String"}, "required": false});
        let both = || Inexpressible(format!("`{}` as a list and as an object with members", self.exact));
        if attributes.insert(self.exact.clone(), strings.clone()).is_some_and(|was| was != strings) {
            return Err(both());
        }
        let Some((last, records)) = self.path.split_last() else { return Ok(()) };
        let mut within = attributes;
        for record in records {
            let entry = within
                .entry(record.clone())
                .or_insert_with(|| json!({"type": "Record", "attributes": {}, "required": false}));
            within = entry.get_mut("attributes").and_then(Value::as_object_mut).ok_or_else(both)?;
        }
        match within.insert(last.clone(), strings.clone()) {
            Some(was) if was != strings => Err(both()),
            _ => Ok(()),
        }
    }

    /// Whether any or all of the values are in the claim: under its exact name or, where that is absent, along its
    /// path, as the proxy itself looks for a claim.
    pub(super) fn test(&self, values: &BTreeSet<String>, matching: Matching, rules: Rules) -> String {
        let literals: Vec<_> = values.iter().map(|value| quoted(value, rules)).collect();
        let contains = match (literals.as_slice(), matching) {
            ([one], _) => format!("contains({one})"),
            (_, Matching::Any) => format!("containsAny({})", list(&literals)),
            (_, Matching::All) => format!("containsAll({})", list(&literals)),
        };
        let exact = &self.exact;
        let there = format!("principal has {}", key(exact, rules));
        let test = format!("principal{}.{contains}", access(exact, rules));
        if self.path.is_empty() {
            return format!("{there} && {test}");
        }
        let (mut tests, mut value) = (Vec::new(), "principal".to_owned());
        for segment in &self.path {
            tests.push(format!("{value} has {}", key(segment, rules)));
            value.push_str(&access(segment, rules));
        }
        tests.push(format!("{value}.{contains}"));
        format!("if {there} then {test} else {}", tests.join(" && "))
    }
}

/// `claim_roles`, or `"claim_cognito:groups"` where that is no identifier.
fn key(name: &str, rules: Rules) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name, rules) }
}

/// `.claim_roles`, or `["claim_cognito:groups"]`.
fn access(name: &str, rules: Rules) -> String {
    if is_identifier(name) { format!(".{name}") } else { format!("[{}]", quoted(name, rules)) }
}

/// A Cedar identifier that is no reserved word.
fn is_identifier(name: &str) -> bool {
    const RESERVED: [&str; 10] =
        ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"];
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
        && !RESERVED.contains(&name)
}
