//! Sign-in sessions: who has signed in with a browser need not do so again.
//!
//! A client that keeps no cookies has none, and is asked each time.

use axum::{
    http::{
        HeaderValue,
        header::{COOKIE, SET_COOKIE},
    },
    response::Response,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    chance::Purpose, clock::Clock as _, request::Call, response::header, state::Session, tenant::User,
};

/// The session of the browser, with its user.
pub(super) fn current(call: &Call<'_>) -> Option<(Session, User)> {
    let now = call.provider.clock.now();
    let state = call.provider.state();
    let session = state.sessions.get(&id(call)?).filter(|session| session.expires > now)?.clone();
    let user = state.user(&session.user)?.clone();
    // A clock that was set back to before the sign-in knows nothing of it.
    (session.auth_time <= now).then_some((session, user))
}

/// What begins with a sign-in.
pub(super) fn new(call: &Call<'_>, user: &User, now: Timestamp) -> Session {
    let lifetime = SignedDuration::from_secs(call.profile().seconds("session_seconds"));
    Session {
        user: user.id.clone().unwrap_or_default(),
        id: call.provider.state().chance.guid(Purpose::SessionId),
        auth_time: now,
        expires: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
    }
}

/// Gives the browser a session in the place of its old one.
pub(super) fn begin(call: &Call<'_>, session: Session, response: &mut Response) {
    let mut state = call.provider.state();
    if let Some(old) = id(call) {
        state.sessions.remove(&old);
    }
    let id = state.chance.url_safe(Purpose::Session, 43);
    state.sessions.insert(id.clone(), session);
    drop(state);
    set_cookie(call, &id, "", response);
}

/// Ends the browser's session.
pub(super) fn end(call: &Call<'_>, response: &mut Response) {
    if let Some(id) = id(call) {
        call.provider.state().sessions.remove(&id);
        set_cookie(call, "", "; Max-Age=0", response);
    }
}

fn set_cookie(call: &Call<'_>, value: &str, more: &str, response: &mut Response) {
    let name = name(call);
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}");
    response.headers_mut().append(SET_COOKIE, header(&cookie));
}

fn id(call: &Call<'_>) -> Option<String> {
    let name = name(call);
    let values = call.headers.get_all(COOKIE).iter().filter_map(|value| HeaderValue::to_str(value).ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, id)| id.to_owned())
}

fn name(call: &Call<'_>) -> &'static str {
    call.profile().setting("session_cookie").as_str().unwrap_or("session")
}
