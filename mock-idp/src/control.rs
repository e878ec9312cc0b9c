//! The control wire: how a test moves the clock, orders faults, reads the journal, mints tokens, rotates keys.
//!
//! It has a listener of its own and a secret per run; nothing of it is reachable from the public side.

mod answer;
mod clock;
mod faults;
mod journal;
mod keys;
mod mint;
mod users;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{
        HeaderMap, Method,
        header::{AUTHORIZATION, DATE},
    },
    response::Response,
};

use self::answer::{Answer, Problem, respond};
use crate::{
    clock::{Clock as _, http_date},
    provider::Provider,
    response::header,
    server::WrongTls,
};

/// The largest body that is read: a directory of users, or a token with a very long claim.
const MOST_BODY: usize = 8 << 20;

/// What the control listener serves.
pub(crate) struct Control {
    pub(crate) provider: Arc<Provider>,
    pub(crate) secret: String,
    pub(crate) wrong_tls: WrongTls,
}

/// Answers a request to the control listener.
pub(crate) async fn handle(State(control): State<Arc<Control>>, request: Request) -> Response {
    let mut response = respond(answer(&control, request).await);
    response.headers_mut().insert(DATE, header(&http_date(control.provider.clock.now())));
    response
}

async fn answer(control: &Control, request: Request) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    if !is_authorized(control, &parts.headers) {
        return Err(Problem::Unauthorized);
    }
    let body = to_bytes(body, MOST_BODY).await.map_err(|_| Problem::TooLarge)?;
    let provider = control.provider.as_ref();
    let method = &parts.method;
    match parts.uri.path() {
        "/control/clock" => match *method {
            Method::GET => Ok(clock::read(provider)),
            Method::PUT => clock::set(provider, &body),
            _ => Err(Problem::Method("GET, PUT")),
        },
        "/control/journal" => match *method {
            Method::GET => journal::read(provider),
            Method::DELETE => Ok(journal::clear(provider)),
            _ => Err(Problem::Method("GET, DELETE")),
        },
        "/control/users" => match *method {
            Method::GET => users::read(provider),
            Method::PUT => users::replace(provider, &body),
            _ => Err(Problem::Method("GET, PUT")),
        },
        "/control/faults" => match *method {
            Method::GET => Ok(faults::read(provider)),
            Method::POST => faults::add(provider, &control.wrong_tls, &body).await,
            Method::DELETE => Ok(faults::clear(provider)),
            _ => Err(Problem::Method("GET, POST, DELETE")),
        },
        path @ ("/control/reset"
        | "/control/mint"
        | "/control/keys/publish"
        | "/control/keys/rotate"
        | "/control/keys/retire") => {
            if *method != Method::POST {
                return Err(Problem::Method("POST"));
            }
            match path {
                "/control/reset" => {
                    provider.reset();
                    Ok(Answer::Nothing)
                }
                "/control/mint" => mint::mint(provider, &body).await,
                "/control/keys/publish" => keys::publish(provider, &body).await,
                "/control/keys/rotate" => keys::rotate(provider, &body).await,
                _ => keys::retire(provider, &body),
            }
        }
        _ => Err(Problem::NotFound(
            "the paths are clock, faults, journal, keys/publish, keys/retire, keys/rotate, mint, reset, users below /control/"
                .to_owned(),
        )),
    }
}

fn is_authorized(control: &Control, headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, secret) = value.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer")
        && verify_slices_are_equal(secret.as_bytes(), control.secret.as_bytes()).is_ok()
}
