//! What a tenant file says by itself, without a platform: for whoever asks before one is started, or instead of it.

use mcp_policy::{
    claims::{Membership, Reading},
    manifest::Manifests,
};
use mock_idp::{Tenant, UserToken};
use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, Source};

use super::EmbeddedTarget;
use crate::{
    model::values::{RegistryServer, Values},
    target::TargetError,
};

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What is typed into the sign-in page.
    pub login: String,
    /// The mock's password, which opens nothing else.
    pub password: String,
}

/// Every access token that the users of a tenant could have.
#[derive(Clone, Debug)]
pub struct Tokens(Vec<UserToken>);

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The application that asked for the token.
    pub client: String,
    /// The scopes that it was granted.
    pub scopes: Vec<String>,
    /// The groups and roles in it.
    pub membership: Membership,
}

impl EmbeddedTarget {
    /// The tenant that is shipped under a name.
    #[must_use]
    pub fn shipped_tenant(name: &str) -> Option<Source> {
        let (name, text) = mock_idp::tenants::SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Some(Source::new(format!("mock-idp/tenants/{name}.yaml"), text))
    }

    /// The names of the shipped tenants.
    #[must_use]
    pub fn shipped_tenants() -> Vec<&'static str> {
        mock_idp::tenants::SHIPPED.iter().map(|(name, _)| *name).collect()
    }

    /// What is wrong with a tenant file.
    #[must_use]
    pub fn check_tenant(source: &Source) -> Diagnostics {
        match Tenant::parse(source) {
            Ok((_, warnings)) => warnings,
            Err(errors) => errors,
        }
    }

    /// Who can sign in there, in the order of the file.
    pub fn accounts(source: &Source) -> Result<Vec<Account>, Diagnostics> {
        let (tenant, _) = Tenant::parse(source)?;
        let account = |(login, password)| Account { login, password };
        Ok(tenant.passwords().into_iter().map(account).collect())
    }

    /// Under which issuers it issues, in the order of the file.
    pub fn issuers(source: &Source) -> Result<Vec<String>, Diagnostics> {
        Ok(Tenant::parse(source)?.0.issuers())
    }

    /// What the tokens of a tenant's users would say. With them come the warnings of the file.
    pub fn tokens(source: &Source) -> Result<(Tokens, Diagnostics), Diagnostics> {
        let (tenant, warnings) = Tenant::parse(source)?;
        Ok((Tokens(tenant.user_tokens()), warnings))
    }
}

impl Tokens {
    /// What somebody's tokens of an issuer for an audience say, as `reading` takes it.
    #[must_use]
    pub fn of(&self, login: &str, issuer: &str, audience: &str, reading: &Reading) -> Vec<Holding> {
        let fits = |token: &&UserToken| token.user == login && is_for(token, issuer, audience);
        let holding = |token: &UserToken| Holding {
            client: token.client.clone(),
            scopes: token.scopes.clone(),
            membership: reading.read(&token.claims),
        };
        self.0.iter().filter(fits).map(holding).collect()
    }

    /// The issuers and audiences of all of them, each pair once.
    #[must_use]
    pub fn issuers_and_audiences(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for token in &self.0 {
            let issuer = token.claims.get("iss").and_then(Json::as_str).unwrap_or_default();
            for audience in audiences(token) {
                let pair = (issuer.to_owned(), audience.to_owned());
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
        pairs
    }

    /// The applications that they are asked for by.
    #[must_use]
    pub fn clients(&self) -> Vec<&str> {
        let mut clients: Vec<&str> = self.0.iter().map(|token| token.client.as_str()).collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    }
}

fn is_for(token: &UserToken, issuer: &str, audience: &str) -> bool {
    token.claims.get("iss").and_then(Json::as_str) == Some(issuer)
        && audiences(token).any(|one| one == audience)
}

/// TOK-AUD: a string or an array.
fn audiences(token: &UserToken) -> impl Iterator<Item = &str> {
    let aud = token.claims.get("aud");
    let several = aud.and_then(Json::as_array).into_iter().flatten();
    aud.into_iter().chain(several).filter_map(Json::as_str)
}

/// Every issuer of the values is one of the tenant's: else nobody would answer under its name.
pub(in crate::target) fn fits(
    values: &Values,
    manifests: &Manifests,
    tenant: &Tenant,
) -> Result<(), TargetError> {
    let known = tenant.issuers();
    let manager = values.enterprise_manager.iter().map(|manager| manager.issuer.to_string());
    let issuers = manager.chain(values.cloud_ui.iter().map(|ui| ui.issuer.to_string()));
    let providers = values.registry_server.iter().flat_map(RegistryServer::providers);
    let issuers = issuers.chain(providers.map(|provider| provider.issuer.to_string()));
    let mut issuers = issuers.chain(manifests.oidc_configs.iter().map(|config| config.issuer.clone()));
    match issuers.find(|issuer| !known.iter().any(|known| known == issuer)) {
        None => Ok(()),
        Some(unknown) => {
            let known = known.join("`, `");
            Err(TargetError::Mismatch(format!("the tenant has no issuer `{unknown}`; it has `{known}`")))
        }
    }
}
