//! What was found about a set of files: one list of diagnostics a file, told together.

use std::fmt;

use spanned_yaml::{Diagnostic, Diagnostics, Source};

use super::Place;

/// The findings of several files, in their order. The reader and the compiler both add to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    sources: Vec<Diagnostics>,
}

impl Findings {
    /// No findings yet about these files.
    #[must_use]
    pub fn new(sources: &[Source]) -> Self {
        Self { sources: sources.iter().cloned().map(Diagnostics::new).collect() }
    }

    /// Adds an error; label and help can be chained.
    pub fn error(&mut self, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.of(place.source).error(place.span, message)
    }

    /// Adds a warning; label and help can be chained.
    pub fn warning(&mut self, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.of(place.source).warning(place.span, message)
    }

    /// The findings about one file, by its index.
    pub fn of(&mut self, source: usize) -> &mut Diagnostics {
        if source >= self.sources.len() {
            self.sources.resize_with(source + 1, || Diagnostics::new(Source::new("", "")));
        }
        #[expect(clippy::indexing_slicing, reason = "the list was made long enough above")]
        &mut self.sources[source]
    }

    /// The findings file by file, files without any included.
    #[must_use]
    pub fn by_source(&self) -> &[Diagnostics] {
        &self.sources
    }

    /// All findings: file by file, each file's in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.sources.iter().flat_map(Diagnostics::iter)
    }

    /// Nothing was found, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(Diagnostics::is_empty)
    }

    /// At least one finding is an error: what was read is not to be put in force.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.sources.iter().any(Diagnostics::has_errors)
    }

    /// Adds the findings that another step made about the same files.
    pub fn extend(&mut self, more: &Self) {
        for (source, found) in more.sources.iter().enumerate() {
            self.of(source).extend(found.iter().cloned());
        }
    }

    /// The findings as a compiler would print them, file by file: see [`Diagnostics::render`].
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.sources.iter().map(|found| found.render(color)).collect()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Findings {}
