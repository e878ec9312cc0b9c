//! What a change of manifests alters: the decisions of two matrices over the same people and servers.

use std::collections::BTreeSet;

use crate::{
    matrix::{Matrix, Offer, Row},
    rbac::{Compilation, Compiled, Effect, Offered},
    vocabulary::ServerId,
};

/// A decision that is another one afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'m> {
    /// The decision afterwards.
    pub row: &'m Row,
}

impl Change<'_> {
    /// What was denied is allowed.
    #[must_use]
    pub const fn widens(&self) -> bool {
        self.row.allowed
    }

    /// `widened` or `narrowed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.widens() { "widened" } else { "narrowed" }
    }
}

/// The changes from one matrix to another, in the order of the rows. Both are of the same subjects and inventory.
#[must_use]
pub fn diff<'m>(before: &Matrix, after: &'m Matrix) -> Vec<Change<'m>> {
    let pairs = before.rows.iter().zip(&after.rows);
    pairs.filter(|(old, new)| old.allowed != new.allowed).map(|(_, row)| Change { row }).collect()
}

/// A change of policies of which the inventory lets nobody see what it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// The inventory does not have the server.
    #[error(
        "the policies of {0} change, and the inventory does not have that server: nothing is said about it"
    )]
    Server(ServerId),
    /// The inventory has the server, and not what its policies name.
    #[error("the policies of {server} change, and name {} that the inventory does not have there: nothing is said about it", .names.join(", "))]
    Names {
        /// The server.
        server: ServerId,
        /// The tools, prompts and URIs.
        names: Vec<String>,
    },
}

/// What changes beside the decisions of an inventory: of two compilations, the targets whose policies differ.
#[must_use]
pub fn unseen(before: &Compilation, after: &Compilation, inventory: &[Offer]) -> Vec<Unseen> {
    let mut unseen = Vec::new();
    for (server, new) in &after.targets {
        let (new, old) = (new.as_ref().ok(), before.targets.get(server).and_then(|old| old.as_ref().ok()));
        if new.map(Compiled::cedar) == old.map(Compiled::cedar) {
            continue;
        }
        let grants = |compiled: &Compiled| {
            compiled.statements().iter().any(|statement| statement.effect == Effect::Grant)
        };
        // Without a grant nobody may do anything.
        if !new.is_some_and(grants) {
            continue;
        }
        let Some(offer) = inventory.iter().find(|offer| offer.server == *server) else {
            unseen.push(Unseen::Server(server.clone()));
            continue;
        };
        let statements = new.into_iter().chain(old).flat_map(Compiled::statements);
        let named = statements.filter_map(|statement| statement.names.as_ref());
        let missing: BTreeSet<_> = named
            .flat_map(|(offered, names)| names.iter().filter(|name| !has(offer, *offered, name)))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            unseen.push(Unseen::Names { server: server.clone(), names: missing.into_iter().collect() });
        }
    }
    unseen
}

fn has(offer: &Offer, offered: Offered, name: &str) -> bool {
    match offered {
        Offered::Tool => offer.tools.contains_key(name),
        Offered::Prompt => offer.prompts.contains(name),
        Offered::Resource => offer.resources.contains(name),
    }
}
