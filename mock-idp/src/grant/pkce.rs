//! Proof Key for Code Exchange (RFC 7636), `S256` only (RFC 9700 §2.1.1).

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    refusal::Rule,
    request::{Params, Refusal},
    tenant::Client,
};

/// The challenge of an authorization request. Public clients always need one, others unless the tenant says so.
pub(crate) fn challenge(client: &Client, params: &Params) -> Result<Option<String>, Refusal> {
    let Some(challenge) = params.one("code_challenge")? else {
        let stray_method = params.one("code_challenge_method")?.is_some();
        return if client.requires_pkce || stray_method { Err(Rule::PkceRequired.into()) } else { Ok(None) };
    };
    // Without a method it would be `plain` (RFC 7636 §4.3).
    if params.one("code_challenge_method")? != Some("S256") {
        return Err(Rule::PkceMethod.into());
    }
    if !is_well_formed(challenge) {
        return Err(Rule::PkceChallengeMalformed.into());
    }
    Ok(Some(challenge.to_owned()))
}

/// The verifier of a token request against the challenge. A verifier without a challenge is refused too: it is a
/// downgrade (RFC 9700 §4.8.2).
pub(crate) fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Rule> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) | (Some(_), None) => Err(Rule::PkceVerifierWrong),
        (Some(_), Some(verifier)) if !is_well_formed(verifier) => Err(Rule::PkceVerifierMalformed),
        (Some(challenge), Some(verifier)) => {
            let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            verify_slices_are_equal(expected.as_bytes(), challenge.as_bytes())
                .map_err(|_| Rule::PkceVerifierWrong)
        }
    }
}

/// 43 to 128 unreserved characters (RFC 7636 §4.1, §4.2).
fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_must_fit_the_challenge() {
        assert_eq!(verify(Some(CHALLENGE), Some(VERIFIER)), Ok(()));
        assert_eq!(verify(Some(CHALLENGE), Some(CHALLENGE)), Err(Rule::PkceVerifierWrong));
        assert_eq!(verify(Some(CHALLENGE), None), Err(Rule::PkceVerifierWrong));
        assert_eq!(verify(None, Some(VERIFIER)), Err(Rule::PkceVerifierWrong));
        assert_eq!(verify(None, None), Ok(()));
        for malformed in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43))] {
            assert_eq!(verify(Some(CHALLENGE), Some(&malformed)), Err(Rule::PkceVerifierMalformed));
        }
    }
}
