//! The reader and our schemas take and refuse what the platform's published schemas do.
//!
//! `documents` makes some thousand resources around every limit. What the published schemas say of each, their rules in
//! CEL included, is kept in `tests/fixtures/published/verdicts.txt`; the schemas themselves are not needed for that.
//! With their folder in `PUBLISHED_SCHEMAS` the verdicts are taken anew and compared.
//!
//! A line holds two verdicts, `+` or `-`: on the document as it is, which is JSON Schema's, and without the nulls in
//! maps, which is the API server's: it drops those before it validates.

mod cel;
mod documents;
pub(crate) mod shape;

use std::{fmt::Write as _, fs, path::Path};

use expect_test::expect_file;
use mcp_policy::{schema, vocabulary::Action};
use serde_json::Value as Json;

use self::documents::Document;
use crate::read_text;

/// A line of the fixture.
struct Verdicts {
    json_schema: bool,
    api_server: bool,
}

fn line(document: &Document, verdicts: &Verdicts) -> String {
    let sign = |accepted| if accepted { '+' } else { '-' };
    let (as_is, without_nulls) = (sign(verdicts.json_schema), sign(verdicts.api_server));
    format!("{as_is}{without_nulls} {:016x} {}", fingerprint(&document.json), document.name)
}

/// FNV-1a of the text: the verdict belongs to this document and no other.
fn fingerprint(json: &Json) -> u64 {
    json.to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The documents with their verdicts.
fn judged() -> Vec<(Document, Verdicts)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/published/verdicts.txt");
    let fixture = fs::read_to_string(path).unwrap();
    let documents = documents::all();
    assert_eq!(fixture.lines().count(), documents.len(), "another number of documents");
    let pairs = documents.into_iter().zip(fixture.lines());
    pairs
        .map(|(document, written)| {
            let verdicts =
                Verdicts { json_schema: written.starts_with('+'), api_server: written[1..].starts_with('+') };
            assert_eq!(line(&document, &verdicts), written, "the verdict is of another document");
            (document, verdicts)
        })
        .collect()
}

fn without_nulls(json: &Json) -> Json {
    let mut json = json.clone();
    shape::drop_nulls(&mut json);
    json
}

/// Why the reader, and in the first case our schema, refuses what an API server takes.
fn stricter(document: &Json, schema: &Json) -> Option<&'static str> {
    if shape::check(schema, document).is_err() && shape::check_open(schema, document).is_ok() {
        return Some("an unknown field in `spec`");
    }
    let spec = &document["spec"];
    if spec.is_null() {
        return Some("no `spec`");
    }
    let group = &spec["targetRef"]["apiGroup"];
    if !group.is_null() && group != "toolhive.stacklok.dev" {
        return Some("a target of another group");
    }
    let products = spec["productActions"].as_array().into_iter().flatten();
    let known = |action: &Json| action == "*" || action.as_str().and_then(Action::by_name).is_some();
    for product in products.filter(|product| product["apiGroup"] == "toolhive.enterprise.stacklok.com") {
        if !product["actions"].as_array().is_some_and(|actions| actions.iter().all(known)) {
            return Some("an unknown action");
        }
    }
    None
}

#[test]
fn the_reader_refuses_what_an_api_server_refuses() {
    let schemas = schema::all();
    let (mut accepted, mut refused, mut stricter_than) = (0, 0, std::collections::BTreeMap::new());
    let mut wrong = String::new();
    for (document, verdicts) in judged() {
        let schema = &schemas.iter().find(|schema| document.json["kind"] == schema.kind).unwrap().schema;
        let (_, findings) = read_text(&document.json.to_string());
        let mut expected = verdicts.api_server;
        if let Some(reason) = stricter(&without_nulls(&document.json), schema).filter(|_| expected) {
            *stricter_than.entry(reason).or_insert(0) += 1;
            expected = false;
        }
        *(if expected { &mut accepted } else { &mut refused }) += 1;
        if findings.has_errors() == expected {
            writeln!(wrong, "{}: should be accepted: {expected}\n{findings}", document.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(accepted >= 300 && refused >= 300, "{accepted} accepted, {refused} refused");
    assert_eq!(stricter_than.len(), 4, "{stricter_than:?}");
}

#[test]
fn our_schemas_refuse_what_the_published_ones_refuse() {
    let schemas = schema::all();
    let mut wrong = String::new();
    for (document, verdicts) in judged() {
        let schema = &schemas.iter().find(|schema| document.json["kind"] == schema.kind).unwrap().schema;
        // A null is what the API server makes of it.
        let stricter = stricter(&without_nulls(&document.json), schema);
        let more = ["an unknown field in `spec`", "a target of another group", "no `spec`"];
        let expected = verdicts.api_server && !stricter.is_some_and(|reason| more.contains(&reason));
        let verdict = shape::check(schema, &document.json);
        if verdict.is_ok() != expected {
            writeln!(wrong, "{}: should be accepted: {expected}, {verdict:?}", document.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The rules in CEL stand in our schemas word for word.
#[test]
fn the_rules_of_the_api_server_are_in_our_schemas() {
    let mut found = std::collections::BTreeSet::new();
    for published in schema::all() {
        cel::collect(&published.schema, published.kind, "", &mut found);
    }
    let expected: std::collections::BTreeSet<_> = cel::RULES
        .iter()
        .map(|rule| (rule.kind, rule.path.to_owned(), rule.expression.to_owned(), rule.message.to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_verdicts_are_those_of_the_published_schemas() {
    #[expect(clippy::disallowed_methods, reason = "where the published schemas lie is not in the repository")]
    let Some(folder) = std::env::var_os("PUBLISHED_SCHEMAS") else { return };
    let mut text = String::new();
    for document in documents::all() {
        let plural =
            schema::all().into_iter().find(|schema| document.json["kind"] == schema.kind).unwrap().plural;
        let file = fs::read_to_string(Path::new(&folder).join(format!("{plural}.schema.json"))).unwrap();
        let published: Json = serde_json::from_str(&file).unwrap();
        let accepts = |json: &Json| shape::check(&published, json).is_ok() && cel::hold(json);
        let verdicts = Verdicts {
            json_schema: accepts(&document.json),
            api_server: accepts(&without_nulls(&document.json)),
        };
        writeln!(text, "{}", line(&document, &verdicts)).unwrap();
    }
    expect_file!["../fixtures/published/verdicts.txt"].assert_eq(&text);
}
