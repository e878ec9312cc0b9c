//! The provider as a program: reads a tenant file, makes a certificate, serves until it is told to stop.
//!
//! Standard output has one line, a JSON object that says where everything is; mistakes go to standard error.
//! Exit codes: 0 stopped, 2 a wrong option or tenant file, 3 a port or file that cannot be had.

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    net::{IpAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Parser;
use mock_idp::{IdpClock, KeyPool, ManualClock, Settings, Tenant, WrongTls, start};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
};
use serde_json::json;
use spanned_yaml::Source;

/// A mock identity provider: faithful access tokens of Okta, Entra ID and others from a tenant file.
#[derive(Debug, Parser)]
#[command(version, after_help = "Example:\n  mock-idp --config tenant.yaml --port 8443 --ca-out ca.pem")]
struct Options {
    /// The tenant file, or the name of a shipped one: okta-per-component, okta-shared, okta-org-jwt,
    /// okta-org-unpublished, okta-org-opaque, okta-org-beside-custom, entra-quickstart, entra-v1,
    /// entra-multitenant, generic, rfc9068, keycloak, auth0, auth0-opaque, google, cognito.
    #[arg(long, value_name = "FILE")]
    config: String,
    /// Port of the provider; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the control wire; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Address to listen on, both ports.
    #[arg(long, default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Where the issuers live instead of the vendor's host, for clients that cannot be told where that is; port 0
    /// stands for the one that is listened on.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// 64 hexadecimal digits from which keys and ids are drawn; random where left out.
    #[arg(long, value_name = "HEX", value_parser = seed)]
    seed: Option<[u8; 32]>,
    /// Start with a clock that stands still at this time, until the control wire moves it.
    #[arg(long, value_name = "TIME")]
    clock: Option<jiff::Timestamp>,
    /// Certificate chain, PEM; a new authority makes one where left out.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "ca_out")]
    cert: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Write the certificate of the new authority here, for clients to trust.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
}

/// What ends the program before its time.
enum Failure {
    /// 2: what the user wrote is wrong.
    Usage(String),
    /// 3: the environment does not give what is needed.
    Environment(String),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(&Failure::Environment(format!("cannot start: {error}"))),
    };
    match runtime.block_on(serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure),
    }
}

async fn serve(options: &Options) -> Result<(), Failure> {
    let (tenant, warnings) = tenant(&options.config)?;
    if !warnings.is_empty() {
        say(&warnings);
    }
    let listening = listener(options.bind, options.port)?;
    let tenant = match &options.public_url {
        Some(url) => moved(tenant, url, &listening)?,
        None => tenant,
    };
    let hosts = tenant.hosts();
    let params = params(&hosts)?;
    let stranger = authority("mock-idp authority that nobody trusts")?;
    let untrusted = Some(signed(&stranger, &params)?);
    let (tls, wrong_tls) = if let (Some(cert), Some(key)) = (&options.cert, &options.key) {
        // Without its authority there is no other certificate that would be trusted but for one reason.
        (given_tls(cert, key)?, WrongTls { untrusted, ..WrongTls::default() })
    } else {
        let (tls, wrong) = own_tls(&params, options.ca_out.as_deref())?;
        (tls, WrongTls { untrusted, ..wrong })
    };
    let secret = URL_SAFE_NO_PAD.encode(random_bytes()?);
    let issuers = tenant.issuers();
    let keys = options.seed.map_or_else(KeyPool::new, KeyPool::seeded);
    let preparing = {
        let (keys, tenant) = (keys.clone(), tenant.clone());
        move || keys.prepare(&tenant)
    };
    let settings = Settings {
        tenant,
        seed: options.seed.map_or_else(random_bytes, Ok)?,
        clock: options.clock.map_or(IdpClock::System, |now| IdpClock::Manual(ManualClock::at(now))),
        keys,
        tls,
        wrong_tls,
        listener: listening,
        control: Some((listener(options.bind, options.control_port)?, secret.clone())),
    };
    let mut told = Told::new()
        .map_err(|error| Failure::Environment(format!("error: cannot wait for signals: {error}")))?;
    let running = start(settings).map_err(|error| Failure::Environment(format!("cannot serve: {error}")))?;
    // A key of RSA takes a while: the first request for a token waits for the rest of it only.
    thread::spawn(preparing);
    let line = json!({
        "address": running.address,
        "control_address": running.control_address,
        "control_secret": secret,
        "issuers": issuers,
        "hosts": hosts,
    });
    // A closed pipe is nobody listening: no reason to stop.
    let _ = writeln!(io::stdout().lock(), "{line}");
    told.wait().await;
    running.stop(Duration::from_secs(2)).await.map_err(|error| Failure::Environment(error.to_string()))
}

/// Ctrl-C, or SIGTERM. The signals are caught from the creation on, not from the first wait.
struct Told {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Told {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(windows)]
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(windows)]
    async fn wait(&mut self) {
        self.interrupt.recv().await;
    }
}

/// A file, or a tenant that comes with the crate.
fn tenant(config: &str) -> Result<(Tenant, spanned_yaml::Diagnostics), Failure> {
    let path = Path::new(config);
    let shipped = mock_idp::tenants::SHIPPED.iter().find(|(name, _)| *name == config && !path.exists());
    let source = match shipped {
        Some((name, text)) => Source::new(name, text),
        None => Source::read(path)
            .map_err(|error| Failure::Usage(format!("error: {error}{}", advice(config, path))))?,
    };
    Tenant::parse(&source).map_err(|diagnostics| Failure::Usage(diagnostics.to_string()))
}

/// Of a name without an extension the shipped tenants, the nearest first.
fn advice(config: &str, path: &Path) -> String {
    if path.extension().is_some() || path.components().count() != 1 {
        return String::new();
    }
    let names = mock_idp::tenants::SHIPPED.iter().map(|(name, _)| *name);
    let nearest = spanned_yaml::closest(config, names.clone());
    let meant = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("{meant}\n  the tenants that come with the program are {}", names.collect::<Vec<_>>().join(", "))
}

/// The tenant with its issuers at a public address.
fn moved(tenant: Tenant, url: &str, listener: &TcpListener) -> Result<Tenant, Failure> {
    let port = listener
        .local_addr()
        .map_err(|error| Failure::Environment(format!("error: cannot tell the port: {error}")))?
        .port();
    let url = match url.trim_end_matches('/').strip_suffix(":0") {
        Some(host) => format!("{host}:{port}"),
        None => url.to_owned(),
    };
    tenant.at(&url).map_err(|error| Failure::Usage(format!("error: {error}")))
}

fn listener(bind: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((bind, port)).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "; choose another port, or 0 for a free one",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
            _ => "",
        };
        Failure::Environment(format!("error: cannot listen on {bind} port {port}: {error}{advice}"))
    })
}

fn given_tls(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, Failure> {
    let wrong =
        |path: &Path, why: &dyn Display| Failure::Usage(format!("error: `{}`: {why}", path.display()));
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(cert, &error))?;
    if chain.is_empty() {
        return Err(wrong(cert, &"there is no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    tls(chain, private)
}

/// A certificate of an authority of this run, and its wrong twins.
fn own_tls(
    params: &CertificateParams,
    ca_out: Option<&Path>,
) -> Result<(Arc<ServerConfig>, WrongTls), Failure> {
    let authority = authority("mock-idp per-run authority")?;
    if let Some(path) = ca_out {
        fs::write(path, authority.pem()).map_err(|error| {
            Failure::Environment(format!("error: cannot write `{}`: {error}", path.display()))
        })?;
    }
    let mut expired = params.clone();
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let elsewhere = CertificateParams::new(vec!["elsewhere.invalid".to_owned()]).map_err(no_certificate)?;
    let wrong = WrongTls {
        untrusted: None,
        expired: Some(signed(&authority, &expired)?),
        other_name: Some(signed(&authority, &elsewhere)?),
    };
    Ok((signed(&authority, params)?, wrong))
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, Failure> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(no_certificate)?).map_err(no_certificate)
}

/// A certificate for the tenant's hosts and this machine.
fn params(hosts: &[String]) -> Result<CertificateParams, Failure> {
    let mut names = hosts.to_vec();
    for name in ["localhost", "127.0.0.1", "::1"] {
        if !names.iter().any(|host| host == name) {
            names.push(name.to_owned());
        }
    }
    let mut params = CertificateParams::new(names).map_err(no_certificate)?;
    params.distinguished_name.push(DnType::CommonName, "mock-idp");
    Ok(params)
}

fn signed(
    authority: &CertifiedIssuer<'static, KeyPair>,
    params: &CertificateParams,
) -> Result<Arc<ServerConfig>, Failure> {
    let key = KeyPair::generate().map_err(no_certificate)?;
    let leaf = params.signed_by(&key, authority).map_err(no_certificate)?;
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    tls(chain, PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn no_certificate(error: rcgen::Error) -> Failure {
    Failure::Environment(format!("error: cannot make a certificate: {error}"))
}

/// HTTP/1.1 only: HTTP/2 refuses the large headers that tests send.
fn tls(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| Failure::Usage(format!("error: cannot serve with this certificate: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn seed(hex: &str) -> Result<[u8; 32], String> {
    let mut seed = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("64 hexadecimal digits are needed".to_owned());
    }
    for (index, byte) in seed.iter_mut().enumerate() {
        let digits = hex.get(2 * index..2 * index + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).map_err(|_| format!("`{digits}` is not hexadecimal"))?;
    }
    Ok(seed)
}

fn random_bytes() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Failure::Environment("error: no randomness".to_owned()))?;
    Ok(bytes)
}

/// Tells a person something. With standard error closed there is nobody to tell.
fn say(message: &impl Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

fn ended(failure: &Failure) -> ExitCode {
    let (code, message) = match failure {
        Failure::Usage(message) => (2, message),
        Failure::Environment(message) => (3, message),
    };
    say(message);
    ExitCode::from(code)
}
