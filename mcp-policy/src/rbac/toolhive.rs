//! The second form: the `cedarv1` file of the open-source proxy, one for each target.
//!
//! That proxy (`pkg/authz/authorizers/cedar`) gives every claim of the token to the principal as an attribute
//! `claim_<name>`, merges the values of both claims into parents of one type, gives a tool, prompt or resource the
//! parent `MCP::"<metadata.name>"`, and denies on any evaluation error. So this form tests the claims themselves,
//! each behind a guard, and never parents, in which a group would pass for a role of its name. A resource is known by
//! its `uri`, since older versions rewrite the id. The file is JSON, which the proxy loads from a name that ends in
//! `.json` or has no extension.

mod claim;

use std::collections::BTreeSet;

use cedar_policy::{Schema, Validator};
use serde_json::{Map, Value, json};

use self::claim::Claim;
use super::{
    Effect, Matching, Offered, Statement,
    compiled::read_back,
    literal::entity,
    status::Finding,
    write::{self, Form, List},
};
use crate::{claims::ClaimNames, rule::Rules, vocabulary::ServerId};

/// The file, and what it says in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolhive {
    text: String,
    findings: Vec<Finding>,
}

/// Why there is no file: this form cannot say what the manifests mean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the open-source proxy's form cannot express this: {0}")]
pub struct Inexpressible(String);

impl Toolhive {
    /// The file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands in the file and has no effect in that proxy.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// The form for the claim names of a deployment, with the schema that they make.
#[derive(Debug)]
pub(super) struct Dialect {
    names: ClaimNames,
    groups: Claim,
    roles: Claim,
    validator: Validator,
}

impl Dialect {
    pub(super) fn new(names: &ClaimNames) -> Result<Self, Inexpressible> {
        let (groups, roles) = (Claim::new(&names.groups)?, Claim::new(&names.roles)?);
        let mut attributes = Map::new();
        for claim in [&groups, &roles] {
            claim.declare(&mut attributes)?;
        }
        let schema =
            Schema::from_json_value(schema(&attributes)).map_err(|error| Inexpressible(error.to_string()))?;
        Ok(Self { names: names.clone(), groups, roles, validator: Validator::new(schema) })
    }

    pub(super) fn file(
        &self,
        server: &ServerId,
        statements: &[Statement],
        matching: Matching,
        rules: Rules,
    ) -> Result<Toolhive, Inexpressible> {
        let member = |list: List, values: &BTreeSet<String>, matching: Matching| {
            let claim = match list {
                List::Groups => &self.groups,
                List::Roles => &self.roles,
            };
            claim.test(values, matching, rules)
        };
        let server_entity = entity("MCP", &server.name, rules);
        let form = Form { server: server_entity, member: &member, matching, rules };
        let mut policies: Vec<_> =
            statements.iter().map(|statement| write::statement(statement, &form)).collect();
        read_back(statements, &policies, &self.validator).map_err(Inexpressible)?;
        if policies.is_empty() {
            // The proxy refuses a file without policies.
            policies.push("// Nothing is granted.\nforbid (principal, action, resource);\n".to_owned());
        }
        let entities = json!([{"uid": {"type": "MCP", "id": server.name}, "attrs": {}, "parents": []}]);
        let file = json!({
            "version": "1.0",
            "type": "cedarv1",
            "cedar": {
                "policies": policies,
                "entities_json": entities.to_string(),
                "group_claim_name": self.names.groups,
                "role_claim_name": self.names.roles,
                "group_entity_type": "Group",
            },
        });
        Ok(Toolhive { text: format!("{file:#}\n"), findings: findings(statements) })
    }
}

/// That proxy forwards every list and shows what may be used (PLATFORM.md §11, 6).
fn findings(statements: &[Statement]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for statement in statements.iter().filter(|statement| statement.effect == Effect::Deny) {
        for offered in Offered::ALL.into_iter().filter(|offered| statement.actions.contains(&offered.list()))
        {
            let (list, access) = (offered.list(), offered.access());
            findings.push(Finding {
                severity: spanned_yaml::Severity::Warning,
                place: statement.origin.place,
                message: format!(
                    "the open-source proxy never asks for `{list}`: to deny it has no effect there"
                ),
                help: Some(format!("deny `{access}` as well: nobody is shown what they may not use")),
            });
        }
    }
    findings
}

/// What that proxy makes entities of, in Cedar's JSON form, in which a claim's name needs no quoting.
fn schema(claims: &Map<String, Value>) -> Value {
    let (text, flag) = (json!({"type": "String"}), json!({"type": "Boolean", "required": false}));
    let thing = |attributes: Value| json!({"memberOfTypes": ["MCP"], "shape": {"type": "Record", "attributes": attributes}});
    let mut actions = Map::new();
    for offered in Offered::ALL {
        for (action, resource) in [(offered.access(), offered.entity_type()), (offered.list(), "FeatureType")]
        {
            let applies = json!({"principalTypes": ["Client"], "resourceTypes": [resource]});
            actions.insert(action.name().to_owned(), json!({"appliesTo": applies}));
        }
    }
    json!({"": {
        "entityTypes": {
            "Client": {"shape": {"type": "Record", "attributes": claims}},
            "MCP": {},
            "FeatureType": {"memberOfTypes": ["MCP"]},
            "Tool": thing(json!({"name": text, "readOnlyHint": flag, "destructiveHint": flag})),
            "Prompt": thing(json!({"name": text})),
            "Resource": thing(json!({"name": text, "uri": text})),
        },
        "actions": actions,
    }})
}
