//! The answer in a form that posts itself, and that nothing else may do anything in.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Response, StatusCode};

use crate::rig::{CLI, LOOPBACK, Rig, VERIFIER, between, cookie};

/// The fields of the form, and where it goes.
async fn form(response: Response) -> (String, BTreeMap<String, String>) {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let html = response.text().await.unwrap();
    let script = between(&html, "<script>", "</script>");
    let hash = STANDARD.encode(digest(&SHA256, script.as_bytes()));
    assert!(policy.contains(&format!("script-src 'sha256-{hash}';")), "{policy}");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(between(&policy, "form-action ", ";"), "http://127.0.0.1:49152");
    assert!(html.contains("<button type=\"submit\">"), "for a browser without scripts");
    let fields = html.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let value = between(field, "value=\"", "\"").replace("&#38;", "&");
        (field.split('"').next().unwrap().to_owned(), value)
    });
    (between(&html, "action=\"", "\""), fields.collect())
}

#[tokio::test]
async fn a_code_comes_in_a_form() {
    let rig = Rig::shipped("okta-per-component");
    let issuer = rig.issuer();
    let mode = [("response_mode", "form_post")];
    let page = rig.authorize(issuer, CLI, "openid", &mode).await;
    let answer = rig.submit(page, "ann@acme.test", "ann-mock-password").await;
    let session = cookie(&answer);
    let (action, fields) = form(answer).await;
    assert_eq!(action, LOOPBACK);
    assert_eq!(fields["state"], "st&te");
    assert_eq!(rig.redeem(issuer, CLI, &fields["code"], VERIFIER).await.status(), StatusCode::OK);
    // The same where nobody is asked.
    let (_, fields) = form(rig.authorize_with(&session, issuer, CLI, "openid", &mode).await).await;
    assert!(fields.contains_key("code"));
}

#[tokio::test]
async fn an_error_comes_in_a_form_and_names_the_issuer() {
    let rig = Rig::shipped("generic");
    let mode = [("response_mode", "form_post"), ("prompt", "none")];
    let (_, fields) = form(rig.authorize(rig.issuer(), "stacklok-cli", "openid", &mode).await).await;
    assert_eq!(fields["error"], "login_required");
    assert_eq!(fields["iss"], rig.issuer());
}

#[tokio::test]
async fn what_a_client_sends_stays_text() {
    let rig = Rig::shipped("okta-per-component");
    let extra =
        [("response_mode", "form_post"), ("prompt", "none"), ("state", "\"><script>alert(1)</script>")];
    let response = rig.authorize(rig.issuer(), CLI, "openid", &extra).await;
    let html = response.text().await.unwrap();
    assert_eq!(html.matches("<script").count(), 1);
}
