//! What cannot be read opens nothing: it is remembered where it may have applied.

use std::collections::BTreeSet;

use mcp_policy::{
    manifest::{Manifests, read},
    vocabulary::Action,
};
use spanned_yaml::Source;

use crate::{outline::outline, read_text};

const POLICY: &str = "\
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: github, namespace: engineering}
spec:
  targetRef: {name: github}
  deny: [{actions: [call_tool]}]
";

/// What is remembered of the policy above after a change.
fn after(from: &str, to: &str) -> String {
    let text = POLICY.replacen(from, to, 1);
    assert_ne!(text, POLICY);
    let (manifests, findings) = read_text(&text);
    assert!(findings.has_errors(), "{text}");
    assert!(manifests.policies.is_empty(), "{text}");
    outline(&manifests).trim_end().to_owned()
}

#[test]
fn a_policy_that_cannot_be_read_is_remembered_as_precisely_as_it_can_be() {
    let there = "unreadable: MCPServer github in engineering";
    assert_eq!(after("call_tool", "call_tols"), there);
    assert_eq!(after("deny:", "denny:"), there);
    assert_eq!(after("v1alpha1", "v2"), there);
    assert_eq!(after("Policy", "Polcy"), there);
    assert_eq!(after("kind: ToolhiveAuthorizationPolicy\n", ""), there);
    assert_eq!(after("name: github,", "name: Git_Hub,"), there);
    assert_eq!(after("toolhive.enterprise", "platform.enterprise"), there);
    let namespace = "unreadable: any server in engineering";
    assert_eq!(after("{name: github}", "{name: 7}"), namespace);
    assert_eq!(after("{name: github}", "{name: github, kind: Server}"), namespace);
    assert_eq!(after("{name: github}", "{name: github, Kind: MCPRemoteProxy}"), namespace);
    assert_eq!(after("targetRef", "target"), namespace);
    let anywhere = "unreadable: MCPServer github in any namespace";
    assert_eq!(after("namespace: engineering", "namespace: Engineering"), anywhere);
    assert_eq!(after("namespace: engineering", "nmespace: engineering"), anywhere);
    let everything = "unreadable: any server in any namespace";
    assert_eq!(after("{name: github, n", "{n"), there);
    assert_eq!(after("metadata: {name: github, namespace: engineering}", "metadata: github"), anywhere);
    assert_eq!(after("spec:", "spec: ["), everything);
    assert_eq!(after(POLICY, "- a list\n"), everything);
}

#[test]
fn a_file_that_is_not_yaml_may_have_been_about_anything() {
    let (manifests, findings) = read(vec![
        Source::new("good.yaml", POLICY),
        Source::new("bad.yaml", "a: [\n"),
        Source::new("c.yaml", ""),
    ]);
    assert_eq!(manifests.policies.len(), 1);
    assert_eq!(manifests.unreadable.len(), 1);
    assert_eq!(manifests.unreadable[0].place.source, 1);
    assert_eq!(manifests.unreadable[0].namespace, None);
    assert_eq!(findings.by_source().len(), 4, "one for each file, and the built-in roles");
    assert!(findings.by_source()[1].has_errors());
}

#[test]
fn a_key_that_stands_twice_makes_a_file_no_yaml() {
    let text = POLICY.replace("  deny:", "  bindings: []\n  bindings: []\n  deny:");
    let (manifests, findings) = read_text(&text);
    assert!(findings.has_errors());
    assert!(outline(&manifests).contains("unreadable: any server in any namespace"));
}

#[test]
fn of_two_policies_with_one_name_none_counts() {
    let second = POLICY.replace("{name: github}", "{name: jira}");
    let (manifests, findings) = read(vec![Source::new("a.yaml", POLICY), Source::new("b.yaml", second)]);
    assert!(findings.to_string().contains("the first is in a.yaml, line 3"), "{findings}");
    assert_eq!(
        outline(&manifests),
        "unreadable: MCPServer jira in engineering\nunreadable: MCPServer github in engineering\n"
    );
}

fn role(name: &str, actions: &str) -> String {
    format!(
        "---\napiVersion: platform.enterprise.stacklok.com/v1alpha1\nkind: ClusterPlatformRole\n\
         metadata: {{name: {name}}}\nspec: {{productActions: [{{apiGroup: toolhive.enterprise.stacklok.com, \
         actions: [{actions}]}}]}}\n"
    )
}

fn actions<'m>(manifests: &'m Manifests, role: &str) -> Option<&'m BTreeSet<Action>> {
    let mut found = manifests.roles.iter().filter(|found| found.name.value == role);
    let first = found.next();
    assert!(found.next().is_none(), "one role of a name");
    first.map(|role| &role.actions)
}

#[test]
fn built_in_roles_are_always_there_and_never_something_else() {
    let all = BTreeSet::from(Action::ALL);
    let (manifests, findings) = read(Vec::new());
    assert!(findings.is_empty());
    assert_eq!(actions(&manifests, "reader"), Some(&all));
    assert_eq!(actions(&manifests, "writer"), Some(&all));
    let place = manifests.roles[1].name.place;
    assert_eq!(manifests.shown(place), "built-in roles, line 13");

    let (manifests, findings) = read_text(&role("writer", "'*'"));
    assert!(findings.is_empty());
    assert_eq!(actions(&manifests, "writer"), Some(&all));
    for text in [role("reader", "list_tools"), role("reader", "nonsense"), role("reader", "'*'").repeat(2)] {
        let (manifests, findings) = read_text(&text);
        assert!(findings.has_errors());
        assert_eq!(actions(&manifests, "reader"), None);
        assert_eq!(actions(&manifests, "writer"), Some(&all));
        assert_eq!(manifests.unreadable_roles[0].value, "reader");
    }
}

#[test]
fn a_server_that_cannot_be_read_is_no_target_of_grants() {
    let server = "apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPRemoteProxy\n\
                  metadata: {name: crm, namespace: sales}\nspec: {oidcConfigRef: {name: okta, audience: ''}}\n";
    let (manifests, _) = read_text(server);
    assert!(manifests.servers.is_empty());
    assert_eq!(outline(&manifests), "unreadable: MCPRemoteProxy crm in sales\n");
}

#[test]
fn claims_that_cannot_be_told_close_everything() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x-idp-config}\ndata: {groupClaim: teams}\n";
    let (manifests, findings) = read_text(map);
    assert!(findings.has_errors());
    assert_eq!(outline(&manifests), "unreadable: any server in any namespace\n");
}
