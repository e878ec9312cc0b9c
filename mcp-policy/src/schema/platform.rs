//! Roles and role bindings as they are written.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{either, rule};
use crate::manifest::limits::{
    ACTION_PATTERN, ACTIONS, CLAIM_VALUES, CONDITION_NOT_EMPTY, NAME, PRODUCTS, ROLE_BINDING_CONDITIONS,
    ROLE_BINDINGS, WILDCARD_ALONE,
};

/// What a role can do, product by product.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleSpec {
    /// What the role is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    /// The actions of each product.
    #[schemars(length(min = 1, max = PRODUCTS))]
    product_actions: Vec<ProductActions>,
}

/// Actions of one product.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProductActions {
    /// The product's API group; MCP servers ask for `toolhive.enterprise.stacklok.com`.
    #[schemars(length(min = 1))]
    api_group: String,
    /// Names of actions, or `*` alone for all of them.
    #[schemars(
        length(min = 1, max = ACTIONS),
        inner(length(max = NAME), regex(pattern = ACTION_PATTERN)),
        transform = wildcard_alone
    )]
    actions: Vec<String>,
}

fn wildcard_alone(schema: &mut Schema) {
    rule(schema, &WILDCARD_ALONE, &json!([{"maxItems": 1}, {"not": {"contains": {"enum": ["*"]}}}]));
}

/// Who gets which roles.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleBindingSpec {
    /// A role each, and who gets it.
    #[schemars(length(min = 1, max = ROLE_BINDINGS))]
    bindings: Vec<RoleBinding>,
}

/// A role for whoever matches one of the conditions.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleBinding {
    /// The role.
    role_ref: RoleRef,
    /// The conditions, of which one is enough.
    #[schemars(length(min = 1, max = ROLE_BINDING_CONDITIONS))]
    from: Vec<Condition>,
}

/// A role by its name.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleRef {
    /// Always the same.
    kind: RoleKind,
    /// `metadata.name` of the role; `reader` and `writer` are built in.
    #[schemars(length(min = 1))]
    name: String,
}

/// The kind that a role has.
#[derive(Serialize, Deserialize, JsonSchema)]
enum RoleKind {
    ClusterPlatformRole,
}

/// Groups and roles of a token. Both lists have to be satisfied, and one of them has something in it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = condition_not_empty)]
pub(super) struct Condition {
    /// Groups, as the identity provider names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = CLAIM_VALUES), inner(length(max = NAME)))]
    groups: Vec<String>,
    /// Roles, as the identity provider names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = CLAIM_VALUES), inner(length(max = NAME)))]
    roles: Vec<String>,
}

fn condition_not_empty(schema: &mut Schema) {
    rule(schema, &CONDITION_NOT_EMPTY, &either("groups", "roles"));
}
