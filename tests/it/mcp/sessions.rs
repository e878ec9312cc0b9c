//! MCP-SESSION: a session is its opener's; streams and replays are authenticated and filtered.

use reqwest::Method;
use serde_json::json;

use super::rig::{Caller, PROXY_CONTROL, Rig, SERVER_CONTROL, events, read_until};

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
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!rest.contains("README"), "{rest}");
}

#[tokio::test]
async fn a_replay_is_filtered() {
    let rig = Rig::start();
    let reviewer = rig.session("rita", "reviewers").await;
    let message = reviewer.message("tools/list", &json!({}));
    let text = reviewer.send(&message).await.text().await.unwrap();
    let first = text.lines().find_map(|line| line.strip_prefix("id: ")).expect("the stream can be replayed");
    assert!(text.contains("list_issues"), "{text}");
    let replay = async |caller: &Caller<'_>| {
        let request = caller.request(Method::GET).header("last-event-id", first);
        request.send().await.unwrap()
    };
    let mut stream = replay(&reviewer).await;
    assert_eq!(stream.status(), 200);
    let again = read_until(&mut stream, "nextCursor").await;
    assert_eq!(events(&again).last(), events(&text).last(), "the same, and no more");

    // By the policy of now.
    rig.proxy.set_policy(super::rig::manifests(
        &super::rig::POLICY.replace("[pull_request_read, list_issues]", "[pull_request_read]"),
    ));
    let mut stream = replay(&reviewer).await;
    let now = read_until(&mut stream, "nextCursor").await;
    assert!(now.contains("pull_request_read") && !now.contains("list_issues"), "{now}");
    let mut other = rig.caller("mallory", "reviewers");
    other.session.clone_from(&reviewer.session);
    assert_eq!(replay(&other).await.status(), 404);
}
