//! Replays scenarios against a target and says what happened.
//!
//! It knows a [`Target`](crate::target::Target), never what is behind it. Each case gets a platform of its own;
//! cases run side by side. A refusal counts only beside its control: see `runner/credit.rs`.

mod browser;
mod case;
mod clients;
mod context;
mod control;
mod credit;
mod engine;
mod held;
mod mcp;
mod step;
mod wire;
mod world;

pub use case::CasePlan;
pub use engine::{Settings, run};
