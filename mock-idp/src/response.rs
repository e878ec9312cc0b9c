//! Answers in the provider's own form: JSON documents, both formats of errors, redirects, pages.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::Response,
};
use serde_json::{Map, Value as Json};
use url::form_urlencoded::Serializer;

use crate::{
    chance::Purpose,
    clock::Clock as _,
    journal::Note,
    profile::{Profile, Section, template::Vars},
    provider::Provider,
    refusal::Rule,
    request::{Call, Refusal},
};

/// A JSON document.
pub(crate) fn json(status: StatusCode, cache_control: &str, document: &Map<String, Json>) -> Response {
    let body = serde_json::to_string(document).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, header(cache_control));
    if cache_control == "no-store" {
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    response
}

/// The protocol's error object (RFC 6749 §5.2).
pub(crate) fn oauth_error(call: &Call<'_>, refusal: Refusal, with_basic: bool, note: &mut Note) -> Response {
    let (status, vars) = error_vars(call.provider, call.profile(), refusal, &Vars::default(), note);
    let object = call.profile().render(Section::OauthError, &vars);
    let mut response = json(status, "no-store", &object);
    if status == StatusCode::UNAUTHORIZED && with_basic {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token endpoint\""));
    }
    response
}

/// The error object of everything else.
pub(crate) fn api_error(provider: &Provider, rule: Rule, vars: &Vars, note: &mut Note) -> Response {
    let profile = provider.profile();
    let (status, vars) = error_vars(provider, profile, rule.into(), vars, note);
    json(status, "no-store", &profile.render(Section::ApiError, &vars))
}

/// The words of a refusal as placeholders, noted in the journal.
pub(crate) fn error_vars(
    provider: &Provider,
    profile: &Profile,
    refusal: Refusal,
    vars: &Vars,
    note: &mut Note,
) -> (StatusCode, Vars) {
    let text = profile.refusal(refusal.rule);
    let mut vars = vars.clone();
    vars.set_some("parameter", refusal.parameter);
    vars.set("request.id", provider.state().chance.alphanumeric(Purpose::Request, 22));
    vars.set("request.trace_id", provider.state().chance.guid(Purpose::Guid));
    vars.set("request.correlation_id", provider.state().chance.guid(Purpose::Guid));
    vars.set("request.time", provider.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    vars.set_some("client.id", note.client_id.as_deref());
    vars.set_some("scope", note.scopes.as_ref().map(|scopes| scopes.join(" ")));
    vars.set("error", text.error);
    vars.set_some("error.code", text.code);
    let description = vars.expand_text(text.description);
    vars.set_some("error_description", description);
    note.error = Some(text.error.to_owned());
    (StatusCode::from_u16(text.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), vars)
}

/// A redirect to a client with parameters in the query or the fragment. What the URI has already stays.
pub(crate) fn redirect(
    status: StatusCode,
    redirect_uri: &str,
    in_fragment: bool,
    params: &Map<String, Json>,
) -> Response {
    let mut query = Serializer::new(String::new());
    for (name, value) in params {
        match value {
            Json::String(text) => query.append_pair(name, text),
            other => query.append_pair(name, &other.to_string()),
        };
    }
    let separator = match (in_fragment, redirect_uri.contains('?')) {
        (true, _) => '#',
        (false, true) => '&',
        (false, false) => '?',
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(LOCATION, header(&format!("{redirect_uri}{separator}{}", query.finish())));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A page. A browser lets its form post here and then follow the redirect to `form_target` only.
pub(crate) fn page(status: StatusCode, html: String, form_target: Option<&str>) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        form_target.unwrap_or_default()
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, header(&policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// What cannot stand in a header leaves it empty.
pub(crate) fn header(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}
