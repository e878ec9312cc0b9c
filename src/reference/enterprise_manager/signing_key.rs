//! EM-KEY: the key that signs envelopes, from what `openssl` writes, or drawn from a seed.
//!
//! ES256 alone (P-256). The private key never leaves this file, and no error or debug output shows it.

use std::{fmt, io, io::Read as _, path::Path, sync::Arc};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::{Value as Json, json};

use crate::model::identifier::KeyId;

/// A P-256 key pair. Clones share it.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<EcdsaKeyPair>,
    kid: KeyId,
}

/// The keys of a Manager: one signs, another may be published beside it while clients move over (rotation).
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// The key that signs.
    pub signing: SigningKey,
    /// A key that is only published.
    pub published: Option<SigningKey>,
}

/// Why there is no signing key. `Display` holds the advice; the file's content is never shown.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file cannot be read.
    #[error("cannot read the signing key `{path}`: {cause}")]
    Unreadable {
        /// The file, as the user named it.
        path: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// A folder, a device or a pipe: never opened, since it may never end.
    #[error("cannot read the signing key `{path}`: is no regular file")]
    NotAFile {
        /// The file, as the user named it.
        path: String,
    },
    /// The file is no PEM text, or its base64 or DER is damaged.
    #[error("the signing key is no readable PEM file: {ADVICE}")]
    Broken,
    /// PEM, but no private key in it: a certificate or a public key.
    #[error("the file holds no private key: {ADVICE}")]
    NoPrivateKey,
    /// A passphrase protects the key.
    #[error("the signing key is encrypted: nobody is there to type a passphrase; {ADVICE}")]
    Encrypted,
    /// An elliptic curve other than P-256.
    #[error("the signing key is on the curve {0}, and envelopes are signed with P-256: {ADVICE}")]
    Curve(&'static str),
    /// No elliptic curve key at all.
    #[error("the signing key is an {0} key, and envelopes are signed with EC P-256: {ADVICE}")]
    Algorithm(&'static str),
    /// The cryptographic library failed.
    #[error("the signing key cannot be used: the cryptographic library refused it")]
    Library,
}

const ADVICE: &str = "make one with `openssl ecparam -name prime256v1 -genkey -noout -out signing.pem`";

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 10;

impl SigningKey {
    /// Reads a PEM file.
    pub fn read(path: &Path) -> Result<Self, SigningKeyError> {
        let unreadable = |cause| SigningKeyError::Unreadable { path: path.display().to_string(), cause };
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(SigningKeyError::NotAFile { path: path.display().to_string() });
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::from_pem(&String::from_utf8(bytes).map_err(|_| SigningKeyError::Broken)?)
    }

    /// Takes the first private key of a PEM text, SEC1 or PKCS#8. Blocks of other kinds, such as the parameters that
    /// `openssl ecparam` writes without `-noout`, are skipped.
    pub fn from_pem(text: &str) -> Result<Self, SigningKeyError> {
        if text.contains("ENCRYPTED") {
            return Err(SigningKeyError::Encrypted);
        }
        let mut sections = 0_usize;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
            let (kind, der) = section.map_err(|_| SigningKeyError::Broken)?;
            match kind {
                SectionKind::EcPrivateKey | SectionKind::PrivateKey => return Self::from_der(&der),
                SectionKind::RsaPrivateKey => return Err(SigningKeyError::Algorithm("RSA")),
                _ => sections += 1,
            }
        }
        let other = sections > 0 || text.contains("-----BEGIN ");
        Err(if other { SigningKeyError::NoPrivateKey } else { SigningKeyError::Broken })
    }

    /// The key of a seed: the same seed gives the same key, so that a run with a seed repeats its `kid`.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, SigningKeyError> {
        // A digest is no scalar of the curve with a probability of 2⁻³².
        for round in 0..=u8::MAX {
            let mut material = b"touchstone signing key ".to_vec();
            material.extend(seed);
            material.push(round);
            let scalar = digest(&SHA256, &material);
            let Ok(private) = PrivateKey::from_private_key(&ECDH_P256, scalar.as_ref()) else { continue };
            let public = private.compute_public_key().map_err(|_| SigningKeyError::Library)?;
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                scalar.as_ref(),
                public.as_ref(),
            );
            return Self::of(pair.map_err(|_| SigningKeyError::Library)?);
        }
        Err(SigningKeyError::Library)
    }

    /// The private key as PKCS#8, to be told to a Manager in another process.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, SigningKeyError> {
        let document = self.pair.to_pkcs8v1().map_err(|_| SigningKeyError::Library)?;
        Ok(document.as_ref().to_vec())
    }

    /// Takes a private key as SEC1 or PKCS#8.
    pub fn from_der(der: &[u8]) -> Result<Self, SigningKeyError> {
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| diagnose(der))
            .and_then(Self::of)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, SigningKeyError> {
        let (x, y) = coordinates(&pair).ok_or(SigningKeyError::Library)?;
        // RFC 7638 §3.2: the required members in lexicographic order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = KeyId::new(BASE64.encode(digest(&SHA256, canonical.as_bytes())));
        Ok(Self { pair: Arc::new(pair), kid })
    }

    /// The RFC 7638 thumbprint (EM-JWKS).
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The public key as the key set has it (EM-JWKS).
    #[must_use]
    pub fn public_jwk(&self) -> Json {
        let (x, y) = coordinates(&self.pair).unwrap_or_default();
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig" })
    }

    /// The signature of ES256 over a message: r and s, 32 bytes each (RFC 7518 §3.4).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let signature =
            self.pair.sign(&SystemRandom::new(), message).map_err(|_| SigningKeyError::Library)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Some other key that is published nowhere: for the sabotage of EM-JWKS, and for envelopes that are wrong.
    pub(super) fn unrelated(&self) -> Result<Self, SigningKeyError> {
        Self::from_digest(self.kid.as_str().as_bytes())
    }

    /// The key of a number under a seed.
    pub(super) fn derived(seed: &[u8; 32], number: u64) -> Result<Self, SigningKeyError> {
        Self::from_digest(&[seed.as_slice(), &number.to_be_bytes()].concat())
    }

    fn from_digest(material: &[u8]) -> Result<Self, SigningKeyError> {
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(digest(&SHA256, material).as_ref()) {
            *to = *from;
        }
        Self::from_seed(seed)
    }
}

impl SigningKeys {
    /// The public keys, the signing one first.
    #[must_use]
    pub fn public_jwks(&self) -> Vec<Json> {
        std::iter::once(&self.signing).chain(&self.published).map(SigningKey::public_jwk).collect()
    }
}

impl From<SigningKey> for SigningKeys {
    fn from(signing: SigningKey) -> Self {
        Self { signing, published: None }
    }
}

/// A warning if others than its owner may read a key file. Kubernetes mounts Secrets so, hence no error. None where
/// the system has no such permissions.
#[must_use]
pub fn exposure(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o004 != 0).then(|| {
            let path = path.display();
            format!("the signing key `{path}` can be read by everyone on this machine: `chmod 600 {path}`")
        })
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// `x` and `y` of the uncompressed point, base64url.
fn coordinates(pair: &EcdsaKeyPair) -> Option<(String, String)> {
    let point = pair.public_key().as_ref();
    Some((BASE64.encode(point.get(1..33)?), BASE64.encode(point.get(33..65)?)))
}

/// What a key is that is no P-256 key, told by the object identifiers in it.
fn diagnose(der: &[u8]) -> SigningKeyError {
    const CURVES: &[(&[u8], &str)] = &[
        (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384"),
        (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521"),
        (&[0x2b, 0x81, 0x04, 0x00, 0x21], "P-224"),
        (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01], "P-192"),
        (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01], "of the Brainpool family"),
    ];
    const ALGORITHMS: &[(&[u8], &str)] = &[
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01], "RSA"),
        (&[0x2b, 0x65, 0x70], "Ed25519"),
        (&[0x2b, 0x65, 0x71], "Ed448"),
        (&[0x2b, 0x65, 0x6e], "X25519"),
    ];
    // An object identifier is tag 6, its length, its content.
    let has = |oid: &[u8]| {
        der.windows(oid.len() + 2).any(|window| {
            window
                .strip_prefix(&[6])
                .and_then(<[u8]>::split_first)
                .is_some_and(|(length, content)| usize::from(*length) == oid.len() && content == oid)
        })
    };
    let has_family = |oid: &[u8]| der.windows(oid.len()).any(|window| window == oid);
    if let Some((_, curve)) = CURVES.iter().find(|(oid, _)| has(oid) || (oid.len() == 8 && has_family(oid))) {
        return SigningKeyError::Curve(curve);
    }
    match ALGORITHMS.iter().find(|(oid, _)| has(oid) || (oid.len() == 8 && has_family(oid))) {
        Some((_, algorithm)) => SigningKeyError::Algorithm(algorithm),
        None => SigningKeyError::Broken,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}
