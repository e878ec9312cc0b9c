//! Libraries that applications use, against the program: Node and Python programs beside this file do with them what
//! applications do, and fail where a library accepts what it must refuse.
//!
//! They trust the program's authority and get nothing else from it: the issuers live at its own address. Where Node,
//! Python or the packages are missing a test says so and passes, unless `TOUCHSTONE_REQUIRE` names `node` or `python`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking, and one that does not run says so"
)]

mod runtime;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use mock_idp::tenants::SHIPPED;
use serde_json::{Value as Json, json};

use crate::runtime::Runtime;

const LOOPBACK: &str = "http://127.0.0.1:49152/callback";
const CONFIG: &str = "toolhive:config:read";
const ENTRA_API: &str = "4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e";
const ENTRA_WEB: &str = "c3d2e1f0-a9b8-4c7d-8e6f-5a4b3c2d1e0f";

/// The program, with its issuers at its own address.
struct Provider {
    child: Child,
    authority: PathBuf,
    /// Its first line.
    said: Json,
}

impl Provider {
    fn start(name: &str, config: &Path) -> Self {
        let authority = scratch(&format!("{name}-ca.pem"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_mock-idp"))
            .arg("--config")
            .arg(config)
            .args(["--public-url", "https://localhost:0", "--ca-out"])
            .arg(&authority)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Self { child, authority, said }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Runs a program with what the provider said and what the test adds to it.
fn run(program: &str, config: impl AsRef<Path>, facts: &[(&str, Json)]) {
    let runtime = Runtime::of(program);
    let command = match runtime.command() {
        Ok(command) => command,
        Err(reason) => return runtime.missing(program, &reason),
    };
    // Tests run at the same time, two of them perhaps with one program.
    let name = format!("{program}-{}", config.as_ref().file_name().unwrap().display());
    let provider = Provider::start(&name, config.as_ref());
    let mut told = provider.said.clone();
    told["issuer"] = told["issuers"][0].clone();
    for (name, fact) in facts {
        told[name] = fact.clone();
    }
    let output = trusting(command, &provider.authority)
        .arg(runtime.folder().join(program))
        .arg(told.to_string())
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{program}: {}\n{said}", output.status);
}

/// The provider's authority, and no proxies or settings of the environment.
fn trusting(mut command: Command, authority: &Path) -> Command {
    for name in [
        "NODE_OPTIONS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "SSL_CERT_DIR",
        "CURL_CA_BUNDLE",
        "PYTHONPATH",
        "PYTHONOPTIMIZE",
    ] {
        command.env_remove(name);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    for name in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
        command.env(name, authority);
    }
    command
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()))
}

fn okta() -> Vec<(&'static str, Json)> {
    vec![
        (
            "cli",
            json!({"id": "0oaclitouchstone1", "redirect_uri": LOOPBACK, "scope": CONFIG, "device": true}),
        ),
        (
            "web",
            json!({
                "id": "0oaclouduitouch01",
                "secret": "cloud-ui-mock-secret",
                "redirect_uri": "https://cloud-ui.example.com/api/auth/oauth2/callback/okta",
                "scope": CONFIG,
                "machine_scope": CONFIG,
            }),
        ),
        ("audience", "enterprise-manager".into()),
        ("algorithm", "RS256".into()),
    ]
}

fn entra() -> Vec<(&'static str, Json)> {
    let scope = format!("api://{ENTRA_API}/access_as_user");
    vec![
        ("tenant", "7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5".into()),
        (
            "cli",
            json!({
                "id": "8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d",
                "redirect_uri": LOOPBACK,
                "scope": scope,
                "device": true,
            }),
        ),
        (
            "web",
            json!({
                "id": ENTRA_WEB,
                "secret": "cloud-ui-mock-secret",
                "redirect_uri": "https://cloud-ui.example.com/api/auth/oauth2/callback/entra",
                "scope": format!("api://{ENTRA_WEB}/access_as_user"),
                "machine_scope": format!("api://{ENTRA_WEB}/.default"),
            }),
        ),
        ("audience", ENTRA_API.into()),
        ("algorithm", "RS256".into()),
    ]
}

fn generic(algorithm: &str) -> Vec<(&'static str, Json)> {
    vec![
        ("cli", json!({"id": "stacklok-cli", "redirect_uri": LOOPBACK, "scope": CONFIG, "device": true})),
        (
            "web",
            json!({
                "id": "cloud-ui",
                "secret": "cloud-ui-mock-secret",
                "redirect_uri": "https://cloud-ui.example.com/api/auth/oauth2/callback/oidc",
                "scope": "platform:access",
                "machine_scope": "platform:access",
            }),
        ),
        ("audience", "enterprise-manager".into()),
        ("algorithm", algorithm.into()),
    ]
}

/// The generic tenant, signing with ES256.
fn elliptic(name: &str) -> PathBuf {
    let text = SHIPPED.iter().find(|(known, _)| *known == "generic").unwrap().1;
    let path = scratch(name);
    fs::write(&path, text.replace("signing_algorithm: RS256", "signing_algorithm: ES256")).unwrap();
    path
}

#[test]
fn openid_client_at_okta() {
    run("openid-client.js", "okta-per-component", &okta());
}

#[test]
fn openid_client_at_entra() {
    run("openid-client.js", "entra-quickstart", &entra());
}

#[test]
fn openid_client_at_a_generic_provider() {
    run("openid-client.js", "generic", &generic("RS256"));
    run("openid-client.js", elliptic("openid-client.yaml"), &generic("ES256"));
}

#[test]
fn jose_verifies_the_vendors_tokens() {
    run("jose.js", "okta-per-component", &okta());
    run("jose.js", "entra-quickstart", &entra());
    run("jose.js", "generic", &generic("RS256"));
    run("jose.js", elliptic("jose.yaml"), &generic("ES256"));
    for name in ["keycloak", "auth0", "rfc9068"] {
        run("jose.js", name, &generic("RS256"));
    }
}

#[test]
fn oktas_verifier_for_node() {
    run("okta-jwt-verifier.js", "okta-per-component", &okta());
}

#[test]
fn oktas_verifier_for_python() {
    run("okta_verifier.py", "okta-per-component", &okta());
}

#[test]
fn pyjwt_verifies_the_vendors_tokens() {
    run("pyjwt_tokens.py", "okta-per-component", &okta());
    run("pyjwt_tokens.py", "entra-quickstart", &entra());
    run("pyjwt_tokens.py", "generic", &generic("RS256"));
    run("pyjwt_tokens.py", elliptic("pyjwt.yaml"), &generic("ES256"));
}

#[test]
fn msal_at_entra() {
    run("msal_signin.py", "entra-quickstart", &entra());
}

#[test]
fn fastapi_azure_auth_verifies_entra_tokens() {
    run("fastapi_app.py", "entra-quickstart", &entra());
}
