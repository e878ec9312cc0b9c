//! The form of a compact JWS (RFC 7515 §3.1, §7.1), read strictly and before anything is believed.
//!
//! Three parts of base64url without padding; the first two are JSON objects of unique members. It knows neither
//! keys nor claims.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::json;
use crate::model::rule::{Rule, Rules};

/// The longest token that is looked at, in bytes. Proxies stop at 8 to 32 KiB of headers.
const MAX_LENGTH: usize = 64 * 1024;

/// A token of the right form. Nothing in it is to be believed yet.
#[derive(Debug)]
pub(super) struct Compact<'t> {
    /// The JOSE header.
    pub(super) header: Map<String, Value>,
    /// The JWT claims set.
    pub(super) claims: Map<String, Value>,
    /// What was signed: the first two parts with their dot.
    pub(super) signing_input: &'t str,
    /// Empty for what is not signed (RFC 7515 §A.5), which the algorithm's rule refuses.
    pub(super) signature: Vec<u8>,
}

/// Why a text is no compact JWS of a JWT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// Not a single dot: an opaque token (PLATFORM.md TOK-OPAQUE).
    #[error("an opaque token cannot be verified, a signed JWT is expected")]
    Opaque,
    /// Longer than is looked at.
    #[error("a token of at most 65536 bytes is expected")]
    TooLong,
    /// Two, four (RFC 7515 §7.1 says three) or five parts (an encrypted token, RFC 7516 §7.1).
    #[error("a signed JWT has three parts separated by dots")]
    Parts,
    /// Padding, another alphabet, white space, trailing bits (RFC 7515 §2).
    #[error("each part is base64url without padding")]
    Base64,
    /// Not one JSON object in UTF-8, a member that comes twice, too deep a nesting (RFC 7515 §4, RFC 7519 §4).
    #[error("the header is one JSON object with unique members")]
    Header,
    /// The same of the second part.
    #[error("the claims are one JSON object with unique members")]
    Claims,
    /// A third part is there and empty.
    #[error("a signature is expected in the third part")]
    Unsigned,
}

impl<'t> Compact<'t> {
    /// Reads a token's form.
    pub(super) fn parse(token: &'t str, rules: Rules) -> Result<Self, FormFault> {
        if token.len() > MAX_LENGTH {
            return Err(FormFault::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(FormFault::Opaque)?;
        let (header, claims) = signing_input.split_once('.').ok_or(FormFault::Parts)?;
        if claims.contains('.') || header.is_empty() || claims.is_empty() {
            return Err(FormFault::Parts);
        }
        let decode = |part: &str| {
            let part = if rules.hold(Rule::TokForm) { Cow::Borrowed(part) } else { Cow::Owned(mended(part)) };
            URL_SAFE_NO_PAD.decode(part.as_ref()).map_err(|_| FormFault::Base64)
        };
        let object = |bytes: &[u8]| match json::object(bytes) {
            None if !rules.hold(Rule::TokForm) => serde_json::from_slice(bytes).ok(),
            object => object,
        };
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        Ok(Self {
            header: object(&header).ok_or(FormFault::Header)?,
            claims: object(&claims).ok_or(FormFault::Claims)?,
            signing_input,
            signature,
        })
    }
}

/// TOK-FORM broken: the part without its padding, in the alphabet that counts.
fn mended(part: &str) -> String {
    part.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{}` in base64url.
    const OBJECT: &str = "e30";

    #[test]
    fn three_parts_of_base64url() {
        let token = format!("{OBJECT}.{OBJECT}.AAAA");
        let compact = Compact::parse(&token, Rules::ALL).expect("good form");
        assert_eq!(compact.signing_input, "e30.e30");
        assert_eq!(compact.signature, [0, 0, 0]);
        let unsigned = Compact::parse("e30.e30.", Rules::ALL).expect("an empty signature has a form");
        assert!(unsigned.signature.is_empty());
    }

    #[test]
    fn every_broken_form_has_its_fault() {
        let long = format!("e30.e30.{}", "A".repeat(MAX_LENGTH));
        let claims = |text: &str| format!("e30.{}.AAAA", URL_SAFE_NO_PAD.encode(text));
        let header = |text: &str| format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(text));
        for (token, fault) in [
            ("", FormFault::Opaque),
            ("00Fq3kXJ", FormFault::Opaque),
            ("e30.e30", FormFault::Parts),
            (".", FormFault::Parts),
            ("..", FormFault::Parts),
            ("e30..AAAA", FormFault::Parts),
            (".e30.AAAA", FormFault::Parts),
            ("e30.e30.AAAA.", FormFault::Parts),
            ("e30.e30.AAAA.AAAA", FormFault::Parts),
            ("e30.e30.AAAA.AAAA.AAAA", FormFault::Parts),
            ("e30=.e30.AAAA", FormFault::Base64),
            ("e30.e30=.AAAA", FormFault::Base64),
            ("e30.e30.AA==", FormFault::Base64),
            ("e30.e30.AA+/", FormFault::Base64),
            ("e30.e30. AAAA", FormFault::Base64),
            ("e30.e30.AAAA\n", FormFault::Base64),
            ("e30.e30.AAA\u{e9}", FormFault::Base64),
            ("e31.e30.AAAA", FormFault::Base64), // bits that the encoder would have left zero
            ("e30.e30.A", FormFault::Base64),
            (&long, FormFault::TooLong),
            (&header("[]"), FormFault::Header),
            (&header(r#"{"alg":"none","alg":"RS256"}"#), FormFault::Header),
            (&header(&format!("{{\"a\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000))), FormFault::Header),
            (&claims("eyJ.eyJ.sig"), FormFault::Claims), // a nested JWT
            (&claims(r#"{"aud":"em","aud":"x"}"#), FormFault::Claims),
            (&claims("not json"), FormFault::Claims),
        ] {
            assert_eq!(Compact::parse(token, Rules::ALL).err(), Some(fault), "{token:.60}");
        }
    }

    #[test]
    fn padding_alphabet_and_members_that_come_twice_pass_only_under_the_sabotage() {
        let twice = URL_SAFE_NO_PAD.encode(r#"{"aud":"a","aud":"b"}"#);
        for token in [
            format!("{OBJECT}=.{OBJECT}=.AA=="),
            format!("{OBJECT}.{OBJECT}.AA+/"),
            format!("{OBJECT}.{twice}.AAAA"),
        ] {
            assert!(Compact::parse(&token, Rules::ALL).is_err(), "{token}");
            assert!(Compact::parse(&token, Rules::without(Rule::TokForm)).is_ok(), "{token}");
        }
        assert!(Compact::parse("e30.e30", Rules::without(Rule::TokForm)).is_err());
    }
}
