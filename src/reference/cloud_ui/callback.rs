//! UI-CALLBACK and the second half of UI-LOGIN: the browser comes back from the IdP. A session begins if everything is
//! as it was asked for; else a page says why not, and there is none.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value as Json};
use url::Url;

use super::{
    Parts, claims, cookie,
    pages::{Problem, no_store},
    session::{Held, Session},
    sign_in::flow_rules,
};
use crate::{
    model::rule::Rule,
    reference::answer,
    signin::{SignIn, SignInError, Tokens},
    token::{Refusal, VerifiedToken},
};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
enum NoSession {
    #[error("This browser has begun no sign-in, or has ended it already.")]
    NotBegun,
    #[error("This sign-in was begun more than ten minutes ago.")]
    TooLate,
    #[error("The answer of the identity provider says one thing twice.")]
    Twice,
    #[error("{}", sentence(.0))]
    Flow(#[from] SignInError),
    #[error("The identity provider sent no ID token, so it does not say who you are.")]
    NoIdToken,
    #[error("The ID token is refused. {}.", .0.description())]
    IdToken(Refusal),
    #[error("The access token is refused. {}.", .0.description())]
    AccessToken(Refusal),
}

/// `GET /api/auth/oauth2/callback/{provider}`.
pub(super) async fn receive(State(ui): State<Arc<Parts>>, uri: Uri, headers: HeaderMap) -> Response {
    let response = match ui.complete(&uri, &headers).await {
        Ok(session) => {
            let rules = ui.surroundings.rules;
            let before = cookie::read(&headers, cookie::SESSION);
            // UI-SESSION: the id is a new one, and the one before ends: nobody can hand a person a session.
            let id = match before.filter(|_| !rules.hold(Rule::UiSession)) {
                Some(before) => before.to_owned(),
                None => ui.chance().text(),
            };
            if let Some(before) = before {
                ui.sessions.take(before);
            }
            ui.sessions.insert(&id, Arc::new(session));
            let response =
                answer::with_header(StatusCode::SEE_OTHER.into_response(), LOCATION, &ui.at("/servers"));
            no_store(cookie::with(response, &cookie::set(rules, cookie::SESSION, &id)))
        }
        Err(why) => Problem::new("You are not signed in", why.to_string())
            .advice(why.advice())
            .link("Sign in", ui.at(super::sign_in::PATH))
            .answer(&ui, why.status()),
    };
    cookie::with(response, &cookie::remove(cookie::SIGN_IN))
}

impl Parts {
    async fn complete(&self, uri: &Uri, headers: &HeaderMap) -> Result<Session, NoSession> {
        let rules = self.surroundings.rules;
        let waiting = cookie::read(headers, cookie::SIGN_IN).and_then(|id| {
            // Taken whatever comes of it: a callback cannot be replayed.
            if rules.hold(Rule::UiCallback) { self.waiting.take(id) } else { self.waiting.find(id) }
        });
        let (Some(waiting), Some(registration)) = (waiting, &self.registration) else {
            return Err(NoSession::NotBegun);
        };
        if waiting.is_over(self.now()) {
            return Err(NoSession::TooLate);
        }
        let callback = self.callback(uri)?;
        let mut chance = self.chance();
        let flow = SignIn { courier: self.http(), chance: &mut chance, rules: flow_rules(rules) };
        let tokens = flow.finish(registration, &waiting.pending, &callback).await?;
        let id_token = tokens.id_token.as_deref().ok_or(NoSession::NoIdToken)?;
        // UI-ID-TOKEN: signature, times and, again, issuer and audience; the flow has compared what binds it to this sign-in.
        let person = if rules.hold(Rule::UiIdToken) {
            let verified = self.id_token_verifier().verify(id_token).await.map_err(NoSession::IdToken)?;
            verified.claims().clone()
        } else {
            claims::unverified(id_token)
        };
        // UI-AT
        let access = self.gate.verify(&tokens.access_token).await.map_err(NoSession::AccessToken)?;
        let end_session = waiting.pending.metadata().end_session_endpoint.as_deref();
        Ok(self.session(&person, &access, tokens, end_session))
    }

    /// The URL at which the browser is, with no parameter twice (RFC 6749 §3.1).
    fn callback(&self, uri: &Uri) -> Result<Url, NoSession> {
        let base = self.resource.at(&self.settings.callback_path());
        let mut url = Url::parse(&base).map_err(|_| NoSession::NotBegun)?;
        url.set_query(uri.query());
        let mut names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        if names.len() == all { Ok(url) } else { Err(NoSession::Twice) }
    }

    fn session(
        &self,
        person: &Map<String, Json>,
        access: &VerifiedToken,
        tokens: Tokens,
        end_session: Option<&str>,
    ) -> Session {
        let claim = |name| person.get(name).and_then(Json::as_str);
        let mut names = ["name", "preferred_username", "email", "sub"].into_iter().filter_map(claim);
        let now = self.now();
        Session {
            name: claims::short(names.find(|name| !name.trim().is_empty()).unwrap_or("somebody")),
            person: claim("sub").unwrap_or_default().to_owned(),
            subject: access.subject().map(str::to_owned),
            forgery_token: self.chance().text(),
            started: now,
            leaves_to: end_session.and_then(|url| Url::parse(url).ok()).filter(|url| url.scheme() == "https"),
            held: tokio::sync::Mutex::new(Held::new(tokens, access, now)),
        }
    }
}

impl NoSession {
    fn status(&self) -> StatusCode {
        match self {
            Self::Flow(SignInError::NoAnswer(_)) => StatusCode::BAD_GATEWAY,
            Self::AccessToken(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::NotBegun | Self::TooLate => {
                "Begin again here, and go through without using old links or tabs."
            }
            Self::Flow(SignInError::Refused { .. }) => {
                "Sign in again, or ask your administrator whether you may use this application."
            }
            Self::AccessToken(_) | Self::IdToken(_) | Self::NoIdToken => {
                "Your administrator compares the application's settings with those of the identity provider."
            }
            _ => "Begin again here. If you came by a link from somebody else, do not trust it.",
        }
    }
}

/// What the flow says, as a sentence. Its words may be those of the browser's address: kept short.
fn sentence(error: &SignInError) -> String {
    let words = match error {
        SignInError::Refused { error, description } => {
            let described = description.as_deref().map_or_else(String::new, |words| format!(": {words}"));
            format!("The identity provider refused, with {error}{described}")
        }
        SignInError::Protocol(words) => format!("The answer is not the one to this sign-in: {words}"),
        SignInError::NoAnswer(error) => format!("The identity provider cannot be reached: {error}"),
        other => other.to_string(),
    };
    let words = claims::short(&words);
    if words.ends_with(['.', '…']) { words } else { format!("{words}.") }
}
