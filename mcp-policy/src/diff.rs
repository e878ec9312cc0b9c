//! What a change of manifests alters: the decisions of two matrices over the same people and servers.

use crate::matrix::{Matrix, Row};

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
