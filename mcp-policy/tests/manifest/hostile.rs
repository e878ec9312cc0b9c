//! Hostile files end with a message, in little time and memory.

use std::fmt::Write as _;

use mcp_policy::manifest::Findings;

use crate::read_text;

fn policy(number: usize, body: &str) -> String {
    format!(
        "---\napiVersion: toolhive.enterprise.stacklok.com/v1alpha1\nkind: ToolhiveAuthorizationPolicy\n\
         metadata: {{name: p{number}, namespace: ns}}\nspec:\n  targetRef: {{name: s}}\n{body}"
    )
}

fn first_error(findings: &Findings) -> String {
    findings.iter().find(|found| found.severity == spanned_yaml::Severity::Error).unwrap().message.clone()
}

#[test]
fn a_hundred_thousand_documents_are_read() {
    let mut text = String::new();
    for number in 0..100_000 {
        text.push_str(&policy(number, "  deny: [{actions: [call_tool]}]\n"));
    }
    let (manifests, findings) = read_text(&text);
    assert!(findings.is_empty(), "{findings}");
    assert_eq!(manifests.policies.len(), 100_000);
}

#[test]
fn mistakes_without_end_are_not_all_told() {
    let mut text = String::new();
    for _ in 0..2 {
        for number in 0..4_000 {
            text.push_str(&policy(number, "  dney: [{actions: [call_tool]}]\n"));
        }
    }
    let (manifests, findings) = read_text(&text);
    assert!(manifests.policies.is_empty());
    assert_eq!(manifests.unreadable.len(), 8_000, "all are remembered");
    // A misspelt key each, and each of the second half is there a second time.
    assert_eq!(findings.iter().count(), 1_000);
    assert!(findings.render(false).lines().count() < 1_000);
}

#[test]
fn warnings_without_end_are_no_error() {
    let body = "  deny: [{actions: [call_tool]}]\n";
    let text: String = (0..3_000).map(|number| policy(number, body).replace(", namespace: ns", "")).collect();
    let (manifests, findings) = read_text(&text);
    assert!(!findings.has_errors());
    assert_eq!(manifests.policies.len(), 3_000);
    assert_eq!(findings.iter().count(), 1_000);
}

#[test]
fn lists_and_maps_without_end_are_one_mistake_each() {
    let items = "x,".repeat(200_000);
    let (_, findings) = read_text(&policy(0, &format!("  bindings: [{items}]\n")));
    assert!(findings.iter().count() < 200);
    let mut keys = String::new();
    for number in 0..50_000 {
        write!(keys, "k{number}: 1,").unwrap();
    }
    let (_, findings) = read_text(&policy(0, &format!("  bindings: [{{{keys}}}]\n")));
    assert!(findings.to_string().contains("49980 more keys"), "{findings}");
}

#[test]
fn depth_and_aliases_are_limited() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let (manifests, findings) = read_text(&policy(0, &format!("  deny: {deep}\n")));
    assert_eq!(first_error(&findings), "nested more than 64 levels deep");
    assert_eq!(manifests.unreadable.len(), 1);
    let lists = "{apiVersion: v1, kind: List, items: [".repeat(40) + &"]}".repeat(40);
    let (_, findings) = read_text(&lists);
    assert_eq!(first_error(&findings), "nested more than 64 levels deep");
    let mut laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{inner}]").unwrap();
    }
    let (manifests, findings) = read_text(&laughs);
    assert_eq!(first_error(&findings), "more than 5000000 values, aliases counted each time");
    assert_eq!(manifests.unreadable.len(), 1);
}
