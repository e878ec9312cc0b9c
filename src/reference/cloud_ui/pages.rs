//! What a person sees. Every page can be read without scripts, which its Content-Security-Policy forbids, and loads
//! nothing but the style sheet and the icon beside it. The templates escape every value.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Parts, claims, cookie,
    policy::Policy,
    registry::{Me, Registry, Trouble},
    session::{NotSignedIn, SignedIn},
    sign_in,
};
use crate::reference::answer;

pub(super) mod administration;
pub(super) mod assistant;
pub(super) mod catalogue;
pub(super) mod server;
pub(super) mod who;

const STYLE: &str = include_str!("html/style.css");
const ICON: &str = include_str!("html/icon.svg");

/// What every page has around it.
struct Frame<'a> {
    title: &'a str,
    /// The path of the UI's own URL.
    base: &'a str,
    person: Option<&'a Person>,
}

/// Who is signed in, and what the pages offer them.
struct Person {
    name: String,
    forgery_token: String,
    assistant: bool,
    /// Label and path of what the Registry Server lets them administer.
    administers: Vec<(&'static str, &'static str)>,
    /// The IdP's origin, where a sign-out goes on.
    leaves_to: Option<String>,
    notice: Option<String>,
}

/// A request of a signed-in person, with all that a page needs to be made.
struct Visit {
    signed_in: SignedIn,
    policy: Policy,
    me: Result<Me, Trouble>,
    person: Person,
}

impl Parts {
    /// The person of a request, or the answer for nobody.
    async fn visit(&self, headers: &HeaderMap) -> Result<Visit, Response> {
        let signed_in = self.signed_in(headers).await.map_err(|why| self.turned_away(&why))?;
        let policy = self.policy().await;
        let me = match self.registry(&policy, &signed_in.access_token) {
            Ok(registry) => registry.me().await,
            Err(trouble) => Err(trouble),
        };
        // What cannot be learnt is not offered.
        let roles = me.as_ref().map(|me| me.roles.as_slice()).unwrap_or_default();
        let session = &signed_in.session;
        let person = Person {
            name: session.name.clone(),
            forgery_token: session.forgery_token.clone(),
            assistant: policy.assistant,
            administers: administration::offered(roles, self.surroundings.rules),
            leaves_to: session.leaves_to.as_ref().map(|url| url.origin().ascii_serialization()),
            notice: policy.notice.as_deref().map(claims::plain),
        };
        Ok(Visit { signed_in, policy, me, person })
    }

    fn registry<'a>(&'a self, policy: &Policy, access_token: &'a str) -> Result<Registry<'a>, Trouble> {
        let unsettled = policy.notice.is_some();
        Registry::at(self.http(), policy.registry.as_deref(), unsettled, access_token)
    }

    fn turned_away(&self, why: &NotSignedIn) -> Response {
        let (title, status) = match why {
            NotSignedIn::Nobody => return see_other(&self.at("/")),
            NotSignedIn::Unknown(_) => ("Please try again", StatusCode::SERVICE_UNAVAILABLE),
            NotSignedIn::Over(_) | NotSignedIn::Refused(_) => {
                ("Your session has ended", StatusCode::UNAUTHORIZED)
            }
        };
        let response = Problem::new(title, why.to_string())
            .advice("Nothing is lost: sign in and go on.")
            .link("Sign in", self.at(sign_in::PATH))
            .answer(self, status);
        if status == StatusCode::UNAUTHORIZED {
            let response = answer::with_header(response, WWW_AUTHENTICATE, "Bearer");
            return cookie::with(response, &cookie::remove(cookie::SESSION));
        }
        response
    }

    fn frame<'a>(&'a self, title: &'a str, person: Option<&'a Person>) -> Frame<'a> {
        Frame { title, base: self.resource.path(), person }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame<'a>,
    issuer: &'a str,
}

/// `GET /`.
pub(super) async fn home(State(ui): State<Arc<Parts>>, headers: HeaderMap) -> Response {
    if cookie::read(&headers, cookie::SESSION).is_some_and(|id| ui.sessions.find(id).is_some()) {
        return see_other(&ui.at("/servers"));
    }
    let page = SignInPage { frame: ui.frame("Sign in", None), issuer: ui.settings.issuer.as_str() };
    html(StatusCode::OK, &page, None)
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage<'a> {
    frame: Frame<'a>,
}

/// `GET /signed-out`.
pub(super) fn signed_out(ui: &Parts) -> Response {
    html(StatusCode::OK, &SignedOutPage { frame: ui.frame("You are signed out", None) }, None)
}

/// A page that says what is wrong, in plain words.
#[derive(Template)]
#[template(path = "problem.html")]
pub(super) struct ProblemPage<'a> {
    frame: Frame<'a>,
    problem: Problem,
}

/// What it says.
pub(super) struct Problem {
    title: &'static str,
    why: String,
    advice: Option<&'static str>,
    link: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(title: &'static str, why: impl Into<String>) -> Self {
        Self { title, why: claims::plain(&why.into()), advice: None, link: None }
    }

    pub(super) fn advice(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    /// Where a person goes on.
    pub(super) fn link(mut self, label: &'static str, to: String) -> Self {
        self.link = Some((label, to));
        self
    }

    pub(super) fn answer(self, ui: &Parts, status: StatusCode) -> Response {
        self.page(ui, None, status)
    }

    /// The same with the navigation of the person who sees it.
    fn shown_to(self, ui: &Parts, visit: &Visit, status: StatusCode) -> Response {
        self.page(ui, Some(&visit.person), status)
    }

    fn page(self, ui: &Parts, person: Option<&Person>, status: StatusCode) -> Response {
        let leaves_to = person.and_then(|person| person.leaves_to.as_deref());
        html(status, &ProblemPage { frame: ui.frame(self.title, person), problem: self }, leaves_to)
    }
}

/// Where nothing is, a browser gets a page, and everybody else the error that every component has.
pub(super) async fn lost(State(ui): State<Arc<Parts>>, request: Request, next: Next) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_browser = accepts.is_some_and(|accept| accept.contains("text/html"));
    let response = next.run(request).await;
    let media_type = response.headers().get(CONTENT_TYPE);
    let is_page = media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/html"));
    if !is_browser || is_page || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    Problem::new("There is no such page", "The address may be mistyped, or out of date.")
        .link("Back to the start", ui.at("/"))
        .answer(&ui, StatusCode::NOT_FOUND)
}

/// The same for a path of which only some have a page.
fn nowhere() -> Response {
    answer::error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

/// `GET /style.css`.
pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

/// `GET /icon.svg`.
pub(super) async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

fn asset(media_type: &'static str, text: &str) -> Response {
    let response = answer::typed(StatusCode::OK, media_type, text.to_owned());
    let response = answer::with_header(response, CACHE_CONTROL, "public, max-age=300");
    answer::with_header(response, HeaderName::from_static("x-content-type-options"), "nosniff")
}

/// A page of a visit.
fn page(status: StatusCode, page: &impl Template, visit: &Visit) -> Response {
    html(status, page, visit.person.leaves_to.as_deref())
}

/// A page. `leaves_to` is where a form of it may end up: browsers hold redirects of a form against `form-action` too.
fn html(status: StatusCode, page: &impl Template, leaves_to: Option<&str>) -> Response {
    let Ok(text) = page.render() else {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the page cannot be made");
    };
    let leaves_to = leaves_to.map_or_else(String::new, |origin| format!(" {origin}"));
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{leaves_to}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        // Not `no-referrer`: a form would come with `Origin: null`, and look forged.
        (HeaderName::from_static("referrer-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("strict-transport-security"), "max-age=31536000"),
    ];
    let response = answer::typed(status, "text/html; charset=utf-8", text);
    let response = headers
        .into_iter()
        .fold(response, |response, (name, value)| answer::with_header(response, name, value));
    no_store(response)
}

/// What belongs to one person is kept by nobody else.
pub(super) fn no_store(response: Response) -> Response {
    answer::with_header(response, CACHE_CONTROL, "no-store")
}

fn see_other(to: &str) -> Response {
    no_store(answer::with_header(StatusCode::SEE_OTHER.into_response(), LOCATION, to))
}

/// The status of a page whose content could not be had.
fn status(trouble: &Trouble) -> StatusCode {
    match trouble {
        Trouble::NotFound => StatusCode::NOT_FOUND,
        Trouble::Forbidden(_) | Trouble::Unauthorized(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// A segment of a path or a value of a query, percent-encoded.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The first of the values of a query under a name.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut values = pairs.filter_map(|(known, value)| (known == name).then(|| value.into_owned()));
    values.next().filter(|value| !value.is_empty())
}
