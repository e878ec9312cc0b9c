//! Resources around every limit: whole ones, each changed in one place in many ways, and in two places by a seed.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

/// A resource and how it came about.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) json: Json,
}

/// The same ones every time, none twice.
pub(super) fn all() -> Vec<Document> {
    let mut documents = Vec::new();
    let mut chance = Chance(20_261_126);
    for whole in whole_ones() {
        let singles = changes(&whole);
        let doubles: Vec<_> = (0..60)
            .map(|_| {
                let first = &singles[chance.below(singles.len())];
                let second = changes(first);
                second[chance.below(second.len())].clone()
            })
            .collect();
        documents.push(whole);
        documents.extend(singles);
        documents.extend(doubles);
    }
    let mut seen = BTreeSet::new();
    documents.retain(|document| seen.insert(document.json.to_string()));
    documents
}

/// Knuth's MMIX generator: a seed gives the same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn whole_ones() -> Vec<Document> {
    let resource = |kind: &str, version: &str, metadata: Json, spec: Json| Document {
        name: kind.to_owned(),
        json: json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}),
    };
    let platform = "platform.enterprise.stacklok.com/v1alpha1";
    let (cluster, namespaced) = (json!({"name": "x"}), json!({"name": "x", "namespace": "n"}));
    let bindings = json!({"bindings": [{
        "roleRef": {"kind": "ClusterPlatformRole", "name": "reader"},
        "from": [{"groups": ["g"], "roles": ["r"]}, {"roles": ["r"]}],
    }]});
    vec![
        resource(
            "ClusterPlatformRole",
            platform,
            cluster.clone(),
            json!({
                "description": "d",
                "productActions": [
                    {"apiGroup": "toolhive.enterprise.stacklok.com", "actions": ["call_tool", "list_tools"]},
                    {"apiGroup": "other.example.com", "actions": ["publish"]},
                ],
            }),
        ),
        resource("ClusterPlatformRoleBinding", platform, cluster, bindings.clone()),
        resource("PlatformRoleBinding", platform, namespaced.clone(), bindings),
        resource(
            "ToolhiveAuthorizationPolicy",
            "toolhive.enterprise.stacklok.com/v1alpha1",
            namespaced,
            json!({
                "targetRef": {"name": "s", "kind": "MCPRemoteProxy", "apiGroup": "toolhive.stacklok.dev"},
                "bindings": [{
                    "roleRef": {"kind": "ClusterPlatformRole", "name": "reader"},
                    "from": [{"groups": ["g"], "roles": ["r"]}],
                    "ruleRestrictions": [{"tools": ["t"], "prompts": ["p"], "resources": ["u"]}],
                    "toolHintFilter": {"readOnlyHint": true, "destructiveHint": false},
                }],
                "deny": [{"actions": ["call_tool"], "tools": ["t"], "prompts": ["p"], "resources": ["u"]}],
            }),
        ),
    ]
}

/// A document changed at every place of its spec, in every way that suits the value there.
fn changes(whole: &Document) -> Vec<Document> {
    let mut pointers = Vec::new();
    collect(&whole.json["spec"], "/spec".to_owned(), &mut pointers);
    let mut changed = Vec::new();
    for pointer in pointers {
        let mut add = |how: &str, json: Json| {
            changed.push(Document { name: format!("{} {pointer} {how}", whole.name), json });
        };
        let value = whole.json.pointer(&pointer).unwrap();
        for (how, other) in others(value) {
            let mut json = whole.json.clone();
            *json.pointer_mut(&pointer).unwrap() = other;
            add(&how, json);
        }
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut json = whole.json.clone();
        if let Some(Json::Object(members)) = json.pointer_mut(parent) {
            members.shift_remove(key);
            add("absent", json);
        }
    }
    changed
}

fn collect(value: &Json, pointer: String, pointers: &mut Vec<String>) {
    match value {
        // Items of a list are alike: the first stands for all.
        Json::Array(items) => {
            if let Some(first) = items.first() {
                collect(first, format!("{pointer}/0"), pointers);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                collect(member, format!("{pointer}/{key}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}

/// What may stand in a value's place.
fn others(value: &Json) -> Vec<(String, Json)> {
    let mut others: Vec<(String, Json)> = [
        json!(null),
        json!(true),
        json!(7),
        json!("text"),
        json!([]),
        json!({}),
        json!([null]),
        json!(["*"]),
    ]
    .into_iter()
    .map(|other| (format!("= {other}"), other))
    .collect();
    match value {
        Json::String(_) => {
            for length in [0, 1, 253, 254] {
                others.push((format!("= {length} letters"), json!("a".repeat(length))));
                others.push((format!("= {length} umlauts"), json!("ü".repeat(length))));
            }
            for text in [
                "*",
                "**",
                "call_tool",
                "Call_tool",
                "a\n",
                "a_2",
                "2a",
                "_a",
                "a-b",
                "MCPServer",
                "reader",
                " ",
            ] {
                others.push((format!("= {text:?}"), json!(text)));
            }
        }
        Json::Array(items) => {
            for size in [2, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129] {
                let many: Vec<_> = items.iter().take(1).cycle().take(size).collect();
                others.push((format!("of {size}"), json!(many)));
            }
            for extra in [json!("*"), json!(7), json!(null), json!({})] {
                let mut more = items.clone();
                more.push(extra.clone());
                others.push((format!("and {extra}"), json!(more)));
            }
        }
        Json::Object(members) => {
            let mut more = members.clone();
            more.insert("unknown".to_owned(), json!("field"));
            others.push(("with an unknown field".to_owned(), Json::Object(more)));
        }
        Json::Bool(flag) => others.push((format!("= {}", !flag), json!(!flag))),
        _ => {}
    }
    others
}
