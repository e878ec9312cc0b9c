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

/// Host and name → value. Domains and paths of cookies are not looked at: each goes back to the host that set it.
#[derive(Debug, Default)]
struct Jar(Mutex<BTreeMap<(String, String), String>>);

impl Browser {
    /// A browser with the cookies that another one has of a host.
    pub(super) fn with_cookies_of(other: &Self, host: &str) -> Self {
        let mut cookies = other.jar.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cookies.retain(|(of, _), _| of == host);
        Self { jar: Jar(Mutex::new(cookies)), page: None }
    }

    /// Sends a request with the cookies of its host, and keeps those of the answer.
    pub(super) fn over<'a>(&'a self, wire: &'a Wire) -> impl Courier + 'a {
        Browsing { jar: &self.jar, wire }
    }
}

struct Browsing<'a> {
    jar: &'a Jar,
    wire: &'a Wire,
}

impl Courier for Browsing<'_> {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        let host = Url::parse(&request.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        let request = match self.jar.of(&host) {
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
    /// The header of a request to a host.
    fn of(&self, host: &str) -> Option<String> {
        let cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = cookies.iter().filter(|((of, _), _)| of == host);
        let pairs: Vec<_> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
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
                cookies.insert(key, value.to_owned());
            }
        }
    }
}

/// Name and value of a `Set-Cookie`.
pub(super) fn pair(set_cookie: &str) -> Option<(&str, &str)> {
    let (name, value) = set_cookie.split(';').next()?.split_once('=')?;
    Some((name.trim(), value.trim()))
}

/// It ends at once: by its age, or by the date that frameworks write for it.
fn is_removal(set_cookie: &str) -> bool {
    set_cookie.split(';').skip(1).filter_map(|attribute| attribute.split_once('=')).any(|(name, value)| {
        match name.trim().to_ascii_lowercase().as_str() {
            "max-age" => value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
            "expires" => value.contains("1970"),
            _ => false,
        }
    })
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
        assert_eq!(jar.of("ui.test").as_deref(), Some("a=1; b=2=3"));
        assert_eq!(jar.of("idp.test").as_deref(), Some("sid=x"));
        assert_eq!(jar.of("test"), None);
        jar.keep("ui.test", &answer(&["a=9", "b=; Path=/; Max-Age=0"]));
        jar.keep("idp.test", &answer(&["sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]));
        assert_eq!((jar.of("ui.test").as_deref(), jar.of("idp.test")), (Some("a=9"), None));
    }
}
