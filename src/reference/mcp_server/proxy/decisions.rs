//! What a policy has decided already. The same question has the same answer for as long as the policy is in force, and
//! callers ask the same few over and over.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp_policy::{
    authz::{Authorizer, Decision},
    vocabulary::{Action, Hints, Principal, Request},
};

use crate::model::bounded::Bounded;

/// How many decisions are remembered; then the oldest goes.
const CAPACITY: usize = 4_096;

/// The longest name of a thing of which a decision is remembered, in bytes. A caller can ask for any.
const LONGEST: usize = 256;

/// The decisions of one policy. Never give them to another: a key says nothing of the policy.
pub(super) struct Decisions(Mutex<Bounded<Key, Arc<Decision>>>);

/// What a decision depends on beside the policy; first that in which most of them differ.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: String,
    action: Action,
    hints: Hints,
    principal: Principal,
}

impl Decisions {
    /// Decides, or says what was decided. `principal` is one that the authorizer has narrowed.
    pub(super) fn decide(
        &self,
        authorizer: &Authorizer,
        principal: &Principal,
        request: &Request<'_>,
    ) -> Arc<Decision> {
        let Some(key) = Key::of(principal, request) else {
            return Arc::new(authorizer.decide(principal, request));
        };
        if let Some(known) = self.lock().get(&key) {
            return Arc::clone(known);
        }
        let decision = Arc::new(authorizer.decide(principal, request));
        // What could not be evaluated is tried again.
        if decision.errors.is_empty() {
            self.lock().insert(key, Arc::clone(&decision));
        }
        decision
    }

    fn lock(&self) -> MutexGuard<'_, Bounded<Key, Arc<Decision>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Decisions {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(CAPACITY)))
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decisions(…)")
    }
}

impl Key {
    fn of(principal: &Principal, request: &Request<'_>) -> Option<Self> {
        let (name, hints) = match *request {
            Request::ListTools | Request::ListPrompts | Request::ListResources => ("", Hints::default()),
            Request::CallTool { tool, hints } => (tool, hints),
            Request::GetPrompt(name) | Request::ReadResource(name) => (name, Hints::default()),
        };
        if name.len() > LONGEST {
            return None;
        }
        Some(Self { name: name.to_owned(), action: request.action(), hints, principal: principal.clone() })
    }
}

#[cfg(test)]
mod tests {
    use mcp_policy::{manifest, rbac};

    use super::*;

    const MANIFESTS: &str = "
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: {name: s, namespace: n}
spec: {oidcConfigRef: {name: idp, audience: a}}
---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPOIDCConfig
metadata: {name: idp, namespace: n}
spec: {type: inline, inline: {issuer: i}}
---
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: holders}
spec:
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: reader}, from: [{groups: [engineering]}, {roles: [auditor]}]}
---
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: p, namespace: n}
spec:
  targetRef: {name: s}
  bindings:
    - {roleRef: {kind: ClusterPlatformRole, name: reader}, toolHintFilter: {readOnlyHint: true}}
  deny:
    - {actions: [get_prompt], prompts: [x]}
    - {actions: [call_tool], tools: [y]}
";

    fn authorizer() -> Authorizer {
        let (manifests, findings) = manifest::read(vec![spanned_yaml::Source::new("m", MANIFESTS)]);
        assert!(!findings.has_errors());
        let targets = rbac::compile(&manifests, &rbac::Options::default()).targets;
        Authorizer::new(targets.values().next().unwrap().as_ref().unwrap()).unwrap()
    }

    fn principal(subject: &str, groups: &[&str], roles: &[&str]) -> Principal {
        let set = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        Principal { issuer: "i".into(), subject: subject.into(), groups: set(groups), roles: set(roles) }
    }

    /// Questions that differ in one thing each, asked three times in turn.
    #[test]
    fn what_is_remembered_is_what_is_decided() {
        let authorizer = authorizer();
        let decisions = Decisions::default();
        let read_only = Hints { read_only: Some(true), ..Hints::default() };
        let writes = Hints { read_only: Some(false), ..Hints::default() };
        let requests = [
            Request::ListTools,
            Request::ListPrompts,
            Request::CallTool { tool: "x", hints: read_only },
            Request::CallTool { tool: "x", hints: writes },
            Request::CallTool { tool: "x", hints: Hints::default() },
            Request::CallTool { tool: "y", hints: read_only },
            Request::GetPrompt("x"),
            Request::GetPrompt("y"),
            Request::ReadResource("x"),
        ];
        let principals = [
            principal("ann", &["engineering"], &[]),
            principal("ann", &[], &["engineering"]),
            principal("ann", &[], &["auditor"]),
            principal("bob", &[], &[]),
        ];
        let mut allowed = 0;
        for _ in 0..3 {
            for principal in &principals {
                for request in &requests {
                    let decided = authorizer.decide(principal, request);
                    allowed += usize::from(decided.allowed);
                    let told = decisions.decide(&authorizer, principal, request);
                    assert_eq!(*told, decided, "{principal:?} {request:?}");
                    assert!(Arc::ptr_eq(&told, &decisions.decide(&authorizer, principal, request)));
                }
            }
        }
        assert_eq!(allowed, 3 * 2 * 5, "two of the four may do five of the nine things");
    }

    #[test]
    fn the_key_holds_all_that_the_answer_depends_on() {
        let ann = principal("ann", &["g"], &["r"]);
        let hints = Hints { open_world: Some(true), ..Hints::default() };
        let call = |tool, hints| Request::CallTool { tool, hints };
        let key = |principal: &Principal, request| Key::of(principal, &request).unwrap();
        let keys = [
            key(&ann, call("x", Hints::default())),
            key(&ann, call("x", hints)),
            key(&ann, call("y", Hints::default())),
            key(&ann, Request::GetPrompt("x")),
            key(&ann, Request::ReadResource("x")),
            key(&ann, Request::ListTools),
            key(&principal("bob", &["g"], &["r"]), call("x", Hints::default())),
            key(&Principal { issuer: "j".into(), ..ann.clone() }, call("x", Hints::default())),
            key(&principal("ann", &["r"], &["g"]), call("x", Hints::default())),
            key(&principal("ann", &[], &["r"]), call("x", Hints::default())),
            key(&principal("ann", &["g"], &[]), call("x", Hints::default())),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn nobody_fills_the_memory_with_long_names() {
        let (authorizer, decisions) = (authorizer(), Decisions::default());
        let ann = principal("ann", &["engineering"], &[]);
        for (length, remembered) in [(LONGEST, true), (LONGEST + 1, false)] {
            let uri = "u".repeat(length);
            let ask = || decisions.decide(&authorizer, &ann, &Request::ReadResource(&uri));
            let (first, second) = (ask(), ask());
            assert!(first.allowed && first == second);
            assert_eq!(Arc::ptr_eq(&first, &second), remembered);
        }
    }
}
