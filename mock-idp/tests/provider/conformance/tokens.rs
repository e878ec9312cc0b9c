//! Access tokens and what they are for: rows 7 to 11, 59 and 60, and userinfo.

use serde_json::{Value as Json, json};

use super::{Base, Because, Verdict, must};
use crate::rig::{LOOPBACK, Rig, VERIFIER, decode, refused, returned};

async fn access(rig: &Rig, base: &Base, extra: &[(&str, &str)]) -> String {
    rig.tokens(rig.issuer(), base.cli, &base.scope, extra).await.access().to_owned()
}

pub(super) async fn claims(rig: &Rig, base: &Base) -> Verdict {
    let token = decode(&access(rig, base, &[]).await);
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        must(token["claims"].get(name).is_some(), name)?;
    }
    Ok(())
}

pub(super) async fn signature(rig: &Rig, base: &Base) -> Verdict {
    let token = access(rig, base, &[]).await;
    must(decode(&token)["header"]["alg"] == "RS256", "another algorithm")?;
    rig.verify(rig.issuer(), &token).await.map(|_| ()).map_err(Because::Fails)
}

pub(super) async fn audience(rig: &Rig, base: &Base) -> Verdict {
    let default = decode(&access(rig, base, &[]).await);
    must(default["claims"]["aud"].is_string(), "no default")?;
    let named = decode(&access(rig, base, &[("resource", base.resource)]).await);
    must(named["claims"]["aud"] == base.resource, "another aud")
}

pub(super) async fn two_resources(rig: &Rig, base: &Base) -> Verdict {
    let (_, scopes) = base.second.as_ref().ok_or(Because::Absent)?;
    let response = rig.authorize(rig.issuer(), base.cli, scopes, &[]).await;
    must(response.status() == 302 && returned(&response)["error"] == "invalid_scope", "granted")
}

pub(super) async fn scope(rig: &Rig, base: &Base) -> Verdict {
    let token = decode(&access(rig, base, &[]).await);
    must(token["claims"]["scope"].is_string(), "no `scope`")
}

pub(super) async fn resource(rig: &Rig, base: &Base) -> Verdict {
    for resource in ["https://elsewhere.example", "/relative", &format!("{}#fragment", base.resource)] {
        let response = rig.authorize(rig.issuer(), base.cli, &base.scope, &[("resource", resource)]).await;
        must(response.status() == 302 && returned(&response)["error"] == "invalid_target", resource)?;
    }
    Ok(())
}

pub(super) async fn narrowing(rig: &Rig, base: &Base) -> Verdict {
    let code = rig.sign_in(rig.issuer(), base.cli, &base.scope, &[]).await["code"].clone();
    let other = base.second.as_ref().map_or("https://elsewhere.example", |(resource, _)| resource);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", base.cli),
        ("code", code.as_str()),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
        ("resource", other),
    ];
    let (_, error) = refused(rig.token(rig.issuer(), &form).await).await;
    must(error == "invalid_target", "another resource than that of the grant")
}

pub(super) async fn userinfo(rig: &Rig, base: &Base) -> Verdict {
    let endpoint = rig.endpoint(rig.issuer(), "userinfo_endpoint").await;
    if !endpoint.starts_with(&origin(rig)) {
        return Err(Because::Absent);
    }
    let tokens = rig.tokens(rig.issuer(), base.cli, "openid", &[]).await;
    let claims: Json =
        rig.http.get(endpoint).bearer_auth(tokens.access()).send().await.unwrap().json().await.unwrap();
    let sub = decode(tokens.text("id_token"))["claims"]["sub"].clone();
    must(claims["sub"] == sub && sub != json!(null), "another sub")
}

fn origin(rig: &Rig) -> String {
    url::Url::parse(rig.issuer()).unwrap().origin().ascii_serialization()
}
