//! Redirect URIs are compared character by character; of a loopback IP address the port is free
//! (RFC 9700 §4.1.3, RFC 8252 §7.3).

use url::Url;

use crate::tenant::is_loopback;

/// The requested URI is the registered one.
pub(super) fn matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    let loopback = |uri: &str| Url::parse(uri).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    if !loopback(registered) || !loopback(requested) {
        return false;
    }
    match (without_port(registered), without_port(requested)) {
        (Some(registered), Some(requested)) => registered == requested,
        _ => false,
    }
}

/// Host and the rest, textually: nothing is normalised.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    (!host.contains('@')).then_some((host, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let registered = "http://127.0.0.1/callback";
        for fits in ["http://127.0.0.1/callback", "http://127.0.0.1:49152/callback"] {
            assert!(matches(registered, fits), "{fits}");
        }
        for differs in [
            "http://127.0.0.1/callback/",
            "http://127.0.0.1:1/Callback",
            "http://127.0.0.1:1/callback?x=1",
            "http://127.0.0.1:1/callback#x",
            "http://127.0.0.1:/callback",
            "http://a@127.0.0.1:1/callback",
            "http://127.0.0.2:1/callback",
            "http://127.1:1/callback",
            "http://localhost:1/callback",
            "https://127.0.0.1:1/callback",
            "http://127.0.0.1:1/call%62ack",
            "http://127.0.0.1.evil.example/callback",
        ] {
            assert!(!matches(registered, differs), "{differs}");
        }
        assert!(matches("http://[::1]/cb", "http://[::1]:8080/cb"));
        assert!(!matches("https://app.example/cb", "https://app.example:443/cb"));
        assert!(!matches("http://localhost/cb", "http://localhost:1/cb"));
    }
}
