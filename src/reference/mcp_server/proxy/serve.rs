//! The MCP endpoint (MCP 2025-11-25, Streamable HTTP): POST, GET and DELETE, each in the order of MCP-ORDER.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, StatusCode, Uri,
        header::{CONTENT_TYPE, ORIGIN},
    },
    response::Response,
};
use futures_util::StreamExt as _;
use mcp_policy::vocabulary::{Action, Request as Wish};

use super::{
    MAX_MESSAGE, Parts,
    forward::{Exchange, SESSION, VERSION},
    hints::{self, Ticket},
    message::{Id, Message},
    method::{List, Need},
    policy::{Access, Judge, Verdict},
    refusal::{self, Note},
    reply::Asked,
    session::Owner,
    stream::within,
};
use crate::{
    model::rule::{Rule, Rules},
    reference::answer,
    token::VerifiedToken,
};

/// The one version of the protocol.
pub(super) const PROTOCOL: &str = "2025-11-25";

/// How long a caller may take to send its message, in real time.
const SENDING: Duration = Duration::from_secs(10);

/// `POST`: one message.
pub(super) async fn post(Extension(proxy): Extension<Arc<Parts>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let headers = &head.headers;
    let body = match received(body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let rules = proxy.gate.rules();
    if !rules.hold(Rule::McpOrder)
        && let Err(refusal) = read(headers, &body, rules)
    {
        return refusal;
    }
    let token = match proxy.admitted(headers, head.uri.query()).await {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let message = match read(headers, &body, rules) {
        Ok(message) => message,
        Err(refusal) => return refusal,
    };
    let note = Note::default().with("method", message.method().unwrap_or("answer"));
    let session = match proxy.session(headers, &token, message.id()) {
        Ok(session) => session,
        Err(refusal) => return note.with("rule", "MCP-SESSION").on(refusal),
    };
    let (list, note) = match proxy.authorize(&message, &proxy.judge(&token), note) {
        Ok(authorized) => authorized,
        Err(refusal) => return refusal,
    };
    let asked = match message.id() {
        Some(id) => Some(Asked::Request { id: id.clone(), list, ticket: proxy.ticket(&message, list).await }),
        None => None,
    };
    let exchange = Exchange { proxy: &proxy, token: &token, headers, session: session.as_deref() };
    note.on(exchange.post(&message, asked).await)
}

/// `GET`: a stream of what the server says by itself, or with `Last-Event-ID` what was missed.
pub(super) async fn listen(
    Extension(proxy): Extension<Arc<Parts>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (token, session) = match proxy.bound(&headers, uri.query()).await {
        Ok(bound) => bound,
        Err(refusal) => return refusal,
    };
    let exchange = Exchange { proxy: &proxy, token: &token, headers: &headers, session: Some(&session) };
    exchange.listen().await
}

/// `DELETE`: the end of a session.
pub(super) async fn delete(
    Extension(proxy): Extension<Arc<Parts>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (token, session) = match proxy.bound(&headers, uri.query()).await {
        Ok(bound) => bound,
        Err(refusal) => return refusal,
    };
    let exchange = Exchange { proxy: &proxy, token: &token, headers: &headers, session: Some(&session) };
    exchange.delete().await
}

impl Parts {
    /// Who calls, if the page that calls may and the token is good.
    async fn admitted(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Arc<VerifiedToken>, Response> {
        for origin in headers.get_all(ORIGIN) {
            if self.gate.rules().hold(Rule::McpForward)
                && !origin.to_str().is_ok_and(|origin| self.origins.contains(origin))
            {
                let refusal = refusal::error(StatusCode::FORBIDDEN, None, -32600, "this origin may not call");
                return Err(Note::default().with("rule", "MCP-FORWARD").on(refusal));
            }
        }
        self.gate.admit_head(headers, query).await
    }

    /// The caller and its session, where there has to be one.
    async fn bound(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<(Arc<VerifiedToken>, String), Response> {
        let token = self.admitted(headers, query).await?;
        let session = self
            .session(headers, &token, None)
            .map_err(|refusal| Note::default().with("rule", "MCP-SESSION").on(refusal))?;
        let Some(session) = session else {
            return Err(refusal::invalid(None, "Mcp-Session-Id is expected"));
        };
        Ok((token, session))
    }

    /// MCP-SESSION: the session that the request names, if it is the caller's.
    #[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
    fn session(
        &self,
        headers: &HeaderMap,
        token: &VerifiedToken,
        id: Option<&Id>,
    ) -> Result<Option<String>, Response> {
        match single(headers, &VERSION) {
            Ok(None) => {}
            Ok(Some(version)) if version == PROTOCOL => {}
            _ => {
                let words = format!("MCP-Protocol-Version is {PROTOCOL}");
                return Err(refusal::invalid(id, &words));
            }
        }
        match single(headers, &SESSION) {
            Ok(None) => Ok(None),
            Ok(Some(session)) if self.sessions.is_of(session, &Owner::of(token), self.gate.rules()) => {
                Ok(Some(session.to_owned()))
            }
            Ok(Some(_)) => Err(refusal::no_session(id)),
            Err(()) => Err(refusal::invalid(id, "one Mcp-Session-Id is expected")),
        }
    }

    /// What the answer to a list of tools may teach.
    async fn ticket(self: &Arc<Self>, message: &Message, list: Option<List>) -> Option<Ticket> {
        if list != Some(List::Tools) || !self.watch.listens(self).await {
            return None;
        }
        Some(self.hints.ask(message.params().and_then(|params| params.get("cursor")?.as_str())))
    }

    /// What the message needs, decided: the list that its answer is, or the refusal.
    #[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
    fn authorize(
        &self,
        message: &Message,
        judge: &Judge,
        note: Note,
    ) -> Result<(Option<List>, Note), Response> {
        let need = Need::of(message, self.gate.rules());
        let id = message.id();
        let note = match need.subject() {
            Some(subject) => note.with("name", subject),
            None => note,
        };
        let note = match need.action() {
            Some(action) => note.with("action", action.name()),
            None => note,
        };
        let note = match judge.entity() {
            Some(entity) => note.with("entity", entity),
            None => note,
        };
        let deny = |note: Note, verdict: &Verdict| {
            // Names are the caller's text, which the journal clears of tokens; the log has none of it.
            let action = need.action().map_or("a method", Action::name);
            self.log.note("info", &format!("denied {action}: {}", verdict.reason));
            let note = note.with("decision", "deny").with("policies", verdict.policies.clone());
            note.with("reason", verdict.reason.as_str()).on(refusal::denied(
                id,
                &verdict.reason,
                self.gate.rules(),
            ))
        };
        Ok(match need.clone() {
            Need::Token => (None, note.with("decision", "always")),
            Need::Unknown => {
                let verdict = Verdict::unknown_method();
                return Err(deny(note.with("rule", "MCP-UNKNOWN"), &verdict));
            }
            Need::Unnamed(words) => return Err(note.on(refusal::invalid(id, words))),
            Need::Thing(wish) => {
                let verdict = judge.decide(&self.with_hints(wish, message));
                if !verdict.allowed {
                    return Err(deny(note.with("rule", "MCP-DENY"), &verdict));
                }
                (None, note.with("decision", "allow").with("policies", verdict.policies))
            }
            Need::List(list) => {
                let (access, verdict) = judge.list(list);
                match access {
                    Access::Granted => {
                        (Some(list), note.with("decision", "allow").with("policies", verdict.policies))
                    }
                    // The answer will be empty.
                    Access::None => (Some(list), note.with("decision", "empty")),
                    Access::Denied => return Err(deny(note.with("rule", "MCP-LIST"), &verdict)),
                }
            }
        })
    }

    /// MCP-HINT: of a tool what the server's own list said of it, whatever the caller says.
    fn with_hints<'w>(&self, wish: Wish<'w>, message: &Message) -> Wish<'w> {
        let rules = self.gate.rules();
        match wish {
            Wish::CallTool { tool, .. } => {
                let callers = message.params().filter(|params| params.contains_key("annotations"));
                let hints = match callers {
                    Some(params) if !rules.hold(Rule::McpHint) => hints::said(&params.clone().into()),
                    _ => self.hints.of(tool, rules),
                };
                Wish::CallTool { tool, hints }
            }
            other => other,
        }
    }
}

/// The body, if it is not too large and comes in time.
async fn received(body: Body) -> Result<Vec<u8>, Response> {
    let limit = usize::try_from(MAX_MESSAGE).unwrap_or(usize::MAX);
    let whole = async {
        let (mut whole, mut parts) = (Vec::new(), body.into_data_stream());
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| refusal::invalid(None, "the body cannot be read"))?;
            if whole.len() + part.len() > limit {
                return Err(answer::too_large(MAX_MESSAGE));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    };
    match within(Some(SENDING), whole).await {
        Some(received) => received,
        None => Err(answer::error(
            StatusCode::REQUEST_TIMEOUT,
            "invalid_request",
            "the message did not come whole",
        )),
    }
}

/// MCP-CONTENT, then the message.
#[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
fn read(headers: &HeaderMap, body: &[u8], rules: Rules) -> Result<Message, Response> {
    let media_type = single(headers, &CONTENT_TYPE).ok().flatten();
    let essence = media_type.and_then(|written| written.split(';').next()).unwrap_or_default();
    if rules.hold(Rule::McpContent) && !essence.trim().eq_ignore_ascii_case("application/json") {
        let refusal = refusal::invalid(None, "the media type is application/json");
        return Err(Note::default().with("rule", "MCP-CONTENT").on(refusal));
    }
    Message::read(body, rules).map_err(|malformed| {
        let note = malformed.rule().map_or_else(Note::default, |rule| Note::default().with("rule", rule));
        note.on(refusal::malformed(&malformed))
    })
}

/// The one value of a header; an error where there are several, or one that is no text.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}
