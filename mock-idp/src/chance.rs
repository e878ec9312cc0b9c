//! Identifiers out of a seed: equal seeds give equal ids, purpose by purpose, whatever order requests come in.
//!
//! Key material is not drawn from here: see `keys/seeded.rs`.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// What an identifier is for. Each draws from a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    KeyId,
    TokenId,
    Code,
    RefreshToken,
    Transaction,
    Request,
    User,
    Tenant,
    DeviceCode,
    UserCode,
    UnpublishedKeyId,
    OpaqueToken,
    Guid,
    Lifetime,
    OpaqueClaim,
    SpareKeyId,
    Session,
    TokenGuid,
    SessionId,
}

/// The streams of a seed.
pub(crate) struct Chance {
    seed: [u8; 32],
    streams: BTreeMap<Purpose, ChaCha20Rng>,
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// No vowels, so that no words come up, and no digits (RFC 8628 §6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const HEXADECIMAL: &[u8; 64] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Chance {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, streams: BTreeMap::new() }
    }

    /// So many letters and digits: six bits of a word each time, others are thrown away.
    pub(crate) fn alphanumeric(&mut self, purpose: Purpose, length: usize) -> String {
        self.draw(purpose, length, ALPHANUMERIC)
    }

    /// So many characters of the base64url alphabet.
    pub(crate) fn url_safe(&mut self, purpose: Purpose, length: usize) -> String {
        self.draw(purpose, length, URL_SAFE)
    }

    /// A code for people: a letter for each `X` of the form, the rest as it stands.
    pub(crate) fn code(&mut self, purpose: Purpose, form: &str) -> String {
        let mut letters = self.draw(purpose, form.matches('X').count(), LETTERS).into_bytes().into_iter();
        let letter = |c| if c == 'X' { letters.next().map_or(c, char::from) } else { c };
        form.chars().map(letter).collect()
    }

    /// In the form of a random UUID (RFC 9562 §5.4).
    pub(crate) fn guid(&mut self, purpose: Purpose) -> String {
        let digits = self.draw(purpose, 30, HEXADECIMAL);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        // Version 4 and the variant stand where they must.
        format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }

    /// From nothing up to, but not including, `limit`.
    pub(crate) fn below(&mut self, purpose: Purpose, limit: u32) -> u32 {
        let mut bytes = [0; 4];
        self.stream(purpose).fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes).checked_rem(limit).unwrap_or_default()
    }

    fn draw(&mut self, purpose: Purpose, length: usize, alphabet: &[u8]) -> String {
        let stream = self.stream(purpose);
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let [byte, ..] = stream.next_u32().to_le_bytes();
            let index = usize::from(byte & 63);
            if let Some(letter) = alphabet.get(index) {
                text.push(char::from(*letter));
            }
        }
        text
    }

    fn stream(&mut self, purpose: Purpose) -> &mut ChaCha20Rng {
        let seed = self.seed;
        self.streams.entry(purpose).or_insert_with(|| {
            let mut stream = ChaCha20Rng::from_seed(seed);
            stream.set_stream(purpose as u64);
            stream
        })
    }
}

/// What always has the same id has it from its names: equal for equal ones, in the form of a random UUID.
pub(crate) fn guid_of(names: &[&str]) -> String {
    let mut seed = [0; 32];
    seed.copy_from_slice(digest(&SHA256, names.join("\n").as_bytes()).as_ref());
    Chance::new(seed).guid(Purpose::Guid)
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_form_that_was_asked_for() {
        let code = Chance::new([7; 32]).code(Purpose::UserCode, "XXXX-XXXX");
        let (first, last) = code.split_once('-').unwrap();
        assert!(format!("{first}{last}").bytes().all(|byte| LETTERS.contains(&byte)), "{code}");
        assert_eq!((first.len(), last.len()), (4, 4));
        assert_eq!(Chance::new([7; 32]).code(Purpose::UserCode, "XXXXXXXX"), format!("{first}{last}"));
    }

    #[test]
    fn equal_seeds_give_the_ids_that_they_always_gave() {
        let mut chance = Chance::new([7; 32]);
        assert_eq!(chance.url_safe(Purpose::TokenId, 22), "tZfZ6nDrh39Z03rg6l1beh");
        assert_eq!(chance.alphanumeric(Purpose::TokenId, 22), "xNDA1nZZ4B8IvE7fI3nWWc");
    }

    #[test]
    fn purposes_do_not_disturb_one_another() {
        let mut one = Chance::new([7; 32]);
        let mut other = Chance::new([7; 32]);
        one.url_safe(Purpose::Code, 22);
        let id = one.alphanumeric(Purpose::TokenId, 22);
        assert_eq!(id.len(), 22);
        assert_eq!(id, other.alphanumeric(Purpose::TokenId, 22));
        assert_ne!(id, other.alphanumeric(Purpose::TokenId, 22));
        assert_ne!(id, Chance::new([8; 32]).alphanumeric(Purpose::TokenId, 22));
    }

    #[test]
    fn guids_have_their_form() {
        for guid in [Chance::new([7; 32]).guid(Purpose::Guid), guid_of(&["a", "b"])] {
            let parts: Vec<_> = guid.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{guid}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with('a'), "{guid}");
        }
        assert_ne!(guid_of(&["a", "b"]), guid_of(&["a", "c"]));
    }
}
