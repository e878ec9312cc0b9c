//! What is wrong with a file, where, and what to do about it.

use std::fmt::{self, Write as _};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::{Node, Source, Span};

/// Whether the file can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but something is probably not meant.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Where. An empty span shows a caret at its start.
    pub span: Span,
    /// What is wrong: lower case, no full stop, user input in backticks.
    pub message: String,
    /// Words beside the caret, if they add anything.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// The findings of one file, with the file, so that they can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    source: Source,
    list: Vec<Diagnostic>,
}

impl Diagnostic {
    /// Adds words beside the caret.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Adds advice.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }
}

impl Diagnostics {
    /// How many findings are shown.
    const SHOWN: usize = 50;

    /// No findings yet.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, list: Vec::new() }
    }

    /// The file that this is about.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Adds an error; label and help can be chained.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, span, message.into())
    }

    /// Adds a warning; label and help can be chained.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, span, message.into())
    }

    /// The error "expected X, found Y" at a node.
    pub fn expected(&mut self, node: &Node, expected: &str) -> &mut Diagnostic {
        self.error(node.span, format!("expected {expected}, found {}", node.kind()))
    }

    fn push(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        self.list.push(Diagnostic { severity, span, message, label: None, help: None });
        let last = self.list.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed two lines above")]
        &mut self.list[last]
    }

    /// Adds findings that were made elsewhere about the same file.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(findings);
    }

    /// All findings in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Nothing was found, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// At least one finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// One of the findings in a line: file, line, what and advice.
    #[must_use]
    pub fn line(&self, diagnostic: &Diagnostic) -> String {
        let (line, _) = self.source.position(diagnostic.span);
        let advice = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        printable(&format!("{}:{line}: {}{advice}", self.source.name(), diagnostic.message))
    }

    /// The findings in the order of their place in the file, as a compiler would print them: title, file with
    /// line and column, the source line with a caret, advice. `color` switches ANSI colours on. After fifty
    /// it stops and says how many are left: nobody reads on, and hostile files make many.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.severity));
        let mut text = String::new();
        for diagnostic in sorted.iter().take(Self::SHOWN) {
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push_str("\n\n");
        }
        if let Some(left @ 1..) = sorted.len().checked_sub(Self::SHOWN) {
            let _ = writeln!(text, "… and {left} more in {}\n", printable(self.source.name()));
        }
        text
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let window = self.window(diagnostic.span);
        let text = self.source.text().get(window.start..window.end).unwrap_or_default();
        let within = |offset: usize| floor(text, offset.clamp(window.start, window.end) - window.start);
        let (start, end) = (within(diagnostic.span.start), within(diagnostic.span.end));
        let (line, column) = self.source.position(diagnostic.span);
        let snippet = Snippet::source(text).line_start(line).annotation(
            AnnotationKind::Primary
                .span(start..end.max(start))
                .label(diagnostic.label.as_deref().map(printable)),
        );
        let title = level.primary_title(printable(&diagnostic.message));
        // The renderer counts columns from where the window begins, so it is told the place when that is cut.
        let group = if self.source.position(window).1 == 1 {
            title.element(snippet.path(printable(self.source.name())))
        } else {
            title
                .element(Origin::path(printable(self.source.name())).line(line).char_column(column))
                .element(snippet)
        };
        match &diagnostic.help {
            Some(help) => group.element(Level::HELP.message(printable(help))),
            None => group,
        }
    }

    /// The part of the text to show: the line in which the span starts, cut to 400 bytes around it if it is
    /// longer, so that a hostile line does not fill the screen.
    fn window(&self, span: Span) -> Span {
        const MOST: usize = 400;
        let text = self.source.text();
        let at = floor(text, span.start);
        let line_start =
            text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let line_end = at + line.strip_suffix('\r').unwrap_or(line).len();
        Span {
            start: floor(text, line_start.max(at.saturating_sub(MOST))),
            end: floor(text, line_end.min(at + MOST)),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// The nearest character boundary at or before an offset.
fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A terminal control character, or one that reorders the line.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// User input may hold terminal control sequences, characters that reorder a line, line breaks, or a megabyte:
/// none of that reaches the screen.
fn printable(text: &str) -> String {
    const MOST: usize = 1000;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if steers(c) => '\u{fffd}',
            c => c,
        })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
