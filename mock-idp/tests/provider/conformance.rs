//! The mock against the standards: each row that a provider can be asked about, at each base profile.
//!
//! A vendor deviates, and the mock with it: what deviates is listed here with its reason. A row that fails without
//! being listed fails the test, and so does a listed one that holds.

mod clients;
mod codes;
mod documents;
mod tokens;

use std::fmt::Write as _;

use crate::{
    entra,
    rig::{CLI, Rig, WEB, WEB_REDIRECT, shipped},
};

/// A secret that shows whether Basic credentials are form-decoded (RFC 6749 §2.3.1).
const SECRET: &str = "a+b%c:d";
const ENCODED_SECRET: &str = "a%2Bb%25c%3Ad";

/// A profile with a tenant to ask.
pub(crate) struct Base {
    name: &'static str,
    tenant: &'static str,
    cli: &'static str,
    web: &'static str,
    web_redirect: &'static str,
    /// A scope of an API, and that API by the name of a `resource`.
    scope: String,
    resource: &'static str,
    /// Another API, and scopes of both.
    second: Option<(&'static str, String)>,
}

/// Why a row does not hold.
#[derive(Debug, PartialEq, Eq)]
enum Because {
    /// The vendor has no such thing.
    Absent,
    Fails(String),
}

type Verdict = Result<(), Because>;

fn must(holds: bool, what: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(Because::Fails(what.into())) }
}

/// The rows of the platform's list of cases, by number.
const ROWS: [(u8, &str); 37] = [
    (7, "RFC 9068 §2.2: an access token has iss, exp, aud, sub, client_id, iat, jti"),
    (8, "RFC 9068 §2.1: it is signed with RS256"),
    (9, "RFC 9068 §3: aud is the resource that was asked for, or a default"),
    (10, "RFC 9068 §3: scopes of two resources are refused"),
    (11, "RFC 9068 §2.2.3: there is a scope claim"),
    (54, "RFC 8414 §3.3: the documents have the issuer that was asked"),
    (55, "RFC 8414 §2: https everywhere, required members"),
    (56, "RFC 8414 §3.1: the document is at both addresses"),
    (57, "RFC 8414 §2: code_challenge_methods_supported has S256"),
    (58, "Discovery §3: RS256 and subject types"),
    (59, "RFC 8707 §2: an unknown or malformed resource is refused"),
    (60, "RFC 8707 §2.2: a token request keeps to the resource that was granted"),
    (63, "RFC 7636 §4.6: a wrong or missing verifier burns the code"),
    (64, "RFC 7636 §4.1: a malformed verifier is refused"),
    (65, "RFC 7636 §4.4.1: a public client needs a challenge"),
    (66, "RFC 9700 §4.8.2: a verifier without a challenge is refused"),
    (67, "RFC 9700 §2.1.1: plain is refused"),
    (68, "RFC 9700 §4.1.3: redirect URIs are compared exactly, a loopback port is free"),
    (69, "RFC 9700 §2.6: no http but for loopback"),
    (70, "RFC 6749 §4.1.2: a code is used once, by its client, and a replay revokes"),
    (71, "RFC 9700 §4.14.2: reuse of a refresh token revokes its family"),
    (72, "RFC 9700 §4.12: 303 after credentials"),
    (75, "RFC 9700 §2.4: neither password nor implicit grant"),
    (76, "RFC 9700 §4.15: nobody chooses a client_id"),
    (79, "RFC 6749 §5.1, §2.3.1: no-store, JSON, Basic credentials decoded"),
    (80, "RFC 6749 §5.2: error codes and their status"),
    (81, "RFC 9207 §2: iss with success and error"),
    (83, "RFC 7662 §2: 401 without a client, inactive and no more for the unknown"),
    (84, "RFC 7662 §2.2: types of the members"),
    (87, "RFC 7009 §2.2: 200 for an unknown token"),
    (88, "RFC 8628 §3.2: members of the device's answer"),
    (89, "RFC 8628 §3.5: pending, slow down, expired, refused, once"),
    // No rows of that list.
    (101, "RFC 7009 §2.1: a revoked token is not active"),
    (102, "Core §3.1.2.1: prompt=none without a session is login_required"),
    (103, "Core §3.1.2.1: max_age forces a new sign-in"),
    (104, "Core §5.3: userinfo has the sub of the ID token"),
    (105, "RP-Initiated Logout §3: only a registered address is gone back to"),
];

/// Profile and row, what fails, and the reason.
const DEVIATIONS: [(&str, u8, &str, &str); 16] = [
    ("okta", 7, "client_id", "`cid` for `client_id`"),
    ("okta-org", 7, "client_id", "`cid` for `client_id`"),
    ("entra-v2", 7, "client_id", "`azp` for `client_id`, `uti` for `jti`"),
    ("okta", 11, "no `scope`", "`scp`, a list"),
    ("okta-org", 11, "no `scope`", "`scp`, a list"),
    ("entra-v2", 11, "no `scope`", "`scp`"),
    ("generic", 10, "granted", "grants those of the one and leaves out the others"),
    ("entra-v2", 56, "no document where RFC 8414 wants it", "no RFC 8414 document"),
    ("entra-v2", 57, "no S256", "no word of PKCE"),
    ("okta", 59, "https://elsewhere.example", "one audience a server, `resource` is ignored"),
    ("okta-org", 59, "https://elsewhere.example", "one audience, `resource` is ignored"),
    ("okta", 60, "another resource than that of the grant", "one audience a server, `resource` is ignored"),
    ("okta-org", 60, "another resource than that of the grant", "one audience, `resource` is ignored"),
    ("entra-v2", 71, "an old one is taken", "an old refresh token stays valid"),
    ("entra-v2", 80, "nobody: 400 unauthorized_client", "400 `unauthorized_client` for an unknown client"),
    ("entra-v2", 89, "authorization_declined", "`authorization_declined` for a refusal"),
];

/// Profile and row: the vendor has no such thing.
const ABSENT: [(&str, u8); 10] = [
    ("okta", 10),
    ("okta-org", 10),
    ("okta", 81),
    ("okta-org", 81),
    ("entra-v2", 81),
    ("entra-v2", 83),
    ("entra-v2", 84),
    ("entra-v2", 87),
    ("entra-v2", 101),
    ("entra-v2", 104),
];

fn bases() -> [Base; 5] {
    let entra_api = format!("api://{}", entra::API);
    let (entra_web, entra_scope) = (entra::WEB, format!("{entra_api}/access_as_user"));
    [
        Base {
            name: "okta",
            tenant: "okta-per-component",
            cli: CLI,
            web: WEB,
            web_redirect: WEB_REDIRECT,
            scope: "toolhive:config:read".to_owned(),
            resource: "enterprise-manager",
            second: None,
        },
        Base {
            name: "okta-org",
            tenant: "okta-org-jwt",
            cli: CLI,
            web: WEB,
            web_redirect: WEB_REDIRECT,
            scope: "okta.users.read.self".to_owned(),
            resource: "https://acme.okta.com",
            second: None,
        },
        Base {
            name: "entra-v2",
            tenant: "entra-quickstart",
            cli: entra::CLI,
            web: entra_web,
            web_redirect: "https://cloud-ui.example.com/api/auth/oauth2/callback/entra",
            second: Some((entra_web, format!("{entra_scope} api://{entra_web}/access_as_user"))),
            scope: entra_scope,
            resource: entra::API,
        },
        Base {
            name: "generic",
            tenant: "generic",
            cli: "stacklok-cli",
            web: "cloud-ui",
            web_redirect: "https://cloud-ui.example.com/api/auth/oauth2/callback/oidc",
            scope: "toolhive:config:read".to_owned(),
            resource: "enterprise-manager",
            second: Some(("cloud-ui", "toolhive:config:read platform:access".to_owned())),
        },
        Base {
            name: "rfc9068",
            tenant: "rfc9068",
            cli: "stacklok-cli",
            web: "cloud-ui",
            web_redirect: "https://cloud-ui.example.com/api/auth/oauth2/callback/oidc",
            scope: "toolhive:config:read".to_owned(),
            resource: "enterprise-manager",
            second: Some(("cloud-ui", "toolhive:config:read platform:access".to_owned())),
        },
    ]
}

impl Base {
    /// The tenant's file, with a web application that can do without PKCE.
    fn file(&self) -> String {
        shipped(self.tenant)
            .replace("cloud-ui-mock-secret", &format!("'{SECRET}'"))
            .replace(
                "application_type: Web\n",
                "application_type: Web\n    proof_key_for_code_exchange: Optional\n",
            )
            .replace(
                "    name: Enterprise Cloud UI\n    client",
                "    name: Enterprise Cloud UI\n    pkce_required: false\n    client",
            )
    }

    fn rig(&self) -> Rig {
        Rig::start(&self.file(), [7; 32])
    }
}

async fn verdict(row: u8, base: &Base) -> Verdict {
    let rig = &base.rig();
    match row {
        7 => tokens::claims(rig, base).await,
        8 => tokens::signature(rig, base).await,
        9 => tokens::audience(rig, base).await,
        10 => tokens::two_resources(rig, base).await,
        11 => tokens::scope(rig, base).await,
        54 => documents::issuer(rig).await,
        55 => documents::required(rig).await,
        56 => documents::addresses(rig).await,
        57 => documents::pkce(rig).await,
        58 => documents::openid(rig).await,
        59 => tokens::resource(rig, base).await,
        60 => tokens::narrowing(rig, base).await,
        63 => codes::verifier(rig, base).await,
        64 => codes::verifier_form(rig, base).await,
        65 => codes::challenge(rig, base).await,
        66 => codes::downgrade(rig, base).await,
        67 => codes::plain(rig, base).await,
        68 => codes::redirect(rig, base).await,
        69 => codes::schemes(base),
        70 => codes::once(rig, base).await,
        71 => codes::refresh(rig, base).await,
        72 => codes::see_other(rig, base).await,
        75 => clients::grants(rig, base).await,
        76 => clients::registration(rig).await,
        79 => clients::response(rig, base).await,
        80 => clients::errors(rig, base).await,
        81 => clients::issuer(rig, base).await,
        83 => clients::introspection(rig, base).await,
        84 => clients::introspected(rig, base).await,
        87 => clients::revocation(rig, base).await,
        88 => clients::device(rig, base).await,
        89 => clients::polling(rig, base).await,
        101 => clients::revoked(rig, base).await,
        102 => codes::silent(rig, base).await,
        103 => codes::max_age(rig, base).await,
        104 => tokens::userinfo(rig, base).await,
        105 => codes::sign_out(rig, base).await,
        _ => Err(Because::Fails("there is no such row".to_owned())),
    }
}

/// What fails, and why.
fn deviation(profile: &str, row: u8) -> Option<(&'static str, &'static str)> {
    let mut listed = DEVIATIONS.iter().filter(|(name, number, ..)| (*name, *number) == (profile, row));
    listed.next().map(|(_, _, what, why)| (*what, *why))
}

async fn assert_conforms(name: &str) {
    let base = bases().into_iter().find(|base| base.name == name).unwrap();
    let mut surprises = String::new();
    for (row, what) in ROWS {
        let verdict = verdict(row, &base).await;
        let expected = match &verdict {
            Ok(()) => deviation(name, row).is_none() && !ABSENT.contains(&(base.name, row)),
            Err(Because::Absent) => ABSENT.contains(&(base.name, row)),
            Err(Because::Fails(what)) => deviation(name, row).is_some_and(|(known, _)| known == what),
        };
        if !expected {
            writeln!(surprises, "{row} {what}: {verdict:?}").unwrap();
        }
    }
    assert!(surprises.is_empty(), "{name}\n{surprises}");
}

#[tokio::test]
async fn okta() {
    assert_conforms("okta").await;
}

#[tokio::test]
async fn okta_org() {
    assert_conforms("okta-org").await;
}

#[tokio::test]
async fn entra_v2() {
    assert_conforms("entra-v2").await;
}

#[tokio::test]
async fn generic() {
    assert_conforms("generic").await;
}

#[tokio::test]
async fn rfc9068() {
    assert_conforms("rfc9068").await;
}

/// The table of the README: what holds, what deviates and why, what is not there.
pub(crate) fn table() -> String {
    let mut text = String::from("\n| Row |");
    for base in bases() {
        write!(text, " {} |", base.name).unwrap();
    }
    writeln!(text, "\n|---{}|", "|---".repeat(bases().len())).unwrap();
    for (row, what) in ROWS {
        write!(text, "| {what} |").unwrap();
        for base in bases() {
            let cell = match deviation(base.name, row) {
                Some((_, why)) => format!("deviates: {why}"),
                None if ABSENT.contains(&(base.name, row)) => "not there".to_owned(),
                None => "holds".to_owned(),
            };
            write!(text, " {cell} |").unwrap();
        }
        text.push('\n');
    }
    text.push('\n');
    text
}
