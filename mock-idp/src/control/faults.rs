//! `GET|POST|DELETE /control/faults`: one fault a `POST`; a second one of its kind at the same endpoint replaces
//! it. `GET` and `POST` answer the list of those that are active, `DELETE` lifts all.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::answer::{self, Answer, Problem};
use crate::{
    duration,
    fault::{Action, CALLBACKS, DOCUMENTS, ENDPOINTS, Edit, Fault, Instead, Outage},
    provider::Provider,
};

/// The longest delay, in seconds.
const MOST_DELAY: i64 = 60;
/// The largest body that an answer is padded to.
const MOST_BODY: usize = 8 << 20;

#[derive(Deserialize)]
struct Order {
    endpoint: Option<String>,
    /// The next requests only, so many.
    count: Option<u64>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Unreachable {},
    Refused {},
    Certificate {},
    Slow {
        delay: String,
    },
    Status {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
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
    Callback {
        #[serde(default)]
        set: BTreeMap<String, String>,
        #[serde(default)]
        without: Vec<String>,
    },
    IdToken {
        #[serde(default)]
        claims: Map<String, Json>,
        #[serde(default)]
        without: Vec<String>,
    },
}

pub(super) fn read(provider: &Provider) -> Answer {
    Answer::Document(provider.state().faults.list().into())
}

pub(super) fn add(provider: &Provider, has_untrusted: bool, body: &[u8]) -> Result<Answer, Problem> {
    let Order { endpoint, count, kind } = answer::read(body)?;
    let order = answer::read(body)?;
    if matches!(kind, Kind::Certificate {}) && !has_untrusted {
        return Err(Problem::Invalid("this provider has no other certificate".to_owned()));
    }
    if count == Some(0) {
        return Err(Problem::Invalid("`count` is 1 or more; leave it out for every request".to_owned()));
    }
    let endpoint = endpoint.map(|name| kind.endpoint(&name)).transpose()?;
    let kind_name = kind.name();
    let fault = Fault { kind: kind_name, endpoint, remaining: count, action: kind.action()?, order };
    let is_outage = matches!(fault.action, Action::Outage(_));
    provider.state().faults.add(fault);
    if is_outage {
        provider.connections.end();
    }
    Ok(read(provider))
}

pub(super) fn clear(provider: &Provider) -> Answer {
    let before = std::mem::take(&mut provider.state().faults);
    if before.has_outage() {
        provider.connections.end();
    }
    Answer::Nothing
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Unreachable {} => "unreachable",
            Self::Refused {} => "refused",
            Self::Certificate {} => "certificate",
            Self::Slow { .. } => "slow",
            Self::Status { .. } => "status",
            Self::Body { .. } => "body",
            Self::Redirect { .. } => "redirect",
            Self::Document { .. } => "document",
            Self::Truncated {} => "truncated",
            Self::Callback { .. } => "callback",
            Self::IdToken { .. } => "id_token",
        }
    }

    /// The endpoints at which it can be; none where it is of the whole provider.
    fn endpoints(&self) -> &'static [&'static str] {
        match self {
            Self::Unreachable {} | Self::Refused {} | Self::Certificate {} => &[],
            Self::Slow { .. }
            | Self::Status { .. }
            | Self::Body { .. }
            | Self::Redirect { .. }
            | Self::Truncated {} => &ENDPOINTS,
            Self::Document { .. } => &DOCUMENTS,
            Self::Callback { .. } => &CALLBACKS,
            Self::IdToken { .. } => &["token"],
        }
    }

    /// The endpoint of that name, if the fault can be there.
    fn endpoint(&self, name: &str) -> Result<&'static str, Problem> {
        let (kind, endpoints) = (self.name(), self.endpoints());
        if let Some(known) = endpoints.iter().find(|known| **known == name) {
            return Ok(known);
        }
        if endpoints.is_empty() {
            return Err(Problem::Invalid(format!("`{kind}` is of the whole provider: leave out `endpoint`")));
        }
        let known: Vec<_> = endpoints.iter().map(|name| format!("`{name}`")).collect();
        Err(Problem::Invalid(format!("`{kind}` has no endpoint `{name}`; it has {}", known.join(", "))))
    }

    fn action(self) -> Result<Action, Problem> {
        Ok(match self {
            Self::Unreachable {} => Action::Outage(Outage::Unreachable),
            Self::Refused {} => Action::Outage(Outage::Refused),
            Self::Certificate {} => Action::Outage(Outage::Certificate),
            Self::Slow { delay } => Action::Slow(slow(&delay)?),
            Self::Status { status, headers, body, content_type } => {
                Action::Instead(with_status(status, &headers, body, &content_type)?)
            }
            Self::Body { body, content_type, bytes } => {
                Action::Instead(with_body(body, &content_type, bytes)?)
            }
            Self::Redirect { location } => {
                let headers = HeaderMap::from_iter([(LOCATION, value("location", &location)?)]);
                Action::Instead(Instead { status: StatusCode::FOUND, headers, body: Bytes::new() })
            }
            Self::Truncated {} => Action::Truncated,
            Self::Document { set, without } => {
                for pointer in set.keys().chain(&without) {
                    if !pointer.starts_with('/') {
                        return Err(Problem::Invalid(format!(
                            "`{pointer}` is no JSON pointer to a member: it begins with `/` (RFC 6901)"
                        )));
                    }
                }
                Action::Document(edit(set, without)?)
            }
            Self::Callback { set, without } => {
                let set = set.into_iter().map(|(name, value)| (name, value.into())).collect();
                Action::Callback(edit(set, without)?)
            }
            Self::IdToken { claims, without } => Action::IdToken(edit(claims, without)?),
        })
    }
}

fn slow(delay: &str) -> Result<Duration, Problem> {
    let wrong =
        || Problem::Invalid(format!("`{delay}` is no delay: write `200ms` or `2s`, {MOST_DELAY}s at most"));
    let parsed = duration::parse(delay).ok_or_else(wrong)?;
    let limit = jiff::SignedDuration::from_secs(MOST_DELAY);
    if parsed > limit {
        return Err(wrong());
    }
    parsed.try_into().map_err(|_| wrong())
}

fn with_status(
    status: u16,
    headers: &BTreeMap<String, String>,
    body: String,
    content_type: &str,
) -> Result<Instead, Problem> {
    let code = StatusCode::from_u16(status).ok().filter(|_| (200..600).contains(&status));
    let status =
        code.ok_or_else(|| Problem::Invalid(format!("`{status}` is no status of an answer: 200 to 599")))?;
    if matches!(status.as_u16(), 204 | 205 | 304) && !body.is_empty() {
        return Err(Problem::Invalid(format!("an answer with {} has no body", status.as_u16())));
    }
    let mut given = typed(content_type)?;
    for (name, text) in headers {
        let known = HeaderName::try_from(name.as_str())
            .map_err(|_| Problem::Invalid(format!("`{name}` is no header name")))?;
        if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&known) {
            return Err(Problem::Invalid(format!("`{known}` is the connection's own; see `truncated`")));
        }
        given.insert(known, value(name, text)?);
    }
    Ok(Instead { status, headers: given, body: body.into() })
}

fn with_body(body: String, content_type: &str, bytes: usize) -> Result<Instead, Problem> {
    if bytes > MOST_BODY {
        return Err(Problem::Invalid(format!("`bytes` is {MOST_BODY} at most")));
    }
    let mut padded = body.into_bytes();
    if padded.len() < bytes {
        padded.resize(bytes, b' ');
    }
    Ok(Instead { status: StatusCode::OK, headers: typed(content_type)?, body: padded.into() })
}

/// Without a type there is no header.
fn typed(content_type: &str) -> Result<HeaderMap, Problem> {
    if content_type.is_empty() {
        return Ok(HeaderMap::new());
    }
    Ok(HeaderMap::from_iter([(CONTENT_TYPE, value("content_type", content_type)?)]))
}

fn value(name: &str, text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text)
        .map_err(|_| Problem::Invalid(format!("the value of `{name}` cannot stand in a header")))
}

fn edit(set: Map<String, Json>, without: Vec<String>) -> Result<Edit, Problem> {
    if set.is_empty() && without.is_empty() {
        return Err(Problem::Invalid("nothing is set and nothing left out".to_owned()));
    }
    Ok(Edit { set, without })
}
