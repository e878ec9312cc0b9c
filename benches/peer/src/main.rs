//! mock-idp beside npm's oauth2-mock-server: the client-credentials grant with RS256 over TLS, eight connections.
//!
//! Both have RSA keys of 2,048 bits, the same certificate and the same client. They run in alternation, each time in a
//! new process, and the medians count. The client shares the cores with the server, so what the bare signature
//! would allow on all cores is an upper bound that no server reaches here.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures real time and tells a person what came of it"
)]

mod connection;
mod load;
mod server;
mod statistics;

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use crate::{
    load::Load,
    server::{Certificate, Kind, Server},
    statistics::{Run, median, report},
};

/// What a measurement may fail with: there is nobody to tell the kinds apart.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Debug, Parser)]
struct Options {
    /// The release binary of mock-idp.
    #[arg(long, value_name = "FILE", default_value = "target/release/mock-idp")]
    mock_idp: PathBuf,
    /// Measured seconds of a run; one second of warming up comes before.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Runs of each.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Without the peer.
    #[arg(long)]
    alone: bool,
    /// Say the process id of mock-idp before it is measured, for a profiler.
    #[arg(long)]
    announce: bool,
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let certificate = Certificate::new()?;
    let length = Duration::from_secs(options.seconds);
    let (mut own, mut peer, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.runs {
        limits.push(statistics::signing_limit(Duration::from_secs(1))?);
        own.push(runtime.block_on(run(
            Kind::MockIdp(&options.mock_idp),
            &certificate,
            length,
            options.announce,
        ))?);
        if !options.alone {
            peer.push(runtime.block_on(run(Kind::Peer, &certificate, length, false))?);
        }
    }
    let size = std::fs::metadata(&options.mock_idp)?.len();
    report(
        &median(own)?,
        (!options.alone).then(|| median(peer)).transpose()?.as_ref(),
        statistics::middle(limits)?,
        size,
    );
    Ok(())
}

/// A new process, measured from its start to its end.
async fn run(kind: Kind<'_>, certificate: &Certificate, length: Duration, announce: bool) -> Outcome<Run> {
    let server = Server::start(&kind, certificate)?;
    if announce {
        println!("process {}", server.id());
    }
    let load = Load::new(&server, certificate).await?;
    let first_token = server.since_start();
    let before = server.processor_seconds()?;
    let measured = load.run(length).await?;
    let processor_seconds = server.processor_seconds()? - before;
    Ok(Run {
        listening: server.listening,
        first_token,
        memory_kib: server.memory_kib()?,
        tokens: measured.tokens,
        seconds: measured.seconds,
        processor_micros: 1e6 * processor_seconds / statistics::number(measured.all as u64),
        latencies: measured.latencies,
    })
}
