//! OP-TEXT: no name, whatever it contains, becomes policy text.
//!
//! One world with a place for a name everywhere where a name can stand is compiled with harmless names and with
//! hostile ones. Both must come out as the same policies: as many, of one structure once the names in it are taken
//! for placeholders, under the same comments, in both forms.

use std::collections::BTreeMap;

use cedar_policy::{Policy, PolicySet};
use mcp_policy::{
    manifest,
    rbac::{self, Compiled, Matching, Options},
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use serde_json::{Value, json};
use spanned_yaml::Source;

use super::agreement::{config, json, yaml};

/// Where a name stands, and how long it may be there.
const SLOTS: [(&str, usize); 12] = [
    ("group", 253),
    ("role", 253),
    ("narrowing group", 253),
    ("narrowing role", 253),
    ("tool", 253),
    ("prompt", 253),
    ("uri", 253),
    ("denied tool", 10_000),
    ("denied prompt", 10_000),
    ("denied uri", 10_000),
    ("description", 10_000),
    // Of a namespace that is not read, so that it can be anything.
    ("label", 10_000),
];

type Names = BTreeMap<&'static str, String>;

fn harmless() -> Names {
    SLOTS.into_iter().map(|(slot, _)| (slot, format!("harmless {slot}"))).collect()
}

/// Names made of what could end a literal, a comment or a policy, and of anything.
fn hostile() -> impl Strategy<Value = Names> {
    let piece = prop_oneof![
        8 => select(&[
            "\"", "\\", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\t", "\u{0}", "\u{1b}[31m", "\u{7f}", "\u{9b}",
            "*/", "/*", "//", "\"\"\"", "'", "`", ";", "::", "@id(\"x\")", "${x}", "?principal", "\\u{22}", "\\\"", "\\x22", "\\n",
            "permit (principal, action, resource);", "\"); permit (principal, action, resource);\n//",
            "\"] }; forbid (principal, action, resource); permit (principal, action, resource) when { [\"",
            "\"} unless {true", "when { true }", "|| true", "&& false", "principal", "resource", "Group::\"admins\"",
            "true", "__cedar", "in", "has", "like \"*\"", "*", "\u{202e}", "\u{2066}", "\u{2069}", "\u{200b}", "\u{feff}",
            "\u{301}", "ü", "漢", "\u{1f469}\u{200d}\u{1f4bb}", "\u{10ffff}", "\u{fffd}", "---\n", "- ", "# ", "<TENANT>",
        ][..]).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        1 => "[a-z]{1,9}",
    ];
    let name = |most: usize| {
        let usual = vec(piece.clone(), 1..9).prop_map(|pieces| pieces.concat());
        let long = piece.clone().prop_map(move |piece| piece.repeat(most));
        prop_oneof![9 => usual, 1 => long].prop_map(move |name| name.chars().take(most).collect::<String>())
    };
    let names: Vec<_> = SLOTS.into_iter().map(|(_, most)| name(most)).collect();
    // Unlike each other, so that each can be found again.
    names.prop_map(|names| {
        let numbered = SLOTS.into_iter().zip(names).enumerate();
        numbered
            .map(|(at, ((slot, most), name))| {
                let number = at.to_string();
                let kept: String = name.chars().take(most - number.len()).collect();
                (slot, kept + &number)
            })
            .collect()
    })
}

/// Every place for a name, each once in its list.
fn documents(names: &Names) -> Vec<Value> {
    let name = |slot: &str| json!([names[slot]]);
    let role = json!({ "kind": "ClusterPlatformRole", "name": "triage" });
    let platform = "platform.enterprise.stacklok.com/v1alpha1";
    vec![
        json!({ "apiVersion": platform, "kind": "ClusterPlatformRole",
            "metadata": { "name": "triage", "labels": { "x": names["label"] }, "annotations": { "x": names["label"] } },
            "spec": { "description": names["description"], "productActions": [
                { "apiGroup": "toolhive.enterprise.stacklok.com", "actions": ["*"] } ] } }),
        json!({ "apiVersion": platform, "kind": "ClusterPlatformRoleBinding", "metadata": { "name": "people" },
            "spec": { "bindings": [
                { "roleRef": role, "from": [{ "groups": name("group"), "roles": name("role") }] } ] } }),
        json!({ "apiVersion": "toolhive.enterprise.stacklok.com/v1alpha1", "kind": "ToolhiveAuthorizationPolicy",
            "metadata": { "name": "access", "namespace": "engineering" },
            "spec": { "targetRef": { "name": "github" },
                "bindings": [
                    { "roleRef": role,
                      "from": [{ "groups": name("narrowing group"), "roles": name("narrowing role") }],
                      "ruleRestrictions": [
                          { "tools": name("tool"), "prompts": name("prompt"), "resources": name("uri") } ],
                      "toolHintFilter": { "readOnlyHint": true } },
                    { "roleRef": role } ],
                "deny": [{ "actions": ["call_tool", "list_tools", "get_prompt", "read_resource"],
                    "tools": name("denied tool"), "prompts": name("denied prompt"), "resources": name("denied uri") }] } }),
        json!({ "apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPServer",
            "metadata": { "name": "github", "namespace": "engineering" },
            "spec": { "oidcConfigRef": { "name": "idp", "audience": "mcp" } } }),
        json!({ "apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPOIDCConfig",
            "metadata": { "name": "idp", "namespace": "engineering" },
            "spec": { "type": "inline", "inline": { "issuer": "https://acme.example/" } } }),
    ]
}

fn compiled(documents: &[Value], matching: Matching) -> Compiled {
    let (manifests, findings) = manifest::read(vec![Source::new("names.yaml", yaml(documents))]);
    assert!(!findings.has_errors(), "{}", findings.render(false));
    let compilation = rbac::compile(&manifests, &Options { matching, ..Options::default() });
    let (_, compiled) = compilation.targets.into_iter().next().expect("a target");
    compiled.unwrap_or_else(|not| panic!("{:?}", not.causes))
}

/// What must not depend on names.
#[derive(Debug, PartialEq)]
struct Shape {
    policies: Vec<Value>,
    comments: Vec<String>,
}

impl Shape {
    /// Of policy texts. Cedar reads each of them, and its own reading is what counts.
    fn of<'t>(texts: impl IntoIterator<Item = &'t str>, names: &Names) -> Self {
        let (mut policies, mut comments) = (Vec::new(), Vec::new());
        for text in texts {
            let set: PolicySet = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
            let mut read: Vec<&Policy> = set.policies().collect();
            read.sort_by_key(|policy| policy.annotation("id").map(str::to_owned));
            policies.extend(read.iter().map(|policy| {
                let mut tree = policy.to_json().expect("a tree");
                without(&mut tree, names);
                tree
            }));
            // No literal holds a line break, so whatever else a line may be, it begins where it seems to.
            comments
                .extend(text.lines().filter(|line| line.trim_start().starts_with("//")).map(str::to_owned));
        }
        Self { policies, comments }
    }

    /// Of both forms.
    fn of_both(compiled: &Compiled, names: &Names) -> [Self; 2] {
        let file = json(compiled.toolhive().expect("a file").text());
        let texts: Vec<_> = file["cedar"]["policies"]
            .as_array()
            .expect("policies")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for text in &texts {
            Policy::parse(None, text).unwrap_or_else(|error| panic!("not one policy: {error}\n{text}"));
        }
        [Self::of([compiled.cedar()], names), Self::of(texts, names)]
    }
}

/// Takes the names for placeholders, wherever they are a string of their own.
fn without(tree: &mut Value, names: &Names) {
    match tree {
        Value::String(text) => {
            if let Some((slot, _)) = names.iter().find(|(_, name)| *name == text) {
                *text = format!("<{slot}>");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| without(value, names)),
        Value::Object(fields) => fields.values_mut().for_each(|value| without(value, names)),
        _ => {}
    }
}

#[test]
fn no_name_becomes_policy_text() {
    for matching in [Matching::Any, Matching::All] {
        let plain = harmless();
        let expected = Shape::of_both(&compiled(&documents(&plain), matching), &plain);
        for shape in &expected {
            let text = format!("{:?}", shape.policies);
            for (slot, _) in SLOTS.iter().filter(|(slot, _)| !["description", "label"].contains(slot)) {
                assert!(text.contains(&format!("<{slot}>")), "no policy speaks of the {slot}: {text}");
            }
            assert!(shape.policies.len() >= 6, "{shape:?}");
            assert!(shape.comments.len() >= shape.policies.len(), "{shape:?}");
        }
        TestRunner::new(config(160))
            .run(&hostile(), |names| {
                let found = Shape::of_both(&compiled(&documents(&names), matching), &names);
                prop_assert_eq!(&found, &expected);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Names of claims come from a `ConfigMap` and end in the policies for the open-source proxy.
#[test]
fn no_name_of_a_claim_becomes_policy_text() {
    let claims = |groups: &str, roles: &str| {
        let mut documents = documents(&harmless());
        let metadata = json!({ "name": "acme-idp-config", "namespace": "platform" });
        let data = json!({ "groupsClaim": groups, "rolesClaim": roles });
        documents
            .push(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data }));
        documents
    };
    let names = hostile().prop_map(|names| {
        // A name with dots is looked for along a path as well, which is another structure.
        let name = |slot: &str| names[slot].replace('.', "");
        (name("group"), name("role"))
    });
    let texts = |groups: &str, roles: &str| {
        let compiled = compiled(&claims(groups, roles), Matching::Any);
        let file = json(compiled.toolhive().expect("a file").text());
        let policies = file["cedar"]["policies"].as_array().expect("policies").clone();
        let names: Names = [("group", format!("claim_{groups}")), ("role", format!("claim_{roles}"))].into();
        let texts: Vec<_> = policies.iter().filter_map(Value::as_str).collect();
        (Shape::of(texts, &names), file)
    };
    let (expected, _) = texts("groups", "roles");
    assert!(format!("{expected:?}").contains("<role>"), "no policy tests a claim");
    TestRunner::new(config(80))
        .run(&names, |(groups, roles)| {
            let (found, file) = texts(&groups, &roles);
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(file["cedar"]["group_claim_name"].as_str(), Some(groups.as_str()));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
