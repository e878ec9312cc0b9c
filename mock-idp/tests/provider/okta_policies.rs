//! Access policies of an authorization server: whom a rule is for.

use serde_json::Value as Json;

use crate::rig::{CLI, CONFIG, Rig, WEB, WEB_SECRET, refused, returned, shipped};

const ANY: &str = "user_is: Any user assigned the app";
const DENIED: &str = "Policy evaluation failed for this request, please check the policy configurations.";

/// The shipped tenant with another condition in the first rule of its first server, which has the grants of users and of
/// machines.
fn rig(user_is: &str) -> Rig {
    Rig::start(&shipped("okta-per-component").replacen(ANY, user_is, 1), [7; 32])
}

async fn user(rig: &Rig) -> Result<(), String> {
    let page = rig.authorize(rig.issuer(), CLI, &format!("openid {CONFIG}"), &[]).await;
    let params = returned(&rig.submit(page, "ann@acme.test", "ann-mock-password").await);
    if params.contains_key("code") { Ok(()) } else { Err(params["error_description"].clone()) }
}

async fn machine(rig: &Rig) -> Result<(), String> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", WEB),
        ("client_secret", WEB_SECRET),
        ("scope", CONFIG),
    ];
    let answer: Json = rig.token(rig.issuer(), &form).await.json().await.unwrap();
    match answer["error_description"].as_str() {
        None => {
            assert!(answer["access_token"].is_string(), "{answer}");
            Ok(())
        }
        Some(description) => Err(description.to_owned()),
    }
}

#[tokio::test]
async fn a_rule_is_for_users_for_machines_or_for_both() {
    let denied = || Err(DENIED.to_owned());
    for (user_is, expected) in [
        (ANY, (Ok(()), Ok(()))),
        ("user_is: No user", (denied(), Ok(()))),
        ("user_is: { groups: [mcp-admin] }", (Ok(()), denied())),
        ("user_is: { users: [ann@acme.test] }", (Ok(()), denied())),
        ("user_is: { users: [bob@acme.test] }", (denied(), denied())),
    ] {
        let rig = rig(user_is);
        assert_eq!((user(&rig).await, machine(&rig).await), expected, "{user_is}");
    }
}

#[tokio::test]
async fn a_machine_falls_through_to_the_rule_without_a_user() {
    let rules = "          - name: Administrators
            grant_type_is: [Authorization Code, Client Credentials]
            user_is: { groups: [mcp-admin] }
            access_token_lifetime: 2h
          - name: Machines
            grant_type_is: [Client Credentials]
            user_is: No user
            access_token_lifetime: 5m
";
    let text = shipped("okta-per-component");
    let first = text.find("          - name: Default Policy Rule\n").unwrap();
    let end = first + text[first..].find("      - name: Sign-in only\n").unwrap();
    let rig = Rig::start(&format!("{}{rules}{}", &text[..first], &text[end..]), [7; 32]);
    let form = [("grant_type", "client_credentials"), ("scope", CONFIG)];
    let response = rig.post(rig.issuer(), "token_endpoint", Some((WEB, WEB_SECRET)), &form).await;
    let tokens: Json = response.json().await.unwrap();
    assert_eq!(tokens["expires_in"], 300, "{tokens}");
    let openid = [("grant_type", "client_credentials"), ("scope", "openid")];
    let response = rig.post(rig.issuer(), "token_endpoint", Some((WEB, WEB_SECRET)), &openid).await;
    assert_eq!(refused(response).await, (400, "invalid_scope".to_owned()));
}
