//! JSON Schema as far as Kubernetes uses it, and a little more for our own schemas. A keyword that is not known here
//! fails the test, so that none is passed over.

use std::{cell::RefCell, collections::BTreeMap};

use regex::Regex;
use serde_json::Value as Json;

/// Whether a document is what a schema says, or the first thing that is not.
pub(crate) fn check(schema: &Json, document: &Json) -> Result<(), String> {
    at(schema, document, "", true)
}

/// The same, unknown fields let through.
pub(super) fn check_open(schema: &Json, document: &Json) -> Result<(), String> {
    at(schema, document, "", false)
}

/// Removes the nulls in maps, as the API server does before it validates.
pub(crate) fn drop_nulls(json: &mut Json) {
    match json {
        Json::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn at(schema: &Json, value: &Json, path: &str, closed: bool) -> Result<(), String> {
    let keywords = schema.as_object().unwrap();
    for (keyword, wanted) in keywords {
        let holds = match keyword.as_str() {
            "type" => match wanted.as_array() {
                Some(names) => names.iter().any(|name| is_a(value, name.as_str().unwrap())),
                None => is_a(value, wanted.as_str().unwrap()),
            },
            "enum" => wanted.as_array().unwrap().contains(value),
            "const" => wanted == value,
            "minItems" => value.as_array().is_none_or(|items| items.len() >= size(wanted)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= size(wanted)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= size(wanted)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= size(wanted)),
            "pattern" => value.as_str().is_none_or(|text| matches(wanted.as_str().unwrap(), text)),
            "required" => value.as_object().is_none_or(|members| {
                wanted.as_array().unwrap().iter().all(|key| members.contains_key(key.as_str().unwrap()))
            }),
            "properties" => {
                for (key, inner) in wanted.as_object().unwrap() {
                    if let Some(member) = value.get(key) {
                        at(inner, member, &format!("{path}.{key}"), closed)?;
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(*wanted, false);
                let known = keywords["properties"].as_object().unwrap();
                !closed
                    || value
                        .as_object()
                        .is_none_or(|members| members.keys().all(|key| known.contains_key(key)))
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    at(wanted, item, &format!("{path}[{index}]"), closed)?;
                }
                true
            }
            "contains" => value
                .as_array()
                .is_none_or(|items| items.iter().any(|item| at(wanted, item, path, closed).is_ok())),
            "not" => at(wanted, value, path, closed).is_err(),
            "anyOf" => matching(wanted, value, closed) > 0,
            "oneOf" => matching(wanted, value, closed) == 1,
            "$schema" | "title" | "description" | "default" | "format" => true,
            keyword if keyword.starts_with("x-kubernetes-") => true,
            other => panic!("the keyword `{other}` is not known here"),
        };
        if !holds {
            return Err(format!("{path}: {keyword} {wanted}"));
        }
    }
    Ok(())
}

fn matches(pattern: &str, text: &str) -> bool {
    thread_local! {
        static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
    }
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap());
        regex.is_match(text)
    })
}

fn matching(schemas: &Json, value: &Json, closed: bool) -> usize {
    schemas.as_array().unwrap().iter().filter(|schema| at(schema, value, "", closed).is_ok()).count()
}

fn size(wanted: &Json) -> usize {
    usize::try_from(wanted.as_u64().unwrap()).unwrap()
}

fn is_a(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type `{other}` is not known here"),
    }
}
