//! MCP-HINT-FRESH: the proxy's own ear at the server. Hints count only while somebody would hear that they changed.
//!
//! Callers need not listen, and a server tells its changes to those who do (MCP 2025-11-25, Streamable HTTP). So before
//! a list of tools is asked for, the proxy opens a session of its own and its stream. When that stream ends, what was
//! learnt is forgotten.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use axum::http::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Value as Json, json};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    Parts,
    events::{Event, Reader},
    forward::{LONGEST, SESSION, VERSION},
    message,
    serve::PROTOCOL,
    stream::within,
};

/// The ear.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Off,
    On(Listening),
    /// The server speaks only when it is asked: it tells nobody of changes.
    Mute,
}

/// A task that ends with its watch.
#[derive(Debug)]
struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    /// Listens from now on, if it did not before. False: changes would not be heard, so nothing may be learnt.
    pub(super) async fn listens(&self, proxy: &Arc<Parts>) -> bool {
        let mut state = self.0.lock().await;
        match &*state {
            State::On(Listening(task)) if !task.is_finished() => return true,
            State::Mute => return true,
            _ => {}
        }
        // What was known is from before this ear.
        proxy.forget_hints();
        *state = match within(Some(proxy.patience), open(proxy)).await {
            Some(Some(Ear::Stream(stream))) => {
                State::On(Listening(tokio::spawn(listen(Arc::downgrade(proxy), stream))))
            }
            Some(Some(Ear::None)) => State::Mute,
            _ => State::Off,
        };
        !matches!(*state, State::Off)
    }

    /// Begins anew with the next list.
    pub(super) fn reset(&self) {
        // Held only while a stream is opened, which then listens to the server of now.
        if let Ok(mut state) = self.0.try_lock() {
            *state = State::Off;
        }
    }
}

/// What the server offers to listen to.
enum Ear {
    Stream(reqwest::Response),
    None,
}

/// A session of the proxy's own, and its stream. Nothing, if the server does not behave.
async fn open(proxy: &Parts) -> Option<Ear> {
    let post = |body: &Json| {
        let request = proxy.http.post(proxy.upstream.clone()).header(CONTENT_TYPE, "application/json");
        request.header(ACCEPT, "application/json, text/event-stream").body(body.to_string())
    };
    let initialize = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": PROTOCOL, "capabilities": {},
            "clientInfo": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        },
    });
    let opened = post(&initialize).send().await.ok().filter(|opened| opened.status().is_success())?;
    let session = opened.headers().get(SESSION).cloned();
    let answered = answered(opened).await?;
    let Some(session) = session else { return answered.then_some(Ear::None) };
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let told =
        post(&initialized).header(SESSION, session.clone()).header(VERSION, PROTOCOL).send().await.ok()?;
    if !told.status().is_success() {
        return None;
    }
    let stream = proxy.http.get(proxy.upstream.clone()).header(ACCEPT, "text/event-stream");
    let stream =
        stream.header(SESSION, session).header(VERSION, PROTOCOL).timeout(LONGEST).send().await.ok()?;
    match stream.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(Ear::None),
        status if status.is_success() => Some(Ear::Stream(stream)),
        _ => None,
    }
}

/// Whether a server's answer, in either form, is a result of the protocol.
async fn answered(mut opened: reqwest::Response) -> Option<bool> {
    let (mut body, mut reader, mut events) = (Vec::new(), Reader::default(), VecDeque::new());
    while let Some(piece) = opened.chunk().await.ok()? {
        if body.len() + piece.len() > 1 << 20 {
            return None;
        }
        body.extend_from_slice(&piece);
        reader.read(&piece, &mut events).ok()?;
    }
    let texts = events.into_iter().filter_map(|event| match event {
        Event::Block { data, .. } => data.map(String::into_bytes),
        Event::Comment => None,
    });
    Some(texts.chain([body]).filter_map(|text| message::object(&text).ok()).any(|answer| {
        answer.get("result").and_then(|result| result.get("protocolVersion")).is_some_and(Json::is_string)
    }))
}

/// Listens until the stream ends.
async fn listen(proxy: Weak<Parts>, mut stream: reqwest::Response) {
    let (mut reader, mut events) = (Reader::default(), VecDeque::new());
    while let Ok(Some(piece)) = stream.chunk().await {
        let readable = reader.read(&piece, &mut events).is_ok();
        let Some(proxy) = proxy.upgrade() else { return };
        // A stream that cannot be read may have said anything.
        if !readable || events.drain(..).any(|event| changes(&event)) {
            proxy.forget_hints();
        }
        if !readable {
            break;
        }
    }
    if let Some(proxy) = proxy.upgrade() {
        proxy.forget_hints();
    }
}

fn changes(event: &Event) -> bool {
    let Event::Block { data: Some(data), .. } = event else { return false };
    !data.is_empty()
        && message::object(data.as_bytes()).map_or(true, |message| {
            message.get("method").is_some_and(|m| m == "notifications/tools/list_changed")
        })
}
