//! Why somebody may do something or not, as facts with their places, and what would change the answer.
//!
//! The decision is the authorizer's. The facts around it are read off the statements and the resources that they come
//! from.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    authz::{Authorizer, NotReady},
    manifest::{Binding, Condition, Manifests, Place},
    rbac::{Clause, Compiled, Effect, Idle, Matching, Offered, Origin, Statement, Through, Who},
    vocabulary::{Action, Hints, Principal, Request},
};

/// How many ways to another answer are told: the nearest ones.
const WAYS: usize = 5;

/// The answer and its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The request may go on.
    pub allowed: bool,
    /// What decided: the grants of what is allowed, the denies of what is denied. None: nothing grants.
    pub because: Vec<Ground>,
    /// What went wrong while policies were evaluated; any of it denies.
    pub errors: Vec<String>,
    /// What would make a denied request an allowed one, the nearest first.
    pub would_change: Vec<Way>,
    /// How many further bindings there are that grant this to somebody.
    pub further: usize,
    /// Where no binding grants it to anybody: the denies that a new one would meet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
    /// More stands in the way than is told here: what would change that is the first of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ground {
    /// `allow` or `deny`.
    pub effect: &'static str,
    /// `ToolhiveAuthorizationPolicy engineering/github-access, bindings[0]`.
    pub policy: String,
    /// `access.yaml, line 7`.
    pub at: String,
    /// Of a grant: the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Of a grant: through which role bindings this principal has the role, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Held>,
    /// Id of the Cedar policy.
    pub id: String,
}

/// A role binding by which the principal has a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// `ClusterPlatformRoleBinding admins, bindings[0]`.
    pub binding: String,
    /// `roles.yaml, line 7`.
    pub at: String,
    /// The groups that count.
    pub groups: BTreeSet<String>,
    /// The roles that count.
    pub roles: BTreeSet<String>,
}

/// A binding that would grant the request, if something were otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// `ToolhiveAuthorizationPolicy engineering/github-access, bindings[0]`.
    pub policy: String,
    /// `access.yaml, line 7`.
    pub at: String,
    /// Its role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is missing: all of it is needed.
    pub needs: Vec<String>,
}

/// Whether the values of a list are satisfied; an empty list asks for nothing.
pub(crate) fn meets(
    wanted: &BTreeSet<String>,
    mut has: impl FnMut(&str) -> bool,
    matching: Matching,
) -> bool {
    match matching {
        Matching::Any => wanted.is_empty() || wanted.iter().any(|name| has(name)),
        Matching::All => wanted.iter().all(|name| has(name)),
    }
}

/// Decides and explains.
pub fn explain(
    manifests: &Manifests,
    compiled: &Compiled,
    principal: &Principal,
    request: &Request<'_>,
) -> Result<Explanation, NotReady> {
    let decision = Authorizer::new(compiled)?.decide(principal, request);
    let looking = Looking { manifests, compiled, principal, bindings: bindings(manifests), request };
    let because: Vec<_> = decision.reasons.iter().map(|statement| looking.ground(statement)).collect();
    let mut explanation = Explanation {
        allowed: decision.allowed,
        because,
        errors: decision.errors,
        would_change: Vec::new(),
        further: 0,
        standing: Vec::new(),
        in_part: false,
    };
    if !decision.allowed {
        looking.ways(&mut explanation);
    }
    Ok(explanation)
}

/// Decides and explains whether somebody sees a thing in its list: the list must be granted, the use allowed, and no
/// deny of the list may hide it. `item` is the request that would use it.
pub fn explain_shown(
    manifests: &Manifests,
    compiled: &Compiled,
    principal: &Principal,
    item: &Request<'_>,
) -> Result<Explanation, NotReady> {
    let list = match Offered::of(item.action()) {
        Offered::Tool => Request::ListTools,
        Offered::Prompt => Request::ListPrompts,
        Offered::Resource => Request::ListResources,
    };
    let authorizer = Authorizer::new(compiled)?;
    let asker = authorizer.for_principal(principal);
    let hidden = asker.hides(item);
    let mut listed = explain(manifests, compiled, principal, &list)?;
    let mut used = explain(manifests, compiled, principal, item)?;
    if !listed.allowed {
        listed.in_part = !used.allowed || hidden.is_forbidden();
        return Ok(listed);
    }
    if !used.allowed {
        used.in_part = hidden.is_forbidden();
        return Ok(used);
    }
    used.allowed = asker.shows(std::slice::from_ref(item)) == [true];
    if used.allowed {
        used.because.splice(0..0, listed.because);
        return Ok(used);
    }
    let looking = Looking { manifests, compiled, principal, bindings: bindings(manifests), request: item };
    let needs: Vec<_> = hidden.reasons.iter().map(|deny| looking.stands(deny)).collect();
    let ways = used.because.iter().map(|ground| Way {
        policy: ground.policy.clone(),
        at: ground.at.clone(),
        role: ground.role.clone(),
        needs: needs.clone(),
    });
    used.would_change = ways.take(1).collect();
    used.because = hidden.reasons.iter().map(|deny| looking.ground(deny)).collect();
    used.errors = hidden.errors;
    Ok(used)
}

fn bindings(manifests: &Manifests) -> BTreeMap<Place, &Binding> {
    let all = manifests.role_bindings.iter().flat_map(|binding| &binding.bindings);
    all.map(|binding| (binding.place, binding)).collect()
}

/// What is looked at.
struct Looking<'a> {
    manifests: &'a Manifests,
    compiled: &'a Compiled,
    principal: &'a Principal,
    bindings: BTreeMap<Place, &'a Binding>,
    request: &'a Request<'a>,
}

impl Looking<'_> {
    fn ground(&self, statement: &Statement) -> Ground {
        let origin = &statement.origin;
        Ground {
            effect: if statement.effect == Effect::Grant { "allow" } else { "deny" },
            policy: origin.to_string(),
            at: self.manifests.shown(origin.place),
            role: origin.role.clone(),
            through: origin.through.iter().filter_map(|through| self.held(through)).collect(),
            id: statement.id.clone(),
        }
    }

    /// The role binding with what counts of the principal, if it matches.
    fn held(&self, through: &Through) -> Option<Held> {
        let conditions = self.conditions(through).filter(|clause| self.missing(clause).is_empty());
        let (mut groups, mut roles, mut any) = (BTreeSet::new(), BTreeSet::new(), false);
        for clause in conditions {
            any = true;
            groups.extend(clause.groups.intersection(&self.principal.groups).cloned());
            roles.extend(clause.roles.intersection(&self.principal.roles).cloned());
        }
        let at = self.manifests.shown(through.place);
        any.then(|| Held { binding: through.to_string(), at, groups, roles })
    }

    fn conditions(&self, through: &Through) -> impl Iterator<Item = Clause> {
        let from = self.bindings.get(&through.place).map_or(&[][..], |binding| &binding.from);
        from.iter().map(clause)
    }

    /// Every binding that grants the action to somebody, with what this request lacks, the nearest first.
    fn ways(&self, explanation: &mut Explanation) {
        let action = self.request.action();
        let statements = self.compiled.statements().iter();
        let (grants, denies): (Vec<_>, Vec<_>) = statements
            .filter(|statement| statement.actions.contains(&action))
            .partition(|statement| statement.effect == Effect::Grant);
        let standing = denies.iter().filter(|deny| self.not_named(deny).is_none());
        let standing: Vec<_> = standing.map(|deny| self.stands(deny)).collect();
        let mut ways: Vec<_> =
            grants.iter().map(|grant| self.way(&grant.origin, self.needs(grant, &standing))).collect();
        if ways.is_empty() {
            ways = self.compiled.idle().iter().filter_map(|idle| self.idle(idle, &standing)).collect();
        }
        if ways.is_empty() {
            explanation.standing = standing;
        }
        ways.sort_by_key(|way| way.needs.len());
        explanation.further = ways.len().saturating_sub(WAYS);
        ways.truncate(WAYS);
        explanation.would_change = ways;
    }

    fn stands(&self, deny: &Statement) -> String {
        format!("{} ({}) must not deny it", deny.origin, self.manifests.shown(deny.origin.place))
    }

    fn way(&self, origin: &Origin, needs: Vec<String>) -> Way {
        let (policy, at) = (origin.to_string(), self.manifests.shown(origin.place));
        Way { policy, at, role: origin.role.clone(), needs }
    }

    /// A binding that grants nothing to anybody, if it would grant this to whoever held its role.
    fn idle(&self, idle: &Idle, standing: &[String]) -> Option<Way> {
        let action = self.request.action();
        let covers = |would: &&Statement| {
            would.actions.contains(&action) && self.not_named(would).is_none() && self.hints(would).is_empty()
        };
        let would = idle.would.iter().find(covers)?;
        let mut needs = vec![format!("the role, by a role binding: {}", idle.why)];
        needs.extend(self.narrowing(would));
        needs.extend(standing.iter().cloned());
        Some(self.way(&idle.origin, needs))
    }

    fn needs(&self, grant: &Statement, standing: &[String]) -> Vec<String> {
        let mut needs = Vec::new();
        if let Who::Holders { held, .. } = &*grant.who
            && !held.iter().any(|clause| self.missing(clause).is_empty())
        {
            needs.push(self.holding(&grant.origin));
        }
        needs.extend(self.narrowing(grant));
        needs.extend(self.not_named(grant));
        needs.extend(self.hints(grant));
        needs.extend(standing.iter().cloned());
        needs
    }

    /// What the binding's own `from` asks for beside the role.
    fn narrowing(&self, grant: &Statement) -> Option<String> {
        let Who::Holders { narrowed: Some(narrowed), .. } = &*grant.who else { return None };
        if narrowed.iter().any(|clause| self.missing(clause).is_empty()) {
            return None;
        }
        let each: Vec<_> = narrowed.iter().map(|clause| words::and(&self.missing(clause))).collect();
        Some(format!("{}, as the binding's own `from` asks", each.join(", or ")))
    }

    /// What would give the role: by each role binding, the condition that lacks least.
    fn holding(&self, origin: &Origin) -> String {
        let each = origin.through.iter().map(|through| {
            let conditions: Vec<_> =
                self.conditions(through).map(|clause| words::and(&self.missing(&clause))).collect();
            format!("{} (by {through}, {})", conditions.join(", or "), self.manifests.shown(through.place))
        });
        each.collect::<Vec<_>>().join("; or ")
    }

    /// What a condition asks for that the principal has not.
    fn missing(&self, clause: &Clause) -> Vec<String> {
        let matching = self.compiled.matching();
        let lists = [
            ("group", &clause.groups, &self.principal.groups),
            ("role", &clause.roles, &self.principal.roles),
        ];
        let unmet =
            lists.into_iter().filter(|(_, wanted, has)| !meets(wanted, |name| has.contains(name), matching));
        unmet.map(|(what, wanted, has)| words::list(what, wanted.difference(has), matching)).collect()
    }

    fn not_named(&self, statement: &Statement) -> Option<String> {
        let (offered, names) = statement.names.as_ref()?;
        let asked = match *self.request {
            Request::CallTool { tool: name, .. } | Request::GetPrompt(name) | Request::ReadResource(name) => {
                name
            }
            // A deny that is limited to names hides those, and refuses no list.
            Request::ListTools | Request::ListPrompts | Request::ListResources => {
                return Some("the list itself is not meant".to_owned());
            }
        };
        let what = words::called(*offered);
        (!names.contains(asked))
            .then(|| format!("the {what} `{asked}` among the names of its `{}`", offered.field()))
    }

    fn hints(&self, grant: &Statement) -> Vec<String> {
        let said = match *self.request {
            Request::CallTool { hints, .. } => hints,
            _ => Hints::default(),
        };
        let each = [
            ("readOnlyHint", grant.hints.read_only, said.read_only),
            ("destructiveHint", grant.hints.destructive, said.destructive),
        ];
        let unmet = each.into_iter().filter_map(|(hint, wanted, said)| {
            let wanted = wanted.filter(|wanted| said != Some(*wanted))?;
            let found = said.map_or_else(|| "it says nothing".to_owned(), |said| format!("it says {said}"));
            Some(format!("a tool that its server marks `{hint}: {wanted}` ({found})"))
        });
        unmet.collect()
    }
}

fn clause(condition: &Condition) -> Clause {
    Clause {
        groups: condition.groups.iter().cloned().collect(),
        roles: condition.roles.iter().cloned().collect(),
    }
}

/// The request for an action on something by name. `None`: the action needs a name, and there is none.
#[must_use]
pub fn request(action: Action, name: Option<&str>, hints: Hints) -> Option<Request<'_>> {
    Some(match action {
        Action::ListTools => Request::ListTools,
        Action::ListPrompts => Request::ListPrompts,
        Action::ListResources => Request::ListResources,
        Action::CallTool => Request::CallTool { tool: name?, hints },
        Action::GetPrompt => Request::GetPrompt(name?),
        Action::ReadResource => Request::ReadResource(name?),
    })
}
