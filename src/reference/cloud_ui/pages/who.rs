//! Who am I: what the access token says about the person, and what the Registry Server makes of it. Never the token.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};

use super::{Frame, page};
use crate::reference::cloud_ui::{
    Parts,
    claims::{Listed, listed, short},
    registry::{Me, Trouble},
};

#[derive(Template)]
#[template(path = "who.html")]
struct WhoPage<'a> {
    frame: Frame<'a>,
    name: &'a str,
    subject: String,
    issuer: &'a str,
    groups: Listed,
    roles: Listed,
    expires: String,
    renews: bool,
    me: &'a Result<Me, Trouble>,
}

/// `GET /me`.
pub(in crate::reference::cloud_ui) async fn show(
    State(ui): State<Arc<Parts>>,
    headers: HeaderMap,
) -> Response {
    let visit = match ui.visit(&headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let token = &visit.signed_in.token;
    let shown = WhoPage {
        frame: ui.frame("Who am I", Some(&visit.person)),
        name: &visit.person.name,
        subject: short(token.subject().unwrap_or("none")),
        issuer: token.issuer().as_str(),
        groups: listed(token.claims(), "groups"),
        roles: listed(token.claims(), "roles"),
        expires: visit.signed_in.expires.map_or_else(|| "never".to_owned(), |at| until(at, ui.now())),
        renews: visit.signed_in.renews,
        me: &visit.me,
    };
    page(StatusCode::OK, &shown, &visit)
}

/// `1 June 2026, 09:00 UTC, in 59 minutes`.
fn until(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    let minutes = left.as_mins();
    let left = match (left < SignedDuration::from_mins(1), minutes) {
        (true, _) => "in less than a minute".to_owned(),
        (_, 1) => "in 1 minute".to_owned(),
        _ => format!("in {minutes} minutes"),
    };
    format!("{}, {left}", at.strftime("%-d %B %Y, %H:%M UTC"))
}
