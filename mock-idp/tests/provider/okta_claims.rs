//! Claims of an authorization server: profile attributes, texts, and groups that pass a filter.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::rig::{CLI, CONFIG, Rig, WEB, WEB_SECRET, decode, returned, shipped};

const EMAIL: &str = "value_type: Expression, value: user.email, include_in: Any scope }";

/// The shipped tenant with another value of the claim `email`.
fn with_claim(claim: &str) -> String {
    let text = shipped("okta-per-component");
    assert!(text.contains(EMAIL));
    text.replacen(EMAIL, &format!("{claim} }}"), 1)
}

/// The shipped tenant with so many groups that Ann is a member of.
fn with_groups(count: usize, claim: &str) -> String {
    let mut names = String::new();
    for number in 0..count {
        write!(names, "team-{number}, ").unwrap();
    }
    let text = with_claim(claim);
    text.replacen("groups: [mcp-admin, engineering]", &format!("groups: [{names}mcp-admin, engineering]"), 2)
}

async fn claim(claim: &str) -> Json {
    let rig = Rig::start(&with_claim(claim), [7; 32]);
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    decode(tokens.access())["claims"]["email"].clone()
}

#[tokio::test]
async fn groups_pass_a_filter() {
    for (filter, value, expected) in [
        ("Starts with", "mcp-", json!(["mcp-admin"])),
        ("STARTS_WITH", "MCP", Json::Null),
        ("Equals", "engineering", json!(["engineering"])),
        ("Equals", "engineer", Json::Null),
        ("Contains", "in", json!(["mcp-admin", "engineering"])),
        ("Matches regex", "'.*'", json!(["Everyone", "mcp-admin", "engineering"])),
        ("REGEX", "'mcp|engineering'", json!(["engineering"])),
    ] {
        let found = claim(&format!("value_type: Groups, filter: {filter}, value: {value}")).await;
        assert_eq!(found, expected, "{filter} {value}");
    }
}

#[tokio::test]
async fn expressions_are_read_as_far_as_they_are_known() {
    for (value, expected) in [
        (r#"'"a text"'"#, json!("a text")),
        (r#"'Groups.startsWith("OKTA", "mcp", 100)'"#, json!(["mcp-admin"])),
        (r#"'Groups.contains("OKTA", "n", 2)'"#, json!(["Everyone", "mcp-admin"])),
        ("user.firstName", json!("Ann")),
        (r#"'String.substringAfter(user.email, "@") == "acme.test" ? "staff" : "guest"'"#, json!("staff")),
        (r#"'isMemberOfGroupName("sales") ? {"sales"} : null'"#, Json::Null),
        (r#"'Arrays.flatten("all", Groups.endsWith("OKTA", "admin", 100))'"#, json!(["all", "mcp-admin"])),
        ("app.clientId", json!(CLI)),
    ] {
        assert_eq!(claim(&format!("value: {value}")).await, expected, "{value}");
    }
}

/// The default of Okta's claim `sub` names the user, or the application that acts for itself.
#[tokio::test]
async fn a_machine_has_the_claims_that_need_no_user() {
    let text = with_claim("value: '(appuser != null) ? appuser.userName : app.clientId'");
    let rig = Rig::start(&text, [7; 32]);
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["email"], "ann@acme.test");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", WEB),
        ("client_secret", WEB_SECRET),
        ("scope", CONFIG),
    ];
    let tokens: Json = rig.token(rig.issuer(), &form).await.json().await.unwrap();
    let claims = &decode(tokens["access_token"].as_str().unwrap())["claims"];
    assert_eq!(claims["email"], WEB);
    assert!(claims.get("groups").is_none() && claims.get("roles").is_none(), "{claims}");
}

#[tokio::test]
async fn groups_have_ids_for_the_expressions_that_want_them() {
    let text = with_claim(r#"value: 'isMemberOfAnyGroup("00gadmins")'"#).replacen(
        "groups: [mcp-admin, ",
        "groups: [{ name: mcp-admin, id: 00gadmins }, ",
        1,
    );
    let rig = Rig::start(&text, [7; 32]);
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["email"], true);
}

#[tokio::test]
async fn more_than_100_groups_fail_the_request() {
    let scope = format!("openid {CONFIG}");
    let filter = "value_type: Groups, filter: Starts with, value: team-";
    let rig = Rig::start(&with_groups(100, filter), [7; 32]);
    let tokens = rig.tokens(rig.issuer(), CLI, &scope, &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["email"].as_array().unwrap().len(), 100);

    let rig = Rig::start(&with_groups(101, filter), [7; 32]);
    let page = rig.authorize(rig.issuer(), CLI, &scope, &[]).await;
    let response = rig.submit(page, "ann@acme.test", "ann-mock-password").await;
    let params = returned(&response);
    assert_eq!(params["error"], "access_denied");
    assert!(params["error_description"].contains("100 groups"), "{params:?}");

    let other = Rig::start(&with_groups(101, "value_type: Groups, filter: Equals, value: team-7"), [7; 32]);
    let tokens = other.tokens(other.issuer(), CLI, &scope, &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["email"], json!(["team-7"]), "what passes counts");
}
