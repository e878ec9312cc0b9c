//! Eight connections that ask for tokens as fast as they come, and what the tokens are worth.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::body::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::Value as Json;

use crate::{
    Outcome,
    connection::Connection,
    server::{Certificate, Server},
};

const CONNECTIONS: usize = 8;
/// One token of so many is verified while the clock runs.
const VERIFIED: usize = 20;
const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) struct Load {
    connections: Vec<Connection>,
    token_path: String,
    form: Bytes,
    verifier: Verifier,
}

/// What came of a run.
pub(crate) struct Measured {
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
    /// With those of the warming up.
    pub(crate) all: usize,
    /// Of every request.
    pub(crate) latencies: Vec<Duration>,
}

/// The published keys, and the check of one token.
struct Verifier {
    keys: JwkSet,
    rules: Validation,
}

impl Load {
    /// Opens the connections and gets the first token.
    pub(crate) async fn new(server: &Server, certificate: &Certificate) -> Outcome<Self> {
        let mut first = Connection::open(server, certificate).await?;
        let base = server.issuer.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        let metadata = first.get(&format!("{base}/.well-known/openid-configuration")).await?;
        let path = |name| -> Outcome<String> {
            let url = metadata.get(name).and_then(Json::as_str).ok_or("no such endpoint")?;
            Ok(format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default()))
        };
        let (token_path, form) = (path("token_endpoint")?, Bytes::from(server.form.clone()));
        let token = access_token(&first.post(&token_path, form.clone()).await?)?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_aud = false;
        let verifier =
            Verifier { keys: serde_json::from_value(first.get(&path("jwks_uri")?).await?)?, rules };
        verifier.verify(&token)?;
        let mut connections = vec![first];
        while connections.len() < CONNECTIONS {
            connections.push(Connection::open(server, certificate).await?);
        }
        Ok(Self { connections, token_path, form, verifier })
    }

    /// Warms up, then measures.
    pub(crate) async fn run(self, length: Duration) -> Outcome<Measured> {
        let Self { connections, token_path, form, verifier } = self;
        let (path, verifier) = (token_path.as_str(), &verifier);
        let start = Instant::now() + WARM_UP;
        let end = start + length;
        let asking = connections
            .into_iter()
            .map(|connection| ask(connection, path, form.clone(), verifier, start, end));
        let (mut asked, mut all) = (Vec::new(), 0);
        for outcome in join(asking).await {
            let (tokens, count) = outcome?;
            asked.extend(tokens);
            all += count;
        }
        let seconds = start.elapsed().as_secs_f64();
        let (latencies, tokens): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let ids = tokens.iter().map(|token| token_id(token)).collect::<Outcome<BTreeSet<_>>>()?;
        if ids.len() != tokens.len() {
            return Err(format!("{} ids in {} tokens", ids.len(), tokens.len()).into());
        }
        Ok(Measured { tokens: tokens.len(), seconds, all, latencies })
    }
}

/// One connection: the tokens that were asked for between start and end, each with how long it took; and how many
/// there were with those before.
async fn ask(
    mut connection: Connection,
    path: &str,
    form: Bytes,
    verifier: &Verifier,
    start: Instant,
    end: Instant,
) -> Outcome<(Vec<(Duration, String)>, usize)> {
    let mut tokens = Vec::new();
    let mut asked = 0_usize;
    loop {
        let before = Instant::now();
        if before >= end {
            return Ok((tokens, asked));
        }
        let body = connection.post(path, form.clone()).await?;
        let latency = before.elapsed();
        let token = access_token(&body)?;
        asked += 1;
        if asked.is_multiple_of(VERIFIED) {
            verifier.verify(&token)?;
        }
        if before >= start {
            tokens.push((latency, token));
        }
    }
}

/// All of them at the same time, on this thread.
async fn join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|cx| {
        for slot in &mut futures {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                outputs.push(output);
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs
}

fn access_token(body: &[u8]) -> Outcome<String> {
    let answer: Json = serde_json::from_slice(body)?;
    Ok(answer.get("access_token").and_then(Json::as_str).ok_or("no access token")?.to_owned())
}

/// `jti`. Read after the run: the peer's client has no more to do than ours.
fn token_id(token: &str) -> Outcome<String> {
    let payload = token.split('.').nth(1).ok_or("no JWT")?;
    let claims: Json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    Ok(claims.get("jti").and_then(Json::as_str).ok_or("no jti")?.to_owned())
}

impl Verifier {
    fn verify(&self, token: &str) -> Outcome<()> {
        let header = jsonwebtoken::decode_header(token)?;
        let key = header.kid.as_deref().and_then(|kid| self.keys.find(kid)).ok_or("no such key")?;
        jsonwebtoken::decode::<Json>(token, &DecodingKey::from_jwk(key)?, &self.rules)?;
        Ok(())
    }
}
