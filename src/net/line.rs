//! The connections of a server that can be put out of reach: taken by `Switchboard`, and each a `Line` that ends when
//! the faults say so.
//!
//! A line lies above TLS: it sees HTTP as it is written, which is what lets it break off within a body.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum_server::{
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

use super::{
    Leaf,
    faults::{Cut, Faults, Outage},
};

/// The time that a connection lingers.
const LINGER: Duration = Duration::from_millis(500);

/// Takes connections as the faults say.
#[derive(Clone)]
pub(super) struct Switchboard {
    trusted: RustlsAcceptor,
    /// With sessions of its own: one that was resumed would show no certificate.
    untrusted: RustlsAcceptor,
    faults: Faults,
}

/// An open connection.
pub(super) struct Line<T> {
    stream: T,
    peer: SocketAddr,
    faults: Faults,
    /// None once it completed.
    cut: Option<Cut>,
    ending: Option<Ending>,
    /// Set while the other side finishes what it was sending.
    patience: Option<Pin<Box<Sleep>>>,
}

/// An answer that breaks off.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    head: bool,
    /// Bytes of the body that still pass.
    left: usize,
}

impl Switchboard {
    pub(super) fn new(leaf: &Leaf, faults: Faults) -> Self {
        let acceptor = |config| RustlsAcceptor::new(RustlsConfig::from_config(config));
        Self { trusted: acceptor(leaf.config.clone()), untrusted: acceptor(leaf.untrusted.clone()), faults }
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Switchboard {
    type Stream = Line<<RustlsAcceptor as Accept<TcpStream, S>>::Stream>;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { trusted, untrusted, faults } = self.clone();
        Box::pin(async move {
            let mut cut = faults.cut();
            let (stream, outage) = faults.admit(stream)?;
            // Without it an answer in two parts waits 40 ms for the other side's acknowledgement.
            stream.set_nodelay(true)?;
            let peer = stream.peer_addr()?;
            let acceptor = if outage == Some(Outage::Certificate) { untrusted } else { trusted };
            let (stream, service) = tokio::select! {
                () = &mut cut => return Err(io::ErrorKind::ConnectionAborted.into()),
                accepted = acceptor.accept(stream, service) => accepted?,
            };
            Ok((Line { stream, peer, faults, cut: Some(cut), ending: None, patience: None }, service))
        })
    }
}

impl<T> Line<T> {
    /// An error once the line is cut. The reader of an idle connection is woken by it.
    fn go_on(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Some(cut) = &mut self.cut
            && cut.as_mut().poll(context).is_pending()
        {
            return Ok(());
        }
        self.cut = None;
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.go_on(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Line<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.go_on(context)?;
        if self.ending.is_none() {
            let left = self.faults.take_truncation(self.peer);
            self.ending = left.map(|left| Ending { head: true, left });
        }
        let passing = self.ending.as_ref().map_or(bytes.len(), |ending| ending.passing(bytes));
        if passing == 0 && !bytes.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let bytes = bytes.get(..passing).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if let Some(ending) = &mut self.ending {
            ending.wrote(bytes.get(..written).unwrap_or(bytes));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// A refusal before the request was read whole is lost if the connection is closed at once, since what still arrives
    /// is answered with a reset. So what the other side sends is read for a while, and thrown away (RFC 9112 §9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.patience.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        let patience = self.patience.get_or_insert_with(patience);
        if patience.as_mut().poll(context).is_ready() || self.go_on(context).is_err() {
            return Poll::Ready(Ok(()));
        }
        let mut thrown_away = [0; 16 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // It has closed its side too.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// How long the other side may take to notice that it was answered.
#[expect(
    clippy::disallowed_methods,
    reason = "a bound on a connection that ends, in real time like every time-out"
)]
fn patience() -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(LINGER))
}

impl<T> Drop for Line<T> {
    /// What was to break off and was never written is forgotten: another connection may get the peer's port.
    fn drop(&mut self) {
        self.faults.take_truncation(self.peer);
    }
}

impl Ending {
    /// How many of these bytes pass: the head, and of the body what is left.
    fn passing(&self, bytes: &[u8]) -> usize {
        let most = match (self.head, head(bytes)) {
            (true, None) => bytes.len(),
            (true, Some(head)) => head.saturating_add(self.left),
            (false, _) => self.left,
        };
        most.min(bytes.len())
    }

    fn wrote(&mut self, bytes: &[u8]) {
        let body = match (self.head, head(bytes)) {
            (true, None) => return,
            (true, Some(head)) => bytes.len() - head,
            (false, _) => bytes.len(),
        };
        self.head = false;
        self.left = self.left.saturating_sub(body);
    }
}

/// The length of a message's head, if it ends within these bytes (RFC 9112 §2.1). The server writes a head in one.
fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_passes_and_of_the_body_what_is_left() {
        let message = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef";
        let head = message.len() - 6;
        let mut ending = Ending { head: true, left: 3 };
        assert_eq!(ending.passing(message), head + 3);
        // However the writes are cut.
        ending.wrote(&message[..=head]);
        assert_eq!(ending, Ending { head: false, left: 2 });
        assert_eq!(ending.passing(b"bcdef"), 2);
        ending.wrote(b"bc");
        assert_eq!(ending.passing(b"def"), 0);
    }
}
