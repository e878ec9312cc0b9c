//! UI-SESSION: what a browser is signed in with. The tokens stay on this side; the browser has an id.
//!
//! A session is as good as its access token: verified at every request, like one that comes in a header, and renewed
//! shortly before it expires. No timer runs: who comes first renews.

use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::Mutex;
use url::Url;

use super::{Parts, cookie, sign_in::flow_rules};
use crate::{
    model::rule::Rule,
    signin::{SignIn, SignInError, Tokens},
    token::{Refusal, VerifiedToken},
};

/// A person signs in again after that.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// An access token is renewed so long before it expires; a short one in the last quarter of its time.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A session.
pub(super) struct Session {
    /// What the person is called on the pages.
    pub(super) name: String,
    /// The ID token's subject.
    pub(super) person: String,
    /// The access token's subject; another one than the ID token's at some providers.
    pub(super) subject: Option<String>,
    /// What its forms bring.
    pub(super) forgery_token: String,
    pub(super) started: Timestamp,
    /// Where the IdP ends its own session.
    pub(super) leaves_to: Option<Url>,
    /// Locked while they are renewed: a refresh token may be good for one use only.
    pub(super) held: Mutex<Held>,
}

/// The tokens of now.
pub(super) struct Held {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) id_token: String,
    /// None where the access token has no date: it is not a verified one then.
    expires: Option<Timestamp>,
    received: Timestamp,
}

/// A request of somebody who is signed in.
pub(super) struct SignedIn {
    pub(super) session: Arc<Session>,
    pub(super) token: Arc<VerifiedToken>,
    pub(super) access_token: String,
    pub(super) expires: Option<Timestamp>,
    /// The session can be renewed.
    pub(super) renews: bool,
}

/// A request without a session.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSignedIn {
    /// There is none.
    #[error("nobody is signed in")]
    Nobody,
    /// It has ended just now.
    #[error("{0}")]
    Over(String),
    /// Whether it still holds cannot be said for now.
    #[error("{0}")]
    Unknown(String),
    /// The access token is refused, so that the session has ended.
    #[error("{}", .0.description())]
    Refused(Refusal),
}

/// Why a token was not renewed.
enum NotRenewed {
    NoAnswer(String),
    Refused(String),
}

impl Held {
    pub(super) fn new(tokens: Tokens, access: &VerifiedToken, received: Timestamp) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            id_token: tokens.id_token.unwrap_or_default(),
            expires: expiry(access),
            received,
        }
    }

    /// The access token ends soon or has ended.
    fn is_due(&self, now: Timestamp) -> bool {
        let Some(expires) = self.expires else { return true };
        let margin = MARGIN.min(expires.duration_since(self.received) / 4);
        expires.duration_since(now) <= margin
    }
}

impl Parts {
    /// The session of a request, renewed where it is time.
    pub(super) async fn signed_in(&self, headers: &HeaderMap) -> Result<SignedIn, NotSignedIn> {
        let id = cookie::read(headers, cookie::SESSION).ok_or(NotSignedIn::Nobody)?;
        let session = self.sessions.find(id).ok_or(NotSignedIn::Nobody)?;
        let result = self.current(session).await;
        if matches!(result, Err(NotSignedIn::Over(_) | NotSignedIn::Refused(_))) {
            self.sessions.take(id);
        }
        result
    }

    async fn current(&self, session: Arc<Session>) -> Result<SignedIn, NotSignedIn> {
        let now = self.now();
        let age = now.duration_since(session.started);
        if age >= LONGEST {
            let hours = LONGEST.as_hours();
            return Err(NotSignedIn::Over(format!("A session lasts {hours} hours at most.")));
        }
        let mut held = session.held.lock().await;
        if self.surroundings.rules.hold(Rule::UiRefresh)
            && held.is_due(now)
            && let Some(refresh_token) = held.refresh_token.clone()
        {
            match self.renewed(&session, &held, &refresh_token).await {
                Ok(renewed) => *held = renewed,
                Err(NotRenewed::Refused(why)) => {
                    let why = format!("It could not be renewed: {why}.");
                    return Err(NotSignedIn::Over(why));
                }
                Err(NotRenewed::NoAnswer(why)) if held.expires.is_none_or(|expires| expires <= now) => {
                    let why = format!("Your session cannot be renewed for now: {why}.");
                    return Err(NotSignedIn::Unknown(why));
                }
                // The token is good for a little longer, and the next request tries again.
                Err(NotRenewed::NoAnswer(_)) => {}
            }
        }
        let token = match self.gate.verify(&held.access_token).await {
            Ok(token) => token,
            Err(refusal @ (Refusal::KeySet(_) | Refusal::Metadata(_))) => {
                return Err(NotSignedIn::Unknown(format!("{}.", refusal.description())));
            }
            Err(refusal) => return Err(NotSignedIn::Refused(refusal)),
        };
        let (access_token, expires) = (held.access_token.clone(), held.expires);
        let renews = held.refresh_token.is_some();
        drop(held);
        Ok(SignedIn { session, token, access_token, expires, renews })
    }

    /// New tokens for the same person; they are verified like the first ones (OpenID Connect Core §12.2).
    async fn renewed(&self, session: &Session, held: &Held, refresh_token: &str) -> Result<Held, NotRenewed> {
        let refused = |refusal: &Refusal| match refusal {
            Refusal::KeySet(_) => NotRenewed::NoAnswer(refusal.description()),
            _ => NotRenewed::Refused(refusal.description()),
        };
        let registration =
            self.registration.as_ref().ok_or_else(|| NotRenewed::Refused("no client secret".to_owned()))?;
        let mut chance = self.chance();
        let mut flow =
            SignIn { courier: self.http(), chance: &mut chance, rules: flow_rules(self.surroundings.rules) };
        let mut tokens =
            flow.refresh_token(registration, refresh_token).await.map_err(|error| match error {
                SignInError::Refused { .. } => NotRenewed::Refused(error.to_string()),
                _ => NotRenewed::NoAnswer(error.to_string()),
            })?;
        let access = self.gate.verify(&tokens.access_token).await.map_err(|error| refused(&error))?;
        if access.subject() != session.subject.as_deref() {
            return Err(NotRenewed::Refused("the new access token is somebody else's".to_owned()));
        }
        match &tokens.id_token {
            Some(text) => {
                let person = self.id_token_verifier().verify(text).await.map_err(|error| refused(&error))?;
                if person.subject() != Some(&session.person) {
                    return Err(NotRenewed::Refused("the new ID token is somebody else's".to_owned()));
                }
            }
            None => tokens.id_token = Some(held.id_token.clone()),
        }
        Ok(Held::new(tokens, &access, self.now()))
    }
}

/// When a verified token ends.
fn expiry(token: &VerifiedToken) -> Option<Timestamp> {
    let seconds = token.claims().get("exp").and_then(Json::as_f64)?;
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}
