//! The public side: every request comes in here, goes to one endpoint, and is written into the journal.

mod authorize;
mod client_authentication;
mod cors;
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

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{
        Method, StatusCode,
        header::{ALLOW, DATE, HOST},
        request::Parts,
        uri::Authority,
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
    request::{Call, Params, is_form, takes_json},
    response::{api_error, header, json, oauth_error},
    route::{Place, Route},
};

/// The largest body that is read: forms of the protocol have a few hundred bytes.
const MOST_BODY: usize = 64 << 10;

/// So much more is thrown away, so that a client that writes first and reads then hears why.
const MOST_DRAINED: usize = 1 << 20;

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
    let readable_from = match &route {
        Route::Endpoint(index, place) => {
            let server = provider.tenant.servers.get(*index);
            server.and_then(|server| cors::allowed(&provider.tenant, server, *place, &parts.headers))
        }
        _ => None,
    };
    let body = read(body).await;
    if faulty && !provider.state().faults.is_empty() {
        outline::describe(&parts, body.as_ref().ok(), &mut note);
    }
    let mut response = match faulty.then(|| fault::instead(&provider, endpoint, &mut note)).flatten() {
        Some(response) => response,
        None => answer(&provider, route, parts, body, &mut note).await,
    };
    if let Some(origin) = readable_from {
        cors::allow(origin, &mut response);
    }
    let mut delay = None;
    if faulty {
        response = fault::document(&provider, endpoint, response, &mut note).await;
        if method != Method::HEAD {
            fault::truncate(&provider, endpoint, &response, cut.as_ref(), &mut note);
        }
        delay = fault::delay(&provider, endpoint, &mut note);
    }
    finish(&provider, &mut note, &mut response);
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

/// The whole body, or what is wrong with it.
async fn read(mut body: Body) -> Result<Bytes, Rule> {
    let mut bytes = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else {
            return Err(if size > MOST_BODY { Rule::BodyTooLarge } else { Rule::BodyMalformed });
        };
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size > MOST_BODY + MOST_DRAINED {
            break;
        }
        if size <= MOST_BODY {
            bytes.extend_from_slice(&data);
        }
    }
    if size > MOST_BODY { Err(Rule::BodyTooLarge) } else { Ok(bytes.into()) }
}

async fn answer(
    provider: &Provider,
    route: Route,
    parts: Parts,
    body: Result<Bytes, Rule>,
    note: &mut Note,
) -> Response {
    let broken = body.as_ref().err().copied();
    let body = body.unwrap_or_default();
    match route {
        Route::Endpoint(index, place) => {
            let Some(server) = provider.tenant.servers.get(index) else {
                return api_error(provider, Rule::Internal, &Vars::default(), note);
            };
            // Deliberate, and rare: the issuer has whatever name the request came by.
            let named = host(&parts).filter(|_| server.format.host_of_request);
            if named.is_some_and(|host| !is_authority(host)) {
                return api_error(provider, Rule::HostMalformed, &Vars::default(), note);
            }
            let moved = named.map(|host| server.at_host(host));
            let server = moved.as_ref().unwrap_or(server);
            let form = if is_form(&parts.headers) {
                Params::parse(&body)
            } else if takes_json(server, place, &parts.headers) {
                Params::parse_json(&body)
            } else {
                Params::default()
            };
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
            match broken {
                None => at_place(&call, note).await,
                Some(Rule::BodyTooLarge) if place.has_oauth_errors() => {
                    oauth_error(&call, Rule::RequestTooLarge.into(), false, note)
                }
                Some(rule) => api_error(provider, rule, &Vars::default(), note),
            }
        }
        _ if broken.is_some() => {
            api_error(provider, broken.unwrap_or(Rule::BodyTooLarge), &Vars::default(), note)
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

/// An issuer can be made of it.
fn is_authority(host: &str) -> bool {
    !host.contains('@') && host.parse::<Authority>().is_ok()
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
        return cors::preflight(call).unwrap_or_else(|| not_allowed(call.provider, allowed, note));
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
fn finish(provider: &Provider, note: &mut Note, response: &mut Response) {
    let mut vars = Vars::default();
    if !provider.profile().section(Section::ResponseHeaders).is_empty() {
        let id = provider.state().chance.alphanumeric(crate::chance::Purpose::Request, 22);
        vars.set("request.id", id);
        vars.set("request.trace_id", note.trace_id(provider));
    }
    let headers = response.headers_mut();
    for (name, value) in provider.profile().render(Section::ResponseHeaders, &vars) {
        if let (Ok(name), Some(value)) = (axum::http::HeaderName::try_from(name), value.as_str()) {
            headers.entry(name).or_insert_with(|| header(value));
        }
    }
    headers.entry(DATE).or_insert_with(|| {
        let skew = note.issuer.as_deref().map(|issuer| provider.skew(issuer)).unwrap_or_default();
        header(&http_date(provider.clock.now().saturating_add(skew).unwrap_or(jiff::Timestamp::MAX)))
    });
}
