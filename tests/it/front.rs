//! One port for every host: whoever greets as TLS does and names a host of ours is handed on, everybody else is let go.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use touchstone::{
    clock::SystemClock,
    net::{Authority, Client, Faults, Front, Names, Outage, Serving, bind, build_client, front, serve},
};

/// Nobody waits this long for what comes at once.
const LONG: Duration = Duration::from_secs(20);

/// Two hosts behind one port.
struct Rig {
    authority: Authority,
    front: Front,
    faults: Faults,
    _servers: Vec<Serving>,
}

impl Rig {
    fn start(patience: Duration) -> Self {
        let authority = Authority::generate().unwrap();
        let faults = Faults::default();
        let mut names = Names::new();
        let mut servers = Vec::new();
        for (host, faults) in [("one.test", Faults::default()), ("two.test", faults.clone())] {
            let leaf = authority.issue(&[host.to_owned()]).unwrap();
            let router = Router::new().route("/", get(async move || host));
            let server = serve(bind(0).unwrap(), &leaf, Arc::new(SystemClock), &faults, router).unwrap();
            names.insert(host.to_owned(), server.address);
            servers.push(server);
        }
        let front = front(bind(0).unwrap(), names, patience).unwrap();
        Self { authority, front, faults, _servers: servers }
    }

    fn client(&self, hosts: &[&str]) -> Client {
        let names = hosts.iter().map(|host| ((*host).to_owned(), self.front.address)).collect();
        build_client(&[self.authority.certificate()], &names, LONG).unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.front.address).await.unwrap()
    }
}

/// The greeting of a client of a host.
fn greeting(host: &'static str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(config), host.try_into().unwrap()).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// Everything until the other side ends, in order or not.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the connection ends");
    bytes
}

#[tokio::test]
async fn each_host_answers_for_itself() {
    let rig = Rig::start(LONG);
    let client = rig.client(&["one.test", "two.test"]);
    for host in ["one.test", "two.test"] {
        let answer = client.get(format!("https://{host}/")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), host);
    }
}

#[tokio::test]
async fn a_fault_of_the_component_is_the_clients_to_see() {
    let rig = Rig::start(LONG);
    for outage in [Outage::Refused, Outage::Certificate] {
        rig.faults.set(outage, None);
        assert!(rig.client(&["two.test"]).get("https://two.test/").send().await.is_err(), "{outage:?}");
        assert!(rig.client(&["one.test"]).get("https://one.test/").send().await.is_ok(), "{outage:?}");
        rig.faults.clear();
        assert!(rig.client(&["two.test"]).get("https://two.test/").send().await.is_ok(), "{outage:?}");
    }
}

#[tokio::test]
async fn a_host_of_nobody_is_told_so() {
    let rig = Rig::start(LONG);
    let mut stream = rig.connect().await;
    stream.write_all(&greeting("elsewhere.test")).await.unwrap();
    assert_eq!(rest(&mut stream).await, [21, 3, 3, 0, 2, 2, 112], "unrecognized_name");
    // An address has no name to send.
    let mut stream = rig.connect().await;
    stream.write_all(&greeting("127.0.0.1")).await.unwrap();
    assert_eq!(rest(&mut stream).await, [21, 3, 3, 0, 2, 2, 112]);
}

#[tokio::test]
async fn a_greeting_may_come_in_pieces() {
    let rig = Rig::start(LONG);
    let mut stream = rig.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in greeting("ONE.test") {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = [0; 1];
    tokio::time::timeout(LONG, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, [22], "a handshake of the component's");
}

#[tokio::test]
async fn whoever_speaks_something_else_is_let_go() {
    let rig = Rig::start(LONG);
    let mut record = greeting("one.test");
    record[5] = 2;
    let huge: Vec<u8> =
        [22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff].into_iter().chain(std::iter::repeat_n(0, 100_000)).collect();
    for garbage in [b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n".to_vec(), vec![0; 4_096], record, huge] {
        let mut stream = rig.connect().await;
        let _ = stream.write_all(&garbage).await;
        let answer = rest(&mut stream).await;
        assert!(answer.len() <= 7, "at most an alert: {answer:?}");
    }
    assert!(rig.client(&["one.test"]).get("https://one.test/").send().await.is_ok());
}

#[tokio::test]
async fn whoever_takes_too_long_is_let_go() {
    let rig = Rig::start(Duration::from_millis(50));
    let (mut silent, mut slow) = (rig.connect().await, rig.connect().await);
    slow.write_all(&greeting("one.test")[..7]).await.unwrap();
    assert_eq!((rest(&mut silent).await, rest(&mut slow).await), (vec![], vec![]));
    assert!(rig.client(&["one.test"]).get("https://one.test/").send().await.is_ok());
}

#[tokio::test]
async fn nothing_goes_on_once_it_is_dropped() {
    let rig = Rig::start(LONG);
    let mut stream = rig.connect().await;
    stream.write_all(&greeting("one.test")).await.unwrap();
    stream.read_exact(&mut [0; 1]).await.unwrap();
    let address = rig.front.address;
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
    drop(rig);
    rest(&mut stream).await;
    assert!(is_free(address).await);
}

/// Nobody takes connections there any more.
async fn is_free(address: SocketAddr) -> bool {
    // The task that held the listener ends when it is next looked at.
    for _ in 0..1_000 {
        if TcpStream::connect(address).await.is_err() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// What comes back to these bytes on a connection of its own, until it ends or `enough` bytes have come.
fn said_to(authority: &Authority, address: SocketAddr, bytes: &[u8], enough: usize) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "one.test".try_into().unwrap()).unwrap();
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    stream.write_all(bytes).unwrap();
    let mut answer = vec![0; enough];
    let mut read = 0;
    while let Ok(more @ 1..) = stream.read(&mut answer[read..]) {
        read += more;
    }
    answer.truncate(read);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_1_is_spoken_and_nothing_else() {
    let rig = Rig::start(LONG);
    let address = rig.front.address;
    let authority = Arc::new(rig.authority);
    for (request, answer) in [
        (&b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n"[..], &b"HTTP/1.1 200"[..]),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\nhost: one.test\r\nhost: two.test\r\n\r\n", b"HTTP/1.1 400"),
        // HTTP/2 without having been agreed on (RFC 9113 section 3.4): no frame answers it.
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", b""),
    ] {
        let authority = Arc::clone(&authority);
        let said =
            tokio::task::spawn_blocking(move || said_to(&authority, address, request, answer.len().max(1)));
        let said = said.await.unwrap();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(shown(&said), shown(answer), "{}", shown(request));
    }
}
