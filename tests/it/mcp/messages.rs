//! What is refused before anything is forwarded, in the order of MCP-ORDER.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{ISSUER, PROXY, PROXY_CONTROL, Rig, SERVER_CONTROL, denied};
use crate::platform::header;

#[tokio::test]
async fn only_json_is_read() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let before = rig.server_journal().await.len();
    let ping = admin.message("ping", &json!({})).to_string();
    let refused = [
        None,
        Some("text/plain"),
        Some("application/json-rpc"),
        Some("application/jsonx"),
        Some("text/json"),
        Some("multipart/form-data; boundary=application/json"),
        Some(""),
    ];
    for media_type in refused {
        let mut request = rig.client.post(PROXY).bearer_auth(&admin.token).body(ping.clone());
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400, "{media_type:?}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            body,
            json!({ "jsonrpc": "2.0",
            "error": { "code": -32600, "message": "the media type is application/json" } })
        );
    }
    let twice = admin.request(Method::POST).header("content-type", "text/plain").body(ping.clone());
    assert_eq!(twice.send().await.unwrap().status(), 400);
    assert_eq!(rig.server_journal().await.len(), before, "nothing was forwarded");
    for media_type in ["application/json", "Application/JSON ; charset=utf-8"] {
        let request = rig.client.post(PROXY).bearer_auth(&admin.token).header("content-type", media_type);
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("mcp-session-id", admin.session.as_ref().unwrap());
        assert_eq!(request.body(ping.clone()).send().await.unwrap().status(), 200, "{media_type}");
    }
}

/// JSON-RPC of every wrong shape. The reader's own tables are beside it; here: over HTTP, and nothing is forwarded.
#[tokio::test]
async fn every_wrong_shape_is_400_and_reaches_nobody() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let before = rig.server_journal().await.len();
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}1{}}}"#,
        "{\"a\":".repeat(10_000),
        "}".repeat(10_000)
    );
    let call =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let table: Vec<(&str, String, i32, Option<&str>)> = vec![
        ("empty", String::new(), -32700, None),
        ("no JSON", "jsonrpc".into(), -32700, None),
        ("cut", r#"{"jsonrpc":"2.0","id":1,"method":"pi"#.into(), -32700, None),
        ("two messages", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#.into(), -32700, None),
        ("a batch", r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#.into(), -32600, Some("MCP-BATCH")),
        ("an empty batch", "[]".into(), -32600, Some("MCP-BATCH")),
        ("a number", "1".into(), -32600, None),
        ("an empty object", "{}".into(), -32600, None),
        ("version 1", r#"{"id":1,"method":"ping"}"#.into(), -32600, None),
        ("id null", r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.into(), -32600, None),
        ("id fraction", r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.into(), -32600, None),
        ("no method", r#"{"jsonrpc":"2.0","id":1}"#.into(), -32600, None),
        ("method no text", r#"{"jsonrpc":"2.0","id":1,"method":["ping"]}"#.into(), -32600, None),
        ("params a list", call(r#"["list_issues"]"#), -32600, None),
        ("method and result", r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#.into(), -32600, None),
        ("another member", r#"{"jsonrpc":"2.0","id":1,"method":"ping","sid":1}"#.into(), -32600, None),
        ("too deep", deep, -32600, Some("MCP-ONE-READING")),
        (
            "two methods",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#.into(),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        (
            "two names",
            call(r#"{"name":"list_issues","name":"delete_repo"}"#),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        (
            "an escaped name",
            call(r#"{"name":"list_issues","\u006eame":"delete_repo"}"#),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        (
            "two arguments",
            call(r#"{"name":"list_issues","arguments":{"a":[{"b":1,"b":2}]}}"#),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        ("Name", call(r#"{"name":"list_issues","Name":"delete_repo"}"#), -32600, Some("MCP-ONE-READING")),
        ("URI", call(r#"{"name":"list_issues","URI":"x"}"#), -32600, Some("MCP-ONE-READING")),
        (
            "Params",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","Params":{}}"#.into(),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        ("METHOD", r#"{"jsonrpc":"2.0","id":1,"METHOD":"ping"}"#.into(), -32600, Some("MCP-ONE-READING")),
        (
            "a long s",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}"#.into(),
            -32600,
            Some("MCP-ONE-READING"),
        ),
        ("no name", call("{}"), -32600, None),
        ("name no text", call(r#"{"name":7}"#), -32600, None),
        (
            "no uri",
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"name":"x"}}"#.into(),
            -32600,
            None,
        ),
        (
            "no reference",
            r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"argument":{}}}"#.into(),
            -32600,
            None,
        ),
    ];
    for (name, body, code, rule) in table {
        let response = admin.send_text(body).await;
        assert_eq!(response.status(), 400, "{name}");
        assert_eq!(header(&response, "content-type"), "application/json", "{name}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{name}: {answer}");
        let journal = rig.proxy_journal().await;
        assert_eq!(journal.last().unwrap()["detail"]["rule"].as_str(), rule, "{name}");
    }
    let invalid = admin.send_text(vec![b'{', 0xff, b'}']).await;
    assert_eq!(invalid.status(), 400);
    assert_eq!(rig.server_journal().await.len(), before, "nothing was forwarded");
}

#[tokio::test]
async fn size_then_authentication_then_parsing() {
    let rig = Rig::start();
    let large = "x".repeat((1 << 20) + 1);
    for chunked in [false, true] {
        let request = rig.client.post(PROXY).header("content-type", "application/json");
        let request = if chunked {
            // An unknown length: the body comes in chunks.
            request.body(reqwest::Body::from(large.clone())).header("transfer-encoding", "chunked")
        } else {
            request.body(large.clone())
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 413, "without a token, chunked: {chunked}");
    }
    let response = rig.client.post(PROXY).body("[").send().await.unwrap();
    assert_eq!(response.status(), 401, "neither media type nor body were looked at");
    assert_eq!(
        header(&response, "www-authenticate"),
        format!(
            "Bearer realm=\"{ISSUER}\", resource_metadata=\"https://github.mcp.example.com/.well-known/oauth-protected-resource/mcp\""
        )
    );
    for method in [Method::GET, Method::DELETE] {
        let response = rig.client.request(method, PROXY).header("mcp-session-id", "x").send().await.unwrap();
        assert_eq!(response.status(), 401);
    }
    let foreign = rig.token(&json!({ "aud": "another-server", "groups": ["admins"] }));
    let response = rig.client.post(PROXY).bearer_auth(foreign).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(header(&response, "www-authenticate").contains("TOK-AUD"));
    let nobody = rig.token(&json!({ "sub": "" }));
    let response = rig.client.post(PROXY).bearer_auth(nobody).body("{}").send().await.unwrap();
    assert!(header(&response, "www-authenticate").contains("TOK-SUB"));
    assert_eq!(rig.client.put(PROXY).send().await.unwrap().status(), 405);
    assert_eq!(rig.server_journal().await.len(), 0);
}

#[tokio::test]
async fn unknown_methods_are_denied_and_known_ones_pass() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    rig.control(Method::DELETE, &format!("{SERVER_CONTROL}/journal"), "").await;
    let unknown = [
        "server/discover",
        "tools/Call",
        "Tools/call",
        "tools/call/",
        " tools/call",
        "tools",
        "",
        "rpc.discover",
        "tasks/list",
        "sampling/createMessage",
        "elicitation/create",
        "subscriptions/listen",
        "notifications/tools/call",
        "resources/templates/read",
    ];
    for method in unknown {
        let message = admin.message(method, &json!({ "name": "list_issues" }));
        let response = admin.send(&message).await;
        assert_eq!(response.status(), 403, "{method}");
        assert_eq!(response.text().await.unwrap(), denied(&message["id"]), "{method}");
        let notification = json!({ "jsonrpc": "2.0", "method": method });
        let response = admin.send(&notification).await;
        assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (403, denied(&Value::Null)));
    }
    assert_eq!(rig.forwarded().await, [""; 0]);
    let journal = rig.proxy_journal().await;
    let last = &journal.last().unwrap()["detail"];
    assert_eq!((&last["rule"], &last["decision"]), (&json!("MCP-UNKNOWN"), &json!("deny")));

    let nobody = rig.session("nobody", "no-group").await;
    rig.control(Method::DELETE, &format!("{SERVER_CONTROL}/journal"), "").await;
    assert_eq!(nobody.ask("ping", json!({})).await.0, 200);
    assert_eq!(nobody.ask("logging/setLevel", json!({ "level": "info" })).await.0, 200);
    for method in [
        "notifications/cancelled",
        "notifications/progress",
        "notifications/message",
        "notifications/roots/list_changed",
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
    ] {
        let params = json!({ "requestId": 99, "progressToken": 1, "progress": 1, "level": "info", "data": 1, "uri": "x" });
        let notification = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        assert_eq!(nobody.send(&notification).await.status(), 202, "{method}");
    }
    assert_eq!(rig.forwarded().await.len(), 10);
}

#[tokio::test]
async fn a_denial_says_nothing_and_the_log_says_why() {
    let rig = Rig::start();
    let nobody = rig.session("nobody", "no-group").await;
    rig.control(Method::DELETE, &format!("{SERVER_CONTROL}/journal"), "").await;
    for (method, params) in [
        ("tools/call", json!({ "name": "list_issues" })),
        ("prompts/get", json!({ "name": "release_notes" })),
        ("resources/read", json!({ "uri": "repo://acme/payments/README.md" })),
        ("resources/subscribe", json!({ "uri": "repo://acme/payments/README.md" })),
        ("resources/unsubscribe", json!({ "uri": "repo://acme/payments/README.md" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "release_notes" }, "argument": { "name": "tag", "value": "a" } }),
        ),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/resource", "uri": "repo://{owner}/{repo}/{path}" }, "argument": { "name": "owner", "value": "a" } }),
        ),
    ] {
        let text = json!({ "jsonrpc": "2.0", "id": "a \"quoted\" id", "method": method, "params": params });
        let response = nobody.send(&text).await;
        assert_eq!(response.status(), 403, "{method}");
        assert_eq!(response.text().await.unwrap(), denied(&text["id"]), "{method}");
        let notification = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        let response = nobody.send(&notification).await;
        assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (403, denied(&Value::Null)));
    }
    assert_eq!(rig.forwarded().await, [""; 0]);
    let journal = rig.proxy_journal().await;
    assert_eq!(
        journal.last().unwrap()["detail"],
        json!({ "method": "completion/complete", "name": "repo://{owner}/{repo}/{path}", "action": "read_resource",
            "entity": r#"MCP::"engineering/MCPServer/github""#, "rule": "MCP-DENY", "decision": "deny", "policies": [], "reason": "nothing grants it" })
    );
    let log = rig.control(Method::GET, &format!("{PROXY_CONTROL}/log"), "").await.text().await.unwrap();
    assert!(log.contains("nothing grants it"), "{log}");
}

#[tokio::test]
async fn whoever_may_use_a_prompt_or_uri_may_complete_it() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let argument = json!({ "name": "x", "value": "a" });
    let mut statuses = Vec::new();
    for reference in [
        json!({ "type": "ref/prompt", "name": "review_pull_request" }),
        json!({ "type": "ref/prompt", "name": "release_notes" }),
        json!({ "type": "ref/resource", "uri": "repo://{owner}/{repo}/{path}" }),
        json!({ "type": "ref/resource", "uri": "repo://{owner}/{repo}/issues/{number}" }),
    ] {
        let params = json!({ "ref": reference, "argument": argument });
        statuses.push(reviewer.ask("completion/complete", params).await.0);
    }
    assert_eq!(statuses, [200, 403, 200, 403]);
}

#[tokio::test]
async fn credentials_and_identities_stay_with_the_proxy() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    rig.control(Method::DELETE, &format!("{SERVER_CONTROL}/journal"), "").await;
    let message = admin.message("ping", &json!({})).to_string();
    let mut request = admin.request(Method::POST).body(message);
    for name in [
        "cookie",
        "proxy-authorization",
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-for",
        "forwarded",
        "x-auth-request-user",
        "x-remote-user",
        "remote-user",
        "x-api-key",
        "mcp-method",
        "mcp-name",
        "x-http-method-override",
    ] {
        request = request.header(name, "smuggled");
    }
    assert_eq!(request.send().await.unwrap().status(), 200);
    let journal = rig.server_journal().await;
    let mut names: Vec<_> = journal[0]["detail"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "content-length",
        "content-type",
        "host",
        "mcp-protocol-version",
        "mcp-session-id",
        "user-agent",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn pages_of_other_origins_may_not_call() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let message = admin.message("ping", &json!({})).to_string();
    for (origin, expected) in [
        ("https://github.mcp.example.com", 200),
        ("https://inspector.example.com", 200),
        ("https://evil.example.com", 403),
        ("http://github.mcp.example.com", 403),
        ("https://github.mcp.example.com:8443", 403),
        ("null", 403),
        ("", 403),
    ] {
        let request = admin.request(Method::POST).header("origin", origin).body(message.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{origin}");
        if expected == 403 {
            assert!(
                !response.text().await.unwrap().contains("Unauthorized"),
                "this is no denial by a policy"
            );
        }
    }
    let twice = admin.request(Method::POST).header("origin", "https://inspector.example.com");
    let twice = twice.header("origin", "https://evil.example.com").body(message);
    assert_eq!(twice.send().await.unwrap().status(), 403);
    let request = admin.request(Method::GET).header("origin", "https://evil.example.com");
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn one_version_of_the_protocol() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let message = admin.message("ping", &json!({})).to_string();
    for version in ["2026-07-28", "2025-06-18", "x", ""] {
        let request =
            rig.client.post(PROXY).bearer_auth(&admin.token).header("content-type", "application/json");
        let request = request
            .header("mcp-session-id", admin.session.as_ref().unwrap())
            .header("mcp-protocol-version", version)
            .body(message.clone());
        assert_eq!(request.send().await.unwrap().status(), 400, "{version}");
    }
    let mut newer = rig.caller("root", "admins");
    let params = json!({ "protocolVersion": "2026-07-28", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let (status, answer) = newer.ask("initialize", params).await;
    assert_eq!((status, &answer["result"]["protocolVersion"]), (200, &json!("2025-11-25")));
    newer.session = None;
}
