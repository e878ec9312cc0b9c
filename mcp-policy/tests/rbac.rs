//! The compiler and the authorizer, from YAML to decisions.
//!
//! `golden/rbac/` has a manifest for every meaning of PLATFORM.md §8 and beside it what it compiles to: the Cedar text
//! of every target, the file for the open-source proxy, and the findings with the status of every resource. Written by
//! `UPDATE_EXPECT=1`, reviewed like code. `golden/lint/` likewise, for what compiles and is probably not meant.

#[cfg(test)]
#[path = "rbac/decisions.rs"]
mod decisions;
#[cfg(test)]
#[path = "rbac/diff.rs"]
mod diff;
#[cfg(test)]
#[path = "rbac/explain.rs"]
mod explain;
#[cfg(test)]
#[path = "rbac/golden.rs"]
mod golden;
#[cfg(test)]
#[path = "rbac/lint.rs"]
mod lint;
#[cfg(test)]
#[path = "rbac/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "rbac/world.rs"]
mod world;
