//! `GET /v1/me`: who the caller is, and which roles the caller has; none is no refusal.

use axum::{
    http::{StatusCode, header::WWW_AUTHENTICATE},
    response::Response,
};
use serde_json::json;

use super::{caller::Caller, consumer::personal, failure};
use crate::{model::values::registry_server::Role, reference::answer};

pub(super) async fn show(caller: Caller) -> Response {
    match caller {
        // RFC 9110 §15.5.2 wants a challenge beside every 401, even where no token would be taken.
        Caller::Anybody => answer::with_header(
            failure::refusal(StatusCode::UNAUTHORIZED, "nobody is asked for a token here"),
            WWW_AUTHENTICATE,
            "Bearer",
        ),
        Caller::Bearer(bearer) => {
            let roles: Vec<_> = bearer.roles().iter().copied().map(Role::name).collect();
            personal(&json!({ "subject": bearer.subject(), "roles": roles }))
        }
    }
}
