//! Where the files of a report go and which there are; how a report is told.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{refusal::Refusal, terminal::Terminal},
    outcome::{ExitCode, Report},
    report::{self, Format},
};

/// The files of a report.
#[derive(Args, Debug)]
pub(in crate::cli) struct Output {
    /// Where the report files go.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    report: PathBuf,
    /// The report files to write: json, junit, html (one page for a browser), markdown (a GitHub step summary).
    #[arg(long, value_name = "FORMAT,…", value_delimiter = ',', default_value = "json,junit,html", value_parser = format)]
    format: Vec<Format>,
}

fn format(text: &str) -> Result<Format, String> {
    let known = Format::ALL.map(Format::name).join("`, `");
    Format::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| format!("there are `{known}`"))
}

impl Output {
    /// Whether the files could be written.
    pub(in crate::cli) fn probe(&self) -> Result<(), Refusal> {
        report::probe(&self.report).map_err(|error| unwritten(&error))
    }

    /// Removes what an earlier run has left there, of every format: nobody should take it for this one's.
    pub(in crate::cli) fn clear(&self) -> Result<(), Refusal> {
        report::clear(&self.report).map_err(|error| unwritten(&error))
    }

    /// The files that there will be.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.format.iter().map(|format| self.report.join(format.file_name()))
    }

    /// Writes the files and prints the report, in this order; the answer is the report's exit code.
    pub(in crate::cli) fn tell(
        &self,
        report: &Report,
        terminal: &Terminal,
        verbose: bool,
        again: Option<&str>,
    ) -> Result<ExitCode, Refusal> {
        let written = report::write(report, &self.report, &self.format);
        let page = report::console::render(report, &terminal.style(verbose), written.as_deref(), again);
        let printed = terminal.result(&page);
        written.map_err(|error| unwritten(&error))?;
        printed?;
        Ok(report.summary.exit)
    }
}

fn unwritten(error: &std::io::Error) -> Refusal {
    Refusal::environment(format!("cannot write the reports: {error}"))
}
