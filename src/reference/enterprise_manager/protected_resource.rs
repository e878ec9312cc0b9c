//! TOK-PRM, `GET /.well-known/oauth-protected-resource…`: whose tokens the Manager takes (RFC 9728). No token.

use std::sync::Arc;

use axum::{extract::State, response::Response};

use super::Parts;

pub(super) async fn serve(State(manager): State<Arc<Parts>>) -> Response {
    manager.gate.metadata(&[manager.requested_scope()])
}
