//! The verifier of one component: a request or a token in, a witness or a refusal out.
//!
//! It ties the pure verification to the issuer's keys over time and to the component's own cache. What an HTTP
//! answer to a refusal looks like is `challenge`'s matter, and whom it serves it does not know.

use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::Timestamp;
use serde_json::Map;
use url::Url;

use super::{
    bearer,
    cache::{Key, TokenCache, expectations_digest},
    claims::Window,
    expectations::Expectations,
    fetch::Fetch,
    header::KeyIdFault,
    introspection::introspect,
    keyset::KeySet,
    refusal::Refusal,
    source::{Current, KeySource},
    verified::VerifiedToken,
    verify::Presented,
};
use crate::{
    clock::Clock,
    model::rule::{Rule, Rules},
    net,
};

/// Verifies the access tokens of one component.
#[derive(Debug)]
pub struct Verifier {
    expected: Expectations,
    expected_digest: [u8; 32],
    rules: Rules,
    clock: Arc<dyn Clock>,
    fetch: Arc<dyn Fetch>,
    source: KeySource,
    cache: TokenCache,
}

impl Verifier {
    /// A verifier with a cache of its own (`TokenCache::default()`); it fetches nothing until a token comes.
    #[must_use]
    pub fn new(
        expected: Expectations,
        rules: Rules,
        clock: Arc<dyn Clock>,
        http: net::Client,
        cache: TokenCache,
    ) -> Self {
        Self::fetching(expected, rules, clock, Arc::new(http), cache)
    }

    /// The same over any way to fetch documents.
    #[must_use]
    pub fn fetching(
        expected: Expectations,
        rules: Rules,
        clock: Arc<dyn Clock>,
        fetch: Arc<dyn Fetch>,
        cache: TokenCache,
    ) -> Self {
        let source = KeySource::new(expected.issuer.clone(), rules, Arc::clone(&clock), Arc::clone(&fetch));
        let expected_digest = expectations_digest(&expected);
        Self { expected, expected_digest, rules, clock, fetch, source, cache }
    }

    /// Verifies the token of a request: its one `Authorization` header. Query and body are passed in only to be ignored
    /// (PLATFORM.md TOK-BEARER).
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Arc<VerifiedToken>, Refusal> {
        let token = bearer::credential(headers, query, body, self.rules)?;
        self.verify(&token).await
    }

    /// Verifies a token.
    pub async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, Refusal> {
        if let Some(known) = self.remembered(token) {
            return Ok(known);
        }
        let mut presented = match Presented::read(token, &self.expected, self.rules) {
            Err(Refusal::Opaque) if !self.rules.hold(Rule::TokOpaque) => {
                return self.introspect_opaque(token).await;
            }
            read => read?,
        };
        let (current, checked) = self.prove(&mut presented).await?;
        match checked {
            Ok(window) => {
                let verified = Arc::new(presented.accept(&self.expected, window));
                self.remember(token, current.as_ref(), &verified);
                Ok(verified)
            }
            Err(Refusal::Signature) if !self.rules.hold(Rule::TokJwt) => self.believe(token, presented).await,
            Err(refusal) => Err(refusal),
        }
    }

    /// What the component expects.
    #[must_use]
    pub fn expectations(&self) -> &Expectations {
        &self.expected
    }

    /// The switches it was made with.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Checks a token with the key set of now; where that does not know the `kid`, with the next one.
    async fn prove(
        &self,
        presented: &mut Presented<'_>,
    ) -> Result<(Option<Current>, Result<Window, Refusal>), Refusal> {
        if !presented.needs_keys() {
            return Ok((None, self.check(presented, &KeySet::default())));
        }
        let foreign;
        let source = match presented.issuer() {
            Some(issuer) if !self.rules.hold(Rule::TokReplay) && issuer != self.expected.issuer => {
                foreign =
                    KeySource::new(issuer, self.rules, Arc::clone(&self.clock), Arc::clone(&self.fetch));
                &foreign
            }
            _ => &self.source,
        };
        let mut current = source.current().await?;
        let mut checked = self.check(presented, &current.keys);
        if matches!(checked, Err(Refusal::KeyId(KeyIdFault::Unknown)))
            && !current.just_fetched
            && let Some(renewed) = source.renewed(current.generation).await?
        {
            checked = self.check(presented, &renewed.keys);
            current = renewed;
        }
        if matches!(checked, Err(Refusal::KeyId(KeyIdFault::Unknown))) && !self.rules.hold(Rule::TokKid) {
            presented.look_everywhere();
            checked = self.check(presented, &current.keys);
        }
        Ok((Some(current), checked))
    }

    fn check(&self, presented: &Presented<'_>, keys: &KeySet) -> Result<Window, Refusal> {
        presented.check(keys, &self.expected, self.rules, self.clock.now())
    }

    /// TOK-CACHE: the token, if this verifier has verified it with the keys of now.
    fn remembered(&self, token: &str) -> Option<Arc<VerifiedToken>> {
        let generation = match self.source.fresh() {
            Some(current) => current.generation,
            None if self.rules.hold(Rule::TokCache) => return None,
            None => 0,
        };
        let key = Key::new(token, generation, self.expected_digest, self.rules);
        self.cache.find(&key, self.clock.now())
    }

    fn remember(&self, token: &str, current: Option<&Current>, verified: &Arc<VerifiedToken>) {
        if let Some(current) = current.filter(|_| self.rules.hold(Rule::TokReplay)) {
            let key = Key::new(token, current.generation, self.expected_digest, self.rules);
            self.cache.remember(key, verified);
        }
    }

    /// TOK-OPAQUE broken.
    async fn introspect_opaque(&self, token: &str) -> Result<Arc<VerifiedToken>, Refusal> {
        let endpoint = self.introspection_endpoint().await?.ok_or(Refusal::Opaque)?;
        let claims = introspect(self.fetch.as_ref(), &endpoint, token).await.ok_or(Refusal::Opaque)?;
        Ok(Arc::new(VerifiedToken::witness(self.expected.issuer.clone(), Map::new(), claims, ALWAYS)))
    }

    /// TOK-JWT broken: what introspection calls active passes, and so does what merely says the right things.
    async fn believe(&self, token: &str, presented: Presented<'_>) -> Result<Arc<VerifiedToken>, Refusal> {
        let active = match self.introspection_endpoint().await? {
            Some(endpoint) => introspect(self.fetch.as_ref(), &endpoint, token).await.is_some(),
            None => false,
        };
        let window = if active {
            ALWAYS
        } else {
            presented.check_claims(&self.expected, self.rules, self.clock.now())?
        };
        Ok(Arc::new(presented.accept(&self.expected, window)))
    }

    async fn introspection_endpoint(&self) -> Result<Option<Url>, Refusal> {
        Ok(self.source.current().await?.introspection_endpoint)
    }
}

/// The window of what nobody checked.
const ALWAYS: Window = Window { not_before: Timestamp::MIN, expires: Timestamp::MAX };

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header::AUTHORIZATION};
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;
    use crate::{
        model::identifier::{Audience, Issuer},
        token::fixture::{ISSUER, Scene, claims, start},
    };

    #[tokio::test]
    async fn a_request_is_authenticated_by_its_header() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        let mut headers = HeaderMap::new();
        assert_eq!(verifier.authenticate(&headers, None, b"").await.err(), Some(Refusal::NoCredential));
        let credentials =
            HeaderValue::from_str(&format!("bearer {}", scene.token())).expect("a header value");
        headers.insert(AUTHORIZATION, credentials.clone());
        let token =
            verifier.authenticate(&headers, Some("access_token=other"), b"").await.expect("a good token");
        assert_eq!(token.subject(), Some("alice"));
        headers.append(AUTHORIZATION, credentials);
        assert_eq!(verifier.authenticate(&headers, None, b"").await.err(), Some(Refusal::TwoCredentials));
    }

    #[tokio::test]
    async fn a_verified_token_is_remembered_until_it_expires() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        let token = scene.signer.token(&claims(&json!({ "exp": start().as_second() + 60 })));
        let first = verifier.verify(&token).await.expect("a good token");
        let second = verifier.verify(&token).await.expect("a good token");
        assert!(Arc::ptr_eq(&first, &second));
        scene.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(verifier.verify(&token).await.expect_err("expired").rule(), Rule::TokExp);
    }

    #[tokio::test]
    async fn a_remembered_token_does_not_count_before_its_time() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        let token = scene.signer.token(&claims(&json!({ "nbf": start().as_second() })));
        verifier.verify(&token).await.expect("a good token");
        scene.clock.advance(SignedDuration::from_secs(-1));
        assert_eq!(verifier.verify(&token).await.expect_err("not yet").rule(), Rule::TokExp);
    }

    #[tokio::test]
    async fn a_refused_token_is_not_remembered_and_a_changed_one_not_taken_for_it() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        let token = scene.token();
        let future = scene.signer.token(&claims(&json!({ "nbf": start().as_second() + 60 })));
        verifier.verify(&token).await.expect("a good token");
        verifier.verify(&future).await.expect_err("not yet");
        verifier.verify(&format!("{token}A")).await.expect_err("another signature");
        scene.clock.advance(SignedDuration::from_secs(60));
        verifier.verify(&future).await.expect("its time has come");
    }

    #[tokio::test]
    async fn a_cache_shared_by_mistake_answers_for_nobody_else() {
        let scene = Scene::new(Rules::ALL);
        let shared = TokenCache::default();
        let base = Expectations::new(Issuer::new(ISSUER), Audience::new("enterprise-manager"));
        let both = scene.signer.token(&claims(&json!({ "scp": null, "sub": null })));
        scene.verifier_of(base.clone(), shared.clone()).verify(&both).await.expect("a good token");
        for (other, rule) in [
            (Expectations { audience: Some(Audience::new("registry")), ..base.clone() }, Rule::TokAud),
            (
                Expectations { scope: crate::token::fixture::expectations().scope, ..base.clone() },
                Rule::TokScope,
            ),
            (Expectations { subject_required: true, ..base.clone() }, Rule::TokSub),
            (Expectations { issuer: Issuer::new("https://other.test"), ..base.clone() }, Rule::TokIss),
        ] {
            let verifier = scene.verifier_of(other, shared.clone());
            let outcome = verifier.verify(&both).await.map(|_| ());
            let refusal = outcome.expect_err("another component's answer");
            assert_eq!(refusal.rule(), rule);
        }
    }

    #[tokio::test]
    async fn a_token_for_both_passes_both_and_a_siblings_passes_none() {
        let scene = Scene::new(Rules::ALL);
        let of = |audience: &str| {
            scene.verifier_of(
                Expectations::new(Issuer::new(ISSUER), Audience::new(audience)),
                TokenCache::default(),
            )
        };
        let (one, two) = (of("one"), of("two"));
        let both = scene.signer.token(&claims(&json!({ "aud": ["one", "two"] })));
        let first = scene.signer.token(&claims(&json!({ "aud": "one" })));
        for _ in ["cold", "warm"] {
            assert!(one.verify(&both).await.is_ok() && two.verify(&both).await.is_ok());
            assert!(one.verify(&first).await.is_ok());
            assert_eq!(two.verify(&first).await.expect_err("a sibling's").rule(), Rule::TokAud);
        }
    }
}
