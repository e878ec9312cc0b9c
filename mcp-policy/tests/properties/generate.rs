//! Random worlds: manifests in every feature of §8, callers and wishes, all drawn from the same few names, so that
//! they meet.
//!
//! Documents are JSON as a person would write the YAML; what is a defect (a missing role, a field that does not
//! exist) is drawn rarely, but often enough to be counted.

use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value, json};

use super::interpreter::{Target, Wish};

/// Manifests and questions about them.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) documents: Vec<Value>,
    pub(crate) questions: Vec<Question>,
}

#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Mostly a server that a policy names.
    target: (bool, Index),
    pub(crate) claims: Value,
    pub(crate) wish: Wish,
}

pub(crate) const NAMESPACES: [&str; 2] = ["engineering", "sales"];
pub(crate) const KINDS: [&str; 2] = ["MCPServer", "MCPRemoteProxy"];
const SERVERS: [&str; 2] = ["github", "jira"];

impl World {
    /// The server that a question is about.
    pub(crate) fn target(&self, question: &Question) -> Target {
        let named: Vec<Target> = super::interpreter::opened(&self.documents)
            .into_iter()
            .filter(|document| document["kind"] == "ToolhiveAuthorizationPolicy")
            .map(|policy| {
                target(
                    policy["metadata"]["namespace"].as_str().unwrap_or_default(),
                    policy["spec"]["targetRef"]["kind"].as_str().unwrap_or("MCPServer"),
                    policy["spec"]["targetRef"]["name"].as_str().unwrap_or_default(),
                )
            })
            .collect();
        match question.target {
            (true, index) if !named.is_empty() => index.get(&named).clone(),
            (_, index) => index.get(&servers()).clone(),
        }
    }
}

fn target(namespace: &str, kind: &str, name: &str) -> Target {
    Target { namespace: namespace.to_owned(), kind: kind.to_owned(), name: name.to_owned() }
}

/// Every server that can be there: the same names in two namespaces and of two kinds.
pub(crate) fn servers() -> Vec<Target> {
    NAMESPACES
        .into_iter()
        .flat_map(|namespace| {
            KINDS.into_iter().flat_map(move |kind| SERVERS.map(|name| target(namespace, kind, name)))
        })
        .collect()
}

/// Manifests, and a number of questions.
pub(crate) fn world(questions: usize) -> impl Strategy<Value = World> {
    (documents(), vec(question(), questions))
        .prop_map(|(documents, questions)| World { documents, questions })
}

/// Groups and roles alike: a name that is a group in a token is a role in a manifest, and the other way round.
fn person() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        10 => select(&["engineers", "admins", "viewer"][..]),
        3 => select(&[
            "Zoë Łąka",
            "a\"); permit (principal, action, resource); //",
            "two\nlines */",
            "back\\slash",
        ][..]),
    ]
}

fn tool() -> impl Strategy<Value = &'static str> {
    select(&["list_issues", "delete_repo", "say \"hi\"\n// ü"][..])
}

fn prompt() -> impl Strategy<Value = &'static str> {
    // One of them has a tool's name.
    select(&["summary", "list_issues"][..])
}

fn uri() -> impl Strategy<Value = &'static str> {
    // Two that differ in what a careless reading of URIs takes for the same.
    select(&["file:///README.md", "file:///readme.md", "repo://x?q=\"*\""][..])
}

fn role_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        60 => select(&["writer", "reader", "triage", "operate"][..]),
        1 => Just("nobody-defines-this"),
    ]
}

/// A value that is usually there in some form, and an absent field otherwise.
fn field(name: &'static str, value: Option<Value>) -> impl Fn(Value) -> Value {
    move |mut object| {
        if let (Some(object), Some(value)) = (object.as_object_mut(), &value) {
            object.insert(name.to_owned(), value.clone());
        }
        object
    }
}

fn object(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    fields.into_iter().fold(Value::Object(Map::new()), |object, (name, value)| field(name, value)(object))
}

/// A non-empty list of one to two names.
fn names<S: Strategy<Value = &'static str>>(name: S) -> impl Strategy<Value = Value> {
    vec(name, 1..=2).prop_map(|names| json!(names))
}

/// Sometimes absent, sometimes empty, sometimes with names.
fn perhaps<S: Strategy<Value = &'static str>>(name: S) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![6 => Just(None), 1 => Just(Some(json!([]))), 6 => names(name).prop_map(Some)]
}

fn condition() -> impl Strategy<Value = Value> {
    let both = (names(person()), names(person()))
        .prop_map(|(groups, roles)| json!({ "groups": groups, "roles": roles }));
    let one = (any::<bool>(), names(person()), weighted(0.15, Just(json!([])))).prop_map(
        |(group, names, empty)| {
            let (groups, roles) = if group { (Some(names), empty) } else { (empty, Some(names)) };
            object([("groups", groups), ("roles", roles)])
        },
    );
    let neither = select(vec![json!({}), json!({ "groups": [] })]);
    prop_oneof![30 => both, 110 => one, 1 => neither]
}

fn resource(api: &str, kind: &str, namespace: Option<&str>, name: &str, spec: &Value) -> Value {
    let metadata = object([("name", Some(json!(name))), ("namespace", namespace.map(|ns| json!(ns)))]);
    json!({ "apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec })
}

const PLATFORM: &str = "platform.enterprise.stacklok.com/v1alpha1";
const ENTERPRISE: &str = "toolhive.enterprise.stacklok.com/v1alpha1";
const TOOLHIVE: &str = "toolhive.stacklok.dev/v1beta1";
const ACTIONS: [&str; 6] =
    ["call_tool", "list_tools", "get_prompt", "list_prompts", "read_resource", "list_resources"];

fn product_actions() -> impl Strategy<Value = Value> {
    let ours = "toolhive.enterprise.stacklok.com";
    let verbs = vec(select(&ACTIONS[..]), 3..=6).prop_map(|verbs| json!(verbs));
    let every = Just(json!(["*"]));
    let wrong = select(vec![json!(["call_tools"]), json!(["*", "call_tool"])]);
    prop_oneof![
        14 => verbs.prop_map(move |verbs| json!({ "apiGroup": ours, "actions": verbs })),
        4 => every.prop_map(move |verbs| json!({ "apiGroup": ours, "actions": verbs })),
        1 => wrong.prop_map(move |verbs| json!({ "apiGroup": ours, "actions": verbs })),
        4 => select(vec![json!(["*"]), json!(["call_tool", "deploy"])])
            .prop_map(|verbs| json!({ "apiGroup": "registry.example.com", "actions": verbs })),
    ]
}

/// The two custom roles, mostly there, and the built-in ones, rarely restated.
fn roles() -> impl Strategy<Value = Vec<Value>> {
    let custom = |name: &'static str| {
        weighted(0.98, (vec(product_actions(), 1..=2), weighted(0.2, Just(json!("what it is for")))))
            .prop_map(move |spec| {
                spec.map(|(actions, description)| {
                    let spec =
                        object([("description", description), ("productActions", Some(json!(actions)))]);
                    resource(PLATFORM, "ClusterPlatformRole", None, name, &spec)
                })
            })
    };
    let built_in = (select(&["reader", "writer"][..]), 0..5_u8).prop_map(|(name, how)| {
        let actions = match how {
            0 => json!(["call_tool"]),
            // Whoever cannot read it must not take the built-in one in its place.
            1 => json!(["call_tools"]),
            _ if name == "reader" => json!(ACTIONS),
            _ => json!(["*"]),
        };
        let spec = json!({ "productActions": [{ "apiGroup": "toolhive.enterprise.stacklok.com", "actions": actions }] });
        resource(PLATFORM, "ClusterPlatformRole", None, name, &spec)
    });
    let twice = weighted(0.07, custom("triage")).prop_map(Option::flatten);
    (custom("triage"), custom("operate"), weighted(0.2, built_in), twice)
        .prop_map(|(one, two, three, four)| [one, two, three, four].into_iter().flatten().collect())
}

fn role_ref(name: &str) -> Value {
    json!({ "kind": "ClusterPlatformRole", "name": name })
}

/// `namespace`: of a `PlatformRoleBinding`.
fn role_binding() -> impl Strategy<Value = Value> {
    let binding = (role_name(), vec(condition(), 1..=2))
        .prop_map(|(role, from)| json!({ "roleRef": role_ref(role), "from": from }));
    let namespace = prop_oneof![3 => Just(None), 2 => select(&NAMESPACES[..]).prop_map(Some)];
    (namespace, 0..14_u8, vec(binding, 2..=5)).prop_map(|(namespace, name, bindings)| {
        let kind = if namespace.is_some() { "PlatformRoleBinding" } else { "ClusterPlatformRoleBinding" };
        // The name's range is small enough for duplicates to occur.
        resource(PLATFORM, kind, namespace, &format!("people-{name}"), &json!({ "bindings": bindings }))
    })
}

fn restriction() -> impl Strategy<Value = Value> {
    (perhaps(tool()), perhaps(prompt()), perhaps(uri())).prop_map(|(tools, prompts, resources)| {
        object([("tools", tools), ("prompts", prompts), ("resources", resources)])
    })
}

fn restrictions() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        14 => Just(None),
        1 => Just(Some(json!([]))),
        6 => vec(restriction(), 1..=2).prop_map(|entries| Some(json!(entries))),
    ]
}

fn hint_filter() -> impl Strategy<Value = Option<Value>> {
    let hint = || prop_oneof![2 => Just(None), 3 => any::<bool>().prop_map(|hint| Some(json!(hint)))];
    let filter = (hint(), hint()).prop_map(|(read_only, destructive)| {
        Some(object([("readOnlyHint", read_only), ("destructiveHint", destructive)]))
    });
    prop_oneof![3 => Just(None), 1 => filter]
}

fn policy_binding() -> impl Strategy<Value = Value> {
    let from = prop_oneof![
        14 => Just(None),
        1 => Just(Some(json!([]))),
        4 => vec(condition(), 1..=2).prop_map(|from| Some(json!(from))),
    ];
    (role_name(), from, restrictions(), hint_filter(), 0..60_u8).prop_map(
        |(role, from, restrictions, hints, slip)| {
            // What a slip of the pen would turn into an unfiltered grant.
            let (hints_field, hints) = match slip {
                0 => ("tooHintFilter", Some(json!({ "readOnlyHint": true }))),
                _ => ("toolHintFilter", hints),
            };
            object([
                ("roleRef", Some(role_ref(role))),
                ("from", from),
                ("ruleRestrictions", restrictions),
                (hints_field, hints),
            ])
        },
    )
}

fn deny() -> impl Strategy<Value = Value> {
    let actions = vec(select(&ACTIONS[..]), 1..=2).prop_map(|actions| json!(actions));
    (actions, perhaps(tool()), perhaps(prompt()), perhaps(uri())).prop_map(
        |(actions, tools, prompts, resources)| {
            object([
                ("actions", Some(actions)),
                ("tools", tools),
                ("prompts", prompts),
                ("resources", resources),
            ])
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![2 => Just(None), 1 => select(&KINDS[..]).prop_map(|kind| Some(json!(kind)))];
    let group = prop_oneof![
        30 => Just(None),
        8 => Just(Some(json!("toolhive.stacklok.dev"))),
        1 => Just(Some(json!("example.com"))),
    ];
    let denies = prop_oneof![
        20 => Just(None),
        1 => Just(Some(json!([]))),
        6 => vec(deny(), 1..=2).prop_map(|denies| Some(json!(denies))),
    ];
    let bindings = prop_oneof![
        1 => Just(None),
        1 => Just(Some(json!([]))),
        24 => vec(policy_binding(), 1..=4).prop_map(|bindings| Some(json!(bindings))),
    ];
    let place =
        (select(&NAMESPACES[..]), kind, group, prop_oneof![24 => select(&SERVERS[..]), 1 => Just("gone")]);
    (place, bindings, denies, 0..20_u8).prop_map(
        |((namespace, kind, group, server), bindings, denies, name)| {
            let target = object([("name", Some(json!(server))), ("kind", kind), ("apiGroup", group)]);
            let spec = object([("targetRef", Some(target)), ("bindings", bindings), ("deny", denies)]);
            resource(
                ENTERPRISE,
                "ToolhiveAuthorizationPolicy",
                Some(namespace),
                &format!("access-{name}"),
                &spec,
            )
        },
    )
}

/// One server, mostly in good order.
fn server(target: Target) -> impl Strategy<Value = Option<Value>> {
    let reference = prop_oneof![
        90 => Just(Some(json!({ "name": "idp", "audience": "mcp" }))),
        1 => Just(Some(json!({ "name": "idp", "audience": "" }))),
        // It lies in the other namespace.
        1 => Just(Some(json!({ "name": format!("only-in-{}", other(&target.namespace)), "audience": "mcp" }))),
        1 => Just(None),
    ];
    weighted(0.97, reference).prop_map(move |reference| {
        let spec = object([("oidcConfigRef", reference?), ("image", Some(json!("ghcr.io/x/y:1")))]);
        Some(resource(TOOLHIVE, &target.kind, Some(&target.namespace), &target.name, &spec))
    })
}

fn other(namespace: &str) -> &'static str {
    if namespace == NAMESPACES[0] { NAMESPACES[1] } else { NAMESPACES[0] }
}

fn oidc_configs() -> Vec<Value> {
    let spec = json!({ "type": "inline", "inline": { "issuer": "https://acme.example/" } });
    NAMESPACES
        .into_iter()
        .flat_map(|namespace| {
            ["idp".to_owned(), format!("only-in-{namespace}")].map(|name| (namespace, name))
        })
        .map(|(namespace, name)| resource(TOOLHIVE, "MCPOIDCConfig", Some(namespace), &name, &spec))
        .collect()
}

const GROUP_CLAIMS: [&str; 3] = ["groups", "https://acme.example/groups", "teams"];
const ROLE_CLAIMS: [&str; 3] = ["roles", "realm_access.roles", "app roles"];

fn claim_names() -> impl Strategy<Value = Option<Value>> {
    let names = (weighted(0.7, select(&GROUP_CLAIMS[..])), weighted(0.7, select(&ROLE_CLAIMS[..])));
    weighted(0.2, names).prop_map(|names| {
        let (groups, roles) = names?;
        let data = object([
            ("groupsClaim", groups.map(|name| json!(name))),
            ("rolesClaim", roles.map(|name| json!(name))),
        ]);
        let metadata = json!({ "name": "acme-platform-idp-config", "namespace": "platform" });
        Some(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data }))
    })
}

/// Everything, in any order, some of it in a `List`.
fn documents() -> impl Strategy<Value = Vec<Value>> {
    let servers: Vec<_> = servers().into_iter().map(server).collect();
    let people = vec(role_binding(), 2..=4);
    let skipped = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "x" } });
    (roles(), people, vec(policy(), 1..=5), servers, claim_names(), weighted(0.1, Just(skipped)), 0..4_u8)
        .prop_map(|(roles, people, policies, servers, claim_names, skipped, listed)| {
            let servers = servers.into_iter().flatten();
            let rest: Vec<_> = roles
                .into_iter()
                .chain(people)
                .chain(oidc_configs())
                .chain(claim_names)
                .chain(skipped)
                .collect();
            let mut documents: Vec<_> = policies.into_iter().chain(servers).collect();
            match listed {
                0 => documents.push(json!({ "apiVersion": "v1", "kind": "List", "items": rest })),
                _ => documents.extend(rest),
            }
            documents
        })
        .prop_shuffle()
}

/// A token's claims, as an identity provider would put them there, and sometimes as none should.
fn claims() -> impl Strategy<Value = Value> {
    let values = || {
        prop_oneof![
            14 => vec(person(), 1..=5).prop_map(|values| Some(json!(values))),
            1 => Just(None),
            1 => vec(person(), 1..=2).prop_map(|values| Some(json!([values, "viewer", 7, true]))),
            1 => select(vec![json!("admins"), json!({ "admins": true }), json!("")]).prop_map(Some),
        ]
    };
    let exact = weighted(0.1, vec(person(), 0..=2));
    (vec(values(), 3), vec(values(), 3), exact, weighted(0.03, any::<bool>())).prop_map(
        |(groups, roles, exact, overage)| {
            let mut claims = Map::new();
            claims.insert("iss".to_owned(), json!("https://acme.example/"));
            claims.insert("sub".to_owned(), json!("zoë"));
            for (name, value) in GROUP_CLAIMS.into_iter().zip(groups) {
                claims.extend(value.map(|value| (name.to_owned(), value)));
            }
            for (name, value) in ROLE_CLAIMS.into_iter().zip(roles) {
                let value = match name.split_once('.') {
                    Some((outer, inner)) => value.map(|value| (outer.to_owned(), object_of(inner, &value))),
                    None => value.map(|value| (name.to_owned(), value)),
                };
                claims.extend(value);
            }
            // CLAIM-NAMES: the exact name comes before the path.
            claims.extend(exact.map(|values| ("realm_access.roles".to_owned(), json!(values))));
            match overage {
                Some(true) => claims.insert("hasgroups".to_owned(), json!(true)),
                Some(false) => claims.insert("_claim_names".to_owned(), json!({ "groups": "src1" })),
                None => None,
            };
            Value::Object(claims)
        },
    )
}

fn object_of(name: &str, value: &Value) -> Value {
    json!({ name: value })
}

fn wish() -> impl Strategy<Value = Wish> {
    let hint = || select(vec![None, Some(true), Some(false)]);
    let call = (tool(), hint(), hint()).prop_map(|(name, read_only, destructive)| Wish {
        action: "call_tool".to_owned(),
        name: name.to_owned(),
        read_only,
        destructive,
    });
    let plain = |action: &str, name: &str| Wish {
        action: action.to_owned(),
        name: name.to_owned(),
        read_only: None,
        destructive: None,
    };
    prop_oneof![
        5 => call,
        2 => prompt().prop_map(move |name| plain("get_prompt", name)),
        2 => uri().prop_map(move |name| plain("read_resource", name)),
        3 => select(&["list_tools", "list_prompts", "list_resources"][..]).prop_map(move |action| plain(action, "")),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    ((prop::bool::weighted(0.95), any::<Index>()), claims(), wish())
        .prop_map(|(target, claims, wish)| Question { target, claims, wish })
}
