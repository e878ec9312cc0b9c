//! Why a request is refused: one variant for each rule of PLATFORM.md §3, with what was expected.
//!
//! An attacker chooses the token, so nothing of it is ever quoted; expected values come from the configuration.
//! How a refusal travels is `challenge`'s matter.

use super::{
    algorithm::AlgorithmFault,
    claims::{ScopeFault, TimeFault},
    discovery::MetadataFault,
    fetch::FetchFault,
    form::FormFault,
    header::KeyIdFault,
};
use crate::model::{
    identifier::{Audience, Issuer, Scope},
    rule::Rule,
};

/// A refusal. `Display` says what was expected; [`Refusal::description`] is what travels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// TOK-BEARER, RFC 6750 §3.1: no credential came. The one refusal without an error code.
    #[error("an access token is expected in the Authorization header")]
    NoCredential,
    /// TOK-BEARER, RFC 6750 §2.1: something other than `Bearer` and one b64token came.
    #[error("the Authorization header is the scheme Bearer, a space and one b64token")]
    NotBearer,
    /// TOK-BEARER, RFC 9110 §11.6.2: two `Authorization` headers.
    #[error("one Authorization header is expected")]
    TwoCredentials,
    /// TOK-OPAQUE: a token without a dot.
    #[error("{}", FormFault::Opaque)]
    Opaque,
    /// TOK-FORM, RFC 7515 §3.1 and §7.1.
    #[error("{0}")]
    Form(FormFault),
    /// TOK-FORM or TOK-KEYSET-FAULT broken: the refusal that is no refusal but a failure of the component.
    #[error("internal error")]
    Failure,
    /// TOK-ALG, RFC 7518 §3.1, RFC 8725 §3.1.
    #[error("{0}")]
    Algorithm(AlgorithmFault),
    /// TOK-HEADERS, RFC 7515 §4.1.11: `crit` names extensions, and none is understood here.
    #[error("crit is not supported, no extension is understood")]
    Critical,
    /// TOK-KID, RFC 7515 §4.1.4.
    #[error("{0}")]
    KeyId(KeyIdFault),
    /// TOK-ISS, RFC 7519 §4.1.1: not the configured issuer.
    #[error("the issuer is not {0}, character for character")]
    Issuer(Issuer),
    /// TOK-META, RFC 8414 §3.3: the issuer's metadata contradicts the configuration.
    #[error("{0}")]
    Metadata(MetadataFault),
    /// TOK-KEYSET-FAULT: no key set could be had, and none is left that may still serve.
    #[error("the issuer's key set cannot be had: {0}")]
    KeySet(FetchFault),
    /// TOK-JWT, RFC 7515 §5.2: the signature does not verify.
    #[error("the signature does not verify with the issuer's key")]
    Signature,
    /// TOK-AUD-TYPE, RFC 7519 §4.1.3: `aud` is neither a string nor an array of strings.
    #[error("aud is a string or an array of strings")]
    AudienceType,
    /// TOK-AUD, RFC 7519 §4.1.3, RFC 8725 §3.9.
    #[error("the token is not for {0}")]
    Audience(Audience),
    /// TOK-EXP, RFC 7519 §4.1.4 and §4.1.5.
    #[error("{0}")]
    Time(TimeFault),
    /// TOK-SCOPE, answered by TOK-SCOPE-401.
    #[error("the scope {0} {1}")]
    Scope(Scope, ScopeFault),
    /// TOK-SCOPE-401 broken: what RFC 6750 §3.1 would answer.
    #[error("the scope {0} {missing}", missing = ScopeFault::Missing)]
    InsufficientScope(Scope),
    /// TOK-SUB, RFC 7519 §4.1.2.
    #[error("sub is expected, a non-empty string")]
    Subject,
}

impl Refusal {
    /// The rule that refuses.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::NoCredential | Self::NotBearer | Self::TwoCredentials => Rule::TokBearer,
            Self::Opaque => Rule::TokOpaque,
            Self::Form(_) | Self::Failure => Rule::TokForm,
            Self::Algorithm(_) => Rule::TokAlg,
            Self::Critical => Rule::TokHeaders,
            Self::KeyId(_) => Rule::TokKid,
            Self::Issuer(_) => Rule::TokIss,
            Self::Metadata(_) => Rule::TokMeta,
            Self::KeySet(_) => Rule::TokKeysetFault,
            Self::Signature => Rule::TokJwt,
            Self::AudienceType => Rule::TokAudType,
            Self::Audience(_) => Rule::TokAud,
            Self::Time(_) => Rule::TokExp,
            Self::Scope(..) => Rule::TokScope,
            Self::InsufficientScope(_) => Rule::TokScope401,
            Self::Subject => Rule::TokSub,
        }
    }

    /// The HTTP status: 400 for a malformed request, 401 for everything else while all rules hold.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotBearer | Self::TwoCredentials => 400,
            Self::InsufficientScope(_) => 403,
            Self::Failure => 500,
            _ => 401,
        }
    }

    /// The error code of RFC 6750 §3.1; none where no credential came.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        match self.status() {
            400 => Some("invalid_request"),
            403 => Some("insufficient_scope"),
            500 => Some("server_error"),
            _ if matches!(self, Self::NoCredential) => None,
            _ => Some("invalid_token"),
        }
    }

    /// The requirement's id and what was expected: `TOK-AUD: the token is not for enterprise-manager`. Only the
    /// characters that RFC 6750 §3 allows in an `error_description`; others become `?`.
    #[must_use]
    pub fn description(&self) -> String {
        let allowed = |c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        format!("{}: {self}", self.rule().id()).chars().map(|c| if allowed(c) { c } else { '?' }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_begins_with_the_rule_and_says_what_was_expected() {
        let refusal = Refusal::Audience(Audience::new("enterprise-manager"));
        assert_eq!(refusal.description(), "TOK-AUD: the token is not for enterprise-manager");
        assert_eq!((refusal.status(), refusal.error()), (401, Some("invalid_token")));
    }

    #[test]
    fn a_description_has_only_the_characters_of_rfc_6750() {
        let refusal = Refusal::Audience(Audience::new("a\"b\\c\r\nd\u{e9}\u{7f}\t"));
        assert_eq!(refusal.description(), "TOK-AUD: the token is not for a?b?c??d???");
    }

    #[test]
    fn only_a_request_without_credential_has_no_error_code() {
        assert_eq!((Refusal::NoCredential.status(), Refusal::NoCredential.error()), (401, None));
        assert_eq!((Refusal::NotBearer.status(), Refusal::NotBearer.error()), (400, Some("invalid_request")));
        let forbidden = Refusal::InsufficientScope(Scope::new("s"));
        assert_eq!((forbidden.status(), forbidden.error()), (403, Some("insufficient_scope")));
        assert_eq!(Refusal::Scope(Scope::new("s"), ScopeFault::Missing).status(), 401);
    }
}
