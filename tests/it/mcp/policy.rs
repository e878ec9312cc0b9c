//! MCP-EVAL and OP-FAIL-CLOSED of a running proxy: what starts, what is in force, and what the health endpoint says.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use spanned_yaml::Source;
use touchstone::{
    clock::{Clock, ManualClock},
    model::rule::Rules,
    net::build_client,
    reference::{
        Surroundings,
        mcp_server::proxy::{DeploymentError, Proxy},
    },
};

use super::rig::{CLUSTER, POLICY, PROXY_CONTROL, Rig, deployment};

const HEALTH: &str = "https://github.mcp.example.com/healthz";

async fn health(rig: &Rig) -> Value {
    rig.client.get(HEALTH).send().await.unwrap().json().await.unwrap()
}

async fn put(rig: &Rig, policy: &str) {
    let response = rig.control(Method::PUT, &format!("{PROXY_CONTROL}/policy"), policy).await;
    assert_eq!(response.status(), 204);
}

fn trouble(cluster: &str) -> Option<DeploymentError> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
    let http = build_client(&[], &std::collections::BTreeMap::new(), Duration::from_secs(1)).unwrap();
    let manifests = vec![Source::new("cluster.yaml", cluster), Source::new("policy.yaml", POLICY)];
    Proxy::new(deployment(manifests), Surroundings::new(Rules::ALL, clock, http)).trouble()
}

#[tokio::test]
async fn a_server_that_would_check_no_token_admits_nobody() {
    assert_eq!(trouble(CLUSTER), None);
    for (cluster, expected) in [
        (String::new(), "there is no usable engineering/MCPServer/github among the manifests"),
        (
            CLUSTER.replace("name: github,", "name: gitlab,"),
            "there is no usable engineering/MCPServer/github among the manifests",
        ),
        (
            CLUSTER.replace("spec: {oidcConfigRef: {name: okta, audience: github-mcp}}", "spec: {}"),
            "engineering/MCPServer/github has no oidcConfigRef: nobody's tokens would be checked",
        ),
        (
            CLUSTER.replace("audience: github-mcp", "audience: ''"),
            "there is no usable engineering/MCPServer/github among the manifests; ",
        ),
        (
            CLUSTER.replace("audience: github-mcp", "audience: '  '"),
            "engineering/MCPServer/github has an empty audience",
        ),
        (
            CLUSTER.replace("{name: okta, namespace: engineering}", "{name: okta, namespace: security}"),
            "engineering/MCPServer/github refers to the MCPOIDCConfig `okta`, which is not in its namespace",
        ),
    ] {
        let error = trouble(&cluster).expect(expected);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn a_restart_reads_anew_whose_tokens_are_taken_and_leaves_nothing_of_before() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    assert_eq!(reviewer.call("list_issues").await.0, 200);
    let restart = async || {
        let response = rig.control(Method::POST, &format!("{PROXY_CONTROL}/restart"), "").await;
        assert_eq!(response.status(), 204);
    };

    let listening = reviewer.request(Method::GET).send().await.unwrap();
    restart().await;
    assert!(listening.bytes().await.is_ok(), "its streams have ended");
    assert_eq!(reviewer.call("list_issues").await.0, 404, "its sessions are nobody's");
    assert_eq!(rig.session("rita", "reviewers").await.call("list_issues").await.0, 200);

    let lost = CLUSTER.replace("spec: {oidcConfigRef: {name: okta, audience: github-mcp}}", "spec: {}");
    put(&rig, &format!("{lost}\n---\n{POLICY}")).await;
    let reviewer = rig.session("rita", "reviewers").await;
    assert_eq!(reviewer.call("list_issues").await.0, 200, "who runs keeps what it has");
    restart().await;
    let closed = rig.client.get(HEALTH).send().await.unwrap();
    assert_eq!(closed.status(), 503);
    let error = closed.json::<Value>().await.unwrap()["policy"]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("has no oidcConfigRef"), "{error}");
    assert_eq!(reviewer.call("list_issues").await.0, 503);
    put(&rig, &format!("{CLUSTER}\n---\n{POLICY}")).await;
    assert_eq!(
        rig.session("rita", "reviewers").await.call("list_issues").await.0,
        200,
        "it begins as it can"
    );

    let another = CLUSTER.replace("audience: github-mcp", "audience: another");
    put(&rig, &format!("{another}\n---\n{POLICY}")).await;
    restart().await;
    assert_eq!(reviewer.call("list_issues").await.0, 401, "the audience of now");
    let reset = rig.control(Method::POST, &format!("{PROXY_CONTROL}/reset"), "").await;
    assert_eq!(reset.status(), 204);
    assert_eq!(rig.session("rita", "reviewers").await.call("list_issues").await.0, 200);
}

#[tokio::test]
async fn without_a_policy_everything_is_denied() {
    let rig = Rig::with("");
    let admin = rig.session("root", "admins").await;
    assert_eq!(health(&rig).await["policy"].get("error"), None, "no policy is no mistake");
    assert_eq!(admin.call("list_issues").await.0, 403);
    for list in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        assert_eq!(admin.list(list).await, [""; 0], "{list}");
    }
}

#[tokio::test]
async fn a_policy_that_does_not_compile_at_the_start_grants_nothing() {
    let rig = Rig::with(&POLICY.replace("name: caller", "name: no-such-role"));
    let admin = rig.session("root", "admins").await;
    assert_eq!(admin.call("list_issues").await.0, 403, "not even what the other bindings say");
    let error = health(&rig).await["policy"]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("no-such-role"), "{error}");
}

#[tokio::test]
async fn another_policy_counts_from_the_next_message_and_a_broken_one_not_at_all() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    assert_eq!(reviewer.call("list_issues").await.0, 200);
    rig.clock.advance(jiff::SignedDuration::from_mins(1));
    let narrower = POLICY.replace("[pull_request_read, list_issues]", "[pull_request_read]");
    put(&rig, &format!("{CLUSTER}\n---\n{narrower}")).await;
    assert_eq!(
        health(&rig).await,
        json!({ "status": "ok", "policy": { "loaded_at": "2026-01-01T00:01:00Z" } })
    );
    assert_eq!(reviewer.call("list_issues").await.0, 403);
    assert_eq!(reviewer.call("pull_request_read").await.0, 200);
    rig.clock.advance(jiff::SignedDuration::from_mins(1));
    for (broken, expected) in [
        (format!("{CLUSTER}\n---\n{}", POLICY.replace("tools:", "tolls:")), "tolls"),
        (format!("{CLUSTER}\n---\n{}", POLICY.replace("name: caller", "name: no-such-role")), "no-such-role"),
        (format!("{CLUSTER}\n---\n  {{"), ""),
        (POLICY.to_owned(), "engineering/MCPServer/github"),
        (String::new(), "engineering/MCPServer/github"),
        (
            format!("{}\n---\n{POLICY}", CLUSTER.replace("audience: github-mcp", "audience: another")),
            "whose tokens the server takes",
        ),
    ] {
        put(&rig, &broken).await;
        let shown = health(&rig).await;
        assert_eq!(shown["policy"]["loaded_at"], "2026-01-01T00:01:00Z", "{expected}");
        let error = shown["policy"]["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty() && error.contains(expected), "{expected}: {error}");
        assert_eq!(reviewer.call("list_issues").await.0, 403);
        assert_eq!(reviewer.call("pull_request_read").await.0, 200, "the last good one stays");
        let text =
            rig.control(Method::GET, &format!("{PROXY_CONTROL}/policy"), "").await.text().await.unwrap();
        assert_eq!(text, broken);
    }
    put(&rig, &format!("{CLUSTER}\n---\n{POLICY}")).await;
    assert_eq!(health(&rig).await["policy"].get("error"), None);
    assert_eq!(reviewer.call("list_issues").await.0, 200);
    let log = rig.control(Method::GET, &format!("{PROXY_CONTROL}/log"), "").await.text().await.unwrap();
    assert!(log.contains("stays in force") && log.contains("the new policy is in force"), "{log}");

    put(&rig, &format!("{CLUSTER}\n---\n{narrower}")).await;
    let reset = rig.control(Method::POST, &format!("{PROXY_CONTROL}/reset"), "").await;
    assert_eq!(reset.status(), 204);
    let reviewer = rig.session("rita", "reviewers").await;
    assert_eq!(reviewer.call("list_issues").await.0, 200, "the policy of the start");
}

#[tokio::test]
async fn groups_come_from_the_claims_that_the_platform_names() {
    let overrides = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x-idp-config, namespace: platform}\ndata: {groupsClaim: memberOf, rolesClaim: realm_access.roles}\n";
    let rig = Rig::with(&format!("{POLICY}---\n{overrides}"));
    let call = async |claims: Value| {
        let mut caller = rig.caller("x", "none");
        caller.token = rig.token(&claims);
        caller.open().await;
        caller.call("list_issues").await.0
    };
    assert_eq!(call(json!({ "memberOf": ["admins"] })).await, 200);
    assert_eq!(call(json!({ "groups": ["admins"] })).await, 403);
    assert_eq!(call(json!({ "memberOf": "admins" })).await, 403, "a string is no list");
    assert_eq!(call(json!({ "realm_access": { "roles": ["admins"] } })).await, 403, "a role is no group");
}
