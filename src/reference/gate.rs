//! The edge of a protected resource: who is admitted, what a refusal looks like, where the metadata is.
//!
//! Verification is `token`'s; this file turns its results into HTTP. It knows no endpoint.

use std::{
    slice,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde_json::{Value as Json, json};

use super::{Surroundings, answer};
use crate::{
    model::{
        identifier::{Issuer, Scope},
        resource_url::ResourceUrl,
        rule::{Rule, Rules},
    },
    token::{Challenge, Expectations, ProtectedResource, Refusal, TokenCache, VerifiedToken, Verifier},
};

/// As much of a form as is read, in bytes.
const MOST_FORM: usize = 64 << 10;

/// One resource's gate.
#[derive(Debug)]
pub(super) struct Gate {
    resource: ResourceUrl,
    expectations: Expectations,
    surroundings: Surroundings,
    verifier: RwLock<Arc<Verifier>>,
}

/// The rule that refused a request; travels inside the response to the journal, never to the caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefusedBy(pub(super) Rule);

impl Gate {
    pub(super) fn new(resource: ResourceUrl, expectations: Expectations, surroundings: Surroundings) -> Self {
        let verifier = verifier(&expectations, &surroundings, surroundings.tokens.clone());
        Self { resource, expectations, surroundings, verifier: RwLock::new(verifier) }
    }

    /// Verifies the token of a request, or makes the refusal (TOK-REFUSAL). The body is read only where TOK-BEARER is
    /// broken.
    pub(super) async fn admit(&self, request: Request) -> Result<Arc<VerifiedToken>, Response> {
        let (parts, body) = request.into_parts();
        let body = if self.rules().hold(Rule::TokBearer) {
            Bytes::new()
        } else {
            to_bytes(body, MOST_FORM).await.unwrap_or_default()
        };
        self.verified(&parts.headers, parts.uri.query(), &body).await
    }

    /// The same of a request whose body is for somebody else.
    pub(super) async fn admit_head(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Arc<VerifiedToken>, Response> {
        self.verified(headers, query, &[]).await
    }

    /// The same, for a resource whose refusals have a form of their own.
    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Arc<VerifiedToken>, Refusal> {
        self.verifier().authenticate(headers, query, body).await
    }

    /// Verifies a token that came otherwise than in a request's header, by the same rules.
    pub(super) async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, Refusal> {
        self.verifier().verify(token).await
    }

    async fn verified(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Arc<VerifiedToken>, Response> {
        self.authenticate(headers, query, body).await.map_err(|refusal| self.refuse(&refusal))
    }

    fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// TOK-PRM: whose tokens the resource takes. `scopes` is what a client requests.
    pub(super) fn metadata(&self, scopes: &[String]) -> Response {
        metadata(&self.resource, slice::from_ref(&self.expectations.issuer), scopes, self.rules())
    }

    /// Forgets every verified token and every key, as a restart does.
    pub(super) fn reset(&self) {
        let fresh = if self.rules().hold(Rule::TokCache) {
            TokenCache::default()
        } else {
            self.surroundings.tokens.clone()
        };
        *self.verifier.write().unwrap_or_else(PoisonError::into_inner) =
            verifier(&self.expectations, &self.surroundings, fresh);
    }

    pub(super) fn rules(&self) -> Rules {
        self.surroundings.rules
    }

    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        let facts = ProtectedResource {
            realm: self.expectations.issuer.as_str().to_owned(),
            metadata: self.resource.metadata_url(),
            scope: self.expectations.scope.clone(),
        };
        challenge(refusal, &facts, self.rules(), None)
    }
}

/// TOK-REFUSAL, with another body where the resource has its own.
pub(super) fn challenge(
    refusal: &Refusal,
    facts: &ProtectedResource,
    rules: Rules,
    own_body: Option<&Json>,
) -> Response {
    let Challenge { status, www_authenticate, body } = Challenge::new(refusal, facts, rules);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
    let body = body.map(|body| own_body.map_or(body, Json::to_string));
    let response = match body {
        Some(body) => answer::typed(status, Challenge::CONTENT_TYPE, body),
        None => status.into_response(),
    };
    let mut response = answer::with_header(response, WWW_AUTHENTICATE, &www_authenticate);
    response.extensions_mut().insert(RefusedBy(refusal.rule()));
    response
}

/// TOK-PRM, RFC 9728 §3.2: lists without a member are left out.
pub(super) fn metadata(
    resource: &ResourceUrl,
    issuers: &[Issuer],
    scopes: &[String],
    rules: Rules,
) -> Response {
    let resource =
        if rules.hold(Rule::TokPrm) { resource.as_str() } else { "https://another-resource.example.com" };
    let mut document = json!({
        "resource": resource,
        "authorization_servers": issuers,
        "bearer_methods_supported": ["header"],
    });
    if let (false, Json::Object(members)) = (scopes.is_empty(), &mut document) {
        members.insert("scopes_supported".to_owned(), scopes.into());
    }
    answer::document(&document)
}

fn verifier(expectations: &Expectations, surroundings: &Surroundings, tokens: TokenCache) -> Arc<Verifier> {
    let Surroundings { rules, clock, http, .. } = surroundings;
    Arc::new(Verifier::new(expectations.clone(), *rules, Arc::clone(clock), http.clone(), tokens))
}

/// TOK-SCOPE-ONLY-EM: a resource other than the Manager asks for no scope; broken, for the Manager's.
pub(super) fn scope_beside_the_manager(rules: Rules, managers: Option<&Scope>) -> Option<Scope> {
    if rules.hold(Rule::TokScopeOnlyEm) { None } else { managers.cloned() }
}
