//! The issuer's metadata: PLATFORM.md TOK-META, OpenID Connect Discovery §4, RFC 8414 §3.
//!
//! A document that contradicts the configuration is worse than none: then no token is accepted.

use serde_json::Value;
use url::Url;

use super::{
    fetch::{Answer, Fetch, FetchFault},
    json,
    refusal::Refusal,
};
use crate::model::{
    identifier::Issuer,
    rule::{Rule, Rules},
};

/// What a verifier needs of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) jwks_uri: Url,
    /// Never used while TOK-JWT and TOK-OPAQUE hold.
    pub(super) introspection_endpoint: Option<Url>,
}

/// How the metadata contradicts the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataFault {
    /// The configured issuer is no https URL, so that it has no metadata (RFC 8414 §2).
    #[error("the configured issuer is not an https URL")]
    IssuerUrl,
    /// The document's `issuer` is not the configured one (RFC 8414 §3.3).
    #[error("the discovery document is another issuer's")]
    Issuer,
    /// `jwks_uri` is absent or not https (RFC 8414 §2).
    #[error("the discovery document has no jwks_uri with https")]
    JwksUri,
    /// The metadata or the key set is said to be elsewhere.
    #[error("the identity provider redirects to another origin")]
    Redirect,
}

/// Fetches the metadata of an issuer: the OpenID Connect form first, that of RFC 8414 where there is none.
pub(super) async fn discover(fetch: &dyn Fetch, issuer: &Issuer, rules: Rules) -> Result<Metadata, Refusal> {
    let base = https(issuer.as_str()).ok_or(Refusal::Metadata(MetadataFault::IssuerUrl))?;
    let mut answer = get(fetch, &appended(&base), rules).await?;
    if answer.status == 404 {
        answer = get(fetch, &inserted(&base), rules).await?;
    }
    let document =
        json::object(answer.json().map_err(Refusal::KeySet)?).ok_or(Refusal::KeySet(FetchFault::NotJson))?;
    let member = |name| document.get(name).and_then(Value::as_str);
    if member("issuer") != Some(issuer.as_str()) && rules.hold(Rule::TokMeta) {
        return Err(Refusal::Metadata(MetadataFault::Issuer));
    }
    Ok(Metadata {
        jwks_uri: member("jwks_uri").and_then(https).ok_or(Refusal::Metadata(MetadataFault::JwksUri))?,
        introspection_endpoint: member("introspection_endpoint").and_then(https),
    })
}

/// A GET that is not sent elsewhere; with TOK-META broken, it goes there.
pub(super) async fn get(fetch: &dyn Fetch, url: &Url, rules: Rules) -> Result<Answer, Refusal> {
    let answer = fetch.get(url).await.map_err(Refusal::KeySet)?;
    if !answer.leaves(url) {
        return Ok(answer);
    }
    let elsewhere = answer.location.as_deref().and_then(|location| url.join(location).ok());
    match elsewhere {
        Some(elsewhere) if !rules.hold(Rule::TokMeta) => fetch.get(&elsewhere).await.map_err(Refusal::KeySet),
        _ => Err(Refusal::Metadata(MetadataFault::Redirect)),
    }
}

fn https(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| url.scheme() == "https")
}

/// `https://host/path/.well-known/openid-configuration`.
fn appended(issuer: &Url) -> Url {
    let path = issuer.path().trim_end_matches('/');
    with_path(issuer, &format!("{path}/.well-known/openid-configuration"))
}

/// `https://host/.well-known/oauth-authorization-server/path`.
fn inserted(issuer: &Url) -> Url {
    let path = issuer.path().trim_end_matches('/');
    with_path(issuer, &format!("/.well-known/oauth-authorization-server{path}"))
}

fn with_path(issuer: &Url, path: &str) -> Url {
    let mut url = issuer.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_places_of_metadata() {
        let both = |issuer: &str| {
            let url = https(issuer).expect("an https URL");
            (appended(&url).to_string(), inserted(&url).to_string())
        };
        let host = "https://idp.test/.well-known";
        let plain = (format!("{host}/openid-configuration"), format!("{host}/oauth-authorization-server"));
        assert_eq!(both("https://idp.test"), plain);
        assert_eq!(both("https://idp.test/"), plain);
        let tenant = (
            "https://idp.test/a/b/.well-known/openid-configuration".to_owned(),
            format!("{host}/oauth-authorization-server/a/b"),
        );
        assert_eq!(both("https://idp.test/a/b"), tenant);
        assert_eq!(both("https://idp.test/a/b/"), tenant);
        assert_eq!(https("http://idp.test"), None);
    }
}
