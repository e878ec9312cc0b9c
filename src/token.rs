//! Verification of access tokens: PLATFORM.md §3, one error variant per rule.
