//! The Manager's key set (PLATFORM.md EM-JWKS) as the client keeps it beside the envelope that it verifies.

use serde_json::{Value as Json, json};

use crate::{model::rule::Rules, token::KeySet};

/// A JWK set: the document, which the cache keeps, and the keys in it.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) document: Json,
    pub(super) set: KeySet,
}

impl Keys {
    /// Reads a JWK set strictly; nothing if it is none or has no key of a known type.
    pub(super) fn parse(document: &[u8]) -> Option<Self> {
        // The switches of the token rules are not the client's.
        let set = KeySet::parse(document, Rules::ALL)?;
        Some(Self { document: serde_json::from_slice(document).ok()?, set })
    }

    /// No key: nothing verifies.
    pub(super) fn none() -> Self {
        Self { document: json!({ "keys": [] }), set: KeySet::default() }
    }
}

/// Equal documents have equal keys.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}
