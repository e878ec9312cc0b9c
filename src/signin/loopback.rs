//! A native client's redirect endpoint: a listener on loopback that takes one callback (RFC 8252 §7.3).

use std::{io, net::SocketAddr};

use axum::serve::ListenerExt as _;
use axum::{Router, http::Uri, response::Html, routing::get};
use tokio::{net::TcpListener, sync::mpsc};
use url::Url;

use super::SignInError;
use crate::net::courier::{Courier, Request};

const PATH: &str = "/callback";

pub(super) struct Loopback {
    address: SocketAddr,
    received: mpsc::Receiver<String>,
    server: tokio::task::JoinHandle<()>,
}

impl Loopback {
    pub(super) async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, received) = mpsc::channel(1);
        let callback = move |uri: Uri| async move {
            // A second callback finds the channel full or closed and changes nothing.
            let _ = sender.try_send(uri.to_string());
            Html("<!doctype html><title>Signed in</title><p>You can close this window.")
        };
        let router = Router::new().route(PATH, get(callback));
        let server = tokio::spawn(async move {
            // The task ends with the flow; an error of the listener shows as a callback that never comes.
            let listener = listener.tap_io(|stream| {
                // Slower without, not wrong.
                let _ = stream.set_nodelay(true);
            });
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, received, server })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Lets the browser follow the redirect to us, and returns what arrived.
    pub(super) async fn receive(mut self, browser: &dyn Courier, redirect: &Url) -> Result<Url, SignInError> {
        let lost = |error: &dyn std::fmt::Display| SignInError::Loopback(error.to_string());
        browser.send(Request::get(redirect.as_str())).await?;
        // The answer above was sent after the callback was stored: nothing to wait for.
        let uri = self.received.try_recv().map_err(|error| lost(&error))?;
        Url::parse(&format!("http://{}{uri}", self.address)).map_err(|error| lost(&error))
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}
