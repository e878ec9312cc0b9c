//! What a value is expected to be. Evaluation lives here too: a matcher is a pure function of a value.

use crate::scenario::template::{JsonTemplate, Template};

/// An expectation of one value. A scalar or list in a file means [`Matcher::Equals`].
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Equal, type included. `equals:`
    Equals(JsonTemplate),
    /// There, or not there. `present: true|false`
    Present(bool),
    /// A string that has the text in it, or a list that has the value. `contains:`
    Contains(JsonTemplate),
    /// A string that a regular expression matches somewhere. `matches:`
    Matches(Template),
    /// A number, or an RFC 3339 time, compared. `lt:`, `le:`, `gt:`, `ge:`
    Compare(Order, JsonTemplate),
    /// One of them holds. `any: [...]`
    Any(Vec<Matcher>),
    /// Every one holds. `all: [...]`
    All(Vec<Matcher>),
    /// It does not hold. `not:`
    Not(Box<Matcher>),
}

/// The direction of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}
