//! The scenario language: from text to a [`CheckedScenario`], the only thing that the runner takes.
//!
//! Pure: no network, no clock, no file system (the caller reads files). `scenarios/README.md` describes the
//! language for its authors. The road of a suite: [`suite`] takes its files and reads the catalogue, [`read`] makes
//! a checked scenario of each other file, [`matrix`] multiplies it into cells. [`template`] and [`matcher`] are
//! evaluated during a run. [`schema`] tells editors what [`read`] accepts.

pub mod matcher;
pub mod matrix;
pub mod read;
pub mod schema;
pub mod suite;
pub mod syntax;
pub mod template;

pub use suite::{CheckedSuite, Suite};
pub use syntax::CheckedScenario;
