//! Manifests from text and from files, and people who ask.

use std::path::{Path, PathBuf};

use mcp_policy::{
    authz::{Authorizer, Decision},
    manifest::{self, Manifests},
    rbac::{self, Compilation, Options},
    rule::{Rule, Rules},
    vocabulary::{Hints, Principal, Request, ServerId, TargetKind},
};
use spanned_yaml::Source;

/// A server `github` in `engineering`, with what it needs.
pub(crate) const SERVER: &str = "
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPOIDCConfig
metadata: {name: idp, namespace: engineering}
spec: {type: inline, inline: {issuer: https://idp.example.com}}
---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: {name: github, namespace: engineering}
spec: {oidcConfigRef: {name: idp, audience: api://github}}
---
";

/// The manifests of a folder of golden files.
pub(crate) fn manifests_of(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut manifests: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    manifests.sort();
    manifests
}

/// Reads manifests that have no mistake in them.
pub(crate) fn read(text: &str) -> Manifests {
    let (manifests, findings) = manifest::read(vec![Source::new("manifests.yaml", text)]);
    assert!(!findings.has_errors(), "{}", findings.render(false));
    manifests
}

/// Compiles them.
pub(crate) fn compile(text: &str, rules: Rules) -> Compilation {
    rbac::compile(&read(text), &Options { rules, ..Options::default() })
}

/// The server of [`SERVER`].
pub(crate) fn github() -> ServerId {
    ServerId { namespace: "engineering".into(), kind: TargetKind::McpServer, name: "github".into() }
}

/// Its policies, ready to decide.
pub(crate) fn authorizer(text: &str, rules: Rules) -> Authorizer {
    let compilation = compile(&format!("{SERVER}{text}"), rules);
    let compiled = compilation.targets[&github()].as_ref().unwrap_or_else(|not| panic!("{not:?}"));
    Authorizer::new(compiled).unwrap()
}

/// Somebody in these groups, with these roles.
pub(crate) fn person(groups: &[&str], roles: &[&str]) -> Principal {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Principal {
        issuer: "https://idp.example.com".to_owned(),
        subject: "alice".to_owned(),
        groups: owned(groups),
        roles: owned(roles),
    }
}

/// A call of a tool that says whether it only reads.
pub(crate) fn call(tool: &str, read_only: Option<bool>) -> Request<'_> {
    Request::CallTool { tool, hints: Hints { read_only, ..Hints::default() } }
}

/// Whether a request is allowed with all rules, and with one of them broken.
pub(crate) fn with_and_without(
    text: &str,
    rule: Rule,
    principal: &Principal,
    request: &Request<'_>,
) -> (bool, bool) {
    let decide = |rules| -> Decision { authorizer(text, rules).decide(principal, request) };
    (decide(Rules::ALL).allowed, decide(Rules::without(rule)).allowed)
}
