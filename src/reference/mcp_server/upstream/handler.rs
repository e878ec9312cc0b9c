//! The answers of the server, by the SDK's trait. Lists come in small pages, so that there are cursors.

#![expect(deprecated, reason = "logging is deprecated after the version of the protocol that is served here")]

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rmcp::{
    ErrorData, Peer, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
        CompletionInfo, ContentBlock, ErrorCode, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
        Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
        PaginatedRequestParams, ProgressNotificationParam, PromptMessage, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ResourceContents,
        ResourceUpdatedNotificationParam, Role, ServerCapabilities, ServerConfig, SetLevelRequestParams,
        SubscribeRequestParams, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext},
};
use serde_json::json;

use super::catalogue::{self, Catalogue};

/// How many items a page has.
const PAGE: usize = 2;

/// The most clients that are told of changes; then the oldest is told no more.
const MAX_PEERS: usize = 1_000;

/// Answers. Clones share the catalogue and the clients.
#[derive(Clone)]
pub(super) struct Handler {
    catalogue: Arc<Catalogue>,
    peers: Arc<Mutex<Vec<Peer<RoleServer>>>>,
}

/// What clients are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Tools,
    Prompts,
    Resources,
    Resource(String),
}

impl Handler {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, peers: Arc::default() }
    }

    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(super) fn reset(&self) {
        self.catalogue.reset();
    }

    pub(super) fn forget_peers(&self) {
        self.peers().clear();
    }

    /// Tells every client.
    pub(super) async fn notify(&self, news: &News) {
        let peers = self.peers().clone();
        for peer in peers {
            // A client that is gone is told nothing.
            let _ = match news {
                News::Tools => peer.notify_tool_list_changed().await,
                News::Prompts => peer.notify_prompt_list_changed().await,
                News::Resources => peer.notify_resource_list_changed().await,
                News::Resource(uri) => {
                    peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri.clone())).await
                }
            };
        }
    }

    fn peers(&self) -> MutexGuard<'_, Vec<Peer<RoleServer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_completions()
            .build();
        let mut info = ServerConfig::new(capabilities);
        info.protocol_version = ProtocolVersion::V_2025_11_25;
        info.server_info = Implementation::new("github-like", env!("CARGO_PKG_VERSION"));
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&[ProtocolVersion::V_2025_11_25])
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut peers = self.peers();
        peers.retain(|peer| !peer.is_transport_closed());
        if peers.len() >= MAX_PEERS {
            peers.remove(0);
        }
        peers.push(context.peer);
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (items, next) = page(self.catalogue.tools(), request)?;
        let mut result = ListToolsResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let (items, next) = page(catalogue::prompts(), request)?;
        let mut result = ListPromptsResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let (items, next) = page(catalogue::resources(), request)?;
        let mut result = ListResourcesResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let (items, next) = page(catalogue::templates(), request)?;
        let mut result = ListResourceTemplatesResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.catalogue.has_tool(&request.name) {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        }
        if let Some(token) = context.meta.get_progress_token() {
            let progress = ProgressNotificationParam::new(token, 1.0).with_total(2.0);
            // Whoever does not listen is answered all the same.
            let _ = context.peer.notify_progress(progress).await;
        }
        let said = json!({ "tool": request.name, "arguments": request.arguments });
        Ok(CallToolResult::success(vec![ContentBlock::text(said.to_string())]).into())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if !catalogue::prompts().iter().any(|prompt| prompt.name == request.name) {
            return Err(ErrorData::invalid_params(format!("there is no prompt `{}`", request.name), None));
        }
        let message = PromptMessage::new_text(Role::User, format!("the prompt {}", request.name));
        Ok(GetPromptResult::new(vec![message]).into())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if !catalogue::resources().iter().any(|resource| resource.uri == request.uri) {
            let words = format!("there is no resource `{}`", request.uri);
            return Err(ErrorData::new(ErrorCode::RESOURCE_NOT_FOUND, words, None));
        }
        let contents = ResourceContents::text(format!("the text of {}", request.uri), request.uri);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = CompletionInfo::new(vec!["acme".to_owned(), "acme-labs".to_owned()]);
        values.map(CompleteResult::new).map_err(|error| ErrorData::internal_error(error, None))
    }
}

/// One page, and the cursor of the next.
fn page<T>(
    items: Vec<T>,
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let total = items.len();
    let from = match request.and_then(|request| request.cursor) {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("after-")
            .and_then(|number| number.parse().ok())
            .filter(|from| *from < total)
            .ok_or_else(|| ErrorData::invalid_params("the cursor is not one of this server's", None))?,
    };
    let next = from + PAGE;
    let page = items.into_iter().skip(from).take(PAGE).collect();
    Ok((page, (next < total).then(|| format!("after-{next}"))))
}
