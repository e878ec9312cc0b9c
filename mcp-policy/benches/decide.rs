//! What a decision costs beside the bare call of Cedar's authorizer, at 2, 128 and 1,000 bindings on one server, and
//! what it costs to filter a list of 1,000 tools.
//!
//! The bare call has the same policies, those of the action, and everything else made beforehand: request, entities.
//! The decision starts with a principal's groups and a tool's name and hints.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark stops at the first thing that is not as it must be"
)]

use std::{collections::BTreeSet, fmt::Write as _, hint::black_box};

use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request as Asked,
    RestrictedExpression,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::{
    authz::Authorizer,
    manifest,
    rbac::{self, Compiled, Options},
    vocabulary::{Action, Hints, Principal, Request},
};
use spanned_yaml::Source;

/// One server with this many bindings, each of a role and a group of its own, some filtered by a hint.
fn server(bindings: usize) -> Compiled {
    let mut text = "\
        {apiVersion: toolhive.stacklok.dev/v1beta1, kind: MCPServer, metadata: {name: github, namespace: a}, \
         spec: {oidcConfigRef: {name: idp, audience: mcp}}}\n---\n\
        {apiVersion: toolhive.stacklok.dev/v1beta1, kind: MCPOIDCConfig, metadata: {name: idp, namespace: a}, \
         spec: {type: inline, inline: {issuer: 'https://acme.example/'}}}\n"
        .to_owned();
    for number in 0..bindings {
        let hints = if number % 2 == 0 { "" } else { ", toolHintFilter: {readOnlyHint: true}" };
        let _ = write!(
            text,
            "---\n{{apiVersion: platform.enterprise.stacklok.com/v1alpha1, kind: ClusterPlatformRole, metadata: {{name: role-{number}}}, \
             spec: {{productActions: [{{apiGroup: toolhive.enterprise.stacklok.com, actions: ['*']}}]}}}}\n---\n\
             {{apiVersion: platform.enterprise.stacklok.com/v1alpha1, kind: ClusterPlatformRoleBinding, metadata: {{name: people-{number}}}, \
             spec: {{bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: role-{number}}}, from: [{{groups: [group-{number}]}}]}}]}}}}\n---\n\
             {{apiVersion: toolhive.enterprise.stacklok.com/v1alpha1, kind: ToolhiveAuthorizationPolicy, \
             metadata: {{name: access-{number}, namespace: a}}, spec: {{targetRef: {{name: github}}, \
             bindings: [{{roleRef: {{kind: ClusterPlatformRole, name: role-{number}}}{hints}}}]}}}}\n"
        );
    }
    let (manifests, _) = manifest::read(vec![Source::new("server.yaml", text)]);
    let compilation = rbac::compile(&manifests, &Options::default());
    let (_, compiled) = compilation.targets.into_iter().next().expect("a target");
    let compiled = compiled.unwrap_or_else(|not| panic!("{:?}", not.causes));
    assert!(compiled.statements().len() >= bindings, "a policy for every binding");
    compiled
}

/// Two groups that a policy asks for, the last of them by a binding at the end, and one that none does.
fn principal(bindings: usize) -> Principal {
    Principal {
        issuer: "https://acme.example/".to_owned(),
        subject: "alice".to_owned(),
        groups: ["group-0".to_owned(), format!("group-{}", bindings - 1), "everybody".to_owned()].into(),
        roles: BTreeSet::new(),
    }
}

const READ_ONLY: Hints =
    Hints { read_only: Some(true), destructive: None, idempotent: None, open_world: None };

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

/// Cedar alone, with everything made: the policies of `call_tool`, request and entities.
fn bare(compiled: &Compiled, principal: &Principal) -> (PolicySet, Asked, Entities) {
    let of_action = compiled.statements().iter().zip(compiled.policies());
    let of_action = of_action.filter(|(statement, _)| statement.actions.contains(&Action::CallTool));
    let set = PolicySet::from_policies(of_action.map(|(_, policy)| policy.clone())).expect("a set");
    let (client, mcp) = (uid("Client", "alice"), uid("MCP", &compiled.server().to_string()));
    let tool = uid("Tool", "list_issues");
    let groups = principal.groups.iter().map(|group| uid("Group", group)).collect();
    let attributes = [
        ("name".to_owned(), RestrictedExpression::new_string("list_issues".to_owned())),
        ("readOnlyHint".to_owned(), RestrictedExpression::new_bool(true)),
    ];
    let entities = Entities::from_entities(
        [
            Entity::new(client.clone(), [].into(), groups).expect("an entity"),
            Entity::new(tool.clone(), attributes.into(), [mcp].into()).expect("an entity"),
        ],
        None,
    )
    .expect("entities");
    let request =
        Asked::new(client, uid("Action", "call_tool"), tool, Context::empty(), None).expect("a request");
    (set, request, entities)
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    for bindings in [2, 128, 1_000] {
        let (compiled, principal) = (server(bindings), principal(bindings));
        let (set, asked, entities) = bare(&compiled, &principal);
        let cedar = cedar_policy::Authorizer::new();
        assert_eq!(cedar.is_authorized(&asked, &set, &entities).decision(), Decision::Allow);
        group.bench_function(BenchmarkId::new("bare Cedar", bindings), |b| {
            b.iter(|| cedar.is_authorized(black_box(&asked), &set, &entities));
        });

        let authorizer = Authorizer::new(&compiled).expect("an authorizer");
        let request = Request::CallTool { tool: "list_issues", hints: READ_ONLY };
        assert!(authorizer.decide(&principal, &request).allowed);
        group.bench_function(BenchmarkId::new("decide", bindings), |b| {
            b.iter(|| authorizer.decide(black_box(&principal), &request));
        });
    }
    group.finish();
}

fn lists(criterion: &mut Criterion) {
    let names: Vec<_> = (0..1_000).map(|number| format!("tool_{number}")).collect();
    let items: Vec<_> = names.iter().map(|tool| Request::CallTool { tool, hints: READ_ONLY }).collect();
    let mut group = criterion.benchmark_group("filter a list of 1,000 tools");
    group.sample_size(20).throughput(Throughput::Elements(1_000));
    for bindings in [2, 128] {
        let (authorizer, principal) =
            (Authorizer::new(&server(bindings)).expect("an authorizer"), principal(bindings));
        assert_eq!(authorizer.for_principal(&principal).shows(&items), vec![true; 1_000]);
        group.bench_function(BenchmarkId::from_parameter(bindings), |b| {
            b.iter(|| authorizer.for_principal(black_box(&principal)).shows(&items));
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, lists);
criterion_main!(benches);
