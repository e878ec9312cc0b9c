//! The tree: scalars keep their text and style, so that `yes`, `0777` and `'24h'` stay what was written.

use serde_json::{Map, Number, Value as Json};

/// A range of bytes in a source, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// The three kinds of YAML nodes. Aliases are resolved, tags are refused at parse time.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, in the order written; duplicate keys were reported by the parser and only the first is kept.
    Mapping(Vec<Entry>),
}

/// A scalar as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text after unescaping.
    pub text: String,
    /// Written without quotes, so the core schema may give it another type than string.
    pub plain: bool,
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The key is written without quotes.
    pub key_plain: bool,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// A `<<` without quotes. YAML 1.1 puts the entries of its value in its place; here it is a key like any other.
    #[must_use]
    pub fn is_merge_key(&self) -> bool {
        self.key_plain && self.key == "<<"
    }
}

impl Node {
    /// The mapping's entries, if this is a mapping.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The sequence's items, if this is a sequence.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The scalar's text, whatever its style or type: `8080` and `'8080'` both give `8080`. Null gives none.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    /// The text of a scalar that is a string: quoted, or plain and of no other type.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if matches!(scalar.to_json(), Json::String(_)) => Some(&scalar.text),
            _ => None,
        }
    }

    /// `true` or `false`, unquoted. `yes` and `on` are strings (YAML 1.2 §10.3).
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_json().as_bool(),
            _ => None,
        }
    }

    /// Nothing, `~` or `null`, unquoted.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// What a person would call it: "a string", "a list".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Scalar(scalar) => match scalar.to_json() {
                Json::Null => "nothing",
                Json::Bool(_) => "a boolean",
                Json::Number(_) => "a number",
                _ => "a string",
            },
        }
    }

    /// The node as JSON, typed by YAML 1.2's core schema. Positions are lost.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_json(),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => Json::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }
}

impl Scalar {
    fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The scalar as JSON, typed by YAML 1.2's core schema without octal, hexadecimal, infinity and NaN, which
    /// JSON has no form for: those stay strings.
    #[must_use]
    pub fn to_json(&self) -> Json {
        if self.is_null() {
            return Json::Null;
        }
        if !self.plain {
            return Json::String(self.text.clone());
        }
        match self.text.as_str() {
            "true" | "True" | "TRUE" => return Json::Bool(true),
            "false" | "False" | "FALSE" => return Json::Bool(false),
            _ => {}
        }
        if looks_numeric(&self.text) {
            if let Ok(integer) = self.text.parse::<i64>() {
                return integer.into();
            }
            if let Ok(integer) = self.text.parse::<u64>() {
                return integer.into();
            }
            if let Some(number) = self.text.parse().ok().and_then(Number::from_f64) {
                return Json::Number(number);
            }
        }
        Json::String(self.text.clone())
    }
}

/// A decimal number without superfluous leading zeros: `0777` stays a string.
fn looks_numeric(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    !leading_zero
        && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_what_was_written() {
        let plain = |text: &str| Scalar { text: text.into(), plain: true }.to_json();
        assert_eq!(plain("yes"), json!("yes"));
        assert_eq!(plain("on"), json!("on"));
        assert_eq!(plain("0777"), json!("0777"));
        assert_eq!(plain("24h"), json!("24h"));
        assert_eq!(plain("1.5"), json!(1.5));
        assert_eq!(plain("-7"), json!(-7));
        assert_eq!(plain("18446744073709551615"), json!(u64::MAX));
        assert_eq!(plain("1e400"), json!("1e400"));
        assert_eq!(plain("."), json!("."));
        assert_eq!(plain("1.2.3"), json!("1.2.3"));
        assert_eq!(plain("true"), json!(true));
        assert_eq!(plain("~"), json!(null));
        assert_eq!(Scalar { text: "true".into(), plain: false }.to_json(), json!("true"));
    }
}
