//! MCP-FORWARD: the exchange with the server. Of the caller's headers only those of the protocol go on.
//!
//! Nothing of the server's answer passes that was not read: a body that is no message of the protocol becomes an error.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST},
    },
    response::{IntoResponse, Response},
};

use super::{
    Parts,
    message::{Id, Message},
    refusal,
    reply::{Asked, Fate, fate},
    session::Owner,
    stream::{Stream, within},
};
use crate::{model::rule::Rule, reference::answer, token::VerifiedToken};

/// `Mcp-Session-Id` (MCP 2025-11-25, Streamable HTTP).
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// `MCP-Protocol-Version`.
pub(super) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// `Last-Event-ID`: a replay is asked for.
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// The headers of a caller that the server gets. Credentials and what proxies say of identities are not among them.
const PASSED: [HeaderName; 4] = [ACCEPT, SESSION, VERSION, LAST_EVENT];

/// The largest answer in one piece, in bytes.
const MAX_ANSWER: usize = 8 << 20;

/// No stream lives longer.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// One request on its way to the server.
pub(super) struct Exchange<'r> {
    pub(super) proxy: &'r Arc<Parts>,
    pub(super) token: &'r Arc<VerifiedToken>,
    pub(super) headers: &'r HeaderMap,
    /// The session that it belongs to, if any: its owner was checked.
    pub(super) session: Option<&'r str>,
}

impl Exchange<'_> {
    /// Forwards a message and has its answer.
    pub(super) async fn post(&self, message: &Message, asked: Option<Asked>) -> Response {
        let request = self.request(Method::POST).header(CONTENT_TYPE, JSON).body(message.written());
        let id = message.id();
        let upstream = match self.send(request, id).await {
            Ok(upstream) => upstream,
            Err(refusal) => return refusal,
        };
        let opened = match self.opened(message, &upstream) {
            Ok(opened) => opened,
            Err(refusal) => return refusal,
        };
        let response = match (asked, media_type(&upstream).as_deref()) {
            // A notification or an answer has been taken; whatever the server says to it is nobody's.
            (None, _) => StatusCode::ACCEPTED.into_response(),
            (Some(asked), Some(EVENT_STREAM)) => self.stream(upstream, asked, None),
            (Some(asked), Some(JSON)) => self.whole(upstream, &asked, id).await,
            (Some(_), _) => self.unusable("an answer that is neither JSON nor an event stream", id),
        };
        match opened {
            Some(session) if response.status().is_success() => {
                answer::with_header(response, SESSION, &session)
            }
            _ => response,
        }
    }

    /// Opens a stream of what the server says by itself, or a replay.
    pub(super) async fn listen(&self) -> Response {
        let upstream = match self.send(self.request(Method::GET), None).await {
            Ok(upstream) => upstream,
            Err(refusal) => return refusal,
        };
        if media_type(&upstream).as_deref() != Some(EVENT_STREAM) {
            return self.unusable("a stream that is no event stream", None);
        }
        let asked = Asked::Listening { replay: self.headers.contains_key(LAST_EVENT) };
        self.stream(upstream, asked, Some(self.headers.clone()))
    }

    /// Ends the session.
    pub(super) async fn delete(&self) -> Response {
        match self.send(self.request(Method::DELETE), None).await {
            Ok(_) => {
                if let Some(session) = self.session {
                    self.proxy.sessions.end(session);
                }
                StatusCode::NO_CONTENT.into_response()
            }
            Err(refusal) => refusal,
        }
    }

    fn request(&self, method: Method) -> reqwest::RequestBuilder {
        let mut passed = HeaderMap::new();
        if !self.proxy.gate.rules().hold(Rule::McpForward) {
            passed.clone_from(self.headers);
            for own in [HOST, CONTENT_LENGTH, CONTENT_TYPE] {
                passed.remove(own);
            }
        }
        for name in PASSED {
            if let Some(value) = self.headers.get(&name) {
                passed.insert(name, value.clone());
            }
        }
        self.proxy.http.request(method, self.proxy.upstream.clone()).headers(passed).timeout(LONGEST)
    }

    /// The head of the server's answer, if that is a success.
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        id: Option<&Id>,
    ) -> Result<reqwest::Response, Response> {
        let upstream = match within(Some(self.proxy.patience), request.send()).await {
            Some(Ok(upstream)) => upstream,
            Some(Err(error)) => {
                // Whoever answers next may be another server.
                self.proxy.changed();
                self.proxy.log.note("error", &format!("the server cannot be reached: {error}"));
                return Err(refusal::no_answer(StatusCode::BAD_GATEWAY, id));
            }
            None => {
                self.proxy.log.note("error", "the server does not answer");
                return Err(refusal::no_answer(StatusCode::GATEWAY_TIMEOUT, id));
            }
        };
        match (upstream.status(), self.session) {
            (status, _) if status.is_success() => Ok(upstream),
            (StatusCode::NOT_FOUND, Some(session)) => {
                self.proxy.sessions.end(session);
                self.proxy.changed();
                Err(refusal::no_session(id))
            }
            (status, _) => Err(self.rejected(status, id)),
        }
    }

    /// What the server refuses keeps its status where that is about the request. 401 and 403 are the proxy's own words.
    fn rejected(&self, status: StatusCode, id: Option<&Id>) -> Response {
        self.proxy.log.note("warning", &format!("the server refused a request with {}", status.as_u16()));
        // The media type is the proxy's own: it is the message that the server does not take.
        let status =
            if status == StatusCode::UNSUPPORTED_MEDIA_TYPE { StatusCode::BAD_REQUEST } else { status };
        match status {
            StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::TOO_MANY_REQUESTS => {
                refusal::error(status, id, -32600, "the MCP server refused the request")
            }
            _ => refusal::no_answer(StatusCode::BAD_GATEWAY, id),
        }
    }

    /// The session that the server opened, bound to its owner.
    #[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
    fn opened(&self, message: &Message, upstream: &reqwest::Response) -> Result<Option<String>, Response> {
        let Some(session) =
            upstream.headers().get(SESSION).filter(|_| message.method() == Some("initialize"))
        else {
            return Ok(None);
        };
        let visible = session.to_str().ok().filter(|id| !id.is_empty() && id.bytes().all(|byte| byte > b' '));
        match visible {
            Some(session) if self.proxy.sessions.open(session, &Owner::of(self.token)) => {
                Ok(Some(session.to_owned()))
            }
            _ => Err(self.unusable("a session that is none, or somebody else's", message.id())),
        }
    }

    /// An answer in one piece.
    async fn whole(&self, mut upstream: reqwest::Response, asked: &Asked, id: Option<&Id>) -> Response {
        let read = within(Some(self.proxy.patience), async {
            let mut body = Vec::new();
            while let Ok(piece) = upstream.chunk().await {
                match piece {
                    None => return Some(body),
                    Some(piece) if body.len() + piece.len() > MAX_ANSWER => return None,
                    Some(piece) => body.extend_from_slice(&piece),
                }
            }
            self.proxy.changed();
            None
        });
        let Some(Some(body)) = read.await else {
            return self.unusable("an answer that broke off, or is too large, or does not end", id);
        };
        match fate(&body, asked, self.token, self.proxy) {
            Fate::Answer(message) => {
                answer::with_header(answer::json(StatusCode::OK, &message), CACHE_CONTROL, "no-store")
            }
            Fate::Pass(_) => self.unusable("another message in the place of the answer", id),
            Fate::Drop(why) | Fate::Break(why) => self.unusable(why, id),
        }
    }

    fn stream(&self, upstream: reqwest::Response, asked: Asked, admission: Option<HeaderMap>) -> Response {
        let stream = Stream::new(Arc::clone(self.proxy), upstream, Arc::clone(self.token), admission, asked);
        let mut response = Response::new(stream.body());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn unusable(&self, why: &str, id: Option<&Id>) -> Response {
        self.proxy.log.note("error", &format!("an answer of the server was refused: {why}"));
        refusal::no_answer(StatusCode::BAD_GATEWAY, id)
    }
}

/// The media type without its parameters.
fn media_type(upstream: &reqwest::Response) -> Option<String> {
    let written = upstream.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}
