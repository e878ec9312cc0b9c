//! Chance is passed in. This is the only file that draws randomness.
//!
//! What must repeat (ids, PKCE verifiers, states) comes from a seed; what must not be guessed (the secret of a
//! control wire) comes from the system.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// A source of chance that repeats: equal for equal seeds.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha20Rng);

/// A seed; a run has one, every case derives its own.
pub type Seed = [u8; 32];

impl Chance {
    /// Starts from a seed.
    #[must_use]
    pub fn from_seed(seed: Seed) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A fresh text of 43 characters out of `A-Z a-z 0-9 - _`, 256 bits: the form of a PKCE verifier
    /// (RFC 7636 §4.1).
    pub fn text(&mut self) -> String {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A number from 0 to `most`, both included.
    pub fn up_to(&mut self, most: u32) -> u32 {
        let scaled = u64::from(self.0.next_u32()) * (u64::from(most) + 1);
        u32::try_from(scaled >> u32::BITS).unwrap_or(most)
    }
}

/// The seed of a part: equal for equal seeds and names, unrelated otherwise.
#[must_use]
pub fn derive(seed: &Seed, name: &str) -> Seed {
    let mut input = seed.to_vec();
    input.extend_from_slice(name.as_bytes());
    let mut derived = Seed::default();
    derived.copy_from_slice(digest(&SHA256, &input).as_ref());
    derived
}

/// A secret that nobody can guess, 256 bits, or nothing if the system has no randomness to give.
#[must_use]
pub fn unguessable() -> Option<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_repeat_and_parts_differ() {
        let text = |name| Chance::from_seed(derive(&[7; 32], name)).text();
        assert_eq!(text("a"), text("a"));
        assert_ne!(text("a"), text("b"));
        assert_eq!(text("a").len(), 43);
    }

    #[test]
    fn numbers_stay_within_their_bound_and_reach_it() {
        let mut chance = Chance::from_seed([7; 32]);
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|_| chance.up_to(3)).collect();
        assert_eq!(drawn, [0, 1, 2, 3].into());
        assert_eq!(chance.up_to(0), 0);
    }
}
