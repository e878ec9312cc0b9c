//! An event stream of the server on its way to the caller, one message at a time.
//!
//! Nothing is collected but the event that is being read. Who stops reading stops the server's connection.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use futures_util::stream;

use super::{
    Parts,
    events::{Event, Reader},
    refusal,
    reply::{Asked, Fate, fate},
};
use crate::token::VerifiedToken;

/// A stream under way.
pub(super) struct Stream {
    pub(super) proxy: Arc<Parts>,
    pub(super) upstream: reqwest::Response,
    pub(super) token: Arc<VerifiedToken>,
    /// Of a stream that stays open: the caller's headers, whose token has to be good for every event.
    pub(super) admission: Option<HeaderMap>,
    pub(super) asked: Asked,
    reader: Reader,
    waiting: VecDeque<Event>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The answer was passed on; the server's end of the stream is awaited, so that its connection can be used again.
    Answered,
    Over,
}

impl Stream {
    pub(super) fn new(
        proxy: Arc<Parts>,
        upstream: reqwest::Response,
        token: Arc<VerifiedToken>,
        admission: Option<HeaderMap>,
        asked: Asked,
    ) -> Self {
        let (reader, waiting) = (Reader::default(), VecDeque::new());
        Self { proxy, upstream, token, admission, asked, reader, waiting, state: State::Open }
    }

    /// The body of the answer.
    pub(super) fn body(self) -> Body {
        Body::from_stream(stream::unfold(self, async |mut stream| {
            let piece = stream.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(piece)), stream))
        }))
    }

    /// What the caller gets next; nothing once the stream is over.
    async fn next(&mut self) -> Option<String> {
        loop {
            match self.state {
                State::Over => return None,
                State::Answered => {
                    self.finish().await;
                    return None;
                }
                State::Open => {}
            }
            // What came together goes on together.
            let mut written = String::new();
            while self.state == State::Open
                && let Some(event) = self.waiting.pop_front()
            {
                written.extend(self.pass(event).await);
            }
            if !written.is_empty() {
                return Some(written);
            }
            if self.state != State::Open {
                continue;
            }
            // A stream for listening may be silent for as long as it likes.
            let patience = self.admission.is_none().then_some(self.proxy.patience);
            let mut over = self.proxy.over.subscribe();
            let read = tokio::select! {
                biased;
                _ = over.wait_for(|over| *over) => return self.end("the proxy ended"),
                piece = within(patience, self.upstream.chunk()) => piece,
            };
            let piece = match read {
                Some(Ok(Some(piece))) => piece,
                Some(Ok(None)) => return self.end("the stream ended before its answer"),
                Some(Err(_)) => {
                    self.proxy.changed();
                    return self.end("the stream broke off");
                }
                None => return self.end("the stream fell silent"),
            };
            if self.reader.read(&piece, &mut self.waiting).is_err() {
                self.waiting.clear();
                return self.end("no event stream");
            }
        }
    }

    /// One event for the caller.
    async fn pass(&mut self, event: Event) -> Option<String> {
        if let Some(headers) = &self.admission
            && self.proxy.gate.admit_head(headers, None).await.is_err()
        {
            self.state = State::Over;
            return None;
        }
        let Event::Block { id, retry, kind, data } = event else { return Some(event.written()) };
        if kind.as_deref().is_some_and(|kind| kind != "message") {
            return None;
        }
        let Some(text) = data.filter(|data| !data.is_empty()) else {
            // It says only where a replay begins.
            let data = id.is_some().then(String::new);
            return Some(Event::Block { id, retry, kind: None, data }.written());
        };
        let message = match fate(text.as_bytes(), &self.asked, &self.token, &self.proxy) {
            Fate::Pass(message) => message,
            Fate::Answer(message) => {
                self.state = State::Answered;
                message
            }
            Fate::Drop(why) => {
                self.proxy.log.note("warning", &format!("a message of the server was dropped: {why}"));
                return None;
            }
            Fate::Break(why) => return self.end(why),
        };
        Some(Event::Block { id, retry, kind: None, data: Some(message.to_string()) }.written())
    }

    /// The stream is over before its time: an error for the request that has no answer.
    fn end(&mut self, why: &'static str) -> Option<String> {
        self.state = State::Over;
        self.proxy.log.note("error", &format!("a stream of the server was given up: {why}"));
        match &self.asked {
            Asked::Request { id, .. } => Some(Event::of(refusal::broken(id).to_string()).written()),
            Asked::Listening { .. } => None,
        }
    }

    /// Waits for the end of the server's stream; what comes before it is nobody's.
    async fn finish(&mut self) {
        self.state = State::Over;
        for _ in 0..16 {
            match within(Some(self.proxy.patience), self.upstream.chunk()).await {
                Some(Ok(Some(_))) => {}
                _ => return,
            }
        }
    }
}

/// The outcome of a future, or nothing when it takes too long.
pub(super) async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}
