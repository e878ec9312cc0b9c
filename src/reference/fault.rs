//! One fault as the control wire takes it: read, checked, and kept as it was written.
//!
//! What a fault does is `faults`' matter, and below HTTP `net`'s.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::{model::duration, net::Outage};

/// The latest that an answer comes.
const MAX_DELAY: Duration = Duration::from_mins(1);

/// The longest body that a fault makes, in bytes.
const MAX_BODY: usize = 8 << 20;

/// A fault.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The word for its kind: `status`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Which endpoint it is on; none for all.
    pub(super) endpoint: Option<&'static str>,
    /// How often it still acts; none for always.
    pub(super) count: Option<u64>,
    written: Map<String, Json>,
}

/// What is wrong.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The whole component is out of reach.
    Outage(Outage),
    /// The answer comes late, in real time.
    Slow(Duration),
    /// Another answer.
    Answer(Substitute),
    /// The JSON answer is edited.
    Document(Edits),
    /// The answer breaks off in the middle of its body.
    Truncated,
    /// The envelope is another one.
    Envelope(EnvelopeFault),
}

/// An answer in the place of the endpoint's.
#[derive(Clone, Debug)]
pub(super) struct Substitute {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Changes of a JSON document, by JSON pointer (RFC 6901).
#[derive(Clone, Debug)]
pub(super) struct Edits {
    pub(super) set: Map<String, Json>,
    pub(super) without: Vec<String>,
}

/// Changes of the present envelope, and who signs it then.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EnvelopeFault {
    pub(super) header: Map<String, Json>,
    pub(super) without_header: Vec<String>,
    pub(super) payload: Map<String, Json>,
    pub(super) without: Vec<String>,
    pub(super) sign: Signer,
}

/// Who signs an envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signer {
    /// The Manager's key.
    #[default]
    Manager,
    /// A key that nobody publishes.
    Unpublished,
    /// The same key, with its public half in the header's `jwk`.
    EmbeddedJwk,
    /// The Manager's key, and one bit of the signature is another.
    Corrupted,
    /// Nobody: `alg` is `none` unless the header's changes say otherwise, and the signature is empty.
    None,
}

/// The wire's form.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Wire {
    Unreachable {},
    Refused {},
    Certificate {},
    Slow {
        delay: String,
    },
    Status {
        status: u16,
        #[serde(default)]
        headers: Map<String, Json>,
        #[serde(default)]
        body: String,
        #[serde(default)]
        content_type: String,
    },
    Body {
        #[serde(default)]
        body: String,
        #[serde(default)]
        content_type: String,
        #[serde(default)]
        bytes: usize,
    },
    Redirect {
        location: String,
    },
    Document {
        #[serde(default)]
        set: Map<String, Json>,
        #[serde(default)]
        without: Vec<String>,
    },
    Truncated {},
    Envelope(EnvelopeFault),
}

impl Fault {
    /// Reads a request's body. `endpoints` are the names that a fault can be set on. The error says what is wrong.
    pub(super) fn read(body: &[u8], endpoints: &[&'static str]) -> Result<Self, String> {
        let written: Map<String, Json> =
            serde_json::from_slice(body).map_err(|_| "a fault is a JSON object with `kind`".to_owned())?;
        let mut rest = written.clone();
        let endpoint = match rest.remove("endpoint") {
            None => None,
            Some(name) => Some(endpoint(&name, endpoints)?),
        };
        let count = match rest.remove("count") {
            None => None,
            Some(count) => {
                Some(count.as_u64().filter(|count| *count > 0).ok_or("`count` is a number from 1")?)
            }
        };
        let wire: Wire = serde_json::from_value(Json::Object(rest)).map_err(|error| error.to_string())?;
        let (name, kind) = wire.check()?;
        match (&kind, endpoint) {
            (Kind::Outage(_), Some(_)) => {
                return Err("this is a fault of the whole component: leave `endpoint` out".to_owned());
            }
            (Kind::Envelope(_), Some(other)) if other != "config" => {
                return Err("the envelope is served by the endpoint `config` alone".to_owned());
            }
            _ => {}
        }
        Ok(Self { name, kind, endpoint, count, written })
    }

    /// It takes the other's place.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.name == other.name && self.endpoint == other.endpoint
    }

    /// As it was written, with the count of now.
    pub(super) fn shown(&self) -> Json {
        let mut shown = self.written.clone();
        if let Some(count) = self.count {
            shown.insert("count".to_owned(), count.into());
        }
        Json::Object(shown)
    }
}

/// An outage's `kind`.
pub(super) fn outage_name(outage: Outage) -> &'static str {
    match outage {
        Outage::Unreachable => "unreachable",
        Outage::Refused => "refused",
        Outage::Certificate => "certificate",
    }
}

fn endpoint(name: &Json, endpoints: &[&'static str]) -> Result<&'static str, String> {
    endpoints
        .iter()
        .find(|known| name == **known)
        .copied()
        .ok_or_else(|| format!("{name} is no endpoint here: there are `{}`", endpoints.join("`, `")))
}

impl Wire {
    /// The kind's name, and the kind if what it says makes sense.
    fn check(self) -> Result<(&'static str, Kind), String> {
        let outage = |outage| (outage_name(outage), Kind::Outage(outage));
        let answer =
            |status, headers, body: String| Kind::Answer(Substitute { status, headers, body: body.into() });
        Ok(match self {
            Self::Unreachable {} => outage(Outage::Unreachable),
            Self::Refused {} => outage(Outage::Refused),
            Self::Certificate {} => outage(Outage::Certificate),
            Self::Slow { delay } => ("slow", Kind::Slow(read_delay(&delay)?)),
            Self::Status { status, headers, body, content_type } => {
                if !(200..=599).contains(&status) {
                    return Err("`status` is from 200 to 599".to_owned());
                }
                ("status", answer(status, read_headers(&headers, &content_type)?, body))
            }
            Self::Body { mut body, content_type, bytes } => {
                if bytes > MAX_BODY {
                    return Err(format!("`bytes` is at most {MAX_BODY}"));
                }
                body.extend(std::iter::repeat_n(' ', bytes.saturating_sub(body.len())));
                ("body", answer(200, read_headers(&Map::new(), &content_type)?, body))
            }
            Self::Redirect { location } => {
                let headers = Map::from_iter([("location".to_owned(), Json::String(location))]);
                ("redirect", answer(302, read_headers(&headers, "")?, String::new()))
            }
            Self::Document { set, without } => {
                if let Some(wrong) = set.keys().chain(&without).find(|pointer| !is_pointer(pointer)) {
                    return Err(format!("`{wrong}` is no JSON pointer: it begins with a slash"));
                }
                ("document", Kind::Document(Edits { set, without }))
            }
            Self::Truncated {} => ("truncated", Kind::Truncated),
            Self::Envelope(fault) => ("envelope", Kind::Envelope(fault)),
        })
    }
}

fn read_delay(text: &str) -> Result<Duration, String> {
    let delay = duration::parse(text).map_err(|error| error.to_string())?;
    let delay = Duration::try_from(delay).map_err(|_| "`delay` is negative".to_owned())?;
    if delay > MAX_DELAY { Err("`delay` is at most 60s".to_owned()) } else { Ok(delay) }
}

/// The headers of a substitute. What HTTP itself writes cannot be set: the message would be none.
fn read_headers(written: &Map<String, Json>, content_type: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let value = value.as_str().ok_or_else(|| format!("the header `{name}` is no string"))?;
        let known = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .filter(|name| ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name))
            .ok_or_else(|| format!("`{name}` is no header that can be set"))?;
        headers.insert(known, header_value(name, value)?);
    }
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, header_value("content-type", content_type)?);
    }
    Ok(headers)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value)
        .map_err(|_| format!("the header `{name}` has a value that no header can hold"))
}

fn is_pointer(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINTS: &[&str] = &["config", "jwks"];

    fn read(body: &str) -> Result<Fault, String> {
        Fault::read(body.as_bytes(), ENDPOINTS)
    }

    #[test]
    fn every_kind_is_read_and_shown_as_written() {
        for body in [
            r#"{"kind":"unreachable"}"#,
            r#"{"kind":"refused","count":2}"#,
            r#"{"kind":"certificate"}"#,
            r#"{"kind":"slow","delay":"2s","endpoint":"jwks"}"#,
            r#"{"kind":"status","status":503,"headers":{"retry-after":"5"},"body":"","content_type":""}"#,
            r#"{"kind":"body","body":"<html>","content_type":"text/html","bytes":8388608}"#,
            r#"{"kind":"redirect","location":"https://elsewhere.example.com"}"#,
            r#"{"kind":"document","set":{"/keys/0/kid":7,"":{}},"without":["/keys"]}"#,
            r#"{"kind":"truncated","endpoint":"unknown"}"#,
            r#"{"kind":"envelope","header":{"typ":7},"without_header":["kid"],"payload":{"iss":[]},"without":["config"],"sign":"embedded-jwk"}"#,
        ] {
            let fault = Fault::read(body.as_bytes(), &["config", "jwks", "unknown"]);
            let fault = fault.unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!(fault.shown().to_string(), body);
            assert_eq!(fault.shown()["kind"], fault.name);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, expected) in [
            ("", "a fault is a JSON object"),
            ("[]", "a fault is a JSON object"),
            ("{}", "missing field `kind`"),
            (r#"{"kind":"silence"}"#, "unknown variant `silence`"),
            (r#"{"kind":"refused","delay":"1s"}"#, "unknown field `delay`"),
            (r#"{"kind":"refused","endpoint":"jwks"}"#, "this is a fault of the whole component"),
            (r#"{"kind":"truncated","endpoint":"token"}"#, "\"token\" is no endpoint here"),
            (r#"{"kind":"truncated","count":0}"#, "`count` is a number from 1"),
            (r#"{"kind":"slow","delay":"2"}"#, "`2` is no duration"),
            (r#"{"kind":"slow","delay":"-2s"}"#, "`delay` is negative"),
            (r#"{"kind":"slow","delay":"61s"}"#, "`delay` is at most 60s"),
            (r#"{"kind":"status","status":101}"#, "`status` is from 200 to 599"),
            (
                r#"{"kind":"status","status":200,"headers":{"Content-Length":"7"}}"#,
                "`Content-Length` is no header",
            ),
            (r#"{"kind":"status","status":200,"headers":{"a":"\n"}}"#, "the header `a` has a value"),
            (r#"{"kind":"body","bytes":8388609}"#, "`bytes` is at most 8388608"),
            (r#"{"kind":"document","set":{"keys":1}}"#, "`keys` is no JSON pointer"),
            (r#"{"kind":"envelope","sign":"nobody"}"#, "unknown variant `nobody`"),
            (r#"{"kind":"envelope","claims":{}}"#, "unknown field `claims`"),
            (
                r#"{"kind":"envelope","endpoint":"jwks"}"#,
                "the envelope is served by the endpoint `config` alone",
            ),
        ] {
            let error = read(body).expect_err(body);
            assert!(error.starts_with(expected), "{body}: {error}");
        }
    }

    #[test]
    fn the_same_kind_on_the_same_endpoint_is_replaced() {
        let status =
            |endpoint: &str| read(&format!(r#"{{"kind":"status","status":500{endpoint}}}"#)).unwrap();
        let jwks = r#","endpoint":"jwks""#;
        assert!(status("").replaces(&status("")) && status(jwks).replaces(&status(jwks)));
        assert!(!status("").replaces(&status(jwks)));
        assert!(!status("").replaces(&read(r#"{"kind":"redirect","location":"/"}"#).unwrap()));
    }
}
