//! Decisions: compiled policies, a principal and a request → allowed or not, and by which statement.
//!
//! A policy set is split by action when the [`Authorizer`] is made, since every decision looks at every policy of its
//! set; an action that a policy does not name cannot be decided by it. The entities of a principal are built once, by
//! [`Authorizer::for_principal`], with those groups and roles alone that some policy asks for.

mod entities;

use std::{collections::BTreeMap, sync::Arc};

use cedar_policy::{
    Authorizer as Cedar, Context, Decision as Answer, Entities, Entity, EntityUid, PolicySet,
    Request as Asked,
};

use self::entities::{Names, Subject};
use crate::{
    rbac::{Compiled, Effect, Offered, Statement},
    rule::{Rule, Rules},
    vocabulary::{Action, Principal, Request},
};

/// The policies of one server, ready to decide.
#[derive(Debug)]
pub struct Authorizer {
    cedar: Cedar,
    sets: BTreeMap<Action, PolicySet>,
    statements: BTreeMap<String, Arc<Statement>>,
    /// The entity of the server, written.
    server: String,
    names: Names,
    rules: Rules,
}

/// The same for one principal. Make it once for a request that asks many things, such as a list.
#[derive(Debug)]
pub struct Asker<'a> {
    authorizer: &'a Authorizer,
    /// Where an entity cannot be made, nothing is allowed.
    principal: Result<Entity, String>,
}

/// Policies that cannot be evaluated. The compiler lets none of them out.
#[derive(Debug, thiserror::Error)]
#[error("the policies cannot be evaluated: {0}")]
pub struct NotReady(String);

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The request may go on.
    pub allowed: bool,
    /// The statements that decided: the grants of what is allowed, the denies of what is denied. None: nothing grants.
    pub reasons: Vec<Arc<Statement>>,
    /// What went wrong while policies were evaluated. Any of it denies (MCP-EVAL).
    pub errors: Vec<String>,
}

impl Decision {
    /// Denied by a rule of `deny`, not for want of a grant. A list is refused then; without a grant it is empty.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        !self.allowed && self.reasons.iter().any(|statement| statement.effect == Effect::Deny)
    }

    fn failed(error: String) -> Self {
        Self { allowed: false, reasons: Vec::new(), errors: vec![error] }
    }
}

impl NotReady {
    fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Authorizer {
    /// Takes a target's policies.
    pub fn new(compiled: &Compiled) -> Result<Self, NotReady> {
        let mut sets = BTreeMap::new();
        for action in Action::ALL {
            let all = compiled.statements().iter().zip(compiled.policies());
            let of_action = all.filter(|(statement, _)| statement.actions.contains(&action));
            let set = PolicySet::from_policies(of_action.map(|(_, policy)| policy.clone()));
            sets.insert(action, set.map_err(NotReady::because)?);
        }
        let statements = compiled.statements().iter();
        let statements = statements.map(|one| (one.id.clone(), Arc::new(one.clone()))).collect();
        let (names, rules) = (Names::of(compiled)?, compiled.rules());
        let server = names.uid(&Subject::Server).to_string();
        Ok(Self { cedar: Cedar::new(), sets, statements, server, names, rules })
    }

    /// Decides one request.
    #[must_use]
    pub fn decide(&self, principal: &Principal, request: &Request<'_>) -> Decision {
        self.for_principal(principal).decide(request)
    }

    /// The principal with those groups and roles alone that some policy asks for: all of it that a decision depends on.
    #[must_use]
    pub fn narrowed(&self, principal: Principal) -> Principal {
        self.names.narrowed(principal)
    }

    /// The Cedar entity of the server, as its policies name it and as everything on it has it for a parent.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Builds the principal's entities, for many requests.
    #[must_use]
    pub fn for_principal(&self, principal: &Principal) -> Asker<'_> {
        Asker { authorizer: self, principal: self.names.principal(principal) }
    }

    fn ask(
        &self,
        principal: &EntityUid,
        action: Action,
        subject: &Subject<'_>,
        entities: &Entities,
    ) -> Decision {
        let (Some(set), Some(uid)) = (self.sets.get(&action), self.names.action(action)) else {
            return Decision::failed(format!("no policies for `{action}`"));
        };
        let asked = Asked::new(principal.clone(), uid, self.names.uid(subject), Context::empty(), None);
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return Decision::failed(error.to_string()),
        };
        let response = self.cedar.is_authorized(&asked, set, entities);
        let diagnostics = response.diagnostics();
        let errors: Vec<_> = diagnostics.errors().map(ToString::to_string).collect();
        let evaluated = errors.is_empty() || !self.rules.hold(Rule::McpEval);
        let allowed = evaluated && response.decision() == Answer::Allow;
        let reasons = diagnostics.reason().filter_map(|id| self.statements.get(AsRef::<str>::as_ref(id)));
        let mut reasons: Vec<_> = reasons.cloned().collect();
        reasons.sort_by(|left, right| left.id.cmp(&right.id));
        Decision { allowed, reasons, errors }
    }
}

impl Asker<'_> {
    /// Decides one request.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let subject = Subject::of(request);
        self.about(&[subject], |principal, entities| {
            self.authorizer.ask(principal, request.action(), &subject, entities)
        })
        .unwrap_or_else(Decision::failed)
    }

    /// Decides many requests with one set of entities, in their order.
    #[must_use]
    pub fn decide_all(&self, requests: &[Request<'_>]) -> Vec<Decision> {
        let subjects: Vec<_> = requests.iter().map(Subject::of).collect();
        let all = self.about(&subjects, |principal, entities| {
            let each = requests.iter().zip(&subjects);
            each.map(|(request, subject)| self.authorizer.ask(principal, request.action(), subject, entities))
                .collect()
        });
        // Two things of one name and different hints cannot be in one set: each is asked for itself.
        all.unwrap_or_else(|_| requests.iter().map(|request| self.decide(request)).collect())
    }

    /// Which items of a list may be shown (MCP-LIST): given as the requests that would use them, each is shown if that
    /// is allowed and no deny hides it from the list. Whether the list is granted at all is a request of its own.
    #[must_use]
    pub fn shows(&self, items: &[Request<'_>]) -> Vec<bool> {
        let subjects: Vec<_> = items.iter().map(Subject::of).collect();
        let shown =
            |item: &Request<'_>, subject: &Subject<'_>, principal: &EntityUid, entities: &Entities| {
                let ask = |action| self.authorizer.ask(principal, action, subject, entities);
                ask(item.action()).allowed && !ask(Offered::of(item.action()).list()).is_forbidden()
            };
        let all = self.about(&subjects, |principal, entities| {
            items
                .iter()
                .zip(&subjects)
                .map(|(item, subject)| shown(item, subject, principal, entities))
                .collect()
        });
        all.unwrap_or_else(|_| {
            let alone = |(item, subject): (&Request<'_>, &Subject<'_>)| {
                self.about(&[*subject], |principal, entities| shown(item, subject, principal, entities))
            };
            items.iter().zip(&subjects).map(|pair| alone(pair).unwrap_or(false)).collect()
        })
    }

    /// What a deny of the list says of an item of it: [`Self::shows`] goes by it.
    pub(crate) fn hides(&self, item: &Request<'_>) -> Decision {
        let (subject, list) = (Subject::of(item), Offered::of(item.action()).list());
        self.about(&[subject], |principal, entities| self.authorizer.ask(principal, list, &subject, entities))
            .unwrap_or_else(Decision::failed)
    }

    /// Asks with the entities of the principal and of what is asked about.
    fn about<T>(
        &self,
        subjects: &[Subject<'_>],
        ask: impl FnOnce(&EntityUid, &Entities) -> T,
    ) -> Result<T, String> {
        let principal = self.principal.as_ref().map_err(Clone::clone)?;
        Ok(ask(&principal.uid(), &self.authorizer.names.with(principal, subjects)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest,
        rbac::{self, Options},
    };

    /// No policy of the compiler fails; somebody else's may.
    #[test]
    fn an_error_denies() {
        let server = "{apiVersion: toolhive.stacklok.dev/v1beta1, kind: MCPServer, \
                      metadata: {name: s, namespace: n}, spec: {oidcConfigRef: {name: idp, audience: a}}}\n---\n\
                      {apiVersion: toolhive.stacklok.dev/v1beta1, kind: MCPOIDCConfig, \
                      metadata: {name: idp, namespace: n}, spec: {type: inline, inline: {issuer: i}}}\n";
        let (manifests, _) = manifest::read(vec![spanned_yaml::Source::new("m", server)]);
        let decide = |rules| {
            let options = Options { rules, ..Options::default() };
            let targets = rbac::compile(&manifests, &options).targets;
            let mut authorizer = Authorizer::new(targets.values().next().unwrap().as_ref().unwrap()).unwrap();
            let text = "permit (principal, action, resource);
                        permit (principal, action, resource) when { resource.nothing == 1 };";
            authorizer.sets.insert(Action::ListTools, text.parse().unwrap());
            let principal =
                Principal { issuer: "i".into(), subject: "s".into(), groups: [].into(), roles: [].into() };
            authorizer.decide(&principal, &Request::ListTools)
        };
        let held = decide(Rules::ALL);
        assert!(!held.allowed && held.errors.len() == 1, "{held:?}");
        assert!(decide(Rules::without(Rule::McpEval)).allowed);
    }
}
