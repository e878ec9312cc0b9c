//! What one set of statements allows and another does not, for whomever and whatever.
//!
//! It is enough to try the smallest people and requests of every grant ([`smallest`](crate::smallest)), and of names
//! those that some statement has, and one that none has.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifest::HintFilter,
    rbac::{Effect, Matching, Offered, Statement, Who},
    smallest::{Asked, Judge, Smallest, Tries, pairs, people},
    vocabulary::Action,
};

/// Who may do what afterwards and might not before.
pub(super) type Wider<'s> = BTreeMap<Smallest<'s>, BTreeSet<Asked<'s>>>;

/// More people of one server are not looked for: nobody reads them.
const MOST_PEOPLE: usize = 1_000;

/// Names and origins apart, the statements say the same.
pub(super) fn same(before: &[Statement], after: &[Statement]) -> bool {
    Known::of(before).0 == Known::of(after).0
}

/// What the second allows and the first does not. `None`: there is too much to look at.
pub(super) fn wider<'s>(
    before: &'s [Statement],
    after: &'s [Statement],
    matching: Matching,
    tries: &mut Tries,
) -> Option<Wider<'s>> {
    let (old, new) = (Judge::new(before, matching), Judge::new(after, matching));
    let freed = old.denies().all().filter(|(action, name)| new.denies().on(*action, *name).is_none());
    let freed = freed.collect();
    let look = Look { known: Known::of(before), names: names(before, after), matching, freed, old, new };
    let mut found = Wider::new();
    let grants = || after.iter().filter(|statement| statement.effect == Effect::Grant);
    for grant in grants() {
        for asked in look.requests(grant) {
            tries.spend(1);
            look.add(grant, asked, &mut found, tries)?;
        }
    }
    let lists: BTreeSet<_> = grants().flat_map(|grant| &grant.actions).copied().collect();
    for (action, name) in look.freed.iter().copied() {
        // What was hidden from a list that somebody gets.
        let offered = Offered::of(action);
        let Some(name) = name.filter(|_| action == offered.list() && lists.contains(&action)) else {
            continue;
        };
        for grant in grants().filter(|grant| is_about(grant, offered.access(), name)) {
            tries.spend(1);
            look.add_shown(grant, action, name, &mut found, tries)?;
        }
    }
    Some(found)
}

struct Look<'s> {
    known: Known<'s>,
    names: BTreeMap<Offered, BTreeSet<&'s str>>,
    matching: Matching,
    /// What was denied, and is not.
    freed: BTreeSet<(Action, Option<&'s str>)>,
    old: Judge<'s>,
    new: Judge<'s>,
}

impl<'s> Look<'s> {
    /// What is to be tried of a grant: of one that was there before, what was denied.
    fn requests(&self, grant: &'s Statement) -> Vec<Asked<'s>> {
        let mut requests = Vec::new();
        let known = self.known.has(grant);
        for action in grant.actions.iter().copied() {
            let of = |name| Asked { action, name, hints: grant.hints };
            let offered = Offered::of(action);
            let own = grant.names.as_ref().map(|(_, names)| names);
            if known && !self.freed.contains(&(action, None)) {
                // A list is not denied by names.
                let freed = self.freed.range((action, Some(""))..).take_while(|(freed, _)| *freed == action);
                let freed = freed.filter_map(|(_, name)| name.filter(|_| action == offered.access()));
                let freed = freed.filter(|name| own.is_none_or(|own| own.contains(*name)));
                requests.extend(freed.map(|name| of(Some(name))));
                continue;
            }
            if let Some(own) = own {
                requests.extend(own.iter().map(|name| of(Some(name))));
                continue;
            }
            requests.push(of(None));
            if action == offered.access() {
                let named = self.names.get(&offered).into_iter().flatten();
                requests.extend(named.map(|name| of(Some(name))));
            }
        }
        requests
    }

    fn add(
        &self,
        grant: &'s Statement,
        asked: Asked<'s>,
        found: &mut Wider<'s>,
        tries: &mut Tries,
    ) -> Option<()> {
        if self.new.denied(&asked) {
            return (!tries.are_over()).then_some(());
        }
        let denied = self.old.denied(&asked);
        for (held, narrowed) in pairs(grant) {
            let mut everybody = people(held, narrowed, self.matching);
            let first = everybody.find(|person| denied || !self.old.granted(person, &asked, tries));
            note(found, first, asked);
            if tries.are_over() {
                return None;
            }
            if found.len() > MOST_PEOPLE {
                break;
            }
        }
        Some(())
    }

    /// Something that could be used before, and was hidden.
    fn add_shown(
        &self,
        grant: &'s Statement,
        action: Action,
        name: &'s str,
        found: &mut Wider<'s>,
        tries: &mut Tries,
    ) -> Option<()> {
        let used = Asked { action: Offered::of(action).access(), name: Some(name), hints: grant.hints };
        if self.new.denied(&used) || self.old.denied(&used) {
            return (!tries.are_over()).then_some(());
        }
        for (held, narrowed) in pairs(grant) {
            let mut everybody = people(held, narrowed, self.matching);
            let first = everybody.find(|person| self.old.granted(person, &used, tries));
            note(found, first, Asked { action, ..used });
            if tries.are_over() {
                return None;
            }
        }
        Some(())
    }
}

fn note<'s>(found: &mut Wider<'s>, person: Option<Smallest<'s>>, asked: Asked<'s>) {
    if let Some(person) = person {
        found.entry(person).or_default().insert(asked);
    }
}

fn is_about(grant: &Statement, action: Action, name: &str) -> bool {
    grant.actions.contains(&action) && grant.names.as_ref().is_none_or(|(_, names)| names.contains(name))
}

/// The names that statements have, by what they are names of.
fn names<'s>(before: &'s [Statement], after: &'s [Statement]) -> BTreeMap<Offered, BTreeSet<&'s str>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (offered, names) in before.iter().chain(after).filter_map(|statement| statement.names.as_ref()) {
        all.entry(*offered).or_default().extend(names.iter().map(String::as_str));
    }
    all
}

/// What statements say, whoever wrote them.
struct Known<'s>(BTreeSet<Said<'s>>);

type Said<'s> = (Effect, &'s BTreeSet<Action>, Option<&'s (Offered, BTreeSet<String>)>, HintFilter, &'s Who);

impl<'s> Known<'s> {
    fn of(statements: &'s [Statement]) -> Self {
        Self(statements.iter().map(said).collect())
    }

    fn has(&self, statement: &Statement) -> bool {
        self.0.contains(&said(statement))
    }
}

fn said(statement: &Statement) -> Said<'_> {
    let Statement { effect, actions, names, hints, who, .. } = statement;
    (*effect, actions, names.as_ref(), *hints, who)
}
