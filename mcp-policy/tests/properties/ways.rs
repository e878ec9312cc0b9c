//! What `explain` says would change an answer: whoever does it gets another answer, in random worlds.

use std::cell::Cell;

use mcp_policy::{
    authz::Authorizer,
    explain::explain,
    manifest,
    rbac::{self, Options},
    vocabulary::{Hints, Principal, Request, ServerId},
};
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value, json};
use spanned_yaml::Source;

use super::{
    agreement::{config, yaml},
    generate::world,
    interpreter::opened,
};

/// A group that no world has.
const NEW: &str = "newcomers";

fn source(documents: &[Value]) -> Vec<Source> {
    vec![Source::new("world.yaml", yaml(documents))]
}

/// The deny that must go, made one of a name that nothing has. `None`: something else is needed.
fn without_deny(documents: &mut [Value], need: &str) -> Option<()> {
    let (policy, _) = need.strip_suffix("must not deny it")?.split_once("] (")?;
    let (policy, index) = policy.strip_prefix("ToolhiveAuthorizationPolicy ")?.split_once(", deny[")?;
    let (namespace, name) = policy.split_once('/')?;
    let index: usize = index.parse().ok()?;
    let is_meant = |document: &&mut Value| {
        document["kind"] == "ToolhiveAuthorizationPolicy"
            && document["metadata"]["name"] == name
            && document["metadata"]["namespace"].as_str().unwrap_or("default") == namespace
    };
    let policy = documents.iter_mut().find(is_meant)?;
    policy["spec"]["deny"][index] = json!({"actions": ["list_tools"], "tools": ["nothing-has-this"]});
    Some(())
}

/// Gives a role to [`NEW`].
fn holding(role: &str) -> Value {
    json!({
        "apiVersion": "platform.enterprise.stacklok.com/v1alpha1",
        "kind": "ClusterPlatformRoleBinding",
        "metadata": {"name": "more"},
        "spec": {"bindings": [{
            "roleRef": {"kind": "ClusterPlatformRole", "name": role},
            "from": [{"groups": [NEW]}],
        }]},
    })
}

/// Grants everything on a server to whoever writes.
fn granting(server: &ServerId) -> Value {
    json!({
        "apiVersion": "toolhive.enterprise.stacklok.com/v1alpha1",
        "kind": "ToolhiveAuthorizationPolicy",
        "metadata": {"name": "more", "namespace": server.namespace},
        "spec": {
            "targetRef": {"name": server.name, "kind": server.kind.name()},
            "bindings": [{"roleRef": {"kind": "ClusterPlatformRole", "name": "writer"}}],
        },
    })
}

#[test]
fn whoever_does_what_is_said_gets_another_answer() {
    let [denies, idle, written] = [Cell::new(0), Cell::new(0), Cell::new(0)];
    let requests = [
        Request::ListTools,
        Request::CallTool { tool: "delete_repo", hints: Hints::default() },
        Request::CallTool { tool: "list_issues", hints: Hints { read_only: Some(true), ..Hints::default() } },
        Request::GetPrompt("summary"),
        Request::ReadResource("file:///README.md"),
    ];
    let person = Principal {
        issuer: "https://idp".into(),
        subject: "ann".into(),
        groups: ["engineers".to_owned(), NEW.to_owned()].into(),
        roles: ["viewer".to_owned()].into(),
    };
    let check = |before: &[Value]| -> Result<(), String> {
        let (manifests, _) = manifest::read(source(before));
        let compilation = rbac::compile(&manifests, &Options::default());
        for (server, compiled) in &compilation.targets {
            let Ok(compiled) = compiled else { continue };
            for request in &requests {
                let said = explain(&manifests, compiled, &person, request).unwrap();
                let mut plans: Vec<(Vec<Value>, &Cell<i32>, &[String])> = Vec::new();
                if !said.allowed && said.would_change.is_empty() {
                    let more = [before, &[granting(server), holding("writer")]].concat();
                    plans.push((more, &written, &said.standing));
                }
                for way in &said.would_change {
                    let (held, rest) = match way.needs.split_first() {
                        Some((first, rest)) if first.starts_with("the role, by a role binding") => {
                            (vec![holding(way.role.as_deref().unwrap())], rest)
                        }
                        _ => (Vec::new(), way.needs.as_slice()),
                    };
                    let count = if held.is_empty() { &denies } else { &idle };
                    plans.push(([before, held.as_slice()].concat(), count, rest));
                }
                for (mut after, count, needs) in plans {
                    // What somebody lacks is not given here.
                    if needs.iter().any(|need| without_deny(&mut after, need).is_none()) {
                        continue;
                    }
                    let (manifests, _) = manifest::read(source(&after));
                    let compilation = rbac::compile(&manifests, &Options::default());
                    // A world may have no `writer` that can be read.
                    let Ok(compiled) = &compilation.targets[server] else { continue };
                    count.set(count.get() + 1);
                    if !Authorizer::new(compiled).unwrap().decide(&person, request).allowed {
                        return Err(format!(
                            "{server} {request:?}\n{said}\n{}\n=====\n{}",
                            yaml(before),
                            yaml(&after)
                        ));
                    }
                }
            }
        }
        Ok(())
    };
    TestRunner::new(config(80))
        .run(&world(0), |world| {
            let documents: Vec<Value> = opened(&world.documents).into_iter().cloned().collect();
            check(&documents).map_err(TestCaseError::fail)
        })
        .unwrap();
    let counted = [denies.get(), idle.get(), written.get()];
    assert!(counted.iter().all(|number| *number >= 20), "by denies, idle bindings, new ones: {counted:?}");
}
