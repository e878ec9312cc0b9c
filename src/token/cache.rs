//! Tokens already verified: PLATFORM.md TOK-CACHE.
//!
//! A cache belongs to one verifier. Its key holds everything the answer depends on, so that even a cache that was
//! shared by mistake would not let one component answer for another: issuer, audience, scope, the generation of
//! the key set, and a digest of the whole token. An entry does not outlive the token's own window.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256, digest};
use jiff::Timestamp;

use super::{expectations::Expectations, verified::VerifiedToken};
use crate::model::{
    bounded::Bounded,
    identifier::{Audience, Scope},
    rule::{Rule, Rules},
};

/// How many tokens are remembered; then the oldest goes.
const CAPACITY: usize = 4_096;

/// A cache of verified tokens. Give each verifier its own; clones share their content, which only the sabotage of
/// TOK-CACHE is to use.
#[derive(Clone)]
pub struct TokenCache(Arc<Mutex<Bounded<Key, Arc<VerifiedToken>>>>);

/// What an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    token: [u8; 32],
    generation: u64,
    expectations: [u8; 32],
}

impl TokenCache {
    /// The token of a key, if it still counts.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Option<Arc<VerifiedToken>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|token| token.counts_at(now)).cloned()
    }

    /// Remembers a token.
    pub(super) fn remember(&self, key: Key, token: &Arc<VerifiedToken>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(token));
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Bounded::new(CAPACITY))))
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCache(…)")
    }
}

impl Key {
    /// The key of a token for a verifier whose expectations have this digest.
    pub(super) fn new(token: &str, generation: u64, expectations: [u8; 32], rules: Rules) -> Self {
        let token = sha256(token.as_bytes());
        if rules.hold(Rule::TokCache) {
            Self { token, generation, expectations }
        } else {
            Self { token, generation: 0, expectations: [0; 32] }
        }
    }
}

/// A digest of what a verifier expects. Lengths go in too, so that no two expectations run together.
pub(super) fn expectations_digest(expected: &Expectations) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let audience = expected.audience.as_ref().map(Audience::as_str);
    let scope = expected.scope.as_ref().map(Scope::as_str);
    for part in [Some(expected.issuer.as_str()), audience, scope] {
        context.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    }
    context.update(&[u8::from(expected.subject_required)]);
    context.update(&expected.leeway.as_nanos().to_be_bytes());
    fixed(context.finish().as_ref())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest(&SHA256, bytes).as_ref())
}

fn fixed(digest: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::{
        model::identifier::Issuer,
        token::{claims::Window, fixture::expectations},
    };

    #[test]
    fn the_oldest_goes_first() {
        let cache = TokenCache::default();
        let window = Window { not_before: Timestamp::MIN, expires: Timestamp::MAX };
        let token = Arc::new(VerifiedToken::witness(Issuer::new("i"), Map::new(), Map::new(), window));
        let key = |number: usize| Key::new(&number.to_string(), 1, [0; 32], Rules::ALL);
        for number in 0..=CAPACITY {
            cache.remember(key(number), &token);
            cache.remember(key(number), &token);
        }
        let known = |number| cache.find(&key(number), Timestamp::UNIX_EPOCH).is_some();
        assert!(!known(0) && known(1) && known(CAPACITY));
        assert_eq!(cache.0.lock().unwrap().lengths(), (CAPACITY, CAPACITY));
    }

    #[test]
    fn the_key_holds_all_that_the_answer_depends_on() {
        let expected = expectations();
        let digest = expectations_digest;
        let key = Key::new("token", 1, digest(&expected), Rules::ALL);
        assert_ne!(key, Key::new("tokeN", 1, digest(&expected), Rules::ALL));
        assert_ne!(key, Key::new("token", 2, digest(&expected), Rules::ALL));
        let (audience, scope) = (Audience::new("ab"), Scope::new("c"));
        let one = Expectations { audience: Some(audience), scope: Some(scope), ..expected.clone() };
        let other =
            Expectations { audience: Some(Audience::new("a")), scope: Some(Scope::new("bc")), ..expected };
        assert_ne!(digest(&one), digest(&other));
        assert_ne!(digest(&one), digest(&Expectations { scope: None, ..one.clone() }));
    }
}
