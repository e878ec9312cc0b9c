//! The JSON report: everything that a run knows, in the shape of `reports/schema.json`.
//!
//! One line a case and one a requirement: small, and two runs can still be compared line by line.

use std::io;

use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize as _};
use serde_json::ser::Formatter;

use crate::outcome::Report;

/// The report with a line for every member, every requirement and every case, and a line feed at the end.
pub fn render(report: &Report) -> serde_json::Result<String> {
    let mut text = Vec::new();
    report.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Lines::default()))?;
    String::from_utf8(text)
        .map(with_line_feed)
        .map_err(|error| serde_json::Error::io(io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// A report that this version of the program has written.
pub fn read(text: &[u8]) -> Result<Report, ReadError> {
    let report: Result<Report, _> = serde_json::from_slice(text);
    // What is wrong with the shape is of no use to who has the wrong version.
    let header = match &report {
        Ok(report) => {
            Header { schema: report.schema.clone(), suite: Writer { version: report.suite.version.clone() } }
        }
        Err(_) => serde_json::from_slice(text).map_err(ReadError::NoReport)?,
    };
    if header.schema != Report::SCHEMA {
        return Err(ReadError::Schema(header.schema));
    }
    match header.suite.version {
        version if version != env!("CARGO_PKG_VERSION") => Err(ReadError::Version(version)),
        _ => report.map_err(ReadError::NoReport),
    }
}

/// Why a file is not read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Something else.
    #[error("is no JSON report of `touchstone run`: {0}")]
    NoReport(#[source] serde_json::Error),
    /// A report of another shape.
    #[error("has the schema `{0}` and not `{SCHEMA}`: use the version of this program that wrote it", SCHEMA = Report::SCHEMA)]
    Schema(String),
    /// Whose verdicts may have been made by other rules.
    #[error("was written by touchstone {0}, and this is {VERSION}: use the version that wrote it", VERSION = env!("CARGO_PKG_VERSION"))]
    Version(String),
}

/// What is known of a report of any version.
#[derive(Deserialize)]
struct Header {
    schema: String,
    suite: Writer,
}

#[derive(Deserialize)]
struct Writer {
    version: String,
}

/// The JSON Schema (2020-12) of the report, generated from its types; published as `reports/schema.json`.
pub fn schema() -> serde_json::Result<String> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), Report::SCHEMA.into());
    serde_json::to_string_pretty(&schema).map(with_line_feed)
}

fn with_line_feed(mut text: String) -> String {
    text.push('\n');
    text
}

/// Line feeds between the members of the outermost object, and between the items of its arrays.
#[derive(Default)]
struct Lines {
    /// How many arrays and objects are open.
    depth: usize,
}

/// The outermost object, and the arrays in it.
const OBJECT: usize = 1;
const ARRAY: usize = 2;

impl Lines {
    /// A comma, unless it is the first, and a line feed at this depth.
    fn part<W: ?Sized + io::Write>(&self, out: &mut W, first: bool, depth: usize) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.line(out, depth)
    }

    fn line<W: ?Sized + io::Write>(&self, out: &mut W, depth: usize) -> io::Result<()> {
        if self.depth == depth { out.write_all(b"\n") } else { Ok(()) }
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.line(out, ARRAY)?;
        self.depth -= 1;
        out.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.part(out, first, ARRAY)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.line(out, OBJECT)?;
        self.depth -= 1;
        out.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.part(out, first, OBJECT)
    }
}
