//! The scenario language: from text to a [`CheckedScenario`], the only thing that the runner takes.
//!
//! Pure: no network, no clock, no file system (the caller reads files). `scenarios/README.md` describes the
//! language for its authors.

pub mod matcher;
pub mod syntax;
pub mod template;

pub use syntax::CheckedScenario;
