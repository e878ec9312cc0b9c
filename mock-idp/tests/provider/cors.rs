//! Pages of other origins: what a browser lets them read.

use reqwest::{Method, Response, StatusCode};

use crate::rig::{CLI, Rig, document};

const PAGE: &str = "https://console.example.com";
const STRANGER: &str = "https://stranger.example.com";

async fn ask(rig: &Rig, method: Method, url: &str, origin: &str) -> Response {
    let request = rig.http.request(method.clone(), url).header("origin", origin);
    let request = if method == Method::OPTIONS {
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type, x-okta-user-agent-extended")
    } else {
        request
    };
    request.send().await.unwrap()
}

fn allowed(response: &Response) -> Option<&str> {
    response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

async fn assert_reads(rig: &Rig, origin: &str, reads: bool) {
    let token = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let expected = reads.then_some(origin);
    let before = ask(rig, Method::OPTIONS, &token, origin).await;
    assert_eq!(allowed(&before), expected, "{origin}");
    if reads {
        assert_eq!(before.status(), StatusCode::NO_CONTENT);
        assert_eq!(before.headers()["access-control-allow-methods"], "GET, POST");
        assert!(before.headers()["access-control-allow-headers"].to_str().unwrap().contains("content-type"));
        assert_eq!(before.headers()["vary"], "Origin");
    } else {
        assert_eq!(before.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let answer = ask(rig, Method::POST, &token, origin).await;
    assert_eq!(allowed(&answer), expected, "{origin}: a page reads refusals too");
}

async fn assert_documents_are_open(rig: &Rig) {
    let metadata = rig.json(&document(rig.issuer())).await;
    for url in [document(rig.issuer()), metadata["jwks_uri"].as_str().unwrap().to_owned()] {
        let answer = ask(rig, Method::GET, &url, STRANGER).await;
        assert_eq!((answer.status(), allowed(&answer)), (StatusCode::OK, Some("*")), "{url}");
    }
}

#[tokio::test]
async fn okta_answers_trusted_origins() {
    let origins = format!("domain: acme.okta.com\ntrusted_origins: ['{PAGE}']\n");
    let rig = Rig::changed("okta-per-component", "domain: acme.okta.com\n", &origins);
    assert_documents_are_open(&rig).await;
    assert_reads(&rig, PAGE, true).await;
    assert_reads(&rig, STRANGER, false).await;
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    let userinfo = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
    for (origin, expected) in [(PAGE, Some(PAGE)), (STRANGER, None)] {
        let request = rig.http.get(&userinfo).header("origin", origin).bearer_auth(tokens.access());
        let answer = request.send().await.unwrap();
        assert_eq!((answer.status(), allowed(&answer)), (StatusCode::OK, expected));
    }
}

#[tokio::test]
async fn entra_answers_single_page_applications() {
    let native = "    mobile_and_desktop_redirect_uris: ['http://127.0.0.1/callback']\n";
    let pages = format!("{native}    single_page_application_redirect_uris: ['{PAGE}/signed-in']\n");
    let rig = Rig::changed("entra-quickstart", native, &pages);
    assert_documents_are_open(&rig).await;
    assert_reads(&rig, PAGE, true).await;
    assert_reads(&rig, "https://cloud-ui.example.com", false).await;
}

#[tokio::test]
async fn others_answer_the_origins_of_redirect_uris() {
    for name in ["generic", "keycloak"] {
        let rig = Rig::shipped(name);
        assert_documents_are_open(&rig).await;
        assert_reads(&rig, "https://cloud-ui.example.com", true).await;
        assert_reads(&rig, STRANGER, false).await;
    }
}

#[tokio::test]
async fn without_an_origin_nothing_is_said() {
    let rig = Rig::shipped("generic");
    let answer = rig.get(&document(rig.issuer())).await;
    assert_eq!((allowed(&answer), answer.headers().get("vary")), (None, None));
}
