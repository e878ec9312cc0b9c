//! Access token verification: PLATFORM.md §3, one [`Refusal`] for every rule.
//!
//! The road of a token: [`Verifier::authenticate`] takes it from the request (`bearer`), reads its form (`form`,
//! `header`), has the issuer's keys (`source`, which fetches `discovery` and `jwks`), checks the signature
//! (`verify`, `jwk`) and the claims (`claims`), and remembers it (`cache`). A [`Refusal`] becomes an HTTP answer
//! through a [`Challenge`]. [`verify()`] is the middle of that road, without IO.
//!
//! Only this module makes a [`VerifiedToken`]. It shares no code with what issues tokens, so that no mistake can
//! pass its own test, and it knows nothing of the components that use it.

mod algorithm;
mod bearer;
mod cache;
mod challenge;
mod claims;
mod confusion;
mod discovery;
mod expectations;
mod fetch;
#[cfg(test)]
mod fixture;
mod form;
mod header;
mod introspection;
pub(crate) mod json;
mod jwk;
mod jwks;
mod keyset;
mod refusal;
#[cfg(test)]
mod rule_table;
mod source;
mod verified;
mod verifier;
mod verify;

pub use algorithm::{Algorithm, AlgorithmFault};
pub use cache::TokenCache;
pub use challenge::{Challenge, ProtectedResource};
pub use claims::{ScopeFault, TimeFault};
pub use discovery::MetadataFault;
pub use expectations::Expectations;
pub use fetch::{Answer, Fetch, FetchFault, Pending};
pub use form::FormFault;
pub use header::KeyIdFault;
pub use keyset::KeySet;
pub use refusal::Refusal;
pub use verified::VerifiedToken;
pub use verifier::Verifier;
pub use verify::verify;
