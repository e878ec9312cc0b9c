//! What a change of manifests alters: the decisions of two matrices over the same people and servers, and what these
//! people and this inventory do not show.

mod unseen;
mod wider;

use std::collections::BTreeSet;

pub use self::unseen::{Side, Unseen, unseen};
use crate::{
    matrix::{Matrix, Row},
    rbac::Offered,
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
        name(self.widens())
    }
}

const fn name(widens: bool) -> &'static str {
    if widens { "widened" } else { "narrowed" }
}

/// The changes from one matrix to another, in the order of the rows. Both are of the same subjects and inventory. That
/// a list shows something else is left out where it does because the thing, or the list, is allowed or denied now.
#[must_use]
pub fn diff<'m>(before: &Matrix, after: &'m Matrix) -> Vec<Change<'m>> {
    let changed: Vec<_> = changed(before, after).collect();
    let known: BTreeSet<_> = changed.iter().map(|row| (row.columns(), row.allowed)).collect();
    let follows = |row: &Row| {
        let [subject, namespace, kind, server, action, resource] = row.columns();
        let by = |action, resource| {
            known.contains(&([subject, namespace, kind, server, action, resource], row.allowed))
        };
        let shown = row.action == Offered::of(row.action).list() && !resource.is_empty();
        shown && (by(action, "") || by(Offered::of(row.action).access().name(), resource))
    };
    let rows = changed.iter().filter(|row| !follows(row));
    rows.map(|row| Change { row }).collect()
}

fn changed<'m>(before: &Matrix, after: &'m Matrix) -> impl Iterator<Item = &'m Row> {
    let pairs = before.rows.iter().zip(&after.rows);
    pairs.filter(|(old, new)| old.allowed != new.allowed).map(|(_, row)| row)
}
