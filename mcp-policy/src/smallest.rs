//! The smallest people and the smallest requests that grants are about, and what statements say of them.
//!
//! More groups, roles or hints never take a grant away. So what two sets of policies, or two readings of one set, decide
//! differently they decide differently for somebody who has just what a grant asks for, with a request that has just
//! its hints. A deny is the same to everybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use crate::{
    explain::meets,
    manifest::HintFilter,
    rbac::{Clause, Effect, Matching, Statement, Who},
    vocabulary::Action,
};

/// A request. No name: of an action of a list the list itself, of another one something that no manifest names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked<'s> {
    pub(crate) action: Action,
    pub(crate) name: Option<&'s str>,
    /// What the tool's server says of it; what is not here it does not say.
    pub(crate) hints: HintFilter,
}

/// A principal with as little as a grant asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Smallest<'s> {
    pub(crate) groups: BTreeSet<&'s str>,
    pub(crate) roles: BTreeSet<&'s str>,
}

/// How much is looked at before one gives up.
pub(crate) struct Tries(usize);

impl Tries {
    pub(crate) const fn new(most: usize) -> Self {
        Self(most)
    }

    pub(crate) fn spend(&mut self, tries: usize) {
        self.0 = self.0.saturating_sub(tries);
    }

    /// Nothing is left: what was found so far is not all.
    pub(crate) const fn are_over(&self) -> bool {
        self.0 == 0
    }
}

/// Statements by what they are about, so that few are looked at for a request.
pub(crate) struct Judge<'s> {
    matching: Matching,
    grants: BTreeMap<(Action, Option<&'s str>), Vec<Grant<'s>>>,
    denies: Denies<'s>,
}

/// A grant with its conditions.
struct Grant<'s> {
    statement: &'s Statement,
    held: Rc<Conditions<'s>>,
    narrowed: Option<Rc<Conditions<'s>>>,
}

/// Or-ed conditions, each under a name without which nobody passes it, those that ask for least first.
struct Conditions<'s>(BTreeMap<(bool, &'s str), Vec<&'s Clause>>);

/// The denies by action and name. No name: the whole server.
pub(crate) struct Denies<'s>(BTreeMap<(Action, Option<&'s str>), &'s Statement>);

impl<'s> Denies<'s> {
    pub(crate) fn of(statements: &'s [Statement]) -> Self {
        let mut denies = BTreeMap::new();
        for deny in statements.iter().filter(|statement| statement.effect == Effect::Deny) {
            for key in keys(deny) {
                denies.entry(key).or_insert(deny);
            }
        }
        Self(denies)
    }

    /// The deny of something by name, or of everything.
    pub(crate) fn on(&self, action: Action, name: Option<&str>) -> Option<&'s Statement> {
        let of_name = || name.and_then(|name| self.0.get(&(action, Some(name))));
        self.0.get(&(action, None)).or_else(of_name).copied()
    }

    /// What is denied.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Action, Option<&'s str>)> {
        self.0.keys().copied()
    }
}

impl<'s> Judge<'s> {
    pub(crate) fn new(statements: &'s [Statement], matching: Matching) -> Self {
        let mut grants: BTreeMap<_, Vec<_>> = BTreeMap::new();
        // The statements of a binding share their people.
        let mut known: BTreeMap<usize, (Rc<Conditions<'_>>, Option<Rc<Conditions<'_>>>)> = BTreeMap::new();
        for statement in statements {
            let Who::Holders { held, narrowed } = &*statement.who else { continue };
            let (held, narrowed) = known.entry(Arc::as_ptr(&statement.who).addr()).or_insert_with(|| {
                let index = |clauses: &'s [Clause]| Rc::new(Conditions::of(clauses, matching));
                (index(held), narrowed.as_deref().map(index))
            });
            for key in keys(statement) {
                let (held, narrowed) = (Rc::clone(held), narrowed.clone());
                grants.entry(key).or_default().push(Grant { statement, held, narrowed });
            }
        }
        Self { matching, grants, denies: Denies::of(statements) }
    }

    pub(crate) const fn denies(&self) -> &Denies<'s> {
        &self.denies
    }

    pub(crate) fn denied(&self, asked: &Asked<'_>) -> bool {
        self.denies.on(asked.action, asked.name).is_some()
    }

    /// Whether some grant lets somebody through.
    pub(crate) fn granted(&self, person: &Smallest<'_>, asked: &Asked<'_>, tries: &mut Tries) -> bool {
        let hinted = |wanted: Option<bool>, said: Option<bool>| wanted.is_none() || wanted == said;
        let of = |name| self.grants.get(&(asked.action, name)).into_iter().flatten();
        let named = asked.name.map(|name| of(Some(name))).into_iter().flatten();
        of(None).chain(named).any(|grant| {
            tries.spend(1);
            hinted(grant.statement.hints.read_only, asked.hints.read_only)
                && hinted(grant.statement.hints.destructive, asked.hints.destructive)
                && grant.held.pass(person, self.matching, tries)
                && grant.narrowed.as_ref().is_none_or(|all| all.pass(person, self.matching, tries))
        })
    }
}

impl<'s> Conditions<'s> {
    fn of(clauses: &'s [Clause], matching: Matching) -> Self {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for clause in clauses {
            let is_group = !clause.groups.is_empty();
            let names = if is_group { &clause.groups } else { &clause.roles };
            // Of all of them one will do.
            let most = if matching == Matching::All { 1 } else { names.len() };
            for name in names.iter().take(most) {
                by_name.entry((is_group, name.as_str())).or_default().push(clause);
            }
        }
        for clauses in by_name.values_mut() {
            clauses.sort_by_key(|clause| clause.groups.len() + clause.roles.len());
        }
        Self(by_name)
    }

    fn pass(&self, person: &Smallest<'_>, matching: Matching, tries: &mut Tries) -> bool {
        let groups = person.groups.iter().map(|name| (true, *name));
        let mut names = groups.chain(person.roles.iter().map(|name| (false, *name)));
        names.any(|name| {
            self.0.get(&name).into_iter().flatten().any(|clause| {
                tries.spend(1);
                passes(clause, person, matching)
            })
        })
    }
}

/// The actions and names that a statement is about.
fn keys(statement: &Statement) -> impl Iterator<Item = (Action, Option<&str>)> {
    let names: Vec<Option<&str>> = match &statement.names {
        None => vec![None],
        Some((_, names)) => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    statement.actions.iter().flat_map(move |action| {
        let action = *action;
        names.clone().into_iter().map(move |name| (action, name))
    })
}

/// What a grant is about, at its smallest.
pub(crate) fn asked(grant: &Statement) -> impl Iterator<Item = Asked<'_>> {
    keys(grant).map(|(action, name)| Asked { action, name, hints: grant.hints })
}

/// The pairs of conditions by which a grant lets somebody through.
pub(crate) fn pairs(grant: &Statement) -> impl Iterator<Item = (&Clause, Option<&Clause>)> {
    let (held, narrowed) = match &*grant.who {
        Who::Everyone => (&[][..], None),
        Who::Holders { held, narrowed } => (held.as_slice(), narrowed.as_deref()),
    };
    let narrowed: Vec<Option<&Clause>> =
        narrowed.map_or_else(|| vec![None], |narrowed| narrowed.iter().map(Some).collect());
    held.iter().flat_map(move |held| narrowed.clone().into_iter().map(move |narrowed| (held, narrowed)))
}

/// Everybody who has of two conditions no more than they ask for.
pub(crate) fn people<'s>(
    held: &'s Clause,
    narrowed: Option<&'s Clause>,
    matching: Matching,
) -> impl Iterator<Item = Smallest<'s>> {
    let of_narrowed =
        narrowed.map_or_else(|| vec![Smallest::default()], |clause| choices(clause, matching).collect());
    choices(held, matching).flat_map(move |held| {
        of_narrowed.clone().into_iter().map(move |narrowed| Smallest {
            groups: held.groups.union(&narrowed.groups).copied().collect(),
            roles: held.roles.union(&narrowed.roles).copied().collect(),
        })
    })
}

fn choices(clause: &Clause, matching: Matching) -> impl Iterator<Item = Smallest<'_>> {
    let (groups, roles) = (some(&clause.groups, matching), some(&clause.roles, matching));
    groups.into_iter().flat_map(move |groups| {
        let with = move |roles| Smallest { groups: groups.clone(), roles };
        roles.clone().into_iter().map(with)
    })
}

/// The smallest sets of names that satisfy a list.
fn some(names: &BTreeSet<String>, matching: Matching) -> Vec<BTreeSet<&str>> {
    let each = names.iter().map(String::as_str);
    if names.is_empty() || matching == Matching::All {
        return vec![each.collect()];
    }
    each.map(|name| BTreeSet::from([name])).collect()
}

pub(crate) fn passes(clause: &Clause, person: &Smallest<'_>, matching: Matching) -> bool {
    meets(&clause.groups, |name| person.groups.contains(name), matching)
        && meets(&clause.roles, |name| person.roles.contains(name), matching)
}
