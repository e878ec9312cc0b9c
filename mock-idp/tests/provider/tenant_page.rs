//! `GET /`: what a person needs, with commands that work as they stand.

use reqwest::StatusCode;
use serde_json::Value as Json;

use crate::rig::{Rig, between, decode};

#[tokio::test]
async fn the_page_has_everything_and_its_command_brings_a_token() {
    let rig = Rig::shipped("okta-per-component");
    let html = rig.get("https://acme.okta.com/").await.text().await.unwrap();
    let html = html.replace("&#39;", "'");
    for shown in rig.issuers.iter().map(String::as_str).chain(["ann-mock-password", "0oaclitouchstone1"]) {
        assert!(html.contains(shown), "{shown}");
    }
    let command = between(&html, "Machine token</dt><dd><pre class=\"whole\">", "</pre>");
    let detour = format!("curl --cacert ca.pem --connect-to ::{} -u '", rig.address);
    let rest = command.strip_prefix(&detour).unwrap_or_else(|| panic!("{command}"));
    let (credentials, rest) = rest.split_once("' -d ").unwrap();
    let (id, secret) = credentials.split_once(':').unwrap();
    let (grant, rest) = rest.split_once(" -d '").unwrap();
    let (scope, url) = rest.split_once("' ").unwrap();
    let request = rig.http.post(url).basic_auth(id, Some(secret)).body(format!("{grant}&{scope}"));
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{command}");
    let tokens: Json = response.json().await.unwrap();
    assert_eq!(decode(tokens["access_token"].as_str().unwrap())["claims"]["iss"], rig.issuer());
}
