//! What is legal and probably not meant, as warnings with their places; and what the two readings of a condition's
//! lists decide differently, as errors.
//!
//! A lint looks at what was compiled, not at the words: a grant is swallowed by what is denied in the end, whichever
//! policy says so. None fires twice at one place.

mod ambiguous;
mod grants;
mod names;

use std::collections::BTreeSet;

pub use self::ambiguous::ambiguities;
use crate::{
    manifest::{Findings, Manifests, Place},
    rbac::Compilation,
};

/// The warnings.
#[must_use]
pub fn lint(manifests: &Manifests, compilation: &Compilation) -> Findings {
    let mut lints = Lints { findings: Findings::new(&manifests.sources), seen: BTreeSet::new() };
    grants::unheld_roles(manifests, &mut lints);
    grants::of_targets(manifests, compilation, &mut lints);
    names::twofold(manifests, &mut lints);
    lints.findings
}

/// One thing to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lint {
    UnheldRole,
    GrantsNothing,
    Swallowed,
    UnfilteredReader,
    TwofoldName,
}

/// What was found so far.
struct Lints {
    findings: Findings,
    seen: BTreeSet<(Lint, Place)>,
}

impl Lints {
    fn warn(&mut self, lint: Lint, place: Place, message: String, help: String) {
        if self.seen.insert((lint, place)) {
            self.findings.warning(place, message).help(help);
        }
    }
}
