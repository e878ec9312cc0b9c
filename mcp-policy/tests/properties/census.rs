//! Which features of §8 a world has, counted in its documents, so that a generator that forgot one is found out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::interpreter::opened;

/// Feature → in how many manifests it was.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) manifests: usize,
    pub(crate) features: BTreeMap<&'static str, usize>,
}

impl Census {
    pub(crate) fn count(&mut self, documents: &[Value]) {
        self.manifests += 1;
        for (name, there) in features(documents) {
            *self.features.entry(name).or_default() += usize::from(there);
        }
    }

    /// The features that fewer than a twentieth of the manifests have.
    pub(crate) fn rare(&self) -> Vec<(&'static str, usize)> {
        let enough = self.manifests.div_ceil(20);
        self.features
            .iter()
            .map(|(name, count)| (*name, *count))
            .filter(|(_, count)| *count < enough)
            .collect()
    }
}

#[expect(clippy::too_many_lines, reason = "one feature after the other")]
fn features(documents: &[Value]) -> Vec<(&'static str, bool)> {
    let all = opened(documents);
    let kind = |kind: &'static str| all.iter().copied().filter(move |document| document["kind"] == kind);
    let policies: Vec<_> = kind("ToolhiveAuthorizationPolicy").collect();
    let bindings: Vec<_> = policies.iter().flat_map(|policy| list(&policy["spec"]["bindings"])).collect();
    let denies: Vec<_> = policies.iter().flat_map(|policy| list(&policy["spec"]["deny"])).collect();
    let restrictions: Vec<_> =
        bindings.iter().flat_map(|binding| list(&binding["ruleRestrictions"])).collect();
    let people: Vec<_> = kind("ClusterPlatformRoleBinding")
        .chain(kind("PlatformRoleBinding"))
        .flat_map(|document| list(&document["spec"]["bindings"]))
        .collect();
    let conditions: Vec<_> =
        people.iter().chain(&bindings).flat_map(|binding| list(&binding["from"])).collect();
    let roles: Vec<_> = kind("ClusterPlatformRole").collect();
    let entries: Vec<_> = roles.iter().flat_map(|role| list(&role["spec"]["productActions"])).collect();
    let hint =
        |name: &str, value: bool| bindings.iter().any(|binding| binding["toolHintFilter"][name] == value);
    let role_used = |name: &str| bindings.iter().any(|binding| binding["roleRef"]["name"] == name);
    let defined = |name: &str| roles.iter().any(|role| role["metadata"]["name"] == name);
    let targets: Vec<_> = policies.iter().map(|policy| target(policy)).collect();
    let servers: Vec<_> = kind("MCPServer").chain(kind("MCPRemoteProxy")).collect();
    let scoped = |deny: &&&Value| TYPES.iter().any(|(field, ..)| !list(&deny[*field]).is_empty());
    let lists = |deny: &&&Value| {
        list(&deny["actions"]).iter().any(|action| action.as_str().is_some_and(|a| a.starts_with("list_")))
    };
    let nameless =
        |restriction: &&&Value| TYPES.iter().all(|(field, ..)| list(&restriction[*field]).is_empty());
    vec![
        ("cluster role binding", kind("ClusterPlatformRoleBinding").next().is_some()),
        ("namespaced role binding", kind("PlatformRoleBinding").next().is_some()),
        ("several policies on a target", repeats(&targets)),
        (
            "one name in two namespaces",
            repeats(&policies.iter().map(|policy| &policy["spec"]["targetRef"]["name"]).collect::<Vec<_>>()),
        ),
        (
            "MCPRemoteProxy",
            policies.iter().any(|policy| policy["spec"]["targetRef"]["kind"] == "MCPRemoteProxy"),
        ),
        (
            "kind left to its default",
            policies.iter().any(|policy| policy["spec"]["targetRef"]["kind"].is_null()),
        ),
        (
            "apiGroup written",
            policies.iter().any(|policy| !policy["spec"]["targetRef"]["apiGroup"].is_null()),
        ),
        (
            "apiGroup of somebody else",
            policies.iter().any(|policy| policy["spec"]["targetRef"]["apiGroup"] == "example.com"),
        ),
        ("wildcard", entries.iter().any(|entry| entry["actions"][0] == "*")),
        ("built-in reader", role_used("reader")),
        ("built-in writer", role_used("writer")),
        ("built-in role restated", defined("reader") || defined("writer")),
        ("custom role", role_used("triage") || role_used("operate")),
        (
            "other product's apiGroup",
            entries.iter().any(|entry| entry["apiGroup"] != "toolhive.enterprise.stacklok.com"),
        ),
        (
            "unknown verb or misused wildcard",
            entries.iter().any(|entry| {
                list(&entry["actions"]).iter().any(|verb| verb == "call_tools")
                    || list(&entry["actions"]).len() > 1 && entry["actions"][0] == "*"
            }),
        ),
        ("`from` narrows", bindings.iter().any(|binding| !list(&binding["from"]).is_empty())),
        ("`from: []`", bindings.iter().any(|binding| empty(&binding["from"]))),
        ("restricted to tools", restrictions.iter().any(|entry| !list(&entry["tools"]).is_empty())),
        ("restricted to prompts", restrictions.iter().any(|entry| !list(&entry["prompts"]).is_empty())),
        ("restricted to resources", restrictions.iter().any(|entry| !list(&entry["resources"]).is_empty())),
        ("several restrictions", bindings.iter().any(|binding| list(&binding["ruleRestrictions"]).len() > 1)),
        ("restriction that names nothing", restrictions.iter().any(|entry| nameless(&entry))),
        ("`ruleRestrictions: []`", bindings.iter().any(|binding| empty(&binding["ruleRestrictions"]))),
        ("readOnlyHint: true", hint("readOnlyHint", true)),
        ("readOnlyHint: false", hint("readOnlyHint", false)),
        ("destructiveHint: true", hint("destructiveHint", true)),
        ("destructiveHint: false", hint("destructiveHint", false)),
        (
            "both hints",
            bindings
                .iter()
                .any(|binding| binding["toolHintFilter"].as_object().is_some_and(|filter| filter.len() == 2)),
        ),
        (
            "`toolHintFilter: {}`",
            bindings
                .iter()
                .any(|binding| binding["toolHintFilter"].as_object().is_some_and(serde_json::Map::is_empty)),
        ),
        ("deny of the whole server", denies.iter().any(|deny| !scoped(&deny))),
        ("deny scoped to names", denies.iter().any(|deny| scoped(&deny))),
        (
            "scoped deny whose action's type is not named",
            denies.iter().any(|deny| {
                scoped(&deny)
                    && TYPES.iter().any(|(field, actions)| {
                        list(&deny[*field]).is_empty()
                            && list(&deny["actions"])
                                .iter()
                                .any(|action| actions.iter().any(|known| action == known))
                    })
            }),
        ),
        ("deny of a list action", denies.iter().any(|deny| lists(&deny) && !scoped(&deny))),
        ("scoped deny of a list action", denies.iter().any(|deny| lists(&deny) && scoped(&deny))),
        (
            "policy of denies alone",
            policies.iter().any(|policy| {
                list(&policy["spec"]["bindings"]).is_empty() && !list(&policy["spec"]["deny"]).is_empty()
            }),
        ),
        (
            "policy with neither",
            policies.iter().any(|policy| {
                list(&policy["spec"]["bindings"]).is_empty() && list(&policy["spec"]["deny"]).is_empty()
            }),
        ),
        (
            "groups and roles in a condition",
            conditions.iter().any(|condition| {
                !list(&condition["groups"]).is_empty() && !list(&condition["roles"]).is_empty()
            }),
        ),
        (
            "several values in a list",
            conditions
                .iter()
                .any(|condition| list(&condition["groups"]).len() > 1 || list(&condition["roles"]).len() > 1),
        ),
        ("several conditions", people.iter().any(|binding| list(&binding["from"]).len() > 1)),
        (
            "empty list in a condition",
            conditions.iter().any(|condition| empty(&condition["groups"]) || empty(&condition["roles"])),
        ),
        (
            "condition of nothing",
            conditions.iter().any(|condition| {
                list(&condition["groups"]).is_empty() && list(&condition["roles"]).is_empty()
            }),
        ),
        (
            "a name that is a group and a role",
            conditions
                .iter()
                .flat_map(|condition| list(&condition["groups"]))
                .any(|name| conditions.iter().any(|other| list(&other["roles"]).contains(name))),
        ),
        (
            "name that is not plain",
            conditions.iter().any(|condition| condition.to_string().contains(['\\', 'Z'])),
        ),
        (
            "missing role",
            role_used("nobody-defines-this")
                || ["triage", "operate"].iter().any(|role| role_used(role) && !defined(role)),
        ),
        (
            "role that is there twice",
            repeats(&roles.iter().map(|role| &role["metadata"]).collect::<Vec<_>>()),
        ),
        ("missing target", policies.iter().any(|policy| policy["spec"]["targetRef"]["name"] == "gone")),
        ("unknown field", bindings.iter().any(|binding| !binding["tooHintFilter"].is_null())),
        (
            "two policies of one name",
            repeats(&policies.iter().map(|policy| &policy["metadata"]).collect::<Vec<_>>()),
        ),
        (
            "two role bindings of one name",
            repeats(
                &kind("ClusterPlatformRoleBinding").map(|document| &document["metadata"]).collect::<Vec<_>>(),
            ) || repeats(
                &kind("PlatformRoleBinding").map(|document| &document["metadata"]).collect::<Vec<_>>(),
            ),
        ),
        (
            "server without an OIDC reference",
            servers.iter().any(|server| server["spec"]["oidcConfigRef"].is_null()),
        ),
        ("empty audience", servers.iter().any(|server| server["spec"]["oidcConfigRef"]["audience"] == "")),
        (
            "OIDC configuration of another namespace",
            servers.iter().any(|server| {
                server["spec"]["oidcConfigRef"]["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("only-in-"))
            }),
        ),
        ("claim names of a ConfigMap", kind("ConfigMap").next().is_some()),
        ("kind: List", documents.iter().any(|document| document["kind"] == "List")),
        ("kind of somebody else", kind("Deployment").next().is_some()),
    ]
}

const TYPES: [(&str, [&str; 2]); 3] = [
    ("tools", ["call_tool", "list_tools"]),
    ("prompts", ["get_prompt", "list_prompts"]),
    ("resources", ["read_resource", "list_resources"]),
];

fn target(policy: &Value) -> [&Value; 3] {
    let reference = &policy["spec"]["targetRef"];
    [&policy["metadata"]["namespace"], &reference["kind"], &reference["name"]]
}

fn repeats<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(index, value)| values[..index].contains(value))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Written, and empty.
fn empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}
