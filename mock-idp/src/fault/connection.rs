//! Faults below HTTP: connections that are not answered, reset, or secured by a certificate that nobody trusts,
//! and bodies that end early. The listener stays the provider's all the time.
//!
//! A fault that is set or lifted ends every open connection, so that no kept-alive one gets around it.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{Extension, Router};
use axum_server::{
    accept::{Accept, NoDelayAcceptor},
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    select,
    sync::watch,
};

use super::Outage;
use crate::{provider::Provider, server::WrongTls};

type Acceptor = RustlsAcceptor<NoDelayAcceptor>;
type Tls = <Acceptor as Accept<TcpStream, Router>>::Stream;
type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the connections of the public listener as the active faults want it.
#[derive(Clone)]
pub(crate) struct Gate {
    provider: Arc<Provider>,
    trusted: Acceptor,
    wrong: WrongTls,
}

/// All open connections of the public listener.
#[derive(Debug)]
pub(crate) struct Connections(watch::Sender<()>);

/// An open connection. It ends when [`Connections::end`] says so, or in the middle of a body.
pub(crate) struct Line {
    inner: Tls,
    /// Absent when it is over.
    ending: Option<Ending>,
    cut: Arc<Cut>,
    /// So many bytes may still leave.
    left: Option<usize>,
}

/// How much of the body of a connection's next answer may leave; all where absent.
#[derive(Debug, Default)]
pub(crate) struct Cut(Mutex<Option<usize>>);

/// Without `NoDelayAcceptor` an answer in two parts waits 40 ms for the other side's acknowledgement.
fn acceptor(tls: Arc<ServerConfig>) -> Acceptor {
    RustlsAcceptor::new(RustlsConfig::from_config(tls)).acceptor(NoDelayAcceptor::new())
}

impl Gate {
    pub(crate) fn new(provider: Arc<Provider>, tls: Arc<ServerConfig>, wrong: WrongTls) -> Self {
        Self { provider, trusted: acceptor(tls), wrong }
    }

    async fn open(self, stream: TcpStream, service: Router) -> io::Result<(Line, Router)> {
        // Before the faults are read: one that is set in between ends this connection too.
        let mut ending = self.provider.connections.ending();
        let outage = self.provider.state().faults.outage();
        let acceptor = match outage {
            None => self.trusted,
            Some(Outage::Certificate(why)) => {
                acceptor(self.wrong.of(why).map(Arc::clone).ok_or(io::ErrorKind::Unsupported)?)
            }
            Some(Outage::Refused) => {
                stream.set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            Some(Outage::Unreachable) => {
                select! {
                    () = ending => {}
                    () = closed(&stream) => {}
                }
                return Err(io::ErrorKind::TimedOut.into());
            }
        };
        let (inner, service) = select! {
            biased;
            () = &mut ending => return Err(io::ErrorKind::ConnectionAborted.into()),
            accepted = acceptor.accept(stream, service) => accepted?,
        };
        let cut = Arc::<Cut>::default();
        let service = service.layer(Extension(Arc::clone(&cut)));
        Ok((Line { inner, ending: Some(ending), cut, left: None }, service))
    }
}

impl Accept<TcpStream, Router> for Gate {
    type Stream = Line;
    type Service = Router;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Line, Router)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: Router) -> Self::Future {
        Box::pin(self.clone().open(stream, service))
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Connections {
    /// Ends all that are open now.
    pub(crate) fn end(&self) {
        self.0.send_replace(());
    }

    /// Completes at the next [`Self::end`].
    fn ending(&self) -> Ending {
        let mut receiver = self.0.subscribe();
        Box::pin(async move {
            // An error means that the provider is gone, which ends a connection as well.
            let _ = receiver.changed().await;
        })
    }
}

impl Cut {
    /// Lets only so many bytes of the next body leave.
    pub(super) fn arm(&self, bytes: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// How much of an answer may leave that begins with these bytes.
    fn take(&self, answer: &[u8]) -> Option<usize> {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body = (*armed)?;
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        *armed = None;
        head.checked_add(4)?.checked_add(body)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // First of all: what a client sends after the end is not read any more.
        let is_over = self.ending.as_mut().is_none_or(|ending| ending.as_mut().poll(cx).is_ready());
        if is_over {
            self.ending = None;
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

/// Vectored writing is left out, so that an answer begins with its whole head in one piece.
impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.left.is_none() {
            this.left = this.cut.take(buf);
        }
        let Some(left) = this.left else { return Pin::new(&mut this.inner).poll_write(cx, buf) };
        if left == 0 {
            ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let part = buf.get(..left).unwrap_or(buf);
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, part))?;
        this.left = Some(left.saturating_sub(written));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// Reads what the other side sends, for nobody, until it gives up.
async fn closed(stream: &TcpStream) {
    let mut buffer = [0; 1024];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_the_head_and_a_part_of_the_body() {
        let cut = Cut::default();
        assert_eq!(cut.take(b"HTTP/1.1 200 OK\r\n\r\nbody"), None);
        cut.arm(2);
        assert_eq!(cut.take(b"HTTP/1.1 200 OK\r\n\r\nbody"), Some(21));
        assert_eq!(cut.take(b"HTTP/1.1 200 OK\r\n\r\nbody"), None, "once");
    }
}
