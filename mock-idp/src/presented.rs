//! Tokens that come back: whether they are this provider's own, and what they say.
//!
//! A JWT is known by its signature, not by a list of what was issued. Which claim holds what is the profile's matter:
//! the placeholders that fill the claims are read backwards.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;

use crate::{
    clock::Clock as _,
    issue::Members,
    profile::{
        Section,
        template::{Vars, whole},
    },
    provider::{Provider, Signer},
    request::Call,
    tenant::{AccessTokens, Server, User},
};

/// An access token that is active.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) claims: Members,
    pub(crate) client: String,
    /// None for a machine.
    pub(crate) user: Option<User>,
    pub(crate) scopes: Vec<String>,
    /// Seconds since the epoch.
    pub(crate) expires: i64,
}

/// An access token of the call's server that has not expired and was not taken back.
pub(crate) async fn access_token(call: &Call<'_>, token: &str) -> Option<AccessToken> {
    let (provider, server) = (call.provider, call.server);
    let issued = {
        let state = provider.state();
        if state.issued.is_revoked(token) {
            return None;
        }
        state.issued.get(token).cloned()
    };
    // Not every profile has a claim that names the client, nor every opaque token scopes among what it stands for. An
    // ID token is not remembered. What a fault has taken out of a JWT stays out.
    let (remembered, opaque) = issued.map(|issued| ((issued.client, issued.scopes), issued.claims)).unzip();
    let opaque = opaque.flatten();
    let is_opaque = opaque.is_some();
    let (its_client, its_scopes) = remembered.unzip();
    let claims = match opaque {
        Some(claims) => claims,
        None => own_claims(provider, call.index, token).await?,
    };
    let expires = claims.get("exp").and_then(Json::as_i64)?;
    if expires <= provider.clock.now().as_second()
        || claims.get("iss") != Some(&server.issuer.as_str().into())
    {
        return None;
    }
    let section = Section::AccessTokenClaims;
    let named = || values(server, section, &claims, &["client.id"]);
    let known = named().filter_map(Json::as_str).find_map(|id| provider.tenant.client(id));
    let is_user = |name: &Json| values(server, section, &claims, &USER).any(|user| user == name);
    if known.is_none() && named().any(|name| !is_user(name)) {
        return None;
    }
    let client = known.map(|client| client.id.clone()).or(its_client)?;
    let scopes = values(server, section, &claims, &SCOPES)
        .next()
        .map(words)
        .or(its_scopes.filter(|_| is_opaque))
        .unwrap_or_default();
    let user = user(provider, server, section, &claims);
    let about_a_user = values(server, section, &claims, &USER).any(|value| value != client.as_str());
    if user.is_none() && about_a_user {
        return None;
    }
    Some(AccessToken { claims, client, user, scopes, expires })
}

/// The claims of a JWT that the server has signed, expired or not.
pub(crate) async fn own_claims(provider: &Provider, server: usize, token: &str) -> Option<Members> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    let header = decode(header)?;
    let algorithm = provider.tenant.servers.get(server)?.algorithm.name();
    let key = key(provider, server, header.get("kid")?.as_str()?).await?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let is_own = header.get("alg")? == algorithm && key.key.verifies(input.as_bytes(), &signature);
    is_own.then(|| decode(claims)).flatten()
}

/// Whom an ID token or an access token is about.
pub(crate) fn user(provider: &Provider, server: &Server, section: Section, claims: &Members) -> Option<User> {
    let state = provider.state();
    let mut names = values(server, section, claims, &USER).filter_map(Json::as_str);
    names.find_map(|name| state.user(name).or_else(|| state.user_by_login(name))).cloned()
}

/// The placeholders that say who the user is.
const USER: [&str; 2] = ["user.id", "user.login"];
/// The placeholders that hold scopes.
const SCOPES: [&str; 6] = ["scopes", "scope", "format.scope", "format.scp", "scope.api", "scope.qualified"];

/// The claims that the profile fills from one of the placeholders.
fn values<'c>(
    server: &'c Server,
    section: Section,
    claims: &'c Members,
    wanted: &'c [&str],
) -> impl Iterator<Item = &'c Json> {
    let mut vars = Vars::default();
    vars.set_some("format.client_id_claim", server.format.client_id_claim.as_deref());
    server.profile.section(section).iter().filter_map(move |field| {
        let names = whole(field.value.as_str()?)?;
        let fits = names.split('|').any(|name| wanted.contains(&name));
        claims.get(&fits.then(|| vars.expand_text(&field.name)).flatten()?)
    })
}

/// A list, or words with blanks between them.
fn words(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        other => other.as_str().unwrap_or_default().split(' ').map(str::to_owned).collect(),
    }
}

/// A key that the server signs with, published or not.
async fn key(provider: &Provider, server: usize, id: &str) -> Option<Signer> {
    let form = AccessTokens::JwtUnpublishedKey;
    let unpublished = provider.tenant.servers.get(server)?.apis.iter().any(|api| api.access_tokens == form);
    if unpublished && provider.state().unpublished_key_id == id {
        return provider.access_token_signer(server, form).await;
    }
    provider.published(server).await?.into_iter().find(|signer| signer.id == id)
}

fn decode(part: &str) -> Option<Members> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
