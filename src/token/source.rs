//! An issuer's key set over time: PLATFORM.md TOK-KEYSET, with TOK-KEYSET-FAULT for what goes wrong, and the fetches
//! that TOK-KID allows.
//!
//! Nothing runs in the background; every decision is taken when a token comes, by the Clock:
//! - A set is fresh for its age, then fetched anew, discovery first. One fetch at a time; whoever waits for it shares
//!   its outcome.
//! - A fetch that fails changes nothing: the last good set serves for 15 minutes more, and meanwhile a fetch is tried
//!   once a second at most. After that, and at a cold start, every token is refused and every request tries again, so
//!   that the first request after an outage heals it.
//! - Metadata that contradicts the configuration drops the good set at once (TOK-META: "no token is accepted").
//! - A `kid` that is not in the set causes a fetch, at most one in 30 seconds.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    discovery,
    fetch::{Fetch, FetchFault},
    jwks,
    keyset::KeySet,
    refusal::Refusal,
};
use crate::{
    clock::Clock,
    model::{
        identifier::Issuer,
        rule::{Rule, Rules},
    },
};

/// How long the last good set serves past its age.
const STALE_LIMIT: SignedDuration = SignedDuration::from_mins(15);
/// How soon a failed fetch is tried again while the last good set serves.
const RETRY: SignedDuration = SignedDuration::from_secs(1);
/// How often unknown `kid`s may cause a fetch.
const UNKNOWN_KID: SignedDuration = SignedDuration::from_secs(30);

/// The keys of one issuer.
pub(super) struct KeySource {
    issuer: Issuer,
    rules: Rules,
    clock: Arc<dyn Clock>,
    fetch: Arc<dyn Fetch>,
    state: Mutex<State>,
    /// Held by the one fetch that is under way.
    flight: tokio::sync::Mutex<()>,
}

/// The key set that a token is to be verified with.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) keys: Arc<KeySet>,
    /// Counts the changes of the set.
    pub(super) generation: u64,
    /// Fetched for this very request: another fetch would say the same.
    pub(super) just_fetched: bool,
    /// Never used while TOK-JWT and TOK-OPAQUE hold.
    pub(super) introspection_endpoint: Option<Url>,
}

#[derive(Default)]
struct State {
    good: Option<Good>,
    generation: u64,
    /// Counts the fetches that ended, so that who waited for one knows that it ended.
    fetches: u64,
    failure: Option<(Timestamp, Refusal)>,
    unknown_kid: Option<Timestamp>,
}

struct Good {
    keys: Arc<KeySet>,
    document: Vec<u8>,
    introspection_endpoint: Option<Url>,
    fetched: Timestamp,
    age: SignedDuration,
}

impl KeySource {
    pub(super) fn new(issuer: Issuer, rules: Rules, clock: Arc<dyn Clock>, fetch: Arc<dyn Fetch>) -> Self {
        let (state, flight) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { issuer, rules, clock, fetch, state, flight }
    }

    /// The set, if it is fresh: no fetch, no wait.
    pub(super) fn fresh(&self) -> Option<Current> {
        let kept = self.rules.hold(Rule::TokKeyset);
        if kept { self.state().fresh(self.clock.now()) } else { None }
    }

    /// The set to verify with: fresh, or fetched now, or the last good one within its limit.
    pub(super) async fn current(&self) -> Result<Current, Refusal> {
        if !self.rules.hold(Rule::TokKeyset) {
            return self.fetched(|state, _, failure| failure.map_or_else(|| state.any(), Err)).await;
        }
        let seen = {
            let state = self.state();
            if let Some(current) = state.fresh(self.clock.now()) {
                return Ok(current);
            }
            state.fetches
        };
        let _flight = self.flight.lock().await;
        {
            let (state, now) = (self.state(), self.clock.now());
            let shared = state.fetches != seen;
            if let Some(current) = state.fresh(now) {
                return Ok(Current { just_fetched: shared, ..current });
            }
            if shared || state.failed_within(RETRY, now) {
                if let Some(stale) = state.stale(now, self.rules) {
                    return Ok(stale);
                }
                if let (true, Some((_, refusal))) = (shared, &state.failure) {
                    return Err(refusal.clone());
                }
            }
        }
        self.fetched(|state, now, failure| match failure {
            None => state.any(),
            Some(refusal) => state.stale(now, self.rules).ok_or(refusal),
        })
        .await
    }

    /// Another set than the one of `generation`, for a `kid` that is not in that; nothing if there is none, or if
    /// unknown `kid`s have caused a fetch already.
    pub(super) async fn renewed(&self, generation: u64) -> Result<Option<Current>, Refusal> {
        let _flight = self.flight.lock().await;
        {
            let (mut state, now) = (self.state(), self.clock.now());
            if state.generation != generation {
                return Ok(state.fresh(now));
            }
            if state.unknown_kid.is_some_and(|last| within(UNKNOWN_KID, last, now)) {
                return Ok(None);
            }
            state.unknown_kid = Some(now);
        }
        let outcome = self.fetched(|state, _, failure| failure.map_or_else(|| state.any(), Err)).await;
        match outcome {
            Ok(current) => Ok(Some(current)),
            Err(refusal @ Refusal::Metadata(_)) => Err(refusal),
            Err(_) => Ok(None),
        }
    }

    /// Fetches, keeps what came, and asks what that means.
    async fn fetched<T>(
        &self,
        meaning: impl FnOnce(&State, Timestamp, Option<Refusal>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let outcome = self.load().await;
        let (mut state, now) = (self.state(), self.clock.now());
        let failure = state.keep(outcome, now, self.rules).err();
        meaning(&state, now, failure)
    }

    async fn load(&self) -> Result<(jwks::Fetched, Option<Url>), Refusal> {
        let fetch = self.fetch.as_ref();
        let metadata = discovery::discover(fetch, &self.issuer, self.rules).await?;
        let fetched = jwks::fetch(fetch, &metadata.jwks_uri, self.rules).await?;
        Ok((fetched, metadata.introspection_endpoint))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The set, within its age. A clock that was set back makes it stale too.
    fn fresh(&self, now: Timestamp) -> Option<Current> {
        let good = self.good.as_ref()?;
        within(good.age, good.fetched, now).then(|| self.current(good))
    }

    /// The set, within its age and the limit past it; with TOK-KEYSET-FAULT broken, for ever.
    fn stale(&self, now: Timestamp, rules: Rules) -> Option<Current> {
        let good = self.good.as_ref()?;
        let within = now.duration_since(good.fetched) < good.age + STALE_LIMIT;
        (within || !rules.hold(Rule::TokKeysetFault)).then(|| self.current(good))
    }

    /// The set just kept.
    fn any(&self) -> Result<Current, Refusal> {
        let kept = self.good.as_ref().map(|good| Current { just_fetched: true, ..self.current(good) });
        kept.ok_or(Refusal::KeySet(FetchFault::NoKeys))
    }

    fn current(&self, good: &Good) -> Current {
        Current {
            keys: Arc::clone(&good.keys),
            generation: self.generation,
            just_fetched: false,
            introspection_endpoint: good.introspection_endpoint.clone(),
        }
    }

    fn failed_within(&self, time: SignedDuration, now: Timestamp) -> bool {
        self.failure.as_ref().is_some_and(|(at, _)| within(time, *at, now))
    }

    /// A good outcome replaces the set; a bad one does not, unless the metadata contradicts the configuration. With
    /// TOK-KEYSET-FAULT broken, a bad answer is a set without keys, and none where none was before a failure.
    fn keep(
        &mut self,
        outcome: Result<(jwks::Fetched, Option<Url>), Refusal>,
        now: Timestamp,
        rules: Rules,
    ) -> Result<(), Refusal> {
        self.fetches = self.fetches.wrapping_add(1);
        match outcome {
            Ok((fetched, introspection_endpoint)) => {
                if self.good.as_ref().is_none_or(|good| good.document != fetched.document) {
                    self.generation = self.generation.wrapping_add(1);
                }
                let (keys, document, age) = (Arc::new(fetched.keys), fetched.document, fetched.age);
                self.good = Some(Good { keys, document, introspection_endpoint, fetched: now, age });
                self.failure = None;
                Ok(())
            }
            Err(mut refusal) => {
                match refusal {
                    Refusal::Metadata(_) => self.good = None,
                    Refusal::KeySet(FetchFault::Unreachable)
                        if self.good.is_none() && !rules.hold(Rule::TokKeysetFault) =>
                    {
                        refusal = Refusal::Failure;
                    }
                    Refusal::KeySet(FetchFault::Unreachable) => {}
                    _ if rules.hold(Rule::TokKeysetFault) => {}
                    _ => self.empty(now),
                }
                self.failure = Some((now, refusal.clone()));
                Err(refusal)
            }
        }
    }

    /// A bad answer taken for a set without keys.
    fn empty(&mut self, now: Timestamp) {
        self.generation = self.generation.wrapping_add(1);
        self.good = Some(Good {
            keys: Arc::default(),
            document: Vec::new(),
            introspection_endpoint: None,
            fetched: now,
            age: jwks::DEFAULT_AGE,
        });
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Less than `time` has passed; no, if time went backwards.
fn within(time: SignedDuration, since: Timestamp, now: Timestamp) -> bool {
    let passed = now.duration_since(since);
    !passed.is_negative() && passed < time
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::{
        Answer, FetchFault, MetadataFault, Verifier,
        fixture::{FakeIdp, ISSUER, Scene, Signer, claims, json_answer, jwks},
    };

    /// What an identity provider does to contradict the configuration.
    type Break = Box<dyn Fn(&FakeIdp)>;

    async fn seen(verifier: &Verifier, token: &str) -> &'static str {
        match verifier.verify(token).await {
            Ok(_) => "accepted",
            Err(refusal) => {
                assert_eq!(refusal.status(), 401);
                refusal.rule().id()
            }
        }
    }

    fn aged(cache_control: &str, signer: &Signer) -> Answer {
        Answer { cache_control: Some(cache_control.to_owned()), ..json_answer(&jwks(&[signer.jwk()])) }
    }

    #[tokio::test]
    async fn a_set_is_kept_for_its_age() {
        let scene = Scene::new(Rules::ALL);
        scene.idp.answer_jwks(aged("max-age=600", &scene.signer));
        let (verifier, token) = (scene.verifier(), scene.token());
        for (minutes, fetches) in [(0, 1), (9, 1), (1, 2), (9, 2), (1, 3)] {
            scene.advance(minutes);
            assert_eq!(seen(&verifier, &token).await, "accepted");
            assert_eq!(scene.idp.key_fetches(), fetches);
        }
    }

    #[tokio::test]
    async fn a_clock_set_back_makes_a_set_stale() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, token) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &token).await, "accepted");
        scene.advance(-60);
        assert_eq!(seen(&verifier, &token).await, "accepted");
        assert_eq!(scene.idp.key_fetches(), 2);
    }

    #[tokio::test]
    async fn a_bad_fetch_never_replaces_a_good_set() {
        let html =
            Answer { content_type: Some("text/html".to_owned()), ..json_answer("<html>maintenance</html>") };
        let server_error = Answer { status: 500, ..json_answer("{}") };
        let huge = json_answer(&format!("{}{}", jwks(&[Signer::es256("x").jwk()]), " ".repeat(1_048_576)));
        let elsewhere =
            Answer { status: 302, location: Some("/maintenance".to_owned()), ..Answer::default() };
        for bad in [
            Ok(html),
            Ok(server_error),
            Ok(huge),
            Ok(elsewhere),
            Ok(Answer { content_type: None, ..json_answer(&jwks(&[Signer::es256("x").jwk()])) }),
            Ok(json_answer("")),
            Ok(json_answer("{}")),
            Ok(json_answer(r#"{"keys":[]}"#)),
            Ok(json_answer(r#"{"keys":[{"kty":"OKP","kid":"one"}]}"#)),
            Err(FetchFault::Unreachable),
            Err(FetchFault::TooLarge),
        ] {
            let scene = Scene::new(Rules::ALL);
            let (verifier, token) = (scene.verifier(), scene.token());
            assert_eq!(seen(&verifier, &token).await, "accepted");
            let what = format!("{:.100}", format!("{bad:?}"));
            match bad {
                Ok(answer) => scene.idp.answer_jwks(answer),
                Err(fault) => scene.idp.fail_jwks(fault),
            }
            scene.advance(6);
            assert_eq!(seen(&verifier, &token).await, "accepted", "{what}");
            scene.advance(13);
            assert_eq!(seen(&verifier, &token).await, "accepted", "{what}");
            scene.advance(1); // the age of 5 minutes and the limit of 15
            assert_eq!(seen(&verifier, &token).await, "TOK-KEYSET-FAULT", "{what}");
            scene.idp.serve(&[scene.signer.jwk()]);
            assert_eq!(seen(&verifier, &token).await, "accepted", "{what}");
        }
    }

    #[tokio::test]
    async fn the_limits_of_a_bad_fetch_held_and_broken() {
        let (held, broken) = (Rules::ALL, Rules::without(Rule::TokKeysetFault));
        let html =
            Answer { content_type: Some("text/html".to_owned()), ..json_answer("<html>maintenance</html>") };
        let bad: [(&str, Result<Answer, FetchFault>); 6] = [
            ("silence", Err(FetchFault::Unreachable)),
            ("html", Ok(html)),
            ("500", Ok(Answer { status: 500, ..json_answer("{}") })),
            ("huge", Err(FetchFault::TooLarge)),
            ("empty", Ok(json_answer(r#"{"keys":[]}"#))),
            ("no JSON", Ok(json_answer(""))),
        ];
        for (what, bad) in bad {
            for rules in [held, broken] {
                let scene = Scene::new(rules);
                let (verifier, token) = (scene.verifier(), scene.token());
                assert_eq!(seen(&verifier, &token).await, "accepted", "the control");
                match bad.clone() {
                    Ok(answer) => scene.idp.answer_jwks(answer),
                    Err(fault) => scene.idp.fail_jwks(fault),
                }
                // Past the age of 5 minutes; past the limit of 15 after it.
                scene.advance(6);
                let soon = seen(&verifier, &token).await;
                scene.advance(14);
                let late = seen(&verifier, &token).await;
                let expected = match (rules == held, what) {
                    (true, _) => ("accepted", "TOK-KEYSET-FAULT"),
                    (false, "silence") => ("accepted", "accepted"),
                    (false, _) => ("TOK-KID", "TOK-KID"),
                };
                assert_eq!((soon, late), expected, "{what}, {rules:?}");
                scene.idp.serve(&[scene.signer.jwk()]);
                scene.advance(6);
                assert_eq!(seen(&verifier, &token).await, "accepted", "it heals: {what}, {rules:?}");
            }
        }
    }

    #[tokio::test]
    async fn while_the_last_good_set_serves_a_fetch_is_tried_once_a_second() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, token) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &token).await, "accepted");
        scene.idp.fail_jwks(FetchFault::Unreachable);
        scene.advance(6);
        for _ in 0..10 {
            assert_eq!(seen(&verifier, &token).await, "accepted");
        }
        assert_eq!(scene.idp.key_fetches(), 2);
        scene.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(seen(&verifier, &token).await, "accepted");
        assert_eq!(scene.idp.key_fetches(), 3);
    }

    #[tokio::test]
    async fn a_cold_start_heals_at_the_next_request() {
        let scene = Scene::new(Rules::ALL);
        scene.idp.fail_jwks(FetchFault::Unreachable);
        let (verifier, token) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &token).await, "TOK-KEYSET-FAULT");
        scene.idp.serve(&[scene.signer.jwk()]);
        assert_eq!(seen(&verifier, &token).await, "accepted");
    }

    #[tokio::test]
    async fn concurrent_cold_starts_fetch_once() {
        for works in [true, false] {
            let scene = Scene::new(Rules::ALL);
            if !works {
                scene.idp.fail_jwks(FetchFault::Unreachable);
            }
            let (verifier, token) = (Arc::new(scene.verifier()), Arc::new(scene.token()));
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..50 {
                let (verifier, token) = (Arc::clone(&verifier), Arc::clone(&token));
                tasks.spawn(async move { seen(&verifier, &token).await });
            }
            let expected = if works { "accepted" } else { "TOK-KEYSET-FAULT" };
            assert!(tasks.join_all().await.into_iter().all(|outcome| outcome == expected));
            assert_eq!(scene.idp.key_fetches(), 1);
        }
    }

    #[tokio::test]
    async fn a_rotation_is_noticed_by_the_first_token_of_the_new_key() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, old) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &old).await, "accepted");
        let next = Signer::es256("two");
        let new = next.token(&claims(&json!({})));
        scene.idp.serve(&[scene.signer.jwk(), next.jwk()]);
        assert_eq!(seen(&verifier, &new).await, "accepted");
        assert_eq!(seen(&verifier, &old).await, "accepted");
        assert_eq!(scene.idp.key_fetches(), 2);
    }

    #[tokio::test]
    async fn a_removed_key_stops_and_its_cached_tokens_with_it() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, old) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &old).await, "accepted");
        let next = Signer::es256("two");
        scene.idp.serve(&[next.jwk()]);
        assert_eq!(seen(&verifier, &old).await, "accepted"); // within the age of 5 minutes
        scene.advance(5);
        assert_eq!(seen(&verifier, &old).await, "TOK-KID");
        assert_eq!(seen(&verifier, &next.token(&claims(&json!({})))).await, "accepted");
    }

    #[tokio::test]
    async fn a_flood_of_unknown_kids_fetches_once_in_30_seconds() {
        let scene = Scene::new(Rules::ALL);
        let verifier = Arc::new(scene.verifier());
        assert_eq!(seen(&verifier, &scene.token()).await, "accepted");
        let stranger = Signer::es256("x");
        let token = |kid: usize| stranger.token_with(&json!({ "kid": kid.to_string() }), &claims(&json!({})));
        let mut tasks = tokio::task::JoinSet::new();
        for kid in 0..50 {
            let (verifier, token) = (Arc::clone(&verifier), token(kid));
            tasks.spawn(async move { seen(&verifier, &token).await });
        }
        assert!(tasks.join_all().await.into_iter().all(|outcome| outcome == "TOK-KID"));
        assert_eq!(scene.idp.key_fetches(), 2);
        for (seconds, fetches) in [(29, 2), (1, 3), (1, 3)] {
            scene.clock.advance(SignedDuration::from_secs(seconds));
            assert_eq!(seen(&verifier, &token(99)).await, "TOK-KID");
            assert_eq!(scene.idp.key_fetches(), fetches);
        }
    }

    #[tokio::test]
    async fn an_unknown_kid_at_a_cold_start_fetches_no_second_time() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        let token = Signer::es256("x").token(&claims(&json!({})));
        assert_eq!(seen(&verifier, &token).await, "TOK-KID");
        assert_eq!(scene.idp.key_fetches(), 1);
    }

    #[tokio::test]
    async fn an_unknown_kid_during_an_outage_takes_nothing_away() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, token) = (scene.verifier(), scene.token());
        assert_eq!(seen(&verifier, &token).await, "accepted");
        scene.idp.fail_jwks(FetchFault::Unreachable);
        assert_eq!(seen(&verifier, &Signer::es256("x").token(&claims(&json!({})))).await, "TOK-KID");
        assert_eq!(seen(&verifier, &token).await, "accepted");
    }

    #[tokio::test]
    async fn what_is_refused_without_a_key_asks_for_none() {
        let scene = Scene::new(Rules::ALL);
        let verifier = scene.verifier();
        for (token, expected) in [
            ("opaque".to_owned(), "TOK-OPAQUE"),
            ("a.b".to_owned(), "TOK-FORM"),
            (scene.signer.token(&claims(&json!({ "iss": "https://other.test" }))), "TOK-ISS"),
            (scene.signer.token_with(&json!({ "kid": null }), &claims(&json!({}))), "TOK-KID"),
        ] {
            assert_eq!(seen(&verifier, &token).await, expected);
        }
        assert!(scene.idp.asked().is_empty());
    }

    #[tokio::test]
    async fn a_header_is_never_an_address() {
        let scene = Scene::new(Rules::ALL);
        let header = json!({ "jku": "https://attacker.test/jwks", "x5u": "https://attacker.test/x5u" });
        let token = Signer::es256("x").token_with(&header, &claims(&json!({})));
        assert_eq!(seen(&scene.verifier(), &token).await, "TOK-KID");
        assert!(scene.idp.asked().iter().all(|url| url.starts_with(ISSUER)), "{:?}", scene.idp.asked());
    }

    #[tokio::test]
    async fn metadata_that_contradicts_lets_no_token_in() {
        let jwks_uri = format!("{ISSUER}/keys");
        let redirect = |to: &str| Answer { status: 307, location: Some(to.to_owned()), ..Answer::default() };
        let document = |issuer: &str, jwks_uri: &str| -> Break {
            let document = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
            Box::new(move |idp| idp.discover(&document))
        };
        let away = redirect("https://elsewhere.test/");
        let keys_away = away.clone();
        let breaks: [(Break, MetadataFault); 7] = [
            (document(&format!("{ISSUER}/"), &jwks_uri), MetadataFault::Issuer),
            (document("https://IDP.test/tenant", &jwks_uri), MetadataFault::Issuer),
            (document(ISSUER, "http://idp.test/tenant/keys"), MetadataFault::JwksUri),
            (document(ISSUER, "/tenant/keys"), MetadataFault::JwksUri),
            (Box::new(|idp| idp.discover(&json!({ "issuer": ISSUER }))), MetadataFault::JwksUri),
            (Box::new(move |idp| idp.answer_discovery(away.clone())), MetadataFault::Redirect),
            (Box::new(move |idp| idp.answer_jwks(keys_away.clone())), MetadataFault::Redirect),
        ];
        for (contradict, fault) in breaks {
            for warm in [false, true] {
                let scene = Scene::new(Rules::ALL);
                let (verifier, token) = (scene.verifier(), scene.token());
                if warm {
                    assert_eq!(seen(&verifier, &token).await, "accepted");
                    scene.advance(5);
                }
                contradict(&scene.idp);
                let refusal = verifier.verify(&token).await.expect_err("contradicted");
                assert_eq!(refusal, Refusal::Metadata(fault));
                scene.idp.discover(&json!({ "issuer": ISSUER, "jwks_uri": jwks_uri }));
                scene.idp.serve(&[scene.signer.jwk()]);
                assert_eq!(seen(&verifier, &token).await, "accepted");
            }
        }
    }

    #[tokio::test]
    async fn metadata_may_be_at_the_place_of_rfc_8414_only() {
        let scene = Scene::new(Rules::ALL);
        scene.idp.answer_discovery(Answer { status: 404, ..Answer::default() });
        let document = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys") });
        let place = "https://idp.test/.well-known/oauth-authorization-server/tenant";
        scene.idp.answer(place, json_answer(&document.to_string()));
        assert_eq!(seen(&scene.verifier(), &scene.token()).await, "accepted");
    }

    #[tokio::test]
    async fn a_fetch_that_is_given_up_blocks_nobody() {
        let scene = Scene::new(Rules::ALL);
        let (verifier, token) = (Arc::new(scene.verifier()), scene.token());
        let abandoned = tokio::spawn({
            let (verifier, token) = (Arc::clone(&verifier), token.clone());
            async move { seen(&verifier, &token).await }
        });
        tokio::task::yield_now().await;
        abandoned.abort();
        assert!(abandoned.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(seen(&verifier, &token).await, "accepted");
    }
}
