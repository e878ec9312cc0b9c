//! A server out of reach on purpose: nothing answers, connections are reset, the certificate is a stranger's, an
//! answer breaks off.
//!
//! The listener stays, so that its port stays ours. This file knows connections, and nothing of what is asked on them.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{net::TcpStream, sync::watch};

/// A server's faults below HTTP; given to [`serve`](super::serve()). Clones share their state.
#[derive(Clone)]
pub struct Faults(Arc<Switch>);

/// How a server is out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Connections are taken, and nothing ever comes back.
    Unreachable,
    /// Connections are reset at once.
    Refused,
    /// TLS with the certificate of an authority that nobody trusts.
    Certificate,
}

/// Completes when every connection that is open now is to end.
pub(super) type Cut = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Switch {
    state: Mutex<State>,
    /// Counts the changes: each ends the connections made before it.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// The last one is in force, for so many connections more.
    outages: Vec<(Outage, Option<u64>)>,
    /// Connections that nobody answers. No task waits on them.
    parked: Vec<TcpStream>,
    /// Peers whose next answer breaks off after so many bytes of its body.
    truncated: BTreeMap<SocketAddr, usize>,
}

impl Faults {
    /// Puts an outage in force, for all connections or for the next ones; the same outage is replaced. Open
    /// connections end.
    pub fn set(&self, outage: Outage, connections: Option<u64>) {
        let mut state = self.state();
        state.outages.retain(|(other, _)| *other != outage);
        state.outages.push((outage, connections));
        self.change(state);
    }

    /// Ends every outage, and the connections that were made under it.
    pub fn clear(&self) {
        let mut state = self.state();
        if state.outages.is_empty() && state.parked.is_empty() {
            return;
        }
        state.outages.clear();
        self.change(state);
    }

    /// The outages in the order in which they were set, each with the number of connections that it still has.
    #[must_use]
    pub fn outages(&self) -> Vec<(Outage, Option<u64>)> {
        self.state().outages.clone()
    }

    /// The answer that is now made to `peer` breaks off after `bytes` of its body, and the connection ends.
    pub fn truncate(&self, peer: SocketAddr, bytes: usize) {
        self.state().truncated.insert(peer, bytes);
    }

    /// Ends every open connection and what hangs.
    pub(super) fn hang_up(&self) {
        self.change(self.state());
    }

    /// To be asked before [`admit`](Self::admit), so that no change is missed.
    pub(super) fn cut(&self) -> Cut {
        let mut changes = self.0.changes.subscribe();
        Box::pin(async move {
            // An error says that the switch is gone, and with it the server.
            let _ = changes.changed().await;
        })
    }

    /// A new connection: itself with the outage that its handshake shows, if any, or an error once it was dealt with.
    pub(super) fn admit(&self, stream: TcpStream) -> io::Result<(TcpStream, Option<Outage>)> {
        let mut state = self.state();
        let outage = state.next();
        match outage {
            None | Some(Outage::Certificate) => return Ok((stream, outage)),
            Some(Outage::Unreachable) => state.parked.push(stream),
            Some(Outage::Refused) => stream.set_zero_linger()?,
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// After how many bytes of its body the answer to a peer breaks off, if it does.
    pub(super) fn take_truncation(&self, peer: SocketAddr) -> Option<usize> {
        self.state().truncated.remove(&peer)
    }

    fn change(&self, mut state: MutexGuard<'_, State>) {
        state.parked.clear();
        drop(state);
        self.0.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The outage in force for one connection more.
    fn next(&mut self) -> Option<Outage> {
        let (outage, left) = self.outages.last_mut()?;
        let outage = *outage;
        if let Some(left) = left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.outages.pop();
            }
        }
        Some(outage)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(Switch { state: Mutex::default(), changes: watch::Sender::new(0) }))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults").field(&self.outages()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_outage_is_in_force_for_its_connections() {
        let faults = Faults::default();
        faults.set(Outage::Refused, None);
        faults.set(Outage::Certificate, Some(2));
        let next = || faults.state().next();
        assert_eq!([next(), next()], [Some(Outage::Certificate); 2]);
        assert_eq!([next(), next()], [Some(Outage::Refused); 2]);
        assert_eq!(faults.outages(), [(Outage::Refused, None)]);
        faults.clear();
        assert_eq!(next(), None);
    }

    #[test]
    fn the_same_outage_is_replaced() {
        let faults = Faults::default();
        faults.set(Outage::Refused, Some(7));
        faults.set(Outage::Refused, None);
        assert_eq!(faults.outages(), [(Outage::Refused, None)]);
    }

    #[tokio::test]
    async fn every_change_ends_what_was_open_before_it() {
        let faults = Faults::default();
        let (before, other) = (faults.cut(), faults.cut());
        faults.set(Outage::Refused, None);
        before.await;
        let during = faults.cut();
        faults.clear();
        other.await;
        during.await;
    }
}
