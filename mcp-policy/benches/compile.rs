//! What it costs to read and compile manifests: 10, 100 and 1,000 servers with ten bindings each, and files that
//! nobody means well with.
//!
//! The time for a thousand is to be a hundred times that for ten: nothing in the compiler looks at every pair.

use std::{fmt::Write as _, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::{
    manifest::{self, Manifests},
    rbac::{self, Options},
};
use spanned_yaml::Source;

/// As an operator would have it: a dozen roles for the whole cluster, namespaces with bindings of their own, and on every
/// server a policy with ten bindings, among them restricted, filtered and narrowed ones, and a deny.
fn fleet(servers: usize) -> String {
    let mut text = String::new();
    for role in 0..10 {
        let _ = write!(
            text,
            "apiVersion: platform.enterprise.stacklok.com/v1alpha1\nkind: ClusterPlatformRole\n\
             metadata: {{name: role-{role}}}\nspec:\n  productActions:\n  \
             - {{apiGroup: toolhive.enterprise.stacklok.com, actions: [list_tools, call_tool, read_resource]}}\n---\n\
             apiVersion: platform.enterprise.stacklok.com/v1alpha1\nkind: ClusterPlatformRoleBinding\n\
             metadata: {{name: people-{role}}}\nspec:\n  bindings:\n  \
             - {{roleRef: {{kind: ClusterPlatformRole, name: role-{role}}}, from: [{{groups: [group-{role}, everybody-{role}]}}]}}\n---\n"
        );
    }
    for namespace in 0..servers.div_ceil(10) {
        let _ = write!(
            text,
            "apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPOIDCConfig\nmetadata: {{name: idp, namespace: team-{namespace}}}\n\
             spec: {{type: inline, inline: {{issuer: 'https://acme.example/'}}}}\n---\n\
             apiVersion: platform.enterprise.stacklok.com/v1alpha1\nkind: PlatformRoleBinding\n\
             metadata: {{name: own, namespace: team-{namespace}}}\nspec:\n  bindings:\n  \
             - {{roleRef: {{kind: ClusterPlatformRole, name: role-1}}, from: [{{groups: [team-{namespace}], roles: [lead]}}]}}\n---\n"
        );
    }
    for server in 0..servers {
        let namespace = server / 10;
        let _ = write!(
            text,
            "apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPServer\nmetadata: {{name: server-{server}, namespace: team-{namespace}}}\n\
             spec: {{oidcConfigRef: {{name: idp, audience: mcp}}}}\n---\n\
             apiVersion: toolhive.enterprise.stacklok.com/v1alpha1\nkind: ToolhiveAuthorizationPolicy\n\
             metadata: {{name: access-{server}, namespace: team-{namespace}}}\nspec:\n  targetRef: {{name: server-{server}}}\n  \
             deny: [{{actions: [call_tool], tools: [delete_repo]}}]\n  bindings:\n"
        );
        for role in 0..10 {
            let more = match role % 4 {
                0 => {
                    ", ruleRestrictions: [{tools: [list_issues, search_code], resources: ['file:///README.md']}]"
                }
                1 => ", toolHintFilter: {readOnlyHint: true}",
                2 => ", from: [{roles: [oncall]}]",
                _ => "",
            };
            let _ = writeln!(text, "  - {{roleRef: {{kind: ClusterPlatformRole, name: role-{role}}}{more}}}");
        }
        text.push_str("---\n");
    }
    text
}

/// A hundred thousand documents of one make, numbered.
fn flood(document: impl Fn(usize) -> String) -> String {
    (0..100_000).map(|number| document(number) + "\n---\n").collect()
}

fn read(text: &str) -> Manifests {
    manifest::read(vec![Source::new("fleet.yaml", text)]).0
}

fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("servers x 10 bindings");
    group.sample_size(10);
    for servers in [10, 100, 1_000] {
        let text = fleet(servers);
        let manifests = read(&text);
        let compilation = rbac::compile(&manifests, &Options::default());
        let compiled = compilation.targets.values().filter_map(|target| target.as_ref().ok());
        let complete = compiled.filter(|compiled| compiled.statements().len() >= 10).count();
        assert_eq!(complete, servers, "{}", compilation.findings.render(false));
        group.throughput(Throughput::Elements(servers as u64));
        group.bench_function(BenchmarkId::new("read", servers), |b| b.iter(|| read(black_box(&text))));
        group.bench_function(BenchmarkId::new("compile", servers), |b| {
            b.iter(|| rbac::compile(black_box(&manifests), &Options::default()));
        });
    }
    group.finish();
}

fn floods(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("100,000 documents");
    group.sample_size(10);
    let policy = |name: &str, role: usize| {
        format!(
            "{{apiVersion: toolhive.enterprise.stacklok.com/v1alpha1, kind: ToolhiveAuthorizationPolicy, \
             metadata: {{name: {name}, namespace: a}}, spec: {{targetRef: {{name: github}}, \
             bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: missing-{role}}}}}]}}}}"
        )
    };
    let people = |number: usize| {
        format!(
            "{{apiVersion: platform.enterprise.stacklok.com/v1alpha1, kind: ClusterPlatformRoleBinding, \
             metadata: {{name: people-{number}}}, spec: {{bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: writer}}, \
             from: [{{groups: [group-{number}]}}]}}]}}}}"
        )
    };
    let floods = [
        ("policies with a missing role", flood(|number| policy(&format!("p-{number}"), number))),
        ("policies of one name", flood(|number| policy("p", number))),
        ("role bindings of one role", flood(people)),
        ("nothing", flood(|_| "{}".to_owned())),
    ];
    for (name, text) in floods {
        group.bench_function(name, |b| {
            b.iter(|| {
                let manifests = read(black_box(&text));
                rbac::compile(&manifests, &Options::default())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, compiling, floods);
criterion_main!(benches);
