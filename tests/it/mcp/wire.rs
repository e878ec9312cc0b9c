//! What stands beside the endpoint: the RFC 9728 document, the control wires, the journal.

use reqwest::Method;
use serde_json::json;

use super::rig::{ISSUER, PROXY, PROXY_CONTROL, Rig, SERVER_CONTROL};

#[tokio::test]
async fn the_metadata_leads_to_the_issuer() {
    let rig = Rig::start();
    let url = "https://github.mcp.example.com/.well-known/oauth-protected-resource/mcp";
    let document: serde_json::Value = rig.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        document,
        json!({ "resource": PROXY, "authorization_servers": [ISSUER], "bearer_methods_supported": ["header"] })
    );
}

#[tokio::test]
async fn the_journals_hold_no_token() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    admin.call("list_issues").await;
    admin.call(&admin.token).await;
    admin.ask("resources/read", json!({ "uri": format!("x:{}", admin.token) })).await;
    admin.ask(&admin.token, json!({})).await;
    for url in [PROXY_CONTROL, SERVER_CONTROL] {
        for what in ["journal", "log"] {
            let text = rig.control(Method::GET, &format!("{url}/{what}"), "").await.text().await.unwrap();
            assert!(!text.contains("eyJ"), "{url} {what}: {text}");
        }
    }
    let journal = rig.proxy_journal().await;
    let called = journal.iter().find(|entry| entry["detail"]["name"] == "list_issues").unwrap();
    assert_eq!(
        called["detail"],
        json!({ "method": "tools/call", "name": "list_issues", "action": "call_tool",
            "entity": r#"MCP::"engineering/MCPServer/github""#, "decision": "allow",
            "policies": ["engineering/github-access/bindings[0]"] })
    );
    assert_eq!((&called["endpoint"], &called["status"]), (&json!("mcp"), &json!(200)));
}

#[tokio::test]
async fn the_servers_wire() {
    let rig = Rig::start();
    let url = format!("{SERVER_CONTROL}/tools");
    let tools = rig.control(Method::GET, &url, "").await.json::<Vec<serde_json::Value>>().await.unwrap();
    assert_eq!(tools.len(), 6);
    let hints: Vec<_> = tools.iter().map(|tool| (&tool["name"], &tool["annotations"])).collect();
    assert_eq!(hints[0], (&json!("list_issues"), &json!({ "readOnlyHint": true })));
    assert_eq!(hints[4], (&json!("issue_write"), &json!(null)));
    assert_eq!(hints[5], (&json!("delete_repo"), &json!({ "readOnlyHint": false, "destructiveHint": true })));
    for bad in ["", "[]", r#"{"a":{"readonlyHint":true}}"#, r#"{"a":7}"#] {
        assert_eq!(rig.control(Method::PUT, &url, bad).await.status(), 400, "{bad}");
    }
    for (path, bad) in [("notify", "{}"), ("notify", r#"{"list":"all"}"#), ("answers", r#"{"as":"xml"}"#)] {
        let method = if path == "notify" { Method::POST } else { Method::PUT };
        let response = rig.control(method, &format!("{SERVER_CONTROL}/{path}"), bad).await;
        assert_eq!(response.status(), 400, "{path} {bad}");
    }
    rig.control(Method::PUT, &url, r#"{"list_issues":null,"new":{}}"#).await;
    rig.control(Method::POST, &format!("{SERVER_CONTROL}/reset"), "").await;
    let again = rig.control(Method::GET, &url, "").await.json::<Vec<serde_json::Value>>().await.unwrap();
    assert_eq!(again, tools);
}
