//! What the crate promises about files, however they are written.

mod diagnostics;
mod limits;
mod spans;

use spanned_yaml::{Diagnostics, Node, Source};

/// Parses a file of one document.
fn parse(text: &str) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", text));
    let node = spanned_yaml::parse(&mut diagnostics);
    (node, diagnostics)
}

/// The messages of a file, one a line.
fn messages(text: &str) -> Vec<String> {
    parse(text).1.iter().map(|finding| finding.message.clone()).collect()
}
