//! The switches that a sabotage turns off: one for every requirement that the reference implements.
//!
//! A component asks [`Rules::hold`] at the very line that implements the rule. A plain run holds all of them;
//! `touchstone run --sabotage ID` breaks exactly one, to see the suite go red. The switches reach a component
//! through its constructor only, and only the reference has them.

use crate::model::identifier::RequirementId;

mcp_policy::rules! {
    /// Broken: a JWT whose signature is bad is sent to the introspection endpoint, and accepted if that says active
    /// or if nothing but the signature is wrong with it.
    TokJwt = "TOK-JWT",
    /// Broken: a token without dots is sent to the introspection endpoint likewise.
    TokOpaque = "TOK-OPAQUE",
    /// Broken: `iss` is not compared.
    TokIss = "TOK-ISS",
    /// Broken: the discovery document's issuer is not compared, and a redirect to another origin is followed.
    TokMeta = "TOK-META",
    /// Broken: `aud` is not compared.
    TokAud = "TOK-AUD",
    /// Broken: members of `aud` that are no strings are skipped, and a lone non-string is taken for a match.
    TokAudType = "TOK-AUD-TYPE",
    /// Broken: any issuer is trusted with the keys that it names, and `aud` is not compared.
    TokReplay = "TOK-REPLAY",
    /// Broken: the scope is not looked at.
    TokScope = "TOK-SCOPE",
    /// Broken: a missing scope answers 403 with `insufficient_scope`.
    TokScope401 = "TOK-SCOPE-401",
    /// Broken: the siblings ask for the Manager's scope too.
    TokScopeOnlyEm = "TOK-SCOPE-ONLY-EM",
    /// Broken: `exp` and `nbf` are not looked at, and may be anything.
    TokExp = "TOK-EXP",
    /// Broken: `none` is accepted, and the header's algorithm decides: HS256 with the public key for its secret, PS256
    /// and its like, RS256 where it says nothing, whatever a key's `use`, `alg` and size say.
    TokAlg = "TOK-ALG",
    /// Broken: a token whose `kid` is absent or unknown is tried against every key.
    TokKid = "TOK-KID",
    /// Broken: every request fetches the key set anew.
    TokKeyset = "TOK-KEYSET",
    /// Broken: the last good key set serves for ever, a bad fetch replaces it, and where there is none yet, an IdP out of
    /// reach ends in a 500.
    TokKeysetFault = "TOK-KEYSET-FAULT",
    /// Broken: a `jwk` in the header is trusted, and `crit` is ignored.
    TokHeaders = "TOK-HEADERS",
    /// Broken: padding, the other alphabet and members that come twice are accepted, and what cannot be parsed ends in
    /// a 500.
    TokForm = "TOK-FORM",
    /// Broken: an empty or absent `sub` is accepted.
    TokSub = "TOK-SUB",
    /// Broken: a token is read in whichever form it comes, and first in the query string and in a form.
    TokBearer = "TOK-BEARER",
    /// Broken: a refusal has a bare `WWW-Authenticate: Bearer` and no body.
    TokRefusal = "TOK-REFUSAL",
    /// Broken: the protected resource metadata names another resource.
    TokPrm = "TOK-PRM",
    /// Broken: the cache of verified tokens is shared by all components and keyed by the token alone.
    TokCache = "TOK-CACHE",
    /// Broken: the config endpoint is named at another origin.
    EmWellknown = "EM-WELLKNOWN",
    /// Broken: another key is published under the id of the one that signs.
    EmJwks = "EM-JWKS",
    /// Broken: a matching `If-None-Match` is answered before the token is looked at.
    EmConfig = "EM-CONFIG",
    /// Broken: a key file that does not load is replaced by a generated key.
    EmKey = "EM-KEY",
    /// Broken: `not_after` is put off after signing.
    EmEnvelope = "EM-ENVELOPE",
    /// Broken: `If-None-Match` is ignored.
    EmEtag = "EM-ETAG",
    /// Broken: an envelope is never signed anew.
    EmFresh = "EM-FRESH",
    /// Broken: a broken policy file is taken for an empty policy.
    EmReload = "EM-RELOAD",
    /// Broken: unknown directives are dropped.
    EmDirectives = "EM-DIRECTIVES",
    /// Broken: a directive with a mistake is dropped, and the rest of the policy put in force.
    EmDirectivesLoad = "EM-DIRECTIVES-LOAD",
    /// Broken: the environment wins over the managed preference.
    ClBootstrap = "CL-BOOTSTRAP",
    /// Broken: the resource of the Manager's metadata and the origins of its endpoints are not compared.
    ClPrm = "CL-PRM",
    /// Broken: the issuer of the IdP's metadata is not compared.
    ClMetadata = "CL-METADATA",
    /// Broken: the client sends neither `state` nor `nonce`.
    ClLogin = "CL-LOGIN",
    /// Broken: state and issuer of the callback and the ID token's nonce are not compared, and tokens not refreshed.
    ClLoginCheck = "CL-LOGIN-CHECK",
    /// Broken: of an ID token neither issuer, audience and authorized party nor `at_hash` are looked at.
    ClIdToken = "CL-ID-TOKEN",
    /// Broken: the envelope is parsed, and neither its signature nor its header, issuer and times are looked at.
    ClVerify = "CL-VERIFY",
    /// Broken: an older envelope replaces a newer one.
    ClRollback = "CL-ROLLBACK",
    /// Broken: the seal of the cache is not looked at, nor what it says verified again.
    ClCache = "CL-CACHE",
    /// Broken: an enforced value binds nobody: users override it, and servers outside the registry are let in.
    ClEnforced = "CL-ENFORCED",
    /// Broken: a default value is taken for an enforced one.
    ClDefault = "CL-DEFAULT",
    /// Broken: every answer of the Manager is a contact.
    ClContact = "CL-CONTACT",
    /// Broken: without an envelope everything is permitted.
    ClUnenrolled = "CL-UNENROLLED",
    /// Broken: `not_after` is not looked at.
    ClExpired = "CL-EXPIRED",
    /// Broken: an old contact counts as a recent one, so nothing is polled first.
    ClOnline = "CL-ONLINE",
    /// Broken: grace runs from the start of the client instead of the last contact.
    ClGrace = "CL-GRACE",
    /// Broken: under `warn` nothing new is installed once grace is over.
    ClDegradedWarn = "CL-DEGRADED-WARN",
    /// Broken: under `block_new` new servers are installed once grace is over.
    ClDegradedBlock = "CL-DEGRADED-BLOCK",
    /// Broken: away from the Manager the directives are not asked.
    ClMonotone = "CL-MONOTONE",
    /// Broken: without contact the client polls no more often than with it, and the first contact ends nothing.
    ClPoll = "CL-POLL",
    /// Broken: warnings lack their prefix.
    ClWarn = "CL-WARN",
    /// Broken: time is the clock's, also where that was set back.
    ClClock = "CL-CLOCK",
    /// Broken: the message is parsed before the caller is known.
    McpOrder = "MCP-ORDER",
    /// Broken: any media type is read.
    McpContent = "MCP-CONTENT",
    /// Broken: the first message of a batch is taken for the whole.
    McpBatch = "MCP-BATCH",
    /// Broken: an unknown method needs nothing but a token.
    McpUnknown = "MCP-UNKNOWN",
    /// Broken: of members that come twice the last counts, and members in another case are passed over.
    McpOneReading = "MCP-ONE-READING",
    /// Broken: every header of the caller is passed on, and Origin is not looked at.
    McpForward = "MCP-FORWARD",
    /// Broken: a session is anybody's who knows its id, or makes one up.
    McpSession = "MCP-SESSION",
    /// Broken: `ping` and `logging/setLevel` are denied like unknown methods.
    McpAllowed = "MCP-ALLOWED",
    /// Broken: a completion needs nothing but a token.
    McpComplete = "MCP-COMPLETE",
    /// Broken: `resources/subscribe` and `resources/unsubscribe` need nothing but a token.
    McpMethods = "MCP-METHODS",
    /// Broken: a list that is granted shows everything.
    McpList = "MCP-LIST",
    /// Broken: list actions are not asked for.
    McpListGrant = "MCP-LIST-GRANT",
    /// Broken: a denial says why.
    McpDeny = "MCP-DENY",
    /// Broken: the hints that the caller sends count.
    McpHint = "MCP-HINT",
    /// Broken: a tool of which nothing was seen is taken for harmless.
    McpHintCold = "MCP-HINT-COLD",
    /// Broken: hints are never forgotten.
    McpHintFresh = "MCP-HINT-FRESH",
    /// Broken: a server without any policy allows everything, and one that begins without an OIDC reference asks nobody.
    McpEval = "MCP-EVAL",
    /// Broken: the platform's overrides are ignored, and no dotted path is followed.
    ClaimNames = "CLAIM-NAMES",
    /// Broken: a string is taken for a list of one, and numbers for their text.
    ClaimShape = "CLAIM-SHAPE",
    /// Broken: the groups are looked for elsewhere without being asked to.
    ClaimFallback = "CLAIM-FALLBACK",
    /// Broken: the marks of an overage are ignored, and roles stand in for the groups that are missing.
    ClaimOverage = "CLAIM-OVERAGE",
    /// Broken: the actions of other product groups count as ours.
    OpVocabulary = "OP-VOCABULARY",
    /// Broken: either list of a condition is enough.
    OpCond = "OP-COND",
    /// Broken: a namespaced role binding counts in every namespace.
    OpUnion = "OP-UNION",
    /// Broken: the `from` of a policy's binding is ignored.
    OpNarrow = "OP-NARROW",
    /// Broken: `ruleRestrictions` are ignored.
    OpRestrict = "OP-RESTRICT",
    /// Broken: a tool that says nothing of a hint passes its filter.
    OpHint = "OP-HINT",
    /// Broken: `deny` is ignored.
    OpDeny = "OP-DENY",
    /// Broken: a policy applies to the servers of its target's name, of either kind and in every namespace.
    OpScope = "OP-SCOPE",
    /// Broken: what does not compile is left out, and the rest is put in force.
    OpFailClosed = "OP-FAIL-CLOSED",
    /// Broken: names are pasted into the policies as they are.
    OpText = "OP-TEXT",
    /// Broken: a value of any one of the claims is enough to see something.
    RsRead = "RS-READ",
    /// Broken: whoever may see something may change it.
    RsWrite = "RS-WRITE",
    /// Broken: what has no claims is everybody's to see.
    RsUnlabelled = "RS-UNLABELLED",
    /// Broken: a registry's claims are not looked at.
    RsGate = "RS-GATE",
    /// Broken: what a caller may not see is listed all the same, and alone answers 403.
    RsHide = "RS-HIDE",
    /// Broken: an entry is taken without claims, with claims beyond the caller's, and over one that is there.
    RsPublish = "RS-PUBLISH",
    /// Broken: nobody's roles are looked at.
    RsRole = "RS-ROLE",
    /// Broken: an empty claim map gives its role to everybody, and of a map one claim is enough.
    RsClaimMap = "RS-CLAIM-MAP",
    /// Broken: a refusal has the body that the siblings' have.
    Rs401 = "RS-401",
    /// Broken: the Cloud UI sends neither `state` nor `nonce`.
    UiLogin = "UI-LOGIN",
    /// Broken: the ID token is read and not verified, and neither its issuer, audience and authorized party nor `at_hash`
    /// are compared.
    UiIdToken = "UI-ID-TOKEN",
    /// Broken: state and issuer of the callback and the ID token's nonce are not compared, and a sign-in can be ended
    /// more than once.
    UiCallback = "UI-CALLBACK",
    /// Broken: an access token of any audience makes a session, and opens the API.
    UiAt = "UI-AT",
    /// Broken: the cookies lack Secure, HttpOnly and SameSite, and the session keeps the id that the browser came with.
    UiSession = "UI-SESSION",
    /// Broken: an access token is never renewed.
    UiRefresh = "UI-REFRESH",
    /// Broken: a sign-out removes the cookie and keeps the session.
    UiSignOut = "UI-SIGN-OUT",
    /// Broken: of a form neither the origin nor the token is looked at.
    UiForgery = "UI-FORGERY",
    /// Broken: the links of every role are shown to everybody.
    UiNavigation = "UI-NAVIGATION",
    /// Broken: the Manager's envelope is read and not verified, and without the Manager every flag is on.
    UiPolicy = "UI-POLICY",
    /// Broken: the assistant is shown whatever the policy says.
    UiFlags = "UI-FLAGS",
    /// Broken: the policy's Registry Server is passed over, and one that gives no catalogue looks like an empty one.
    UiRegistry = "UI-REGISTRY",
}

impl Rules {
    /// The same for the crate that compiles and evaluates policies: its rules are these by id.
    #[must_use]
    pub fn of_policies(self) -> mcp_policy::rule::Rules {
        let broken = self.broken.and_then(|rule| mcp_policy::rule::Rule::by_id(rule.id()));
        broken.map_or(mcp_policy::rule::Rules::ALL, mcp_policy::rule::Rules::without)
    }
}

impl Rule {
    /// The id as it travels in reports.
    #[must_use]
    pub fn requirement(self) -> RequirementId {
        RequirementId::new(self.id())
    }
}
