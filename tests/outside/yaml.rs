//! The files that users copy, as they are and with a mistake.

use std::fs;

use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, Limits, Node, Source};

use crate::root;

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every document of a file.
pub(crate) fn documents(path: &str) -> Vec<Json> {
    let mut diagnostics = Diagnostics::new(Source::new(path, text(path)));
    let documents = spanned_yaml::parse_documents(&mut diagnostics, Limits::default());
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render(false));
    documents.iter().map(Node::to_json).collect()
}

/// A file with one thing changed.
pub(crate) fn with(path: &str, old: &str, new: &str) -> String {
    let text = text(path);
    assert!(text.contains(old), "{old} in {path}");
    text.replacen(old, new, 1)
}
