//! The harness's side of the control wire (PRODUCT.md): users, minting, journals, faults, keys, policy.
//!
//! These requests are not part of what a scenario shows, so they are not recorded.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use spanned_yaml::Source;

use crate::{
    net::{
        Client,
        courier::{Courier as _, Request, SendError},
    },
    target::{Control, Endpoint},
};

/// A request on the control wire did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("the component has no control wire")]
    Absent,
    #[error(transparent)]
    NoAnswer(#[from] SendError),
    #[error("the control wire answered {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("the control wire's answer has another shape: {0}")]
    Shape(#[from] serde_json::Error),
}

/// A user as the IdP knows one.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
    pub(super) password: String,
}

/// A minted token.
#[derive(Deserialize)]
struct Minted {
    token: String,
}

pub(super) async fn users(http: &Client, endpoint: &Endpoint) -> Result<Vec<User>, ControlError> {
    Ok(serde_json::from_value(call(http, endpoint, "GET", "/control/users", None).await?)?)
}

pub(super) async fn mint(http: &Client, endpoint: &Endpoint, order: &Json) -> Result<String, ControlError> {
    let answer = call(http, endpoint, "POST", "/control/mint", Some(order)).await?;
    Ok(serde_json::from_value::<Minted>(answer)?.token)
}

pub(super) async fn journal(http: &Client, endpoint: &Endpoint) -> Result<Vec<Json>, ControlError> {
    match call(http, endpoint, "GET", "/control/journal", None).await? {
        Json::Array(entries) => Ok(entries),
        _ => Err(ControlError::Shape(serde::de::Error::custom("expected a list"))),
    }
}

pub(super) async fn fault(http: &Client, endpoint: &Endpoint, fault: &Json) -> Result<(), ControlError> {
    call(http, endpoint, "POST", "/control/faults", Some(fault)).await.map(drop)
}

pub(super) async fn restore(http: &Client, endpoint: &Endpoint) -> Result<(), ControlError> {
    call(http, endpoint, "DELETE", "/control/faults", None).await.map(drop)
}

pub(super) async fn change_keys(
    http: &Client,
    endpoint: &Endpoint,
    what: &str,
    order: &Json,
) -> Result<Json, ControlError> {
    call(http, endpoint, "POST", &format!("/control/keys/{what}"), Some(order)).await
}

/// Writes the policy of the Manager or of an MCP proxy, whatever it says.
pub(super) async fn policy(http: &Client, endpoint: &Endpoint, text: String) -> Result<(), ControlError> {
    let request = |url| Request { method: "PUT".into(), body: Some(text), ..Request::get(url) };
    send(http, endpoint, "/control/policy", request).await.map(drop)
}

/// Changes the server behind an MCP proxy, or restarts either.
pub(super) async fn upstream(
    http: &Client,
    endpoint: &Endpoint,
    method: &str,
    what: &str,
    body: &Json,
) -> Result<(), ControlError> {
    call(http, endpoint, method, &format!("/control/{what}"), Some(body)).await.map(drop)
}

/// Gives an MCP proxy other custom resources.
pub(super) async fn manifests(
    http: &Client,
    endpoint: &Endpoint,
    manifests: &[Source],
) -> Result<(), ControlError> {
    let text = manifests.iter().map(Source::text).collect::<Vec<_>>().join("\n---\n");
    policy(http, endpoint, text).await
}

/// Fills the catalogue of the Registry Server anew.
pub(super) async fn catalogue(http: &Client, endpoint: &Endpoint, entries: Json) -> Result<(), ControlError> {
    let body = json!({ "entries": entries });
    call(http, endpoint, "PUT", "/control/catalogue", Some(&body)).await.map(drop)
}

async fn call(
    http: &Client,
    endpoint: &Endpoint,
    method: &str,
    path: &str,
    body: Option<&Json>,
) -> Result<Json, ControlError> {
    let request = |url| match body {
        Some(body) => Request::json(method, url, body),
        None => Request { method: method.into(), ..Request::get(url) },
    };
    send(http, endpoint, path, request).await
}

async fn send(
    http: &Client,
    endpoint: &Endpoint,
    path: &str,
    request: impl FnOnce(String) -> Request,
) -> Result<Json, ControlError> {
    let Control { base, secret } = endpoint.control.as_ref().ok_or(ControlError::Absent)?;
    let request = request(format!("{base}{path}")).header("authorization", format!("Bearer {secret}"));
    let answer = http.send(request).await?;
    if !(200..300).contains(&answer.status) {
        let body = answer.json().unwrap_or(json!({}));
        let message = body.get("error_description").and_then(Json::as_str).unwrap_or("no reason given");
        return Err(ControlError::Refused { status: answer.status, message: message.to_owned() });
    }
    Ok(if answer.body.is_empty() { Json::Object(Map::new()) } else { serde_json::from_slice(&answer.body)? })
}
