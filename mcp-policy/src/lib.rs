//! An enterprise MCP platform's custom resources: read, compiled into Cedar, and evaluated.
//!
//! Cluster administrators define roles and bind them to groups and roles of the identity provider; namespace owners
//! attach them to MCP servers (PLATFORM.md §8). This crate reads those resources with every mistake at its line,
//! compiles them into Cedar that a person can read, and answers requests with it: pure, text in, decisions out. It
//! knows no HTTP, no tokens, no clock.
//!
//! One principle settles what is silent: absence never opens.

pub mod rule;
pub mod vocabulary;

pub mod manifest;

pub mod claims;
pub mod rbac;

pub mod authz;
pub mod schema;

pub mod diff;
pub mod explain;
pub mod lint;
pub mod matrix;

mod smallest;
