//! The public side: every request comes in here, goes to one endpoint, and is written into the journal.

mod authorize;
mod client_authentication;
mod device;
mod device_authorize;
mod discovery;
mod index;
mod introspect;
mod jwks;
mod login;
mod logout;
mod outline;
mod prompt;
mod redirect_uri;
mod revoke;
mod session;
mod token;
mod userinfo;

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{
        Method, StatusCode,
        header::{ALLOW, DATE, HOST},
        request::Parts,
    },
    response::Response,
};

use crate::{
    clock::{Clock as _, http_date},
    fault::{self, Cut},
    journal::{Note, short},
    profile::{Section, template::Vars},
    provider::Provider,
    refusal::Rule,
    request::{Call, Params, is_form},
    response::{api_error, header, json},
    route::{Place, Route},
};

/// The largest body that is read: forms of the protocol have a few hundred bytes.
const MOST_BODY: usize = 64 << 10;

/// Answers a request to the public listener.
pub(crate) async fn handle(State(provider): State<Arc<Provider>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let method = parts.method.clone();
    let cut = parts.extensions.get::<Arc<Cut>>().cloned();
    let route = provider.routes.find(&path);
    let mut note = Note::default();
    note.host = host(&parts).map(short);
    // The provider's own pages have no faults, so that a test can tell a faulty provider from a dead one.
    let (endpoint, faulty) = match &route {
        Route::Endpoint(index, place) => {
            if !place.is_shared() {
                note.issuer = provider.tenant.servers.get(*index).map(|server| server.issuer.clone());
            }
            (place.journal_name(), true)
        }
        _ => ("other", false),
    };
    // Nothing if it is too large.
    let body = to_bytes(body, MOST_BODY).await.ok();
    if faulty && !provider.state().faults.is_empty() {
        outline::describe(&parts, body.as_ref(), &mut note);
    }
    let mut response = match faulty.then(|| fault::instead(&provider, endpoint, &mut note)).flatten() {
        Some(response) => response,
        None => answer(&provider, route, parts, body, &mut note).await,
    };
    let mut delay = None;
    if faulty {
        response = fault::document(&provider, endpoint, response, &mut note).await;
        if method != Method::HEAD {
            fault::truncate(&provider, endpoint, &response, cut.as_ref(), &mut note);
        }
        delay = fault::delay(&provider, endpoint, &mut note);
    }
    finish(&provider, note.issuer.as_deref(), &mut response);
    let status = response.status().as_u16();
    let now = provider.clock.now();
    provider.state().journal.record(now, endpoint, method.as_str(), &path, status, note);
    if let Some(delay) = delay {
        wait(delay).await;
    }
    response
}

/// After the journal's entry, which a client that gives up could otherwise prevent.
#[expect(clippy::disallowed_methods, reason = "a slow answer is slow on real time, whatever the clock says")]
async fn wait(delay: Duration) {
    tokio::time::sleep(delay).await;
}

async fn answer(
    provider: &Provider,
    route: Route,
    parts: Parts,
    body: Option<Bytes>,
    note: &mut Note,
) -> Response {
    let Some(body) = body else {
        return api_error(provider, Rule::BodyTooLarge, &Vars::default(), note);
    };
    match route {
        Route::Endpoint(index, place) => {
            let Some(server) = provider.tenant.servers.get(index) else {
                return api_error(provider, Rule::Internal, &Vars::default(), note);
            };
            // Deliberate, and rare: the issuer has whatever name the request came by.
            let moved =
                host(&parts).filter(|_| server.format.host_of_request).map(|host| server.at_host(host));
            let server = moved.as_ref().unwrap_or(server);
            let form = if is_form(&parts.headers) { Params::parse(&body) } else { Params::default() };
            let call = Call {
                provider,
                server,
                index,
                place,
                method: parts.method,
                query: Params::parse(parts.uri.query().unwrap_or_default().as_bytes()),
                headers: parts.headers,
                form,
            };
            at_place(&call, note).await
        }
        Route::UnknownServer(id) => {
            let mut vars = Vars::default();
            vars.set("server.id", id);
            api_error(provider, Rule::ServerUnknown, &vars, note)
        }
        Route::Index if is_read(&parts.method) => index::page(provider),
        Route::Health if is_read(&parts.method) => {
            let status = serde_json::Map::from_iter([("status".to_owned(), "ok".into())]);
            json(StatusCode::OK, "no-store", &status)
        }
        Route::Index | Route::Health => not_allowed(provider, "GET, HEAD", note),
        Route::Nowhere => api_error(provider, Rule::PathUnknown, &Vars::default(), note),
    }
}

/// The name by which the request came (RFC 9110 §7.2).
fn host(parts: &Parts) -> Option<&str> {
    parts.headers.get(HOST).and_then(|host| host.to_str().ok())
}

async fn at_place(call: &Call<'_>, note: &mut Note) -> Response {
    let place = call.place;
    let (allowed, fits) = match place {
        Place::OpenidConfiguration | Place::OauthMetadata | Place::OauthMetadataLegacy | Place::Keys => {
            ("GET, HEAD", is_read(&call.method))
        }
        Place::Authorize | Place::Device | Place::Userinfo | Place::Logout | Place::Register => {
            ("GET, POST", is_read(&call.method) || call.method == Method::POST)
        }
        Place::Login | Place::Token | Place::Introspect | Place::Revoke | Place::DeviceAuthorize => {
            ("POST", call.method == Method::POST)
        }
    };
    if !fits {
        return not_allowed(call.provider, allowed, note);
    }
    match place {
        Place::OpenidConfiguration | Place::OauthMetadata | Place::OauthMetadataLegacy => {
            discovery::document(call, place)
        }
        Place::Keys => jwks::key_set(call, note).await,
        Place::Authorize => authorize::authorize(call, note).await,
        Place::Login => login::login(call, note).await,
        Place::Token => token::token(call, note).await,
        Place::Introspect => introspect::introspect(call, note).await,
        Place::Register => api_error(call.provider, Rule::RegistrationForbidden, &Vars::default(), note),
        Place::DeviceAuthorize => device_authorize::device_authorize(call, note),
        Place::Device => device::device(call, note),
        Place::Userinfo => userinfo::userinfo(call, note).await,
        Place::Revoke => revoke::revoke(call, note).await,
        Place::Logout => logout::logout(call, note).await,
    }
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn not_allowed(provider: &Provider, allowed: &'static str, note: &mut Note) -> Response {
    let mut response = api_error(provider, Rule::MethodNotAllowed, &Vars::default(), note);
    response.headers_mut().insert(ALLOW, header(allowed));
    response
}

/// The headers on every answer: the provider's own, and `Date` by the provider's clock. What a fault has set stays.
fn finish(provider: &Provider, issuer: Option<&str>, response: &mut Response) {
    let mut vars = Vars::default();
    if !provider.profile().section(Section::ResponseHeaders).is_empty() {
        let id = provider.state().chance.alphanumeric(crate::chance::Purpose::Request, 22);
        vars.set("request.id", id);
    }
    let headers = response.headers_mut();
    for (name, value) in provider.profile().render(Section::ResponseHeaders, &vars) {
        if let (Ok(name), Some(value)) = (axum::http::HeaderName::try_from(name), value.as_str()) {
            headers.entry(name).or_insert_with(|| header(value));
        }
    }
    headers.entry(DATE).or_insert_with(|| {
        let skew = issuer.map(|issuer| provider.skew(issuer)).unwrap_or_default();
        header(&http_date(provider.clock.now().saturating_add(skew).unwrap_or(jiff::Timestamp::MAX)))
    });
}
