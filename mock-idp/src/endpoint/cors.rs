//! Pages of other origins (the Fetch standard's CORS): what they may read and from where is the profile's matter. The
//! documents are one half, the endpoints that a page signs in with the other.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
        },
    },
    response::Response,
};
use url::Url;

use crate::{
    request::Call,
    route::Place,
    tenant::{Client, Server, Tenant},
};

/// The answer to a browser that asks before it sends; what is not allowed has no such answer.
pub(super) fn preflight(call: &Call<'_>) -> Option<Response> {
    if call.method != Method::OPTIONS || !call.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    allowed(&call.provider.tenant, call.server, call.place, &call.headers)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    if let Some(wanted) = call.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    Some(response)
}

/// The value of `Access-Control-Allow-Origin` for a request, if its page may read the answer.
pub(super) fn allowed(
    tenant: &Tenant,
    server: &Server,
    place: Place,
    headers: &HeaderMap,
) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let setting = match place {
        Place::OpenidConfiguration | Place::OauthMetadata | Place::OauthMetadataLegacy | Place::Keys => {
            "cross_origin_documents"
        }
        Place::Token | Place::Userinfo | Place::Revoke => "cross_origin_endpoints",
        _ => return None,
    };
    let text = origin.to_str().ok()?;
    let among = |uris: &[String]| {
        uris.iter().any(|uri| Url::parse(uri).is_ok_and(|url| url.origin().ascii_serialization() == text))
    };
    let fits = match server.profile.setting(setting).as_str()? {
        "anyone" => return Some(HeaderValue::from_static("*")),
        "trusted_origins" => among(&server.format.trusted_origins),
        "single_page_redirect_uris" => {
            server.apis.iter().any(|api| among(&api.registration.single_page_redirect_uris))
        }
        "redirect_uris" => tenant.clients.iter().flat_map(Client::origins).any(|known| known == text),
        _ => false,
    };
    fits.then(|| origin.clone())
}

/// An answer to a page.
pub(super) fn allow(origin: HeaderValue, response: &mut Response) {
    let headers = response.headers_mut();
    if origin != "*" {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(origin);
}
