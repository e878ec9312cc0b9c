//! Access tokens that the provider has to remember, by their digest: those of a sign-in, which fall together, and
//! opaque ones, which say nothing themselves. A machine's JWT is not among them, however many are issued: its
//! signature and its claims are enough.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::Bounded;

/// So many of each kind are kept; the oldest go first. An opaque token that is forgotten counts as unknown, and a JWT
/// whose revocation is forgotten as good.
const MOST: usize = 20_000;

type Digest = [u8; 32];

/// A token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    /// All tokens that go back to one sign-in: they fall together.
    pub(crate) family: Option<u64>,
    /// Whom it was issued to.
    pub(crate) client: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: Timestamp,
    /// What an opaque one stands for.
    pub(crate) claims: Option<Map<String, Json>>,
}

/// The tokens, and those of them that were taken back.
#[derive(Debug, Default)]
pub(crate) struct IssuedTokens {
    tokens: Bounded<Issued, MOST, Digest>,
    /// With the time from when on nobody needs to remember.
    revoked: Bounded<Timestamp, MOST, Digest>,
    /// Families that have fallen: a token of one that is being signed meanwhile falls too.
    fallen: Bounded<(), MOST, u64>,
}

impl IssuedTokens {
    pub(crate) fn add(&mut self, token: &str, issued: Issued) {
        let digest = digest_of(token);
        if issued.family.is_some_and(|family| self.has_fallen(family)) {
            self.revoked.insert(digest, issued.expires);
        }
        self.tokens.insert(digest, issued);
    }

    /// What is remembered of a token.
    pub(crate) fn get(&self, token: &str) -> Option<&Issued> {
        self.tokens.get(&digest_of(token))
    }

    pub(crate) fn is_revoked(&self, token: &str) -> bool {
        self.revoked.get(&digest_of(token)).is_some()
    }

    /// Takes a token back that would live until `expires`.
    pub(crate) fn revoke(&mut self, token: &str, expires: Timestamp) {
        self.revoked.insert(digest_of(token), expires);
    }

    pub(crate) fn has_fallen(&self, family: u64) -> bool {
        self.fallen.get(&family).is_some()
    }

    pub(crate) fn revoke_family(&mut self, family: u64) {
        self.fallen.insert(family, ());
        let members = self.tokens.iter().filter(|(_, issued)| issued.family == Some(family));
        for (digest, issued) in members {
            self.revoked.insert(*digest, issued.expires);
        }
    }

    /// Forgets what has expired.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.tokens.retain(|issued| issued.expires > now);
        self.revoked.retain(|expires| *expires > now);
    }
}

fn digest_of(token: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(family: u64) -> Issued {
        Issued {
            family: Some(family),
            client: String::new(),
            scopes: Vec::new(),
            expires: Timestamp::MAX,
            claims: Some(Map::new()),
        }
    }

    #[test]
    fn the_oldest_are_forgotten_and_revoked_ones_are_not() {
        let mut tokens = IssuedTokens::default();
        tokens.add("first", issued(1));
        tokens.revoke_family(1);
        for number in 0..MOST {
            tokens.add(&number.to_string(), issued(2));
        }
        assert!(tokens.get("first").is_none() && tokens.is_revoked("first"));
        assert!(tokens.get("0").is_some() && !tokens.is_revoked("0"));
        tokens.add("late", issued(1));
        assert!(tokens.is_revoked("late"), "its family has fallen");
        tokens.tidy(Timestamp::MAX);
        assert_eq!((tokens.tokens.iter().count(), tokens.revoked.iter().count()), (0, 0));
    }

    #[test]
    fn what_was_taken_back_has_a_limit_too() {
        let mut tokens = IssuedTokens::default();
        for number in 0..=MOST {
            tokens.revoke(&number.to_string(), Timestamp::MAX);
            tokens.revoke_family(number as u64);
        }
        assert!(!tokens.is_revoked("0") && !tokens.has_fallen(0), "the oldest has gone");
        assert!(tokens.is_revoked("1") && tokens.has_fallen(1));
        assert!(tokens.is_revoked(&MOST.to_string()) && tokens.has_fallen(MOST as u64));
    }
}
