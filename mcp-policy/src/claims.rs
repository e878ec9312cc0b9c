//! From a token's claims to groups and roles (PLATFORM.md §7).
//!
//! What a claim says is taken only in the shape that the platform documents, an array of strings; anything else counts
//! as absent, and is reported as data so that a log, a doctor or a page can say it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    manifest::ClaimOverrides,
    rule::{Rule, Rules},
};

/// Which identity provider a deployment has: `idpConfig.idpType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdpType {
    /// Microsoft Entra ID: scopes are requested with the audience before them.
    Entra,
    /// Okta.
    Okta,
    /// Any other OpenID provider.
    #[default]
    Generic,
}

/// The names of the two claims: each an exact top-level name or, where there is none of it, a dotted path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// Where groups are.
    pub groups: String,
    /// Where roles are.
    pub roles: String,
}

/// How claims are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The claims' names.
    pub names: ClaimNames,
    /// Look in `groups`, `roles` and `cognito:groups` in turn where the groups claim is absent, as the open-source
    /// proxy does (CLAIM-FALLBACK).
    pub fallback: bool,
    /// Which rules hold.
    pub rules: Rules,
}

/// What the claims say of a principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The groups.
    pub groups: BTreeSet<String>,
    /// The roles.
    pub roles: BTreeSet<String>,
    /// What was not as it should be.
    pub notes: Vec<Note>,
}

/// Something about the claims that explains a missing group or role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// The claim is not in the token.
    #[error("the token has no claim `{claim}`")]
    Absent {
        /// Its name.
        claim: String,
    },
    /// The claim is no array.
    #[error("the claim `{claim}` is {found}, not a list of strings, and counts as absent")]
    NotAList {
        /// Its name.
        claim: String,
        /// What it is: `a string`.
        found: &'static str,
    },
    /// Members that are no strings were dropped.
    #[error("{count} members of the claim `{claim}` are no strings and were dropped")]
    Dropped {
        /// Its name.
        claim: String,
        /// How many.
        count: usize,
    },
    /// Another claim stood in for the groups.
    #[error("the token has no claim `{claim}`; groups were taken from `{instead}`")]
    FellBack {
        /// The claim that is absent.
        claim: String,
        /// The one that was read.
        instead: &'static str,
    },
    /// Too many groups for the token: Entra left them out.
    #[error("the groups did not fit into the token (`{mark}` is set): it names none")]
    Overage {
        /// The claim that says so.
        mark: &'static str,
    },
}

/// Where the open-source proxy looks for groups, in its order.
const FALLBACKS: [&str; 3] = ["groups", "roles", "cognito:groups"];

impl ClaimNames {
    /// The names by the type of the identity provider: `groups` and `roles` for all three (documented for Entra, our
    /// own reading for the rest).
    #[must_use]
    pub fn of(idp: IdpType) -> Self {
        match idp {
            IdpType::Entra | IdpType::Okta | IdpType::Generic => {
                Self { groups: "groups".to_owned(), roles: "roles".to_owned() }
            }
        }
    }

    /// The same with what the platform's `ConfigMap` says.
    #[must_use]
    pub fn overridden(mut self, overrides: &ClaimOverrides) -> Self {
        if let Some(groups) = &overrides.groups {
            self.groups.clone_from(&groups.value);
        }
        if let Some(roles) = &overrides.roles {
            self.roles.clone_from(&roles.value);
        }
        self
    }
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self::of(IdpType::default())
    }
}

impl Reading {
    /// Reads the claims of a verified token.
    #[must_use]
    pub fn read(&self, claims: &Map<String, Value>) -> Membership {
        let mut notes = Vec::new();
        let standard = ClaimNames::default();
        let names = if self.rules.hold(Rule::ClaimNames) { &self.names } else { &standard };
        let groups = match overage(claims, &names.groups) {
            Some(mark) if self.rules.hold(Rule::ClaimOverage) => {
                notes.push(Note::Overage { mark });
                BTreeSet::new()
            }
            overage => {
                let fallback = self.fallback || !self.rules.hold(Rule::ClaimFallback) || overage.is_some();
                self.groups(claims, &names.groups, fallback, &mut notes)
            }
        };
        let roles = self.list(claims, &names.roles, &mut notes).unwrap_or_default();
        Membership { groups, roles, notes }
    }

    fn groups(
        &self,
        claims: &Map<String, Value>,
        claim: &str,
        fallback: bool,
        notes: &mut Vec<Note>,
    ) -> BTreeSet<String> {
        if let Some(groups) = self.list(claims, claim, notes) {
            return groups;
        }
        let instead = FALLBACKS.into_iter().filter(|name| fallback && *name != claim);
        for name in instead {
            if let Some(groups) = self.list(claims, name, &mut Vec::new()) {
                notes.push(Note::FellBack { claim: claim.to_owned(), instead: name });
                return groups;
            }
        }
        BTreeSet::new()
    }

    /// The strings of a claim (CLAIM-SHAPE). `None`: it is absent, or counts as absent.
    fn list(
        &self,
        claims: &Map<String, Value>,
        claim: &str,
        notes: &mut Vec<Note>,
    ) -> Option<BTreeSet<String>> {
        let found = match self.find(claims, claim) {
            None | Some(Value::Null) => {
                notes.push(Note::Absent { claim: claim.to_owned() });
                return None;
            }
            Some(Value::Array(members)) => {
                let text = |member: &Value| match member {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) if !self.rules.hold(Rule::ClaimShape) => Some(number.to_string()),
                    _ => None,
                };
                let strings: BTreeSet<_> = members.iter().filter_map(text).collect();
                let count = members.iter().filter(|member| !member.is_string()).count();
                if count > 0 {
                    notes.push(Note::Dropped { claim: claim.to_owned(), count });
                }
                return Some(strings);
            }
            Some(Value::String(one)) if !self.rules.hold(Rule::ClaimShape) => {
                return Some(BTreeSet::from([one.clone()]));
            }
            Some(Value::Number(one)) if !self.rules.hold(Rule::ClaimShape) => {
                return Some(BTreeSet::from([one.to_string()]));
            }
            Some(Value::String(_)) => "a string",
            Some(Value::Number(_)) => "a number",
            Some(Value::Bool(_)) => "a boolean",
            Some(Value::Object(_)) => "an object",
        };
        notes.push(Note::NotAList { claim: claim.to_owned(), found });
        None
    }

    /// The exact top-level name first, so that a name with dots (`https://example.com/groups`) is found; then the path.
    fn find<'c>(&self, claims: &'c Map<String, Value>, claim: &str) -> Option<&'c Value> {
        if claim.is_empty() {
            return None;
        }
        if let Some(value) = claims.get(claim) {
            return Some(value);
        }
        if !self.rules.hold(Rule::ClaimNames) {
            return None;
        }
        let mut segments = claim.split('.');
        let first = claims.get(segments.next()?)?;
        segments.try_fold(first, |value, segment| value.as_object()?.get(segment))
    }
}

/// The mark by which Entra says that the groups did not fit.
fn overage(claims: &Map<String, Value>, groups: &str) -> Option<&'static str> {
    if let Some(Value::Object(elsewhere)) = claims.get("_claim_names")
        && (elsewhere.contains_key("groups") || elsewhere.contains_key(groups))
    {
        return Some("_claim_names");
    }
    match claims.get("hasgroups") {
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(_) => Some("hasgroups"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(reading: &Reading, claims: Value) -> (Vec<String>, Vec<String>, Vec<String>) {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        let membership = reading.read(&claims);
        (
            membership.groups.into_iter().collect(),
            membership.roles.into_iter().collect(),
            membership.notes.iter().map(ToString::to_string).collect(),
        )
    }

    fn named(groups: &str, roles: &str) -> Reading {
        let names = ClaimNames { groups: groups.to_owned(), roles: roles.to_owned() };
        Reading { names, ..Reading::default() }
    }

    fn broken(reading: &Reading, rule: Rule) -> Reading {
        Reading { rules: Rules::without(rule), ..reading.clone() }
    }

    #[test]
    fn names_are_exact_first_and_paths_second() {
        let reading = named("https://example.com/groups", "realm_access.roles");
        let claims = json!({
            "https://example.com/groups": ["a"], "realm_access": {"roles": ["r"]}, "groups": ["g"], "roles": ["x"],
        });
        assert_eq!(read(&reading, claims.clone()), (vec!["a".into()], vec!["r".into()], vec![]));
        assert_eq!(
            read(&broken(&reading, Rule::ClaimNames), claims),
            (vec!["g".into()], vec!["x".into()], vec![])
        );
        let both = json!({"realm_access.roles": ["exact"], "realm_access": {"roles": ["path"]}});
        assert_eq!(read(&reading, both).1, ["exact"]);
        // A path that leads through something else leads nowhere.
        assert_eq!(read(&reading, json!({"realm_access": ["roles"]})).1, [""; 0]);
        assert_eq!(read(&named("", ""), json!({"": ["x"]})).0, [""; 0]);
    }

    #[test]
    fn only_an_array_of_strings_is_a_list() {
        let reading = Reading::default();
        let (groups, roles, notes) = read(&reading, json!({"groups": ["a", 7, null, "b"], "roles": "admin"}));
        assert_eq!((groups, roles), (vec!["a".into(), "b".into()], vec![]));
        assert_eq!(
            notes,
            [
                "2 members of the claim `groups` are no strings and were dropped",
                "the claim `roles` is a string, not a list of strings, and counts as absent",
            ]
        );
        assert_eq!(read(&reading, json!({"groups": [], "roles": []})), (vec![], vec![], vec![]));
        assert_eq!(
            read(&broken(&reading, Rule::ClaimShape), json!({"groups": 7, "roles": "admin"})),
            (vec!["7".into()], vec!["admin".into()], vec![])
        );
    }

    #[test]
    fn a_fallback_is_asked_for() {
        let reading = named("teams", "roles");
        let claims = json!({"roles": ["admin"], "cognito:groups": ["c"]});
        assert_eq!(read(&reading, claims.clone()).0, [""; 0]);
        let (groups, _, notes) = read(&Reading { fallback: true, ..reading.clone() }, claims.clone());
        assert_eq!(groups, ["admin"]);
        assert!(notes.iter().any(|note| note.ends_with("groups were taken from `roles`")), "{notes:?}");
        assert_eq!(read(&broken(&reading, Rule::ClaimFallback), claims).0, ["admin"]);
        // An empty list is an answer.
        let reading = Reading { fallback: true, ..Reading::default() };
        assert_eq!(read(&reading, json!({"groups": [], "roles": ["admin"]})).0, [""; 0]);
    }

    #[test]
    fn an_overage_names_no_groups() {
        for mark in [json!({"_claim_names": {"groups": "src1"}}), json!({"hasgroups": true})] {
            let mut claims = json!({"roles": ["admin"]});
            claims.as_object_mut().unwrap().extend(mark.as_object().unwrap().clone());
            let reading = Reading { fallback: true, ..Reading::default() };
            let (groups, roles, notes) = read(&reading, claims.clone());
            assert_eq!((groups, roles), (vec![], vec!["admin".into()]));
            assert!(notes.iter().any(|note| note.starts_with("the groups did not fit")), "{notes:?}");
            assert_eq!(read(&broken(&Reading::default(), Rule::ClaimOverage), claims).0, ["admin"]);
        }
        assert_eq!(read(&Reading::default(), json!({"groups": ["a"], "hasgroups": false})).0, ["a"]);
    }
}
