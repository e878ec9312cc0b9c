//! The official SDK's client as the caller of MCP servers, its requests carried by the case's own wire, so that a
//! report shows what went over it.
//!
//! A client keeps its session: one for each server and token of a case. It opens no stream of its own (`GET`), since
//! the wire carries whole answers; what a server says in an answer's event stream it reads.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::{
    RoleClient, ServiceError,
    model::{
        CallToolRequestParams, ClientCapabilities, ClientConfig, ClientJsonRpcMessage,
        GetPromptRequestParams, Implementation, ProtocolVersion, ReadResourceRequestParams,
        ServerJsonRpcMessage,
    },
    service::{RunningService, ServiceExt as _},
    transport::streamable_http_client::{
        StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
        StreamableHttpError, StreamableHttpPostResponse,
    },
};
use serde_json::{Map, Value as Json};
use sse_stream::{Error as SseError, Sse, SseStream};

use super::wire::Wire;
use crate::{
    model::identifier::Component,
    net::courier::{Answer, Courier as _, Request, SendError},
    scenario::syntax::Listing,
    target::REQUEST_LIMIT,
};

/// The open sessions of a case.
#[derive(Default)]
pub(super) struct Sessions(BTreeMap<(Component, String), Session>);

struct Session {
    client: RunningService<RoleClient, ClientConfig>,
    /// The proxy's last answer, whatever the SDK made of it.
    last: Last,
}

type Last = Arc<Mutex<Option<Answer>>>;

/// What is asked, filled in.
pub(super) enum Question {
    CallTool(String, Option<Map<String, Json>>),
    GetPrompt(String, Option<Map<String, Json>>),
    ReadResource(String),
    List(Listing),
}

/// What came of it.
pub(super) enum Said {
    /// A result; of a list, the names.
    Result(Json),
    /// The server was asked and answered with an error of its own, or with something that cannot be read.
    Error(String),
    /// HTTP said no.
    Refused(Answer),
    /// No answer.
    Nothing(SendError),
}

impl Sessions {
    /// The server knows none of its sessions any more: whoever asks it opens another.
    pub(super) fn over(&mut self, server: &Component) {
        self.0.retain(|(of, _), _| of != server);
    }

    /// Asks by the session of a token, which is opened if there is none.
    pub(super) async fn ask(
        &mut self,
        wire: &Wire,
        server: &Component,
        url: &str,
        (token_name, token): (&str, &str),
        question: Question,
    ) -> Said {
        let key = (server.clone(), token_name.to_owned());
        let within = async {
            if !self.0.contains_key(&key) {
                let last = Last::default();
                match open(wire, url, token, &last).await {
                    Ok(client) => self.0.insert(key.clone(), Session { client, last }),
                    Err(reason) => return said(&last, Err(reason)),
                };
            }
            match self.0.get(&key) {
                Some(session) => {
                    let answer = ask(&session.client, question).await;
                    said(&session.last, answer)
                }
                None => Said::Error("the session was not opened".into()),
            }
        };
        // A server may begin an event stream and never end it.
        match tokio::time::timeout(REQUEST_LIMIT * 2, within).await {
            Ok(said) => said,
            Err(_) => Said::Nothing(SendError::NoAnswer { url: url.to_owned(), cause: "timed out".into() }),
        }
    }
}

async fn open(
    wire: &Wire,
    url: &str,
    token: &str,
    last: &Last,
) -> Result<RunningService<RoleClient, ClientConfig>, String> {
    let carrier = Carrier { wire: wire.clone(), last: Arc::clone(last) };
    let mut transport = StreamableHttpClientTransportConfig::with_uri(url);
    transport.auth_header = Some(token.to_owned());
    transport.reinit_on_expired_session = false;
    let info = ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new("touchstone", env!("CARGO_PKG_VERSION")),
    )
    .with_protocol_version(ProtocolVersion::V_2025_11_25);
    let transport = StreamableHttpClientTransport::with_client(carrier, transport);
    info.serve(transport).await.map_err(|error| error.to_string())
}

async fn ask(client: &RunningService<RoleClient, ClientConfig>, question: Question) -> Result<Json, String> {
    let names = |names: Vec<String>| Ok(Json::from(names));
    let failed = |error: ServiceError| error.to_string();
    let as_json = |result: Result<Json, serde_json::Error>| result.map_err(|error| error.to_string());
    match question {
        Question::CallTool(name, arguments) => {
            let mut params = CallToolRequestParams::new(name);
            params.arguments = arguments;
            let result = client.call_tool(params).await.map_err(failed)?;
            if result.is_error == Some(true) {
                return Err(format!("the tool failed: {}", serde_json::json!(result.content)));
            }
            as_json(serde_json::to_value(result))
        }
        Question::GetPrompt(name, arguments) => {
            let mut params = GetPromptRequestParams::new(name);
            params.arguments = arguments;
            as_json(serde_json::to_value(client.get_prompt(params).await.map_err(failed)?))
        }
        Question::ReadResource(uri) => {
            let result = client.read_resource(ReadResourceRequestParams::new(uri)).await.map_err(failed)?;
            as_json(serde_json::to_value(result))
        }
        Question::List(Listing::Tools) => {
            let tools = client.list_all_tools().await.map_err(failed)?;
            names(tools.into_iter().map(|tool| tool.name.into_owned()).collect())
        }
        Question::List(Listing::Prompts) => {
            let prompts = client.list_all_prompts().await.map_err(failed)?;
            names(prompts.into_iter().map(|prompt| prompt.name).collect())
        }
        Question::List(Listing::Resources) => {
            let resources = client.list_all_resources().await.map_err(failed)?;
            names(resources.into_iter().map(|resource| resource.uri.clone()).collect())
        }
        Question::List(Listing::Templates) => {
            let templates = client.list_all_resource_templates().await.map_err(failed)?;
            names(templates.into_iter().map(|template| template.uri_template.clone()).collect())
        }
    }
}

/// The SDK's words where HTTP was content, else HTTP's.
fn said(last: &Last, answer: Result<Json, String>) -> Said {
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (answer, last) {
        (Ok(result), _) => Said::Result(result),
        (Err(_), Some(answer)) if !(200..300).contains(&answer.status) => Said::Refused(answer),
        (Err(reason), _) => Said::Error(reason),
    }
}

/// The SDK's requests over the wire.
#[derive(Clone)]
struct Carrier {
    wire: Wire,
    last: Last,
}

/// The SDK's signatures want a map of the standard library.
#[expect(clippy::disallowed_types, reason = "the SDK's trait names it")]
type Headers = std::collections::HashMap<HeaderName, HeaderValue>;

impl Carrier {
    async fn carry(
        &self,
        mut request: Request,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<Answer, StreamableHttpError<SendError>> {
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(session) = session {
            request = request.header(SESSION, session.as_ref());
        }
        for (name, value) in &headers {
            request = request.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let answer = self.wire.send(request).await.map_err(StreamableHttpError::Client)?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.clone());
        Ok(answer)
    }
}

const SESSION: &str = "mcp-session-id";

impl StreamableHttpClient for Carrier {
    type Error = SendError;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, StreamableHttpError<SendError>> {
        let unexpected = |what: String| StreamableHttpError::UnexpectedServerResponse(Cow::Owned(what));
        let body = serde_json::to_value(&message).map_err(|error| unexpected(error.to_string()))?;
        let request = Request::json("POST", uri.as_ref(), &body)
            .header("accept", "text/event-stream, application/json");
        let answer = self.carry(request, session, token, headers).await?;
        if let 202 | 204 = answer.status {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if answer.status != 200 {
            return Err(unexpected(format!("HTTP {}", answer.status)));
        }
        let session = answer.header(SESSION).map(str::to_owned);
        let media_type = answer.header("content-type").unwrap_or_default();
        match media_type.split(';').next().unwrap_or_default().trim() {
            "application/json" => {
                let message: ServerJsonRpcMessage = serde_json::from_slice(&answer.body)
                    .map_err(|error| unexpected(format!("no JSON-RPC message: {error}")))?;
                Ok(StreamableHttpPostResponse::Json(message, session))
            }
            "text/event-stream" => {
                let whole = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(answer.body))]);
                let events = SseStream::from_bytes_stream(whole);
                Ok(StreamableHttpPostResponse::Sse(Box::pin(events), session))
            }
            other => Err(StreamableHttpError::UnexpectedContentType(Some(other.to_owned()))),
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<(), StreamableHttpError<SendError>> {
        let request = Request { method: "DELETE".into(), ..Request::get(uri.as_ref()) };
        self.carry(request, Some(session), token, headers).await.map(drop)
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        _session: Option<Arc<str>>,
        _last_event: Option<String>,
        _token: Option<String>,
        _headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, StreamableHttpError<SendError>> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}
