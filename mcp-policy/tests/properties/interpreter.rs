//! PLATFORM.md §6 to §8 read aloud: what a caller may do, straight from the resources as they were written.
//!
//! It is the other opinion to the compiler's, so it takes nothing from it: no type, no constant, no list of actions
//! of the crate under test. It knows JSON, walks all of it for every question, and is as slow as it is plain.
//! Whoever changes a rule here quotes the contract's sentence for it.

#![expect(clippy::doc_markdown, reason = "the contract's sentences stand here as they stand there")]

use serde_json::Value;

/// How a list within one condition is satisfied (OP-COND; §11 no. 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Any of its values is enough.
    Any,
    /// All of them are needed.
    All,
}

/// A server by what its manifest says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    pub(crate) groups: Vec<String>,
    pub(crate) roles: Vec<String>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// A name of §8's vocabulary.
    pub(crate) action: String,
    /// Of a tool, a prompt or a URI; empty for the list actions.
    pub(crate) name: String,
    /// What the server says of the tool.
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
}

const PLATFORM: &str = "platform.enterprise.stacklok.com/v1alpha1";
const ENTERPRISE: &str = "toolhive.enterprise.stacklok.com/v1alpha1";
const TOOLHIVE: &str = "toolhive.stacklok.dev/v1beta1";
const VOCABULARY: [&str; 6] =
    ["list_tools", "call_tool", "list_prompts", "get_prompt", "list_resources", "read_resource"];

/// May this caller do this on this server?
pub(crate) fn allowed(
    documents: &[Value],
    target: &Target,
    asker: &Asker,
    wish: &Wish,
    within: Within,
) -> bool {
    let documents = opened(documents);
    // MCP-EVAL: "an MCPServer without an OIDC reference or with an empty audience is an error, not an open server".
    // OP-SCOPE: "oidcConfigRef resolve[s] in [its] resource's own namespace only".
    if !stands(&documents, target) {
        return false;
    }
    let policies: Vec<&Value> = documents
        .iter()
        .copied()
        .filter(|document| is_policy(document) && concerns(document, target))
        .collect();
    // OP-FAIL-CLOSED: "a target with any policy that does not compile has no grants from any policy".
    if policies.iter().any(|policy| !compiles(&documents, policy)) {
        return false;
    }
    // OP-DENY: "beats every grant, for everybody, on that server"; "several policies on one target: … denies union".
    if policies.iter().flat_map(|policy| items(&policy["spec"]["deny"])).any(|deny| denies(deny, wish)) {
        return false;
    }
    // OP-DENY: "several policies on one target: grants … union". MCP-EVAL: "a server without any policy denies
    // everything": no policy, no grant.
    policies.iter().any(|policy| {
        items(&policy["spec"]["bindings"])
            .iter()
            .any(|binding| grants(&documents, namespace(policy), binding, asker, wish, within))
    })
}

/// §8: "`kind: List` is opened".
pub(crate) fn opened(documents: &[Value]) -> Vec<&Value> {
    documents
        .iter()
        .flat_map(|document| {
            let listed = document["kind"] == "List";
            if listed { items(&document["items"]).iter().collect() } else { vec![document] }
        })
        .collect()
}

/// CLAIM-NAMES: "overridable by groupsClaim and rolesClaim: from a ConfigMap whose name ends in idp-config among the
/// manifests"; "`groups` and `roles`" otherwise.
pub(crate) fn claim_names(documents: &[Value]) -> (String, String) {
    let said = |key: &str| {
        opened(documents)
            .into_iter()
            .filter(|document| document["apiVersion"] == "v1" && document["kind"] == "ConfigMap")
            .filter(|document| name(document).ends_with("idp-config"))
            .find_map(|document| document["data"][key].as_str())
    };
    (said("groupsClaim").unwrap_or("groups").to_owned(), said("rolesClaim").unwrap_or("roles").to_owned())
}

/// §7, of a token's claims.
pub(crate) fn asker(documents: &[Value], claims: &Value) -> Asker {
    let (groups, roles) = claim_names(documents);
    // CLAIM-OVERAGE: "Entra's _claim_names.groups or hasgroups: no groups".
    let overage = !claims["_claim_names"]["groups"].is_null() || claims["hasgroups"] == true;
    Asker { groups: if overage { Vec::new() } else { claim(claims, &groups) }, roles: claim(claims, &roles) }
}

/// CLAIM-NAMES: "an exact top-level name first, then a dotted path". CLAIM-SHAPE: "an array of strings; other members
/// are dropped; a string, number or object counts as absent".
fn claim(claims: &Value, name: &str) -> Vec<String> {
    let value = match claims.get(name) {
        Some(value) => Some(value),
        None => name.split('.').try_fold(claims, |value, part| value.get(part)),
    };
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The server is there, once, and tokens for it can be verified.
fn stands(documents: &[&Value], target: &Target) -> bool {
    let servers: Vec<_> = documents
        .iter()
        .filter(|document| document["apiVersion"] == TOOLHIVE && document["kind"] == *target.kind)
        .filter(|document| namespace(document) == target.namespace && name(document) == target.name)
        .collect();
    let [server] = servers.as_slice() else { return false };
    let reference = &server["spec"]["oidcConfigRef"];
    let configs = documents
        .iter()
        .filter(|document| document["apiVersion"] == TOOLHIVE && document["kind"] == "MCPOIDCConfig")
        .filter(|document| namespace(document) == target.namespace && reference["name"] == name(document))
        .count();
    configs == 1 && reference["audience"].as_str().is_some_and(|audience| !audience.is_empty())
}

fn is_policy(document: &Value) -> bool {
    document["apiVersion"] == ENTERPRISE && document["kind"] == "ToolhiveAuthorizationPolicy"
}

/// OP-SCOPE: "targetRef … resolve[s] in [its] resource's own namespace only"; §8: "kind: MCPServer (default)".
fn concerns(policy: &Value, target: &Target) -> bool {
    let reference = &policy["spec"]["targetRef"];
    namespace(policy) == target.namespace
        && reference["name"] == *target.name
        && reference["kind"].as_str().unwrap_or("MCPServer") == target.kind
}

/// OP-FAIL-CLOSED: what makes a policy one "that does not compile".
fn compiles(documents: &[&Value], policy: &Value) -> bool {
    // "duplicate"
    let same = documents
        .iter()
        .filter(|other| {
            is_policy(other) && namespace(other) == namespace(policy) && name(other) == name(policy)
        })
        .count();
    let spec = &policy["spec"];
    same == 1
        // §8: "Inside spec … an unknown field is an error".
        && only(spec, &["targetRef", "bindings", "deny"])
        && only(&spec["targetRef"], &["name", "kind", "apiGroup"])
        // §8: "apiGroup default toolhive.stacklok.dev": what lies in another group is no server of ours.
        && spec["targetRef"]["apiGroup"].as_str().is_none_or(|group| group == "toolhive.stacklok.dev")
        // §8: "bindings or deny is non-empty".
        && !(items(&spec["bindings"]).is_empty() && items(&spec["deny"]).is_empty())
        && items(&spec["bindings"]).iter().all(|binding| {
            only(binding, &["roleRef", "from", "ruleRestrictions", "toolHintFilter"])
                && only(&binding["toolHintFilter"], &["readOnlyHint", "destructiveHint"])
                && items(&binding["from"]).iter().all(well_formed)
                && items(&binding["ruleRestrictions"])
                    .iter()
                    .all(|restriction| only(restriction, &["tools", "prompts", "resources"]))
                // "Missing role"
                && actions(documents, role(binding)).is_some()
        })
        && items(&spec["deny"]).iter().all(|deny| {
            only(deny, &["actions", "tools", "prompts", "resources"])
                && !items(&deny["actions"]).is_empty()
                && items(&deny["actions"]).iter().all(|action| VOCABULARY.iter().any(|known| action == known))
        })
}

/// What a role can do. `None`: there is no such role, or not one alone, or it cannot be read.
fn actions(documents: &[&Value], role: &str) -> Option<Vec<String>> {
    let every = || VOCABULARY.map(str::to_owned).to_vec();
    let written: Vec<&&Value> = documents
        .iter()
        .filter(|document| document["apiVersion"] == PLATFORM && document["kind"] == "ClusterPlatformRole")
        .filter(|document| name(document) == role)
        .collect();
    let built_in = match role {
        // §8: "Built-in roles: reader = all six …, writer = *".
        "reader" | "writer" => Some(every()),
        _ => None,
    };
    let document = match written.as_slice() {
        [] => return built_in,
        [document] => document,
        _ => return None,
    };
    let spec = &document["spec"];
    if !only(spec, &["description", "productActions"]) || items(&spec["productActions"]).is_empty() {
        return None;
    }
    let mut granted = Vec::new();
    for entry in items(&spec["productActions"]) {
        let verbs: Vec<&str> = items(&entry["actions"]).iter().filter_map(Value::as_str).collect();
        // §8: "wildcard '*' must be the only action when present"; "actions[1..64]".
        if !only(entry, &["apiGroup", "actions"])
            || verbs.is_empty()
            || (verbs.contains(&"*") && verbs.len() > 1)
        {
            return None;
        }
        // §8: "entries of other groups are ignored with a note".
        if entry["apiGroup"] != "toolhive.enterprise.stacklok.com" {
            continue;
        }
        for verb in verbs {
            match verb {
                // §8: "`*` expands at compile time".
                "*" => granted.extend(every()),
                _ if VOCABULARY.contains(&verb) => granted.push(verb.to_owned()),
                // §8: "an unknown verb in ours is an error".
                _ => return None,
            }
        }
    }
    // §8: "a resource equal to the built-in is accepted, a different one of that name is an error".
    match built_in {
        Some(built_in) if !built_in.iter().all(|action| granted.contains(action)) => None,
        _ => Some(granted),
    }
}

/// §8, of a policy's binding: OP-UNION, OP-NARROW, OP-RESTRICT, OP-HINT.
fn grants(
    documents: &[&Value],
    namespace: &str,
    binding: &Value,
    asker: &Asker,
    wish: &Wish,
    within: Within,
) -> bool {
    let role = role(binding);
    let able = actions(documents, role).is_some_and(|actions| actions.contains(&wish.action));
    // OP-NARROW: "a policy binding's own `from` narrows further". OP-DENY: "an empty list … equals an absent one".
    let from = items(&binding["from"]);
    let narrowed = from.is_empty() || from.iter().any(|condition| matches(condition, asker, within));
    able && holds(documents, namespace, role, asker, within)
        && narrowed
        && unrestricted(binding, wish)
        && hinted(&binding["toolHintFilter"], wish)
}

/// OP-UNION: "who holds a role at a policy = every matching ClusterPlatformRoleBinding ∪ every matching
/// PlatformRoleBinding of the policy's namespace".
fn holds(
    documents: &[&Value],
    policy_namespace: &str,
    role_name: &str,
    asker: &Asker,
    within: Within,
) -> bool {
    documents.iter().filter(|document| document["apiVersion"] == PLATFORM).any(|document| {
        let counts = match document["kind"].as_str() {
            Some("ClusterPlatformRoleBinding") => true,
            Some("PlatformRoleBinding") => namespace(document) == policy_namespace,
            _ => false,
        };
        counts
            && readable_binding(document)
            && alone(documents, document)
            && items(&document["spec"]["bindings"]).iter().any(|binding| {
                role(binding) == role_name
                    // OP-COND: "conditions in `from` are or-ed".
                    && items(&binding["from"]).iter().any(|condition| matches(condition, asker, within))
            })
    })
}

/// A role binding that is not what its schema says binds nobody: absence never opens.
fn readable_binding(document: &Value) -> bool {
    let bindings = items(&document["spec"]["bindings"]);
    only(&document["spec"], &["bindings"])
        && !bindings.is_empty()
        && bindings.iter().all(|binding| {
            only(binding, &["roleRef", "from"])
                && !items(&binding["from"]).is_empty()
                && items(&binding["from"]).iter().all(well_formed)
        })
}

/// OP-FAIL-CLOSED, "duplicate": of two resources of one kind, namespace and name nobody knows which is meant, so
/// neither binds anybody.
fn alone(documents: &[&Value], document: &Value) -> bool {
    documents
        .iter()
        .filter(|other| other["apiVersion"] == document["apiVersion"] && other["kind"] == document["kind"])
        .filter(|other| name(other) == name(document) && namespace(other) == namespace(document))
        .count()
        == 1
}

/// §8: "each condition has one of the two non-empty".
fn well_formed(condition: &Value) -> bool {
    only(condition, &["groups", "roles"])
        && !(items(&condition["groups"]).is_empty() && items(&condition["roles"]).is_empty())
}

/// OP-COND: "a condition matches when its groups list **and** its roles list are satisfied". "A group is never taken
/// for a role of the same name".
fn matches(condition: &Value, asker: &Asker, within: Within) -> bool {
    satisfied(items(&condition["groups"]), &asker.groups, within)
        && satisfied(items(&condition["roles"]), &asker.roles, within)
}

/// OP-COND: "within one list any value is enough (…; the published schema can be read as all)". A list that is not
/// there asks for nothing, since "each condition has one of the two".
fn satisfied(wanted: &[Value], held: &[String], within: Within) -> bool {
    let has = |value: &Value| held.iter().any(|held| value == held);
    wanted.is_empty()
        || match within {
            Within::Any => wanted.iter().any(has),
            Within::All => wanted.iter().all(has),
        }
}

/// OP-RESTRICT: "call_tool only on the listed tools, get_prompt only on the prompts, read_resource only on the URIs;
/// entries are unioned; a type that no entry names is not granted by that binding; an entry naming nothing grants
/// nothing". A list of things that none of the entries names is of that type and not granted either.
fn unrestricted(binding: &Value, wish: &Wish) -> bool {
    let restrictions = items(&binding["ruleRestrictions"]);
    // OP-DENY: "an empty list or map equals an absent one".
    restrictions.is_empty()
        || restrictions.iter().any(|restriction| {
            let named = items(&restriction[kind_of(&wish.action)]);
            if wish.action.starts_with("list_") {
                !named.is_empty()
            } else {
                named.iter().any(|name| *name == wish.name)
            }
        })
}

/// OP-HINT: "the filter gates call_tool only: the hint must be present and equal; fields are and-ed".
fn hinted(filter: &Value, wish: &Wish) -> bool {
    let equal = |wanted: &Value, said: Option<bool>| match wanted.as_bool() {
        Some(wanted) => said == Some(wanted),
        None => true,
    };
    wish.action != "call_tool"
        || (equal(&filter["readOnlyHint"], wish.read_only)
            && equal(&filter["destructiveHint"], wish.destructive))
}

/// OP-DENY: "without tools, prompts, resources it covers the server; in a scoped deny an action whose type is not
/// named is not denied". MCP-LIST: "a deny on the list action refuses the request …, or, scoped to names, hides
/// those": scoped, it does not refuse the list.
fn denies(deny: &Value, wish: &Wish) -> bool {
    let scoped = ["tools", "prompts", "resources"].iter().any(|kind| !items(&deny[*kind]).is_empty());
    items(&deny["actions"]).iter().any(|action| *action == wish.action)
        && (!scoped
            || (!wish.action.starts_with("list_")
                && items(&deny[kind_of(&wish.action)]).iter().any(|name| *name == wish.name)))
}

/// MCP-LIST: "the answer keeps only items whose call_tool, get_prompt, read_resource is allowed"; "a deny on the list
/// action …, scoped to names, hides those". Whether there is an answer at all is a question of its own.
pub(crate) fn shown(
    documents: &[Value],
    target: &Target,
    asker: &Asker,
    wish: &Wish,
    within: Within,
) -> bool {
    let kind = kind_of(&wish.action);
    let hides = |deny: &Value| {
        let scoped = ["tools", "prompts", "resources"].iter().any(|kind| !items(&deny[*kind]).is_empty());
        items(&deny["actions"]).iter().any(|action| *action == format!("list_{kind}"))
            && (!scoped || items(&deny[kind]).iter().any(|name| *name == wish.name))
    };
    allowed(documents, target, asker, wish, within)
        && !opened(documents)
            .into_iter()
            .filter(|document| is_policy(document) && concerns(document, target))
            .flat_map(|policy| items(&policy["spec"]["deny"]))
            .any(hides)
}

/// The field that names what an action acts on.
fn kind_of(action: &str) -> &'static str {
    match action {
        "list_tools" | "call_tool" => "tools",
        "list_prompts" | "get_prompt" => "prompts",
        _ => "resources",
    }
}

fn role(binding: &Value) -> &str {
    binding["roleRef"]["name"].as_str().unwrap_or_default()
}

fn name(document: &Value) -> &str {
    document["metadata"]["name"].as_str().unwrap_or_default()
}

fn namespace(document: &Value) -> &str {
    document["metadata"]["namespace"].as_str().unwrap_or_default()
}

/// A list, or nothing where there is none.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// §8: "Inside `spec` … an unknown field is an error".
fn only(value: &Value, fields: &[&str]) -> bool {
    value.as_object().is_none_or(|object| object.keys().all(|key| fields.contains(&key.as_str())))
}
