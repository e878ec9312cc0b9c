//! Carries the requests of a case and keeps what went over the wire, redacted the moment it is captured.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use url::Url;

use super::browser;
use crate::{
    clock::Stopwatch,
    model::{identifier::Component, secret::Secrets},
    net::{
        Client,
        courier::{Answer, Courier, Request, SendError},
    },
    outcome::{Exchange, HttpRequest, HttpResponse, redact},
    signin::form::Form,
    target::Endpoints,
};

/// As much of a body as a report shows.
const SHOWN_BODY: usize = 16 << 10;

/// What a browser is given and is shorter is a setting and no secret.
const SHORTEST: usize = 16;

/// How long an answer is waited for from a component that was told not to give one.
const PATIENCE_WITH_THE_SILENT: Duration = Duration::from_millis(200);

/// A clone is the same wire.
#[derive(Clone)]
pub(super) struct Wire {
    http: Client,
    secrets: Secrets,
    /// Origin → component.
    origins: Arc<BTreeMap<String, Component>>,
    /// Components that were told to be silent or slow, at one path or at all.
    silent: Arc<Mutex<BTreeMap<Component, Option<String>>>>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Wire {
    pub(super) fn new(http: Client, secrets: Secrets, endpoints: &Endpoints) -> Self {
        let origins: BTreeMap<_, _> = endpoints
            .components
            .iter()
            .filter_map(|(component, endpoint)| {
                let origin = Url::parse(&endpoint.base).ok()?.origin().ascii_serialization();
                Some((origin, component.clone()))
            })
            .collect();
        Self { http, secrets, origins: Arc::new(origins), silent: Arc::default(), exchanges: Arc::default() }
    }

    /// What was captured since the last call.
    pub(super) fn drain(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn carry(&self, request: Request) -> Result<Answer, SendError> {
        let shown = self.show_request(&request);
        let origin = Url::parse(&request.url).map(|url| url.origin().ascii_serialization());
        let component = origin.ok().and_then(|origin| self.origins.get(&origin).cloned());
        // The browser's last step leads to the client's own loopback listener: nothing of the platform is in it.
        let Some(component) = component else { return self.http.send(request).await };
        let stopwatch = Stopwatch::start();
        let page = request.url.clone();
        let answer = self.send_within_patience(&component, request).await;
        if let Ok(answer) = &answer {
            self.learn(&page, answer);
        }
        let exchange = Exchange {
            component,
            request: shown,
            response: answer.as_ref().ok().map(|answer| self.show_answer(answer)),
            error: answer.as_ref().err().map(|error| self.show(&error.to_string())),
            duration_ms: stopwatch.elapsed().as_secs_f64() * 1e3,
        };
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        answer
    }

    /// Registers what a browser is given to bring back, before anything of the answer is shown: cookies, codes, and what
    /// a page has put into its forms.
    fn learn(&self, page: &str, answer: &Answer) {
        let register = |value: &str, shown_as| {
            if value.len() >= SHORTEST {
                self.secrets.register(value, shown_as);
            }
        };
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        for (_, value) in cookies.filter_map(|(_, set)| browser::pair(set)) {
            register(value, "cookie");
        }
        let Ok(page) = Url::parse(page) else { return };
        let target = answer.header("location").and_then(|target| page.join(target).ok());
        for (_, code) in target.iter().flat_map(Url::query_pairs).filter(|(name, _)| name == "code") {
            register(&code, "code");
        }
        if answer.header("content-type").is_some_and(|media_type| media_type.starts_with("text/html")) {
            for (_, value) in Form::all(&page, &answer.text()).iter().flat_map(Form::hidden) {
                register(&value, "form field");
            }
        }
    }

    /// A component is silent or slow from here on, everywhere or below one path.
    pub(super) fn expect_silence(&self, component: &Component, path: Option<String>) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(component.clone(), path);
    }

    /// A component answers again.
    pub(super) fn expect_no_silence(&self, component: &Component) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).remove(component);
    }

    fn is_silent(&self, component: &Component, url: &str) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let path = Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
        silent.get(component).is_some_and(|at| at.as_ref().is_none_or(|at| path.starts_with(at.as_str())))
    }

    /// The client's own limit holds; of who was told to be silent nothing is expected for that long.
    async fn send_within_patience(
        &self,
        component: &Component,
        request: Request,
    ) -> Result<Answer, SendError> {
        if !self.is_silent(component, &request.url) {
            return self.http.send(request).await;
        }
        let url = request.url.split(['?', '#']).next().unwrap_or_default().to_owned();
        match tokio::time::timeout(PATIENCE_WITH_THE_SILENT, self.http.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(SendError::NoAnswer { url, cause: "timed out".into() }),
        }
    }

    fn show_request(&self, request: &Request) -> HttpRequest {
        HttpRequest {
            method: request.method.clone(),
            url: self.show(&redact::redact_url(&request.url)),
            headers: self.show_headers(&request.headers),
            body: request.body.as_deref().map(|body| self.show_body(body)),
        }
    }

    fn show_answer(&self, answer: &Answer) -> HttpResponse {
        HttpResponse {
            status: answer.status,
            headers: self.show_headers(&answer.headers),
            body: (!answer.body.is_empty()).then(|| self.show_body(&answer.text())),
        }
    }

    fn show_headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let shown = |(name, value): (String, String)| (name.to_lowercase(), self.show(&value));
        redact::redact_headers(headers).into_iter().map(shown).collect()
    }

    fn show_body(&self, body: &str) -> String {
        let mut shown = self.show(&redact::redact_form(body));
        if shown.len() > SHOWN_BODY {
            let end = (0..=SHOWN_BODY).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or(0);
            shown.truncate(end);
            shown.push_str(" […]");
        }
        shown
    }

    fn show(&self, text: &str) -> String {
        shown(&self.secrets, text)
    }
}

/// A text as a report may show it: without secrets, and without the signature of any token.
pub(super) fn shown(secrets: &Secrets, text: &str) -> String {
    redact::cut_signatures(&secrets.redact(text))
}

impl Courier for Wire {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        Box::pin(self.carry(request))
    }
}
