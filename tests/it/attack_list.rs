//! The attack list: every case of the RFCs that a resource server or a client must withstand, with what is expected of
//! this platform, and where that is held.
//!
//! A scenario says by a tag, `b4-17`, which row it is about. `tests/golden/attack-list.txt` is reviewed, not believed:
//! `UPDATE_EXPECT=1 cargo test attack_list` writes it anew. A row without a scenario must say why there is none.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use expect_test::expect_file;
use spanned_yaml::{Diagnostics, Node, Source};

/// A row: its number, who must withstand it, what is tried, what is expected here.
type Row = (u8, &'static str, &'static str, &'static str);

const RS: &str = "resource server";
const CL: &str = "client";

const ROWS: &[Row] = &[
    (1, RS, "the type of an access token", "at+jwt accepted; JWT or none: divergence, accepted and reported"),
    (2, RS, "an ID token as an access token", "divergence where its audience and scope fit, else refused"),
    (3, RS, "an issuer that resembles ours", "refused"),
    (4, RS, "an audience without ours, or a list with ours", "refused, accepted"),
    (5, RS, "exp past, exp in a second", "refused, accepted; no leeway"),
    (6, RS, "alg none in every spelling, an empty signature", "refused"),
    (12, RS, "a subject that is a client's id", "policy: accepted, no right follows from a subject"),
    (13, RS, "HMAC under the public key", "refused"),
    (14, RS, "an algorithm that does not fit the key's type", "refused"),
    (15, RS, "an algorithm other than the key's alg", "refused"),
    (16, RS, "an altered, cut or borrowed signature", "refused"),
    (17, RS, "ECDSA of zeros, in DER", "refused"),
    (18, RS, "a published RSA key of 1,024 bits", "refused"),
    (19, RS, "another issuer's key under our issuer", "refused"),
    (20, RS, "no audience", "refused"),
    (21, RS, "hostile key ids", "refused, never a failure; that no file is read is not shown"),
    (22, RS, "jku and x5u", "accepted and never fetched; refused where the key is not ours"),
    (23, RS, "jwk and x5c of the sender's own", "refused"),
    (24, RS, "other types of JWT", "divergence: accepted and reported"),
    (25, RS, "crit", "refused"),
    (26, RS, "members that come twice", "refused"),
    (27, RS, "other parts, padding, alphabets, white space", "refused, never a failure"),
    (28, RS, "nested and encrypted tokens, deep claims", "refused"),
    (29, RS, "a compressed JWE", "refused by its form; compressed claims are not unpacked either"),
    (30, RS, "exp and nbf of every shape", "refused unless a NumericDate before the year 10000"),
    (31, RS, "iat in the future", "policy: not looked at, reported"),
    (32, RS, "aud of a wrong type", "refused"),
    (33, RS, "unknown entries in the key set", "accepted under the others"),
    (34, RS, "two keys of one id", "accepted, told apart by what they fit"),
    (35, RS, "keys without alg", "accepted"),
    (36, RS, "a token under a key for encryption", "refused"),
    (
        37,
        RS,
        "a key set that is empty, HTML, failing, slow, huge",
        "the last good one within its limit, then refused",
    ),
    (38, RS, "rotation, and a flood of unknown key ids", "accepted after one fetch; one fetch in 30 s"),
    (39, RS, "a withdrawn key", "refused once the key set has aged"),
    (40, RS, "no credential", "401 without an error"),
    (
        41,
        RS,
        "two ways of sending a token",
        "policy: only the header is read, and reported; a malformed header is 400; the Manager takes no form",
    ),
    (42, RS, "an expired or invalid token", "401 invalid_token"),
    (43, RS, "a token without the scope", "divergence: 401, where RFC 6750 has 403"),
    (
        44,
        RS,
        "the form of a challenge, with hostile texts",
        "each parameter once, nothing of the token quoted",
    ),
    (45, RS, "a token in the query, in a form", "not read, not redirected"),
    (46, RS, "the scheme in other forms", "without case; tabs and commas are 400"),
    (47, RS, "two Authorization headers", "400"),
    (
        48,
        RS,
        "the resource of the metadata",
        "character for character, path and final slash included, whatever headers say; no port or case",
    ),
    (49, RS, "where the metadata are", "at the well-known name before the resource's path, public"),
    (50, RS, "the metadata that a refusal names", "they are there, and are the resource's"),
    (51, CL, "metadata of another resource", "refused by the simulated client"),
    (52, RS, "metadata and validator", "agree in resource, issuer and scope; more is not shown"),
    (53, RS, "signing algorithms of the metadata", "none is not among them, nor is anything without TLS"),
    (54, CL, "metadata of another issuer", "refused"),
    (
        61,
        CL,
        "the resource at authorization, token and refresh",
        "the same each time; of the simulated client alone",
    ),
    (62, RS, "a token of a sibling", "refused; reported where issuer and audience are shared"),
    (67, CL, "PKCE", "S256 at every sign-in"),
    (73, RS, "the restriction of the audience", "enforced"),
    (74, RS, "identity headers from outside", "not read"),
    (77, CL, "a foreign or missing state", "refused"),
    (78, CL, "an ID token that is not for this sign-in", "refused"),
    (82, CL, "a foreign or missing iss parameter", "refused"),
    (85, RS, "introspection answers", "not applicable: nobody asks"),
    (86, RS, "a cache of introspection answers", "not applicable: nobody asks"),
    (90, CL, "the interval of a device sign-in", "not applicable"),
    (
        91,
        RS,
        "group claims of the wrong type",
        "policy: no group decides at the Manager and the Cloud UI; never a failure",
    ),
    (92, RS, "roles without groups", "policy: no group decides at the Manager and the Cloud UI"),
    (93, RS, "Entra's group overage", "policy: no group decides here, and nobody asks Microsoft Graph"),
    (94, RS, "claim names that collide", "policy: carried and not obeyed"),
    (95, RS, "long tokens", "accepted to 64 KB, then refused, never a failure"),
    (96, RS, "clocks that differ", "no leeway on either side"),
    (97, RS, "the IdP down while nobody has its keys", "refused, and accepted again without a restart"),
    (98, RS, "a concurrent cold start", "one fetch"),
    (99, CL, "two refreshes with one refresh token", "refused by the IdP, or within its grace served"),
    (100, RS, "one subject at two issuers", "the other issuer's is refused; no component has two issuers"),
];

/// What no scenario can say, and what holds it instead; or why the row is not of this platform.
const ELSEWHERE: &[(u8, &str)] = &[
    (
        51,
        "policy: private addresses are not refused. An enterprise's IdP has one as a rule; what decides is that the \
         Manager's endpoints are on its own origin (CL-PRM), that the issuer is the configured one and that nobody \
         follows a redirect to another origin (TOK-META)",
    ),
    (85, "the components verify locally and never ask (TOK-JWT); the scenarios show that they do not"),
    (86, "there is no answer of an introspection endpoint to keep (TOK-JWT); what is kept is row 39's"),
    (
        90,
        "the platform's clients sign in with a browser; the device flow is the harness's own, and asks once",
    ),
    (
        92,
        "who may do what by groups and roles is decided by the Registry and by MCP servers, which are not there yet",
    ),
];

/// Every scenario's id and tags.
fn tags() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut found = BTreeMap::new();
    for area in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in fs::read_dir(&area).unwrap().map(|entry| entry.unwrap().path()) {
            let mut diagnostics = Diagnostics::new(Source::read(&path).unwrap());
            let Some(scenario) = spanned_yaml::parse(&mut diagnostics) else { continue };
            let tags = scenario.get("tags").and_then(Node::as_sequence).unwrap_or_default();
            let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
            let tags = tags.iter().filter_map(|tag| Some(tag.as_text()?.to_owned())).collect();
            found.insert(format!("{}/{}", name(&area), name(&path)), tags);
        }
    }
    found
}

#[test]
fn every_row_of_the_attack_list_has_scenarios_or_says_why_not() {
    let scenarios = tags();
    let mut held: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    for (id, tags) in &scenarios {
        for row in tags.iter().filter_map(|tag| tag.strip_prefix("b4-")) {
            held.entry(row.parse().unwrap_or_else(|_| panic!("{id}: b4-{row}"))).or_default().push(id);
        }
    }
    let mut text = String::new();
    for (number, who, tried, expected) in ROWS {
        let scenarios = held.remove(number).unwrap_or_default();
        let elsewhere = ELSEWHERE.iter().find(|(row, _)| row == number).map(|(_, reason)| *reason);
        assert!(
            !scenarios.is_empty() || elsewhere.is_some(),
            "row {number} has neither a scenario nor a reason"
        );
        writeln!(text, "{number} {who}: {tried}\n    expected: {expected}").unwrap();
        if let Some(reason) = elsewhere {
            writeln!(text, "    elsewhere: {reason}").unwrap();
        }
        for id in scenarios {
            writeln!(text, "    {id}").unwrap();
        }
    }
    assert!(held.is_empty(), "no such rows: {held:?}");
    expect_file!["../golden/attack-list.txt"].assert_eq(&text);
}
