//! Where `--match any` and `--match all` decide differently (OP-COND).
//!
//! Whoever passes a condition by the second reading passes it by the first, and more groups, roles or hints never take
//! a grant away. So it is enough to look at the smallest principals that a grant lets through by the first reading,
//! one group and one role of each condition, with the smallest request: the readings differ if and only if one of
//! these is not let through by any grant by the second. A deny is the same to everybody, by both readings.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    explain::meets,
    manifest::{Binding, Condition, Findings, HintFilter, Manifests, Place, PolicyBinding},
    rbac::{Clause, Compilation, Compiled, Effect, Matching, Origin, Statement, Who},
    vocabulary::{Action, ServerId},
};

/// How many grants are tried on principals. What is left then counts as ambiguous: it must be stated.
const TRIES: usize = 5_000_000;

/// An error at every condition that the two readings take differently, with an example.
#[must_use]
pub fn ambiguities(manifests: &Manifests, compilation: &Compilation) -> Findings {
    let mut findings = Findings::new(&manifests.sources);
    let index = Conditions::of(manifests);
    let mut at: BTreeMap<Place, (String, String)> = BTreeMap::new();
    let mut tries = TRIES;
    for compiled in compilation.targets.values().flatten() {
        for found in Judge::of(compiled).differences(&mut tries) {
            for condition in index.of_clause(&found) {
                at.entry(condition.place).or_insert_with(|| (lists(found.clause), found.example.clone()));
            }
        }
    }
    for (place, (lists, example)) in at {
        findings
            .error(place, format!("`--match any` and `--match all` decide differently here: {lists}"))
            .help(format!("{example}; state which is meant, or write one value a condition"));
    }
    findings
}

/// A condition with an example.
struct Difference<'s> {
    origin: &'s Origin,
    /// Of the policy's own `from`, not of a role binding.
    narrows: bool,
    clause: &'s Clause,
    example: String,
}

/// The smallest request that a grant is about. No name: one that no manifest has.
#[derive(Clone, Copy)]
struct Asked<'s> {
    action: Action,
    name: Option<&'s str>,
    hints: HintFilter,
}

/// A principal with as little as a grant asks for.
#[derive(Clone, Default)]
struct Smallest<'s> {
    groups: BTreeSet<&'s str>,
    roles: BTreeSet<&'s str>,
}

struct Judge<'s> {
    server: &'s ServerId,
    grants: Vec<&'s Statement>,
    denies: Vec<&'s Statement>,
}

impl<'s> Judge<'s> {
    fn of(compiled: &'s Compiled) -> Self {
        let (grants, denies) =
            compiled.statements().iter().partition(|statement| statement.effect == Effect::Grant);
        Self { server: compiled.server(), grants, denies }
    }

    fn differences(&self, tries: &mut usize) -> Vec<Difference<'s>> {
        let mut found = Vec::new();
        for grant in &self.grants {
            let Who::Holders { held, narrowed } = &*grant.who else { continue };
            let narrowed: Vec<Option<&Clause>> = match narrowed {
                None => vec![None],
                Some(narrowed) => narrowed.iter().map(Some).collect(),
            };
            let asked: Vec<_> = asked(grant).filter(|asked| !self.denied(asked)).collect();
            for held in held {
                for narrowed in &narrowed {
                    if has_several(held) || narrowed.is_some_and(has_several) {
                        found.extend(self.differs(grant, held, *narrowed, &asked, tries));
                    }
                }
            }
        }
        found
    }

    /// Looks for somebody who passes these two conditions by the first reading, and nothing by the second.
    fn differs(
        &self,
        grant: &'s Statement,
        held: &'s Clause,
        narrowed: Option<&'s Clause>,
        asked: &[Asked<'s>],
        tries: &mut usize,
    ) -> Vec<Difference<'s>> {
        let clauses = || [(held, false)].into_iter().chain(narrowed.map(|clause| (clause, true)));
        let told = |(clause, narrows): (&'s Clause, bool), example: &str| Difference {
            origin: &grant.origin,
            narrows,
            clause,
            example: example.to_owned(),
        };
        for person in people(held, narrowed) {
            for asked in asked {
                *tries = tries.saturating_sub(self.grants.len());
                if *tries == 0 {
                    let example = "there are too many conditions to try them all";
                    let several = clauses().filter(|(clause, _)| has_several(clause));
                    return several.map(|clause| told(clause, example)).collect();
                }
                if !self.granted_by_all(&person, asked) {
                    let example = self.example(&person, asked);
                    let failed = clauses().filter(|(clause, _)| !passes(clause, &person, Matching::All));
                    return failed.map(|clause| told(clause, &example)).collect();
                }
            }
        }
        Vec::new()
    }

    fn denied(&self, asked: &Asked<'_>) -> bool {
        self.denies.iter().any(|deny| concerns(deny, asked))
    }

    fn granted_by_all(&self, person: &Smallest<'_>, asked: &Asked<'_>) -> bool {
        let hinted = |wanted: Option<bool>, said: Option<bool>| wanted.is_none() || wanted == said;
        self.grants.iter().any(|grant| {
            let Who::Holders { held, narrowed } = &*grant.who else { return false };
            let passes =
                |clauses: &[Clause]| clauses.iter().any(|clause| passes(clause, person, Matching::All));
            concerns(grant, asked)
                && hinted(grant.hints.read_only, asked.hints.read_only)
                && hinted(grant.hints.destructive, asked.hints.destructive)
                && passes(held)
                && narrowed.as_deref().is_none_or(passes)
        })
    }

    fn example(&self, person: &Smallest<'_>, asked: &Asked<'_>) -> String {
        let listed = |what: &str, names: &BTreeSet<&str>| {
            let plural = if names.len() == 1 { "" } else { "s" };
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| format!("{what}{plural} {}", names.join(", ")))
        };
        let has: Vec<_> =
            [listed("group", &person.groups), listed("role", &person.roles)].into_iter().flatten().collect();
        let on = asked.name.map_or_else(String::new, |name| format!(" `{name}`"));
        let action = asked.action;
        format!(
            "with {} alone, `{action}`{on} on {} is allowed by `any` only",
            has.join(" and "),
            self.server
        )
    }
}

/// What a grant is about, at its smallest.
fn asked(grant: &Statement) -> impl Iterator<Item = Asked<'_>> {
    let names: Vec<Option<&str>> = match &grant.names {
        None => vec![None],
        Some((_, names)) => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let each = move |action: &Action| {
        let action = *action;
        names.clone().into_iter().map(move |name| Asked { action, name, hints: grant.hints })
    };
    grant.actions.iter().flat_map(each)
}

fn concerns(statement: &Statement, asked: &Asked<'_>) -> bool {
    let named = |names: &BTreeSet<String>| asked.name.is_some_and(|name| names.contains(name));
    statement.actions.contains(&asked.action)
        && statement.names.as_ref().is_none_or(|(_, names)| named(names))
}

/// Everybody who has one group and one role of each condition.
fn people<'s>(held: &'s Clause, narrowed: Option<&'s Clause>) -> impl Iterator<Item = Smallest<'s>> {
    let of_narrowed = move || narrowed.map_or_else(|| vec![(None, None)], |clause| choices(clause).collect());
    choices(held).flat_map(move |held| {
        of_narrowed().into_iter().map(move |narrowed| Smallest {
            groups: [held.0, narrowed.0].into_iter().flatten().collect(),
            roles: [held.1, narrowed.1].into_iter().flatten().collect(),
        })
    })
}

fn choices(clause: &Clause) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
    fn one_of(names: &BTreeSet<String>) -> Vec<Option<&str>> {
        if names.is_empty() { vec![None] } else { names.iter().map(|name| Some(name.as_str())).collect() }
    }
    let roles = one_of(&clause.roles);
    one_of(&clause.groups)
        .into_iter()
        .flat_map(move |group| roles.clone().into_iter().map(move |role| (group, role)))
}

fn has_several(clause: &Clause) -> bool {
    clause.groups.len() > 1 || clause.roles.len() > 1
}

fn passes(clause: &Clause, person: &Smallest<'_>, matching: Matching) -> bool {
    meets(&clause.groups, |name| person.groups.contains(name), matching)
        && meets(&clause.roles, |name| person.roles.contains(name), matching)
}

fn lists(clause: &Clause) -> String {
    let several = [("groups", &clause.groups), ("roles", &clause.roles)];
    let several = several.into_iter().filter(|(_, names)| names.len() > 1);
    let shown = several.map(|(list, names)| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("the {list} {}", names.join(", "))
    });
    shown.collect::<Vec<_>>().join(" and ")
}

/// The conditions as they were written, by the place of the binding that has them.
struct Conditions<'m> {
    held: BTreeMap<Place, &'m Binding>,
    narrowed: BTreeMap<Place, &'m PolicyBinding>,
}

impl<'m> Conditions<'m> {
    fn of(manifests: &'m Manifests) -> Self {
        let held = manifests.role_bindings.iter().flat_map(|binding| &binding.bindings);
        let narrowed = manifests.policies.iter().flat_map(|policy| &policy.bindings);
        Self {
            held: held.map(|binding| (binding.place, binding)).collect(),
            narrowed: narrowed.map(|binding| (binding.place, binding)).collect(),
        }
    }

    fn of_clause(&self, found: &Difference<'_>) -> Vec<&'m Condition> {
        let all: Vec<&'m Condition> = if found.narrows {
            self.narrowed.get(&found.origin.place).into_iter().flat_map(|binding| &binding.from).collect()
        } else {
            let through = found.origin.through.iter().filter_map(|through| self.held.get(&through.place));
            through.flat_map(|binding| &binding.from).collect()
        };
        let same = |written: &[String], read: &BTreeSet<String>| {
            written.iter().all(|name| read.contains(name)) && read.iter().all(|name| written.contains(name))
        };
        all.into_iter()
            .filter(|one| same(&one.groups, &found.clause.groups) && same(&one.roles, &found.clause.roles))
            .collect()
    }
}
