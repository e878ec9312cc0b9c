//! A browser as far as a sign-in needs one: it keeps cookies by host, follows redirects when told to, and sends forms.
//! Each cookie is kept as it was set, so that a test can look at it.

use std::collections::BTreeMap;

use reqwest::Method;
use touchstone::net::Client;
use url::Url;

use super::{Rig, UI};

pub(crate) struct Browser<'r> {
    http: &'r Client,
    /// By host and name.
    pub(crate) cookies: BTreeMap<(String, String), Cookie>,
}

#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) value: String,
    /// The attributes as they were written.
    pub(crate) attributes: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Url {
        self.url.join(self.header("location")).unwrap()
    }

    /// The value of a form's hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no field `{name}`: {}", self.body));
        let rest = &self.body[at + start.len()..];
        rest[..rest.find('"').unwrap()].replace("&#38;", "&")
    }

    /// The text of the page says all of it.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, words: &[&str]) {
        assert_eq!(self.status, status, "{}: {}", self.url, self.body);
        let text = text(&self.body);
        for words in words {
            assert!(text.contains(words), "`{words}` is not in {}: {text}", self.url);
        }
    }

    #[track_caller]
    pub(crate) fn says_not(&self, words: &str) {
        assert!(!self.body.contains(words), "`{words}` is in {}: {}", self.url, self.body);
    }
}

/// What a person reads: no tags, characters resolved.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let resolved = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    let text = resolved.iter().fold(text, |text, (reference, character)| text.replace(reference, character));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<'r> Browser<'r> {
    pub(crate) fn new(rig: &'r Rig) -> Self {
        Self::over(&rig.http)
    }

    /// Whatever platform this finds.
    pub(crate) fn over(http: &'r Client) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// A browser in which Ann is signed in, and the page where she landed.
    pub(crate) async fn signed_in(rig: &'r Rig) -> Self {
        let mut browser = Self::new(rig);
        let landed = browser.sign_in("ann@acme.test", "ann-mock-password").await;
        assert_eq!((landed.status, landed.url.path()), (200, "/servers"), "{}", landed.body);
        browser
    }

    pub(crate) fn session(&self) -> Option<&Cookie> {
        self.cookie("__Host-session")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies.get(&("cloud-ui.example.com".to_owned(), name.to_owned()))
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        let cookie = Cookie { value: value.to_owned(), attributes: String::new() };
        self.cookies.insert(("cloud-ui.example.com".to_owned(), name.to_owned()), cookie);
    }

    pub(crate) async fn get(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, &[], None).await
    }

    /// One request; a redirect is an answer.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Page {
        let url = Url::parse(UI).unwrap().join(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        let cookies = self.cookies.iter().filter(|((known, _), _)| *known == host);
        let cookies: Vec<_> = cookies.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect();
        let mut request = self.http.request(method, url.clone());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let response = request.send().await.unwrap();
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        for (_, set) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let key = (host.clone(), name.to_owned());
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(&key);
            } else {
                let cookie = Cookie { value: value.to_owned(), attributes: attributes.trim().to_owned() };
                self.cookies.insert(key, cookie);
            }
        }
        let status = response.status().as_u16();
        Page { url, status, headers, body: response.text().await.unwrap() }
    }

    /// The page at the end of all redirects.
    pub(crate) async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..8 {
            if !(300..400).contains(&page.status) {
                return page;
            }
            page = self.get(page.location().as_str()).await;
        }
        panic!("redirects go round in circles: {}", page.url);
    }

    pub(crate) async fn sign_in(&mut self, login: &str, password: &str) -> Page {
        let callback = self.until_callback(login, password).await;
        let page = self.get(callback.as_str()).await;
        self.follow(page).await
    }

    /// Signs in at the provider, and stops with the URL to which it sends the browser back.
    pub(crate) async fn until_callback(&mut self, login: &str, password: &str) -> Url {
        let begun = self.get("/sign-in").await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let mut page = self.get(begun.location().as_str()).await;
        if page.status == 200 {
            let form =
                [("transaction", &*page.hidden("transaction")), ("username", login), ("password", password)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let start = page.body.split("<form method=\"post\" action=\"").nth(1).unwrap();
            let action = page.url.join(&start.split('"').next().unwrap().replace("&#38;", "&")).unwrap();
            let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
            page = self.send(Method::POST, action.as_str(), &[], Some(&form)).await;
        }
        let callback = page.location();
        assert_eq!(callback.host_str(), Some("cloud-ui.example.com"), "{page:?}");
        callback
    }

    /// The status of `/api/me` for what the browser has.
    pub(crate) async fn me(&mut self) -> u16 {
        self.get("/api/me").await.status
    }
}
