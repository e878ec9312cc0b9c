//! Requests of any shape, made of bytes: what the fuzz targets (`fuzz/`) run, and the test that replays their finds.
//!
//! The first byte chooses a tenant, the second content type and method; of the rest the first line is the query, the
//! second the body, the third the value of `Authorization`. Words in capitals stand for what a request needs to come
//! far: `CLIENT`, `SECRET`, `REDIRECT`, `CODE`, `VERIFIER`, `CHALLENGE`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode, Uri,
        header::{AUTHORIZATION, CONTENT_TYPE, LOCATION},
    },
    response::Response,
};
use jiff::Timestamp;
use serde_json::Value as Json;
use spanned_yaml::Source;

use crate::{
    Tenant,
    clock::{IdpClock, ManualClock, RunningClock},
    endpoint,
    keys::KeyPool,
    provider::Provider,
    route::Place,
    tenants::SHIPPED,
};

/// Nobody listens here.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: &str = "application/x-www-form-urlencoded";

/// An endpoint under fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The authorization endpoint.
    Authorize,
    /// The token endpoint.
    Token,
}

/// The shipped tenants with their keys.
#[derive(Debug)]
pub struct Harness {
    runtime: tokio::runtime::Runtime,
    tenants: Vec<Tenant>,
    keys: KeyPool,
}

/// What the words in capitals stand for.
type Words = Vec<(&'static str, String)>;

impl Harness {
    /// Reads the tenants; nothing if there is no runtime to be had.
    #[must_use]
    pub fn new() -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let read = |(name, text): &(&str, &str)| Tenant::parse(&Source::new(name, text)).ok();
        let tenants = SHIPPED.iter().filter_map(read).map(|(tenant, _)| tenant).collect();
        Some(Self { runtime, tenants, keys: KeyPool::new() })
    }

    /// Sends the request that the bytes are to a provider in which somebody has just signed in. An answer that no
    /// provider should give is an error.
    pub fn run(&self, target: Target, bytes: &[u8]) -> Result<(), String> {
        let (Some(first), Some(second)) = (bytes.first(), bytes.get(1)) else { return Ok(()) };
        let tenant = self.tenants.get(usize::from(*first) % self.tenants.len().max(1)).ok_or("no tenant")?;
        let clock = RunningClock::new(IdpClock::Manual(ManualClock::at(Timestamp::UNIX_EPOCH)));
        let provider = Arc::new(Provider::new(tenant.clone(), [7; 32], clock, self.keys.clone(), NOWHERE));
        self.runtime.block_on(async {
            let words = sign_in(&provider).await.ok_or("nobody can sign in")?;
            let rest =
                words.iter().fold(bytes.get(2..).unwrap_or_default().to_vec(), |rest, (word, value)| {
                    replace(&rest, word.as_bytes(), value.as_bytes())
                });
            let request = request(&provider, target, *second, &rest).ok_or("no request")?;
            let response = endpoint::handle(State(Arc::clone(&provider)), request).await;
            judge(target, response).await
        })
    }
}

/// No server error, and errors of the token endpoint in the form of RFC 6749 §5.2.
async fn judge(target: Target, response: Response) -> Result<(), String> {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    if status.is_server_error() {
        return Err(format!("{status}: {text}"));
    }
    let refused = target == Target::Token && status.is_client_error() && status != StatusCode::NOT_FOUND;
    if refused && status != StatusCode::METHOD_NOT_ALLOWED && status != StatusCode::PAYLOAD_TOO_LARGE {
        let error = serde_json::from_slice::<Json>(&body).ok().and_then(|body| body.get("error").cloned());
        if !error.is_some_and(|error| error.is_string()) {
            return Err(format!("{status} without `error`: {text}"));
        }
    }
    Ok(())
}

fn request(provider: &Provider, target: Target, second: u8, rest: &[u8]) -> Option<Request> {
    const METHODS: [Method; 4] = [Method::POST, Method::GET, Method::HEAD, Method::PUT];
    const TYPES: [&str; 4] = [FORM, FORM, "application/json", "\u{7f}"];
    let mut lines = rest.splitn(3, |byte| *byte == b'\n');
    let query = lines.next().unwrap_or_default();
    let body = lines.next().unwrap_or_default();
    let credential = lines.next();
    let place = match target {
        Target::Authorize => Place::Authorize,
        Target::Token => Place::Token,
    };
    let path = place.path(provider.tenant.servers.first()?)?;
    let uri = if query.is_empty() { path } else { format!("{path}?{}", encode(query)) };
    let mut request = Request::new(Body::from(Bytes::copy_from_slice(body)));
    *request.method_mut() = METHODS.get(usize::from(second >> 2) % METHODS.len())?.clone();
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    let kind = TYPES.get(usize::from(second) % TYPES.len())?;
    if let Ok(value) = HeaderValue::from_str(kind) {
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    if let Some(value) = credential.and_then(|value| HeaderValue::from_bytes(value).ok()) {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Some(request)
}

/// A user signs in, so that there is a code and a client to speak of.
async fn sign_in(provider: &Arc<Provider>) -> Option<Words> {
    let server = provider.tenant.servers.first()?;
    let client = provider.tenant.clients.iter().find(|client| !client.redirect_uris.is_empty())?;
    let secret = provider.tenant.clients.iter().find_map(|client| client.secret.as_ref())?;
    let user = provider.tenant.users.first()?;
    let redirect = client.redirect_uris.first()?;
    let query = [
        ("client_id", client.id.as_str()),
        ("redirect_uri", redirect),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let uri = format!("{}?{}", Place::Authorize.path(server)?, form(&query));
    let page = send(provider, Method::GET, &uri, String::new()).await?;
    let body = to_bytes(page.into_body(), usize::MAX).await.ok()?;
    let html = String::from_utf8_lossy(&body);
    let transaction = html.split_once("name=\"transaction\" value=\"")?.1.split_once('"')?.0;
    let fields = [
        ("transaction", transaction),
        ("username", user.login.as_str()),
        ("password", user.password.reveal()),
    ];
    let back = send(provider, Method::POST, &Place::Login.path(server)?, form(&fields)).await?;
    let location = back.headers().get(LOCATION)?.to_str().ok()?;
    let code = url::Url::parse(location).ok()?.query_pairs().find(|(name, _)| name == "code")?.1.into_owned();
    Some(vec![
        ("CLIENT", client.id.clone()),
        ("SECRET", secret.reveal().to_owned()),
        ("REDIRECT", redirect.clone()),
        ("CODE", code),
        ("VERIFIER", VERIFIER.to_owned()),
        ("CHALLENGE", CHALLENGE.to_owned()),
    ])
}

async fn send(provider: &Arc<Provider>, method: Method, uri: &str, body: String) -> Option<Response> {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    Some(endpoint::handle(State(Arc::clone(provider)), request).await)
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn replace(text: &[u8], word: &[u8], value: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(word) {
            replaced.extend_from_slice(value);
            rest = tail;
        } else {
            replaced.push(*first);
            rest = tail;
        }
    }
    replaced
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

/// What cannot stand in a query is percent-encoded; what can, stays as it is.
fn encode(query: &[u8]) -> String {
    let mut encoded = String::new();
    for byte in query {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn what_the_fuzzer_found_stays_mended() {
        let harness = Harness::new().unwrap();
        for (folder, target) in [("authorize", Target::Authorize), ("token", Target::Token)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(folder);
            let mut count = 0;
            for file in fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                harness
                    .run(target, &fs::read(&path).unwrap())
                    .unwrap_or_else(|why| panic!("{path:?}: {why}"));
                count += 1;
            }
            assert!(count > 0, "no seeds");
        }
    }

    #[test]
    fn every_tenant_lets_somebody_come_far() {
        let harness = Harness::new().unwrap();
        assert_eq!(harness.tenants.len(), SHIPPED.len());
        let redeem =
            b"grant_type=authorization_code&client_id=CLIENT&code=CODE&redirect_uri=REDIRECT&code_verifier=VERIFIER";
        for tenant in 0..u8::try_from(SHIPPED.len()).unwrap() {
            harness.run(Target::Token, &[&[tenant, 0, b'\n'], &redeem[..]].concat()).unwrap();
        }
    }
}
