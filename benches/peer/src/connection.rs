//! A connection over TLS with HTTP/1.1, kept open.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use serde_json::Value as Json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    Outcome,
    server::{Certificate, Server},
};

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    pub(crate) async fn open(server: &Server, certificate: &Certificate) -> Outcome<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.authority.clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(&server.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends with its sender, or fails, which the sender hears.
        tokio::spawn(connection);
        Ok(Self { sender, host: server.address.clone() })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Outcome<Json> {
        let request = Request::get(path).header("host", &self.host).body(Full::default())?;
        Ok(serde_json::from_slice(&self.send(request).await?)?)
    }

    pub(crate) async fn post(&mut self, path: &str, form: Bytes) -> Outcome<Bytes> {
        let request = Request::post(path)
            .header("host", &self.host)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", form.len())
            .body(Full::new(form))?;
        self.send(request).await
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Outcome<Bytes> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into())
        }
    }
}
