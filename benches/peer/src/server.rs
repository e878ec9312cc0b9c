//! The two servers as processes, and the certificate that both serve.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::Value as Json;

use crate::Outcome;

/// A certificate for localhost as files, and the authority to trust.
pub(crate) struct Certificate {
    pub(crate) authority: CertificateDer<'static>,
    chain: PathBuf,
    key: PathBuf,
}

/// Which server.
pub(crate) enum Kind<'a> {
    MockIdp(&'a Path),
    Peer,
}

/// A running server. It ends with this value.
pub(crate) struct Server {
    child: Child,
    started: Instant,
    /// From the start of the process to its first line, which it writes when it listens.
    pub(crate) listening: Duration,
    pub(crate) address: String,
    pub(crate) issuer: String,
    /// A machine's credentials, and what it asks for.
    pub(crate) form: String,
}

impl Certificate {
    pub(crate) fn new() -> Outcome<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.distinguished_name.push(DnType::CommonName, "bench authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
        let folder = std::env::temp_dir().join(format!("bench-peer-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (chain, private) = (folder.join("chain.pem"), folder.join("key.pem"));
        std::fs::write(&chain, format!("{}{}", leaf.pem(), authority.pem()))?;
        std::fs::write(&private, key.serialize_pem())?;
        Ok(Self { authority: authority.der().clone(), chain, key: private })
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        if let Some(folder) = self.key.parent() {
            // A folder that stays is no reason to fail after the measurement.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Server {
    pub(crate) fn start(kind: &Kind<'_>, certificate: &Certificate) -> Outcome<Self> {
        let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
        let (mut command, form) = match kind {
            Kind::MockIdp(binary) => {
                let mut command = Command::new(binary);
                command.args(["--config", "okta-per-component", "--public-url", "https://localhost:0"]);
                command.arg("--cert").arg(&certificate.chain).arg("--key").arg(&certificate.key);
                let credentials = "client_id=0oaclouduitouch01&client_secret=cloud-ui-mock-secret";
                (command, format!("{credentials}&grant_type=client_credentials&scope=toolhive:config:read"))
            }
            Kind::Peer => {
                let mut command = Command::new("node");
                command.arg(node.join("server.js")).arg(&certificate.chain).arg(&certificate.key);
                (command, "grant_type=client_credentials&scope=toolhive:config:read&client_id=a".to_owned())
            }
        };
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let listening = started.elapsed();
        let said: Json = serde_json::from_str(&line)
            .map_err(|_| "the server did not start; the peer needs `npm ci --prefix benches/peer/node`")?;
        let text = |pointer| said.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(Self { child, started, listening, address: text("/address"), issuer: text("/issuers/0"), form })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn since_start(&self) -> Duration {
        self.started.elapsed()
    }

    /// Resident memory, the most that there was.
    pub(crate) fn memory_kib(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time since the start, user and system, in seconds.
    pub(crate) fn processor_seconds(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // Behind the name in parentheses, which may hold blanks: fields 14 and 15, in ticks of 10 ms.
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks = |index| -> Outcome<f64> {
            Ok(fields.split_ascii_whitespace().nth(index).ok_or("no such field")?.parse()?)
        };
        Ok((ticks(11)? + ticks(12)?) / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already if these fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
