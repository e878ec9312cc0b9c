//! What one component expects of a token: PLATFORM.md §3, "what decides".

use jiff::SignedDuration;

use crate::model::identifier::{Audience, Issuer, Scope};

/// A component's expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// The one issuer, compared character for character; its keys verify.
    pub issuer: Issuer,
    /// The audience; `None` only where the contract leaves it open (the Registry Server without one).
    pub audience: Option<Audience>,
    /// The scope, where one is required.
    pub scope: Option<Scope>,
    /// A non-empty `sub` is required (MCP servers).
    pub subject_required: bool,
    /// How far `exp` and `nbf` may miss the clock. Zero by default; a negative one counts as zero.
    pub leeway: SignedDuration,
}

impl Expectations {
    /// An issuer's token for an audience; no scope, no subject, no leeway.
    #[must_use]
    pub fn new(issuer: Issuer, audience: Audience) -> Self {
        Self {
            issuer,
            audience: Some(audience),
            scope: None,
            subject_required: false,
            leeway: SignedDuration::ZERO,
        }
    }
}
