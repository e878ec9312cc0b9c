//! MCP-SESSION: a session is its opener's; streams and replays are authenticated and filtered.

use reqwest::{Method, Response};
use serde_json::json;

use super::rig::{Caller, POLICY, PROXY_CONTROL, Rig, SERVER_CONTROL, events, manifests, read_until};

async fn notify(rig: &Rig, news: &serde_json::Value) {
    let response = rig.control(Method::POST, &format!("{SERVER_CONTROL}/notify"), &news.to_string()).await;
    assert_eq!(response.status(), 204);
}

async fn statuses(caller: &Caller<'_>) -> [u16; 3] {
    let ping = caller.ask("ping", json!({})).await.0;
    let stream = caller.request(Method::GET).send().await.unwrap().status().as_u16();
    let end = caller.request(Method::DELETE).send().await.unwrap().status().as_u16();
    [ping, stream, end]
}

#[tokio::test]
async fn a_session_is_nobody_elses() {
    let rig = Rig::start();
    let alice = rig.session("alice", "admins").await;
    for (subject, group) in [("mallory", "admins"), ("Alice", "admins"), ("alice ", "admins")] {
        let mut other = rig.caller(subject, group);
        other.session.clone_from(&alice.session);
        assert_eq!(statuses(&other).await, [404; 3], "{subject}");
        let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(other.send(&notification).await.status(), 404);
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
        assert_eq!(other.send(&answer).await.status(), 404);
        let denied = other.call("delete_repo").await.0;
        assert_eq!(denied, 404, "before the policy is asked");
    }
    let refused = rig.proxy_journal().await;
    assert_eq!(refused.last().unwrap()["detail"]["rule"], "MCP-SESSION");
    let mut unknown = rig.caller("alice", "admins");
    unknown.session = Some("00000000-0000-0000-0000-000000000000".into());
    assert_eq!(statuses(&unknown).await, [404; 3]);

    // Another token of the same principal is the owner's too.
    let mut again = rig.caller("alice", "engineers");
    again.session.clone_from(&alice.session);
    assert_eq!(again.ask("ping", json!({})).await.0, 200);
    assert_eq!(alice.ask("ping", json!({})).await.0, 200, "nobody ended it");
    assert_eq!(alice.request(Method::DELETE).send().await.unwrap().status(), 204);
    assert_eq!(statuses(&alice).await, [404; 3]);
}

#[tokio::test]
async fn streams_belong_to_one_session() {
    let rig = Rig::start();
    let mut alice = rig.session("alice", "admins").await;
    let twice = alice.request(Method::POST).header("mcp-session-id", "another");
    let twice = twice.body(alice.message("ping", &json!({})).to_string());
    assert_eq!(twice.send().await.unwrap().status(), 400);
    alice.session = None;
    assert_eq!(alice.request(Method::GET).send().await.unwrap().status(), 400);
    assert_eq!(alice.request(Method::DELETE).send().await.unwrap().status(), 400);
    let (status, answer) = alice.ask("ping", json!({})).await;
    assert!((400..500).contains(&status), "the server wants its session: {answer}");
}

#[tokio::test]
async fn news_of_what_its_reader_may_not_read_are_kept_back() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let mut stream = reviewer.request(Method::GET).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    notify(&rig, &json!({ "resource": "repo://acme/secrets/keys.txt" })).await;
    notify(&rig, &json!({ "resource": "repo://acme/payments/README.md" })).await;
    notify(&rig, &json!({ "list": "prompts" })).await;
    let read = read_until(&mut stream, "prompts/list_changed").await;
    let methods: Vec<_> = events(&read).iter().map(|event| event["params"]["uri"].clone()).collect();
    assert_eq!(methods, [json!("repo://acme/payments/README.md"), json!(null)], "{read}");
    let log = rig.control(Method::GET, &format!("{PROXY_CONTROL}/log"), "").await.text().await.unwrap();
    assert!(log.contains("news of a resource"), "{log}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let rig = Rig::start();
    let admin = rig.session("root", "admins").await;
    let mut stream = admin.request(Method::GET).send().await.unwrap();
    notify(&rig, &json!({ "list": "tools" })).await;
    read_until(&mut stream, "tools/list_changed").await;
    rig.clock.advance(jiff::SignedDuration::from_hours(2));
    notify(&rig, &json!({ "resource": "repo://acme/payments/README.md" })).await;
    let rest = whole(stream).await;
    assert!(!rest.contains("README"), "{rest}");
}

async fn whole(mut stream: Response) -> String {
    let mut read = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    read
}

/// What was missed is judged by the policy of now.
#[tokio::test]
async fn a_replay_is_filtered() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let stream = reviewer.request(Method::GET).send().await.unwrap();
    drop(stream);
    notify(&rig, &json!({ "resource": "repo://acme/payments/README.md" })).await;
    notify(&rig, &json!({ "list": "prompts" })).await;
    let replay = async |caller: &Caller<'_>| {
        caller.request(Method::GET).header("last-event-id", "0").send().await.unwrap()
    };
    let read = read_until(&mut replay(&reviewer).await, "prompts/list_changed").await;
    assert!(read.contains("README"), "{read}");
    let narrower = POLICY.replace("'repo://acme/payments/README.md', ", "");
    assert!(rig.proxy.set_policy(manifests(&narrower)));
    let read = read_until(&mut replay(&reviewer).await, "prompts/list_changed").await;
    assert!(!read.contains("README"), "{read}");
    let mut other = rig.caller("mallory", "reviewers");
    other.session.clone_from(&reviewer.session);
    assert_eq!(replay(&other).await.status(), 404);
}

/// Answers that were missed come in a replay, whatever their request was, and in no other stream.
#[tokio::test]
async fn a_list_in_a_replay_is_filtered_and_elsewhere_it_ends_the_stream() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let tools = json!([{ "name": "list_issues" }, { "name": "delete_repo", "annotations": { "readOnlyHint": true } }]);
    let event = |value: serde_json::Value| format!("id: 7\ndata: {value}\n\n");
    let stream = [
        event(json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": tools } })),
        event(json!({ "jsonrpc": "2.0", "id": 2, "result": {} })),
        event(json!({ "jsonrpc": "2.0", "id": 3, "result": { "tools": tools, "prompts": [] } })),
        event(json!({ "jsonrpc": "2.0", "id": 4, "result": {} })),
    ]
    .concat();
    rig.fault(&json!({ "kind": "body", "body": stream, "content_type": "text/event-stream" })).await;
    let replayed = reviewer.request(Method::GET).header("last-event-id", "1").send().await.unwrap();
    let expected = [
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [{ "name": "list_issues" }] } }),
        json!({ "jsonrpc": "2.0", "id": 2, "result": {} }),
    ];
    assert_eq!(events(&whole(replayed).await), expected, "the third has two lists, and ends it");
    let listening = reviewer.request(Method::GET).send().await.unwrap();
    assert_eq!(whole(listening).await, "");
    rig.heal().await;
    assert_eq!(
        rig.session("eve", "engineers").await.call("list_issues").await.0,
        403,
        "a replay teaches no hints"
    );
}
