//! What the tests of this module share: an authorization server that answers from a closure, without a network.

use std::pin::Pin;

use super::Registration;
use crate::{
    model::identifier::Issuer,
    net::courier::{Answer, Courier, Request, SendError},
};

/// Answers from a closure.
pub(super) struct Scripted(Box<dyn Fn(&Request) -> Answer + Send + Sync>);

impl Scripted {
    pub(super) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self(Box::new(answer))
    }
}

impl Courier for Scripted {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        Box::pin(std::future::ready(Ok((self.0)(&request))))
    }
}

pub(super) fn json(status: u16, body: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into() }
}

pub(super) fn html(body: &str) -> Answer {
    json(200, body)
}

pub(super) fn discovery() -> Answer {
    json(
        200,
        r#"{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/authorize",
            "token_endpoint":"https://idp.test/token","device_authorization_endpoint":"https://idp.test/device"}"#,
    )
}

pub(super) fn registration() -> Registration {
    Registration {
        issuer: Issuer::new("https://idp.test"),
        client_id: "cli".into(),
        client_secret: None,
        redirect_uri: None,
        scopes: vec!["openid".into(), "read".into()],
        resource: None,
    }
}
