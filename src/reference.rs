//! The executable specification: components of the platform that keep every rule, and can break one on purpose.
//!
//! One module per component, one file per endpoint. Components never import one another; they talk over HTTP as
//! the real ones do. What they share is the edge that every protected resource has: the gate that verifies tokens
//! (`gate`), and what a test sees and turns (`instruments`): the journal of requests (`journal`) by the names of their paths
//! (`paths`), the faults (`faults`, each a `fault`; `edit` changes documents) and the control wire (`control`). `answer` has
//! the form of answers. Nothing here knows scenarios, targets or the identity provider's inside.

use std::sync::Arc;

use crate::{clock::Clock, model::rule::Rules, net, token::TokenCache};

mod answer;
pub mod cloud_ui;
mod control;
mod edit;
pub mod enterprise_manager;
mod fault;
mod faults;
mod gate;
mod instruments;
mod journal;
pub mod mcp_server;
mod paths;
pub mod registry;
pub mod registry_server;

pub use control::guarded;

/// What a component is given to live in.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The rules that it keeps.
    pub rules: Rules,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// How it reaches the identity provider.
    pub http: net::Client,
    /// Its cache of verified tokens: one of its own. Only the sabotage of TOK-CACHE shares one between components.
    pub tokens: TokenCache,
}

impl Surroundings {
    /// Surroundings with a cache of verified tokens of their own.
    #[must_use]
    pub fn new(rules: Rules, clock: Arc<dyn Clock>, http: net::Client) -> Self {
        Self { rules, clock, http, tokens: TokenCache::default() }
    }
}
