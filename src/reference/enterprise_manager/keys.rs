//! The Manager's keys as they change: a rotation puts a new one before the old, which stays published beside it until
//! it is retired (EM-KEY).

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{SigningKey, SigningKeyError, SigningKeys};
use crate::model::rule::{Rule, Rules};

/// The keys in force, and those of the start.
#[derive(Debug)]
pub(super) struct Keys {
    rules: Rules,
    start: SigningKeys,
    seed: [u8; 32],
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    keys: SigningKeys,
    /// How many keys were generated: each has a seed of its own.
    generated: u64,
}

impl Keys {
    /// Keys; what a rotation generates is drawn from the seed.
    pub(super) fn new(keys: SigningKeys, seed: [u8; 32], rules: Rules) -> Self {
        let state = Mutex::new(State { keys: keys.clone(), generated: 0 });
        Self { rules, start: keys, seed, state }
    }

    /// The keys in force.
    pub(super) fn now(&self) -> SigningKeys {
        self.state().keys.clone()
    }

    /// Signs with another key from now on, the one of a PEM text or a generated one; the key that signed is the second.
    /// A PEM text that does not load changes nothing.
    pub(super) fn rotate(&self, pem: Option<&str>) -> Result<SigningKeys, SigningKeyError> {
        let mut state = self.state();
        let next = match pem.map(SigningKey::from_pem) {
            Some(Ok(key)) => key,
            Some(Err(error)) if self.rules.hold(Rule::EmKey) => return Err(error),
            _ => {
                state.generated += 1;
                SigningKey::derived(&self.seed, state.generated)?
            }
        };
        if next.kid() != state.keys.signing.kid() {
            let former = std::mem::replace(&mut state.keys.signing, next);
            state.keys.published = Some(former);
        }
        Ok(state.keys.clone())
    }

    /// Drops the second key.
    pub(super) fn retire(&self) -> SigningKeys {
        let mut state = self.state();
        state.keys.published = None;
        state.keys.clone()
    }

    /// Back to the keys of the start.
    pub(super) fn reset(&self) {
        *self.state() = State { keys: self.start.clone(), generated: 0 };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(rules: Rules) -> Keys {
        Keys::new(SigningKey::from_seed([1; 32]).unwrap().into(), [7; 32], rules)
    }

    fn kids(keys: &SigningKeys) -> Vec<String> {
        keys.public_jwks().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_rotation_keeps_the_last_key_published_until_it_is_retired() {
        let keys = keys(Rules::ALL);
        let first = kids(&keys.now());
        let second = kids(&keys.rotate(None).unwrap());
        assert_eq!(second[1..], first);
        let third = kids(&keys.rotate(None).unwrap());
        assert_eq!(third[1..], second[..1]);
        assert_eq!(kids(&keys.retire()), third[..1]);
        keys.reset();
        assert_eq!(kids(&keys.now()), first);
        assert_eq!(kids(&keys.rotate(None).unwrap()), second, "equal seeds, equal keys");
    }

    #[test]
    fn a_key_that_does_not_load_changes_nothing_or_is_replaced_under_the_sabotage() {
        let held = keys(Rules::ALL);
        assert!(matches!(held.rotate(Some("no key")), Err(SigningKeyError::Broken)));
        assert_eq!(kids(&held.now()), kids(&held.start));
        let broken = keys(Rules::without(Rule::EmKey));
        assert_eq!(kids(&broken.rotate(Some("no key")).unwrap()).len(), 2);
    }
}
