//! The closed sets of words in the language, for the reader and for the editors' schema.

use crate::{
    outcome::Capability,
    scenario::syntax::{Flow, SignWith},
};

/// The parts of the platform.
pub(crate) const COMPONENTS: [&str; 3] = ["idp", "enterprise-manager", "sibling"];

/// `needs`
pub(crate) const CAPABILITIES: [(&str, Capability); 5] = [
    ("clock-control", Capability::ClockControl),
    ("fault-injection", Capability::FaultInjection),
    ("key-rotation", Capability::KeyRotation),
    ("minting", Capability::Minting),
    ("journal", Capability::Journal),
];

/// `sign_in.flow`
pub(crate) const FLOWS: [(&str, Flow); 2] =
    [("authorization_code", Flow::AuthorizationCode), ("client_credentials", Flow::ClientCredentials)];

/// `mint.sign`
pub(crate) const SIGNATURES: [(&str, SignWith); 6] = [
    ("issuer", SignWith::Issuer),
    ("unpublished", SignWith::Unpublished),
    ("none", SignWith::Nothing),
    ("hmac-public-pem", SignWith::HmacPublicPem),
    ("corrupted", SignWith::Corrupted),
    ("embedded-jwk", SignWith::EmbeddedJwk),
];

/// `journal.endpoint` by component.
pub(crate) const ENDPOINTS: [(&str, &[&str]); 3] = [
    ("idp", &["discovery", "keys", "authorize", "login", "token", "introspect", "userinfo"]),
    ("enterprise-manager", &["discovery", "jwks", "config", "protected-resource", "healthz", "unknown"]),
    ("sibling", &["me", "protected-resource", "healthz", "unknown"]),
];

/// Pointers into an entry of the IdP's journal.
pub(crate) const IDP_ENTRY: [&str; 20] = [
    "/seq",
    "/at",
    "/endpoint",
    "/method",
    "/path",
    "/status",
    "/issuer",
    "/client_id",
    "/client_auth",
    "/grant_type",
    "/scopes",
    "/resource",
    "/pkce",
    "/pkce/challenge_method",
    "/pkce/challenge_present",
    "/pkce/verifier_present",
    "/redirect_uri",
    "/state_present",
    "/nonce_present",
    "/error",
];

/// Pointers into an entry of another component's journal.
pub(crate) const COMPONENT_ENTRY: [&str; 7] =
    ["/seq", "/at", "/endpoint", "/method", "/path", "/status", "/rule"];

/// Claims that differ between any two tokens; `differs` never names them.
pub(crate) const NEVER_COUNT: [&str; 6] = ["jti", "iat", "auth_time", "uti", "nonce", "at_hash"];

/// The keys of a matcher that is a map.
pub(crate) const OPERATORS: [&str; 11] =
    ["equals", "present", "contains", "matches", "lt", "le", "gt", "ge", "any", "all", "not"];

/// The keys of a step.
pub(crate) const STEPS: [&str; 8] =
    ["sign_in", "mint", "accept", "refuse", "request", "token", "journal", "advance"];

/// What `capture` can keep of an answer.
pub(crate) const CAPTURES: [&str; 5] = ["header", "json", "body", "jws_header", "jws_payload"];

/// Where variables come from: the part of their names before the first dot.
pub(crate) const NAMESPACES: [&str; 7] = ["matrix", "values", "capture", "token", "var", "env", "now"];

/// `a`, `b`, `c`
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
