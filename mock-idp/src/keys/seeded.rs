//! Keys that aws-lc does not make: those of a seed, and one that is too short.
//!
//! The numbers come from the crate `rsa`; what signs afterwards is aws-lc's, except for the short key.

use aws_lc_rs::{
    digest::{Context, SHA256},
    rand,
    rsa::KeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair,
    },
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use rsa::{PrivateKey, pkcs8::EncodePrivateKey as _, sha2::Sha256};

use super::{Algorithm, SigningKey, Slot};

/// An RSA key of 1,024 bits, which aws-lc refuses to use.
pub(super) type WeakKey = PrivateKey;

/// What the key of a slot is drawn from: equal for equal seeds, in whatever order keys are made.
pub(super) fn stream(seed: Option<[u8; 32]>, algorithm: Algorithm, slot: Slot) -> Option<ChaCha20Rng> {
    let mut own = [0; 32];
    match seed {
        Some(seed) => {
            let slot = match slot {
                Slot::Published(number) => format!("published {number}"),
                Slot::Second(number) => format!("second {number}"),
                Slot::Unpublished => "unpublished".to_owned(),
                Slot::Weak => "weak".to_owned(),
            };
            let mut digest = Context::new(&SHA256);
            digest.update(&seed);
            digest.update(format!("{} {slot}", algorithm.name()).as_bytes());
            own.copy_from_slice(digest.finish().as_ref());
        }
        None => rand::fill(&mut own).ok()?,
    }
    Some(ChaCha20Rng::from_seed(own))
}

/// RSA of 2,048 bits, P-256, P-384 or Ed25519.
pub(super) fn key(algorithm: Algorithm, stream: &mut ChaCha20Rng) -> Option<SigningKey> {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps256 => {
            let key = PrivateKey::new(stream, 2048).ok()?.to_pkcs8_der().ok()?;
            let key = KeyPair::from_pkcs8(key.as_bytes()).ok()?;
            Some(SigningKey::Rsa(Box::new(key), algorithm))
        }
        Algorithm::Es256 => {
            let curve = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
            ec::<32>(&ECDSA_P256_SHA256_FIXED_SIGNING, &curve, stream)
        }
        Algorithm::Es384 => {
            let curve = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
            ec::<48>(&ECDSA_P384_SHA384_FIXED_SIGNING, &curve, stream)
        }
        Algorithm::EdDsa => {
            let mut private = [0; 32];
            stream.fill_bytes(&mut private);
            Ed25519KeyPair::from_seed_unchecked(&private).ok().map(Box::new).map(SigningKey::Ed)
        }
    }
}

pub(super) fn weak(stream: &mut ChaCha20Rng) -> Option<SigningKey> {
    PrivateKey::new(stream, 1024).ok().map(Box::new).map(SigningKey::Weak)
}

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) fn weak_signature(key: &WeakKey, message: &[u8]) -> Option<Vec<u8>> {
    key.pkcs1v15_sign::<Sha256>(message).ok()
}

/// The stream's first bytes that are a private key of the curve: about one in 2³² is not.
fn ec<const LENGTH: usize>(
    signing: &'static EcdsaSigningAlgorithm,
    curve: &[u8],
    stream: &mut ChaCha20Rng,
) -> Option<SigningKey> {
    let length = |bytes: usize| u8::try_from(bytes).unwrap_or_default();
    (0..8).find_map(|_| {
        let mut private = [0; LENGTH];
        stream.fill_bytes(&mut private);
        // ECPrivateKey (RFC 5915 §3) of version 1 with the name of the curve; the public half follows from it.
        let sequence =
            [&[0x02, 0x01, 0x01, 0x04, length(LENGTH)][..], &private, &[0xa0, length(curve.len())], curve]
                .concat();
        let der = [&[0x30, length(sequence.len())][..], &sequence].concat();
        EcdsaKeyPair::from_private_key_der(signing, &der).ok().map(Box::new).map(SigningKey::Ec)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyPool;

    #[test]
    fn equal_seeds_give_equal_keys() {
        let slots = [
            (Algorithm::Rs256, Slot::Published(0)),
            (Algorithm::Es256, Slot::Published(0)),
            (Algorithm::Es256, Slot::Unpublished),
            (Algorithm::Es384, Slot::Published(0)),
            (Algorithm::EdDsa, Slot::Published(0)),
            (Algorithm::Rs256, Slot::Weak),
        ];
        let [one, again, other] = [[7; 32], [7; 32], [8; 32]].map(KeyPool::seeded);
        let public = |pool: &KeyPool, (algorithm, slot)| pool.make(algorithm, slot).unwrap().public_members();
        for slot in slots {
            assert_eq!(public(&one, slot), public(&again, slot));
            assert_ne!(public(&one, slot), public(&other, slot));
        }
        assert_ne!(public(&one, slots[1]), public(&one, slots[2]));
    }

    #[test]
    fn keys_of_a_seed_sign() {
        let pool = KeyPool::seeded([7; 32]);
        for (algorithm, slot, length) in [
            (Algorithm::Rs256, Slot::Weak, 128),
            (Algorithm::Es256, Slot::Unpublished, 64),
            (Algorithm::Es384, Slot::Unpublished, 96),
            (Algorithm::EdDsa, Slot::Unpublished, 64),
        ] {
            assert_eq!(pool.make(algorithm, slot).unwrap().sign(b"message").unwrap().len(), length);
        }
    }
}
