//! Reports: one run in the forms in which people and machines read it.
//!
//! Every format is a function of [`Report`] and nothing else, in a file of its own. Statuses, totals and the verdict
//! are those of [`outcome::verdict`](crate::outcome::verdict); a report only shows them. Only `pass` is ever shown as
//! good. Text that came from a target is made harmless by `visible` before it is written.

pub mod console;
mod decoded;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod prose;
mod topic;
mod untested;
mod visible;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    model::requirement::Level,
    outcome::{CaseResult, Cause, CheckStatus, Report, RequirementRow, StepResult},
};

/// A report that is a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Everything, with a published schema: `report.json`.
    Json,
    /// For CI systems: `junit.xml`.
    Junit,
    /// For people, in a browser: `report.html`.
    Html,
    /// For a GitHub step summary: `summary.md`.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Junit, Self::Html, Self::Markdown];

    /// The word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }

    /// The file's name in the report directory.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Json => "report.json",
            Self::Junit => "junit.xml",
            Self::Html => "report.html",
            Self::Markdown => "summary.md",
        }
    }

    /// The file has what every report of this format begins with.
    fn wrote(self, path: &Path) -> bool {
        let mut head = Vec::new();
        // A pipe that nobody writes to is waited for when it is opened already.
        if !path.is_file() {
            return false;
        }
        let read = fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
        let mark = match self {
            Self::Json => "\"schema\":\"touchstone-report/",
            Self::Junit => "<testsuites name=\"touchstone",
            Self::Html => ", Touchstone ",
            Self::Markdown => "| Cases |",
        };
        read.is_ok() && String::from_utf8_lossy(&head).contains(mark)
    }

    fn render(self, report: &Report) -> io::Result<String> {
        match self {
            Self::Json => json::render(report).map_err(io::Error::from),
            Self::Junit => junit::render(report).map_err(io::Error::other),
            Self::Html => html::render(report).map_err(io::Error::other),
            Self::Markdown => Ok(markdown::render(report)),
        }
    }
}

/// Writes a report into a directory, which is created if it is missing, in each of the formats. A file appears whole
/// or not at all; an older one is replaced. Returns the paths in the order of `formats`, each once.
///
/// The error names the path and what could not be done with it.
pub fn write(report: &Report, dir: &Path, formats: &[Format]) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(dir).map_err(|error| explain("create the report directory", dir, &error))?;
    let mut written = Vec::with_capacity(formats.len());
    for format in formats {
        let path = dir.join(format.file_name());
        if written.contains(&path) {
            continue;
        }
        let content = format.render(report).map_err(|error| explain("render", &path, &error))?;
        replace(&path, content.as_bytes()).map_err(|error| explain("write", &path, &error))?;
        written.push(path);
    }
    Ok(written)
}

/// Whether a report could be written into a directory, tried before the run: creates the directory where it is missing
/// and a file in it, which is removed again.
///
/// The error names the path and what could not be done with it.
pub fn probe(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir).map_err(|error| explain("create the report directory", dir, &error))?;
    let path = dir.join(format!(".touchstone-{}.tmp", std::process::id()));
    let attempt = fs::File::create_new(&path).and_then(|mut file| file.write_all(b"probe"));
    let removed = if path.exists() { fs::remove_file(&path) } else { Ok(()) };
    attempt.and(removed).map_err(|error| explain("write reports into", dir, &error))
}

/// Removes the reports of an earlier run, of every format; files of others that have the same names stay.
///
/// The error names the path and what could not be done with it.
pub fn clear(dir: &Path) -> io::Result<()> {
    for format in Format::ALL {
        let path = dir.join(format.file_name());
        if format.wrote(&path) {
            fs::remove_file(&path).map_err(|error| explain("remove", &path, &error))?;
        }
    }
    Ok(())
}

/// Through a file beside it that is renamed at the end; a rename within a directory is atomic.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let finish = || {
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&unfinished, path)
    };
    finish().inspect_err(|_| {
        // The first error is the one to report; an unfinished file that cannot be removed either adds nothing.
        let _ = fs::remove_file(&unfinished);
    })
}

fn explain(action: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {action} `{}`: {error}", path.display()))
}

/// Everything that there was to run passed. Of a shard nobody can say that.
fn all_passed(report: &Report) -> bool {
    report.selection.shard.is_none() && report.cases.iter().all(|case| case.status == CheckStatus::Pass)
}

/// Who has to act on a case, in words.
fn who_acts(cause: Cause, of: &CaseResult) -> String {
    match cause {
        Cause::Configuration => {
            "configuration: whoever set up the identity provider or the platform's values has to act"
                .to_owned()
        }
        Cause::Implementation => {
            let failed =
                of.steps.iter().filter(|step| step.checks.iter().any(|check| check.status.needs_action()));
            let component = failed.rev().find_map(answering);
            format!("implementation: whoever wrote {} has to act", component.unwrap_or("the component"))
        }
        Cause::Environment => "environment: whoever runs the machine or the network has to act".to_owned(),
        Cause::Harness => "harness: the scenario or this program is at fault, not the platform".to_owned(),
    }
}

/// Whom a step put to the test: the component that it spoke to last; a client answers for itself, whomever it asked.
fn answering(step: &StepResult) -> Option<&str> {
    match step.kind.as_str() {
        "client" => Some("the client"),
        _ => step.exchanges.last().map(|exchange| exchange.component.as_str()),
    }
}

/// How binding a rule is, as RFC 2119 spells it.
const fn level(row: &RequirementRow) -> &'static str {
    match row.level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
    }
}

/// "2.4 s", "850 ms", "3 min 12 s".
fn seconds(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 {
        format!("{milliseconds:.0} ms")
    } else if milliseconds < 60_000.0 {
        format!("{:.1} s", milliseconds / 1_000.0)
    } else {
        let minutes = (milliseconds / 60_000.0).floor();
        format!("{minutes:.0} min {:.0} s", (milliseconds - minutes * 60_000.0) / 1_000.0)
    }
}
