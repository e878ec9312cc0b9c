//! MCP-LIST: every list as JSON and as event stream, whole over its pages, and never more than what may be used.

use reqwest::Method;
use serde_json::json;

use super::rig::{POLICY, Rig, SERVER_CONTROL, denied, manifests};

const READ_ONLY: [&str; 4] = ["list_issues", "pull_request_read", "search_code", "get_file_contents"];
const LISTS: [&str; 4] = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

#[tokio::test]
async fn everybody_sees_what_they_may_use() {
    let rig = Rig::start();
    let (admin, engineer) = (rig.session("root", "admins").await, rig.session("eve", "engineers").await);
    let (reviewer, nobody) = (rig.session("rita", "reviewers").await, rig.session("n", "none").await);
    let caller = rig.session("carl", "callers").await;
    for form in ["event-stream", "json"] {
        rig.answers(form).await;
        let all = [&READ_ONLY[..], &["issue_write", "delete_repo"]].concat();
        assert_eq!(admin.list("tools/list").await, all, "{form}");
        assert_eq!(engineer.list("tools/list").await, READ_ONLY, "{form}");
        assert_eq!(reviewer.list("tools/list").await, ["list_issues", "pull_request_read"], "{form}");
        assert_eq!(admin.list("prompts/list").await.len(), 3);
        assert_eq!(engineer.list("prompts/list").await.len(), 3, "a hint filter gates tools alone");
        assert_eq!(reviewer.list("prompts/list").await, ["review_pull_request"]);
        assert_eq!(admin.list("resources/list").await.len(), 3);
        assert_eq!(reviewer.list("resources/list").await, ["repo://acme/payments/README.md"]);
        assert_eq!(admin.list("resources/templates/list").await.len(), 2);
        assert_eq!(reviewer.list("resources/templates/list").await, ["repo://{owner}/{repo}/{path}"]);
        for list in LISTS {
            assert_eq!(nobody.list(list).await, [""; 0], "{form} {list}");
            assert_eq!(caller.list(list).await, [""; 0], "may call, may not list: {form} {list}");
        }
    }
    let (_, answer) = nobody.ask("tools/list", json!({})).await;
    assert_eq!(answer["result"], json!({ "tools": [] }), "no cursor to further pages");
    let (_, first) = reviewer.ask("tools/list", json!({})).await;
    assert_eq!(first["result"]["nextCursor"], "after-2");
    let (status, refused) = admin.ask("tools/list", json!({ "cursor": "elsewhere" })).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (200, &json!(-32602)),
        "the server's own refusal: {refused}"
    );
}

#[tokio::test]
async fn the_items_themselves_are_passed_as_they_are() {
    let rig = Rig::start();
    let engineer = rig.session("eve", "engineers").await;
    let (_, answer) = engineer.ask("tools/list", json!({})).await;
    assert_eq!(
        answer["result"]["tools"][0],
        json!({ "name": "list_issues", "description": "Lists the issues of a repository",
            "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } })
    );
}

#[tokio::test]
async fn a_denied_list_is_refused_and_a_scoped_deny_hides() {
    let denies = |rules: &str| format!("{POLICY}  deny:\n{rules}");
    let rig = Rig::with(&denies(
        "    - {actions: [list_tools]}\n    - {actions: [list_resources, list_prompts], prompts: [release_notes], resources: ['repo://acme/secrets/keys.txt']}\n",
    ));
    let admin = rig.session("root", "admins").await;
    rig.control(Method::DELETE, &format!("{SERVER_CONTROL}/journal"), "").await;
    let message = admin.message("tools/list", &json!({}));
    let response = admin.send(&message).await;
    assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (403, denied(&message["id"])));
    assert_eq!(rig.forwarded().await, [""; 0]);
    assert_eq!(admin.call("list_issues").await.0, 200, "calls are another action");
    assert_eq!(admin.list("prompts/list").await, ["summarize_issue", "review_pull_request"]);
    assert_eq!(admin.list("resources/list").await.len(), 2);
    assert_eq!(admin.ask("prompts/get", json!({ "name": "release_notes" })).await.0, 200);

    assert!(rig.proxy.set_policy(manifests(&denies("    - {actions: [call_tool], tools: [delete_repo]}\n"))));
    let tools = admin.list("tools/list").await;
    assert!(tools.len() == 5 && !tools.contains(&"delete_repo".to_owned()), "{tools:?}");
    assert_eq!(admin.call("delete_repo").await.0, 403, "beats the grant of everything");
}

#[tokio::test]
async fn calls_by_name_prompts_and_uris() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    for (method, params, expected) in [
        ("tools/call", json!({ "name": "list_issues" }), 200),
        ("tools/call", json!({ "name": "search_code" }), 403),
        ("tools/call", json!({ "name": "List_Issues" }), 403),
        ("tools/call", json!({ "name": "list_issues " }), 403),
        ("tools/call", json!({ "name": "" }), 403),
        ("prompts/get", json!({ "name": "review_pull_request" }), 200),
        ("prompts/get", json!({ "name": "list_issues" }), 403),
        ("resources/read", json!({ "uri": "repo://acme/payments/README.md" }), 200),
        ("resources/read", json!({ "uri": "repo://acme/payments/readme.md" }), 403),
        ("resources/read", json!({ "uri": "repo://acme/payments/./README.md" }), 403),
        ("resources/read", json!({ "uri": "repo://acme/payments/README.md?x" }), 403),
        ("resources/read", json!({ "uri": "repo://acme/payments/README%2Emd" }), 403),
        ("resources/subscribe", json!({ "uri": "repo://acme/payments/README.md" }), 200),
        ("resources/unsubscribe", json!({ "uri": "repo://acme/payments/README.md" }), 200),
        ("resources/subscribe", json!({ "uri": "repo://acme/secrets/keys.txt" }), 403),
    ] {
        let (status, answer) = reviewer.ask(method, params.clone()).await;
        assert_eq!(status, expected, "{method} {params}: {answer}");
        assert_eq!(answer.get("result").is_some(), expected == 200, "{answer}");
    }
    let (_, answer) = reviewer
        .ask("tools/call", json!({ "name": "list_issues", "arguments": { "Name": "x", "n": 1 } }))
        .await;
    let said = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(said, r#"{"tool":"list_issues","arguments":{"Name":"x","n":1}}"#);
    let granted = rig.proxy_journal().await;
    let detail = &granted.last().unwrap()["detail"];
    assert_eq!((&detail["decision"], &detail["name"]), (&json!("allow"), &json!("list_issues")));
    assert!(
        detail["policies"][0].as_str().unwrap().starts_with("engineering/github-access/bindings[2]"),
        "{detail}"
    );
}

#[tokio::test]
async fn progress_comes_before_the_answer_in_either_form() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    for form in ["event-stream", "json"] {
        rig.answers(form).await;
        let params = json!({ "name": "list_issues", "_meta": { "progressToken": "t" } });
        let response = admin.send(&admin.message("tools/call", &params)).await;
        let messages = super::rig::messages(response).await;
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(messages[0]["method"], "notifications/progress");
        assert_eq!(messages[0]["params"]["progressToken"], "t");
        assert!(messages[1]["result"].is_object());
    }
}
