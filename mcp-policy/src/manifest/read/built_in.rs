//! The roles that every platform has: `reader` and `writer`. They are a manifest like any other, the last source.

use spanned_yaml::{Limits, Source, parse_documents};

use super::{role, walk::Walk};
use crate::manifest::{Findings, Manifests, Role};

const TEXT: &str = "\
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRole
metadata:
  name: reader
spec:
  productActions:
    - apiGroup: toolhive.enterprise.stacklok.com
      actions: [list_tools, call_tool, list_prompts, get_prompt, list_resources, read_resource]
---
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRole
metadata:
  name: writer
spec:
  productActions:
    - apiGroup: toolhive.enterprise.stacklok.com
      actions: ['*']
";

/// Their manifest.
pub(super) fn source() -> Source {
    Source::new("built-in roles", TEXT)
}

/// Adds them. A resource of such a name is accepted if it says the same.
pub(super) fn add(manifests: &mut Manifests, findings: &mut Findings) {
    let source = manifests.sources.len().saturating_sub(1);
    let found = findings.of(source);
    let documents = parse_documents(found, Limits::default());
    let mut walk = Walk::new(found, source);
    let roles = documents.iter().filter_map(|document| {
        let name = document.get("metadata")?.get("name")?;
        let role::Actions { ours: actions, foreign } = role::read(document.get("spec")?, &mut walk);
        Some(Role { name: walk.written(name, name.as_str()?), actions, foreign })
    });
    for role in roles.collect::<Vec<_>>() {
        let name = &role.name.value;
        if manifests.unreadable_roles.iter().any(|unreadable| unreadable.value == *name) {
            continue;
        }
        let Some(at) = manifests.roles.iter().position(|written| written.name.value == *name) else {
            manifests.roles.push(role);
            continue;
        };
        if manifests.roles.get(at).is_some_and(|written| written.actions != role.actions) {
            let written = manifests.roles.remove(at).name;
            findings
                .error(written.place, format!("`{name}` is a built-in role, and grants something else"))
                .label(format!("in ClusterPlatformRole `{name}`"))
                .help("it grants every action: choose another name for a role that does not");
            manifests.unreadable_roles.push(written);
        }
    }
}
