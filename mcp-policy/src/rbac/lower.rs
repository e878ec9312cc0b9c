//! From a policy to grants and denies: who, what, and on which things.
//!
//! What a restricted binding grants of the list actions is not written anywhere. The reading here: `ruleRestrictions`
//! speak of types, tools, prompts and resources, and each type has an action that lists it and one that uses it. A type
//! that an entry names keeps its list action whole, since a list shows only what may be used anyway; a type that no
//! entry names is not granted, so neither is its list. That is what keeps "an entry naming nothing grants nothing" true.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use spanned_yaml::Severity;

use super::{
    Clause, Effect, Finding, Idle, Offered, Origin, Statement, Through, Who, WhyIdle,
    resolve::Index,
    status::{Cause, Code},
};
use crate::{
    manifest::{Condition, Deny, HintFilter, Policy, PolicyBinding, Restriction},
    rule::{Rule, Rules},
    vocabulary::Action,
};

/// What a policy comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Lowered {
    /// Its grants and denies.
    pub(super) statements: Vec<Statement>,
    /// Its bindings that grant nothing.
    pub(super) idle: Vec<Idle>,
    /// Warnings.
    pub(super) findings: Vec<Finding>,
}

/// How many bytes of names all policies together may spell out. A thousand servers with ten bindings each have a few
/// megabytes; hostile manifests, in which every policy meets every role binding, would fill the memory.
pub(super) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: 64 << 20 }
    }
}

impl Budget {
    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.left = self.left.checked_sub(bytes)?;
        Some(())
    }

    fn spend_on(&mut self, from: &[Condition]) -> Option<()> {
        let names = from.iter().flat_map(|condition| condition.groups.iter().chain(&condition.roles));
        self.spend(64 * from.len() + names.map(|name| name.len() + 32).sum::<usize>())
    }
}

/// Lowers one policy, or says everything that is wrong with it.
pub(super) fn lower(
    policy: &Policy,
    index: &Index<'_>,
    rules: Rules,
    budget: &mut Budget,
) -> Result<Lowered, Vec<Cause>> {
    let mut causes = index.policy_trouble(policy);
    let mut lowered = Lowered::default();
    for (at, binding) in policy.bindings.iter().enumerate() {
        match index.role(&binding.role) {
            Ok(actions) => {
                if lowered.grant(policy, at, binding, &actions, index, rules, budget).is_none() {
                    let message = "this binding is one of too many: the role bindings of all policies together \
                                   name more groups and roles than are compiled";
                    causes.push(Cause::at(Code::TooLarge, binding.place, message.to_owned()));
                }
            }
            Err(cause) => causes.push(cause),
        }
    }
    if rules.hold(Rule::OpDeny) {
        for (at, deny) in policy.deny.iter().enumerate() {
            lowered.deny(policy, at, deny);
        }
    }
    if causes.is_empty() || !rules.hold(Rule::OpFailClosed) { Ok(lowered) } else { Err(causes) }
}

impl Lowered {
    #[expect(clippy::too_many_arguments, reason = "what a binding means depends on all of them")]
    fn grant(
        &mut self,
        policy: &Policy,
        at: usize,
        binding: &PolicyBinding,
        actions: &BTreeSet<Action>,
        index: &Index<'_>,
        rules: Rules,
        budget: &mut Budget,
    ) -> Option<()> {
        let (mut held, mut through) = (BTreeSet::new(), BTreeSet::<Through>::new());
        for holder in index.holders(&binding.role.value, &policy.namespace) {
            let by = holder.through();
            budget.spend(by.name.len() + 64)?;
            budget.spend_on(holder.from)?;
            held.extend(clauses(holder.from));
            through.insert(by);
        }
        budget.spend_on(&binding.from)?;
        let narrows = rules.hold(Rule::OpNarrow) && !binding.from.is_empty();
        let origin = Arc::new(Origin {
            namespace: policy.namespace.clone(),
            policy: policy.name.value.clone(),
            section: "bindings",
            index: at,
            role: Some(binding.role.value.clone()),
            through: through.into_iter().collect(),
            place: binding.place,
        });
        let who = Who::Holders {
            held: held.into_iter().collect(),
            narrowed: narrows.then(|| clauses(&binding.from).collect::<BTreeSet<_>>().into_iter().collect()),
        };
        let parts = parts(binding, actions, rules);
        let why = match &who {
            _ if actions.is_empty() => Some(WhyIdle::NoActions),
            Who::Holders { held, narrowed }
                if held.is_empty() || narrowed.as_ref().is_some_and(Vec::is_empty) =>
            {
                Some(WhyIdle::NobodyHolds)
            }
            _ if parts.is_empty() => Some(WhyIdle::NothingNamed),
            _ => None,
        };
        let (who, mut granted) = (Arc::new(who), Vec::new());
        for Part { suffix, actions, names, hints } in parts {
            budget.spend(names.iter().flat_map(|(_, names)| names).map(|name| name.len() + 32).sum())?;
            let id = format!("{}{suffix}", origin.id());
            let (origin, who) = (Arc::clone(&origin), Arc::clone(&who));
            granted.push(Statement { id, effect: Effect::Grant, origin, who, actions, names, hints });
        }
        match why {
            Some(why) => self.idle.push(Idle { origin, why, would: granted }),
            None => self.statements.extend(granted),
        }
        Some(())
    }

    fn deny(&mut self, policy: &Policy, at: usize, deny: &Deny) {
        let origin = Arc::new(Origin {
            namespace: policy.namespace.clone(),
            policy: policy.name.value.clone(),
            section: "deny",
            index: at,
            role: None,
            through: Vec::new(),
            place: deny.place,
        });
        let all: BTreeSet<Action> = deny.actions.iter().copied().collect();
        let named = by_type([&deny.scope]);
        let mut add = |suffix: &str, actions, names| {
            self.statements.push(Statement {
                id: format!("{}{suffix}", origin.id()),
                effect: Effect::Deny,
                origin: Arc::clone(&origin),
                who: Arc::new(Who::Everyone),
                actions,
                names,
                hints: HintFilter::default(),
            });
        };
        if named.is_empty() {
            add("", all, None);
            return;
        }
        let unnamed: Vec<_> =
            all.iter().filter(|action| !named.contains_key(&Offered::of(**action))).collect();
        for (offered, names) in &named {
            let actions: BTreeSet<_> =
                all.iter().copied().filter(|action| Offered::of(*action) == *offered).collect();
            if !actions.is_empty() {
                add(&format!("/{}", offered.field()), actions, Some((*offered, names.clone())));
            }
        }
        for action in unnamed {
            let field = Offered::of(*action).field();
            self.findings.push(Finding {
                severity: Severity::Warning,
                place: deny.place,
                message: format!(
                    "`{action}` is not denied: the rule is limited to names, and has no `{field}`"
                ),
                help: Some(format!("name them in `{field}`, or deny `{action}` in a rule of its own")),
            });
        }
    }
}

/// What one statement takes of a binding.
struct Part {
    suffix: &'static str,
    actions: BTreeSet<Action>,
    names: Option<(Offered, BTreeSet<String>)>,
    hints: HintFilter,
}

/// Splits a binding where its actions have different conditions.
fn parts(binding: &PolicyBinding, actions: &BTreeSet<Action>, rules: Rules) -> Vec<Part> {
    let restricted = binding.restrictions.as_ref().filter(|_| rules.hold(Rule::OpRestrict));
    let listed = restricted.map(by_type);
    let granted: BTreeSet<_> = actions
        .iter()
        .copied()
        .filter(|action| listed.as_ref().is_none_or(|listed| listed.contains_key(&Offered::of(*action))))
        .collect();
    let unhinted = HintFilter::default();
    let (mut whole, mut parts) = (BTreeSet::new(), Vec::new());
    for action in granted {
        let offered = Offered::of(action);
        let uses = action == offered.access();
        let names = listed.as_ref().filter(|_| uses).and_then(|listed| listed.get(&offered));
        let hints = if action == Action::CallTool { binding.hints } else { unhinted };
        if names.is_none() && hints == unhinted {
            whole.insert(action);
        } else {
            let names = names.map(|names| (offered, names.clone()));
            parts.push(Part { suffix: suffix(action), actions: BTreeSet::from([action]), names, hints });
        }
    }
    if !whole.is_empty() {
        let suffix = if parts.is_empty() { "" } else { "/unrestricted" };
        parts.insert(0, Part { suffix, actions: whole, names: None, hints: unhinted });
    }
    parts
}

const fn suffix(action: Action) -> &'static str {
    match action {
        Action::ListTools => "/list_tools",
        Action::CallTool => "/call_tool",
        Action::ListPrompts => "/list_prompts",
        Action::GetPrompt => "/get_prompt",
        Action::ListResources => "/list_resources",
        Action::ReadResource => "/read_resource",
    }
}

/// The names of every type that some entry names.
fn by_type<'r>(entries: impl IntoIterator<Item = &'r Restriction>) -> BTreeMap<Offered, BTreeSet<String>> {
    let mut named: BTreeMap<Offered, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        for (offered, names) in [
            (Offered::Tool, &entry.tools),
            (Offered::Prompt, &entry.prompts),
            (Offered::Resource, &entry.resources),
        ] {
            if !names.is_empty() {
                named.entry(offered).or_default().extend(names.iter().cloned());
            }
        }
    }
    named
}

/// The conditions of a `from`. One that asks for nothing is no condition, and matches nobody.
fn clauses(from: &[Condition]) -> impl Iterator<Item = Clause> {
    from.iter().filter(|condition| !condition.groups.is_empty() || !condition.roles.is_empty()).map(
        |condition| Clause {
            groups: condition.groups.iter().cloned().collect(),
            roles: condition.roles.iter().cloned().collect(),
        },
    )
}
