//! The provider from outside: over TLS, with a client that knows only the protocol.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

mod control;
mod device;
mod entra;
mod faults;
mod generic;
mod golden;
mod hostile;
mod keys;
mod mint;
mod okta;
mod okta_org;
mod program;
mod readme;
mod refresh;
mod rig;
mod tenant_files;
