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

/// What is looked at is bounded by the conditions that are visited, not by the grants, of which there is one here.
#[test]
fn many_conditions_come_to_an_end() {
    let names = |prefix: char| (0..32).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>();
    let (groups, roles) = (names('z').join(", "), names('q').split_off(1).join(", "));
    let own = (0..2_000).map(|at| format!("{{groups: [a{at}]}}"));
    let each = names('z').into_iter().map(|group| format!("{{groups: [{group}]}}"));
    let wide = (0..100).map(|at| format!("{{groups: [{groups}], roles: [{roles}, u{at}]}}"));
    let all: Vec<_> = own.chain(each).chain(wide).collect();
    let bindings = all.chunks(32).map(|from| {
        format!("{{roleRef: {{kind: ClusterPlatformRole, name: writer}}, from: [{}]}}", from.join(", "))
    });
    let bindings: Vec<_> = bindings.collect();
    let held = bindings.chunks(32).enumerate().map(|(at, bindings)| {
        format!(
            "apiVersion: platform.enterprise.stacklok.com/v1alpha1\nkind: ClusterPlatformRoleBinding\n\
             metadata: {{name: more-{at}}}\nspec: {{bindings: [{}]}}\n",
            bindings.join(", ")
        )
    });
    let text = held.fold(conditions("[{groups: [a]}]"), |text, more| format!("{text}---\n{more}"));
    let (manifests, compilation) = read("many.yaml", &text);
    // Whoever passes a wide one has one of the groups that are enough alone.
    assert!(!ambiguities(&manifests, &compilation).has_errors());
}
