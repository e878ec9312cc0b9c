//! The signature algorithms that are accepted: PLATFORM.md TOK-ALG, RFC 7518 §3.3 and §3.4, RFC 8725 §3.1.

use aws_lc_rs::signature as aws;

/// An algorithm of the allow-list. Whatever is not here, `none`, `HS*`, `PS*` and `EdDSA` among it, does
/// not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

/// Why an algorithm is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmFault {
    /// `alg` is absent, no string or not of the list.
    #[error("the algorithm is one of RS256, RS384, RS512, ES256, ES384, ES512")]
    NotAllowed,
    /// The key is of another type or curve, states another `alg` or `use`, or is too short.
    #[error("the key of this kid does not verify tokens of this algorithm: type, curve, alg, use or size")]
    KeyDoesNotFit,
}

impl Algorithm {
    /// Every algorithm of an RSA key.
    pub(super) const RSA: [Self; 3] = [Self::Rs256, Self::Rs384, Self::Rs512];

    /// The algorithm of an `alg`, compared with case (RFC 7515 §4.1.1).
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            _ => return None,
        })
    }

    /// The check of an RSA key's signatures; nothing for the algorithms of elliptic curves.
    pub(super) fn rsa(self) -> Option<&'static aws::RsaParameters> {
        Some(match self {
            Self::Rs256 => &aws::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &aws::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &aws::RSA_PKCS1_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::Es512 => return None,
        })
    }
}
