//! The end of a session, and the way back.

use reqwest::{Response, StatusCode};

use crate::{
    entra,
    rig::{CLI, LOOPBACK, Rig, VERIFIER, cookie, returned},
};

const BACK: &str = "https://cli.example.com/signed-out";

fn okta() -> Rig {
    let uris = "    sign_in_redirect_uris: ['http://127.0.0.1/callback']\n";
    Rig::changed("okta-per-component", uris, &format!("{uris}    sign_out_redirect_uris: ['{BACK}']\n"))
}

/// A browser with a session, and the ID token of the application in it.
struct Browser {
    cookie: String,
    id_token: String,
}

impl Rig {
    async fn browser(&self, client: &str) -> Browser {
        let page = self.authorize(self.issuer(), client, "openid", &[]).await;
        let response = self.submit(page, "ann@acme.test", "ann-mock-password").await;
        let code = &returned(&response)["code"];
        let tokens: serde_json::Value =
            self.redeem(self.issuer(), client, code, VERIFIER).await.json().await.unwrap();
        Browser { cookie: cookie(&response), id_token: tokens["id_token"].as_str().unwrap().to_owned() }
    }

    async fn logout(&self, browser: &Browser, params: &[(&str, &str)]) -> Response {
        let endpoint = self.endpoint(self.issuer(), "end_session_endpoint").await;
        self.http.get(endpoint).query(params).header("cookie", &browser.cookie).send().await.unwrap()
    }

    async fn is_signed_in(&self, browser: &Browser, client: &str) -> bool {
        let response = self.authorize_with(&browser.cookie, self.issuer(), client, "openid", &[]).await;
        response.status() == StatusCode::FOUND
    }
}

#[tokio::test]
async fn okta_takes_the_browser_back() {
    let rig = okta();
    let browser = rig.browser(CLI).await;
    rig.wait(3_600);
    let hint = ("id_token_hint", browser.id_token.as_str());
    let params = [hint, ("post_logout_redirect_uri", BACK), ("state", "st&te")];
    let response = rig.logout(&browser, &params).await;
    assert_eq!(response.status(), StatusCode::FOUND, "the hint may have expired");
    assert_eq!(response.headers()["location"], format!("{BACK}?state=st%26te"));
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("idx=;") && set.ends_with("Max-Age=0"), "{set}");
    assert!(!rig.is_signed_in(&browser, CLI).await);
    let bare = rig.logout(&browser, &[hint, ("post_logout_redirect_uri", BACK)]).await;
    assert_eq!(bare.headers()["location"], BACK);
}

#[tokio::test]
async fn without_an_address_there_is_a_page() {
    let rig = okta();
    let browser = rig.browser(CLI).await;
    let response = rig.logout(&browser, &[("id_token_hint", &browser.id_token)]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().contains("You are signed out"));
    assert!(!rig.is_signed_in(&browser, CLI).await);
}

#[tokio::test]
async fn a_wrong_request_ends_nothing() {
    let rig = okta();
    let browser = rig.browser(CLI).await;
    let hint = ("id_token_hint", browser.id_token.as_str());
    let order = serde_json::json!({
        "issuer": rig.issuer(),
        "like": {"kind": "id_token", "user": "bob@acme.test", "client_id": CLI},
    });
    let bob = rig.mint(order).await["token"].as_str().unwrap().to_owned();
    for params in [
        vec![("post_logout_redirect_uri", BACK)],
        vec![("id_token_hint", "forged"), ("post_logout_redirect_uri", BACK)],
        vec![("id_token_hint", bob.as_str())],
        vec![hint, ("client_id", "0oaunpermitted01")],
        vec![hint, ("post_logout_redirect_uri", "https://cli.example.com/signed-out/")],
        vec![hint, ("post_logout_redirect_uri", "https://CLI.example.com/signed-out")],
        vec![hint, ("post_logout_redirect_uri", "https://cli.example.com/signed%2dout")],
        vec![hint, ("post_logout_redirect_uri", "https://cli.example.com:443/signed-out")],
        vec![hint, ("post_logout_redirect_uri", "https://evil.example/")],
        vec![hint, ("post_logout_redirect_uri", LOOPBACK)],
    ] {
        let response = rig.logout(&browser, &params).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{params:?}");
        assert!(response.headers().get("location").is_none());
        assert!(rig.is_signed_in(&browser, CLI).await, "{params:?}");
    }
}

#[tokio::test]
async fn entra_needs_no_hint() {
    let rig = Rig::shipped("entra-quickstart");
    let registered = "http://127.0.0.1/callback";
    let browser = rig.browser(entra::CLI).await;
    let wrong = rig.logout(&browser, &[("post_logout_redirect_uri", "https://evil.example/")]).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert!(rig.is_signed_in(&browser, entra::CLI).await);
    let response = rig.logout(&browser, &[("post_logout_redirect_uri", registered)]).await;
    assert_eq!(response.headers()["location"], registered);
    assert!(!rig.is_signed_in(&browser, entra::CLI).await);
}

#[tokio::test]
async fn the_generic_one_knows_what_was_registered() {
    let clients = "    redirect_uris: ['http://127.0.0.1/callback']\n    default_api: enterprise-manager\n  - client_id: cloud-ui";
    let with = clients
        .replace("    default_api", &format!("    post_logout_redirect_uris: ['{BACK}']\n    default_api"));
    let rig = Rig::changed("generic", clients, &with);
    let browser = rig.browser("stacklok-cli").await;
    let form = [("id_token_hint", browser.id_token.as_str()), ("post_logout_redirect_uri", BACK)];
    let endpoint = rig.endpoint(rig.issuer(), "end_session_endpoint").await;
    let response =
        rig.http.post(endpoint).form(&form).header("cookie", &browser.cookie).send().await.unwrap();
    assert_eq!(response.headers()["location"], BACK);
    assert!(!rig.is_signed_in(&browser, "stacklok-cli").await);
}
