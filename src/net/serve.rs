//! Serving a router over TLS on a port of the system's choice, with the `Date` of the component's own clock.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderValue, StatusCode, Version,
        header::{DATE, HOST},
    },
    middleware::{Next, from_fn},
    response::IntoResponse as _,
};
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::{Faults, Leaf, line::Switchboard};
use crate::clock::Clock;

/// How long a client may be silent where it is its turn: between two requests, within a head, between two parts of a body.
/// In real time, and longer than our own clients keep a connection of which nobody asks anything (`net/client.rs`).
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Dropping it closes the listener and its connections.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    faults: Faults,
}

impl Serving {
    /// Closes the listener and its connections; when it returns the address is free.
    pub async fn stop(mut self) {
        self.handle.shutdown();
        self.faults.hang_up();
        // How a server ended that is no longer wanted is nobody's concern.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown();
        // Also what hangs, and handshakes under way.
        self.faults.hang_up();
    }
}

/// A listener on loopback with a port of the system's choice, or the given one.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    bind_at(Ipv4Addr::LOCALHOST, port)
}

/// The same at another address of this machine, or at all of them.
pub fn bind_at(address: Ipv4Addr, port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((address, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the router on the listener until the returned value is dropped. Requests carry `ConnectInfo<SocketAddr>`, the
/// peer's address. Must be called inside a runtime.
pub fn serve(
    listener: TcpListener,
    leaf: &Leaf,
    clock: Arc<dyn Clock>,
    faults: &Faults,
    router: Router,
) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    let router = router.layer(RequestBodyTimeoutLayer::new(PATIENCE));
    let router = router.layer(from_fn(move |request: Request, next: Next| {
        let clock = Arc::clone(&clock);
        async move {
            let mut response = if has_host(&request) {
                next.run(request).await
            } else {
                StatusCode::BAD_REQUEST.into_response()
            };
            if let Ok(date) = HeaderValue::from_str(&http_date(clock.now())) {
                response.headers_mut().insert(DATE, date);
            }
            response
        }
    }));
    let handle = Handle::new();
    let acceptor = Switchboard::new(leaf, faults.clone());
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle.clone()).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move { server.serve(service).await });
    Ok(Serving { address, handle, task, faults: faults.clone() })
}

/// One `Host` (RFC 9112 §3.2), which an older client need not have.
fn has_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => request.version() < Version::HTTP_11,
        _ => false,
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
fn http_date(now: Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_has_the_form_of_rfc_9110() {
        let date = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(http_date(date), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
