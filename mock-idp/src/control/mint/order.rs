//! What is ordered: whose token, with which members, and how the parts are written.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use miniz_oxide::deflate::{CompressionLevel, compress_to_vec};
use serde::Deserialize;

use super::super::answer::Problem;
use crate::{issue::Members, provider::Provider, signature::Sign, tenant::AccessTokens};

/// As many bytes as a payload unfolds to.
const MOST_INFLATED: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) like: Option<Like>,
    #[serde(default)]
    pub(super) header: Members,
    #[serde(default)]
    pub(super) claims: Members,
    #[serde(default)]
    pub(super) without_header: Vec<String>,
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// The header's bytes, whatever they are.
    pub(super) raw_header: Option<String>,
    /// The payload's.
    pub(super) raw_payload: Option<String>,
    /// Header and claims are complete as given: nothing of the profile is added.
    #[serde(default)]
    pub(super) bare: bool,
    pub(super) sign: Option<Sign>,
    /// The third part as it stands: nothing is signed.
    pub(super) signature: Option<String>,
    /// As a JWS wants it where absent.
    pub(super) encoding: Option<Encoding>,
    /// The payload is compressed, with blanks behind it until it unfolds to so many bytes.
    pub(super) inflates_to: Option<usize>,
}

/// Whose token it looks like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Like {
    #[serde(default)]
    pub(super) kind: Kind,
    /// A login.
    pub(super) user: Option<String>,
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// That which the scopes name, else the client's, else the server's first where absent.
    pub(super) audience: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    #[default]
    AccessToken,
    IdToken,
}

/// How the parts are written, all three against RFC 7515 §2.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    /// With `=`.
    Padded,
    /// With `+` and `/`.
    StandardAlphabet,
    /// With a blank in the middle of each part.
    Whitespace,
}

impl Order {
    /// Members that exclude one another.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { header, without_header, claims, without, .. } = self;
        let wrong = if self.raw_header.is_some() && !(header.is_empty() && without_header.is_empty()) {
            "`raw_header` is the whole header: leave out `header` and `without_header`"
        } else if self.raw_header.is_some() && self.sign.is_some_and(Sign::is_embedded) {
            "`raw_header` is the whole header: the key to embed has no place; give `header`"
        } else if self.raw_payload.is_some() && !(claims.is_empty() && without.is_empty()) {
            "`raw_payload` is the whole payload: leave out `claims` and `without`"
        } else if self.signature.is_some() && self.sign.is_some() {
            "`signature` is taken as it stands: leave out `sign`"
        } else if self.inflates_to.is_some_and(|bytes| bytes > MOST_INFLATED) {
            "`inflates_to` is 67108864 at most"
        } else {
            return Ok(());
        };
        Err(Problem::Invalid(wrong.to_owned()))
    }

    /// The form of the token that it is like. One of its own making is a JWT under a published key.
    pub(super) fn form(&self, provider: &Provider, server: usize) -> AccessTokens {
        let like = self.like.as_ref();
        if self.bare || like.is_some_and(|like| like.kind == Kind::IdToken) {
            return AccessTokens::Jwt;
        }
        let client = like.and_then(|like| provider.tenant.client(&like.client_id));
        let audience = like.and_then(|like| like.audience.as_deref());
        let audience = audience.or(client.and_then(|client| client.audience.as_deref()));
        let server = provider.tenant.servers.get(server);
        server.map(|server| server.access_tokens(audience)).unwrap_or_default()
    }

    /// The payload as it is encoded: compressed, if that was asked for (RFC 1951, as RFC 7516 §4.1.3 has it).
    pub(super) fn payload(&self, text: String) -> Vec<u8> {
        let mut bytes = text.into_bytes();
        let Some(unfolded) = self.inflates_to else { return bytes };
        bytes.resize(unfolded.max(bytes.len()), b' ');
        compress_to_vec(&bytes, CompressionLevel::BestCompression as u8)
    }

    pub(super) fn changes_something(&self) -> bool {
        !self.header.is_empty()
            || !self.claims.is_empty()
            || !self.without_header.is_empty()
            || !self.without.is_empty()
            || self.raw_header.is_some()
            || self.raw_payload.is_some()
            || self.sign.is_some_and(|sign| sign != Sign::Issuer)
            || self.signature.is_some()
            || self.encoding.is_some()
            || self.inflates_to.is_some()
    }
}

impl Encoding {
    pub(super) fn part(self, bytes: &[u8]) -> String {
        match self {
            Self::Padded => URL_SAFE.encode(bytes),
            Self::StandardAlphabet => STANDARD_NO_PAD.encode(bytes),
            Self::Whitespace => {
                let mut text = URL_SAFE_NO_PAD.encode(bytes);
                if !text.is_empty() {
                    text.insert(text.len() / 2, ' ');
                }
                text
            }
        }
    }

    /// A token shows it: not every part has padding, or a character in which the alphabets differ.
    pub(super) fn shows(self, token: &str) -> bool {
        match self {
            Self::Padded => token.contains('='),
            Self::StandardAlphabet => token.contains(['+', '/']),
            Self::Whitespace => token.contains(' '),
        }
    }
}
