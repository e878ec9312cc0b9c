//! Every switch: the rule decides one way, and broken the other.

use mcp_policy::{
    authz::Authorizer,
    rbac::{self, Code, Options},
    rule::{Rule, Rules},
    vocabulary::{Request, ServerId, TargetKind},
};

use super::world::{SERVER, call, compile, github, person, read, with_and_without};

const EVERYBODY_WRITES: &str = "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: staff}
spec:
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: writer}
      from: [{groups: [staff]}]
---
";

/// A policy with one binding of `writer`, and more in it.
fn policy(more: &str) -> String {
    format!(
        "{EVERYBODY_WRITES}
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {{name: access, namespace: engineering}}
spec:
  targetRef: {{name: github}}
  bindings:
    - roleRef: {{kind: ClusterPlatformRole, name: writer}}
{more}
"
    )
}

#[test]
fn op_cond() {
    let text = policy("      from: [{groups: [staff], roles: [admin]}]");
    let staff = person(&["staff"], &[]);
    assert_eq!(with_and_without(&text, Rule::OpCond, &staff, &Request::ListTools), (false, true));
    let admin = person(&["staff"], &["admin"]);
    assert_eq!(with_and_without(&text, Rule::OpCond, &admin, &Request::ListTools), (true, true));
    // A group of that name is not that role.
    let group = person(&["staff", "admin"], &[]);
    assert_eq!(with_and_without(&text, Rule::OpText, &group, &Request::ListTools), (false, false));
}

#[test]
fn op_union() {
    let text = format!(
        "{}---
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: PlatformRoleBinding
metadata: {{name: guests, namespace: sales}}
spec:
  bindings:
    - roleRef: {{kind: ClusterPlatformRole, name: writer}}
      from: [{{groups: [guests]}}]
",
        policy("")
    );
    let guest = person(&["guests"], &[]);
    assert_eq!(with_and_without(&text, Rule::OpUnion, &guest, &Request::ListTools), (false, true));
}

#[test]
fn op_narrow() {
    let text = policy("      from: [{groups: [core]}]");
    let staff = person(&["staff"], &[]);
    assert_eq!(with_and_without(&text, Rule::OpNarrow, &staff, &Request::ListTools), (false, true));
}

#[test]
fn op_restrict() {
    let text = policy("      ruleRestrictions: [{tools: [list_issues]}]");
    let staff = person(&["staff"], &[]);
    let other = call("delete_repo", None);
    assert_eq!(with_and_without(&text, Rule::OpRestrict, &staff, &other), (false, true));
    let listed = call("list_issues", None);
    assert_eq!(with_and_without(&text, Rule::OpRestrict, &staff, &listed), (true, true));
}

#[test]
fn op_hint() {
    let text = policy("      toolHintFilter: {readOnlyHint: true}");
    let staff = person(&["staff"], &[]);
    for (read_only, expected) in
        [(None, (false, true)), (Some(false), (false, false)), (Some(true), (true, true))]
    {
        let asked = call("list_issues", read_only);
        assert_eq!(with_and_without(&text, Rule::OpHint, &staff, &asked), expected, "{read_only:?}");
    }
    // It gates nothing else.
    assert_eq!(with_and_without(&text, Rule::OpHint, &staff, &Request::GetPrompt("x")), (true, true));
}

#[test]
fn op_deny() {
    let text = policy("  deny: [{actions: [call_tool], tools: [delete_repo]}]");
    let staff = person(&["staff"], &[]);
    let denied = call("delete_repo", None);
    assert_eq!(with_and_without(&text, Rule::OpDeny, &staff, &denied), (false, true));
}

#[test]
fn op_scope() {
    let text = format!(
        "{SERVER}{}---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPOIDCConfig
metadata: {{name: idp, namespace: sales}}
spec: {{type: inline, inline: {{issuer: https://idp.example.com}}}}
---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: {{name: github, namespace: sales}}
spec: {{oidcConfigRef: {{name: idp, audience: api://other}}}}
",
        policy("")
    );
    let other = ServerId { namespace: "sales".into(), kind: TargetKind::McpServer, name: "github".into() };
    let allowed = |rules| {
        let compilation = compile(&text, rules);
        let authorizer = Authorizer::new(compilation.targets[&other].as_ref().unwrap()).unwrap();
        authorizer.decide(&person(&["staff"], &[]), &Request::ListTools).allowed
    };
    assert_eq!((allowed(Rules::ALL), allowed(Rules::without(Rule::OpScope))), (false, true));
}

#[test]
fn op_fail_closed() {
    let text = format!("{SERVER}{}", policy("    - roleRef: {kind: ClusterPlatformRole, name: raeder}"));
    let not = compile(&text, Rules::ALL).targets.remove(&github()).unwrap().unwrap_err();
    assert_eq!(not.causes[0].code.name(), "RoleNotFound");
    assert_eq!(not.causes[0].help.as_deref(), Some("did you mean `reader`?"));
    let broken =
        compile(&text, Rules::without(Rule::OpFailClosed)).targets.remove(&github()).unwrap().unwrap();
    let authorizer = Authorizer::new(&broken).unwrap();
    assert!(authorizer.decide(&person(&["staff"], &[]), &Request::ListTools).allowed);
}

#[test]
fn op_text() {
    let hostile = r#"      from: [{groups: ["x\" || true || principal in Group::\"y"]}]"#;
    let text = policy(hostile);
    let staff = person(&["staff"], &[]);
    assert_eq!(with_and_without(&text, Rule::OpText, &staff, &Request::ListTools), (false, true));
}

/// The reader refuses such names of resources; whoever makes manifests otherwise may not.
#[test]
fn op_text_of_resources() {
    let mut manifests = read(&format!("{SERVER}{}", policy("")));
    let hostile = "x\npermit (principal, action, resource); // \"\u{2028}\r\u{202e}";
    manifests.policies[0].name.value = hostile.to_owned();
    manifests.role_bindings[0].name.value = hostile.to_owned();
    manifests.role_bindings[0].bindings[0].role.value = hostile.to_owned();
    manifests.roles[0].name.value = hostile.to_owned();
    manifests.policies[0].bindings[0].role.value = hostile.to_owned();
    let compilation = rbac::compile(&manifests, &Options::default());
    let compiled = compilation.targets[&github()].as_ref().unwrap();
    assert_eq!(compiled.policies().len(), 1);
    assert!(!compiled.cedar().contains(['\u{2028}', '\r', '\u{202e}']), "{}", compiled.cedar());
    let set: cedar_policy::PolicySet = compiled.cedar().parse().unwrap();
    assert_eq!(set.num_of_policies(), 1, "{}", compiled.cedar());
    assert!(!Authorizer::new(compiled).unwrap().decide(&person(&[], &[]), &Request::ListTools).allowed);
}

/// Every policy meets every role binding: what that comes to is bounded.
#[test]
fn hostile_manifests_do_not_fill_the_memory() {
    let group = |index: usize| format!("{index:0>253}");
    let groups = |from: usize| (0..32).map(|index| group(from + index)).collect::<Vec<_>>().join(", ");
    let from = (0..32).map(|index| format!("{{groups: [{}]}}", groups(index * 32))).collect::<Vec<_>>();
    let mut manifests =
        read(&format!("{SERVER}{}", policy("").replace("{groups: [staff]}", &from.join(", "))));
    let one = manifests.policies[0].clone();
    manifests.policies = (0..300)
        .map(|index| {
            let mut policy = one.clone();
            policy.name.value = format!("policy-{index}");
            policy
        })
        .collect();
    let compilation = rbac::compile(&manifests, &Options::default());
    let not = compilation.targets[&github()].as_ref().unwrap_err();
    assert!(not.causes.iter().all(|cause| cause.code == Code::TooLarge), "{:?}", not.causes[0]);
}
