//! The provider from outside: over TLS, with a client that knows only the protocol.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

mod auth0;
mod cognito;
mod conformance;
mod control;
mod cors;
mod device;
mod entra;
mod entra_errors;
mod entra_tenants;
mod entra_versions;
mod faults;
mod form_post;
mod generic;
mod golden;
mod google;
mod hostile;
mod implicit;
mod introspection;
mod keycloak;
mod keys;
mod limits;
mod logout;
mod mint;
mod okta;
mod okta_claims;
mod okta_org;
mod okta_policies;
mod program;
mod readme;
mod refresh;
mod revocation;
mod rfc9068;
mod rig;
mod session;
mod tenant_files;
mod tenant_page;
mod userinfo;
