//! One request and its answer as plain data, so that whoever sends can be watched: the runner records every
//! exchange of a case, and the client's flows do not know it.

use std::{fmt, future::Future, pin::Pin};

use super::Client;

/// The largest body that is read; a larger one is an error, not a hang.
const MAX_BODY: usize = 4 << 20;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In order; a name may stand twice.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// In order; names in lower case. A value that is no text is shown with replacement characters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// No answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The request itself is impossible: no URL, a method or header with forbidden characters.
    #[error("cannot send the request: {0}")]
    Request(String),
    /// Refused, reset, timed out, TLS.
    #[error("no answer from `{url}`: {cause}")]
    NoAnswer {
        /// The URL without its query.
        url: String,
        /// The innermost reason.
        cause: String,
    },
}

/// Something that carries requests.
pub trait Courier: Send + Sync {
    /// Sends and waits for the whole answer. Redirects are answers like any other.
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>>;
}

impl Request {
    /// A GET without headers.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None }
    }

    /// A POST of form fields.
    #[must_use]
    pub fn form(url: impl Into<String>, fields: &[(String, String)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: Some(body),
        }
    }

    /// A request with a JSON body.
    #[must_use]
    pub fn json(method: &str, url: impl Into<String>, body: &serde_json::Value) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: Some(body.to_string()),
        }
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl Answer {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, if it is.
    #[must_use]
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Courier for Client {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        Box::pin(send(self, request))
    }
}

async fn send(client: &Client, request: Request) -> Result<Answer, SendError> {
    let invalid = |cause: &dyn fmt::Display| SendError::Request(cause.to_string());
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|error| invalid(&error))?;
    let url = url::Url::parse(&request.url).map_err(|error| invalid(&error))?;
    let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let no_answer =
        |error: &reqwest::Error| SendError::NoAnswer { url: shown.clone(), cause: innermost(error) };
    let mut builder = client.request(method, url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let built = builder.build().map_err(|error| invalid(&error))?;
    let mut response = client.execute(built).await.map_err(|error| no_answer(&error))?;
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            let cause = format!("a body of more than {} MiB", MAX_BODY >> 20);
            return Err(SendError::NoAnswer { url: shown, cause });
        }
    }
    Ok(Answer { status, headers, body })
}

/// The reason at the end of the chain: "Connection refused", not "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
