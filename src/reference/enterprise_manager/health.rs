//! `GET /healthz`: the Manager runs, since when its policy is in force, and why a newer one is not (EM-RELOAD).

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Map, json};

use super::Parts;
use crate::reference::answer;

pub(super) const PATH: &str = "/healthz";

pub(super) async fn serve(State(manager): State<Arc<Parts>>) -> Response {
    let policy = manager.policy();
    let mut shown = Map::new();
    shown.insert("loaded_at".to_owned(), policy.loaded_at.to_string().into());
    shown.extend(policy.refused.map(|reason| ("error".to_owned(), reason.into())));
    answer::json(StatusCode::OK, &json!({ "status": "ok", "policy": shown }))
}
