//! The Registry Server from outside: over TLS, beside the mock identity provider, whose tokens it verifies.

mod administration;
mod admission;
mod consumer;
mod hostile;
mod rig;
mod sources;
