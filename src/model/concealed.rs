//! A value that debug output does not show: a client secret, headers that carry one, a document that holds both.

use std::fmt;

/// Holds a value and shows `…` in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Concealed<T>(T);

impl<T> Concealed<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Whoever asks keeps it out of logs, reports and errors.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Concealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
