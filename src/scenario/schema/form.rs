//! The forms that a value can have.

use super::shape::Shape;

/// A form.
pub(super) enum Form {
    /// A scalar that is read as text.
    Text,
    /// A word of a closed set.
    Word(fn() -> Vec<&'static str>),
    /// A component of the platform: a word, or an MCP server.
    Component,
    /// `true`, and nothing else.
    Yes,
    /// `true` or `false`.
    Boolean,
    /// The status of a refusal.
    Status,
    /// Anything.
    Any,
    /// A matcher.
    Matcher,
    /// A map with keys of its own.
    Shape(&'static Shape),
    /// A list.
    List(&'static Form),
    /// A list that is not empty.
    SomeOf(&'static Form),
    /// A map with any keys.
    Map(&'static Form),
    /// A map with any keys that is not empty.
    SomeIn(&'static Form),
    /// One of these.
    Either(&'static [Form]),
}
