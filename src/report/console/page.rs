//! A page of text of a given width: wraps, indents, colours. All text that comes in is made harmless here, and only
//! here are escape sequences written, so nothing from a target can set a colour.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use crate::{outcome::CheckStatus, report::visible::visible};

/// A colour or weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
    Magenta,
    Cyan,
}

impl Ink {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Green => Some("32"),
            Self::Red => Some("1;31"),
            Self::Yellow => Some("33"),
            Self::Magenta => Some("1;35"),
            Self::Cyan => Some("36"),
        }
    }
}

/// The colour of a status. Only a pass is green.
pub(super) const fn ink(status: &CheckStatus) -> Ink {
    match status {
        CheckStatus::Pass => Ink::Green,
        CheckStatus::Fail | CheckStatus::UnexpectedPass(_) => Ink::Red,
        CheckStatus::Error(_) => Ink::Magenta,
        CheckStatus::Warn(_) | CheckStatus::ExpectedFail(_) => Ink::Yellow,
        CheckStatus::Skipped(_) | CheckStatus::NotApplicable(_) | CheckStatus::NotExercised(_) => Ink::Cyan,
    }
}

/// Text in one ink.
#[derive(Clone, Debug)]
pub(super) struct Span {
    ink: Ink,
    text: String,
}

/// A span, its text made harmless.
pub(super) fn span(ink: Ink, text: &str) -> Span {
    Span { ink, text: visible(text) }
}

/// The page so far.
pub(super) struct Page {
    out: String,
    color: bool,
    unicode: bool,
    width: usize,
}

impl Page {
    /// The width is held between 32 and 120 columns: narrower cannot be read, and wider not comfortably.
    pub(super) fn new(style: &Style) -> Self {
        Self {
            out: String::new(),
            color: style.color,
            unicode: style.unicode,
            width: style.width.clamp(32, 120),
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Narrow pages put labels above their texts and tokens one after the other.
    pub(super) const fn is_narrow(&self) -> bool {
        self.width < 72
    }

    /// One empty line, never two.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A line across the page with a title in it.
    pub(super) fn rule(&mut self, title: &str) {
        self.gap();
        let dash = if self.unicode { "─" } else { "-" };
        let title =
            if title.is_empty() { String::new() } else { format!("{dash}{dash} {} ", visible(title)) };
        let rest = dash.repeat(self.width.saturating_sub(title.width()));
        self.put(&[Span { ink: Ink::Dim, text: format!("{title}{rest}") }]);
    }

    /// What must not be overlooked.
    pub(super) fn banner(&mut self, text: &str) {
        self.gap();
        self.hanging(0, &[span(Ink::Magenta, "!!")], 3, &[span(Ink::Magenta, text)]);
        self.gap();
    }

    /// Wrapped text.
    pub(super) fn paragraph(&mut self, indent: usize, text: &[Span]) {
        self.hanging(indent, &[], 0, text);
    }

    /// "expected  401 …": a label of the report's own, and its text in a column.
    pub(super) fn label(&mut self, label: &str, text: &[Span]) {
        self.label_at(0, label, text);
    }

    /// A label and a command on one line, however long: a command that was wrapped cannot be copied.
    pub(super) fn copyable(&mut self, label: &str, command: &str) {
        let label = Span { ink: Ink::Dim, text: format!("{label:<10}") };
        self.put(&[label, span(Ink::Plain, &command.replace('\n', " "))]);
    }

    /// A label further in.
    pub(super) fn label_at(&mut self, indent: usize, label: &str, text: &[Span]) {
        self.hanging(indent, &[span(Ink::Dim, label)], 10, text);
    }

    /// A line of an overview: mark and name, then the counts; on a narrow page they wrap under each other.
    pub(super) fn row(&mut self, lead: &[Span; 2], column: usize, text: &[Span]) {
        self.hanging(0, lead, column, text);
    }

    /// A lead, and text that starts in a column and wraps within it.
    pub(super) fn hanging(&mut self, indent: usize, lead: &[Span], column: usize, text: &[Span]) {
        let lead_width =
            lead.iter().map(|span| span.text.width()).sum::<usize>() + lead.len().saturating_sub(1);
        let start = indent + if lead.is_empty() { column } else { column.max(lead_width + 1) };
        let hang = if self.is_narrow() && column > 0 { indent + 2 } else { indent + column };
        let first = self.width.saturating_sub(start).max(8);
        let rest = self.width.saturating_sub(hang).max(8);
        let mut lines = wrap(text, first, rest).into_iter();
        let mut line = vec![Span { ink: Ink::Plain, text: " ".repeat(indent) }];
        for (place, part) in lead.iter().enumerate() {
            if place > 0 {
                line.push(Span { ink: Ink::Plain, text: " ".to_owned() });
            }
            line.push(part.clone());
        }
        let pad = if lead.is_empty() { column } else { (start - indent).saturating_sub(lead_width) };
        line.push(Span { ink: Ink::Plain, text: " ".repeat(pad) });
        line.extend(lines.next().unwrap_or_default());
        self.put(&line);
        for wrapped in lines {
            let mut line = vec![Span { ink: Ink::Plain, text: " ".repeat(hang) }];
            line.extend(wrapped);
            self.put(&line);
        }
    }

    /// Lines as they are, each behind a prefix; what is too long goes on below, further in.
    pub(super) fn verbatim(&mut self, indent: usize, prefix: &str, ink: Ink, text: &str) {
        let room = self.width.saturating_sub(indent + prefix.width() + 2).max(8);
        for line in visible(text).lines() {
            for (place, piece) in chop(&line.replace('\t', "    "), room).into_iter().enumerate() {
                let further = if place == 0 { "" } else { "  " };
                self.put(&[
                    Span { ink: Ink::Plain, text: " ".repeat(indent) },
                    Span { ink: Ink::Dim, text: prefix.to_owned() },
                    Span { ink, text: format!("{further}{piece}") },
                ]);
            }
        }
    }

    /// Cells side by side, each wrapped within its width.
    pub(super) fn cells(&mut self, indent: usize, cells: &[(usize, Span)]) {
        let columns: Vec<_> = cells
            .iter()
            .map(|(width, cell)| (*width, wrap(std::slice::from_ref(cell), *width, *width)))
            .collect();
        let height = columns.iter().map(|(_, lines)| lines.len()).max().unwrap_or_default();
        for row in 0..height {
            let mut line = vec![Span { ink: Ink::Plain, text: " ".repeat(indent) }];
            for (width, lines) in &columns {
                let cell = lines.get(row).cloned().unwrap_or_default();
                let used: usize = cell.iter().map(|span| span.text.width()).sum();
                line.extend(cell);
                line.push(Span { ink: Ink::Plain, text: " ".repeat((width + 2).saturating_sub(used)) });
            }
            self.put(&line);
        }
    }

    /// The sign of a status; it is told by the word beside it too.
    pub(super) fn mark(&self, status: &CheckStatus) -> Span {
        let (unicode, ascii) = match status {
            CheckStatus::Pass => ("✓", "+"),
            CheckStatus::Fail | CheckStatus::UnexpectedPass(_) => ("✗", "x"),
            CheckStatus::Error(_) => ("!", "!"),
            CheckStatus::Warn(_) | CheckStatus::ExpectedFail(_) => ("~", "~"),
            CheckStatus::Skipped(_) | CheckStatus::NotApplicable(_) | CheckStatus::NotExercised(_) => {
                ("·", ".")
            }
        };
        Span { ink: ink(status), text: if self.unicode { unicode } else { ascii }.to_owned() }
    }

    /// "≠" where the page may have it.
    pub(super) const fn unequal(&self) -> &'static str {
        if self.unicode { "≠ " } else { "!=" }
    }

    /// One line; spaces at its end are dropped, also before the end of a colour. Neighbours of one ink are one run.
    fn put(&mut self, line: &[Span]) {
        let end = line.iter().rposition(|span| !span.text.trim_end().is_empty()).map_or(0, |last| last + 1);
        let mut runs = line.iter().take(end).peekable();
        while let Some(span) = runs.next() {
            let mut text = span.text.clone();
            while let Some(next) = runs.next_if(|next| next.ink == span.ink) {
                text.push_str(&next.text);
            }
            let text = if runs.peek().is_none() { text.trim_end() } else { &text };
            match span.ink.code().filter(|_| self.color && !text.trim().is_empty()) {
                Some(code) => {
                    for piece in ["\u{1b}[", code, "m", text, "\u{1b}[0m"] {
                        self.out.push_str(piece);
                    }
                }
                None => self.out.push_str(text),
            }
        }
        self.out.push('\n');
    }
}

/// Breaks at spaces; a word that is too long for a line is chopped. The first line may be shorter than the rest.
fn wrap(text: &[Span], first: usize, rest: usize) -> Vec<Vec<Span>> {
    let mut lines: Vec<Vec<Span>> = vec![Vec::new()];
    let (mut used, mut glue) = (0, false);
    for (ink, word) in words(text) {
        let Some(word) = word else {
            glue = true;
            continue;
        };
        let room = if lines.len() == 1 { first } else { rest };
        let space = usize::from(glue && used > 0);
        let fits = used + space + word.width() <= room;
        let pieces = match fits {
            true => vec![word],
            // On the next line, unless it is too long for any.
            false if word.width() <= rest && ((used > 0 && glue) || (used == 0 && room < rest)) => {
                lines.push(Vec::new());
                used = 0;
                vec![word]
            }
            false => {
                let start = if room > used + space + 12 || (used == 0) { room - used - space } else { 0 };
                chop_from(&word, start, rest)
            }
        };
        for (place, piece) in pieces.into_iter().enumerate() {
            if place > 0 {
                lines.push(Vec::new());
                used = 0;
            }
            let space = if glue && used > 0 && place == 0 { " " } else { "" };
            used += piece.width() + space.len();
            if let (Some(line), false) = (lines.last_mut(), piece.is_empty()) {
                line.push(Span { ink, text: format!("{space}{piece}") });
            }
        }
        glue = false;
    }
    lines
}

/// Words, and `None` for the white space between them.
fn words(text: &[Span]) -> impl Iterator<Item = (Ink, Option<String>)> {
    text.iter().flat_map(|span| {
        let mut parts = Vec::new();
        for (place, word) in span.text.split(char::is_whitespace).enumerate() {
            if place > 0 {
                parts.push((span.ink, None));
            }
            if !word.is_empty() {
                parts.push((span.ink, Some(word.to_owned())));
            }
        }
        parts
    })
}

/// Pieces of at most `room` columns.
fn chop(text: &str, room: usize) -> Vec<String> {
    chop_from(text, room, room)
}

fn chop_from(text: &str, first: usize, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut used, mut limit) = (0, first);
    for c in text.chars() {
        let width = c.width().unwrap_or_default();
        if used + width > limit {
            pieces.push(String::new());
            (used, limit) = (0, room);
        }
        used += width;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}
