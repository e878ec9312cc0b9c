//! Starting and stopping: two listeners over TLS, one public, one for the control wire.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use axum_server::{
    Handle,
    accept::{Accept, NoDelayAcceptor},
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
};
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{
    KeyPool, Tenant,
    clock::{IdpClock, RunningClock},
    control::{self, Control},
    endpoint,
    fault::{Connections, Gate, Why},
    provider::Provider,
};

/// How long a client may be silent where it is its turn: between two requests, within a head, between two parts of a body.
/// In real time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a provider is made of.
pub struct Settings {
    /// What an administrator has set up.
    pub tenant: Tenant,
    /// Key ids, codes, token ids and user ids are drawn from it: equal seeds give equal ids.
    pub seed: [u8; 32],
    /// Where time comes from. A reset sets a manual clock back to the time of the start.
    pub clock: IdpClock,
    /// Shared by all providers of a process: keys are made once.
    pub keys: KeyPool,
    /// Certificate and protocols of both listeners.
    pub tls: Arc<ServerConfig>,
    /// Certificates for the fault `certificate`.
    pub wrong_tls: WrongTls,
    /// The public listener.
    pub listener: TcpListener,
    /// The control listener and its bearer secret.
    pub control: Option<(TcpListener, String)>,
}

/// Certificates that no client should accept, each for its own reason. The fault `certificate` is refused where
/// the one that it asks for is missing.
#[derive(Clone, Debug, Default)]
pub struct WrongTls {
    /// Of an authority that no client trusts.
    pub untrusted: Option<Arc<ServerConfig>>,
    /// Out of date.
    pub expired: Option<Arc<ServerConfig>>,
    /// For another host.
    pub other_name: Option<Arc<ServerConfig>>,
}

impl WrongTls {
    pub(crate) fn of(&self, why: Why) -> Option<&Arc<ServerConfig>> {
        match why {
            Why::Untrusted => self.untrusted.as_ref(),
            Why::Expired => self.expired.as_ref(),
            Why::OtherName => self.other_name.as_ref(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the control secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("issuers", &self.tenant.issuers())
            .field("clock", &self.clock)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

/// A running provider. Dropping it closes the listeners and their connections.
#[derive(Debug)]
#[must_use = "dropping it stops the provider"]
pub struct Running {
    /// Where the provider listens.
    pub address: SocketAddr,
    /// Where the control wire listens; it speaks TLS with the same certificate.
    pub control_address: Option<SocketAddr>,
    handle: Handle<SocketAddr>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
    connections: Arc<Connections>,
}

/// Serves a provider until the returned value is dropped. Must be called inside a runtime.
pub fn start(settings: Settings) -> io::Result<Running> {
    let Settings { tenant, seed, clock, keys, tls, wrong_tls, listener, control } = settings;
    let address = listener.local_addr()?;
    let provider = Arc::new(Provider::new(tenant, seed, RunningClock::new(clock), keys, address));
    let handle = Handle::new();
    let public = Router::new().fallback(endpoint::handle).with_state(Arc::clone(&provider));
    let connections = Arc::clone(&provider.connections);
    let gate = Gate::new(Arc::clone(&provider), Arc::clone(&tls), wrong_tls.clone());
    let mut tasks = vec![serve(listener, gate, &handle, public)?];
    let control_address = match control {
        None => None,
        Some((listener, secret)) => {
            let address = listener.local_addr()?;
            let control = Control { provider, secret, wrong_tls };
            let router = Router::new().fallback(control::handle).with_state(Arc::new(control));
            // No gate: the control wire always answers.
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls)).acceptor(NoDelayAcceptor);
            tasks.push(serve(listener, acceptor, &handle, router)?);
            Some(address)
        }
    };
    Ok(Running { address, control_address, handle, tasks, connections })
}

fn serve<A>(
    listener: TcpListener,
    acceptor: A,
    handle: &Handle<SocketAddr>,
    router: Router,
) -> io::Result<JoinHandle<io::Result<()>>>
where
    A: Accept<TcpStream, Router, Service = Router, Future: Send> + Clone + Send + Sync + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
{
    listener.set_nonblocking(true)?;
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle.clone()).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let router = router.layer(RequestBodyTimeoutLayer::new(PATIENCE));
    Ok(tokio::spawn(async move { server.serve(router.into_make_service()).await }))
}

impl Running {
    /// Lets requests in progress end, at most so long, and returns when the listeners are closed.
    pub async fn stop(mut self, patience: Duration) -> io::Result<()> {
        self.handle.graceful_shutdown(Some(patience));
        for task in std::mem::take(&mut self.tasks) {
            task.await??;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
        // Those that a fault keeps waiting are not the handle's yet.
        self.connections.end();
    }
}
