//! Where the components of a process stand.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use rustls::pki_types::CertificateDer;

use super::{TargetError, environment};
use crate::net::{self, Names};

/// The place of one process's components, and how they find the others.
#[derive(Debug)]
pub(in crate::target) enum Ground {
    /// All of them here, each on a port of its own; these are their names.
    Loopback {
        /// Whose certificates they believe.
        authority: CertificateDer<'static>,
        /// Found so far.
        names: Names,
    },
    /// One of them here, with a network around it whose resolver knows the rest.
    Alone {
        /// Whose certificates it believes.
        authority: CertificateDer<'static>,
        /// Which one.
        seat: Seat,
    },
}

/// What one component answers under.
#[derive(Clone, Debug)]
pub(in crate::target) struct Seat {
    /// Its names.
    pub(in crate::target) hosts: Vec<String>,
    /// The port for everybody.
    pub(in crate::target) port: u16,
    /// The port of its control wire.
    pub(in crate::target) wire: u16,
}

impl Ground {
    /// A listener for a component with these names; none where it stands elsewhere.
    pub(super) fn bind(&mut self, hosts: &[String]) -> Result<Option<TcpListener>, TargetError> {
        match self {
            Self::Loopback { names, .. } => {
                let listener = net::bind(0).map_err(environment)?;
                let address = listener.local_addr().map_err(environment)?;
                names.extend(hosts.iter().map(|host| (host.clone(), address)));
                Ok(Some(listener))
            }
            Self::Alone { seat, .. } if seat.hosts == hosts => bind_everywhere(seat.port).map(Some),
            Self::Alone { .. } => Ok(None),
        }
    }

    /// A listener for a control wire.
    pub(super) fn bind_wire(&self) -> Result<TcpListener, TargetError> {
        match self {
            Self::Loopback { .. } => net::bind(0).map_err(environment),
            Self::Alone { seat, .. } => bind_everywhere(seat.wire),
        }
    }

    /// A client for the components.
    pub(super) fn client(&self, limit: Duration) -> Result<net::Client, TargetError> {
        match self {
            Self::Loopback { authority, names } => {
                net::build_client(std::slice::from_ref(authority), names, limit)
            }
            Self::Alone { authority, .. } => net::build_networked_client(authority, limit),
        }
        .map_err(environment)
    }

    /// Where each name is served, as far as this process knows.
    pub(super) fn into_names(self) -> Names {
        match self {
            Self::Loopback { names, .. } => names,
            Self::Alone { .. } => Names::new(),
        }
    }
}

/// In a container every address is the container's own.
pub(in crate::target) fn bind_everywhere(port: u16) -> Result<TcpListener, TargetError> {
    net::bind_at(Ipv4Addr::UNSPECIFIED, port).map_err(environment)
}
