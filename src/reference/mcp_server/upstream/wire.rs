//! What the server's control wire has beside every component's: its tools, news for its clients, the form of its
//! answers, a restart.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post, put},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Form, Parts, catalogue::Said, handler::News};
use crate::reference::{answer, control};

pub(super) fn router(server: Arc<Parts>) -> Router {
    Router::new()
        .route("/control/keys/{*rest}", any(control::unsupported))
        .route("/control/policy", any(control::unsupported))
        .route("/control/tools", get(read_tools).put(change_tools))
        .route("/control/notify", post(notify))
        .route("/control/answers", put(answers))
        .route("/control/restart", post(restart))
        .with_state(server)
}

/// `GET /control/tools`: every tool as tools/list has it.
async fn read_tools(State(server): State<Arc<Parts>>) -> Response {
    answer::json(StatusCode::OK, &json!(server.handler.catalogue().tools()))
}

/// `PUT /control/tools`: `{name: annotations}` changes or adds, `{name: null}` removes. Clients are told of it by
/// `notify` alone.
async fn change_tools(State(server): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    match read::<BTreeMap<String, Option<Said>>>(body) {
        Ok(changes) => {
            server.handler.catalogue().change(changes);
            read_tools(State(server)).await
        }
        Err(refusal) => refusal,
    }
}

/// `{"list": "tools"|"prompts"|"resources"}` or `{"resource": uri}`.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Told {
    List { list: Changed },
    Resource { resource: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Changed {
    Tools,
    Prompts,
    Resources,
}

/// `POST /control/notify`: every client is told that a list or a resource changed.
async fn notify(State(server): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    let news = match read(body) {
        Ok(Told::List { list: Changed::Tools }) => News::Tools,
        Ok(Told::List { list: Changed::Prompts }) => News::Prompts,
        Ok(Told::List { list: Changed::Resources }) => News::Resources,
        Ok(Told::Resource { resource }) => News::Resource(resource),
        Err(refusal) => return refusal,
    };
    server.handler.notify(&news).await;
    StatusCode::NO_CONTENT.into_response()
}

/// `{"as": "json"|"event-stream"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct As {
    r#as: Form,
}

/// `PUT /control/answers`: the form of answers from now on.
async fn answers(State(server): State<Arc<Parts>>, body: Result<Bytes, BytesRejection>) -> Response {
    match read(body) {
        Ok(As { r#as: form }) => {
            server.answers.set(form);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal,
    }
}

/// `POST /control/restart`: the server knows no session any more.
async fn restart(State(server): State<Arc<Parts>>) -> Response {
    server.restart().await;
    StatusCode::NO_CONTENT.into_response()
}

#[expect(clippy::result_large_err, reason = "an answer is what a handler returns")]
fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Response> {
    let body = control::whole(body)?;
    serde_json::from_slice(&body)
        .map_err(|error| control::invalid(StatusCode::BAD_REQUEST, &error.to_string()))
}
