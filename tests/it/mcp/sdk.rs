//! The official SDK's client as the caller: what a real client makes of the proxy's answers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use reqwest::Method;
use rmcp::{
    ClientHandler, RoleClient, ServiceError, ServiceExt as _,
    model::{CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams},
    service::{NotificationContext, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::json;
use tokio::sync::Notify;

use super::rig::{PROXY, Rig, SERVER_CONTROL};

#[derive(Clone, Default)]
struct Listener {
    changes: Arc<AtomicUsize>,
    changed: Arc<Notify>,
}

impl ClientHandler for Listener {
    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }
}

async fn connect(rig: &Rig, group: &str) -> (RunningService<RoleClient, Listener>, Listener) {
    let token = rig.token(&json!({ "groups": [group] }));
    let config = StreamableHttpClientTransportConfig::with_uri(PROXY).auth_header(token);
    let transport = StreamableHttpClientTransport::with_client(rig.client.clone(), config);
    let listener = Listener::default();
    (listener.clone().serve(transport).await.unwrap(), listener)
}

#[tokio::test]
async fn a_whole_session() {
    let rig = Rig::start();
    let (client, _) = connect(&rig, "engineers").await;
    let info = client.peer_info().unwrap();
    assert_eq!(info.protocol_version.as_str(), "2025-11-25");
    let tools: Vec<_> =
        client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect();
    assert_eq!(tools, ["list_issues", "pull_request_read", "search_code", "get_file_contents"]);
    assert_eq!(client.list_all_prompts().await.unwrap().len(), 3);
    assert_eq!(client.list_all_resources().await.unwrap().len(), 3);
    assert_eq!(client.list_all_resource_templates().await.unwrap().len(), 2);
    let called = client.call_tool(CallToolRequestParams::new("list_issues")).await.unwrap();
    assert_eq!(called.is_error, Some(false));
    client.get_prompt(GetPromptRequestParams::new("release_notes")).await.unwrap();
    client.read_resource(ReadResourceRequestParams::new("repo://acme/payments/README.md")).await.unwrap();
    let refused = client.call_tool(CallToolRequestParams::new("issue_write")).await;
    let error = refused.expect_err("engineers only read");
    assert!(matches!(error, ServiceError::TransportSend(_) | ServiceError::McpError(_)), "{error:?}");
    assert!(format!("{error:?}").contains("403"), "{error:?}");
    client.call_tool(CallToolRequestParams::new("list_issues")).await.expect("the session goes on");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn news_reach_the_client_after_the_proxy_took_them() {
    let rig = Rig::start();
    let (client, listener) = connect(&rig, "engineers").await;
    client.list_all_tools().await.unwrap();
    client.call_tool(CallToolRequestParams::new("list_issues")).await.unwrap();
    rig.control(Method::POST, &format!("{SERVER_CONTROL}/notify"), r#"{"list":"tools"}"#).await;
    listener.changed.notified().await;
    assert_eq!(listener.changes.load(Ordering::SeqCst), 1);
    assert!(client.call_tool(CallToolRequestParams::new("list_issues")).await.is_err(), "cold");
    client.list_all_tools().await.unwrap();
    client.call_tool(CallToolRequestParams::new("list_issues")).await.unwrap();
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn a_foreign_token_opens_nothing() {
    let rig = Rig::start();
    let token = rig.token(&json!({ "aud": "another-server", "groups": ["admins"] }));
    let config = StreamableHttpClientTransportConfig::with_uri(PROXY).auth_header(token);
    let transport = StreamableHttpClientTransport::with_client(rig.client.clone(), config);
    let error = Listener::default().serve(transport).await.err().expect("no session");
    assert!(format!("{error:?}").contains("TOK-AUD"), "{error:?}");
}
