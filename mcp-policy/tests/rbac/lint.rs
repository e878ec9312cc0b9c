//! Lints and ambiguities: manifests beside what is said of them, written by `UPDATE_EXPECT=1`.

use std::fs;

use expect_test::expect_file;
use mcp_policy::{
    lint::{ambiguities, lint},
    manifest,
    rbac::{self, Compilation, Options},
};
use spanned_yaml::Source;

use super::world::{SERVER, manifests_of};

fn read(name: &str, text: &str) -> (manifest::Manifests, Compilation) {
    let sources = vec![Source::new(name, text), Source::new("server.yaml", SERVER)];
    let (manifests, findings) = manifest::read(sources);
    assert!(!findings.has_errors(), "{findings}");
    let compilation = rbac::compile(&manifests, &Options::default());
    assert!(!compilation.findings.has_errors(), "{}", compilation.findings);
    (manifests, compilation)
}

#[test]
fn golden() {
    let files = manifests_of("lint");
    assert!(files.len() >= 7, "{files:?}");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (manifests, compilation) = read(&name, &fs::read_to_string(&path).unwrap());
        let mut findings = lint(&manifests, &compilation);
        findings.extend(&ambiguities(&manifests, &compilation));
        expect_file![path.with_extension("txt")].assert_eq(&findings.render(false));
    }
}

/// The role bindings of `writer` with these conditions, and a policy that takes it.
fn conditions(from: &str) -> String {
    format!(
        "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {{name: held}}
spec: {{bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: writer}}, from: {from}}}]}}
---
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {{name: access, namespace: engineering}}
spec: {{targetRef: {{name: github}}, bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: writer}}}}]}}
"
    )
}

#[test]
fn only_what_is_decided_differently_is_ambiguous() {
    let ambiguous = |from: &str| {
        let (manifests, compilation) = read("held.yaml", &conditions(from));
        ambiguities(&manifests, &compilation).has_errors()
    };
    for from in [
        "[{groups: [a, b]}]",
        "[{roles: [a, b]}]",
        "[{groups: [a]}, {groups: [b, c]}]",
        "[{groups: [a, b], roles: [c]}]",
    ] {
        assert!(ambiguous(from), "{from}");
    }
    for from in [
        "[{groups: [a]}]",
        "[{groups: [a], roles: [b]}]",
        "[{groups: [a, a]}]",
        // Either is enough by another condition already.
        "[{groups: [a, b]}, {groups: [a]}, {groups: [b]}]",
    ] {
        assert!(!ambiguous(from), "{from}");
    }
}
