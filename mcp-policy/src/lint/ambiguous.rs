//! Where `--match any` and `--match all` decide differently (OP-COND).
//!
//! Whoever passes a condition by the second reading passes it by the first, and more groups, roles or hints never take
//! a grant away. So it is enough to look at the smallest principals that a grant lets through by the first reading,
//! one group and one role of each condition, with the smallest request: the readings differ if and only if one of
//! these is not let through by any grant by the second. A deny is the same to everybody, by both readings.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifest::{Binding, Condition, Findings, Manifests, Place, PolicyBinding},
    rbac::{Clause, Compilation, Compiled, Effect, Matching, Origin, Statement},
    smallest::{Asked, Judge, Smallest, Tries, asked, pairs, passes, people},
    vocabulary::ServerId,
};

/// How many grants and conditions are tried on principals. What is left then counts as ambiguous: it must be stated.
const TRIES: usize = 10_000_000;

/// An error at every condition that the two readings take differently, with an example.
#[must_use]
pub fn ambiguities(manifests: &Manifests, compilation: &Compilation) -> Findings {
    let mut findings = Findings::new(&manifests.sources);
    let index = Conditions::of(manifests);
    let mut at: BTreeMap<Place, (String, String)> = BTreeMap::new();
    let mut tries = Tries::new(TRIES);
    for compiled in compilation.targets.values().flatten() {
        for found in Search::of(compiled).differences(&mut tries) {
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

struct Search<'s> {
    server: &'s ServerId,
    grants: Vec<&'s Statement>,
    /// By the second reading.
    by_all: Judge<'s>,
}

impl<'s> Search<'s> {
    fn of(compiled: &'s Compiled) -> Self {
        let statements = compiled.statements();
        let grants = statements.iter().filter(|statement| statement.effect == Effect::Grant).collect();
        Self { server: compiled.server(), grants, by_all: Judge::new(statements, Matching::All) }
    }

    fn differences(&self, tries: &mut Tries) -> Vec<Difference<'s>> {
        let mut found = Vec::new();
        for grant in &self.grants {
            let several = |(held, narrowed): &(&Clause, Option<&Clause>)| {
                has_several(held) || narrowed.is_some_and(has_several)
            };
            let mut pairs = pairs(grant).filter(several).peekable();
            if pairs.peek().is_none() {
                continue;
            }
            let asked: Vec<_> = asked(grant).filter(|asked| !self.by_all.denied(asked)).collect();
            for (held, narrowed) in pairs {
                found.extend(self.differs(grant, held, narrowed, &asked, tries));
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
        tries: &mut Tries,
    ) -> Vec<Difference<'s>> {
        let clauses = || [(held, false)].into_iter().chain(narrowed.map(|clause| (clause, true)));
        let told = |(clause, narrows): (&'s Clause, bool), example: &str| Difference {
            origin: &grant.origin,
            narrows,
            clause,
            example: example.to_owned(),
        };
        for person in people(held, narrowed, Matching::Any) {
            for asked in asked {
                let granted = !tries.are_over() && self.by_all.granted(&person, asked, tries);
                if tries.are_over() {
                    let example = "there are too many conditions to try them all";
                    let several = clauses().filter(|(clause, _)| has_several(clause));
                    return several.map(|clause| told(clause, example)).collect();
                }
                if !granted {
                    let example = self.example(&person, asked);
                    let failed = clauses().filter(|(clause, _)| !passes(clause, &person, Matching::All));
                    return failed.map(|clause| told(clause, &example)).collect();
                }
            }
        }
        Vec::new()
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

fn has_several(clause: &Clause) -> bool {
    clause.groups.len() > 1 || clause.roles.len() > 1
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
