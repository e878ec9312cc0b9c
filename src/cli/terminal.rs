//! The only place that prints. Standard output is the result, standard error the talk.
//!
//! Everything goes through a [`Terminal`], made once in `main` from the streams and the environment as it is passed
//! in. A reader that goes away (`| head`) is no failure.

mod progress;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, PoisonError},
};

pub use progress::Progress;

use crate::report::console::Style;

/// Whether to colour: `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the environment says about colour and width, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NO_COLOR`: present and not empty means no (no-color.org).
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`: present, not empty and not `0` means yes, also into a file.
    pub clicolor_force: Option<String>,
    /// `TERM`: a `dumb` terminal has neither colours nor a cursor to move.
    pub term: Option<String>,
    /// `COLUMNS`: the width where there is no terminal to ask.
    pub columns: Option<String>,
}

impl Environment {
    /// Reads what is needed through a function such as `|name| std::env::var(name).ok()`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            no_color: variable("NO_COLOR"),
            clicolor_force: variable("CLICOLOR_FORCE"),
            term: variable("TERM"),
            columns: variable("COLUMNS"),
        }
    }

    /// `--color` decides; then `NO_COLOR`; then `CLICOLOR_FORCE`; then whether it is a terminal that can.
    #[must_use]
    pub fn colors(&self, color: Color, is_terminal: bool) -> bool {
        let set = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set(&self.no_color) => false,
            Color::Auto if set(&self.clicolor_force) && self.clicolor_force.as_deref() != Some("0") => true,
            Color::Auto => is_terminal && self.term.as_deref() != Some("dumb"),
        }
    }

    fn columns(&self) -> Option<usize> {
        self.columns.as_deref()?.trim().parse().ok().filter(|columns| *columns > 0)
    }
}

/// What is printed does not reach its reader, though there is one.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A full disk, for instance.
    #[error("cannot write the output: {0}")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for PrintError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// One of the two streams.
#[derive(Clone)]
struct Stream {
    writer: Arc<Mutex<dyn Write + Send>>,
    color: bool,
    is_terminal: bool,
    width: usize,
}

impl Stream {
    fn print(&self, text: &str) -> Result<(), PrintError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.write_all(text.as_bytes()).and_then(|()| writer.flush()) {
            // A reader that went away has what it wanted; what was decided stands.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

/// Standard output and standard error. Clones write to the same streams.
#[derive(Clone)]
pub struct Terminal {
    out: Stream,
    err: Stream,
    quiet: bool,
}

impl Terminal {
    /// Width of what is written to a file or a pipe.
    const WIDTH_OF_A_FILE: usize = 100;

    /// The process's own streams. `quiet` silences the talk, not the result and not errors.
    #[must_use]
    pub fn standard(color: Color, quiet: bool, environment: &Environment) -> Self {
        let (out, err) = (console::Term::stdout(), console::Term::stderr());
        let width = |term: &console::Term| {
            let asked =
                term.size_checked().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0);
            asked.or_else(|| environment.columns()).unwrap_or(Self::WIDTH_OF_A_FILE)
        };
        // On Windows asking is what switches escape sequences on.
        let able = |term: &console::Term| !cfg!(windows) || term.features().colors_supported();
        let (out_is, err_is) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            out: Stream {
                writer: Arc::new(Mutex::new(io::stdout())),
                color: environment.colors(color, out_is && able(&out)),
                is_terminal: out_is,
                width: width(&out),
            },
            err: Stream {
                writer: Arc::new(Mutex::new(io::stderr())),
                color: environment.colors(color, err_is && able(&err)),
                is_terminal: err_is && environment.term.as_deref() != Some("dumb"),
                width: width(&err),
            },
            quiet,
        }
    }

    /// Streams of the caller's, for tests: no terminal, no colour.
    pub fn to_writers(
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
        quiet: bool,
    ) -> Self {
        let stream =
            |writer| Stream { writer, color: false, is_terminal: false, width: Self::WIDTH_OF_A_FILE };
        Self { out: stream(Arc::new(Mutex::new(out))), err: stream(Arc::new(Mutex::new(err))), quiet }
    }

    /// How a report is set on standard output.
    #[must_use]
    pub const fn style(&self, verbose: bool) -> Style {
        Style { color: self.out.color, width: self.out.width, unicode: true, verbose }
    }

    /// Standard error may be coloured.
    #[must_use]
    pub const fn colors_talk(&self) -> bool {
        self.err.color
    }

    /// Columns of standard error.
    #[must_use]
    pub const fn talk_width(&self) -> usize {
        self.err.width
    }

    /// The result, as it is, to standard output.
    pub fn result(&self, text: &str) -> Result<(), PrintError> {
        self.out.print(text)
    }

    /// A line of talk to standard error; nothing if quiet.
    pub fn say(&self, line: &str) -> Result<(), PrintError> {
        if self.quiet { Ok(()) } else { self.complain(line) }
    }

    /// An error to standard error, also if quiet.
    pub fn complain(&self, line: &str) -> Result<(), PrintError> {
        self.err.print(&format!("{}\n", line.trim_end_matches('\n')))
    }

    /// The progress of a run, on standard error.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_about_colour() {
        let colors = |color, no_color: Option<&str>, force: Option<&str>, term: Option<&str>, is_terminal| {
            let environment = Environment {
                no_color: no_color.map(str::to_owned),
                clicolor_force: force.map(str::to_owned),
                term: term.map(str::to_owned),
                columns: None,
            };
            environment.colors(color, is_terminal)
        };
        assert!(colors(Color::Auto, None, None, None, true));
        assert!(!colors(Color::Auto, None, None, None, false));
        assert!(!colors(Color::Auto, None, None, Some("dumb"), true));
        assert!(!colors(Color::Auto, Some("1"), Some("1"), None, true), "NO_COLOR before CLICOLOR_FORCE");
        assert!(colors(Color::Auto, Some(""), None, None, true), "an empty NO_COLOR says nothing");
        assert!(colors(Color::Auto, None, Some("1"), Some("dumb"), false));
        assert!(!colors(Color::Auto, None, Some("0"), None, false));
        assert!(colors(Color::Always, Some("1"), None, None, false), "an option before the environment");
        assert!(!colors(Color::Never, None, Some("1"), None, true));
    }

    #[test]
    fn a_closed_pipe_is_told_apart() {
        struct Closed(io::ErrorKind);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let terminal =
            Terminal::to_writers(Closed(io::ErrorKind::BrokenPipe), Closed(io::ErrorKind::StorageFull), true);
        assert!(terminal.result("x").is_ok(), "the reader has gone away");
        assert!(matches!(terminal.complain("x"), Err(PrintError::Failed(_))));
        assert!(terminal.say("x").is_ok(), "quiet says nothing");
    }
}
