//! The network's edges: the one constructor of HTTP clients, the per-run certificate authority, TLS serving.

mod authority;
mod client;
pub mod courier;
mod serve;

pub use authority::{Authority, AuthorityError, Leaf};
pub use client::{Client, Names, build_client};
pub use serve::{Serving, bind, serve};
