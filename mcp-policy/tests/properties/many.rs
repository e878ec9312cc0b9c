//! As many conditions as the schemas let a role have: what compiles is evaluated, on the small stack of a proxy's thread.

use std::thread;

use serde_json::{Value, json};

use super::{
    agreement::{Answers, Platform},
    interpreter::{self, Target, Wish, Within},
};

const TOOLHIVE: &str = "toolhive.stacklok.dev/v1beta1";
const PLATFORM: &str = "platform.enterprise.stacklok.com/v1alpha1";

/// A server whose policy takes `writer`, and role bindings of 32 × 32 conditions each.
fn documents(bindings: usize, condition: impl Fn(usize) -> Value) -> Vec<Value> {
    let writer = json!({"kind": "ClusterPlatformRole", "name": "writer"});
    let mut documents = vec![
        json!({"apiVersion": TOOLHIVE, "kind": "MCPOIDCConfig", "metadata": {"name": "idp", "namespace": "a"},
            "spec": {"type": "inline", "inline": {"issuer": "https://idp.example"}}}),
        json!({"apiVersion": TOOLHIVE, "kind": "MCPServer", "metadata": {"name": "s", "namespace": "a"},
            "spec": {"oidcConfigRef": {"name": "idp", "audience": "s"}}}),
        json!({"apiVersion": "toolhive.enterprise.stacklok.com/v1alpha1", "kind": "ToolhiveAuthorizationPolicy",
            "metadata": {"name": "p", "namespace": "a"},
            "spec": {"targetRef": {"name": "s"}, "bindings": [{"roleRef": writer}]}}),
    ];
    for binding in 0..bindings {
        let from = |row: usize| -> Value {
            (0..32).map(|column| condition((binding * 32 + row) * 32 + column)).collect()
        };
        let rows: Value = (0..32).map(|row| json!({"roleRef": writer, "from": from(row)})).collect();
        documents.push(json!({"apiVersion": PLATFORM, "kind": "ClusterPlatformRoleBinding",
            "metadata": {"name": format!("people-{binding}")}, "spec": {"bindings": rows}}));
    }
    documents
}

/// Compiles, and asks both forms for people of whom some pass the last of the conditions.
fn agrees(documents: &[Value], people: &[Value]) {
    let platform = Platform::of(documents);
    let target = Target { namespace: "a".into(), kind: "MCPServer".into(), name: "s".into() };
    let wish = Wish { action: "call_tool".into(), name: "t".into(), read_only: None, destructive: None };
    for claims in people {
        let asker = interpreter::asker(documents, claims);
        for within in [Within::Any, Within::All] {
            let expected = interpreter::allowed(documents, &target, &asker, &wish, within);
            let Answers { ours, by_proxy, .. } = platform.decide(within, &target, claims, &wish);
            assert_eq!((ours, by_proxy), (expected, Some(expected)), "{within:?} {claims}");
        }
    }
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(1 << 20).spawn(test).unwrap().join().unwrap();
}

fn person(groups: &[&str], roles: &[&str]) -> Value {
    json!({"iss": "https://idp.example", "sub": "ann", "groups": groups, "roles": roles})
}

#[test]
fn a_role_with_a_thousand_groups_is_held() {
    on_a_small_stack(|| {
        let documents = documents(1, |index| json!({"groups": [format!("team-{index}")]}));
        agrees(&documents, &[person(&["team-1023"], &[]), person(&["team-1024"], &[])]);
    });
}

#[test]
fn a_role_with_conditions_of_every_kind_in_several_bindings_is_held() {
    on_a_small_stack(|| {
        let documents = documents(3, |index| match index % 6 {
            0 => json!({"groups": [format!("group-{index}")]}),
            1 => json!({"roles": [format!("role-{index}")]}),
            2 => json!({"groups": [format!("group-{index}"), "staff"]}),
            3 => json!({"roles": [format!("role-{index}"), "lead"]}),
            4 => json!({"groups": [format!("group-{index}")], "roles": ["lead"]}),
            _ => {
                json!({"groups": ["staff", format!("group-{index}")], "roles": ["lead", format!("role-{index}")]})
            }
        });
        agrees(
            &documents,
            &[
                person(&[], &[]),
                person(&["staff"], &[]),
                person(&["group-0"], &[]),
                person(&[], &["group-0"]),
                person(&["group-3068", "staff"], &[]),
                person(&["group-3070"], &["lead"]),
                person(&["group-3070"], &["role-3070"]),
                person(&["staff", "group-3071"], &["lead", "role-3071"]),
                person(&["staff", "group-3071"], &["lead"]),
                person(&["group-3071"], &["role-3065"]),
            ],
        );
    });
}
