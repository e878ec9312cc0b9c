//! The two cookies (RFC 6265bis §4.1): each holds an id and nothing else, and ends with the browser.
//!
//! `__Host-` binds them to this very host, over TLS: no sibling domain and no plain connection can set one.

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{COOKIE, SET_COOKIE},
    },
    response::Response,
};

use crate::model::rule::{Rule, Rules};

/// The session.
pub(super) const SESSION: &str = "__Host-session";

/// The sign-in under way.
pub(super) const SIGN_IN: &str = "__Host-sign-in";

/// The value of a cookie. None where it comes twice: only one of them can be ours.
pub(super) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(known, value)| (known == name).then_some(value));
    let first = values.next();
    if values.next().is_some() { None } else { first.filter(|value| !value.is_empty()) }
}

/// Sets a cookie. Lax, since the callback comes from another site, by a navigation.
pub(super) fn set(rules: Rules, name: &str, value: &str) -> String {
    let guarded = if rules.hold(Rule::UiSession) { "; Secure; HttpOnly; SameSite=Lax" } else { "" };
    format!("{name}={value}; Path=/{guarded}")
}

/// Removes a cookie.
pub(super) fn remove(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// An answer with one more cookie.
pub(super) fn with(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_counts_once() {
        for (cookies, expected) in [
            (&["__Host-session=a"][..], Some("a")),
            (&["x=1; __Host-session=a=b ; y=2"], Some("a=b")),
            (&["x=1", "__Host-session=a"], Some("a")),
            (&["__Host-session=a; __Host-session=b"], None),
            (&["__Host-session=a", "__Host-session=a"], None),
            (&["__Host-session="], None),
            (&["__host-session=a; X__Host-session=b"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(COOKIE, cookie.parse().unwrap());
            }
            assert_eq!(read(&headers, SESSION), expected, "{cookies:?}");
        }
    }
}
