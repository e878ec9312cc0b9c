//! What a decision says, and how a list is filtered.

use mcp_policy::{
    rule::Rules,
    vocabulary::{Hints, Request},
};

use super::world::{SERVER, authorizer, call, person, read};

const POLICIES: &str = "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: staff}
spec:
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: writer}
      from: [{groups: [staff]}]
---
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: access, namespace: engineering}
spec:
  targetRef: {name: github}
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: writer}
  deny:
    - actions: [call_tool]
      tools: [delete_repo]
    - actions: [list_tools]
      tools: [hidden]
    - actions: [list_prompts]
";

#[test]
fn a_decision_names_what_decided() {
    let authorizer = authorizer(POLICIES, Rules::ALL);
    let staff = person(&["staff", "many", "others"], &[]);
    let granted = authorizer.decide(&staff, &call("list_issues", None));
    assert!(granted.allowed && !granted.is_forbidden());
    assert_eq!(granted.reasons[0].id, "engineering/access/bindings[0]");
    let origin = &granted.reasons[0].origin;
    assert_eq!(origin.to_string(), "ToolhiveAuthorizationPolicy engineering/access, bindings[0]");
    assert_eq!(origin.through[0].to_string(), "ClusterPlatformRoleBinding staff, bindings[0]");
    let manifests = read(&format!("{SERVER}{POLICIES}"));
    assert_eq!(manifests.shown(origin.place), "manifests.yaml, line 27");

    let denied = authorizer.decide(&staff, &call("delete_repo", None));
    assert!(!denied.allowed && denied.is_forbidden());
    assert_eq!(denied.reasons[0].id, "engineering/access/deny[0]/tools");

    let nobody = authorizer.decide(&person(&[], &[]), &call("list_issues", None));
    assert!(
        !nobody.allowed && !nobody.is_forbidden() && nobody.reasons.is_empty() && nobody.errors.is_empty()
    );
}

#[test]
fn lists_are_granted_refused_or_empty_and_their_items_filtered() {
    let authorizer = authorizer(POLICIES, Rules::ALL);
    let staff = person(&["staff"], &[]);
    let asker = authorizer.for_principal(&staff);
    // A deny of names hides them, and does not refuse the list.
    assert!(asker.decide(&Request::ListTools).allowed);
    let items = [call("list_issues", None), call("delete_repo", None), call("hidden", None)];
    assert_eq!(asker.shows(&items), [true, false, false]);
    assert!(asker.decide(&items[2]).allowed, "it can be called by whoever knows of it");
    // A deny of the list refuses it; nobody's list is empty.
    assert!(asker.decide(&Request::ListPrompts).is_forbidden());
    let nobody = authorizer.decide(&person(&[], &[]), &Request::ListTools);
    assert!(!nobody.allowed && !nobody.is_forbidden());
    // A template's text is read like a URI.
    assert_eq!(asker.shows(&[Request::ReadResource("file:///{path}")]), [true]);
}

#[test]
fn many_decisions_are_the_same_as_one_at_a_time() {
    let authorizer = authorizer(POLICIES, Rules::ALL);
    let staff = person(&["staff"], &[]);
    let asker = authorizer.for_principal(&staff);
    let names: Vec<_> = (0..1000).map(|index| format!("tool_{index}")).collect();
    let mut items: Vec<_> = names.iter().map(|name| call(name, None)).collect();
    items.push(call("delete_repo", Some(true)));
    // The same tool again, with other hints.
    items.push(Request::CallTool {
        tool: "tool_1",
        hints: Hints { destructive: Some(true), ..Hints::default() },
    });
    let together: Vec<_> = asker.decide_all(&items);
    let alone: Vec<_> = items.iter().map(|item| asker.decide(item)).collect();
    assert_eq!(together, alone);
    assert_eq!(asker.shows(&items).iter().filter(|shown| **shown).count(), 1001);
}
