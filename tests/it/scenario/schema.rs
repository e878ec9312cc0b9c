//! The editors' schema knows exactly the keys that the reader knows, and takes every good file.

use std::{collections::BTreeSet, fs};

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use spanned_yaml::{Diagnostics, Source};
use touchstone::{model::identifier::ScenarioId, scenario::read, scenario::schema};

use super::context;

/// No key of the language resembles it.
const BOGUS: &str = "zzzzzzzzzzzzzzzz";

fn good(name: &str) -> Json {
    let path = format!("{}/tests/fixtures/scenario/good/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut diagnostics = Diagnostics::new(Source::new(name, fs::read_to_string(path).unwrap_or_default()));
    spanned_yaml::parse(&mut diagnostics).map_or(Json::Null, |node| node.to_json())
}

#[test]
fn the_file_is_current() {
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/schema.json")].assert_eq(&schema::file());
}

/// Puts an unknown key into every map of a file that uses the whole language, one after the other. The reader then
/// names the keys that it knows there; they must be the schema's keys for that place.
#[test]
fn reader_and_schema_know_the_same_keys() {
    let file = good("everything");
    let schema = schema::schema();
    let mut shapes = BTreeSet::new();
    let mut places = Vec::new();
    walk(&file, &schema, &schema, "", &mut |pointer, shape| places.push((pointer, shape.clone())));
    assert!(places.len() > 20);
    for (pointer, shape) in places {
        let mut file = file.clone();
        let place = file.pointer_mut(&pointer).and_then(Json::as_object_mut).unwrap();
        place.insert(BOGUS.to_owned(), json!(1));
        let expected: BTreeSet<String> = keys(&shape);
        shapes.insert(expected.clone());
        let named = named_keys(&file);
        // A map of exactly one key names them only where there is no other.
        if shape.get("maxProperties").is_none() {
            assert_eq!(named, expected, "at `{pointer}`");
            continue;
        }
        let place = file.pointer_mut(&pointer).and_then(Json::as_object_mut).unwrap();
        place.retain(|key, _| key == BOGUS);
        assert_eq!(named_keys(&file), expected, "at `{pointer}`");
    }
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        assert!(name == "matcher" || shapes.contains(&keys(definition)), "no `{name}` in the file");
    }
}

#[test]
fn the_schema_takes_every_good_file() {
    let schema = schema::schema();
    for name in ["everything", "smallest", "controls", "windows-line-ends"] {
        let mistakes = violations(&good(name), &schema, &schema);
        assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
    }
    let broken = json!({"title": ["no text"], "steps": [{"accept": {"by": "nobody"}}], "extra": 1});
    assert_eq!(violations(&broken, &schema, &schema).len(), 8);
}

/// The keys that the reader names in its complaint about [`BOGUS`].
fn named_keys(file: &Json) -> BTreeSet<String> {
    let source = Source::new("file.yaml", file.to_string());
    let (_, found) = read::scenario(ScenarioId::new("good/file"), &source, &context());
    let complaint = found.iter().find(|finding| finding.message.contains(BOGUS));
    let help = complaint.and_then(|finding| finding.help.clone()).unwrap_or_default();
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn keys(shape: &Json) -> BTreeSet<String> {
    shape["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// Follows references to where a schema says something itself.
fn resolve<'s>(schema: &'s Json, root: &'s Json) -> &'s Json {
    let inner = if let Some(all) = schema.get("allOf") { &all[0] } else { schema };
    match inner["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap_or(&Json::Null),
        None => inner,
    }
}

/// Calls `visit` for every map of a value whose keys the schema knows, matchers aside.
fn walk(value: &Json, schema: &Json, root: &Json, at: &str, visit: &mut impl FnMut(String, &Json)) {
    let schema = resolve(schema, root);
    let schema = schema["anyOf"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|choice| resolve(choice, root))
        .find(|choice| choice["type"] == "object" && value.is_object())
        .unwrap_or(schema);
    if schema["properties"].get("equals").is_some() {
        return;
    }
    match value {
        Json::Object(members) => {
            if schema["properties"].is_object() {
                visit(at.to_owned(), schema);
            }
            for (key, value) in members {
                let inner = schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]);
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(value, inner, root, &format!("{at}/{key}"), visit);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &schema["items"], root, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// As much of JSON Schema as ours uses.
fn violations(value: &Json, schema: &Json, root: &Json) -> Vec<String> {
    let schema = resolve(schema, root);
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut best = choices.iter().map(|choice| violations(value, choice, root)).collect::<Vec<_>>();
        best.sort_by_key(Vec::len);
        return best.into_iter().next().unwrap_or_default();
    }
    let mut found = Vec::new();
    let types: Vec<_> = match &schema["type"] {
        Json::Array(types) => types.iter().filter_map(Json::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let fits = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !types.is_empty() && !types.iter().any(|name| fits(name)) {
        found.push(format!("{value} is no {types:?}"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !value.as_str().is_some_and(|text| regex::Regex::new(pattern).unwrap().is_match(text))
    {
        found.push(format!("{value} does not match {pattern}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{value} is none of {words:?}"));
    }
    if let Some(members) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !members.contains_key(key) {
                found.push(format!("`{key}` is missing"));
            }
        }
        for (key, value) in members {
            match schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]) {
                Json::Bool(false) => found.push(format!("`{key}` is unknown")),
                inner => found.extend(violations(value, inner, root)),
            }
        }
        let size = u64::try_from(members.len()).unwrap_or_default();
        if schema["minProperties"].as_u64().is_some_and(|least| size < least)
            || schema["maxProperties"].as_u64().is_some_and(|most| size > most)
        {
            found.push(format!("{size} members"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(violations(item, &schema["items"], root));
    }
    found
}
