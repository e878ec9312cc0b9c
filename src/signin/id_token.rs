//! What a client looks at in an ID token from the token endpoint (OpenID Connect Core §3.1.3.7): CL-ID-TOKEN, and the
//! nonce of CL-LOGIN-CHECK. The token came over TLS, so its signature is not looked at here; neither are its times,
//! since a flow has no clock.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json};

use super::{SignInError, Tokens};

/// An ID token, decoded.
pub(super) struct IdToken {
    header: Map<String, Json>,
    claims: Map<String, Json>,
}

impl IdToken {
    pub(super) fn read(text: &str) -> Result<Self, SignInError> {
        let mut parts = text.split('.');
        let mut object = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
        let read = object().zip(object());
        let (header, claims) = read.ok_or_else(|| SignInError::Protocol("the ID token is no JWT".into()))?;
        Ok(Self { header, claims })
    }

    /// It answers the request that had this nonce.
    pub(super) fn check_nonce(&self, sent: Option<&str>) -> Result<(), SignInError> {
        let own = self.text("nonce") == sent;
        own.then_some(()).ok_or_else(|| misbehaved("the ID token's nonce is not the one that was sent"))
    }

    /// It is from this issuer, for this client, and came with this access token.
    pub(super) fn check(&self, issuer: &str, client_id: &str, tokens: &Tokens) -> Result<(), SignInError> {
        if self.text("iss") != Some(issuer) {
            return Err(misbehaved("the ID token is of another issuer"));
        }
        let (for_us, several) = match self.claims.get("aud") {
            Some(Json::String(audience)) => (audience == client_id, false),
            Some(Json::Array(audiences)) => {
                (audiences.iter().any(|audience| audience == client_id), audiences.len() > 1)
            }
            _ => (false, false),
        };
        if !for_us {
            return Err(misbehaved("the ID token's audience is not this client"));
        }
        match self.claims.get("azp") {
            Some(party) if party == client_id => {}
            None if !several => {}
            _ => return Err(misbehaved("the ID token's authorized party is not this client")),
        }
        match self.claims.get("at_hash") {
            Some(hash) if hash.as_str() != self.half_hash(&tokens.access_token).as_deref() => {
                Err(misbehaved("the ID token's at_hash is not the access token's"))
            }
            _ => Ok(()),
        }
    }

    /// The left half of the digest that the signature's algorithm has (OpenID Connect Core §3.1.3.6).
    fn half_hash(&self, access_token: &str) -> Option<String> {
        let algorithm = self.header.get("alg")?.as_str()?;
        let hash = match algorithm.get(2..)? {
            "256" => &SHA256,
            "384" => &SHA384,
            "512" => &SHA512,
            _ => return None,
        };
        let hash = digest(hash, access_token.as_bytes());
        let half = hash.as_ref().get(..hash.as_ref().len() / 2)?;
        Some(URL_SAFE_NO_PAD.encode(half))
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }
}

fn misbehaved(words: &str) -> SignInError {
    SignInError::Protocol(words.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(claims: &Json) -> bool {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let text = format!("{}.{}.AA", part(&json!({"alg": "RS256"})), part(claims));
        let tokens = Tokens {
            // The access token and the at_hash of OpenID Connect Core §A.3.
            access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".into(),
            token_type: "Bearer".into(),
            id_token: None,
            refresh_token: None,
            scope: None,
            expires_in: None,
        };
        IdToken::read(&text).unwrap().check("https://idp.test", "cli", &tokens).is_ok()
    }

    #[test]
    fn it_is_ours() {
        let (iss, at_hash) = ("https://idp.test", "77QmUPtjPfzWtF2AnpK9RQ");
        for claims in [
            json!({"iss": iss, "aud": "cli"}),
            json!({"iss": iss, "aud": ["cli"], "at_hash": at_hash}),
            json!({"iss": iss, "aud": ["other", "cli"], "azp": "cli"}),
        ] {
            assert!(check(&claims), "{claims}");
        }
        for claims in [
            json!({"aud": "cli"}),
            json!({"iss": "https://idp.test/", "aud": "cli"}),
            json!({"iss": iss}),
            json!({"iss": iss, "aud": "other"}),
            json!({"iss": iss, "aud": ["other"], "azp": "cli"}),
            json!({"iss": iss, "aud": ["cli", "other"]}),
            json!({"iss": iss, "aud": "cli", "azp": "other"}),
            json!({"iss": iss, "aud": "cli", "azp": 7}),
            json!({"iss": iss, "aud": "cli", "at_hash": "77QmUPtjPfzWtF2AnpK9RA"}),
            json!({"iss": iss, "aud": "cli", "at_hash": 7}),
        ] {
            assert!(!check(&claims), "{claims}");
        }
    }

    #[test]
    fn what_is_no_jwt_is_no_id_token() {
        for text in ["", "opaque", "e30", "e30.W10.AA"] {
            assert!(IdToken::read(text).is_err(), "{text}");
        }
    }
}
