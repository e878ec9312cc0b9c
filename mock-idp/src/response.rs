//! Answers in the provider's own form: JSON documents, both formats of errors, redirects, pages.

use aws_lc_rs::digest::{SHA256, digest};
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
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};
use url::{Origin, Url, form_urlencoded::Serializer};

use crate::{
    chance::Purpose,
    clock::Clock as _,
    journal::Note,
    page::{FormPost, html},
    profile::{Profile, Section, template::Vars},
    provider::Provider,
    refusal::Rule,
    request::{Call, Refusal},
    response_type::ResponseMode,
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
    let mut vars = Vars::default();
    if let Some(name) = call.profile().setting("correlation_header").as_str() {
        vars.set_some("request.correlation_id", call.headers.get(name).and_then(|id| id.to_str().ok()));
    }
    let (status, vars) = error_vars(call.provider, call.profile(), refusal, &vars, note);
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
    vars.set("request.trace_id", note.trace_id(provider));
    if !vars.has("request.correlation_id") {
        vars.set("request.correlation_id", provider.state().chance.guid(Purpose::Guid));
    }
    vars.set("request.time", provider.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    vars.set_some("client.id", note.client_id.as_deref());
    if let Some(scopes) = &note.scopes {
        let (valid, invalid): (Vec<_>, Vec<_>) = scopes.iter().partition(|scope| profile.is_openid(scope));
        let valid: Vec<_> = valid.into_iter().map(|scope| profile.long_name(scope)).collect();
        let invalid: Vec<_> = invalid.into_iter().map(String::as_str).collect();
        vars.set("scope", scopes.join(" "));
        vars.set("scope.valid", valid.join(", "));
        vars.set("scope.invalid", invalid.join(", "));
    }
    vars.set_some("target", note.resource.as_deref());
    vars.set("error", text.error);
    vars.set_some("error.code", text.code);
    vars.set_some("error.uri", text.has_uri.then_some(true));
    let description = vars.expand_sentence(text.description);
    // Some providers say no more than the code.
    vars.set_some("error_description", Some(description).filter(|text| !text.is_empty()));
    note.error = Some(text.error.to_owned());
    (StatusCode::from_u16(text.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), vars)
}

/// Parameters on their way to a client: in the query or the fragment of a redirect, where what the URI has already
/// stays, or in a form that posts itself.
pub(crate) fn to_client(
    status: StatusCode,
    redirect_uri: &str,
    mode: ResponseMode,
    params: &Map<String, Json>,
) -> Response {
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let separator = match mode {
        ResponseMode::FormPost => return form_post(redirect_uri, &params),
        ResponseMode::Fragment => '#',
        ResponseMode::Query if redirect_uri.contains('?') => '&',
        ResponseMode::Query => '?',
    };
    let mut query = Serializer::new(String::new());
    query.extend_pairs(&params);
    bare_redirect(status, &format!("{redirect_uri}{separator}{}", query.finish()))
}

/// A redirect, and nothing to go with it.
pub(crate) fn bare_redirect(status: StatusCode, uri: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(LOCATION, header(uri));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A page whose form posts itself (OAuth 2.0 Form Post Response Mode). Nothing runs in it but its own script.
fn form_post(redirect_uri: &str, params: &[(&str, String)]) -> Response {
    const SCRIPT: &str = "document.forms[0].submit()";
    let page = FormPost { redirect_uri, params, script: SCRIPT };
    let mut response = page_with(StatusCode::OK, html(&page));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; form-action {}; base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes())),
        form_target(redirect_uri).unwrap_or_default()
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, header(&policy));
    // The client may look at `Origin`, which a browser would leave empty.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}

/// A page. A browser lets its form post here and then follow the redirect to `target` only.
pub(crate) fn page(status: StatusCode, html: String, target: Option<&str>) -> Response {
    let mut response = page_with(status, html);
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        target.unwrap_or_default()
    );
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, header(&policy));
    response
}

/// Without a content security policy.
fn page_with(status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Where a browser's form may lead to: the origin, or the scheme of an app.
pub(crate) fn form_target(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.origin() {
        Origin::Opaque(_) => Some(format!("{}:", url.scheme())),
        origin @ Origin::Tuple(..) => Some(origin.ascii_serialization()),
    }
}

/// What cannot stand in a header leaves it empty.
pub(crate) fn header(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_the_redirect() {
        assert_eq!(form_target("http://127.0.0.1:7/cb").as_deref(), Some("http://127.0.0.1:7"));
        assert_eq!(form_target("com.example.app:/cb").as_deref(), Some("com.example.app:"));
    }
}
