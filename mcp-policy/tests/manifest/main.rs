//! The reader of custom resources and the schemas that go with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests; clippy.toml exempts test functions only"
)]

mod golden;
mod hostile;
mod outline;
mod published;
mod refusal;
mod schemas;

use mcp_policy::manifest::{Findings, Manifests, read};
use spanned_yaml::Source;

/// Reads one text.
fn read_text(text: &str) -> (Manifests, Findings) {
    read(vec![Source::new("manifest.yaml", text)])
}
