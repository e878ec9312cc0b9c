//! Every map of the language with its keys: one line a key.

mod browser;
mod change;
mod client;
mod mcp;

use self::{
    browser::{BROWSER, CALLBACK},
    change::{ADVANCE, FAULT, KEYS, KEYS_REFUSED},
    client::{CLIENT, CLIENT_CAPTURE, TAMPER},
    mcp::{MANIFESTS, MCP, UPSTREAM},
};
use super::form::Form::{
    self, Any, Boolean, Either, List, Map, Matcher, SomeIn, SomeOf, Status, Text, Word, Yes,
};
use crate::scenario::read::words::{CAPABILITIES, ENCODINGS, FLOWS, SIGNATURES};

/// A map whose keys are known.
pub(super) struct Shape {
    /// Its name among the schema's definitions.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// It has exactly one of its keys.
    pub(super) exactly_one: bool,
    /// Its keys.
    pub(super) fields: &'static [Field],
}

/// A key.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) required: bool,
    pub(super) form: Form,
    pub(super) about: &'static str,
}

const fn need(key: &'static str, form: Form, about: &'static str) -> Field {
    Field { key, required: true, form, about }
}

const fn may(key: &'static str, form: Form, about: &'static str) -> Field {
    Field { key, required: false, form, about }
}

const COMPONENT: Form = Form::Component;

/// Every shape below the scenario itself.
pub(super) static ALL: [&Shape; 30] = [
    &PLATFORM,
    &IDP,
    &AXIS,
    &STEP,
    &SIGN_IN,
    &REFUSED,
    &MINT,
    &LIKE,
    &ACCEPT,
    &REFUSE,
    &REQUEST,
    &EXPECT,
    &JWS,
    &CAPTURE,
    &CLIENT_CAPTURE,
    &TOKEN_CAPTURE,
    &JOURNAL_CAPTURE,
    &OBSERVE,
    &TOKEN,
    &JOURNAL,
    &ADVANCE,
    &CLIENT,
    &BROWSER,
    &CALLBACK,
    &TAMPER,
    &FAULT,
    &KEYS,
    &KEYS_REFUSED,
    &MCP,
    &UPSTREAM,
];

pub(super) static SCENARIO: Shape = Shape {
    name: "scenario",
    about: "what must hold, and how it is seen",
    exactly_one: false,
    fields: &[
        need("title", Text, "one line: what must hold; axes of the matrix as ${matrix.axis}"),
        need("why", Text, "why it matters to the person who runs it"),
        need("requirements", SomeOf(&Text), "the requirements that it is about, the main one first"),
        may("tags", List(&Text), "families and topics, in lower case with hyphens"),
        may(
            "needs",
            List(&Word(|| CAPABILITIES.iter().map(|(word, _)| *word).collect())),
            "what the target must be able to do, beyond what the steps need anyway",
        ),
        may(
            "matrix",
            SomeIn(&Either(&[SomeOf(&Text), Form::Shape(&AXIS)])),
            "axis: values; every combination is a case of its own",
        ),
        need("platform", Form::Shape(&PLATFORM), "the platform under test"),
        need("idp", Form::Shape(&IDP), "the identity provider"),
        need("steps", SomeOf(&Form::Shape(&STEP)), "what is done and checked, in order"),
        may("always", List(&Form::Shape(&STEP)), "clean-up, done whatever happened"),
    ],
};

static PLATFORM: Shape = Shape {
    name: "platform",
    about: "the platform under test",
    exactly_one: false,
    fields: &[
        need("values", Text, "its values file, relative to this file"),
        may(
            "manifests",
            MANIFESTS,
            "its custom resources: files relative to this one, or documents written out",
        ),
        may("broken_manifests", MANIFESTS, "the same, with mistakes in them"),
    ],
};

static IDP: Shape = Shape {
    name: "idp",
    about: "the identity provider",
    exactly_one: false,
    fields: &[need("tenant", Text, "a shipped tenant by name, or a file relative to this one")],
};

static AXIS: Shape = Shape {
    name: "axis",
    about: "an axis of the matrix",
    exactly_one: false,
    fields: &[
        need(
            "values",
            Either(&[SomeOf(&Text), SomeIn(&Any)]),
            "its values, or by the name that they have in the case's id",
        ),
        may(
            "repeats",
            Boolean,
            "the same exchange on another profile: its values count as one distinct case",
        ),
    ],
};

static STEP: Shape = Shape {
    name: "step",
    about: "one thing that is done or checked",
    exactly_one: true,
    fields: &[
        may("sign_in", Form::Shape(&SIGN_IN), "a client obtains a token by a real flow"),
        may("mint", Form::Shape(&MINT), "the IdP makes a token with any header and claim"),
        may("accept", Form::Shape(&ACCEPT), "a component must accept a token"),
        may("refuse", Form::Shape(&REFUSE), "a component must refuse a token, for the expected rule"),
        may("request", Form::Shape(&REQUEST), "any request, with matchers on the answer"),
        may("token", Form::Shape(&TOKEN), "matchers on a token that the case has"),
        may("journal", Form::Shape(&JOURNAL), "how often an endpoint was called"),
        may(
            "advance",
            Either(&[Text, Form::Shape(&ADVANCE)]),
            "one jump of all clocks, a Go duration: 24h; or of one clock alone",
        ),
        may("client", Form::Shape(&CLIENT), "the simulated client does something"),
        may("browser", Form::Shape(&BROWSER), "a person does something at the Cloud UI"),
        may("tamper", Form::Shape(&TAMPER), "somebody changes the cache of a client on disk"),
        may("fault", Form::Shape(&FAULT), "a component misbehaves from here on"),
        may("restore", COMPONENT, "a component behaves again"),
        may("keys", Form::Shape(&KEYS), "the signing keys of the IdP or of the Manager change"),
        may(
            "policy",
            Either(&[Text, Map(&Any)]),
            "the policy file of the Manager is written anew: directives, or its text",
        ),
        may(
            "broken_policy",
            Either(&[Text, Map(&Any)]),
            "the policy file of the Manager is written anew, and is one that it does not take",
        ),
        may("mcp", Form::Shape(&MCP), "what somebody may do on an MCP server"),
        may("manifests", MANIFESTS, "the custom resources are others from here on"),
        may("broken_manifests", MANIFESTS, "the same, with mistakes in them"),
        may("upstream", Form::Shape(&UPSTREAM), "the server behind a proxy changes"),
        may("restart", COMPONENT, "the proxy before an MCP server ends, and begins anew"),
        may("observe", Form::Shape(&OBSERVE), "which side of a divergence the platform is on"),
        may(
            "catalogue",
            List(&Any),
            "every entry that the Registry Server has from here on: source, claims, server",
        ),
    ],
};

static SIGN_IN: Shape = Shape {
    name: "sign_in",
    about: "a client obtains a token by a real flow; what is not given comes from the discovery document of the Manager",
    exactly_one: false,
    fields: &[
        may("as", Text, "the name of the access token from here on; `token` by default"),
        may("id_token_as", Text, "the name of the ID token"),
        may(
            "flow",
            Word(|| FLOWS.iter().map(|(word, _)| *word).collect()),
            "authorization_code (with PKCE) by default",
        ),
        may("user", Text, "the login of the person who signs in"),
        may("from", Text, "for a refresh: the token of the sign-in whose refresh token is shown"),
        may("redirect_uri", Text, "that of a web client; a native client listens on loopback"),
        may("issuer", Text, "instead of the discovered one"),
        may("client_id", Text, "instead of the discovered one"),
        may("client_secret", Text, "for a confidential client"),
        may("resource", Text, "the resource indicator (RFC 8707)"),
        may("scopes", List(&Text), "instead of the discovered ones"),
        may("refused", Form::Shape(&REFUSED), "the IdP must refuse, and no token may come"),
        may(
            "capture",
            SomeIn(&Form::Shape(&TOKEN_CAPTURE)),
            "it is open whether a token comes; name: what to keep of it, or of the refusal {error: code}, as ${capture.name}",
        ),
        may(
            "control",
            Text,
            "beside capture: a token that a sign-in of this scenario obtains from the same issuer",
        ),
    ],
};

static REFUSED: Shape = Shape {
    name: "refused",
    about: "a sign-in that must be refused",
    exactly_one: false,
    fields: &[
        may("error", Text, "the OAuth error code of the IdP: access_denied"),
        may("by", Word(|| vec!["client"]), "the client refuses, because of what the IdP answered"),
        may("description", Matcher, "what error_description is, or the words of the client"),
        need("control", Text, "a token that a sign-in of this scenario obtains from the same issuer"),
        need("rule", Text, "the requirement at stake"),
    ],
};

static MINT: Shape = Shape {
    name: "mint",
    about: "the IdP makes a token with any header and claim; it starts from one of from, like, text",
    exactly_one: false,
    fields: &[
        need("as", Text, "the name of the token from here on"),
        may("from", Text, "start from the header and claims of this token"),
        may("like", Form::Shape(&LIKE), "start from what the IdP would issue"),
        may("text", Text, "no JWT at all: these very characters"),
        may("claims", Map(&Any), "claims to set"),
        may("without", SomeOf(&Text), "claims to remove"),
        may("header", Map(&Any), "header members to set"),
        may("without_header", SomeOf(&Text), "header members to remove"),
        may("raw_header", Text, "the bytes of the header, whatever they are"),
        may("raw_payload", Text, "the bytes of the payload, whatever they are"),
        may(
            "encoding",
            Word(|| ENCODINGS.iter().map(|(word, _)| *word).collect()),
            "how the parts are written, against RFC 7515; base64url without padding by default",
        ),
        may(
            "inflates_to",
            Any,
            "the payload is compressed as `zip: DEF` says (RFC 1951), and unfolds to so many bytes",
        ),
        may(
            "sign",
            Word(|| SIGNATURES.iter().map(|(word, _)| *word).collect()),
            "where the signature comes from; the active key of the issuer by default",
        ),
    ],
};

static LIKE: Shape = Shape {
    name: "like",
    about: "what the IdP would issue",
    exactly_one: false,
    fields: &[
        may("issuer", Text, "the issuer of the Manager by default"),
        may("user", Text, "a login; without one, a token as by client credentials"),
        may("client_id", Text, "the client of the Manager by default"),
        may("scopes", List(&Text), "the scopes of the Manager by default"),
        may("audience", Text, "instead of the one of the authorization server"),
    ],
};

static ACCEPT: Shape = Shape {
    name: "accept",
    about: "a component must accept a token; counts only beside one that it refuses",
    exactly_one: false,
    fields: &[
        need("by", COMPONENT, "the component"),
        need("token", Text, "the name of the token"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
        may(
            "control",
            Text,
            "a token that the component refuses in this scenario; found by itself where a refusal names this token as its control",
        ),
        may("differs", SomeOf(&Text), "the members in which the two tokens differ; exactly one by default"),
        may("warn", Text, "accepted, but somebody should know: the words of the warning"),
    ],
};

static REFUSE: Shape = Shape {
    name: "refuse",
    about: "a component must refuse a token; counts only beside one that it accepts",
    exactly_one: false,
    fields: &[
        need("by", COMPONENT, "the component"),
        need("token", Text, "the name of the token"),
        need("rule", Text, "the requirement that must be the reason"),
        need("control", Text, "a token that the component accepts in this scenario, before or after"),
        may(
            "differs",
            SomeOf(&Text),
            "the members in which the two tokens differ: claims by name, header.kid, signature, form; exactly one by default",
        ),
        may("status", Status, "401 by default"),
    ],
};

static REQUEST: Shape = Shape {
    name: "request",
    about: "any request, with matchers on the answer",
    exactly_one: false,
    fields: &[
        need("to", COMPONENT, "the component"),
        may("method", Text, "GET by default"),
        may(
            "path",
            Text,
            "path and query below the address of the component, or a whole URL of its origin; its protected path by default",
        ),
        may("token", Text, "presented as a bearer token"),
        may(
            "headers",
            Map(&Either(&[Text, List(&Text)])),
            "further headers; a list for a name that stands more than once",
        ),
        may("body", Text, "the body"),
        may(
            "at_once",
            Any,
            "so many of them at the same time, from 2 to 32; every answer must be as expected",
        ),
        may(
            "control",
            Text,
            "a token that the component accepts in this scenario; required where a refusal is expected",
        ),
        may(
            "differs",
            SomeOf(&Text),
            "the members in which the token and its control differ; exactly one by default",
        ),
        may("warn", Text, "served as expected, but somebody should know: the words of the warning"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default; none of the IdP"),
        need("expect", Form::Shape(&EXPECT), "what the answer must be"),
        may("capture", Map(&Form::Shape(&CAPTURE)), "name: what to keep, as ${capture.name}"),
    ],
};

static EXPECT: Shape = Shape {
    name: "expect",
    about: "what the answer must be",
    exactly_one: false,
    fields: &[
        need(
            "status",
            Matcher,
            "the status code: wholly below 400, or wholly from 400 up; open only beside a control",
        ),
        may("headers", SomeIn(&Matcher), "by name"),
        may("json", SomeIn(&Matcher), "by JSON pointer into the body"),
        may("body", Matcher, "the whole body as text"),
        may("challenge", SomeIn(&Matcher), "by parameter of the Bearer challenge; `scheme` is the scheme"),
        may("challenge_order", SomeOf(&Text), "the parameters of the challenge stand in this order"),
        may("jws", Form::Shape(&JWS), "a body that is a compact JWS"),
    ],
};

static JWS: Shape = Shape {
    name: "jws",
    about: "a body that is a compact JWS",
    exactly_one: false,
    fields: &[
        need("signed_by", Any, "the JWK Set that has the key: ${capture.keys}"),
        may("header", SomeIn(&Matcher), "by JSON pointer into its header"),
        may("payload", SomeIn(&Matcher), "by JSON pointer into its payload"),
    ],
};

static CAPTURE: Shape = Shape {
    name: "capture",
    about: "what to keep of an answer",
    exactly_one: true,
    fields: &[
        may("status", Yes, "the status"),
        may("header", Text, "a header"),
        may("json", Text, "a JSON pointer into the body; '' is all of it"),
        may("body", Yes, "the whole body"),
        may("jws_header", Text, "a JSON pointer into the header of a JWS"),
        may("jws_payload", Text, "a JSON pointer into the payload of a JWS"),
    ],
};

static OBSERVE: Shape = Shape {
    name: "observe",
    about: "which side of a divergence the platform is on, by what was captured",
    exactly_one: false,
    fields: &[
        need("divergence", Text, "its id in the catalogue"),
        need("value", Text, "what was captured: ${capture.status}"),
        need("is", SomeIn(&Matcher), "observation: what the value is then"),
    ],
};

static TOKEN: Shape = Shape {
    name: "token",
    about: "matchers on a token that the case has",
    exactly_one: false,
    fields: &[
        need("token", Text, "the name of the token"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
        may("header", SomeIn(&Matcher), "by JSON pointer into the header"),
        may("claims", SomeIn(&Matcher), "by JSON pointer into the claims"),
        may(
            "capture",
            SomeIn(&Form::Shape(&TOKEN_CAPTURE)),
            "name: what to keep of it, as ${capture.name}; a sign-in brought it",
        ),
    ],
};

static TOKEN_CAPTURE: Shape = Shape {
    name: "token capture",
    about: "what to keep of a token",
    exactly_one: true,
    fields: &[
        may("header", Text, "a JSON pointer into the header; null where there is nothing"),
        may("claims", Text, "a JSON pointer into the claims; null where there is nothing"),
        may("form", Yes, "`jwt` or `opaque`"),
    ],
};

static JOURNAL_CAPTURE: Shape = Shape {
    name: "journal capture",
    about: "what to keep of an entry",
    exactly_one: true,
    fields: &[may("entry", Text, "a JSON pointer into the entry")],
};

static JOURNAL: Shape = Shape {
    name: "journal",
    about: "how often an endpoint was called",
    exactly_one: false,
    fields: &[
        need("of", COMPONENT, "whose journal"),
        need(
            "endpoint",
            Text,
            "of the IdP: discovery, keys, authorize, login, device, token, introspect, userinfo; of the Manager: discovery, jwks, config, protected-resource, healthz, unknown; of the Cloud UI: me, sign-in, callback, sign-out, who-am-i, catalogue, assistant, protected-resource, healthz, unknown and so on; of the Registry Server: servers, versions, version, me, sources, source, source-entries, registries, registry, registry-entries, entries, entry, entry-claims, protected-resource, healthz, unknown; of the registry: server, healthz, unknown",
        ),
        may("matching", SomeIn(&Matcher), "by JSON pointer into an entry: only those count"),
        need("count", Matcher, "how many there must be"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
        may(
            "capture",
            SomeIn(&Form::Shape(&JOURNAL_CAPTURE)),
            "name: what to keep of the last entry that counts, as ${capture.name}",
        ),
    ],
};
