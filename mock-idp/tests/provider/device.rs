//! The device authorization grant (RFC 8628): the device's side and the person's page.

use reqwest::{Response, StatusCode};
use serde_json::Value as Json;

use crate::{
    entra,
    rig::{CLI, CONFIG, Rig, Tokens, between, decode, refused},
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const OTHER: &str = "0oaunpermitted01";

/// What a device was told.
struct Device {
    code: String,
    user_code: String,
    complete: String,
}

impl Rig {
    async fn device(&self, client: &str, scope: &str) -> Device {
        let endpoint = self.endpoint(self.issuer(), "device_authorization_endpoint").await;
        let form = [("client_id", client), ("scope", scope)];
        let answer: Json = self.http.post(endpoint).form(&form).send().await.unwrap().json().await.unwrap();
        let text =
            |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned();
        let (page, user_code) = (text("verification_uri"), text("user_code"));
        let complete = format!("{page}?user_code={user_code}");
        if let Some(given) = answer.get("verification_uri_complete") {
            assert_eq!(*given, *complete);
        }
        Device { code: text("device_code"), user_code, complete }
    }

    async fn poll(&self, client: &str, device: &Device) -> Response {
        let form = [("grant_type", GRANT), ("client_id", client), ("device_code", &device.code)];
        self.token(self.issuer(), &form).await
    }

    /// Fills in the page of a device.
    async fn fill_in(&self, device: &Device, fields: &[(&str, &str)]) -> Response {
        let page = self.get(&device.complete).await;
        assert_eq!(page.status(), StatusCode::OK);
        let url = page.url().clone();
        let html = page.text().await.unwrap();
        let action = url.join(&between(&html, "action=\"", "\"")).unwrap();
        let hidden = between(&html, "type=\"hidden\" name=\"user_code\" value=\"", "\"");
        let form: Vec<_> =
            [("user_code", hidden.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.http.post(action).form(&form).send().await.unwrap()
    }
}

const ANN: [(&str, &str); 2] = [("username", "ann@acme.test"), ("password", "ann-mock-password")];
const BOB: [(&str, &str); 2] = [("username", "bob@acme.test"), ("password", "bob-mock-password")];

async fn answered(response: Response) -> String {
    refused(response).await.1
}

#[tokio::test]
async fn somebody_signs_in_for_a_device() {
    let rig = Rig::shipped("okta-per-component");
    let device = rig.device(CLI, &format!("openid offline_access {CONFIG}")).await;
    assert_eq!(refused(rig.poll(CLI, &device).await).await, (400, "authorization_pending".to_owned()));
    let done = rig.fill_in(&device, &ANN).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert!(done.text().await.unwrap().contains("You are signed in"));
    let response = rig.poll(CLI, &device).await;
    assert_eq!(response.status(), StatusCode::OK, "what is decided is told however fast it asks");
    let tokens = Tokens(response.json().await.unwrap());
    let claims = rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    assert_eq!((&claims["sub"], &claims["aud"]), (&"ann@acme.test".into(), &"enterprise-manager".into()));
    assert_eq!(claims["scp"], serde_json::json!(["openid", "offline_access", CONFIG]));
    assert!(decode(tokens.text("id_token"))["claims"].get("nonce").is_none());
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", tokens.text("refresh_token")),
    ];
    assert_eq!(rig.token(rig.issuer(), &refresh).await.status(), StatusCode::OK);
    assert_eq!(answered(rig.poll(CLI, &device).await).await, "invalid_grant", "one use only");
    let again = rig.get(&device.complete).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST, "and one sign-in");
}

#[tokio::test]
async fn a_device_that_asks_too_fast_is_slowed_down() {
    let rig = Rig::shipped("generic");
    let client = "stacklok-cli";
    let device = rig.device(client, "openid").await;
    let poll = || async { answered(rig.poll(client, &device).await).await };
    assert_eq!(poll().await, "authorization_pending");
    rig.wait(4);
    assert_eq!(poll().await, "slow_down");
    rig.wait(9);
    assert_eq!(poll().await, "slow_down", "the interval is 10 s by now");
    rig.wait(15);
    assert_eq!(poll().await, "authorization_pending");
    rig.wait(-3600);
    assert_eq!(poll().await, "authorization_pending", "a clock set back is not its fault");
}

#[tokio::test]
async fn a_device_can_be_refused() {
    let rig = Rig::shipped("generic");
    let device = rig.device("stacklok-cli", "openid").await;
    let done = rig.fill_in(&device, &[("decision", "refuse")]).await;
    assert_eq!(done.status(), StatusCode::OK);
    let page = done.text().await.unwrap();
    assert!(page.contains("was refused") && !page.contains("You are signed in"));
    for _ in 0..2 {
        assert_eq!(refused(rig.poll("stacklok-cli", &device).await).await, (400, "access_denied".to_owned()));
    }
}

#[tokio::test]
async fn a_code_expires() {
    let rig = Rig::shipped("okta-per-component");
    let device = rig.device(CLI, "openid").await;
    rig.fill_in(&device, &ANN).await;
    let late = rig.device(CLI, "openid").await;
    rig.wait(600);
    assert_eq!(answered(rig.poll(CLI, &device).await).await, "expired_token");
    assert_eq!(answered(rig.poll(CLI, &late).await).await, "expired_token");
    assert_eq!(rig.get(&late.complete).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_device_code_belongs_to_its_client_and_its_issuer() {
    let grants = "grant_types: [Authorization Code, Refresh Token]\n    sign_in";
    let rig = Rig::changed(
        "okta-per-component",
        grants,
        "grant_types: [Authorization Code, Refresh Token, Device Authorization]\n    sign_in",
    );
    let device = rig.device(CLI, "openid").await;
    rig.fill_in(&device, &ANN).await;
    assert_eq!(answered(rig.poll(OTHER, &device).await).await, "invalid_grant");
    let form = [("grant_type", GRANT), ("client_id", CLI), ("device_code", &device.code)];
    assert_eq!(answered(rig.token(&rig.issuers[1], &form).await).await, "invalid_grant");
    assert_eq!(answered(rig.token(rig.issuer(), &form[..2]).await).await, "invalid_request");
    assert_eq!(rig.poll(CLI, &device).await.status(), StatusCode::OK, "nothing was spent");
}

#[tokio::test]
async fn policies_decide_when_the_user_is_known() {
    let groups = "user_is: Any user assigned the app\n            scopes_requested: Any scopes";
    let rig = Rig::changed(
        "okta-shared",
        groups,
        "user_is: { groups: [mcp-admin] }\n            scopes_requested: Any scopes",
    );
    let device = rig.device(CLI, CONFIG).await;
    let page = rig.fill_in(&device, &BOB).await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert!(page.text().await.unwrap().contains("Policy evaluation failed"));
    assert_eq!(answered(rig.poll(CLI, &device).await).await, "access_denied");
    let device = rig.device(CLI, CONFIG).await;
    assert_eq!(rig.fill_in(&device, &ANN).await.status(), StatusCode::OK);
    assert_eq!(rig.poll(CLI, &device).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_device_request_is_checked_like_any_other() {
    let rig = Rig::shipped("okta-per-component");
    let endpoint = rig.endpoint(rig.issuer(), "device_authorization_endpoint").await;
    let ask = |form: &'static [(&'static str, &'static str)]| {
        let request = rig.http.post(&endpoint).form(form);
        async { refused(request.send().await.unwrap()).await }
    };
    assert_eq!(ask(&[("scope", "openid")]).await, (401, "invalid_client".to_owned()));
    assert_eq!(ask(&[("client_id", OTHER)]).await, (400, "unauthorized_client".to_owned()));
    assert_eq!(ask(&[("client_id", CLI), ("scope", "unheard:of")]).await, (400, "invalid_scope".to_owned()));
    assert_eq!(ask(&[("client_id", CLI), ("scope", "a"), ("scope", "b")]).await.0, 400);
    let body = rig.http.post(&endpoint).body("client_id=x").send().await.unwrap();
    assert_eq!(refused(body).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn the_org_server_has_devices_too() {
    let rig = Rig::shipped("okta-org-beside-custom");
    let org = &rig.issuers[3];
    let endpoint = rig.endpoint(org, "device_authorization_endpoint").await;
    let form = [("client_id", CLI), ("scope", "openid")];
    let answer: Json = rig.http.post(endpoint).form(&form).send().await.unwrap().json().await.unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let device = Device {
        code: text("device_code"),
        user_code: text("user_code"),
        complete: text("verification_uri_complete"),
    };
    assert_eq!(rig.fill_in(&device, &ANN).await.status(), StatusCode::OK, "one page for all servers");
    assert_eq!(
        answered(rig.poll(CLI, &device).await).await,
        "invalid_grant",
        "a custom server knows nothing of it"
    );
    let form = [("grant_type", GRANT), ("client_id", CLI), ("device_code", &device.code)];
    let tokens = Tokens(rig.token(org, &form).await.json().await.unwrap());
    assert_eq!(rig.verify(org, tokens.access()).await.unwrap()["aud"], **org);
}

#[tokio::test]
async fn entra_has_the_flow_for_public_clients_that_are_allowed_it() {
    let rig = Rig::shipped("entra-quickstart");
    let scope = format!("openid api://{}/access_as_user", entra::API);
    let endpoint = rig.endpoint(rig.issuer(), "device_authorization_endpoint").await;
    let form = [("client_id", entra::API), ("scope", &*scope)];
    let refusal = refused(rig.http.post(endpoint).form(&form).send().await.unwrap()).await;
    assert_eq!(refusal, (400, "unauthorized_client".to_owned()), "`allow_public_client_flows` is off");
    let device = rig.device(entra::CLI, &scope).await;
    assert_eq!(answered(rig.poll(entra::CLI, &device).await).await, "authorization_pending");
    assert_eq!(rig.fill_in(&device, &ANN).await.status(), StatusCode::OK);
    let tokens = Tokens(rig.poll(entra::CLI, &device).await.json().await.unwrap());
    let claims = rig.verify(rig.issuer(), tokens.access()).await.unwrap();
    assert_eq!((&claims["scp"], &claims["aud"]), (&"access_as_user".into(), &entra::API.into()));
    assert_eq!(answered(rig.poll(entra::CLI, &device).await).await, "bad_verification_code");
    let declined = rig.device(entra::CLI, &scope).await;
    rig.fill_in(&declined, &[("decision", "refuse")]).await;
    assert_eq!(answered(rig.poll(entra::CLI, &declined).await).await, "authorization_declined");
    let late = rig.device(entra::CLI, &scope).await;
    rig.wait(900);
    assert_eq!(answered(rig.poll(entra::CLI, &late).await).await, "expired_token");
}

#[tokio::test]
async fn the_page_takes_a_code_as_people_type_it() {
    let rig = Rig::shipped("generic");
    let device = rig.device("stacklok-cli", "openid").await;
    let page = "https://idp.example.com/device";
    let html = rig.get(page).await.text().await.unwrap();
    assert!(html.contains("name=\"user_code\""));
    let typed = device.user_code.to_lowercase().replace('-', " ");
    let html = rig.http.get(page).query(&[("user_code", &typed)]).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("Stacklok CLI") && html.contains(&device.user_code), "it names the application");
    let unknown = rig.http.get(page).query(&[("user_code", "<b>")]).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    assert!(!unknown.text().await.unwrap().contains("<b>"));
    let wrong = rig.fill_in(&device, &[("username", "ann@acme.test"), ("password", "wrong")]).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert_eq!(answered(rig.poll("stacklok-cli", &device).await).await, "authorization_pending");
    assert_eq!(rig.fill_in(&device, &ANN).await.status(), StatusCode::OK, "and another try");
}

#[tokio::test]
async fn the_journal_calls_all_of_it_device() {
    let rig = Rig::shipped("okta-per-component");
    let device = rig.device(CLI, "openid").await;
    rig.fill_in(&device, &ANN).await;
    let (_, journal) = rig.control(reqwest::Method::GET, "journal", None).await;
    let seen: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["endpoint"] == "device")
        .map(|entry| {
            (entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap(), &entry["client_id"])
        })
        .collect();
    let cli = Json::from(CLI);
    assert_eq!(
        seen,
        [
            ("POST", "/oauth2/aus1em/v1/device/authorize", &cli),
            ("GET", "/activate", &cli),
            ("POST", "/activate", &cli)
        ]
    );
    for secret in [&device.code, &device.user_code, "ann-mock-password"] {
        assert!(!journal.to_string().contains(secret), "{secret}");
    }
}
