//! The JSON Schema of a scenario file, for editors: completion, hints, and what a shape can tell of mistakes.
//!
//! It is written out of the table in `shape`. That the table and the reader know the same keys is proved by a
//! test, which asks the reader for its keys at every map of a file that has them all. `scenarios/schema.json` is this
//! schema as a file.

mod form;
mod shape;

use serde_json::{Map, Value as Json, json};

use self::{form::Form, shape::Shape};
use crate::scenario::read::words::{COMPONENTS, OPERATORS};

/// The schema, draft 7, which editors know best.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Map::new();
    for shape in shape::ALL {
        definitions.insert(shape.name.to_owned(), object(shape));
    }
    definitions.insert("matcher".to_owned(), matcher());
    let mut schema = Map::from_iter([
        ("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#")),
        ("title".to_owned(), json!("Touchstone scenario")),
    ]);
    if let Json::Object(scenario) = object(&shape::SCENARIO) {
        schema.extend(scenario);
    }
    schema.insert("definitions".to_owned(), Json::Object(definitions));
    Json::Object(schema)
}

/// The text of `scenarios/schema.json`.
#[must_use]
pub fn file() -> String {
    format!("{:#}\n", schema())
}

fn object(shape: &Shape) -> Json {
    let mut properties = Map::new();
    for field in shape.fields {
        let mut property = value(&field.form);
        if let Json::Object(property) = &mut property {
            property.insert("description".to_owned(), json!(field.about));
        }
        properties.insert(field.key.to_owned(), property);
    }
    let mut object = json!({
        "description": shape.about,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<_> =
        shape.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    if let Json::Object(object) = &mut object {
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        if shape.exactly_one {
            object.insert("minProperties".to_owned(), json!(1));
            object.insert("maxProperties".to_owned(), json!(1));
        }
    }
    object
}

fn value(form: &Form) -> Json {
    match form {
        // A plain number or boolean is read as the text that it is written with.
        Form::Text => json!({"type": ["string", "number", "boolean"]}),
        Form::Word(words) => json!({"enum": words()}),
        Form::Component => {
            json!({"anyOf": [{"enum": COMPONENTS}, {"type": "string", "pattern": "^(mcp|upstream):[^/]+(/MCPServer|/MCPRemoteProxy)?/[^/]+$"}]})
        }
        Form::Yes => json!({"const": true}),
        Form::Boolean => json!({"type": "boolean"}),
        Form::Status => json!({"type": "integer", "minimum": 400, "maximum": 599}),
        Form::Any => json!({}),
        Form::Matcher => json!({"allOf": [{"$ref": "#/definitions/matcher"}]}),
        Form::Shape(shape) => json!({"allOf": [{"$ref": format!("#/definitions/{}", shape.name)}]}),
        Form::List(item) => json!({"type": "array", "items": value(item)}),
        Form::SomeOf(item) => json!({"type": "array", "items": value(item), "minItems": 1}),
        Form::Map(inner) => json!({"type": "object", "additionalProperties": value(inner)}),
        Form::SomeIn(inner) => {
            json!({"type": "object", "additionalProperties": value(inner), "minProperties": 1})
        }
        Form::Either(choices) => json!({"anyOf": choices.iter().map(value).collect::<Vec<_>>()}),
    }
}

/// A scalar, a list, or a map with exactly one operator.
fn matcher() -> Json {
    let itself = || json!({"$ref": "#/definitions/matcher"});
    let operand = |operator: &str| match operator {
        "equals" => json!({"description": "equal, type included"}),
        "present" => json!({"type": "boolean", "description": "there, or not there"}),
        "contains" => json!({"description": "a string with this text in it, or a list that has this value"}),
        "matches" => {
            json!({"type": "string", "description": "a string that this regular expression matches somewhere"})
        }
        "any" => {
            json!({"type": "array", "minItems": 1, "items": itself(), "description": "one of them holds"})
        }
        "all" => json!({"type": "array", "minItems": 1, "items": itself(), "description": "every one holds"}),
        "not" => json!({"allOf": [itself()], "description": "it does not hold"}),
        _ => json!({"type": ["number", "string"], "description": "a number, or an RFC 3339 time, compared"}),
    };
    let properties: Map<_, _> =
        OPERATORS.into_iter().map(|operator| (operator.to_owned(), operand(operator))).collect();
    json!({
        "description": "what a value is expected to be: a scalar or list that it equals, or one operator",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string", "array"]},
            {
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    })
}
