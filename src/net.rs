//! The network's edges: the one constructor of HTTP clients, the per-run certificate authority, TLS serving.

mod authority;
mod client;
pub mod courier;
mod faults;
mod front;
mod line;
mod serve;

pub use authority::{Authority, AuthorityError, Certificates, Leaf};
pub use client::{Client, Names, build_client, build_networked_client};
pub use faults::{Faults, Outage};
pub use front::{Front, front};
pub use serve::{Serving, bind, bind_at, serve};
