//! A hundred thousand documents: read and compiled to an end, without a grant that a few of them would not give.
//! (What it takes, `benches/compile.rs` says.)

use mcp_policy::{
    manifest,
    rbac::{self, Options},
};
use spanned_yaml::Source;

#[test]
fn a_hundred_thousand_documents_come_to_an_end() {
    let policy = |number: usize, spec: &str| {
        format!(
            "{{apiVersion: toolhive.enterprise.stacklok.com/v1alpha1, kind: ToolhiveAuthorizationPolicy, \
             metadata: {{name: p-{number}, namespace: a}}, spec: {spec}}}"
        )
    };
    let grant = |role: &str| format!("bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: {role}}}}}]");
    let target = "targetRef: {name: github}";
    let document = |number: usize| match number % 5 {
        // Every one of them closes the target.
        0 => policy(number, &format!("{{{target}, {}}}", grant(&format!("missing-{number}")))),
        1 => policy(number, &format!("{{{target}, {}, unknown-{number}: 1}}", grant("writer"))),
        // Each of these meets each of the role bindings.
        2 => policy(number, &format!("{{targetRef: {{name: jira}}, {}}}", grant("writer"))),
        3 => format!(
            "{{apiVersion: platform.enterprise.stacklok.com/v1alpha1, kind: ClusterPlatformRoleBinding, \
             metadata: {{name: people-{number}}}, spec: {{bindings: [{{roleRef: {{kind: ClusterPlatformRole, \
             name: writer}}, from: [{{groups: [group-{number}]}}]}}]}}}}"
        ),
        _ => "{apiVersion: v1, kind: Secret, metadata: {name: x}}".to_owned(),
    };
    let text: String = (0..100_000).map(|number| document(number) + "\n---\n").collect();
    let (manifests, findings) = manifest::read(vec![Source::new("flood.yaml", text)]);
    assert_eq!(manifests.skipped.get("Secret"), Some(&20_000));
    assert!(findings.has_errors());
    // Nobody reads a hundred thousand messages, and each of them costs memory.
    assert!(findings.iter().count() <= 5_000, "{} findings", findings.iter().count());
    let compilation = rbac::compile(&manifests, &Options::default());
    for (server, compiled) in &compilation.targets {
        assert!(compiled.is_err(), "{server} has policies");
    }
}
