//! The closed sets of words in the language, for the reader and for the editors' schema.

use crate::{
    outcome::Capability,
    scenario::syntax::{Flow, KeyChange, Listing, SignWith},
};

/// The parts of the platform.
pub(crate) const COMPONENTS: [&str; 5] =
    ["idp", "enterprise-manager", CLOUD_UI, "registry-server", "registry"];

/// The Cloud UI: whose browsers there are, and what a token for another component is held against.
pub(crate) const CLOUD_UI: &str = "cloud-ui";

/// `needs`
pub(crate) const CAPABILITIES: [(&str, Capability); 7] = [
    ("clock-control", Capability::ClockControl),
    ("fault-injection", Capability::FaultInjection),
    ("key-rotation", Capability::KeyRotation),
    ("minting", Capability::Minting),
    ("journal", Capability::Journal),
    ("policy-change", Capability::PolicyChange),
    ("outage", Capability::Outage),
];

/// `sign_in.flow`
pub(crate) const FLOWS: [(&str, Flow); 4] = [
    ("authorization_code", Flow::AuthorizationCode),
    ("client_credentials", Flow::ClientCredentials),
    ("device_code", Flow::DeviceCode),
    ("refresh_token", Flow::RefreshToken),
];

/// `keys.does`
pub(crate) const KEY_CHANGES: [(&str, KeyChange); 5] = [
    ("rotate", KeyChange::Rotate),
    ("rotate-ahead", KeyChange::RotateAhead),
    ("replace", KeyChange::Replace),
    ("retire", KeyChange::Retire),
    ("publish", KeyChange::Publish),
];

/// `keys.key`
pub(crate) const SPARE_KEYS: [&str; 4] = ["unpublished", "es256", "rsa-1024", "rsa-2048"];

/// `client.does`, with the keys that it needs and those that it may have.
pub(crate) const DEEDS: [(&str, &[&str], &[&str]); 11] = [
    ("enroll", &["user"], &[]),
    ("start", &[], &["managed", "environment", "refused", "rule", "expect"]),
    ("sign_in", &["user"], &["refused", "rule"]),
    ("poll", &["contact"], &["rule", "expect"]),
    ("install", &["server", "permitted"], &["rule", "expect"]),
    ("run", &["server", "permitted"], &["rule", "expect"]),
    ("keep", &["server", "permitted"], &["rule", "expect"]),
    ("set", &["directive", "value", "permitted"], &["rule", "expect"]),
    ("unset", &["directive", "permitted"], &["rule", "expect"]),
    ("status", &["expect"], &["rule"]),
    ("stop", &[], &[]),
];

/// `browser.does`, with the keys that it needs and those that it may have.
pub(crate) const VISITS: [(&str, &[&str], &[&str]); 4] = [
    ("sign_in", &["user"], &["path", "callback", "expect"]),
    ("begin", &["user"], &["path", "capture"]),
    ("open", &["path"], &["headers", "expect"]),
    ("submit", &["path"], &["headers", "form", "without", "cross_site", "expect"]),
];

/// What a client says after a poll, a wish and otherwise: the first segments of the pointers in `client.expect`.
pub(crate) const POLL_ANSWER: [&str; 6] = ["contact", "outcome", "status", "rule", "reason", "mode"];
/// After `install`, `run`, `keep`, `set` and `unset`.
pub(crate) const ASK_ANSWER: [&str; 7] =
    ["permitted", "mode", "rule", "reason", "warnings", "message", "polled"];
/// After `sign_in`: `reason` says why there is no token, and is `null` where there is one.
pub(crate) const SIGN_IN_ANSWER: [&str; 1] = ["reason"];
/// After `start` and `status`.
pub(crate) const STATUS_ANSWER: [&str; 13] = [
    "platform_url",
    "mode",
    "signed_in",
    "last_contact",
    "not_after",
    "issued_at",
    "next_poll",
    "time",
    "settings",
    "running",
    "warnings",
    "events",
    "installed",
];

/// The modes of a client.
pub(crate) const MODES: [&str; 6] =
    ["unenrolled", "expired", "online", "grace", "degraded-warn", "degraded-block"];

/// `fault.sign`
pub(crate) const ENVELOPE_SIGNATURES: [&str; 5] =
    ["manager", "unpublished", "embedded-jwk", "corrupted", "none"];

/// The directives that a client may be asked to change.
pub(crate) const DIRECTIVES: [&str; 8] = [
    "registry",
    "non_registry_servers",
    "telemetry",
    "ca_certificate",
    "build_env",
    "playground",
    "help_menu",
    "assistant",
];

/// `tamper.by`
pub(crate) const TAMPERINGS: [&str; 6] = ["set", "flip", "truncate", "delete", "keep", "put-back"];

/// The members of a client's cache file.
pub(crate) const CACHE_MEMBERS: [&str; 9] = [
    "version",
    "platform_url",
    "envelope",
    "keys",
    "etag",
    "last_contact",
    "highest_time",
    "generation",
    "seal",
];

/// A kind of fault: its word, the one component that can have it, the keys that it needs, those that it may have.
type FaultShape = (&'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str]);

/// How a token may differ from what the IdP would issue.
const TOKEN_CHANGES: &[&str] = &["header", "claims", "without_header", "without", "sign"];

/// Faults that are a change of something: without one they are idle.
pub(crate) const CHANGES: [&str; 5] = ["document", "callback", "access_token", "id_token", "envelope"];

/// `fault.why`
pub(crate) const CERTIFICATES: [&str; 3] = ["untrusted", "expired", "other-name"];

/// `fault.is`
pub(crate) const FAULTS: [FaultShape; 18] = [
    ("paused", None, &[], &[]),
    ("stopped", None, &[], &[]),
    ("killed", None, &[], &[]),
    ("disconnected", None, &[], &[]),
    ("unreachable", None, &[], &[]),
    ("refused", None, &[], &[]),
    ("certificate", None, &[], &["why"]),
    ("slow", None, &["delay"], &[]),
    ("status", None, &["status"], &["headers", "body", "content_type"]),
    ("body", None, &["body"], &["content_type", "bytes"]),
    ("redirect", None, &["location"], &[]),
    ("document", None, &[], &["set", "without"]),
    ("truncated", None, &[], &[]),
    ("callback", Some("idp"), &[], &["set", "without"]),
    ("rate_limited", Some("idp"), &[], &["seconds"]),
    ("access_token", Some("idp"), &[], TOKEN_CHANGES),
    ("id_token", Some("idp"), &[], TOKEN_CHANGES),
    (
        "envelope",
        Some("enterprise-manager"),
        &[],
        &["header", "without_header", "payload", "without", "sign"],
    ),
];

/// `mint.sign`
pub(crate) const SIGNATURES: [(&str, SignWith); 20] = [
    ("issuer", SignWith::Issuer),
    ("unpublished", SignWith::Unpublished),
    ("none", SignWith::Nothing),
    ("hmac-public-pem", SignWith::HmacPublicPem),
    ("hmac-public-der", SignWith::HmacPublicDer),
    ("hmac-jwk-n", SignWith::HmacJwkN),
    ("rs384", SignWith::Rs384),
    ("rs512", SignWith::Rs512),
    ("ps256", SignWith::Ps256),
    ("ps384", SignWith::Ps384),
    ("ps512", SignWith::Ps512),
    ("es256", SignWith::Es256),
    ("rsa-1024", SignWith::Rsa1024),
    ("ecdsa-zero", SignWith::EcdsaZero),
    ("ecdsa-der", SignWith::EcdsaDer),
    ("corrupted", SignWith::Corrupted),
    ("truncated", SignWith::Truncated),
    ("kept", SignWith::Kept),
    ("embedded-jwk", SignWith::EmbeddedJwk),
    ("embedded-x5c", SignWith::EmbeddedX5c),
];

/// `mint.encoding`
pub(crate) const ENCODINGS: [(&str, &str); 3] =
    [("padded", "padded"), ("standard-alphabet", "standard-alphabet"), ("whitespace", "whitespace")];

/// `journal.endpoint` by component.
pub(crate) const ENDPOINTS: [(&str, &[&str]); 7] = [
    (
        "idp",
        &[
            "discovery",
            "keys",
            "authorize",
            "login",
            "device",
            "token",
            "introspect",
            "userinfo",
            "revoke",
            "logout",
            "register",
        ],
    ),
    ("enterprise-manager", &["discovery", "jwks", "config", "protected-resource", "healthz", "unknown"]),
    (
        CLOUD_UI,
        &[
            "me",
            "protected-resource",
            "healthz",
            "home",
            "sign-in",
            "callback",
            "sign-out",
            "signed-out",
            "catalogue",
            "server",
            "who-am-i",
            "assistant",
            "administration",
            "style",
            "icon",
            "unknown",
        ],
    ),
    (
        "registry-server",
        &[
            "servers",
            "versions",
            "version",
            "me",
            "sources",
            "source",
            "source-entries",
            "registries",
            "registry",
            "registry-entries",
            "entries",
            "entry",
            "entry-claims",
            "protected-resource",
            "healthz",
            "unknown",
        ],
    ),
    ("registry", &["server", "healthz", "unknown"]),
    // Of every server that the custom resources have.
    ("mcp", &["mcp", "protected-resource", "healthz", "unknown"]),
    ("upstream", &["mcp", "healthz", "unknown"]),
];

/// Pointers into an entry of the IdP's journal.
pub(crate) const IDP_ENTRY: [&str; 28] = [
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
    "/pkce/challenge_seen_before",
    "/pkce/verifier_present",
    "/redirect_uri",
    "/response_mode",
    "/state_present",
    "/nonce_present",
    "/prompt",
    "/max_age",
    "/login_hint_present",
    "/host",
    "/user",
    "/error",
    "/fault",
];

/// Pointers into an entry of another component's journal.
pub(crate) const COMPONENT_ENTRY: [&str; 8] =
    ["/seq", "/at", "/endpoint", "/method", "/path", "/status", "/rule", "/fault"];

/// What an entry of an MCP proxy, or of the server behind it, has beside those.
pub(crate) const MCP_DETAIL: [&str; 8] = [
    "/detail/method",
    "/detail/name",
    "/detail/action",
    "/detail/entity",
    "/detail/decision",
    "/detail/policies",
    "/detail/rule",
    "/detail/headers",
];

/// Claims that differ between any two tokens; `differs` never names them.
pub(crate) const NEVER_COUNT: [&str; 7] = ["jti", "iat", "auth_time", "uti", "nonce", "at_hash", "sid"];

/// The keys of a matcher that is a map.
pub(crate) const OPERATORS: [&str; 11] =
    ["equals", "present", "contains", "matches", "lt", "le", "gt", "ge", "any", "all", "not"];

/// The keys of a step.
pub(crate) const STEPS: [&str; 23] = [
    "sign_in",
    "mint",
    "accept",
    "refuse",
    "request",
    "token",
    "journal",
    "advance",
    "client",
    "browser",
    "tamper",
    "fault",
    "restore",
    "keys",
    "policy",
    "broken_policy",
    "mcp",
    "manifests",
    "broken_manifests",
    "upstream",
    "restart",
    "catalogue",
    "observe",
];

/// What `upstream` changes.
pub(crate) const UPSTREAM_CHANGES: [&str; 4] = ["tools", "notify", "answers", "restart"];

/// `upstream.answers`
pub(crate) const ANSWER_FORMS: [(&str, &str); 2] = [("json", "json"), ("event-stream", "event-stream")];

/// What `mcp` asks.
pub(crate) const MCP_ASKS: [&str; 4] = ["call_tool", "get_prompt", "read_resource", "list"];

/// `mcp.list`
pub(crate) const LISTINGS: [(&str, Listing); 4] = [
    ("tools", Listing::Tools),
    ("prompts", Listing::Prompts),
    ("resources", Listing::Resources),
    ("templates", Listing::Templates),
];

/// What `capture` can keep of an answer.
pub(crate) const CAPTURES: [&str; 6] = ["status", "header", "json", "body", "jws_header", "jws_payload"];

/// What can be captured from a token.
pub(crate) const TOKEN_CAPTURES: [&str; 3] = ["header", "claims", "form"];

/// Where variables come from: the part of their names before the first dot.
pub(crate) const NAMESPACES: [&str; 7] = ["matrix", "values", "capture", "token", "var", "env", "now"];

/// `a`, `b`, `c`
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
