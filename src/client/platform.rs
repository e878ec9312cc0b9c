//! CL-PRM: what the platform says of itself, and whether it may be believed (RFC 9728, PLATFORM.md EM-WELLKNOWN).

use serde::Deserialize;
use url::Url;

use super::{bootstrap::PlatformUrl, keys::Keys};
use crate::{
    model::{
        identifier::Issuer,
        rule::{Rule, Rules},
    },
    net::courier::{Courier, Request, SendError},
    signin::Registration,
    token::json,
};

const DISCOVERY: &str = "/.well-known/toolhive-configuration";

/// What a client needs to know of its platform.
#[derive(Clone, Debug)]
pub(super) struct Platform {
    pub(super) config_endpoint: String,
    jwks_uri: String,
    issuer: Issuer,
    client_id: String,
    scopes: Vec<String>,
}

/// Why the platform cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// Nobody answered.
    #[error(transparent)]
    NoAnswer(#[from] SendError),
    /// An answer other than 200. A redirect is one: nothing is fetched from where it leads.
    #[error("`{url}` answered {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// Not the document that belongs there.
    #[error("`{0}` is not the document that is expected there")]
    Document(String),
    /// The metadata is another resource's (RFC 9728 §3.3).
    #[error("the platform's metadata is for the resource `{0}` and not for its own URL")]
    Resource(String),
    /// A place on another origin.
    #[error("the platform's `{member}` is on another origin: `{url}`")]
    Origin {
        /// The member of the discovery document.
        member: &'static str,
        /// Where it leads.
        url: String,
    },
    /// The platform's two documents disagree on where to sign in.
    #[error("the platform's metadata does not name the authorization server `{0}` of its discovery document")]
    Issuer(String),
}

/// RFC 9728 §2, as far as it matters here.
#[derive(Deserialize)]
struct ResourceMetadata {
    resource: String,
    authorization_servers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Discovery {
    config_endpoint: String,
    jwks_uri: String,
    oidc: Oidc,
}

#[derive(Deserialize)]
struct Oidc {
    issuer: String,
    client_id: String,
    scopes: Vec<String>,
}

impl Platform {
    /// Fetches both documents, without a token, and checks them.
    pub(super) async fn discover(
        courier: &dyn Courier,
        url: &PlatformUrl,
        rules: Rules,
    ) -> Result<Self, PlatformError> {
        let resource = url.resource();
        let metadata: ResourceMetadata = document(courier, &resource.metadata_url()).await?;
        let found: Discovery = document(courier, &resource.at(DISCOVERY)).await?;
        // CL-PRM
        if rules.hold(Rule::ClPrm) {
            check(url, &metadata, &found)?;
        }
        Ok(Self {
            config_endpoint: found.config_endpoint,
            jwks_uri: found.jwks_uri,
            issuer: Issuer::new(found.oidc.issuer),
            client_id: found.oidc.client_id,
            scopes: found.oidc.scopes,
        })
    }

    /// The client as it is registered at the IdP: public, native (CL-LOGIN).
    pub(super) fn registration(&self) -> Registration {
        Registration {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: None,
            redirect_uri: None,
            scopes: self.scopes.clone(),
            resource: None,
        }
    }

    /// Fetches the Manager's key set, without a token.
    pub(super) async fn keys(&self, courier: &dyn Courier) -> Result<Keys, PlatformError> {
        let body = get(courier, &self.jwks_uri).await?;
        Keys::parse(&body).ok_or_else(|| PlatformError::Document(self.jwks_uri.clone()))
    }
}

impl PlatformError {
    /// The platform says something that it must not: a matter of security, not of reach.
    pub(super) fn is_security_event(&self) -> bool {
        matches!(self, Self::Resource(_) | Self::Origin { .. } | Self::Issuer(_))
    }
}

fn check(url: &PlatformUrl, metadata: &ResourceMetadata, found: &Discovery) -> Result<(), PlatformError> {
    if metadata.resource != url.as_str() {
        return Err(PlatformError::Resource(metadata.resource.clone()));
    }
    let own = Url::parse(url.as_str()).map(|url| url.origin());
    for (member, place) in [("config_endpoint", &found.config_endpoint), ("jwks_uri", &found.jwks_uri)] {
        if Url::parse(place).map(|place| place.origin()) != own {
            return Err(PlatformError::Origin { member, url: place.clone() });
        }
    }
    // Metadata that names none vouches for none.
    let servers = metadata.authorization_servers.as_deref().unwrap_or_default();
    if !servers.contains(&found.oidc.issuer) {
        return Err(PlatformError::Issuer(found.oidc.issuer.clone()));
    }
    Ok(())
}

async fn document<T: serde::de::DeserializeOwned>(
    courier: &dyn Courier,
    url: &str,
) -> Result<T, PlatformError> {
    let body = get(courier, url).await?;
    json::object(&body)
        .and_then(|members| serde_json::from_value(members.into()).ok())
        .ok_or_else(|| PlatformError::Document(url.to_owned()))
}

async fn get(courier: &dyn Courier, url: &str) -> Result<Vec<u8>, PlatformError> {
    let answer = courier.send(Request::get(url)).await?;
    if answer.status != 200 {
        return Err(PlatformError::Status { url: url.to_owned(), status: answer.status });
    }
    Ok(answer.body)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::client::fixture::{PLATFORM, Scripted, answer, platform_url};

    async fn discover(metadata: Json, discovery: Json, rules: Rules) -> Result<Platform, PlatformError> {
        let courier = Scripted::new(move |request| {
            let path = request.url.strip_prefix(PLATFORM).unwrap();
            assert!(request.headers.is_empty(), "no token");
            Ok(match path {
                "/.well-known/oauth-protected-resource" => answer(200, &metadata.to_string()),
                "/.well-known/toolhive-configuration" => answer(200, &discovery.to_string()),
                _ => answer(404, ""),
            })
        });
        Platform::discover(&courier, &platform_url(), rules).await
    }

    fn metadata(resource: &str) -> Json {
        json!({ "resource": resource, "authorization_servers": ["https://idp.test"] })
    }

    fn discovery(config_endpoint: &str, jwks_uri: &str, issuer: &str) -> Json {
        let oidc = json!({ "issuer": issuer, "client_id": "cli", "scopes": ["openid"] });
        json!({ "config_endpoint": config_endpoint, "jwks_uri": jwks_uri, "oidc": oidc })
    }

    #[tokio::test]
    async fn the_platform_speaks_for_itself_alone() {
        let (config, keys) = (format!("{PLATFORM}/c"), format!("{PLATFORM}/k"));
        let (config, keys, idp) = (config.as_str(), keys.as_str(), "https://idp.test");
        let good = discover(metadata(PLATFORM), discovery(config, keys, idp), Rules::ALL).await.unwrap();
        assert_eq!(good.config_endpoint, config);
        let elsewhere = "https://elsewhere.example.com/c";
        let port = format!("{PLATFORM}:8443/c");
        for (metadata, discovery, fault) in [
            (metadata("https://other.example.com"), discovery(config, keys, idp), "resource"),
            (metadata(&format!("{PLATFORM}/")), discovery(config, keys, idp), "resource"),
            (metadata(&format!("{PLATFORM}.evil.example")), discovery(config, keys, idp), "resource"),
            (metadata(PLATFORM), discovery(elsewhere, keys, idp), "origin"),
            (metadata(PLATFORM), discovery(config, elsewhere, idp), "origin"),
            (metadata(PLATFORM), discovery(&port, keys, idp), "origin"),
            (metadata(PLATFORM), discovery("http://config.example.com/c", keys, idp), "origin"),
            (metadata(PLATFORM), discovery("/c", keys, idp), "origin"),
            (metadata(PLATFORM), discovery(config, keys, "https://evil.test"), "authorization server"),
            (json!({ "resource": PLATFORM }), discovery(config, keys, idp), "authorization server"),
            (
                json!({ "resource": PLATFORM, "authorization_servers": null }),
                discovery(config, keys, idp),
                "authorization server",
            ),
            (
                json!({ "resource": PLATFORM, "authorization_servers": [] }),
                discovery(config, keys, idp),
                "authorization server",
            ),
        ] {
            let refused = discover(metadata.clone(), discovery.clone(), Rules::ALL).await.unwrap_err();
            assert!(refused.is_security_event() && refused.to_string().contains(fault), "{refused}");
            let broken = discover(metadata, discovery, Rules::without(Rule::ClPrm)).await;
            assert!(broken.is_ok(), "{fault}");
        }
    }

    #[tokio::test]
    async fn what_is_no_document_is_an_error_and_no_event() {
        let (config, keys) = (format!("{PLATFORM}/c"), format!("{PLATFORM}/k"));
        let found = discovery(&config, &keys, "https://idp.test");
        for (metadata, discovery) in
            [(json!({}), found.clone()), (metadata(PLATFORM), json!([])), (json!({ "resource": 7 }), found)]
        {
            let error = discover(metadata, discovery, Rules::ALL).await.unwrap_err();
            assert!(matches!(error, PlatformError::Document(_)) && !error.is_security_event());
        }
        let redirect = Scripted::new(|_| Ok(answer(302, "")));
        let error = Platform::discover(&redirect, &platform_url(), Rules::ALL).await.unwrap_err();
        assert!(matches!(error, PlatformError::Status { status: 302, .. }));
    }
}
