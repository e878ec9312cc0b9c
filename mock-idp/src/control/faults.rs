//! `GET|POST|DELETE /control/faults`: one fault a `POST`. Of one kind at one endpoint, those with a count queue up;
//! one without replaces. `GET` and `POST` answer the list of those that are active, `DELETE` lifts all.

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
    fault::{Action, CALLBACKS, DOCUMENTS, ENDPOINTS, Edit, Fault, Forgery, Instead, Outage, Token, Why},
    provider::Provider,
    server::WrongTls,
    signature::Sign,
};

/// The longest delay, in seconds.
const MOST_DELAY: i64 = 60;
/// The largest body that an answer is padded to.
const MOST_BODY: usize = 8 << 20;

/// Members of the journal's entry that are known before an endpoint is asked.
const REQUESTED: [&str; 9] =
    ["method", "path", "host", "issuer", "client_id", "grant_type", "scopes", "resource", "redirect_uri"];
/// Those that an endpoint adds.
const ANSWERED: [&str; 10] = [
    "client_auth",
    "pkce",
    "state_present",
    "nonce_present",
    "response_mode",
    "prompt",
    "max_age",
    "login_hint_present",
    "user",
    "error",
];

#[derive(Deserialize)]
struct Order {
    endpoint: Option<String>,
    /// The next requests only, so many.
    count: Option<u64>,
    /// Those requests only: JSON pointers into the journal's entry.
    #[serde(default)]
    matching: Map<String, Json>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Unreachable {},
    Refused {},
    Certificate {
        #[serde(default)]
        why: Why,
    },
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
    RateLimited {
        #[serde(default = "a_minute")]
        seconds: u32,
    },
    AccessToken(TokenEdit),
    IdToken(TokenEdit),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEdit {
    #[serde(default)]
    header: Map<String, Json>,
    #[serde(default)]
    claims: Map<String, Json>,
    #[serde(default)]
    without_header: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    sign: Sign,
}

fn a_minute() -> u32 {
    60
}

pub(super) fn read(provider: &Provider) -> Answer {
    Answer::Document(provider.state().faults.list().into())
}

pub(super) async fn add(provider: &Provider, wrong_tls: &WrongTls, body: &[u8]) -> Result<Answer, Problem> {
    let Order { endpoint, count, matching, kind } = answer::read(body)?;
    let order = answer::read(body)?;
    if let Kind::Certificate { why } = kind
        && wrong_tls.of(why).is_none()
    {
        return Err(Problem::Invalid("this provider has no other certificate of that kind".to_owned()));
    }
    if !matching.is_empty() && kind.endpoints().is_empty() {
        return Err(Problem::Invalid(format!(
            "`{}` acts before there is a request: leave out `matching`",
            kind.name()
        )));
    }
    for pointer in matching.keys() {
        is_pointer(pointer)?;
        kind.knows(pointer)?;
    }
    if count == Some(0) {
        return Err(Problem::Invalid("`count` is 1 or more; leave it out for every request".to_owned()));
    }
    let endpoint = endpoint.map(|name| kind.endpoint(&name)).transpose()?;
    let kind_name = kind.name();
    let action = kind.action()?;
    if let Action::Token(_, forgery) = &action {
        // Before a client waits for a token: it may not wait as long as a key can take.
        for server in 0..provider.tenant.servers.len() {
            forgery.sign.spare(provider, server).await;
        }
    }
    let fault = Fault { kind: kind_name, endpoint, remaining: count, matching, action, order };
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
            Self::Certificate { .. } => "certificate",
            Self::Slow { .. } => "slow",
            Self::Status { .. } => "status",
            Self::Body { .. } => "body",
            Self::Redirect { .. } => "redirect",
            Self::Document { .. } => "document",
            Self::Truncated {} => "truncated",
            Self::Callback { .. } => "callback",
            Self::RateLimited { .. } => "rate_limited",
            Self::AccessToken(_) => "access_token",
            Self::IdToken(_) => "id_token",
        }
    }

    /// The endpoints at which it can be; none where it is of the whole provider.
    fn endpoints(&self) -> &'static [&'static str] {
        match self {
            Self::Unreachable {} | Self::Refused {} | Self::Certificate { .. } => &[],
            Self::Slow { .. }
            | Self::Status { .. }
            | Self::Body { .. }
            | Self::Redirect { .. }
            | Self::RateLimited { .. }
            | Self::Truncated {} => &ENDPOINTS,
            Self::Document { .. } => &DOCUMENTS,
            Self::Callback { .. } => &CALLBACKS,
            Self::AccessToken(_) | Self::IdToken(_) => &["token"],
        }
    }

    /// What is known of a request when the fault acts, beside `REQUESTED`.
    fn known(&self) -> &'static [&'static str] {
        match self {
            Self::Unreachable {}
            | Self::Refused {}
            | Self::Certificate { .. }
            | Self::Status { .. }
            | Self::Body { .. }
            | Self::Redirect { .. }
            | Self::RateLimited { .. } => &[],
            Self::AccessToken(_) | Self::IdToken(_) => &["client_auth", "pkce"],
            Self::Slow { .. } | Self::Truncated {} | Self::Document { .. } | Self::Callback { .. } => {
                &ANSWERED
            }
        }
    }

    /// A pointer into the entry that can fit when the fault acts. One that never does would be a test of nothing.
    fn knows(&self, pointer: &str) -> Result<(), Problem> {
        let first = pointer.split('/').nth(1).unwrap_or_default();
        let known = || REQUESTED.iter().chain(self.known());
        if known().any(|name| *name == first) {
            return Ok(());
        }
        let known: Vec<_> = known().map(|name| format!("`/{name}`")).collect();
        Err(Problem::Invalid(format!(
            "`{pointer}` never fits: when `{}` acts, what is known is {}",
            self.name(),
            known.join(", ")
        )))
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
            Self::Certificate { why } => Action::Outage(Outage::Certificate(why)),
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
                    is_pointer(pointer)?;
                }
                Action::Document(edit(set, without)?)
            }
            Self::Callback { set, without } => {
                let set = set.into_iter().map(|(name, value)| (name, value.into())).collect();
                Action::Callback(edit(set, without)?)
            }
            Self::RateLimited { seconds } => Action::RateLimited(seconds),
            Self::AccessToken(edit) => Action::Token(Token::Access, edit.forgery()?),
            Self::IdToken(edit) => Action::Token(Token::Id, edit.forgery()?),
        })
    }
}

impl TokenEdit {
    fn forgery(self) -> Result<Forgery, Problem> {
        let Self { header, claims, without_header, without, sign } = self;
        if sign == Sign::Issuer && header.is_empty() && without_header.is_empty() {
            return Ok(Forgery { header: Edit::default(), claims: edit(claims, without)?, sign });
        }
        let header = Edit { set: header, without: without_header };
        Ok(Forgery { header, claims: Edit { set: claims, without }, sign })
    }
}

fn is_pointer(pointer: &str) -> Result<(), Problem> {
    if pointer.starts_with('/') {
        return Ok(());
    }
    Err(Problem::Invalid(format!(
        "`{pointer}` is no JSON pointer to a member: it begins with `/` (RFC 6901)"
    )))
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
