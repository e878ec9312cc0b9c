//! Codes, redirects, refresh tokens and sessions: rows 63 to 72, and what OpenID Connect says of sessions.

use mock_idp::Tenant;
use reqwest::Response;
use serde_json::Value as Json;
use spanned_yaml::Source;

use super::{Base, SECRET, Verdict, must};
use crate::rig::{LOOPBACK, Rig, VERIFIER, cookie, refused, returned};

async fn code(rig: &Rig, base: &Base) -> String {
    rig.sign_in(rig.issuer(), base.cli, "openid offline_access", &[]).await["code"].clone()
}

async fn error(response: Response) -> String {
    refused(response).await.1
}

pub(super) async fn verifier(rig: &Rig, base: &Base) -> Verdict {
    for wrong in ["x".repeat(43), String::new()] {
        let code = code(rig, base).await;
        let first = error(rig.redeem(rig.issuer(), base.cli, &code, &wrong).await).await;
        let second = error(rig.redeem(rig.issuer(), base.cli, &code, VERIFIER).await).await;
        must(first == "invalid_grant" && second == "invalid_grant", format!("{wrong:?}: {first}, {second}"))?;
    }
    Ok(())
}

pub(super) async fn verifier_form(rig: &Rig, base: &Base) -> Verdict {
    for malformed in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43))] {
        let code = code(rig, base).await;
        let error = error(rig.redeem(rig.issuer(), base.cli, &code, &malformed).await).await;
        must(["invalid_request", "invalid_grant"].contains(&error.as_str()), error.clone())?;
    }
    Ok(())
}

pub(super) async fn challenge(rig: &Rig, base: &Base) -> Verdict {
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let response = rig.authorize(rig.issuer(), base.cli, "openid", &without).await;
    must(
        response.status() == 302 && returned(&response)["error"] == "invalid_request",
        "no challenge, no error",
    )
}

pub(super) async fn downgrade(rig: &Rig, base: &Base) -> Verdict {
    let extra = [("code_challenge", ""), ("code_challenge_method", ""), ("redirect_uri", base.web_redirect)];
    let code = rig.sign_in(rig.issuer(), base.web, "openid", &extra).await["code"].clone();
    let form = |code: &str, verifier: &str| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", base.web),
            ("client_secret", SECRET),
            ("redirect_uri", base.web_redirect),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into_iter()
        .chain([("code", code.to_owned()), ("code_verifier", verifier.to_owned())])
        .collect::<Vec<_>>()
    };
    let token = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let with = rig.http.post(&token).form(&form(&code, VERIFIER)).send().await.unwrap();
    must(error(with).await == "invalid_grant", "a verifier without a challenge")?;
    let code = rig.sign_in(rig.issuer(), base.web, "openid", &extra).await["code"].clone();
    let without = rig.http.post(&token).form(&form(&code, "")).send().await.unwrap();
    must(without.status() == 200, "the same without a verifier is refused too")
}

pub(super) async fn plain(rig: &Rig, base: &Base) -> Verdict {
    for method in ["plain", ""] {
        let response =
            rig.authorize(rig.issuer(), base.cli, "openid", &[("code_challenge_method", method)]).await;
        must(response.status() == 302 && returned(&response)["error"] == "invalid_request", method)?;
    }
    Ok(())
}

pub(super) async fn redirect(rig: &Rig, base: &Base) -> Verdict {
    let differ = [
        "http://127.0.0.1:49152/callback/x",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/Callback",
        "http://127.0.0.1:49152/call%62ack",
        "http://127.0.0.1:49152/%2e/callback",
        "http://a@127.0.0.1:49152/callback",
        "http://localhost:49152/callback",
        "https://127.0.0.1:49152/callback",
    ];
    for uri in differ {
        let response = rig.authorize(rig.issuer(), base.cli, "openid", &[("redirect_uri", uri)]).await;
        must(response.status() == 400 && response.headers().get("location").is_none(), uri)?;
    }
    let web = base.web_redirect;
    for uri in [format!("{web}/"), web.replace(".com/", ".com:443/"), web.replace("cloud-ui.", "Cloud-UI.")] {
        let response = rig.authorize(rig.issuer(), base.web, "openid", &[("redirect_uri", &uri)]).await;
        must(response.status() == 400, uri)?;
    }
    let free =
        rig.authorize(rig.issuer(), base.cli, "openid", &[("redirect_uri", "http://127.0.0.1:1/callback")]);
    must(free.await.status() == 200, "the port of a loopback address is free")
}

pub(super) fn schemes(base: &Base) -> Verdict {
    let parsed = |uri: &str| {
        let text = base.file().replace("http://127.0.0.1/callback", uri);
        Tenant::parse(&Source::new("tenant.yaml", &text)).is_ok()
    };
    must(
        parsed("http://127.0.0.1/callback") && parsed("com.example.app:/callback"),
        "a native application's",
    )?;
    must(!parsed("http://app.example.com/callback"), "http that is no loopback")
}

pub(super) async fn once(rig: &Rig, base: &Base) -> Verdict {
    let other = code(rig, base).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", base.web),
        ("client_secret", SECRET),
        ("code", other.as_str()),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
    ];
    must(error(rig.token(rig.issuer(), &form).await).await == "invalid_grant", "another client's code")?;
    let code = code(rig, base).await;
    let first: Json = rig.redeem(rig.issuer(), base.cli, &code, VERIFIER).await.json().await.unwrap();
    let again = error(rig.redeem(rig.issuer(), base.cli, &code, VERIFIER).await).await;
    must(again == "invalid_grant", "a second use")?;
    let refreshed = refresh_with(rig, base, &first).await;
    must(refreshed.status() == 400, "a replay revokes what the code brought")
}

async fn refresh_with(rig: &Rig, base: &Base, tokens: &Json) -> Response {
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", base.cli), ("refresh_token", token)];
    rig.token(rig.issuer(), &form).await
}

pub(super) async fn refresh(rig: &Rig, base: &Base) -> Verdict {
    let code = code(rig, base).await;
    let first: Json = rig.redeem(rig.issuer(), base.cli, &code, VERIFIER).await.json().await.unwrap();
    let second: Json = refresh_with(rig, base, &first).await.json().await.unwrap();
    must(first["refresh_token"] != second["refresh_token"], "it is not exchanged")?;
    rig.wait(60);
    must(refresh_with(rig, base, &first).await.status() == 400, "an old one is taken")?;
    must(refresh_with(rig, base, &second).await.status() == 400, "the family lives on")
}

pub(super) async fn see_other(rig: &Rig, base: &Base) -> Verdict {
    let page = rig.authorize(rig.issuer(), base.cli, "openid", &[]).await;
    let status = rig.submit(page, "ann@acme.test", "ann-mock-password").await.status();
    must(status == 303, status.to_string())
}

pub(super) async fn silent(rig: &Rig, base: &Base) -> Verdict {
    let response = rig.authorize(rig.issuer(), base.cli, "openid", &[("prompt", "none")]).await;
    must(returned(&response)["error"] == "login_required", "no error")
}

pub(super) async fn max_age(rig: &Rig, base: &Base) -> Verdict {
    let page = rig.authorize(rig.issuer(), base.cli, "openid", &[]).await;
    let session = cookie(&rig.submit(page, "ann@acme.test", "ann-mock-password").await);
    rig.wait(60);
    let ask = |age: &'static str| {
        let session = session.clone();
        async move {
            let extra = [("max_age", age), ("prompt", "none")];
            let response = rig.authorize_with(&session, rig.issuer(), base.cli, "openid", &extra).await;
            returned(&response).contains_key("code")
        }
    };
    must(ask("61").await, "a session that is young enough")?;
    must(!ask("59").await, "a session that is too old")
}

pub(super) async fn sign_out(rig: &Rig, base: &Base) -> Verdict {
    let tokens = rig.tokens(rig.issuer(), base.cli, "openid", &[]).await;
    let endpoint = rig.endpoint(rig.issuer(), "end_session_endpoint").await;
    let params =
        [("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", "https://evil.example/")];
    let response = rig.http.get(&endpoint).query(&params).send().await.unwrap();
    must(response.headers().get("location").is_none(), "an address that is not registered")?;
    must(rig.http.get(endpoint).query(&params[..1]).send().await.unwrap().status() == 200, "no page")
}
