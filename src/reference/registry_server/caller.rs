//! Who asks, and what the claims of its token permit. Pure: a token's claims against a resource's.

use std::collections::BTreeSet;

use mcp_policy::claims::{Membership, Reading};
use serde_json::{Map, Value as Json};

use super::failure::Failure;
use crate::model::{
    rule::{Rule, Rules},
    values::registry_server::{ClaimMap, Role, RoleRules, values_of},
};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// Anybody, under the mode `anonymous`: nothing is looked at.
    Anybody,
    /// The bearer of a verified token.
    Bearer(Bearer),
}

/// The bearer of a verified token.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    claims: Map<String, Json>,
    membership: Membership,
    roles: Vec<Role>,
    rules: Rules,
}

impl Bearer {
    pub(super) fn new(
        claims: Map<String, Json>,
        reading: &Reading,
        role_rules: &RoleRules,
        rules: Rules,
    ) -> Self {
        let membership = reading.read(&claims);
        let mut bearer = Self { claims, membership, roles: Vec::new(), rules };
        bearer.roles = Role::ALL.into_iter().filter(|role| bearer.satisfies(role_rules.of(*role))).collect();
        bearer
    }

    /// Empty where the token has none.
    pub(super) fn subject(&self) -> &str {
        self.claims.get("sub").and_then(Json::as_str).unwrap_or_default()
    }

    /// In the order of the configuration.
    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// One map of a role is enough; of a map every claim counts, and of a claim any value.
    fn satisfies(&self, maps: &[ClaimMap]) -> bool {
        let matches = |map: &ClaimMap| {
            if self.rules.hold(Rule::RsClaimMap) {
                !map.is_empty() && self.shares_each_of(map)
            } else {
                map.is_empty() || self.shares_one_of(map)
            }
        };
        maps.iter().any(matches)
    }

    /// For each claim the token has at least one of the values.
    fn shares_each_of(&self, claims: &ClaimMap) -> bool {
        claims.iter().all(|(name, values)| !values.is_disjoint(&self.values(name)))
    }

    /// For one of the claims the token has at least one of the values: RS-READ or RS-CLAIM-MAP broken.
    fn shares_one_of(&self, claims: &ClaimMap) -> bool {
        claims.iter().any(|(name, values)| !values.is_disjoint(&self.values(name)))
    }

    /// For each claim the token has all of the values.
    fn has_all_of(&self, claims: &ClaimMap) -> bool {
        claims.iter().all(|(name, values)| values.is_subset(&self.values(name)))
    }

    /// What the token has under the name of a claim map. `groups` and `roles` are read by the rules of §7, under the names
    /// that the identity provider gives them; any other claim is a string or an array of strings, at the top level.
    fn values(&self, name: &str) -> BTreeSet<&str> {
        match name {
            "groups" => self.membership.groups.iter().map(String::as_str).collect(),
            "roles" => self.membership.roles.iter().map(String::as_str).collect(),
            name => self.claims.get(name).map(values_of).unwrap_or_default(),
        }
    }
}

impl Caller {
    /// The rules that the server keeps. Where nobody's claims are looked at there is none to break.
    pub(super) fn rules(&self) -> Rules {
        match self {
            Self::Anybody => Rules::ALL,
            Self::Bearer(bearer) => bearer.rules,
        }
    }

    /// The caller has the role, or is a superAdmin.
    pub(super) fn holds(&self, role: Role) -> bool {
        match self {
            Self::Anybody => true,
            Self::Bearer(bearer) => bearer.roles.contains(&Role::SuperAdmin) || bearer.roles.contains(&role),
        }
    }

    /// RS-ROLE.
    pub(super) fn require(&self, role: Role) -> Result<(), Failure> {
        if self.holds(role) || !self.rules().hold(Rule::RsRole) {
            Ok(())
        } else {
            Err(Failure::Forbidden("the caller lacks the role for this"))
        }
    }

    /// RS-READ: the caller shares a value of each claim of the resource.
    pub(super) fn may_read(&self, labels: &ClaimMap) -> bool {
        match self {
            Self::Anybody => true,
            _ if self.holds(Role::SuperAdmin) => true,
            Self::Bearer(bearer) if labels.is_empty() => !bearer.rules.hold(Rule::RsUnlabelled),
            Self::Bearer(bearer) if !bearer.rules.hold(Rule::RsRead) => bearer.shares_one_of(labels),
            Self::Bearer(bearer) => bearer.shares_each_of(labels),
        }
    }

    /// RS-WRITE: the caller has every value of every claim, those that a resource has and those that it is given.
    pub(super) fn may_write(&self, labels: &ClaimMap) -> bool {
        match self {
            Self::Anybody => true,
            _ if self.holds(Role::SuperAdmin) => true,
            Self::Bearer(_) if labels.is_empty() => false,
            Self::Bearer(bearer) if !bearer.rules.hold(Rule::RsWrite) => self.may_read(labels),
            Self::Bearer(bearer) => bearer.has_all_of(labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{
        collection::{btree_map, vec},
        prelude::{Strategy, prop_assert_eq, proptest},
        sample::select,
    };
    use serde_json::json;

    use super::*;

    fn members(json: Json) -> Map<String, Json> {
        let Json::Object(members) = json else { unreachable!() };
        members
    }

    fn bearer(claims: Json, role: Role, maps: Json) -> Bearer {
        let Json::Array(maps) = maps else { unreachable!() };
        let maps = maps.into_iter().map(|map| ClaimMap::new(members(map)).unwrap()).collect();
        let rules = RoleRules::new(BTreeMap::from([(role, maps)]));
        Bearer::new(members(claims), &Reading::default(), &rules, Rules::ALL)
    }

    /// §9: maps are or-ed, claims in a map and-ed; a value is a string or an array, any overlap matches.
    #[test]
    fn claim_maps() {
        let claims = json!({
            "org": "acme", "team": ["a", "b"], "groups": ["g1", "g2"], "roles": ["r1"], "level": 7, "empty": [],
            "nested": { "org": "acme" }, "mixed": ["x", 7],
        });
        for (maps, expected) in [
            (json!([]), false),
            (json!([{}]), false),
            (json!([{}, { "org": "acme" }]), true),
            (json!([{ "org": "acme" }]), true),
            (json!([{ "org": "Acme" }]), false),
            (json!([{ "org": ["acme", "other"] }]), true),
            (json!([{ "team": "b" }]), true),
            (json!([{ "team": ["c", "b"] }]), true),
            (json!([{ "team": ["c", "d"] }]), false),
            (json!([{ "org": "acme", "team": "a" }]), true),
            (json!([{ "org": "acme", "team": "c" }]), false),
            (json!([{ "org": "acme", "team": "c" }, { "team": "a" }]), true),
            (json!([{ "groups": "g2" }]), true),
            (json!([{ "groups": "r1" }]), false),
            (json!([{ "roles": "r1", "groups": "g1" }]), true),
            (json!([{ "level": "7" }]), false),
            (json!([{ "empty": "x" }]), false),
            (json!([{ "nested": "acme" }]), false),
            (json!([{ "nested.org": "acme" }]), false),
            (json!([{ "mixed": "x" }]), true),
            (json!([{ "mixed": "7" }]), false),
            (json!([{ "absent": "x" }]), false),
        ] {
            for role in Role::ALL {
                let bearer = bearer(claims.clone(), role, maps.clone());
                let expected = if expected { vec![role] } else { Vec::new() };
                assert_eq!(bearer.roles(), expected, "{maps}");
            }
        }
    }

    #[test]
    fn a_super_admin_satisfies_every_role_and_nobody_else_another() {
        for role in Role::ALL {
            let caller = Caller::Bearer(bearer(json!({ "org": "acme" }), role, json!([{ "org": "acme" }])));
            for other in Role::ALL {
                let expected = role == other || role == Role::SuperAdmin;
                assert_eq!(caller.holds(other), expected, "{role:?} as {other:?}");
                assert_eq!(caller.require(other).is_ok(), expected);
            }
            let nothing = ClaimMap::default();
            assert_eq!(caller.may_read(&nothing), role == Role::SuperAdmin, "RS-UNLABELLED");
            assert_eq!(caller.may_write(&nothing), role == Role::SuperAdmin);
        }
    }

    /// A few claims with a few values, so that most of them meet. One value may stand alone.
    fn few() -> impl Strategy<Value = Vec<(String, Vec<&'static str>)>> {
        let name = select(vec!["org", "team", "groups", "roles"]).prop_map(str::to_owned);
        btree_map(name, vec(select(vec!["a", "b", "c"]), 1..4), 0..4)
            .prop_map(|map| map.into_iter().collect())
    }

    fn object(claims: &[(String, Vec<&str>)], alone: bool) -> Map<String, Json> {
        let value = |name: &str, values: &[&str]| match values {
            // Groups and roles are arrays (CLAIM-SHAPE).
            [one] if alone && !["groups", "roles"].contains(&name) => json!(one),
            several => json!(several),
        };
        claims.iter().map(|(name, values)| (name.clone(), value(name, values))).collect()
    }

    proptest! {
        /// Against loops over lists.
        #[test]
        fn reading_takes_any_value_and_writing_every_one(own in few(), labels in few(), alone: bool) {
            let caller = Caller::Bearer(Bearer::new(
                object(&own, alone),
                &Reading::default(),
                &RoleRules::default(),
                Rules::ALL,
            ));
            let mut any = !labels.is_empty();
            let mut every = !labels.is_empty();
            for (name, wanted) in &labels {
                let mut found = 0;
                for value in wanted {
                    let mut has = false;
                    for (own_name, own_values) in &own {
                        for own_value in own_values {
                            has |= own_name == name && own_value == value;
                        }
                    }
                    found += u32::from(has);
                }
                any &= found > 0;
                every &= found as usize == wanted.len();
            }
            let labels = ClaimMap::new(object(&labels, alone)).unwrap();
            prop_assert_eq!(caller.may_read(&labels), any);
            prop_assert_eq!(caller.may_write(&labels), every);
        }
    }
}
