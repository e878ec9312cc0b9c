//! MCP-ONE-READING, MCP-BATCH: a JSON-RPC message as a caller sends it, read so that nobody behind can read it otherwise.
//!
//! What another reader could take for something else is refused: members that come twice, at any depth, and the names
//! that decide written in another case. What is forwarded is written anew from what was read here, never the caller's
//! bytes. It knows no method.

use serde::{Serialize, de::IgnoredAny};
use serde_json::{Map, Value as Json, json};

use crate::{
    model::rule::{Rule, Rules},
    token::json,
};

/// Levels of objects and arrays; arguments of tools may have more than a token has.
const MAX_DEPTH: u8 = 100;

/// The members of a message, by JSON-RPC 2.0 §4 and §5.
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// The members of `params` that say what is asked for.
const DECIDING: [&str; 7] = ["name", "uri", "ref", "cursor", "arguments", "argument", "_meta"];

/// The members of `params.ref`.
const REFERENCE: [&str; 3] = ["type", "name", "uri"];

/// The id of a request: a string or a whole number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Id(Json);

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// Something is asked for and an answer awaited.
    Request { id: Id, method: String, params: Option<Map<String, Json>> },
    /// Something is said.
    Notification { method: String, params: Option<Map<String, Json>> },
    /// The answer to a request of the server: `result` or `error`.
    Answer { id: Id, outcome: &'static str, value: Json },
}

/// A message in the order in which it is written.
#[derive(Default, Serialize)]
struct Written<'m> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'m Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'m Map<String, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'m Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'m Json>,
}

/// Why a message is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Malformed {
    /// No JSON in UTF-8.
    #[error("the body is no JSON text")]
    NotJson,
    /// MCP-BATCH.
    #[error("batches are not supported")]
    Batch,
    /// Members that come twice, numbers that no reader holds, a depth that some readers do not reach.
    #[error(
        "not every reader would read the message alike: a member comes twice, it is nested too deeply, or it has a number or a text that some cannot hold"
    )]
    Ambiguous,
    /// A member whose name a lenient reader takes for another.
    #[error("`{0}` is expected in this case, written so")]
    Case(&'static str),
    /// JSON, and no JSON-RPC 2.0.
    #[error("{0}")]
    Shape(&'static str),
}

impl Malformed {
    /// The code of JSON-RPC 2.0 §5.1.
    pub(super) const fn code(&self) -> i32 {
        if matches!(self, Self::NotJson) { -32700 } else { -32600 }
    }

    /// The rule that refuses, if it is one of the platform's own.
    pub(super) const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Batch => Some("MCP-BATCH"),
            Self::Ambiguous | Self::Case(_) => Some("MCP-ONE-READING"),
            Self::NotJson | Self::Shape(_) => None,
        }
    }
}

impl Id {
    fn read(id: Json) -> Option<Self> {
        match &id {
            Json::String(_) => Some(Self(id)),
            Json::Number(number) if number.is_i64() => Some(Self(id)),
            _ => None,
        }
    }

    pub(super) fn json(&self) -> &Json {
        &self.0
    }
}

impl Message {
    /// Reads a request's body.
    pub(super) fn read(body: &[u8], rules: Rules) -> Result<Self, Malformed> {
        let strict = rules.hold(Rule::McpOneReading);
        let mut members = callers_object(body, rules)?;
        if strict {
            one_case(&members, &MEMBERS)?;
        }
        if strict && members.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(Malformed::Shape("a message has no members but those of JSON-RPC 2.0"));
        }
        if members.remove("jsonrpc") != Some(json!("2.0")) {
            return Err(Malformed::Shape("`jsonrpc` is \"2.0\""));
        }
        let id = match members.remove("id") {
            None => None,
            Some(id) => {
                Some(Id::read(id).ok_or(Malformed::Shape("`id` is a string or a whole number of 64 bits"))?)
            }
        };
        let params = match members.remove("params") {
            None => None,
            Some(Json::Object(params)) => Some(params),
            Some(_) => return Err(Malformed::Shape("`params` is an object")),
        };
        if let Some(params) = &params {
            if strict {
                one_case(params, &DECIDING)?;
            }
            if let Some(Json::Object(reference)) = params.get("ref") {
                one_case(reference, &REFERENCE)?;
            }
        }
        let (result, error) = (members.remove("result"), members.remove("error"));
        match (members.remove("method"), id, params, result, error) {
            (Some(Json::String(method)), Some(id), params, None, None) => {
                Ok(Self::Request { id, method, params })
            }
            (Some(Json::String(method)), None, params, None, None) => {
                Ok(Self::Notification { method, params })
            }
            (None, Some(id), None, Some(value @ Json::Object(_)), None) => {
                Ok(Self::Answer { id, outcome: "result", value })
            }
            (None, Some(id), None, None, Some(value @ Json::Object(_))) => {
                Ok(Self::Answer { id, outcome: "error", value })
            }
            _ => Err(Malformed::Shape("the message is neither request nor notification nor answer")),
        }
    }

    /// The message as it is forwarded.
    pub(super) fn written(&self) -> String {
        let bare = Written { jsonrpc: "2.0", ..Written::default() };
        let written = match self {
            Self::Request { id, method, params } => {
                Written { id: Some(&id.0), method: Some(method), params: params.as_ref(), ..bare }
            }
            Self::Notification { method, params } => {
                Written { method: Some(method), params: params.as_ref(), ..bare }
            }
            Self::Answer { id, outcome, value } => {
                let of = |name: &str| (*outcome == name).then_some(value);
                Written { id: Some(&id.0), result: of("result"), error: of("error"), ..bare }
            }
        };
        // Nothing in it can fail to be written; an empty body would be refused by whoever reads it.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// The id of a request.
    pub(super) fn id(&self) -> Option<&Id> {
        match self {
            Self::Request { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The method that it names.
    pub(super) fn method(&self) -> Option<&str> {
        match self {
            Self::Request { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Answer { .. } => None,
        }
    }

    /// Its parameters, if it has any.
    pub(super) fn params(&self) -> Option<&Map<String, Json>> {
        match self {
            Self::Request { params, .. } | Self::Notification { params, .. } => params.as_ref(),
            Self::Answer { .. } => None,
        }
    }
}

/// The same of a caller's message.
fn callers_object(text: &[u8], rules: Rules) -> Result<Map<String, Json>, Malformed> {
    if !rules.hold(Rule::McpBatch)
        && let Ok(Json::Array(batch)) = serde_json::from_slice(text)
    {
        return match batch.into_iter().next() {
            Some(Json::Object(first)) => Ok(first),
            _ => Err(Malformed::Batch),
        };
    }
    if !rules.hold(Rule::McpOneReading) {
        return serde_json::from_slice(text).map_err(|_| Malformed::NotJson);
    }
    object(text)
}

/// One object of unique members at every depth, in UTF-8.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Json>, Malformed> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Malformed::Batch);
    }
    let text = std::str::from_utf8(text).map_err(|_| Malformed::NotJson)?;
    json::object_within(text.as_bytes(), MAX_DEPTH).ok_or_else(|| {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) if text.trim_ascii_start().starts_with('{') => Malformed::Ambiguous,
            Ok(_) => Malformed::Shape("a message is a JSON object"),
            Err(_) => Malformed::NotJson,
        }
    })
}

/// None of the members is one of `names` in another case. Some readers compare without case, by Unicode's rules.
fn one_case(members: &Map<String, Json>, names: &[&'static str]) -> Result<(), Malformed> {
    for member in members.keys().filter(|member| !names.contains(&member.as_str())) {
        let folded = folded(member);
        if let Some(name) = names.iter().find(|name| self::folded(name) == folded) {
            return Err(Malformed::Case(name));
        }
    }
    Ok(())
}

/// `ſ` (U+017F) has the upper case of `s`, and the Kelvin sign (U+212A) the lower case of `k`: readers that fold take
/// either for the letter.
fn folded(name: &str) -> String {
    name.to_lowercase().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Message, Malformed> {
        Message::read(body.as_bytes(), Rules::ALL)
    }

    #[test]
    fn the_three_kinds_are_written_as_they_were_read() {
        for body in [
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"Name":1,"METHOD":[]}}}"#,
            r#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":9223372036854775807,"error":{"code":-1,"message":"no"}}"#,
        ] {
            assert_eq!(read(body).map(|message| message.written()).as_deref(), Ok(body));
        }
    }

    #[test]
    fn every_wrong_shape_is_refused() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":{}{}}}}}"#,
            "[".repeat(500),
            "]".repeat(500)
        );
        for (body, expected) in [
            ("", Malformed::NotJson),
            ("{", Malformed::NotJson),
            ("{} {}", Malformed::NotJson),
            ("{\"jsonrpc\":\"2.0\",}", Malformed::NotJson),
            ("\u{feff}{}", Malformed::NotJson),
            ("[]", Malformed::Batch),
            (" \n[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", Malformed::Batch),
            ("null", Malformed::Shape("a message is a JSON object")),
            ("7", Malformed::Shape("a message is a JSON object")),
            ("\"ping\"", Malformed::Shape("a message is a JSON object")),
            ("{}", Malformed::Shape("`jsonrpc` is \"2.0\"")),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, Malformed::Shape("`jsonrpc` is \"2.0\"")),
            (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, Malformed::Shape("`jsonrpc` is \"2.0\"")),
            (&deep, Malformed::Ambiguous),
            (r#"{"jsonrpc":"2.0","id":1e999,"method":"ping"}"#, Malformed::Ambiguous),
        ] {
            assert_eq!(read(body), Err(expected), "{body:.80}");
        }
        for id in ["null", "1.5", "true", "{}", "[1]", "1e3", "18446744073709551616"] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(
                read(&body),
                Err(Malformed::Shape("`id` is a string or a whole number of 64 bits")),
                "{id}"
            );
        }
        for rest in [
            r#""id":1"#,
            r#""id":1,"method":7"#,
            r#""id":1,"method":null"#,
            r#""method":"a","result":{}"#,
            r#""id":1,"method":"tools/call","result":{"tools":[]}"#,
            r#""id":1,"result":{},"error":{}"#,
            r#""result":{}"#,
            r#""id":1,"result":[]"#,
            r#""id":1,"result":{},"params":{}"#,
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0",{rest}}}"#);
            let expected = Malformed::Shape("the message is neither request nor notification nor answer");
            assert_eq!(read(&body), Err(expected), "{rest}");
        }
        for params in ["[]", "null", "7", "\"a\""] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{params}}}"#);
            assert_eq!(read(&body), Err(Malformed::Shape("`params` is an object")), "{params}");
        }
        let other = Malformed::Shape("a message has no members but those of JSON-RPC 2.0");
        assert_eq!(read(r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#), Err(other));
        assert_eq!(
            Message::read(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", Rules::ALL),
            Err(Malformed::NotJson)
        );
    }

    /// A valid message in which every object, at every depth, once has one of its members twice.
    #[test]
    fn a_member_that_comes_twice_is_refused_wherever_it_stands() {
        for body in [
            r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[{"y":{"z":1,"z":1}}]}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"a":{"b":1,"b":2}}}"#,
        ] {
            assert_eq!(read(body), Err(Malformed::Ambiguous), "{body}");
        }
    }

    #[test]
    fn a_name_that_decides_has_one_case() {
        let mut tried = 0;
        let mut refuse = |name: &'static str, text: &dyn Fn(&str) -> String| {
            for variant in variants(name) {
                assert_eq!(read(&text(&variant)), Err(Malformed::Case(name)), "{}", text(&variant));
                tried += 1;
            }
        };
        for name in MEMBERS {
            refuse(name, &|variant| {
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","{variant}":"tools/call"}}"#)
            });
        }
        for name in DECIDING {
            refuse(name, &|variant| {
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"{variant}":"x"}}}}"#)
            });
        }
        for name in REFERENCE {
            refuse(name, &|variant| {
                format!(
                    r#"{{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{{"ref":{{"{variant}":"x"}}}}}}"#
                )
            });
        }
        assert!(tried > 100, "{tried}");
    }

    /// Every name with one letter in the other case, all in capitals, and with the letters that fold to its own.
    fn variants(name: &str) -> Vec<String> {
        let letters: Vec<char> = name.chars().collect();
        let one = (0..letters.len()).map(|at| {
            let upper = |(index, letter): (usize, &char)| {
                if index == at { letter.to_ascii_uppercase() } else { *letter }
            };
            letters.iter().enumerate().map(upper).collect::<String>()
        });
        let foreign = [name.replace('s', "\u{17f}"), name.replace('k', "\u{212a}")];
        let mut all: Vec<String> = one.chain(foreign).chain([name.to_uppercase()]).collect();
        all.retain(|variant| variant != name);
        all.sort();
        all.dedup();
        all
    }
}
