//! Sign-in sessions: who has signed in with a browser is asked again only where the request wants it.

use reqwest::{Response, StatusCode};

use crate::rig::{CLI, Rig, VERIFIER, cookie, decode, returned};

const ANN: &str = "ann@acme.test";

impl Rig {
    /// Signs Ann in and returns the browser's cookie.
    async fn session(&self, client: &str) -> String {
        let page = self.authorize(self.issuer(), client, "openid", &[]).await;
        let response = self.submit(page, ANN, "ann-mock-password").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        cookie(&response)
    }

    async fn again(&self, cookie: &str, extra: &[(&str, &str)]) -> Response {
        self.authorize_with(cookie, self.issuer(), CLI, "openid", extra).await
    }
}

/// Back at the client with a code, and nobody was asked.
fn silent(response: &Response) -> bool {
    response.status() == StatusCode::FOUND && returned(response).contains_key("code")
}

#[tokio::test]
async fn a_session_is_a_cookie_that_no_script_reads() {
    let rig = Rig::shipped("okta-per-component");
    let page = rig.authorize(rig.issuer(), CLI, "openid", &[]).await;
    assert!(page.headers().get("set-cookie").is_none(), "nobody has signed in yet");
    let wrong = rig.submit(page, ANN, "wrong").await;
    assert!(wrong.headers().get("set-cookie").is_none());
    let page = rig.authorize(rig.issuer(), CLI, "openid", &[]).await;
    let response = rig.submit(page, ANN, "ann-mock-password").await;
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("idx=") && set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
    let other = rig.session(CLI).await;
    assert_ne!(set.split(';').next().unwrap(), other);
}

#[tokio::test]
async fn the_second_application_asks_nobody() {
    let rig = Rig::shipped("okta-per-component");
    let session = rig.session(CLI).await;
    rig.wait(600);
    let response = rig.again(&session, &[]).await;
    assert!(silent(&response));
    let code = &returned(&response)["code"];
    let tokens: serde_json::Value = rig.redeem(rig.issuer(), CLI, code, VERIFIER).await.json().await.unwrap();
    let claims = decode(tokens["id_token"].as_str().unwrap())["claims"].clone();
    let since = claims["iat"].as_i64().unwrap() - claims["auth_time"].as_i64().unwrap();
    assert_eq!(since, 600, "it was then that somebody signed in");
    assert!(silent(&rig.again(&session, &[("prompt", "none")]).await));
    assert!(silent(&rig.again(&session, &[("prompt", "consent")]).await), "the administrator has consented");
    // All servers of the organization have it.
    let other = rig.authorize_with(&session, &rig.issuers[1], CLI, "openid", &[]).await;
    assert!(silent(&other));
}

#[tokio::test]
async fn without_a_session_everybody_is_asked() {
    let rig = Rig::shipped("okta-per-component");
    rig.session(CLI).await;
    for cookie in ["", "idx=", "idx=forged", "other=x; idx"] {
        assert_eq!(rig.again(cookie, &[]).await.status(), StatusCode::OK, "{cookie}");
        let silent = rig.again(cookie, &[("prompt", "none")]).await;
        assert_eq!(returned(&silent)["error"], "login_required", "{cookie}");
    }
}

#[tokio::test]
async fn a_request_can_want_a_new_sign_in() {
    let rig = Rig::shipped("generic");
    let rig = &rig;
    let session = rig.session("stacklok-cli").await;
    let again = |extra: Vec<(&'static str, &'static str)>| {
        let session = session.clone();
        async move { rig.authorize_with(&session, rig.issuer(), "stacklok-cli", "openid", &extra).await }
    };
    rig.wait(60);
    for (extra, asked) in [
        (vec![("prompt", "login")], true),
        (vec![("prompt", "select_account")], true),
        (vec![("prompt", "login consent")], true),
        (vec![("max_age", "0")], true),
        (vec![("max_age", "59")], true),
        (vec![("max_age", "60")], false),
        (vec![("max_age", "100000")], false),
        (vec![("login_hint", "bob@acme.test")], true),
        (vec![("login_hint", ANN)], false),
        (vec![("id_token_hint", "forged")], true),
    ] {
        let response = again(extra.clone()).await;
        assert_eq!(!silent(&response), asked, "{extra:?}");
        if asked {
            let page = response.text().await.unwrap();
            let name = if extra[0].0 == "login_hint" { "bob@acme.test" } else { ANN };
            assert!(page.contains(&format!("value=\"{name}\"")), "{extra:?}: the name is in its place");
            let mut silently = extra.clone();
            silently.retain(|(name, _)| *name != "prompt");
            silently.push(("prompt", "none"));
            if extra[0].0 != "prompt" {
                assert_eq!(returned(&again(silently).await)["error"], "login_required", "{extra:?}");
            }
        }
    }
    for extra in [vec![("prompt", "none login")], vec![("max_age", "-1")], vec![("max_age", "soon")]] {
        assert_eq!(returned(&again(extra.clone()).await)["error"], "invalid_request", "{extra:?}");
    }
}

#[tokio::test]
async fn the_hint_of_an_id_token_names_the_user() {
    let rig = Rig::shipped("okta-per-component");
    let ann = rig.tokens(rig.issuer(), CLI, "openid", &[]).await.text("id_token").to_owned();
    let minted = |user: &'static str| serde_json::json!({"issuer": rig.issuer(), "like": {"kind": "id_token", "user": user, "client_id": CLI}});
    let bob = rig.mint(minted("bob@acme.test")).await["token"].as_str().unwrap().to_owned();
    let session = rig.session(CLI).await;
    rig.wait(3_600);
    assert!(
        silent(&rig.again(&session, &[("id_token_hint", &ann), ("prompt", "none")]).await),
        "expired or not"
    );
    let other = rig.again(&session, &[("id_token_hint", &bob), ("prompt", "none")]).await;
    assert_eq!(returned(&other)["error"], "login_required");
}

#[tokio::test]
async fn a_new_sign_in_replaces_the_session() {
    let rig = Rig::shipped("okta-per-component");
    let old = rig.session(CLI).await;
    rig.wait(60);
    let page = rig.again(&old, &[("prompt", "login")]).await;
    let url = page.url().join("/login/signin").unwrap();
    let html = page.text().await.unwrap();
    let transaction = crate::rig::between(&html, "name=\"transaction\" value=\"", "\"");
    let form = [
        ("transaction", transaction.as_str()),
        ("username", "bob@acme.test"),
        ("password", "bob-mock-password"),
    ];
    let done = rig.http.post(url).header("cookie", &old).form(&form).send().await.unwrap();
    assert_eq!(rig.again(&old, &[]).await.status(), StatusCode::OK, "the old one is over");
    assert!(silent(&rig.again(&cookie(&done), &[("login_hint", "bob@acme.test")]).await));
}

#[tokio::test]
async fn a_session_ends() {
    let rig = Rig::shipped("okta-per-component");
    let session = rig.session(CLI).await;
    rig.wait(7_199);
    assert!(silent(&rig.again(&session, &[]).await));
    rig.wait(1);
    assert_eq!(rig.again(&session, &[]).await.status(), StatusCode::OK);
    let session = rig.session(CLI).await;
    rig.wait(-1);
    assert_eq!(rig.again(&session, &[]).await.status(), StatusCode::OK, "nobody has signed in yet");
    rig.wait(1);
    rig.control(reqwest::Method::PUT, "users", Some(serde_json::json!([]))).await;
    assert_eq!(rig.again(&session, &[]).await.status(), StatusCode::OK, "she is gone");
}

#[tokio::test]
async fn the_journal_shows_what_was_wanted() {
    let rig = Rig::shipped("okta-per-component");
    let extra = [("prompt", "login"), ("max_age", "7"), ("login_hint", ANN), ("response_mode", "form_post")];
    rig.again("", &extra).await;
    let (_, journal) = rig.control(reqwest::Method::GET, "journal", None).await;
    let entry = journal.as_array().unwrap().last().unwrap();
    assert_eq!(entry["prompt"], "login");
    assert_eq!(entry["max_age"], "7");
    assert_eq!(entry["response_mode"], "form_post");
    assert_eq!(entry["login_hint_present"], true);
    assert!(!journal.to_string().contains(ANN), "a login is nobody's business");
}
