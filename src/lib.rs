//! Touchstone: a conformance and simulation harness for an enterprise MCP platform's identity and policy.
//!
//! The modules in the order of their dependence, the lowest first; ARCHITECTURE.md has the map, and
//! `tests/tidy.rs` holds the direction.

pub mod model;

pub mod clock;

pub mod chance;

pub mod scratch;

pub mod net;

pub mod token;

pub mod signin;

pub mod reference;

pub mod client;

pub mod scenario;

pub mod outcome;

pub mod target;

pub mod runner;

pub mod report;

pub mod cli;
