//! The JSON report: everything that a run knows, in the shape of `reports/schema.json`.

use schemars::generate::SchemaSettings;

use crate::outcome::Report;

/// The report, indented, with a line feed at the end.
pub fn render(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report).map(with_line_feed)
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
