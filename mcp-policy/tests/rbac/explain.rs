//! What would change an answer: doing it changes it.

use mcp_policy::{
    explain::{Explanation, explain, explain_shown},
    rule::Rules,
    vocabulary::{Principal, Request},
};

use super::world::{SERVER, call, compile, github, person, read};

const ROLE: &str = "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRole
metadata: {name: caller}
spec: {productActions: [{apiGroup: toolhive.enterprise.stacklok.com, actions: [call_tool, list_tools]}]}
---
";

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {{name: {name}, namespace: engineering}}
spec: {{targetRef: {{name: github}}, {spec}}}
---
"
    )
}

fn binding(role: &str, more: &str) -> String {
    format!("{{roleRef: {{kind: ClusterPlatformRole, name: {role}}}{more}}}")
}

fn held(role: &str) -> String {
    format!(
        "apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {{name: held-{role}}}
spec: {{bindings: [{}]}}
---
",
        binding(role, ", from: [{groups: [staff]}]")
    )
}

type How = fn(
    &mcp_policy::manifest::Manifests,
    &mcp_policy::rbac::Compiled,
    &Principal,
    &Request<'_>,
) -> Result<Explanation, mcp_policy::authz::NotReady>;

fn explained_by(how: How, text: &str, request: &Request<'_>) -> Explanation {
    let text = format!("{SERVER}{ROLE}{text}");
    let compilation = compile(&text, Rules::ALL);
    let compiled = compilation.targets[&github()].as_ref().unwrap();
    how(&read(&text), compiled, &person(&["staff"], &[]), request).unwrap()
}

fn explained(text: &str, request: &Request<'_>) -> Explanation {
    explained_by(explain, text, request)
}

#[test]
fn a_binding_whose_role_nobody_holds_is_named_if_it_covers_the_request() {
    let granted = policy("access", &format!("bindings: [{}]", binding("caller", "")));
    let said = explained(&granted, &call("search", None));
    assert_eq!(said.would_change.len(), 1, "{said}");
    assert_eq!(said.would_change[0].needs, ["the role, by a role binding: nobody holds the role"]);
    assert!(explained(&format!("{granted}{}", held("caller")), &call("search", None)).allowed);
    // The role, the restriction or the filter does not cover it.
    assert!(explained(&granted, &Request::GetPrompt("p")).would_change.is_empty());
    for narrower in [", ruleRestrictions: [{tools: [other]}]", ", toolHintFilter: {readOnlyHint: true}"] {
        let text = policy("access", &format!("bindings: [{}]", binding("caller", narrower)));
        let said = explained(&text, &call("search", None));
        assert!(said.would_change.is_empty(), "{said}");
        assert!(said.to_string().contains("one must be written"), "{said}");
        let restricted = explained(&text, &call("other", Some(true)));
        assert_eq!(restricted.would_change.len(), 1, "{restricted}");
    }
}

#[test]
fn a_deny_that_stands_is_always_named() {
    let deny = "deny: [{actions: [call_tool], tools: [search]}]";
    let grants = format!("bindings: [{}]", binding("caller", ", from: [{roles: [lead]}]"));
    let said = explained(&policy("access", &format!("{grants}, {deny}")), &call("search", None));
    let needs = &said.would_change[0].needs;
    assert_eq!(needs.len(), 3, "{said}");
    assert!(needs[1].contains("role `lead`, as the binding's own `from` asks"), "{said}");
    assert!(needs[2].contains("access, deny[0]") && needs[2].contains("must not deny it"), "{said}");
    // Where nobody is granted anything as well.
    let said = explained(&policy("access", deny), &call("search", None));
    assert!(said.would_change.is_empty() && said.standing.len() == 1, "{said}");
    let text = said.to_string();
    assert!(
        text.contains("one must be written\n  ToolhiveAuthorizationPolicy engineering/access, deny[0]"),
        "{text}"
    );
}

#[test]
fn a_thing_is_seen_in_a_list_by_the_list_the_use_and_no_deny_of_either() {
    let with = |more: &str| {
        format!(
            "{}{}",
            held("caller"),
            policy("access", &format!("bindings: [{}]{more}", binding("caller", "")))
        )
    };
    let shown = |more: &str| explained_by(explain_shown, &with(more), &call("search", None));
    assert!(shown("").allowed);
    let hidden = shown(", deny: [{actions: [list_tools], tools: [search]}]");
    assert!(!hidden.allowed, "{hidden}");
    assert_eq!(hidden.because[0].id, "engineering/access/deny[0]/tools");
    assert!(hidden.would_change[0].needs[0].contains("must not deny it"), "{hidden}");
    assert!(shown(", deny: [{actions: [list_tools], tools: [other]}]").allowed);
    for more in ["{actions: [list_tools]}", "{actions: [call_tool], tools: [search]}"] {
        assert!(!shown(&format!(", deny: [{more}]")).allowed, "{more}");
    }
    let both = shown(", deny: [{actions: [list_tools]}, {actions: [call_tool], tools: [search]}]");
    assert!(both.in_part && both.to_string().contains("More than this stands in the way"), "{both}");
    assert!(!hidden.in_part && !shown(", deny: [{actions: [list_tools], prompts: [x]}]").in_part);
    // The list is asked for before the use.
    let nobody =
        explained_by(explain_shown, &policy("access", "deny: [{actions: [get_prompt]}]"), &call("x", None));
    assert!(!nobody.allowed && nobody.because.is_empty());
}
