//! The published schema describes what is written, and a report has nothing that the schema does not know.

use expect_test::expect_file;
use serde_json::Value;
use touchstone::report::json;

use super::sample;

#[test]
fn the_published_schema_is_the_generated_one() {
    expect_file!["../../../reports/schema.json"].assert_eq(&json::schema().unwrap());
}

#[test]
fn reports_are_as_the_schema_says() {
    let schema: Value = serde_json::from_str(&json::schema().unwrap()).unwrap();
    for report in [sample::nonconformant(), sample::sabotaged(), sample::filtered(), sample::hostile()] {
        let report: Value = serde_json::from_str(&json::render(&report).unwrap()).unwrap();
        let found = differences(&schema, &schema, &report, "report");
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn the_comparison_sees_a_difference() {
    let schema: Value = serde_json::from_str(&json::schema().unwrap()).unwrap();
    let mut report: Value = serde_json::to_value(sample::filtered()).unwrap();
    report["surplus"] = Value::Null;
    report["seed"] = Value::from(7);
    report["cases"][0]["status"] = Value::from("fine");
    report["suite"].as_object_mut().unwrap().remove("digest");
    assert_eq!(differences(&schema, &schema, &report, "report").len(), 4);
}

/// The keywords that the generated schema uses, and one rule more: a property that is not named is a difference.
fn differences(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut known = Vec::new();
    apply(root, schema, value, place, &mut found, &mut known);
    if let Some(members) = value.as_object().filter(|_| !known.iter().any(|name| name == "*")) {
        let surplus = members.keys().filter(|name| !known.contains(name));
        found.extend(surplus.map(|name| format!("{place}.{name}: unknown")));
    }
    found
}

fn apply(
    root: &Value,
    schema: &Value,
    value: &Value,
    place: &str,
    found: &mut Vec<String>,
    known: &mut Vec<String>,
) {
    let Some(keywords) = schema.as_object() else {
        known.push("*".to_owned());
        return;
    };
    if keywords.keys().all(|keyword| keyword == "description") {
        known.push("*".to_owned());
    }
    for (keyword, expected) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(expected.as_str().unwrap().trim_start_matches('#')).unwrap();
                apply(root, target, value, place, found, known);
            }
            "type" => {
                let types = expected.as_array().cloned().unwrap_or_else(|| vec![expected.clone()]);
                if !types.iter().any(|name| is_a(value, name.as_str().unwrap())) {
                    found.push(format!("{place}: {value} is no {expected}"));
                }
            }
            "const" if expected != value => found.push(format!("{place}: {value} is not {expected}")),
            "enum" if !expected.as_array().unwrap().contains(value) => {
                found.push(format!("{place}: {value} is none of {expected}"));
            }
            "const" | "enum" | "$schema" | "title" | "description" | "$defs" | "format" | "minimum"
            | "uniqueItems" | "maximum" => {}
            "required" => {
                let missing = expected
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|name| value.get(name.as_str().unwrap()).is_none());
                found.extend(
                    missing.filter(|_| value.is_object()).map(|name| format!("{place}.{name}: missing")),
                );
            }
            "properties" => {
                for (name, schema) in expected.as_object().unwrap() {
                    known.push(name.clone());
                    if let Some(member) = value.get(name) {
                        found.extend(differences(root, schema, member, &format!("{place}.{name}")));
                    }
                }
            }
            "additionalProperties" => {
                known.push("*".to_owned());
                for (name, member) in value.as_object().unwrap() {
                    found.extend(differences(root, expected, member, &format!("{place}.{name}")));
                }
            }
            "items" | "prefixItems" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    let schema = if keyword == "items" { expected } else { &expected[index] };
                    found.extend(differences(root, schema, item, &format!("{place}[{index}]")));
                }
            }
            "minItems" | "maxItems" => {
                let length = value.as_array().and_then(|items| u64::try_from(items.len()).ok());
                if length != expected.as_u64() {
                    found.push(format!("{place}: not {expected} items"));
                }
            }
            "oneOf" | "anyOf" => {
                let attempts = expected.as_array().unwrap().iter().map(|schema| {
                    let (mut found, mut known) = (Vec::new(), Vec::new());
                    apply(root, schema, value, place, &mut found, &mut known);
                    (found, known)
                });
                if let Some((_, names)) = attempts.into_iter().find(|(found, _)| found.is_empty()) {
                    known.extend(names);
                } else {
                    known.extend(["status", "reason"].map(str::to_owned));
                    found.push(format!("{place}: fits no alternative"));
                }
            }
            other => panic!("{place}: the schema has got a keyword that this test does not know: {other}"),
        }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}
