//! `GET /v1/me`: who the caller is, and which roles the caller has; none is no refusal.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{caller::Caller, consumer::personal, failure};
use crate::model::values::registry_server::Role;

pub(super) async fn show(caller: Caller) -> Response {
    match caller {
        Caller::Anybody => failure::refusal(StatusCode::UNAUTHORIZED, "nobody is asked for a token here"),
        Caller::Bearer(bearer) => {
            let roles: Vec<_> = bearer.roles().iter().copied().map(Role::name).collect();
            personal(&json!({ "subject": bearer.subject(), "roles": roles }))
        }
    }
}
