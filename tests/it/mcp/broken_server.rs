//! An MCP server that dies, hangs, breaks off, or says what is none of an answer: the caller gets an error, never a list
//! that was not filtered, and nothing is learnt from it.

use serde_json::{Value, json};

use super::rig::{Caller, Rig, messages};
use crate::platform::header;

/// What must never reach a caller: the admins' tool.
const SECRET: &str = "delete_repo";

/// The list whole, as a server would say it.
fn list() -> Value {
    json!([{ "name": "list_issues", "inputSchema": {} }, { "name": SECRET, "inputSchema": {},
        "annotations": { "readOnlyHint": true } }])
}

fn answer(id: i64, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// The next id of a caller is the one of the request that follows.
async fn raw(caller: &Caller<'_>, id: i64, method: &str) -> (u16, String, Vec<Value>) {
    let message =
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": { "name": "list_issues" } });
    let response = caller.send(&message).await;
    let (status, kind) = (response.status().as_u16(), header(&response, "content-type").to_owned());
    (status, kind, messages(response).await)
}

#[tokio::test]
async fn dead_or_silent() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    for (fault, expected) in [
        (json!({ "kind": "refused" }), 502),
        (json!({ "kind": "certificate" }), 502),
        (json!({ "kind": "unreachable" }), 504),
        (json!({ "kind": "slow", "delay": "30s", "endpoint": "mcp" }), 504),
        (json!({ "kind": "status", "status": 500, "body": "{}" }), 502),
        (json!({ "kind": "status", "status": 503, "body": "", "headers": { "retry-after": "5" } }), 502),
        (
            json!({ "kind": "status", "status": 401, "body": "", "headers": { "www-authenticate": "Bearer realm=\"x\"" } }),
            502,
        ),
        (
            json!({ "kind": "status", "status": 403, "body": "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":403,\"message\":\"Unauthorized\"}}" }),
            502,
        ),
        (json!({ "kind": "redirect", "location": "https://elsewhere.example.com/mcp" }), 502),
        (json!({ "kind": "status", "status": 429, "body": "[]" }), 429),
    ] {
        rig.fault(&fault).await;
        for method in ["tools/list", "tools/call"] {
            let (status, kind, messages) = raw(&admin, 7, method).await;
            assert_eq!((status, kind.as_str()), (expected, "application/json"), "{fault}");
            assert_eq!(messages.len(), 1, "{fault}");
            assert_eq!(messages[0]["id"], 7);
            assert!(messages[0]["error"]["code"].is_i64(), "{fault}: {messages:?}");
        }
        rig.heal().await;
    }
    assert_eq!(admin.call("list_issues").await.0, 200, "and it heals");
}

/// Answers in one piece that are none.
#[tokio::test]
async fn garbage_in_one_piece() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let whole = json!({ "tools": list() });
    let text = |value: &Value| value.to_string();
    let lists: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("no JSON", "<html>".into()),
        ("cut", text(&answer(7, &whole))[..60].into()),
        ("a bare result", text(&whole)),
        ("a batch", json!([answer(7, &whole)]).to_string()),
        ("another id", text(&answer(8, &whole))),
        ("an id of another type", json!({ "jsonrpc": "2.0", "id": "7", "result": whole }).to_string()),
        ("no id", json!({ "jsonrpc": "2.0", "result": whole }).to_string()),
        ("id null", json!({ "jsonrpc": "2.0", "id": null, "result": whole }).to_string()),
        ("no version", json!({ "id": 7, "result": whole }).to_string()),
        ("two results", format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"tools":[]}},"result":{whole}}}"#)),
        (
            "two lists of one name",
            format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"tools":[],"tools":{}}}}}"#, list()),
        ),
        (
            "result and error",
            format!(r#"{{"jsonrpc":"2.0","id":7,"result":{whole},"error":{{"code":1,"message":"x"}}}}"#),
        ),
        ("result and method", format!(r#"{{"jsonrpc":"2.0","id":7,"method":"ping","result":{whole}}}"#)),
        ("more members", format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"tools":[]}},"tools":{}}}"#, list())),
        (
            "a request",
            json!({ "jsonrpc": "2.0", "id": 7, "method": "roots/list", "params": whole }).to_string(),
        ),
        (
            "a notification",
            json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "data": whole } })
                .to_string(),
        ),
        ("the result a list", text(&answer(7, &list()))),
        ("another list", text(&answer(7, &json!({ "prompts": list() })))),
        ("two lists", text(&answer(7, &json!({ "tools": [], "prompts": list() })))),
        ("a list in capitals", text(&answer(7, &json!({ "tools": [], "Tools": list() })))),
        ("no list", text(&answer(7, &json!({ "items": list() })))),
        ("an object for a list", text(&answer(7, &json!({ "tools": { "0": list()[1] } })))),
        ("items that are texts", text(&answer(7, &json!({ "tools": [SECRET] })))),
        ("an item without name", text(&answer(7, &json!({ "tools": [{ "title": SECRET }] })))),
        ("a name that is none", text(&answer(7, &json!({ "tools": [{ "name": [SECRET] }] })))),
        ("a cursor that is none", text(&answer(7, &json!({ "tools": [], "nextCursor": list() })))),
        (
            "an error that is none",
            json!({ "jsonrpc": "2.0", "id": 7, "error": { "tools": list() } }).to_string(),
        ),
    ];
    for (name, body) in lists {
        rig.fault(&json!({ "kind": "body", "body": body, "content_type": "application/json" })).await;
        let (status, _, messages) = raw(&admin, 7, "tools/list").await;
        assert_eq!((status, messages[0]["error"]["code"].as_i64()), (502, Some(-32603)), "{name}");
        assert!(!messages[0].to_string().contains(SECRET), "{name}: {messages:?}");
        rig.heal().await;
    }
    // Media types that nobody asked for.
    for content_type in ["text/html", "", "application/jsonp", "text/plain"] {
        let body = text(&answer(7, &json!({ "tools": [] })));
        rig.fault(&json!({ "kind": "body", "body": body, "content_type": content_type })).await;
        assert_eq!(raw(&admin, 7, "tools/list").await.0, 502, "{content_type}");
        rig.heal().await;
    }
    rig.fault(&json!({ "kind": "body", "body": text(&answer(7, &whole)), "bytes": 8 << 20, "content_type": "application/json" })).await;
    assert_eq!(raw(&admin, 7, "tools/list").await.0, 200, "8 MiB are read");
    rig.heal().await;

    let engineer = rig.session("eve", "engineers").await;
    assert_eq!(engineer.call("list_issues").await.0, 403, "nothing of all that was learnt as a hint");
}

/// A list where none was asked for, or around the edges of the answer.
#[tokio::test]
async fn lists_in_unexpected_places() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let whole = json!({ "tools": list() });
    for (name, body) in [
        ("a list for a ping", answer(7, &whole)),
        ("in capitals", answer(7, &json!({ "TOOLS": list() }))),
        ("of templates", answer(7, &json!({ "resourceTemplates": list() }))),
    ] {
        rig.fault(&json!({ "kind": "body", "body": body.to_string(), "content_type": "application/json" }))
            .await;
        for method in ["ping", "tools/call", "initialize"] {
            let (status, _, messages) = raw(&reviewer, 7, method).await;
            assert_eq!(status, 502, "{name}, {method}");
            assert!(!messages[0].to_string().contains(SECRET), "{name}: {messages:?}");
        }
        rig.heal().await;
    }
    // Beside a good list and beside an error it is left out.
    let beside =
        json!({ "tools": list(), "_meta": { "all": [{ "tools": list() }] }, "allTools": list(), "ttlMs": 1 });
    rig.fault(&json!({ "kind": "body", "body": answer(7, &beside).to_string(), "content_type": "application/json" })).await;
    let (status, _, messages) = raw(&reviewer, 7, "tools/list").await;
    assert_eq!(
        (status, &messages[0]["result"]),
        (200, &json!({ "tools": [{ "name": "list_issues", "inputSchema": {} }] }))
    );
    rig.heal().await;
    let error = json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -1, "message": "no", "data": whole, "tools": list() } });
    rig.fault(&json!({ "kind": "body", "body": error.to_string(), "content_type": "application/json" }))
        .await;
    let (_, _, messages) = raw(&reviewer, 7, "tools/list").await;
    assert_eq!(messages[0]["error"], json!({ "code": -1, "message": "no" }));
}

/// Event streams that break off, carry other messages, or do not end.
#[tokio::test]
async fn event_streams() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let whole = json!({ "tools": list() });
    let event = |value: &Value| format!("event: message\nid: 1\ndata: {value}\n\n");
    let good = event(&answer(7, &whole));
    let notification =
        |method: &str, params: Value| event(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    for (name, stream) in [
        ("nothing", String::new()),
        ("only a comment", ":\n\n".into()),
        ("an event that is not ended", good.trim_end().to_owned()),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("another id", event(&answer(8, &whole))),
        ("a wrong one before the right one", event(&answer(8, &whole)) + &good),
        ("no JSON", "data: <html>\n\n".into()),
        ("no list", event(&answer(7, &json!({})))),
        (
            "result and method",
            event(&json!({ "jsonrpc": "2.0", "id": 7, "method": "ping", "result": whole })),
        ),
        ("an answer of another kind of event", good.replace("event: message", "event: list")),
    ] {
        rig.fault(&json!({ "kind": "body", "body": stream, "content_type": "text/event-stream" })).await;
        let (status, kind, messages) = raw(&reviewer, 7, "tools/list").await;
        assert_eq!((status, kind.as_str()), (200, "text/event-stream"), "{name}");
        let last = messages.last().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(
            (&last["id"], &last["error"]["code"]),
            (&json!(7), &json!(-32603)),
            "{name}: {messages:?}"
        );
        assert!(!json!(messages).to_string().contains(SECRET), "{name}: {messages:?}");
        rig.heal().await;
    }
    // What comes beside the answer: known notifications without lists pass, nothing else does.
    let stream = [
        notification("notifications/message", json!({ "level": "info", "data": { "tools": list() } })),
        notification("notifications/tools/list_changed", json!({ "tools": list() })),
        notification("notifications/progress", json!({ "progressToken": 1, "progress": 1, "tools": list() })),
        notification("notifications/tools", whole.clone()),
        event(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": whole })),
        event(&json!({ "jsonrpc": "2.0", "id": 2, "method": "roots/list" })),
        good.clone(),
        event(&answer(7, &whole)),
        notification("notifications/message", json!({ "level": "info", "data": "late" })),
    ]
    .concat();
    rig.fault(&json!({ "kind": "body", "body": stream, "content_type": "text/event-stream" })).await;
    let (_, _, messages) = raw(&reviewer, 7, "tools/list").await;
    rig.heal().await;
    assert_eq!(
        messages,
        [
            json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }),
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": 1, "progress": 1 } }),
            json!({ "jsonrpc": "2.0", "id": 2, "method": "roots/list" }),
            answer(7, &json!({ "tools": [{ "name": "list_issues", "inputSchema": {} }] })),
        ]
    );
}

/// The real server's stream, of which half comes.
#[tokio::test]
async fn a_stream_that_breaks_off_below_http() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    for form in ["event-stream", "json"] {
        rig.answers(form).await;
        for method in ["tools/list", "tools/call"] {
            // The proxy listens already: the fault meets the request itself.
            admin.list("tools/list").await;
            rig.fault(&json!({ "kind": "truncated", "endpoint": "mcp", "count": 1 })).await;
            let (status, _, messages) = raw(&admin, 7, method).await;
            assert_eq!(status, if form == "json" { 502 } else { 200 });
            let last = messages.last().unwrap();
            assert_eq!(last["error"]["code"], -32603, "{form} {method}: {messages:?}");
            assert!(!json!(messages).to_string().contains("\"result\""), "{messages:?}");
        }
    }
    let engineer = rig.session("eve", "engineers").await;
    assert_eq!(
        engineer.call("list_issues").await.0,
        403,
        "what was known is forgotten, and nothing was learnt"
    );
}

/// A server that gives out somebody's session again.
#[tokio::test]
async fn a_session_is_not_given_to_two() {
    let rig = Rig::start();
    let alice = rig.session("alice", "admins").await;
    let mallory = rig.caller("mallory", "admins");
    let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "x", "version": "1" } });
    for session in [alice.session.clone().unwrap(), String::new()] {
        let headers = json!({ "mcp-session-id": session, "content-type": "application/json" });
        let body = answer(7, &result).to_string();
        rig.fault(&json!({ "kind": "status", "status": 200, "headers": headers, "body": body })).await;
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {} });
        let response = mallory.send(&message).await;
        assert_eq!(response.status(), 502);
        assert!(response.headers().get("mcp-session-id").is_none());
        rig.heal().await;
    }
}
