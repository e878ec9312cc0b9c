//! Microsoft Entra ID: the numbers of its refusals, and what comes along with them.

use serde_json::{Value as Json, json};

use crate::{
    entra::{API, CLI, WEB, scope},
    rig::{LOOPBACK, Rig, VERIFIER, WEB_SECRET},
};

const PAGE: &str = "https://app.acme.test/callback";

async fn error(response: reqwest::Response) -> (u16, Json) {
    let status = response.status().as_u16();
    let body: Json = response.json().await.unwrap();
    (status, body["error_codes"][0].clone())
}

async fn code(rig: &Rig) -> String {
    rig.sign_in(rig.issuer(), CLI, &scope("access_as_user"), &[]).await["code"].clone()
}

#[tokio::test]
async fn a_code_that_is_used_old_or_invented_has_a_number_of_its_own() {
    let rig = Rig::shipped("entra-quickstart");
    let used = code(&rig).await;
    assert_eq!(rig.redeem(rig.issuer(), CLI, &used, VERIFIER).await.status(), 200);
    let old = code(&rig).await;
    rig.wait(601);
    for (code, number) in [(used.as_str(), 54005), (&old, 70008), ("invented", 9_002_313)] {
        let response = rig.redeem(rig.issuer(), CLI, code, VERIFIER).await;
        assert_eq!(error(response).await, (400, json!(number)));
    }
}

#[tokio::test]
async fn a_refresh_token_ends_with_the_number_of_inactivity() {
    let rig = Rig::shipped("entra-quickstart");
    let ask = format!("offline_access {}", scope("access_as_user"));
    let tokens = rig.tokens(rig.issuer(), CLI, &ask, &[]).await;
    rig.wait(7_776_000);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", tokens.text("refresh_token")),
    ];
    assert_eq!(error(rig.token(rig.issuer(), &form).await).await, (400, json!(70008)));
}

#[tokio::test]
async fn a_secret_that_is_over_is_told_from_a_wrong_one() {
    let from = "    client_secret: cloud-ui-mock-secret\n";
    let rig =
        Rig::changed("entra-quickstart", from, &format!("{from}    client_secret_expires: 2026-01-02\n"));
    let ask = async |secret: &str| {
        let scope = scope(".default");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", WEB),
            ("client_secret", secret),
            ("scope", &scope),
        ];
        rig.token(rig.issuer(), &form).await
    };
    assert_eq!(ask(WEB_SECRET).await.status(), 200);
    rig.wait(86_399);
    assert_eq!(ask(WEB_SECRET).await.status(), 200);
    rig.wait(1);
    assert_eq!(error(ask(WEB_SECRET).await).await, (401, json!(7_000_222)));
    assert_eq!(error(ask("x").await).await, (401, json!(7_000_215)));
}

#[tokio::test]
async fn only_a_page_redeems_the_code_of_a_page() {
    let from = "    # API permissions, with admin consent\n";
    let to = format!("    single_page_application_redirect_uris: ['{PAGE}']\n");
    let rig = Rig::changed("entra-quickstart", from, &to);
    for (redirect_uri, with_origin, expected) in [
        (LOOPBACK, false, (200, json!(null))),
        (LOOPBACK, true, (400, json!(9_002_326))),
        (PAGE, true, (200, json!(null))),
        (PAGE, false, (400, json!(9_002_327))),
    ] {
        let extra = [("redirect_uri", redirect_uri)];
        let returned = rig.sign_in(rig.issuer(), CLI, &scope("access_as_user"), &extra).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLI),
            ("code", &returned["code"]),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let mut request = rig.http.post(rig.endpoint(rig.issuer(), "token_endpoint").await).form(&form);
        if with_origin {
            request = request.header("origin", "https://app.acme.test");
        }
        assert_eq!(error(request.send().await.unwrap()).await, expected, "{redirect_uri} {with_origin}");
    }
}

#[tokio::test]
async fn the_clients_request_id_comes_back() {
    let rig = Rig::shipped("entra-quickstart");
    let endpoint = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let own = "0b8f0a52-9c1c-4a52-a6f6-0e4d1b6c7a55";
    let form = [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", "invented")];
    let request = rig.http.post(&endpoint).header("client-request-id", own).form(&form);
    let body: Json = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["correlation_id"], own);
    assert!(body["error_description"].as_str().unwrap().contains(&format!("Correlation ID: {own}")));
    assert_ne!(body["trace_id"], own);
    let body: Json = rig.http.post(&endpoint).form(&form).send().await.unwrap().json().await.unwrap();
    assert_ne!(body["correlation_id"], own);
}

#[tokio::test]
async fn a_page_about_the_error_comes_with_some() {
    let rig = Rig::shipped("entra-quickstart");
    let scope = format!("api://{API}/access_as_user");
    let machine = |secret: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", WEB),
            ("client_secret", secret),
            ("scope", scope.as_str()),
        ]
    };
    let wrong: Json = rig.token(rig.issuer(), &machine("x")).await.json().await.unwrap();
    assert_eq!(wrong["error_uri"], "https://login.microsoftonline.com/error?code=7000215");
    let ask = format!("offline_access {scope}");
    let tokens = rig.tokens(rig.issuer(), CLI, &ask, &[]).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", tokens.text("refresh_token")),
        ("scope", &format!("api://{WEB}/access_as_user")),
    ];
    let wider: Json = rig.token(rig.issuer(), &form).await.json().await.unwrap();
    assert_eq!((&wider["error_codes"], wider.get("error_uri")), (&json!([65001]), None));
}
