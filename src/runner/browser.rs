//! The browsers of a case: cookies by host, and the page that each has open. As much of a browser as a person needs to
//! sign in somewhere; it runs no scripts and follows no redirect by itself.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use url::Url;

use super::wire::Wire;
use crate::net::courier::{Answer, Courier, Request, SendError};

/// A browser.
#[derive(Debug, Default)]
pub(super) struct Browser {
    jar: Jar,
    /// The last answer and where it came from.
    pub(super) page: Option<(Url, Answer)>,
}

/// By host and name. Domains and paths of cookies are not looked at: each goes back to the host that set it.
#[derive(Debug, Default)]
struct Jar(Mutex<BTreeMap<(String, String), Cookie>>);

#[derive(Clone, Debug)]
struct Cookie {
    value: String,
    /// `SameSite=Lax` or `Strict`. What a browser makes of a cookie that does not say differs from browser to browser.
    same_site: bool,
}

impl Browser {
    /// A browser with the cookies that another one has of a host.
    pub(super) fn with_cookies_of(other: &Self, host: &str) -> Self {
        let mut cookies = other.jar.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cookies.retain(|(of, _), _| of == host);
        Self { jar: Jar(Mutex::new(cookies)), page: None }
    }

    /// Sends a request with the cookies of its host, and keeps those of the answer.
    pub(super) fn over<'a>(&'a self, wire: &'a Wire) -> impl Courier + 'a {
        Browsing { jar: &self.jar, wire, cross_site: false }
    }

    /// The same where a page of another site makes the request: cookies with `SameSite` stay behind (RFC 6265bis §5.8.3).
    pub(super) fn across_sites<'a>(&'a self, wire: &'a Wire) -> impl Courier + 'a {
        Browsing { jar: &self.jar, wire, cross_site: true }
    }
}

struct Browsing<'a> {
    jar: &'a Jar,
    wire: &'a Wire,
    cross_site: bool,
}

impl Courier for Browsing<'_> {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        let host = Url::parse(&request.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        let request = match self.jar.of(&host, self.cross_site) {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        };
        Box::pin(async move {
            let answer = self.wire.send(request).await?;
            self.jar.keep(&host, &answer);
            Ok(answer)
        })
    }
}

impl Jar {
    /// The header of a request to a host, from its own pages or from another site's.
    fn of(&self, host: &str, cross_site: bool) -> Option<String> {
        let cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = cookies.iter().filter(|((of, _), cookie)| of == host && !(cross_site && cookie.same_site));
        let pairs: Vec<_> = sent.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// What an answer sets and removes (RFC 6265 §5.2).
    fn keep(&self, host: &str, answer: &Answer) {
        let mut cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, value)) = pair(set) else { continue };
            let key = (host.to_owned(), name.to_owned());
            if is_removal(set) {
                cookies.remove(&key);
            } else {
                cookies.insert(key, Cookie { value: value.to_owned(), same_site: is_same_site(set) });
            }
        }
    }
}

/// Name and value of a `Set-Cookie`.
pub(super) fn pair(set_cookie: &str) -> Option<(&str, &str)> {
    let (name, value) = set_cookie.split(';').next()?.split_once('=')?;
    Some((name.trim(), value.trim()))
}

/// Names in lower case, and values.
fn attributes(set_cookie: &str) -> impl Iterator<Item = (String, &str)> {
    let pairs = set_cookie.split(';').skip(1).filter_map(|attribute| attribute.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
}

/// It ends at once: by its age, or by the date that frameworks write for it.
fn is_removal(set_cookie: &str) -> bool {
    attributes(set_cookie).any(|(name, value)| match name.as_str() {
        "max-age" => value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
        "expires" => value.contains("1970"),
        _ => false,
    })
}

fn is_same_site(set_cookie: &str) -> bool {
    let same_site = |value: &str| ["lax", "strict"].iter().any(|word| value.eq_ignore_ascii_case(word));
    attributes(set_cookie).any(|(name, value)| name == "samesite" && same_site(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str]) -> Answer {
        let headers = cookies.iter().map(|set| ("set-cookie".to_owned(), (*set).to_owned())).collect();
        Answer { status: 200, headers, body: Vec::new() }
    }

    #[test]
    fn cookies_go_back_to_their_host_until_they_are_removed() {
        let jar = Jar::default();
        jar.keep("ui.test", &answer(&["a=1; Path=/; Secure", "b=2=3; Max-Age=60", "nonsense"]));
        jar.keep("idp.test", &answer(&["sid=x"]));
        assert_eq!(jar.of("ui.test", false).as_deref(), Some("a=1; b=2=3"));
        assert_eq!(jar.of("idp.test", false).as_deref(), Some("sid=x"));
        assert_eq!(jar.of("test", false), None);
        jar.keep("ui.test", &answer(&["a=9", "b=; Path=/; Max-Age=0"]));
        jar.keep("idp.test", &answer(&["sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]));
        assert_eq!((jar.of("ui.test", false).as_deref(), jar.of("idp.test", false)), (Some("a=9"), None));
    }

    #[test]
    fn what_is_for_one_site_stays_there() {
        let jar = Jar::default();
        let cookies = ["a=1; SameSite=Lax", "b=2; samesite = strict", "c=3; SameSite=None; Secure", "d=4"];
        jar.keep("ui.test", &answer(&cookies));
        assert_eq!(jar.of("ui.test", true).as_deref(), Some("c=3; d=4"));
        assert_eq!(jar.of("ui.test", false).as_deref(), Some("a=1; b=2; c=3; d=4"));
    }
}
