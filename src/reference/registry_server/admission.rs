//! Who is let in: a token is held against the providers of its own issuer, and a refusal has the Registry Server's form
//! (RS-401).

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request},
    response::Response,
};
use jiff::SignedDuration;
use mcp_policy::claims::Reading;
use serde_json::json;

use super::{
    Parts,
    caller::{Bearer, Caller},
    failure,
};
use crate::{
    model::{
        identifier::{Issuer, Scope},
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
        values::registry_server::{Auth, OAuth, Provider, RoleRules},
    },
    reference::{
        Surroundings,
        gate::{self, Gate, scope_beside_the_manager},
    },
    token::{Expectations, ProtectedResource, Refusal, TokenCache, VerifiedToken},
};

/// The edge of the Registry Server.
#[derive(Debug)]
pub(super) enum Admission {
    /// Nobody is asked for a token.
    Anonymous,
    /// By the tokens of the providers.
    OAuth(Box<Providers>),
}

/// The providers, each with a verifier of its own.
#[derive(Debug)]
pub(super) struct Providers {
    gates: Vec<Gate>,
    issuers: Vec<Issuer>,
    resource: ResourceUrl,
    realm: String,
    roles: RoleRules,
    reading: Reading,
    rules: Rules,
}

impl Admission {
    pub(super) fn new(
        auth: &Auth,
        reading: Reading,
        managers_scope: Option<&Scope>,
        surroundings: &Surroundings,
    ) -> Self {
        match auth {
            Auth::Anonymous => Self::Anonymous,
            Auth::OAuth(oauth) => {
                Self::OAuth(Box::new(Providers::new(oauth, reading, managers_scope, surroundings)))
            }
        }
    }

    pub(super) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    /// TOK-PRM. Without providers there is nothing to say.
    pub(super) fn metadata(&self) -> Response {
        match self {
            Self::Anonymous => failure::refusal(StatusCode::NOT_FOUND, "there is nothing at this path"),
            Self::OAuth(providers) => {
                let Providers { resource, issuers, rules, .. } = &**providers;
                gate::metadata(resource, issuers, &[], *rules)
            }
        }
    }

    /// Forgets every verified token and every key, as a restart does.
    pub(super) fn reset(&self) {
        if let Self::OAuth(providers) = self {
            providers.gates.iter().for_each(Gate::reset);
        }
    }

    async fn admit(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Caller, Response> {
        let Self::OAuth(providers) = self else { return Ok(Caller::Anybody) };
        match providers.verify(headers, query).await {
            Ok(token) => {
                let claims = token.claims().clone();
                Ok(Caller::Bearer(Bearer::new(claims, &providers.reading, &providers.roles, providers.rules)))
            }
            Err(refusal) => Err(providers.refuse(&refusal)),
        }
    }
}

impl Providers {
    fn new(
        oauth: &OAuth,
        reading: Reading,
        managers_scope: Option<&Scope>,
        surroundings: &Surroundings,
    ) -> Self {
        let rules = surroundings.rules;
        let gate = |(number, provider): (usize, &Provider)| {
            let expectations = Expectations {
                issuer: provider.issuer.clone(),
                audience: provider.audience.clone(),
                scope: scope_beside_the_manager(rules, managers_scope),
                subject_required: false,
                leeway: SignedDuration::ZERO,
            };
            let mut own = surroundings.clone();
            if number > 0 && rules.hold(Rule::TokCache) {
                own.tokens = TokenCache::default();
            }
            Gate::new(oauth.resource_url.clone(), expectations, own)
        };
        Self {
            gates: oauth.providers.iter().enumerate().map(gate).collect(),
            issuers: issuers(oauth),
            resource: oauth.resource_url.clone(),
            realm: oauth.realm.clone(),
            roles: oauth.roles.clone(),
            reading,
            rules,
        }
    }

    /// A provider of another issuer refuses a token for that before it looks at any key, so that of all providers only
    /// those of the token's own issuer try it.
    async fn verify(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Arc<VerifiedToken>, Refusal> {
        let mut told = None;
        for gate in &self.gates {
            match gate.authenticate(headers, query, &[]).await {
                Ok(token) => return Ok(token),
                Err(refusal) if matches!(told, None | Some(Refusal::Issuer(_))) => told = Some(refusal),
                Err(_) => {}
            }
        }
        Err(told.unwrap_or(Refusal::NoCredential))
    }

    /// RS-401: the statuses and the challenge of TOK-REFUSAL, under the configured realm and with a body of its own.
    fn refuse(&self, refusal: &Refusal) -> Response {
        let facts = ProtectedResource {
            realm: self.realm.clone(),
            metadata: self.resource.at(super::METADATA),
            scope: None,
        };
        let words = match refusal.status() {
            400 => "the Authorization header is malformed",
            _ => "token validation failed",
        };
        let body = json!({ "error": words });
        let own = self.rules.hold(Rule::Rs401).then_some(&body);
        gate::challenge(refusal, &facts, self.rules, own)
    }
}

/// Each once, in the order of the providers.
fn issuers(oauth: &OAuth) -> Vec<Issuer> {
    let mut issuers: Vec<Issuer> = Vec::new();
    for provider in &oauth.providers {
        if !issuers.contains(&provider.issuer) {
            issuers.push(provider.issuer.clone());
        }
    }
    issuers
}

impl FromRequestParts<Arc<Parts>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(
        request: &mut request::Parts,
        server: &Arc<Parts>,
    ) -> Result<Self, Self::Rejection> {
        server.admission.admit(&request.headers, request.uri.query()).await
    }
}
