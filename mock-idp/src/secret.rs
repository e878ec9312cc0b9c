//! A password or client secret of the tenant: compared in constant time, never printed.

use std::fmt;

use jiff::Timestamp;

/// The text of a secret, and when it ends.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String, Option<Timestamp>);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into(), None)
    }

    /// The same, until then.
    pub(crate) fn until(self, end: Option<Timestamp>) -> Self {
        Self(self.0, end)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.1.is_some_and(|end| end <= now)
    }

    /// The secret itself: for the control wire and the index page, which hand it to the tester.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its duration where the texts differ.
    pub(crate) fn matches(&self, other: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
