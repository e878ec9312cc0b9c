//! JSON objects read strictly: a member that comes twice is refused, at any level, and so is deep nesting.
//!
//! `serde_json` alone keeps the last of two members; another reader of the same token may keep the first, and
//! the two then see different tokens (RFC 7519 §4, RFC 8725 §2.6). It knows nothing of what the members mean.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Levels of objects and arrays. Real tokens have four or five.
const MAX_DEPTH: u8 = 32;

/// The bytes as exactly one object of unique members in UTF-8, or nothing.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    object_within(bytes, MAX_DEPTH)
}

/// The same of any depth; `serde_json` itself reads no more than 127 levels.
pub(crate) fn object_within(bytes: &[u8], depth: u8) -> Option<Map<String, Value>> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let members = json.deserialize_map(Object { depth }).ok()?;
    json.end().ok()?;
    Some(members)
}

/// An object at a level from which `depth` further levels are allowed.
struct Object {
    depth: u8,
}

impl<'de> Visitor<'de> for Object {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Any { depth: self.depth })?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member comes twice"));
            }
        }
        Ok(members)
    }
}

/// Any value inside an object or array from whose level `depth` further levels are allowed.
#[derive(Clone, Copy)]
struct Any {
    depth: u8,
}

impl Any {
    fn deeper<E: Error>(self) -> Result<u8, E> {
        self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(Self { depth })? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        Object { depth: self.deeper()? }.visit_map(access).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_object_reads_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,true,null,{"b":"c\u0041"}],"d":18446744073709551615}"#;
        assert_eq!(object(text.as_bytes()).map(Value::Object), serde_json::from_str(text).ok());
    }

    #[test]
    fn what_is_no_strict_object_is_refused() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(object(deep(32).as_bytes()).is_some());
        for bad in [
            "",
            "null",
            "[]",
            "\"a\"",
            "{",
            "{}{}",
            "{} x",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":1,\"a\":1}",
            r#"{"a":1,"\u0061":2}"#,
            r#"{"o":{"a":1,"a":2}}"#,
            r#"{"o":[{"a":1,"a":2}]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e999}"#,
            r#"{"a":NaN}"#,
            "\u{feff}{}",
            &deep(33),
            &deep(1_000),
            &deep(100_000),
        ] {
            assert!(object(bad.as_bytes()).is_none(), "{bad:.40}");
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_none());
        assert!(object(b"{\"a\":\"\0\"}").is_none());
    }
}
