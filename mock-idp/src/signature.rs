//! What makes the signature of a token, and what its header then says: the issuer's key, or what a test orders.

use std::sync::Arc;

use aws_lc_rs::signature::{
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    issue::Members,
    keys::{Algorithm, SigningKey, Slot, der_signature, hmac},
    provider::{Provider, Signer},
};

/// The name in a certificate that comes along in a header.
const HOLDER: &str = "mock-idp unpublished key";

/// Why there is no signature.
#[derive(Debug)]
pub(crate) enum Unsigned {
    /// The library failed.
    Failed,
    /// The issuer's key is of another kind.
    Impossible(String),
}

/// What makes the signature.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    /// The issuer's key.
    #[default]
    Issuer,
    /// A key of the same kind that no key set has. `kid` stays the issuer's unless set.
    Unpublished,
    /// Nothing: the third part is empty.
    None,
    /// An HMAC under the PEM of the issuer's public key (RFC 8725 §2.1).
    HmacPublicPem,
    /// The same under its DER.
    HmacPublicDer,
    /// The same under the text of its JWK's `n`.
    HmacJwkN,
    /// The issuer's RSA key by another of its algorithms (RFC 7518 §3.1).
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    /// A P-256 key that no key set has, whatever the issuer's is.
    Es256,
    /// r and s are zero: valid under every key for a verifier that does not look.
    EcdsaZero,
    /// The issuer's P-256 key, in the form of X.509 (against RFC 7518 §3.4).
    EcdsaDer,
    /// The issuer's key, one bit flipped.
    Corrupted,
    /// The issuer's key, ten bytes short.
    Truncated,
    /// The unpublished key, whose public half comes along as the header's `jwk` (RFC 8725 §3.10).
    EmbeddedJwk,
    /// The same, as a self-signed certificate in the header's `x5c`.
    EmbeddedX5c,
    /// An RSA key of 1,024 bits (RFC 7518 §3.3).
    #[serde(rename = "rsa-1024")]
    Rsa1024,
}

/// Those that need an RSA key of the issuer.
const OF_RSA: [Sign; 6] = [Sign::HmacJwkN, Sign::Rs384, Sign::Rs512, Sign::Ps256, Sign::Ps384, Sign::Ps512];
/// Those that need an ECDSA key.
const OF_EC: [Sign; 2] = [Sign::EcdsaZero, Sign::EcdsaDer];

impl Sign {
    /// What `alg` says if nothing else is set; nothing for what the issuer's key does.
    pub(crate) fn algorithm(self) -> Option<&'static str> {
        match self {
            Self::None => Some("none"),
            Self::HmacPublicPem | Self::HmacPublicDer | Self::HmacJwkN => Some("HS256"),
            Self::Rs384 => Some("RS384"),
            Self::Rs512 => Some("RS512"),
            Self::Ps256 => Some("PS256"),
            Self::Ps384 => Some("PS384"),
            Self::Ps512 => Some("PS512"),
            Self::Es256 => Some("ES256"),
            Self::Rsa1024 => Some("RS256"),
            Self::Issuer
            | Self::Unpublished
            | Self::EcdsaZero
            | Self::EcdsaDer
            | Self::Corrupted
            | Self::Truncated
            | Self::EmbeddedJwk
            | Self::EmbeddedX5c => None,
        }
    }

    /// The key comes along in the header.
    pub(crate) fn is_embedded(self) -> bool {
        matches!(self, Self::EmbeddedJwk | Self::EmbeddedX5c)
    }

    /// The members of the header that hold the key.
    pub(crate) async fn embedded(self, provider: &Provider, server: usize) -> Result<Members, Unsigned> {
        if !self.is_embedded() {
            return Ok(Members::new());
        }
        let key = provider.unpublished(server).await.ok_or(Unsigned::Failed)?;
        let (name, value) = if self == Self::EmbeddedJwk {
            let named = |(name, value): (&'static str, String)| {
                (name.trim_start_matches("key.").to_owned(), value.into())
            };
            ("jwk", Json::Object(key.public_members().into_iter().map(named).collect()))
        } else {
            ("x5c", Json::from(vec![key.certificate(HOLDER).ok_or(Unsigned::Failed)?]))
        };
        Ok(Members::from_iter([(name.to_owned(), value)]))
    }

    /// The key beside the issuer's that it signs with, if it does: made now if it was not needed before.
    pub(crate) async fn spare(self, provider: &Provider, server: usize) -> Option<Arc<SigningKey>> {
        match self {
            Self::Unpublished | Self::EmbeddedJwk | Self::EmbeddedX5c => provider.unpublished(server).await,
            Self::Es256 => provider.spare(Algorithm::Es256, Slot::Unpublished).await,
            Self::Rsa1024 => provider.spare(Algorithm::Rs256, Slot::Weak).await,
            _ => None,
        }
    }

    /// The bytes of the third part. `algorithm` is what the header says: an HMAC follows it.
    pub(crate) async fn signature(
        self,
        provider: &Provider,
        server: usize,
        signer: &Signer,
        algorithm: &str,
        input: &str,
    ) -> Result<Vec<u8>, Unsigned> {
        let (key, input) = (signer.key.as_ref(), input.as_bytes());
        self.check(key)?;
        let made = match self {
            Self::None => Some(Vec::new()),
            Self::Issuer => key.sign(input),
            Self::Unpublished | Self::EmbeddedJwk | Self::EmbeddedX5c | Self::Es256 | Self::Rsa1024 => {
                self.spare(provider, server).await.and_then(|key| key.sign(input))
            }
            Self::HmacPublicPem => key.public_pem().map(|pem| hmac(algorithm, pem.as_bytes(), input)),
            Self::HmacPublicDer => key.public_der().map(|der| hmac(algorithm, &der, input)),
            Self::HmacJwkN => {
                let members = key.public_members();
                let modulus = members.iter().find(|(name, _)| *name == "key.n");
                modulus.map(|(_, modulus)| hmac(algorithm, modulus.as_bytes(), input))
            }
            Self::Rs384 => key.sign_rsa(&RSA_PKCS1_SHA384, input),
            Self::Rs512 => key.sign_rsa(&RSA_PKCS1_SHA512, input),
            Self::Ps256 => key.sign_rsa(&RSA_PSS_SHA256, input),
            Self::Ps384 => key.sign_rsa(&RSA_PSS_SHA384, input),
            Self::Ps512 => key.sign_rsa(&RSA_PSS_SHA512, input),
            Self::EcdsaZero => Some(vec![0; 64]),
            Self::EcdsaDer => key.sign(input).map(|fixed| der_signature(&fixed)),
            Self::Corrupted => key.sign(input).map(|mut signature| {
                let middle = signature.len() / 2;
                if let Some(byte) = signature.get_mut(middle) {
                    *byte ^= 1;
                }
                signature
            }),
            Self::Truncated => key.sign(input).map(|mut signature| {
                signature.truncate(signature.len().saturating_sub(10));
                signature
            }),
        };
        made.ok_or(Unsigned::Failed)
    }

    /// The issuer's key can do it.
    pub(crate) fn check(self, key: &SigningKey) -> Result<(), Unsigned> {
        let (known, possible) = match key {
            SigningKey::Rsa(..) | SigningKey::Weak(_) => ("RSA", &OF_RSA[..]),
            SigningKey::Ec(_) => ("ECDSA", &OF_EC[..]),
            SigningKey::Ed(_) => ("Ed25519", &[][..]),
        };
        let needed = match (OF_RSA.contains(&self), OF_EC.contains(&self)) {
            _ if possible.contains(&self) => return Ok(()),
            (true, _) => "an RSA",
            (_, true) => "an ECDSA",
            _ => return Ok(()),
        };
        let possible: Vec<_> = possible.iter().map(|sign| format!("`{}`", sign.name())).collect();
        Err(Unsigned::Impossible(format!(
            "`{}` needs {needed} key, and the issuer's is {known}: besides those for any key, that has {}",
            self.name(),
            if possible.is_empty() { "none".to_owned() } else { possible.join(", ") }
        )))
    }

    /// As an order has it.
    fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
