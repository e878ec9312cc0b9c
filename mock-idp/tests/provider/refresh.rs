//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2).

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, VERIFIER, WEB, WEB_REDIRECT, WEB_SECRET, decode, refused};

const GENERIC: &str = "stacklok-cli";
const WEEK: i64 = 604_800;

impl Rig {
    async fn refresh(&self, client: &str, token: &str, extra: &[(&str, &str)]) -> Response {
        let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        let form: Vec<_> = form.into_iter().chain(extra.iter().copied()).collect();
        self.token(self.issuer(), &form).await
    }

    /// The refresh token of a new sign-in.
    async fn first(&self, client: &str, scope: &str) -> String {
        self.tokens(self.issuer(), client, scope, &[]).await.text("refresh_token").to_owned()
    }
}

async fn tokens(response: Response) -> Json {
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

fn next(tokens: &Json) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn assert_invalid(response: Response) {
    assert_eq!(refused(response).await, (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_belongs_to_its_client_and_its_issuer() {
    let rig = Rig::shipped("okta-per-component");
    let token = rig.first(CLI, "openid offline_access").await;
    assert_invalid(rig.refresh("0oaunpermitted01", &token, &[]).await).await;
    assert_invalid(rig.refresh(WEB, &token, &[("client_secret", WEB_SECRET)]).await).await;
    let form = [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", token.as_str())];
    assert_invalid(rig.token(&rig.issuers[1], &form).await).await;
    assert_eq!(rig.refresh(CLI, &token, &[]).await.status(), StatusCode::OK, "none of them has spent it");
}

#[tokio::test]
async fn scopes_only_narrow_and_come_back() {
    let rig = Rig::shipped("generic");
    let token = rig.first(GENERIC, &format!("openid offline_access {CONFIG}")).await;
    for wider in ["openid platform:access", "openid unheard:of", " "] {
        let refused = refused(rig.refresh(GENERIC, &token, &[("scope", wider)]).await).await;
        assert_eq!(refused, (400, "invalid_scope".to_owned()), "{wider:?}");
    }
    let narrow = tokens(rig.refresh(GENERIC, &token, &[("scope", CONFIG)]).await).await;
    assert_eq!(narrow["scope"], CONFIG);
    assert_eq!(decode(narrow["access_token"].as_str().unwrap())["claims"]["scope"], CONFIG);
    assert!(narrow.get("id_token").is_none(), "not without openid");
    let whole = tokens(rig.refresh(GENERIC, &next(&narrow), &[]).await).await;
    assert_eq!(whole["scope"], format!("openid offline_access {CONFIG}"));
    let id = decode(whole["id_token"].as_str().unwrap());
    assert!(id["claims"].get("nonce").is_none());
    let other = rig.refresh(GENERIC, &next(&whole), &[("resource", "cloud-ui")]).await;
    assert_eq!(refused(other).await.1, "invalid_target");
}

#[tokio::test]
async fn an_old_token_takes_the_family_along() {
    let rig = Rig::shipped("generic");
    let bystander = rig.first(GENERIC, "openid offline_access").await;
    let first = rig.first(GENERIC, "openid offline_access").await;
    let second = next(&tokens(rig.refresh(GENERIC, &first, &[]).await).await);
    let third = next(&tokens(rig.refresh(GENERIC, &second, &[]).await).await);
    assert_invalid(rig.refresh(GENERIC, &first, &[]).await).await;
    assert_invalid(rig.refresh(GENERIC, &third, &[]).await).await;
    assert_eq!(rig.refresh(GENERIC, &bystander, &[]).await.status(), StatusCode::OK, "another sign-in");
}

#[tokio::test]
async fn a_clock_set_back_opens_no_grace_period() {
    let rig = Rig::shipped("okta-per-component");
    let first = rig.first(CLI, "openid offline_access").await;
    let second = next(&tokens(rig.refresh(CLI, &first, &[]).await).await);
    rig.wait(-60);
    assert_invalid(rig.refresh(CLI, &first, &[]).await).await;
    assert_invalid(rig.refresh(CLI, &second, &[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_served() {
    let rig = Rig::shipped("generic");
    let token = rig.first(GENERIC, "openid offline_access").await;
    let endpoint = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let form = [("grant_type", "refresh_token"), ("client_id", GENERIC), ("refresh_token", &token)];
    let requests: Vec<_> =
        (0..8).map(|_| tokio::spawn(rig.http.post(&endpoint).form(&form).send())).collect();
    let mut served = 0;
    for request in requests {
        served += usize::from(request.await.unwrap().unwrap().status() == StatusCode::OK);
    }
    assert_eq!(served, 1);
}

#[tokio::test]
async fn a_token_ends_when_it_is_not_used() {
    let rig = Rig::shipped("okta-per-component");
    let token = rig.first(CLI, "openid offline_access").await;
    rig.wait(WEEK - 1);
    let second = next(&tokens(rig.refresh(CLI, &token, &[]).await).await);
    rig.wait(WEEK);
    assert_invalid(rig.refresh(CLI, &second, &[]).await).await;
}

#[tokio::test]
async fn a_confidential_client_keeps_its_token() {
    let rig = Rig::shipped("okta-per-component");
    let extra = [("redirect_uri", WEB_REDIRECT)];
    let code = rig.sign_in(rig.issuer(), WEB, "openid offline_access", &extra).await["code"].clone();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", WEB),
        ("client_secret", WEB_SECRET),
        ("code", &code),
        ("redirect_uri", WEB_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let token = next(&tokens(rig.token(rig.issuer(), &form).await).await);
    let secret = [("client_secret", WEB_SECRET)];
    for _ in 0..2 {
        rig.wait(WEEK - 1);
        let again = tokens(rig.refresh(WEB, &token, &secret).await).await;
        assert_eq!(again["refresh_token"], token, "each use begins its time anew");
    }
    assert_eq!(refused(rig.refresh(WEB, &token, &[]).await).await, (401, "invalid_client".to_owned()));
    rig.wait(WEEK);
    assert_invalid(rig.refresh(WEB, &token, &secret).await).await;
}

#[tokio::test]
async fn who_is_gone_or_not_permitted_any_more_gets_nothing() {
    let from = "user_is: Any user assigned the app\n            scopes_requested: Any scopes";
    let to = "user_is: { groups: [mcp-admin] }\n            scopes_requested: Any scopes";
    let rig = Rig::changed("okta-shared", from, to);
    let token = rig.first(CLI, "openid offline_access").await;
    let (_, mut users) = rig.control(Method::GET, "users", None).await;
    users[0]["groups"] = json!(["engineering"]);
    rig.control(Method::PUT, "users", Some(users.clone())).await;
    assert_eq!(refused(rig.refresh(CLI, &token, &[]).await).await, (400, "access_denied".to_owned()));
    users.as_array_mut().unwrap().remove(0);
    rig.control(Method::PUT, "users", Some(users)).await;
    assert_invalid(rig.refresh(CLI, &token, &[]).await).await;
}
