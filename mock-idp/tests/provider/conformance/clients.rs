//! What clients hear: rows 75 to 89.

use reqwest::{Response, StatusCode};
use serde_json::{Value as Json, json};

use super::{Base, Because, ENCODED_SECRET, SECRET, Verdict, must};
use crate::rig::{Rig, refused, returned};

type Params<'a> = &'a [(&'a str, &'a str)];

/// The endpoint, if the vendor has it.
async fn endpoint(rig: &Rig, name: &str) -> Result<String, Because> {
    let document = rig.json(&format!("{}/.well-known/openid-configuration", rig.issuer())).await;
    document[name].as_str().map(str::to_owned).ok_or(Because::Absent)
}

async fn post(rig: &Rig, url: &str, form: &[(&str, &str)]) -> Response {
    rig.http.post(url).form(form).send().await.unwrap()
}

pub(super) async fn grants(rig: &Rig, base: &Base) -> Verdict {
    let form = [("grant_type", "password"), ("client_id", base.cli), ("username", "ann@acme.test")];
    must(refused(rig.token(rig.issuer(), &form).await).await.1 == "unsupported_grant_type", "password")?;
    let response = rig.authorize(rig.issuer(), base.cli, "openid", &[("response_type", "token")]).await;
    must(returned(&response)["error"] == "unsupported_response_type", "implicit")
}

pub(super) async fn registration(rig: &Rig) -> Verdict {
    let (url, status) = match endpoint(rig, "registration_endpoint").await {
        Ok(url) => (url, StatusCode::FORBIDDEN),
        Err(_) => (format!("{}/register", rig.issuer()), StatusCode::NOT_FOUND),
    };
    let client = json!({"client_id": "ann@acme.test", "redirect_uris": ["https://evil.example/"]});
    let response = rig.http.post(url).json(&client).send().await.unwrap();
    must(response.status() == status, response.status().to_string())
}

/// An authenticated client hears that the code is wrong, any other one that it is not authenticated.
async fn with_basic(rig: &Rig, base: &Base, secret: &str) -> Response {
    let form =
        [("grant_type", "authorization_code"), ("code", "unknown"), ("redirect_uri", base.web_redirect)];
    rig.post(rig.issuer(), "token_endpoint", Some((base.web, secret)), &form).await
}

pub(super) async fn response(rig: &Rig, base: &Base) -> Verdict {
    let code = rig.sign_in(rig.issuer(), base.cli, "openid", &[]).await["code"].clone();
    let response = rig.redeem(rig.issuer(), base.cli, &code, crate::rig::VERIFIER).await;
    must(response.headers()["cache-control"] == "no-store", "no-store")?;
    must(response.headers()["content-type"].to_str().unwrap().starts_with("application/json"), "JSON")?;
    must(with_basic(rig, base, ENCODED_SECRET).await.status() == 400, "encoded credentials are refused")?;
    must(with_basic(rig, base, SECRET).await.status() == 401, "credentials are taken without decoding")
}

pub(super) async fn errors(rig: &Rig, base: &Base) -> Verdict {
    let wrong = with_basic(rig, base, "wrong").await;
    must(wrong.headers().contains_key("www-authenticate"), "no challenge")?;
    must(wrong.headers()["cache-control"] == "no-store", "no-store")?;
    must(refused(wrong).await == (401, "invalid_client".to_owned()), "a wrong secret")?;
    let client = ("client_id", base.cli);
    let cases: [(Params<'_>, u16, &str); 4] = [
        (&[client], 400, "invalid_request"),
        (&[client, ("grant_type", "unheard-of")], 400, "unsupported_grant_type"),
        (&[client, ("grant_type", "refresh_token"), ("refresh_token", "unknown")], 400, "invalid_grant"),
        (&[("client_id", "nobody"), ("grant_type", "authorization_code")], 401, "invalid_client"),
    ];
    for (form, status, error) in cases {
        let refusal = refused(rig.token(rig.issuer(), form).await).await;
        must(refusal == (status, error.to_owned()), format!("{}: {} {}", form[0].1, refusal.0, refusal.1))?;
    }
    Ok(())
}

pub(super) async fn issuer(rig: &Rig, base: &Base) -> Verdict {
    let document = rig.json(&format!("{}/.well-known/openid-configuration", rig.issuer())).await;
    if document["authorization_response_iss_parameter_supported"] != true {
        return Err(Because::Absent);
    }
    for mode in ["query", "fragment"] {
        let mode = ("response_mode", mode);
        let success = rig.sign_in(rig.issuer(), base.cli, "openid", &[mode]).await;
        must(success["iss"] == rig.issuer(), "success")?;
        let error = rig.authorize(rig.issuer(), base.cli, "openid", &[mode, ("prompt", "none")]).await;
        must(returned(&error)["iss"] == rig.issuer(), "error")?;
    }
    let page = rig.authorize(rig.issuer(), base.cli, "openid", &[("response_mode", "form_post")]).await;
    let html = rig.submit(page, "ann@acme.test", "ann-mock-password").await.text().await.unwrap();
    must(html.contains(&format!("name=\"iss\" value=\"{}\"", rig.issuer())), "form_post")
}

async fn introspect(rig: &Rig, base: &Base, token: &str) -> Result<Json, Because> {
    let url = endpoint(rig, "introspection_endpoint").await?;
    let form = [("token", token), ("client_id", base.web), ("client_secret", SECRET)];
    Ok(post(rig, &url, &form).await.json().await.unwrap())
}

pub(super) async fn introspection(rig: &Rig, base: &Base) -> Verdict {
    let url = endpoint(rig, "introspection_endpoint").await?;
    let token = rig.tokens(rig.issuer(), base.cli, &base.scope, &[]).await.access().to_owned();
    must(post(rig, &url, &[("token", &token)]).await.status() == 401, "without a client")?;
    must(introspect(rig, base, &token).await?["active"] == true, "an active token")?;
    must(introspect(rig, base, "unknown").await? == json!({"active": false}), "an unknown token")?;
    rig.wait(86_400);
    must(introspect(rig, base, &token).await? == json!({"active": false}), "an expired token")
}

pub(super) async fn introspected(rig: &Rig, base: &Base) -> Verdict {
    let token = rig.tokens(rig.issuer(), base.cli, &base.scope, &[]).await.access().to_owned();
    let answer = introspect(rig, base, &token).await?;
    must(answer["active"].is_boolean() && answer["exp"].is_i64() && answer["iat"].is_i64(), "numbers")?;
    must(answer["scope"].is_string() && answer["client_id"].is_string(), "texts")?;
    must(answer["aud"].is_string() || answer["aud"].is_array(), "aud")
}

pub(super) async fn revocation(rig: &Rig, base: &Base) -> Verdict {
    let url = endpoint(rig, "revocation_endpoint").await?;
    let form = [("token", "unknown"), ("client_id", base.cli)];
    must(post(rig, &url, &form).await.status() == 200, "an unknown token")
}

pub(super) async fn revoked(rig: &Rig, base: &Base) -> Verdict {
    let url = endpoint(rig, "revocation_endpoint").await?;
    let token = rig.tokens(rig.issuer(), base.cli, &base.scope, &[]).await.access().to_owned();
    let form = [("token", token.as_str()), ("client_id", base.cli)];
    must(post(rig, &url, &form).await.status() == 200, "one's own token")?;
    must(introspect(rig, base, &token).await? == json!({"active": false}), "it is active still")
}

async fn device_codes(rig: &Rig, base: &Base) -> Result<Json, Because> {
    let url = endpoint(rig, "device_authorization_endpoint").await?;
    let form = [("client_id", base.cli), ("scope", "openid")];
    Ok(post(rig, &url, &form).await.json().await.unwrap())
}

pub(super) async fn device(rig: &Rig, base: &Base) -> Verdict {
    let codes = device_codes(rig, base).await?;
    for name in ["device_code", "user_code", "verification_uri"] {
        must(codes[name].is_string(), name)?;
    }
    must(codes["expires_in"].is_i64() && codes["interval"] == 5, "numbers")
}

pub(super) async fn polling(rig: &Rig, base: &Base) -> Verdict {
    let poll = |codes: &Json| {
        let code = codes["device_code"].as_str().unwrap().to_owned();
        async move {
            let form = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("client_id", base.cli),
                ("device_code", code.as_str()),
            ];
            let response: Json = rig.token(rig.issuer(), &form).await.json().await.unwrap();
            response["error"].as_str().unwrap_or("granted").to_owned()
        }
    };
    let answer = |codes: &Json, decision: &'static str| {
        let (page, code) = (codes["verification_uri"].clone(), codes["user_code"].clone());
        async move {
            let form = [
                ("user_code", code.as_str().unwrap()),
                ("username", "ann@acme.test"),
                ("password", "ann-mock-password"),
                ("decision", decision),
            ];
            post(rig, page.as_str().unwrap(), &form).await
        }
    };
    let codes = device_codes(rig, base).await?;
    let mut heard = vec![poll(&codes).await, poll(&codes).await];
    rig.wait(9);
    heard.push(poll(&codes).await);
    rig.wait(15);
    heard.push(poll(&codes).await);
    must(
        heard == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"],
        format!("{heard:?}"),
    )?;
    answer(&codes, "").await;
    must(poll(&codes).await == "granted", "granted")?;
    let again = poll(&codes).await;
    must(["invalid_grant", "bad_verification_code"].contains(&again.as_str()), again.clone())?;
    let expired = device_codes(rig, base).await?;
    rig.wait(expired["expires_in"].as_i64().unwrap());
    must(poll(&expired).await == "expired_token", "expired")?;
    let codes = device_codes(rig, base).await?;
    answer(&codes, "refuse").await;
    let refused = poll(&codes).await;
    must(refused == "access_denied", refused)
}
