//! The program: its first line, its exit codes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value as Json;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-idp"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()))
}

#[test]
fn it_says_where_everything_is_and_stops_when_told() {
    let ca = scratch("mock-idp-ca.pem");
    let mut child = program().args(["--config", "okta-per-component", "--ca-out"]).arg(&ca).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Json = serde_json::from_str(&line).unwrap();
    assert!(said["address"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_ne!(said["address"], said["control_address"]);
    assert!(said["control_secret"].as_str().unwrap().len() >= 43);
    assert_eq!(said["issuers"][0], "https://acme.okta.com/oauth2/aus1em");
    assert!(fs::read_to_string(&ca).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    if cfg!(unix) {
        let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    } else {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_bad_tenant_file_ends_with_2_and_its_position() {
    let file = scratch("bad-tenant.yaml");
    fs::write(&file, "provider: okta\ndomian: acme.okta.com\n").unwrap();
    let output = program().arg("--config").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bad-tenant.yaml:2:1") && said.contains("did you mean `domain`?"), "{said}");
    assert!(output.stdout.is_empty());
    let missing = program().args(["--config", "no-such-file.yaml"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    for seed in ["xyz".to_owned(), "+1".repeat(32)] {
        let output = program().args(["--config", "generic", "--seed", &seed]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{seed}");
    }
    let typo = program().args(["--config", "entra-quickstrat"]).output().unwrap();
    let said = String::from_utf8(typo.stderr).unwrap();
    assert!(said.contains("did you mean `entra-quickstart`?") && said.contains("okta-shared, "), "{said}");
    let empty = scratch("empty.pem");
    fs::write(&empty, "").unwrap();
    let output = program()
        .args(["--config", "generic", "--cert"])
        .arg(&empty)
        .arg("--key")
        .arg(&empty)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("empty.pem") && said.contains("no certificate"),
        "{said}"
    );
}

#[test]
fn a_public_address_takes_the_place_of_the_vendors_host() {
    let told = |url: &str| {
        let mut child =
            program().args(["--config", "okta-per-component", "--public-url", url]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        serde_json::from_str::<Json>(&line).unwrap()
    };
    let own = told("https://localhost:0");
    let port = own["address"].as_str().unwrap().rsplit(':').next().unwrap();
    assert_eq!(own["issuers"][1], format!("https://localhost:{port}/oauth2/aus1ui"));
    assert_eq!(own["hosts"], serde_json::json!(["localhost"]));
    assert_eq!(told("https://idp.test")["issuers"][0], "https://idp.test/oauth2/aus1em");
    let wrong =
        program().args(["--config", "generic", "--public-url", "https://idp.test/path"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("without a path"), "{said}");
}

#[test]
fn a_port_in_use_ends_with_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program().args(["--config", "generic", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("choose another port"), "{said}");
}
