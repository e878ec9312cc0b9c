//! The requirement catalogue, `scenarios/requirements.yaml`: every rule of PLATFORM.md with its level and source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{divergence::Divergence, identifier::RequirementId};

/// How binding a rule is (RFC 2119).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Untested, it makes a run "partly tested".
    Must,
    /// Recommended.
    Should,
    /// Allowed.
    May,
}

/// Where a rule comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Published documentation of the platform.
    Doc,
    /// Observed in the published open-source parts.
    Obs,
    /// A standard.
    Rfc,
    /// Not public; decided by this project.
    Own,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its id: `TOK-AUD`.
    pub id: RequirementId,
    /// One sentence.
    pub statement: String,
    /// MUST, SHOULD, MAY.
    pub level: Level,
    /// Where it comes from; several where they agree.
    pub provenance: Vec<Provenance>,
    /// The place in the document or standard.
    pub source: String,
    /// Rules that necessarily fall when this one does.
    pub implies: Vec<RequirementId>,
    /// Why no scenario tests it yet. A MUST from the documentation can be untested, never excluded.
    pub untested: Option<String>,
    /// Why no scenario will test it.
    pub excluded: Option<String>,
}

/// The catalogue with its frozen sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// In the order of PLATFORM.md.
    pub requirements: Vec<Requirement>,
    /// Revision → ids. A set never changes once released, so that a growing suite turns nobody red by surprise.
    pub sets: BTreeMap<String, Vec<RequirementId>>,
    /// Where documents, code and standards disagree, in the order of PLATFORM.md.
    pub divergences: Vec<Divergence>,
}

impl Catalogue {
    /// The requirement of an id.
    #[must_use]
    pub fn find(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == *id)
    }
}
