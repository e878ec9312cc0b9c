//! The form of a refusal: PLATFORM.md TOK-REFUSAL, RFC 6750 §3, RFC 9728 §5.1. Plain data, no HTTP types.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::model::{
    identifier::Scope,
    rule::{Rule, Rules},
};

/// What a refusal says about the resource that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// `realm`: the issuer whose tokens are accepted, unless the resource has a name for it.
    pub realm: String,
    /// `resource_metadata`: the URL of the resource's metadata (RFC 9728 §3.1).
    pub metadata: String,
    /// `scope`: the scope that is required, where one is.
    pub scope: Option<Scope>,
}

/// A refusal as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The HTTP status.
    pub status: u16,
    /// The value of `WWW-Authenticate`: visible ASCII and spaces only.
    pub www_authenticate: String,
    /// The body, `application/json`: `{"error","error_description"}`. `error` is left out where no credential came;
    /// under a broken TOK-REFUSAL there is no body.
    pub body: Option<String>,
}

impl Challenge {
    /// The media type of the body.
    pub const CONTENT_TYPE: &str = "application/json";

    /// The refusal as the resource sends it.
    #[must_use]
    pub fn new(refusal: &Refusal, resource: &ProtectedResource, rules: Rules) -> Self {
        if !rules.hold(Rule::TokRefusal) {
            return Self { status: refusal.status(), www_authenticate: "Bearer".to_owned(), body: None };
        }
        let description = refusal.description();
        let mut parameters = vec![
            ("realm", Some(resource.realm.as_str())),
            ("resource_metadata", Some(resource.metadata.as_str())),
            ("scope", resource.scope.as_ref().map(Scope::as_str)),
        ];
        let mut body = Map::new();
        if let Some(error) = refusal.error() {
            parameters.extend([("error", Some(error)), ("error_description", Some(&description))]);
            body.insert("error".to_owned(), error.into());
        }
        body.insert("error_description".to_owned(), description.as_str().into());
        let parameters: Vec<_> = parameters
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", quoted_string(value?))))
            .collect();
        Self {
            status: refusal.status(),
            www_authenticate: format!("Bearer {}", parameters.join(", ")),
            body: Some(Value::Object(body).to_string()),
        }
    }
}

/// A quoted-string (RFC 9110 §5.6.4). What is no visible ASCII or space, line ends above all, becomes `?`.
fn quoted_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ => quoted.push('?'),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::identifier::Audience;

    fn resource() -> ProtectedResource {
        ProtectedResource {
            realm: "https://acme.okta.com/oauth2/default".to_owned(),
            metadata: "https://em.acme.test/.well-known/oauth-protected-resource".to_owned(),
            scope: Some(Scope::new("toolhive:config:read")),
        }
    }

    #[test]
    fn the_parameters_come_in_their_order() {
        let refusal = Refusal::Audience(Audience::new("enterprise-manager"));
        let challenge = Challenge::new(&refusal, &resource(), Rules::ALL);
        assert_eq!(challenge.status, 401);
        assert_eq!(
            challenge.www_authenticate,
            "Bearer realm=\"https://acme.okta.com/oauth2/default\", \
             resource_metadata=\"https://em.acme.test/.well-known/oauth-protected-resource\", \
             scope=\"toolhive:config:read\", error=\"invalid_token\", \
             error_description=\"TOK-AUD: the token is not for enterprise-manager\""
        );
        assert_eq!(
            challenge.body.as_deref(),
            Some(
                r#"{"error":"invalid_token","error_description":"TOK-AUD: the token is not for enterprise-manager"}"#
            )
        );
    }

    #[test]
    fn without_a_credential_there_is_no_error() {
        let challenge = Challenge::new(
            &Refusal::NoCredential,
            &ProtectedResource { scope: None, ..resource() },
            Rules::ALL,
        );
        assert_eq!(
            challenge.www_authenticate,
            "Bearer realm=\"https://acme.okta.com/oauth2/default\", \
             resource_metadata=\"https://em.acme.test/.well-known/oauth-protected-resource\""
        );
        let body = challenge.body.expect("a body");
        assert!(!body.contains("\"error\""), "{body}");
    }

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(quoted_string("a\"b\\c\r\nd\u{e9}"), r#""a\"b\\c??d?""#);
        let hostile =
            ProtectedResource { realm: "x\", error=\"none\r\nSet-Cookie: a".to_owned(), ..resource() };
        let value = Challenge::new(&Refusal::Signature, &hostile, Rules::ALL).www_authenticate;
        assert!(
            value.starts_with(r#"Bearer realm="x\", error=\"none??Set-Cookie: a", resource_metadata="#),
            "{value}"
        );
    }

    #[test]
    fn under_the_sabotage_it_is_bare() {
        let challenge = Challenge::new(&Refusal::Signature, &resource(), Rules::without(Rule::TokRefusal));
        let bare = Challenge { status: 401, www_authenticate: "Bearer".to_owned(), body: None };
        assert_eq!(challenge, bare);
    }
}
