//! The three rules that the API server evaluates in CEL, written out by hand.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// A rule as the published schemas have it.
pub(super) struct Rule {
    pub(super) kind: &'static str,
    pub(super) path: &'static str,
    pub(super) expression: &'static str,
    pub(super) message: &'static str,
}

const CONDITION: &str =
    "(has(self.groups) && size(self.groups) > 0) || (has(self.roles) && size(self.roles) > 0)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        kind: "ClusterPlatformRole",
        path: "spec.productActions.actions",
        expression: "self.size() == 1 || !('*' in self)",
        message: "wildcard '*' must be the only action when present",
    },
    Rule {
        kind: "ClusterPlatformRoleBinding",
        path: "spec.bindings.from",
        expression: CONDITION,
        message: "at least one of groups or roles must be non-empty",
    },
    Rule {
        kind: "PlatformRoleBinding",
        path: "spec.bindings.from",
        expression: CONDITION,
        message: "at least one of groups or roles must be non-empty",
    },
    Rule {
        kind: "ToolhiveAuthorizationPolicy",
        path: "spec.bindings.from",
        expression: CONDITION,
        message: "at least one of groups or roles must be non-empty",
    },
    Rule {
        kind: "ToolhiveAuthorizationPolicy",
        path: "spec",
        expression: "(has(self.bindings) && self.bindings.size() > 0) || (has(self.deny) && self.deny.size() > 0)",
        message: "at least one of bindings or deny must be non-empty",
    },
];

/// Whether all of them hold for a document whose shape is right; of any other the answer says nothing.
pub(super) fn hold(document: &Json) -> bool {
    let spec = &document["spec"];
    let list = |json: &Json, key: &str| json[key].as_array().cloned().unwrap_or_default();
    let wildcard_alone = list(spec, "productActions").iter().all(|product| {
        let actions = list(product, "actions");
        actions.len() == 1 || !actions.iter().any(|action| action == "*")
    });
    let conditions_ask = list(spec, "bindings")
        .iter()
        .flat_map(|binding| list(binding, "from"))
        .all(|condition| !list(&condition, "groups").is_empty() || !list(&condition, "roles").is_empty());
    let is_policy = document["kind"] == "ToolhiveAuthorizationPolicy" && spec.is_object();
    let policy_says = !is_policy || !list(spec, "bindings").is_empty() || !list(spec, "deny").is_empty();
    wildcard_alone && conditions_ask && policy_says
}

/// The rules in a schema with the path of the values that they are about.
pub(super) fn collect(
    schema: &Json,
    kind: &'static str,
    path: &str,
    found: &mut BTreeSet<(&'static str, String, String, String)>,
) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let text = |key: &str| rule[key].as_str().unwrap().to_owned();
        found.insert((kind, path.to_owned(), text("rule"), text("message")));
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        collect(inner, kind, &path, found);
    }
    if let Some(items) = schema.get("items") {
        collect(items, kind, path, found);
    }
}
