//! The OAuth flows of a client, step by step as the standards have them.
//!
//! Used by the simulated client, the Cloud UI of the reference, the steps of a scenario and later the doctor. It knows
//! the IdP by its issuer only, and sends through a [`Courier`], so that every exchange can be watched.

mod authorization_code;
mod client_credentials;
mod device_code;
mod discovery;
pub mod form;
mod id_token;
mod loopback;
mod refresh_token;
#[cfg(test)]
mod scripted;
mod token_response;
mod user_agent;

use url::Url;

use crate::{
    chance::Chance,
    model::{identifier::Issuer, rule::Rules},
    net::courier::{Courier, SendError},
};

pub use authorization_code::Pending;
pub use discovery::ServerMetadata;
pub use token_response::Tokens;

/// A client of the IdP, as registered there.
#[derive(Clone)]
pub struct Registration {
    /// The authorization server.
    pub issuer: Issuer,
    /// The client's id.
    pub client_id: String,
    /// A confidential client's secret, sent by HTTP Basic (RFC 6749 §2.3.1).
    pub client_secret: Option<String>,
    /// A web client's redirect URI. A native client, without one, listens on loopback (RFC 8252 §7.3).
    pub redirect_uri: Option<String>,
    /// The scopes to ask for; none leaves the parameter out.
    pub scopes: Vec<String>,
    /// The resource to ask for (RFC 8707).
    pub resource: Option<String>,
}

/// The person who signs in.
#[derive(Clone)]
pub struct Person {
    /// As typed into the login page.
    pub login: String,
    /// Likewise.
    pub password: String,
}

/// What a flow works with.
pub struct SignIn<'a> {
    /// Carries the requests.
    pub courier: &'a dyn Courier,
    /// Verifier, state and nonce come from here.
    pub chance: &'a mut Chance,
    /// Whether CL-METADATA, CL-LOGIN, CL-LOGIN-CHECK and CL-ID-TOKEN are in force.
    pub rules: Rules,
}

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Nobody answered: the environment's fault.
    #[error(transparent)]
    NoAnswer(#[from] SendError),
    /// The authorization server said no, in the words of RFC 6749 §4.1.2.1 or §5.2: a matter of configuration.
    #[error("the authorization server refused: {error}{}", describe(.description.as_deref()))]
    Refused {
        /// `access_denied`
        error: String,
        /// Its words.
        description: Option<String>,
    },
    /// The server's answer is not what the protocol wants.
    #[error("the authorization server misbehaved: {0}")]
    Protocol(String),
    /// The login page did not take the password.
    #[error("the login page did not accept `{0}` with the password that is on file")]
    Credentials(String),
    /// No port on loopback for the redirect.
    #[error("cannot listen on loopback for the redirect: {0}")]
    Loopback(String),
}

/// Lets a person's browser go through the authorization server's pages: from the authorization URL to the URL with which
/// it is sent back to `redirect_uri`, which it does not open.
pub async fn authorize(
    browser: &dyn Courier,
    url: &Url,
    redirect_uri: &str,
    person: &Person,
) -> Result<Url, SignInError> {
    user_agent::UserAgent::new(browser).authorize(url, redirect_uri, person).await
}

fn describe(description: Option<&str>) -> String {
    description.map_or_else(String::new, |words| format!(" ({words})"))
}

impl SignIn<'_> {
    /// Authorization code with PKCE through the login page (RFC 6749 §4.1, RFC 7636, PLATFORM.md CL-LOGIN).
    pub async fn authorization_code(
        &mut self,
        registration: &Registration,
        person: &Person,
    ) -> Result<Tokens, SignInError> {
        authorization_code::run(self, registration, person).await
    }

    /// The first half of the same for a web application, which has no browser of its own: where it sends the person's,
    /// and what it remembers until the callback at `redirect_uri`.
    pub async fn begin(
        &mut self,
        registration: &Registration,
        redirect_uri: &str,
    ) -> Result<(Url, Pending), SignInError> {
        authorization_code::begin(self, registration, redirect_uri.to_owned()).await
    }

    /// The second half: the URL with which the browser came back, checked and its code redeemed.
    pub async fn finish(
        &self,
        registration: &Registration,
        pending: &Pending,
        callback: &Url,
    ) -> Result<Tokens, SignInError> {
        authorization_code::finish(self, registration, pending, callback).await
    }

    /// Device code: the person approves on another device, which is a browser here as well (RFC 8628). The token
    /// endpoint is asked once, after the approval: `authorization_pending` or `slow_down` then is a refusal.
    pub async fn device_code(
        &mut self,
        registration: &Registration,
        person: &Person,
    ) -> Result<Tokens, SignInError> {
        device_code::run(self, registration, person).await
    }

    /// A new access token for a refresh token (RFC 6749 §6). The answer's refresh token is the one to keep: a new one
    /// where the server rotates, else the same again.
    pub async fn refresh_token(
        &mut self,
        registration: &Registration,
        refresh_token: &str,
    ) -> Result<Tokens, SignInError> {
        refresh_token::run(self, registration, refresh_token).await
    }

    /// Client credentials (RFC 6749 §4.4).
    pub async fn client_credentials(&mut self, registration: &Registration) -> Result<Tokens, SignInError> {
        client_credentials::run(self, registration).await
    }
}
