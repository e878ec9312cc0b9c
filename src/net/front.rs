//! One address for every host: the client's greeting names the host, and the connection is handed on to where that is
//! served.
//!
//! TLS is not ended here. What is read of the greeting (the `ClientHello`, RFC 8446 §4.1.2) is sent on as it came, so
//! that a client sees the component's own certificate, its faults and its answers.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use rustls::server::Acceptor;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::TcpStream,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::Names;

/// How many connections are open at once: each takes three of the process's descriptors.
const MOST_OPEN: usize = 256;

/// A greeting has one record of 16 KiB, as clients write it.
const MOST_BYTES: usize = 32 << 10;

/// A fatal alert, `unrecognized_name` (RFC 6066 §3), as a record of TLS 1.2.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// The address. Dropping it closes the listener and every connection through it.
#[derive(Debug)]
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections for `hosts` on one listener until the returned value is dropped; a greeting may take `patience`.
/// Must be called inside a runtime.
pub fn front(listener: TcpListener, hosts: Names, patience: Duration) -> io::Result<Front> {
    let address = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let task = tokio::spawn(take(listener, Arc::new(hosts), patience));
    Ok(Front { address, task })
}

async fn take(listener: tokio::net::TcpListener, hosts: Arc<Names>, patience: Duration) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < MOST_OPEN => {
                match accepted {
                    Ok((client, _)) => {
                        open.spawn(carry(client, Arc::clone(&hosts), patience));
                    }
                    // It ended before it was taken, or the descriptors are used up until another ends.
                    Err(_) => {
                        open.join_next().await;
                    }
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

/// One connection, from its greeting to its end. Whatever goes wrong ends it.
async fn carry(mut client: TcpStream, hosts: Arc<Names>, patience: Duration) {
    if let Err(_ended) = hand_on(&mut client, &hosts, patience).await {
        // The client sees what the component did: a connection that was reset is no orderly end.
        let _ = client.set_zero_linger();
    }
}

async fn hand_on(client: &mut TcpStream, hosts: &Names, patience: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (greeting, host) = timeout(patience, greeting(client)).await??;
    let Some(address) = host.and_then(|host| hosts.get(&host)) else {
        client.write_all(&UNRECOGNIZED_NAME).await?;
        return client.shutdown().await;
    };
    let mut server = TcpStream::connect(address).await?;
    server.set_nodelay(true)?;
    server.write_all(&greeting).await?;
    copy_bidirectional(client, &mut server).await?;
    Ok(())
}

/// What the client sent up to its whole greeting, and the host that it names, in lower case.
async fn greeting(client: &mut TcpStream) -> io::Result<(Vec<u8>, Option<String>)> {
    let mut acceptor = Acceptor::default();
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = client.read(&mut part).await?;
        let mut part =
            part.get(..read).filter(|part| !part.is_empty()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.extend_from_slice(part);
        if bytes.len() > MOST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        while !part.is_empty() {
            acceptor.read_tls(&mut part)?;
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let host = accepted.client_hello().server_name().map(str::to_ascii_lowercase);
                return Ok((bytes, host));
            }
            Err((error, mut alert)) => {
                let mut words = Vec::new();
                alert.write_all(&mut words)?;
                client.write_all(&words).await?;
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
    }
}
