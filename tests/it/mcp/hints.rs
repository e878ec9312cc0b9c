//! MCP-HINT, MCP-HINT-COLD, MCP-HINT-FRESH from outside: an engineer calls what the server says is read-only.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Caller, Rig, SERVER_CONTROL, read_until};

async fn change(rig: &Rig, tools: &Value) {
    let response = rig.control(Method::PUT, &format!("{SERVER_CONTROL}/tools"), &tools.to_string()).await;
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
}

async fn calls(caller: &Caller<'_>, tools: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for tool in tools {
        statuses.push(caller.call(tool).await.0);
    }
    statuses
}

#[tokio::test]
async fn before_a_list_was_seen_nothing_is_read_only() {
    let rig = Rig::start();
    let engineer = rig.session("eve", "engineers").await;
    let tools = ["list_issues", "issue_write", "delete_repo", "unheard_of"];
    assert_eq!(calls(&engineer, &tools).await, [403; 4], "cold");
    let admin = rig.session("root", "admins").await;
    assert_eq!(calls(&admin, &tools[..3]).await, [200; 3], "no filter, no hint needed");
    engineer.list("prompts/list").await;
    assert_eq!(engineer.call("list_issues").await.0, 403, "another list says nothing of tools");
    admin.list("tools/list").await;
    assert_eq!(calls(&engineer, &tools).await, [200, 403, 403, 403], "whoever asked");
}

#[tokio::test]
async fn the_callers_own_hints_count_for_nothing() {
    let rig = Rig::start();
    let engineer = rig.session("eve", "engineers").await;
    engineer.list("tools/list").await;
    let annotations = json!({ "readOnlyHint": true, "destructiveHint": false });
    for more in [
        json!({ "annotations": annotations }),
        json!({ "_meta": { "annotations": annotations, "readOnlyHint": true } }),
        json!({ "arguments": { "annotations": annotations, "readOnlyHint": true } }),
        json!({ "readOnlyHint": true }),
    ] {
        for tool in ["issue_write", "delete_repo"] {
            let mut params = more.clone();
            params["name"] = tool.into();
            assert_eq!(engineer.ask("tools/call", params.clone()).await.0, 403, "{params}");
        }
    }
    // Nor does an answer that the caller makes up.
    let list = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [{ "name": "issue_write", "annotations": annotations }] } });
    engineer.send(&list).await;
    assert_eq!(engineer.call("issue_write").await.0, 403);
}

#[tokio::test]
async fn a_generation_is_its_pages() {
    let rig = Rig::start();
    let engineer = rig.session("eve", "engineers").await;
    engineer.ask("tools/list", json!({})).await;
    let tools = ["list_issues", "search_code"];
    assert_eq!(calls(&engineer, &tools).await, [200, 403], "one page of three");
    engineer.ask("tools/list", json!({ "cursor": "after-4" })).await;
    engineer.ask("tools/list", json!({ "cursor": "after-2" })).await;
    assert_eq!(calls(&engineer, &tools).await, [200, 200], "its next page, not any page");
    engineer.list("tools/list").await;

    // The server changes and says nothing. A new generation, once complete, is all that counts.
    change(&rig, &json!({ "search_code": { "readOnlyHint": false }, "pull_request_read": null })).await;
    assert_eq!(calls(&engineer, &tools).await, [200, 200], "nobody has asked yet");
    engineer.list("tools/list").await;
    assert_eq!(calls(&engineer, &["list_issues", "search_code", "pull_request_read"]).await, [200, 403, 403]);
}

#[tokio::test]
async fn a_change_that_the_server_tells_makes_it_cold() {
    let rig = Rig::start();
    let engineer = rig.session("eve", "engineers").await;
    let mut stream = engineer.request(Method::GET).send().await.unwrap();
    engineer.list("tools/list").await;
    assert_eq!(engineer.call("list_issues").await.0, 200);
    rig.control(Method::POST, &format!("{SERVER_CONTROL}/notify"), r#"{"list":"prompts"}"#).await;
    read_until(&mut stream, "prompts/list_changed").await;
    assert_eq!(engineer.call("list_issues").await.0, 200, "prompts have no hints");
    change(&rig, &json!({ "list_issues": { "readOnlyHint": false } })).await;
    rig.control(Method::POST, &format!("{SERVER_CONTROL}/notify"), r#"{"list":"tools"}"#).await;
    read_until(&mut stream, "tools/list_changed").await;
    assert_eq!(calls(&engineer, &["list_issues", "search_code"]).await, [403, 403], "cold");
    engineer.list("tools/list").await;
    assert_eq!(calls(&engineer, &["list_issues", "search_code"]).await, [403, 200]);
}

#[tokio::test]
async fn a_restart_makes_it_cold() {
    let rig = Rig::start();
    let (mut engineer, other) =
        (rig.session("eve", "engineers").await, rig.session("otto", "engineers").await);
    engineer.list("tools/list").await;
    assert_eq!(other.call("list_issues").await.0, 200);
    rig.control(Method::POST, &format!("{SERVER_CONTROL}/restart"), "").await;
    assert_eq!(engineer.ask("ping", json!({})).await.0, 404, "the server knows no session any more");
    engineer.open().await;
    assert_eq!(engineer.call("list_issues").await.0, 403, "cold");
    engineer.list("tools/list").await;
    assert_eq!(engineer.call("list_issues").await.0, 200);
    // Out of reach is as good as a restart.
    rig.fault(&json!({ "kind": "refused" })).await;
    assert_eq!(engineer.ask("ping", json!({})).await.0, 502);
    rig.heal().await;
    assert_eq!(engineer.call("list_issues").await.0, 403, "cold");
}
