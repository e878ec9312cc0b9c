//! What a change alters beside the decisions about an inventory and some people: found by comparing the statements.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    changed, name,
    wider::{Wider, same, wider},
};
use crate::{
    claims::ClaimNames,
    manifest::Manifests,
    matrix::{Matrix, Offer, Subject},
    rbac::{Compilation, Compiled, Effect, Matching, Offered, Statement},
    smallest::{Asked, Smallest, Tries},
    vocabulary::{Action, ServerId},
};

/// How much of the statements is looked at, together.
const TRIES: usize = 20_000_000;
/// Of how many people of a server is told.
const PEOPLE: usize = 10;
/// Of how many requests of one of them.
const REQUESTS: usize = 5;

/// One of the two sets of manifests.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// As they were read.
    pub manifests: &'a Manifests,
    /// What came of them.
    pub compilation: &'a Compilation,
    /// The decisions: [`Matrix::with_lists`].
    pub matrix: &'a Matrix,
}

/// A change that no row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The server; `None`: all of them.
    pub server: Option<ServerId>,
    /// Somebody may be allowed what they were denied.
    pub widens: bool,
    /// What it is, in words.
    pub message: String,
}

impl Unseen {
    /// `widened` or `narrowed`.
    #[must_use]
    pub const fn change(&self) -> &'static str {
        name(self.widens)
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Some(server) => write!(f, "{server}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Everything that a change alters and no row shows: what it grants or takes away where the inventory has nothing of the
/// kind and the subjects are somebody else, and whose tokens count.
#[must_use]
pub fn unseen(before: &Side<'_>, after: &Side<'_>, inventory: &[Offer]) -> Vec<Unseen> {
    let mut unseen = of_claims(before, after);
    let mut tries = [Tries::new(TRIES), Tries::new(TRIES)];
    let servers: BTreeSet<_> =
        before.compilation.targets.keys().chain(after.compilation.targets.keys()).collect();
    for server in servers {
        let [old, new] = [before, after].map(|side| compiled(side, server));
        let [was, is] = [old, new].map(|compiled| compiled.map_or(&[][..], Compiled::statements));
        if old.is_some() && grants(is) {
            unseen.extend(of_tokens(before, after, server));
        }
        if same(was, is) {
            continue;
        }
        let matching = new.or(old).map_or_else(Matching::default, Compiled::matching);
        let known = inventory.iter().any(|offer| offer.server == *server);
        let [widening, narrowing] = &mut tries;
        for (from, to, tries, widens) in [(was, is, widening, true), (is, was, narrowing, false)] {
            let people = if widens { after } else { before };
            let rows = changed(before.matrix, after.matrix);
            let rows = rows.filter(|row| row.allowed == widens && *row.server == *server);
            let mut shown: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for row in rows {
                for name in [None, Some(&*row.resource)] {
                    shown.entry((row.action, name)).or_default().insert(&*row.subject);
                }
            }
            let people = people.matrix.people.get(server).map_or(&[][..], Vec::as_slice);
            let told = Told { server, known, widens, shown, people };
            match wider(from, to, matching, tries) {
                Some(found) => told.people(&found, &mut unseen),
                None => unseen.push(told.one("there are too many conditions to compare them all".to_owned())),
            }
        }
    }
    unseen
}

fn compiled<'a>(side: &Side<'a>, server: &ServerId) -> Option<&'a Compiled> {
    side.compilation.targets.get(server)?.as_ref().ok()
}

fn grants(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| statement.effect == Effect::Grant)
}

/// The claims that groups and roles are read from, where anything is granted.
fn of_claims(before: &Side<'_>, after: &Side<'_>) -> Vec<Unseen> {
    if !after.compilation.targets.values().flatten().any(|compiled| grants(compiled.statements())) {
        return Vec::new();
    }
    let [old, new] =
        [before, after].map(|side| ClaimNames::default().overridden(&side.manifests.claim_names));
    let each = [("groups", old.groups, new.groups), ("roles", old.roles, new.roles)];
    let other = each.into_iter().filter(|(_, old, new)| old != new);
    let told = other.map(|(what, old, new)| Unseen {
        server: None,
        widens: true,
        message: format!("{what} are read from the claim `{new}`, no longer from `{old}`: whoever has what is asked for there may do it now"),
    });
    told.collect()
}

/// Whose tokens a server takes.
fn of_tokens(before: &Side<'_>, after: &Side<'_>, server: &ServerId) -> Vec<Unseen> {
    let (Some(old), Some(new)) = (before.manifests.takes(server), after.manifests.takes(server)) else {
        return Vec::new();
    };
    let each = [("issuer", old.0, new.0), ("audience", old.1, new.1)];
    let other = each.into_iter().filter(|(_, old, new)| old != new);
    let told = other.map(|(what, old, new)| Unseen {
        server: Some(server.clone()),
        widens: true,
        message: format!("tokens of the {what} `{new}` are taken, no longer of `{old}`"),
    });
    told.collect()
}

/// What is told of one server, one way.
struct Told<'a> {
    server: &'a ServerId,
    /// The inventory has it.
    known: bool,
    widens: bool,
    /// Whose changed rows the matrix has, by what they are about; no name: about anything.
    shown: BTreeMap<(Action, Option<&'a str>), BTreeSet<&'a str>>,
    people: &'a [Subject],
}

impl Told<'_> {
    fn one(&self, message: String) -> Unseen {
        Unseen { server: Some(self.server.clone()), widens: self.widens, message }
    }

    fn people(&self, found: &Wider<'_>, unseen: &mut Vec<Unseen>) {
        let mut hidden = found.iter().filter_map(|(person, asked)| {
            let holders = self.holders(person);
            let asked: Vec<_> = asked.iter().filter(|asked| !self.shows(&holders, asked)).collect();
            (!asked.is_empty()).then_some((person, asked))
        });
        for (person, asked) in hidden.by_ref().take(PEOPLE) {
            let may = if self.widens { "may now" } else { "may no longer" };
            let mut what: Vec<_> = asked.iter().take(REQUESTS).map(|asked| request(asked)).collect();
            if let Some(more @ 1..) = asked.len().checked_sub(REQUESTS) {
                what.push(format!("{more} more"));
            }
            let why = if self.known {
                "neither the inventory nor the subjects show it"
            } else {
                "the inventory does not have that server"
            };
            unseen.push(self.one(format!("whoever has {} {may} {}; {why}", has(person), what.join(", "))));
        }
        if let more @ 1.. = hidden.count() {
            let change = if self.widens { "may do more now" } else { "may do less now" };
            unseen.push(self.one(format!("{more} more like them {change}")));
        }
    }

    /// The subjects who have all that somebody has.
    fn holders(&self, person: &Smallest<'_>) -> Vec<&str> {
        let holds = |known: &&Subject| {
            person.groups.iter().all(|group| known.groups.contains(*group))
                && person.roles.iter().all(|role| known.roles.contains(*role))
        };
        self.people.iter().filter(holds).map(|known| known.name.as_str()).collect()
    }

    /// Whether a changed row of one of them shows it.
    fn shows(&self, holders: &[&str], asked: &Asked<'_>) -> bool {
        let shown = self.shown.get(&(asked.action, asked.name));
        shown.is_some_and(|subjects| holders.iter().any(|holder| subjects.contains(holder)))
    }
}

fn has(person: &Smallest<'_>) -> String {
    let each = [("group", &person.groups), ("role", &person.roles)];
    let each =
        each.into_iter().flat_map(|(what, names)| names.iter().map(move |name| format!("{what} `{name}`")));
    each.collect::<Vec<_>>().join(" and ")
}

fn request(asked: &Asked<'_>) -> String {
    let Asked { action, name, hints } = asked;
    let offered = Offered::of(*action);
    if *action == offered.list() {
        return name.map_or_else(|| action.to_string(), |name| format!("see `{name}` by {action}"));
    }
    let said = [("readOnlyHint", hints.read_only), ("destructiveHint", hints.destructive)];
    let said = said.into_iter().filter_map(|(hint, said)| said.map(|said| format!("{hint}: {said}")));
    let said = said.collect::<Vec<_>>().join(", ");
    let said = if said.is_empty() { said } else { format!(" with `{said}`") };
    let called = name.map_or_else(|| "what no policy names".to_owned(), |name| format!("`{name}`"));
    format!("{action} {called}{said}")
}
