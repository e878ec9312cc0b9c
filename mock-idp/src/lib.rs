//! A mock identity provider that issues faithful access tokens: Okta's custom and org authorization servers,
//! Microsoft Entra ID, Keycloak, Auth0, Google, Amazon Cognito, and a generic OpenID provider.
//!
//! The tour, from data to network: a [`Profile`] says what a vendor's provider answers, a [`Tenant`] what an
//! administrator has set up there. `policy` decides what is granted, `issue` writes tokens, `grant` and
//! `endpoint` are the protocol, `fault` is what can go wrong with it, `control` the wire by which a test moves
//! the clock, orders faults, rotates keys, mints and reads the journal. [`start`] serves all of it over TLS.
//!
//! The crate shares no code with any verifier, and must not: a common mistake would pass its own test.

mod chance;
mod clock;
mod control;
mod duration;
mod endpoint;
mod fault;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod grant;
mod issue;
mod journal;
mod keys;
mod page;
mod policy;
mod presented;
pub mod profile;
mod provider;
mod refusal;
mod request;
mod response;
mod response_type;
mod route;
mod secret;
mod server;
mod signature;
mod state;
mod tenant;
pub mod tenants;
mod user_tokens;

pub use clock::{Clock, IdpClock, ManualClock, SystemClock};
pub use keys::KeyPool;
pub use profile::Profile;
pub use server::{Running, Settings, WrongTls, start};
pub use tenant::{AddressError, Tenant};
pub use user_tokens::UserToken;
