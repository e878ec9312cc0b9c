//! YAML as a tree in which every node knows its place, and diagnostics that show it.
//!
//! Deserialising stops at the first mistake and forgets positions. Files that people write deserve better:
//! read a [`Source`], [`parse`] it into [`Node`]s, walk them once with [`Fields`], and collect every mistake
//! of the file in one [`Diagnostics`], each with its line, a caret and advice.
//!
//! The crate knows nothing of what the files mean. Its limits hold for hostile input: see [`Limits`].

mod diagnostic;
mod fields;
mod node;
mod parse;
mod source;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, steers};
pub use fields::Fields;
pub use node::{Entry, Node, Scalar, Span, Value};
pub use parse::{Limits, parse, parse_documents};
pub use source::{ReadError, Source};
pub use suggest::closest;
