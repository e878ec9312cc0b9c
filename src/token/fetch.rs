//! The only IO of this module: one request to an identity provider, bounded in size and time, JSON or nothing.
//!
//! A trait, so that the key set's behaviour is tested without a network.

use std::{fmt, future::Future, pin::Pin};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use url::Url;

use crate::net::Client;

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// An answer under way.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Answer, FetchFault>> + Send + 'a>>;

/// How documents are fetched. An implementation bounds time and size and follows no redirect.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// A GET.
    fn get<'a>(&'a self, url: &'a Url) -> Pending<'a>;

    /// A POST of a form.
    fn post<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> Pending<'a>;
}

/// What a server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why no document was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// No connection, no trust, no answer in time.
    #[error("the identity provider does not answer")]
    Unreachable,
    /// A status other than 200.
    #[error("the identity provider answers with another status than 200")]
    Status,
    /// A body above the limit.
    #[error("the identity provider answers with more than 1 MiB")]
    TooLarge,
    /// Another content type, or a body that is not one JSON object.
    #[error("the identity provider answers with something other than a JSON document")]
    NotJson,
    /// A key set without a single key of a known type.
    #[error("the identity provider has no keys")]
    NoKeys,
}

impl Answer {
    /// The body of a successful JSON answer.
    pub(super) fn json(&self) -> Result<&[u8], FetchFault> {
        if self.status != 200 {
            return Err(FetchFault::Status);
        }
        if self.body.len() > MAX_BODY {
            return Err(FetchFault::TooLarge);
        }
        if self.content_type.as_deref().is_some_and(is_json) {
            Ok(&self.body)
        } else {
            Err(FetchFault::NotJson)
        }
    }

    /// It sends the reader to another origin than the one that was asked.
    pub(super) fn leaves(&self, asked: &Url) -> bool {
        let target = self.location.as_deref().map(|location| asked.join(location));
        (300..400).contains(&self.status)
            && target.is_some_and(|to| to.is_ok_and(|to| to.origin() != asked.origin()))
    }
}

/// `application/json`, or a type with the suffix `+json` (RFC 6839 §3.1).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

impl Fetch for Client {
    fn get<'a>(&'a self, url: &'a Url) -> Pending<'a> {
        let request = Client::get(self, url.clone());
        Box::pin(async move { read(request).await })
    }

    fn post<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> Pending<'a> {
        let request = Client::post(self, url.clone()).form(form);
        Box::pin(async move { read(request).await })
    }
}

/// Sends a request and reads the answer up to the limit.
async fn read(request: reqwest::RequestBuilder) -> Result<Answer, FetchFault> {
    let mut response = request.send().await.map_err(|_| FetchFault::Unreachable)?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut answer = Answer {
        status: response.status().as_u16(),
        content_type: header(CONTENT_TYPE),
        cache_control: header(CACHE_CONTROL),
        location: header(LOCATION),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|_| FetchFault::Unreachable)? {
        if answer.body.len() + chunk.len() > MAX_BODY {
            return Err(FetchFault::TooLarge);
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use axum::{
        Form, Router,
        http::StatusCode,
        response::Redirect,
        routing::{get, post},
    };

    use super::*;
    use crate::{
        clock::ManualClock,
        net::{Authority, Faults, Names, Serving, bind, build_client, serve},
        token::fixture::start,
    };

    /// A server with one page of each kind, and a client that gives up soon.
    fn server() -> (Serving, Client) {
        let router = Router::new()
            .route("/json", get(|| async { ([(CACHE_CONTROL, "max-age=600")], axum::Json(7)) }))
            .route("/away", get(|| async { Redirect::temporary("https://elsewhere.test/keys") }))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .route("/huge", get(|| async { "x".repeat(MAX_BODY + 1) }))
            .route("/silent", get(std::future::pending::<()>))
            .route("/echo", post(|Form(form): Form<Vec<(String, String)>>| async { axum::Json(form) }));
        let authority = Authority::generate().expect("an authority");
        let leaf = authority.issue(&["127.0.0.1".to_owned()]).expect("a certificate");
        let clock = Arc::new(ManualClock::at(start()));
        let serving =
            serve(bind(0).expect("a port"), &leaf, clock, &Faults::default(), router).expect("a server");
        let client = build_client(&[authority.certificate()], &Names::new(), Duration::from_millis(500));
        (serving, client.expect("a client"))
    }

    #[tokio::test]
    async fn a_document_is_read_within_bounds_and_where_it_was_asked() {
        let (serving, client) = server();
        let url = |path: &str| Url::parse(&format!("https://{}{path}", serving.address)).expect("a URL");
        let answer = async |path: &str| Fetch::get(&client, &url(path)).await;
        let json = answer("/json").await.expect("an answer");
        assert_eq!((json.json(), json.cache_control.as_deref()), (Ok(b"7".as_slice()), Some("max-age=600")));
        let away = answer("/away").await.expect("an answer");
        assert!(away.leaves(&url("/away")) && away.json() == Err(FetchFault::Status));
        assert_eq!(answer("/broken").await.expect("an answer").json(), Err(FetchFault::Status));
        assert_eq!(answer("/huge").await, Err(FetchFault::TooLarge));
        assert_eq!(answer("/silent").await, Err(FetchFault::Unreachable));
        let nowhere = Url::parse("https://127.0.0.1:1/").expect("a URL");
        assert_eq!(Fetch::get(&client, &nowhere).await, Err(FetchFault::Unreachable));
        let echo = Fetch::post(&client, &url("/echo"), &[("token", "a b")]).await.expect("an answer");
        assert_eq!(echo.body, br#"[["token","a b"]]"#);
    }

    #[test]
    fn json_by_its_media_type() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["text/html", "text/json", "application/jsonp", "json", "", "image/svg+xml"] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn another_origin_differs_in_scheme_host_or_port() {
        let asked = Url::parse("https://idp.test/keys").expect("a URL");
        let leaves = |status, location: &str| {
            Answer { status, location: Some(location.to_owned()), ..Answer::default() }.leaves(&asked)
        };
        for elsewhere in
            ["https://other.test/keys", "http://idp.test/keys", "https://idp.test:8443/", "//other.test"]
        {
            assert!(leaves(302, elsewhere), "{elsewhere}");
        }
        assert!(
            !leaves(302, "/other")
                && !leaves(302, "https://idp.test:443/other")
                && !leaves(200, "//other.test")
        );
    }
}
