//! What a change alters, seen and unseen: a widening that nobody hears of is the one mistake that counts here.

use std::collections::BTreeMap;

use mcp_policy::{
    diff::{self, Side},
    matrix::{Matrix, Offer, Subject},
    rule::Rules,
    vocabulary::Hints,
};

use super::world::{SERVER, compile, github, read};

const HELD: &str = "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: people}
spec:
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: writer}
      from: [{groups: [staff]}]
---
";

/// The policy of a `spec` beside its target.
fn policy(name: &str, spec: &str) -> String {
    format!(
        "{SERVER}{HELD}
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {{name: {name}, namespace: engineering}}
spec: {{targetRef: {{name: github}}, {spec}}}
"
    )
}

const WRITER: &str = "roleRef: {kind: ClusterPlatformRole, name: writer}";

fn inventory(tools: &[(&str, Option<bool>)]) -> Vec<Offer> {
    let hinted = |read_only| Hints { read_only, ..Hints::default() };
    let tools: BTreeMap<_, _> =
        tools.iter().map(|(name, read_only)| ((*name).to_owned(), hinted(*read_only))).collect();
    vec![Offer { server: github(), tools, prompts: [].into(), resources: [].into() }]
}

/// Changes as `widened ann call_tool search`, and what is unseen as `widened: message`.
fn changes(before: &str, after: &str, inventory: &[Offer]) -> (Vec<String>, Vec<String>) {
    let subjects = [Subject { name: "ann".into(), groups: ["staff".to_owned()].into(), roles: [].into() }];
    let (old, new) = (read(before), read(after));
    let (of_old, of_new) = (compile(before, Rules::ALL), compile(after, Rules::ALL));
    let matrix = |compilation| Matrix::with_lists(compilation, &subjects, inventory);
    let (before, after) = (matrix(&of_old), matrix(&of_new));
    let seen = diff::diff(&before, &after).into_iter().map(|change| {
        let [subject, .., action, resource] = change.row.columns();
        format!("{} {subject} {action} {resource}", change.name())
    });
    let unseen = diff::unseen(
        &Side { manifests: &old, compilation: &of_old, matrix: &before },
        &Side { manifests: &new, compilation: &of_new, matrix: &after },
        inventory,
    );
    (seen.collect(), unseen.iter().map(|one| format!("{}: {}", one.change(), one.message)).collect())
}

fn assert_unseen(unseen: &[String], words: &[&str]) {
    assert_eq!(unseen.len(), words.len(), "{unseen:#?}");
    for (unseen, words) in unseen.iter().zip(words) {
        assert!(unseen.contains(words), "{words}: {unseen}");
    }
}

#[test]
fn a_list_that_is_denied_no_longer_is_a_change() {
    let denied = |deny: &str| policy("access", &format!("bindings: [{{{WRITER}}}]{deny}"));
    let tools = inventory(&[("search", None)]);
    let (seen, unseen) =
        changes(&denied(", deny: [{actions: [list_tools, list_prompts]}]"), &denied(""), &tools);
    assert_eq!(seen, ["widened ann list_prompts ", "widened ann list_tools "]);
    assert_unseen(&unseen, &[]);
    // What a list hides, too.
    let hidden = denied(", deny: [{actions: [list_tools], tools: [search]}]");
    let (seen, unseen) = changes(&hidden, &denied(""), &tools);
    assert_eq!(seen, ["widened ann list_tools search"]);
    assert_unseen(&unseen, &[]);
    let (seen, unseen) = changes(&hidden, &denied(""), &inventory(&[]));
    assert_eq!(seen, [""; 0]);
    assert_unseen(&unseen, &["widened: whoever has group `staff` may now see `search` by list_tools"]);
}

#[test]
fn what_the_inventory_does_not_have_is_told() {
    let whole = policy("access", &format!("bindings: [{{{WRITER}}}]"));
    let restricted =
        policy("access", &format!("bindings: [{{{WRITER}, ruleRestrictions: [{{tools: [search]}}]}}]"));
    let (seen, unseen) = changes(&restricted, &whole, &inventory(&[("search", None)]));
    assert_eq!(seen, ["widened ann list_prompts ", "widened ann list_resources "]);
    assert_unseen(
        &unseen,
        &["widened: whoever has group `staff` may now call_tool what no policy names, \
           get_prompt what no policy names, read_resource what no policy names; neither"],
    );
    // The hint filter goes, and the server has tools that pass it only.
    let filtered =
        policy("access", &format!("bindings: [{{{WRITER}, toolHintFilter: {{readOnlyHint: true}}}}]"));
    let read_only = inventory(&[("search", Some(true))]);
    let (seen, unseen) = changes(&filtered, &whole, &read_only);
    assert_eq!(seen, [""; 0]);
    assert_unseen(&unseen, &["widened: whoever has group `staff` may now call_tool what no policy names;"]);
    let (_, unseen) = changes(&whole, &filtered, &read_only);
    assert_unseen(
        &unseen,
        &["narrowed: whoever has group `staff` may no longer call_tool what no policy names;"],
    );
    // Nothing is offered at all, or the server is not there.
    let nothing = policy("access", "deny: [{actions: [call_tool]}]");
    let (seen, unseen) = changes(&nothing, &whole, &inventory(&[]));
    assert_eq!(seen.len(), 3, "the lists: {seen:?}");
    assert_unseen(&unseen, &["widened: whoever has group `staff` may now"]);
    let (_, unseen) = changes(&nothing, &whole, &[]);
    assert_unseen(&unseen, &["the inventory does not have that server"]);
}

#[test]
fn people_whom_nobody_listed_and_tokens_are_told() {
    let before = policy("access", &format!("bindings: [{{{WRITER}}}]"));
    let tools = inventory(&[("search", None)]);
    let more = |from: &str| before.replace("[{groups: [staff]}]", from);
    let (seen, unseen) =
        changes(&before, &more("[{groups: [staff]}, {groups: [guests], roles: [x]}]"), &tools);
    assert_eq!(seen, [""; 0]);
    assert_unseen(&unseen, &["widened: whoever has group `guests` and role `x` may now list_tools"]);
    // Who passes already is nobody new.
    let (_, unseen) = changes(&before, &more("[{groups: [staff]}, {groups: [staff], roles: [x]}]"), &tools);
    assert_unseen(&unseen, &[]);
    let map = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a-idp-config, namespace: a}, data: {groupsClaim: teams}}";
    let (_, unseen) = changes(&before, &format!("{before}{map}"), &tools);
    assert_unseen(&unseen, &["widened: groups are read from the claim `teams`, no longer from `groups`"]);
    let (_, unseen) = changes(&before, &before.replace("https://idp.", "https://other."), &tools);
    assert_unseen(&unseen, &["widened: tokens of the issuer `https://other.example.com` are taken"]);
    let (_, unseen) = changes(&before, &before.replace("api://github", "api://all"), &tools);
    assert_unseen(&unseen, &["widened: tokens of the audience `api://all` are taken"]);
}

#[test]
fn what_alters_nothing_and_what_narrows_is_no_widening() {
    let spec = format!("bindings: [{{{WRITER}}}]");
    let (before, tools) = (policy("access", &spec), inventory(&[]));
    assert_eq!(changes(&before, &policy("renamed", &spec), &tools), (vec![], vec![]));
    let (seen, unseen) = changes(
        &before,
        &policy("access", &format!("{spec}, deny: [{{actions: [call_tool], tools: [x]}}]")),
        &tools,
    );
    assert_eq!(seen, [""; 0]);
    assert_unseen(&unseen, &["narrowed: whoever has group `staff` may no longer call_tool `x`;"]);
}
