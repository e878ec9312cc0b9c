//! What the Registry Server's control wire has beside every component's: what its catalogue holds.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value as Json, json};

use super::{
    Parts,
    catalogue::{Entry, entries},
    failure::Failure,
    form,
};
use crate::reference::{answer, control};

/// The longest catalogue, in bytes.
pub(super) const MAX_CATALOGUE: usize = 8 << 20;

pub(super) fn router(server: Arc<Parts>) -> Router {
    let catalogue = get(read).put(write).layer(DefaultBodyLimit::max(MAX_CATALOGUE));
    Router::new().route("/control/catalogue", catalogue).with_state(server).merge(control::nothing_own())
}

/// `GET /control/catalogue`: `{"entries": [{"source", "claims", "server"}]}`, every version an entry.
async fn read(State(server): State<Arc<Parts>>) -> Response {
    match server.catalogue.run(|db| Ok(entries::dump(db)?)).await {
        Ok(entries) => answer::json(StatusCode::OK, &json!({ "entries": entries })),
        Err(failure) => refused(failure),
    }
}

/// `PUT /control/catalogue`: the same, in the place of all entries that are there. Without `claims` an entry has none.
async fn write(State(server): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    let written = match control::whole(body) {
        Ok(body) => parsed(body),
        Err(refusal) => return refusal,
    };
    let replaced = match written {
        Ok(entries) => server.catalogue.replace(entries, server.instruments.now()).await,
        Err(failure) => Err(failure),
    };
    replaced.map_or_else(refused, |()| StatusCode::NO_CONTENT.into_response())
}

fn parsed(body: Bytes) -> Result<Vec<Entry>, Failure> {
    let mut members = form::object(Ok(body), &["entries"])?;
    let Some(Json::Array(items)) = members.remove("entries") else {
        return Err(Failure::malformed("`entries` is a list"));
    };
    let entry = |item: Json| {
        let Json::Object(mut item) = item else { return Err(Failure::malformed("an entry is an object")) };
        let claims = form::claims(&mut item)?;
        match (item.remove("source"), item.remove("server"), item.is_empty()) {
            (Some(Json::String(source)), Some(Json::Object(server)), true) => {
                Ok(Entry { source, claims, server })
            }
            _ => {
                Err(Failure::malformed("an entry is `{\"source\": name, \"claims\": {…}, \"server\": {…}}`"))
            }
        }
    };
    items.into_iter().map(entry).collect()
}

/// In the form of the control wire.
fn refused(failure: Failure) -> Response {
    match failure {
        Failure::Malformed(words) => control::invalid(StatusCode::BAD_REQUEST, &words),
        Failure::Broken(words) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", &words),
        other => other.into_response(),
    }
}
