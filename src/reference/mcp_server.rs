//! The MCP server (PLATFORM.md §6): two components that talk over HTTPS.
//!
//! [`upstream`] is the real server, by the official Rust SDK: GitHub-like, and unprotected as such servers are.
//! [`proxy`] is what stands before it: it authenticates, authorizes by the cluster's custom resources, filters lists and
//! forwards. Neither names the other.

pub mod proxy;
pub mod upstream;
