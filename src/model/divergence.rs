//! Where documents, code and standards disagree (PLATFORM.md §11): both sides, and what one may observe.
//!
//! A divergence is no rule. What is observed is one of a closed set, and the reading that somebody chose says which of
//! the set are as they should be. What nobody observed is not exercised.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::identifier::DivergenceId;

/// Whom a run believes where they disagree.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The platform's published documentation.
    #[default]
    Documentation,
    /// The published open-source parts.
    OpenSource,
    /// The standards: OAuth, OpenID Connect, JOSE, HTTP.
    Standards,
}

impl Reading {
    /// Every reading.
    pub const ALL: [Self; 3] = [Self::Documentation, Self::OpenSource, Self::Standards];

    /// The word for it, in the catalogue, on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documentation => "documentation",
            Self::OpenSource => "open-source",
            Self::Standards => "standards",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// `missing-scope`
    pub id: DivergenceId,
    /// What it is about, one sentence.
    pub about: String,
    /// What each side says; who is silent is not there.
    pub sides: BTreeMap<Reading, Side>,
    /// Everything that can be observed, in words.
    pub observations: BTreeMap<String, String>,
    /// Why no scenario observes it.
    pub unobserved: Option<String>,
}

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// In words.
    pub says: String,
    /// The observations that it accepts.
    pub accepts: Vec<String>,
}

impl Divergence {
    /// The observations that a reading accepts: a side that is silent accepts all.
    #[must_use]
    pub fn accepted(&self, reading: Reading) -> Vec<String> {
        match self.sides.get(&reading) {
            Some(side) => side.accepts.clone(),
            None => self.observations.keys().cloned().collect(),
        }
    }
}
