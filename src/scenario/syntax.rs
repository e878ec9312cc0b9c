//! A scenario after parsing and checking. Every name in it that can be known before a run is known to exist.

mod browser;
mod change;
mod client;
mod mcp;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use spanned_yaml::{Source, Span};

use crate::{
    model::identifier::{CaseId, Component, DivergenceId, RequirementId, ScenarioId},
    outcome::Capability,
    scenario::{
        matcher::Matcher,
        template::{JsonTemplate, Template},
    },
};

pub use browser::{BrowserStep, Callback, Visit};
pub use change::{Advance, Catalogue, Fault, KeyChange, Keys, KeysRefused, Policy, Publication, Whose};
pub use client::{ClientStep, Deed, Tamper, Tampering, Wish};
pub use mcp::{Listing, Manifests, McpAnswer, McpAsk, McpStep, UpstreamChange, UpstreamStep};

/// A scenario that may run.
#[derive(Clone, Debug)]
pub struct CheckedScenario {
    /// Its path under the suite's root, without extension.
    pub id: ScenarioId,
    /// The file, for positions in reports.
    pub source: Source,
    /// One line: what must hold.
    pub title: Template,
    /// Why it matters to the person who runs it.
    pub why: String,
    /// The requirements that it is about; at least one.
    pub requirements: Vec<RequirementId>,
    /// Families and topics.
    pub tags: Vec<String>,
    /// What the target must be able to do.
    pub needs: Vec<Capability>,
    /// The matrix's axes in the order written; empty without a matrix.
    pub matrix: Vec<Axis>,
    /// The values file, relative to the scenario file.
    pub values: Template,
    /// Custom resources: files relative to the scenario file, or documents written out in it.
    pub manifests: Manifests,
    /// The tenant: the name of a shipped one (`okta-shared`), or a file relative to the scenario file.
    pub tenant: Template,
    /// In order.
    pub steps: Vec<Step>,
    /// Run at the end whatever happened.
    pub always: Vec<Step>,
}

/// One axis of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Its values; at least one.
    pub values: Vec<AxisValue>,
    /// Its values repeat the same exchange on another profile, so they count as one distinct case.
    pub repeats: bool,
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// What it is called in the case's id: the value itself in a list, its key in a map.
    pub name: String,
    /// What `${matrix.axis}` stands for.
    pub value: Json,
}

/// One cell of a scenario's matrix: what is run and reported as a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// `area/behaviour[axis=value,…]`.
    pub id: CaseId,
    /// Axis → the value's name.
    pub values: BTreeMap<String, String>,
    /// Axis → the value.
    pub data: BTreeMap<String, Json>,
}

/// A step and where it is written.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step's key.
    pub span: Span,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `sign_in`: a client obtains a token by a real flow.
    SignIn(SignIn),
    /// `mint`: the IdP makes a token with any header and claim.
    Mint(Mint),
    /// `accept`: a component must accept a token.
    Accept(Accept),
    /// `refuse`: a component must refuse a token, for the expected rule.
    Refuse(Refuse),
    /// `request`: any request, with matchers on the answer.
    Request(Box<Request>),
    /// `token`: matchers on a token that the case has.
    Token(TokenCheck),
    /// `journal`: how often an endpoint was called.
    Journal(JournalCheck),
    /// `advance`: one jump of all clocks, or of one alone.
    Advance(Advance),
    /// `client`: the simulated client does something.
    Client(Box<ClientStep>),
    /// `browser`: a person does something at the Cloud UI.
    Browser(Box<BrowserStep>),
    /// `tamper`: somebody changes a client's cache on disk.
    Tamper(Tamper),
    /// `fault`: a component misbehaves from here on.
    Fault(Fault),
    /// `restore`: a component behaves again.
    Restore(Component),
    /// `keys`: the signing keys of the IdP or of the Manager change.
    Keys(Keys),
    /// `policy`: the Manager's policy file is written anew.
    Policy(Policy),
    /// `mcp`: what somebody may do on an MCP server.
    Mcp(McpStep),
    /// `manifests`: the custom resources are others from here on.
    Manifests(Manifests),
    /// `upstream`: the server behind a proxy changes.
    Upstream(UpstreamStep),
    /// `restart`: the proxy before an MCP server ends, and begins anew.
    Restart(Component),
    /// `observe`: which side of a divergence the platform is on.
    Observe(Observe),
    /// `catalogue`: the Registry Server has other entries from here on.
    Catalogue(Catalogue),
}

/// How a client obtains a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Authorization code with PKCE, through the login page (RFC 6749 §4.1, RFC 7636).
    AuthorizationCode,
    /// Client credentials (RFC 6749 §4.4).
    ClientCredentials,
    /// Device code, approved on the device page (RFC 8628).
    DeviceCode,
    /// Refresh of an earlier sign-in (RFC 6749 §6).
    RefreshToken,
}

/// `sign_in`. What is not given comes from the Manager's discovery document, as the real client does it.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The name of the access token in the rest of the scenario.
    pub name: String,
    /// The name of the ID token, if it is wanted.
    pub id_token: Option<String>,
    /// `flow`, authorization code by default.
    pub flow: Flow,
    /// The user's login; required where a person signs in.
    pub user: Option<Template>,
    /// The token whose refresh token is shown; required for a refresh.
    pub from: Option<String>,
    /// Instead of the discovered one.
    pub issuer: Option<Template>,
    /// Instead of the discovered one.
    pub client_id: Option<Template>,
    /// For a confidential client.
    pub client_secret: Option<Template>,
    /// The redirect URI of a web client; a native client listens on loopback.
    pub redirect_uri: Option<Template>,
    /// Instead of the discovered ones.
    pub scopes: Option<Vec<Template>>,
    /// RFC 8707.
    pub resource: Option<Template>,
    /// The IdP must refuse, and no token may come.
    pub refused: Option<SignInRefused>,
    /// Whether a token comes is left open.
    pub open: Option<OpenSignIn>,
}

/// A `sign_in` with `capture`: what the IdP does is looked at, not demanded.
#[derive(Clone, Debug)]
pub struct OpenSignIn {
    /// The name of a token that another sign-in of this case obtained from the same issuer.
    pub control: String,
    /// Name → what to keep of the token; of a refusal it is `{"error": code}` instead.
    pub capture: Vec<(String, TokenCapture)>,
}

/// `sign_in.refused`
#[derive(Clone, Debug)]
pub struct SignInRefused {
    /// Who refuses.
    pub by: Refuser,
    /// `error_description`, or the client's own words.
    pub description: Option<Matcher>,
    /// The name of a token that a sign-in of this case obtained from the same issuer.
    pub control: String,
    /// The requirement at stake.
    pub rule: RequirementId,
}

/// Who ends a sign-in without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refuser {
    /// The IdP, with this OAuth error code.
    Idp(String),
    /// The client, because of what the IdP answered.
    Client,
}

/// Where the bytes of a minted signature come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignWith {
    /// The issuer's active key. `issuer`
    Issuer,
    /// A key that is published nowhere. `unpublished`
    Unpublished,
    /// No signature: an empty third part. `none`
    Nothing,
    /// HMAC with the issuer's public key in PEM as the secret. `hmac-public-pem`
    HmacPublicPem,
    /// The same with its DER. `hmac-public-der`
    HmacPublicDer,
    /// The same with the text of its `n`. `hmac-jwk-n`
    HmacJwkN,
    /// The issuer's RSA key, really by this algorithm. `rs384`
    Rs384,
    /// `rs512`
    Rs512,
    /// `ps256`
    Ps256,
    /// `ps384`
    Ps384,
    /// `ps512`
    Ps512,
    /// A key on P-256 that is published only by a step. `es256`
    Es256,
    /// An RSA key of 1,024 bits that is published only by a step. `rsa-1024`
    Rsa1024,
    /// Of an issuer with a key on P-256: r and s are zero. `ecdsa-zero`
    EcdsaZero,
    /// Of such an issuer: a true signature in the form of X.509. `ecdsa-der`
    EcdsaDer,
    /// The issuer's key, one bit flipped afterwards. `corrupted`
    Corrupted,
    /// The issuer's key, some bytes cut off afterwards. `truncated`
    Truncated,
    /// The signature of the token that this one starts from. `kept`
    Kept,
    /// An unpublished key, whose public half is the header's `jwk`. `embedded-jwk`
    EmbeddedJwk,
    /// An unpublished key, whose certificate is the header's `x5c`. `embedded-x5c`
    EmbeddedX5c,
}

/// `mint`
#[derive(Clone, Debug)]
pub struct Mint {
    /// The name of the token in the rest of the scenario.
    pub name: String,
    /// What it starts from.
    pub base: MintBase,
    /// Header members to set.
    pub header: Vec<(String, JsonTemplate)>,
    /// Header members to remove.
    pub without_header: Vec<String>,
    /// Claims to set.
    pub claims: Vec<(String, JsonTemplate)>,
    /// Claims to remove.
    pub without: Vec<String>,
    /// The bytes of the header, whatever they are.
    pub raw_header: Option<Template>,
    /// The bytes of the payload.
    pub raw_payload: Option<Template>,
    /// How the parts are written, against RFC 7515 §2: `padded`, `standard-alphabet`, `whitespace`.
    pub encoding: Option<&'static str>,
    /// The payload is compressed (RFC 1951) and unfolds to so many bytes.
    pub inflates_to: Option<JsonTemplate>,
    /// `sign`
    pub sign: SignWith,
}

/// What a minted token starts from.
#[derive(Clone, Debug)]
pub enum MintBase {
    /// `from`: the header and claims of a token that the case has, whoever issued it.
    Token(String),
    /// `like`: what the IdP would issue.
    Like {
        /// The Manager's issuer by default.
        issuer: Option<Template>,
        /// The user's login; without one, a token as by client credentials.
        user: Option<Template>,
        /// The Manager's client by default.
        client_id: Option<Template>,
        /// The Manager's scopes by default.
        scopes: Option<Vec<Template>>,
        /// The audience, instead of the server's own.
        audience: Option<Template>,
    },
    /// `text`: no JWT at all; these very characters.
    Text(Template),
}

/// `accept`
#[derive(Clone, Debug)]
pub struct Accept {
    /// The component.
    pub by: Component,
    /// The token's name.
    pub token: String,
    /// The requirement at stake; the scenario's first by default.
    pub rule: RequirementId,
    /// The name of a token that the component refuses in this case. Found by itself where a `refuse` names this
    /// token as its control.
    pub control: Option<String>,
    /// Members in which the two tokens differ; see [`Refuse::differs`].
    pub differs: Option<Vec<String>>,
    /// Accepted, but somebody should know: the words of the warning.
    pub warn: Option<Template>,
}

/// `refuse`
#[derive(Clone, Debug)]
pub struct Refuse {
    /// The component.
    pub by: Component,
    /// The token's name.
    pub token: String,
    /// The rule that must be the reason.
    pub rule: RequirementId,
    /// The name of a token that the same component accepts in this case.
    pub control: String,
    /// The members in which the two tokens differ: claims by name, header members as `header.kid`, `signature`,
    /// `form` where one of them is no JWT. By default exactly one, whichever. `jti`, `iat`, `auth_time`, `uti`,
    /// `nonce` and `at_hash` never count.
    pub differs: Option<Vec<String>>,
    /// The status; 401 by default.
    pub status: u16,
}

/// `request`
#[derive(Clone, Debug)]
pub struct Request {
    /// The component.
    pub to: Component,
    /// GET by default.
    pub method: String,
    /// The path with its query, below the component's address; or a whole URL of its origin, for what lies beside it
    /// (RFC 9728 §3.1). The component's protected path by default.
    pub path: Option<Template>,
    /// Presented as a bearer token.
    pub token: Option<String>,
    /// Further headers, in order; a name may stand twice.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: Option<Template>,
    /// So many of them at the same time; one by default. Every answer must be as expected.
    pub at_once: usize,
    /// The requirement at stake; the scenario's first by default. None of the IdP, which is not under test.
    pub rule: Option<RequirementId>,
    /// The name of a token that the component accepts in this case; required where a refusal is expected.
    pub control: Option<String>,
    /// In what the token and its control differ; see [`Refuse::differs`].
    pub differs: Option<Vec<String>>,
    /// Served as expected, but somebody should know: the words of the warning.
    pub warn: Option<Template>,
    /// What the answer must be; at least one expectation.
    pub expect: Expect,
    /// Name → what to keep of the answer, as `${capture.name}`.
    pub capture: Vec<(String, Capture)>,
}

/// Expectations of an answer.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The status code.
    pub status: Option<Matcher>,
    /// By name, in lower case.
    pub headers: Vec<(String, Matcher)>,
    /// By JSON pointer (RFC 6901) into the body.
    pub json: Vec<(String, Matcher)>,
    /// The whole body as text.
    pub body: Option<Matcher>,
    /// By parameter of the `WWW-Authenticate: Bearer` challenge; `scheme` is the scheme.
    pub challenge: Vec<(String, Matcher)>,
    /// The challenge's parameters stand in this order.
    pub challenge_order: Option<Vec<String>>,
    /// The JWK Set with whose key the body, a compact JWS, must verify; required where a JWS is looked at.
    pub jws_signed_by: Option<JsonTemplate>,
    /// By JSON pointer into the header of a body that is a compact JWS.
    pub jws_header: Vec<(String, Matcher)>,
    /// By JSON pointer into its payload.
    pub jws_payload: Vec<(String, Matcher)>,
}

/// What to keep of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The status. `status: true`
    Status,
    /// A header. `header: etag`
    Header(String),
    /// A JSON pointer into the body. `json: /keys/0/kid`
    Json(String),
    /// The whole body. `body: true`
    Body,
    /// A JSON pointer into the header of a JWS. `jws_header: /kid`
    JwsHeader(String),
    /// A JSON pointer into the payload of a JWS. `jws_payload: /issued_at`
    JwsPayload(String),
}

/// What to keep of a token that the IdP issued. A member that is not there is `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenCapture {
    /// A JSON pointer into the header. `header: /typ`
    Header(String),
    /// A JSON pointer into the claims. `claims: /aud`
    Claims(String),
    /// `jwt` or `opaque`. `form: true`
    Form,
}

/// `token`
#[derive(Clone, Debug)]
pub struct TokenCheck {
    /// The token's name.
    pub token: String,
    /// The requirement at stake; the scenario's first by default, none where nothing is checked.
    pub rule: Option<RequirementId>,
    /// By JSON pointer into the header.
    pub header: Vec<(String, Matcher)>,
    /// By JSON pointer into the claims.
    pub claims: Vec<(String, Matcher)>,
    /// Name → what to keep of it, as `${capture.name}`.
    pub capture: Vec<(String, TokenCapture)>,
}

/// `observe`
#[derive(Clone, Debug)]
pub struct Observe {
    /// The divergence.
    pub divergence: DivergenceId,
    /// The name of what was captured.
    pub capture: String,
    /// It was captured from what the IdP issued or refused.
    pub of_idp: bool,
    /// Observation → what the value is then; exactly one of them must hold.
    pub is: Vec<(String, Matcher)>,
}

/// `journal`
#[derive(Clone, Debug)]
pub struct JournalCheck {
    /// Whose.
    pub of: Component,
    /// The endpoint: `introspect`, `keys`, `token`, `authorize`, `discovery` of the IdP.
    pub endpoint: String,
    /// By JSON pointer into an entry: only entries that match count.
    pub matching: Vec<(String, Matcher)>,
    /// How many there must be.
    pub count: Matcher,
    /// The requirement at stake; the scenario's first by default.
    pub rule: RequirementId,
    /// Name → JSON pointer into the last entry that counts, kept as `${capture.name}`.
    pub capture: Vec<(String, String)>,
}
