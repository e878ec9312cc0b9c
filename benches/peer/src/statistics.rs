//! What the runs come to, and what the bare signature would allow.

use std::{
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};

use crate::Outcome;

/// One run of a server.
pub(crate) struct Run {
    pub(crate) listening: Duration,
    pub(crate) first_token: Duration,
    pub(crate) memory_kib: u64,
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
    pub(crate) latencies: Vec<Duration>,
    /// The server's, for one token.
    pub(crate) processor_micros: f64,
}

/// The medians of several runs.
pub(crate) struct Median {
    listening: f64,
    first_token: f64,
    memory: f64,
    rate: f64,
    p50: f64,
    p99: f64,
    processor: f64,
}

pub(crate) fn median(mut runs: Vec<Run>) -> Outcome<Median> {
    for run in &mut runs {
        run.latencies.sort_unstable();
    }
    let of = |figure: &dyn Fn(&Run) -> f64| -> Outcome<f64> { middle(runs.iter().map(figure).collect()) };
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    Ok(Median {
        listening: of(&|run| millis(run.listening))?,
        first_token: of(&|run| millis(run.first_token))?,
        memory: of(&|run| number(run.memory_kib) / 1024.0)?,
        rate: of(&|run| number(run.tokens as u64) / run.seconds)?,
        p50: of(&|run| millis(percentile(&run.latencies, 50)))?,
        p99: of(&|run| millis(percentile(&run.latencies, 99)))?,
        processor: of(&|run| run.processor_micros)?,
    })
}

pub(crate) fn middle(mut figures: Vec<f64>) -> Outcome<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().ok_or_else(|| "no runs".into())
}

/// RS256 signatures a second with every core signing, and nothing else to do.
pub(crate) fn signing_limit(length: Duration) -> Outcome<f64> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let end = Instant::now() + length;
    let sign = || -> u64 {
        let (random, message) = (SystemRandom::new(), [b'a'; 600]);
        let mut signature = vec![0; key.public_modulus_len()];
        let mut signed = 0;
        while Instant::now() < end && key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature).is_ok() {
            signed += 1;
        }
        signed
    };
    let signed: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(sign)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    Ok(number(signed) / length.as_secs_f64())
}

pub(crate) fn report(own: &Median, peer: Option<&Median>, limit: f64, binary_bytes: u64) {
    let row = |what: &str, figure: fn(&Median) -> f64, digits: usize| {
        let peer = peer.map_or("–".to_owned(), |peer| format!("{:.digits$}", figure(peer)));
        println!("| {what} | {:.digits$} | {peer} |", figure(own));
    };
    println!("| Median of the runs | mock-idp | oauth2-mock-server |\n|---|---|---|");
    row("tokens a second", |run| run.rate, 0);
    row("latency, p50, ms", |run| run.p50, 2);
    row("latency, p99, ms", |run| run.p99, 2);
    row("processor time of the server, µs a token", |run| run.processor, 0);
    row("start to listening, ms", |run| run.listening, 0);
    row("start to the first token, ms", |run| run.first_token, 0);
    row("most memory, MiB", |run| run.memory, 1);
    println!();
    if let Some(peer) = peer {
        println!("ratio of tokens a second: {:.1}", own.rate / peer.rate);
    }
    println!(
        "bare RS256 signatures a second on all cores: {limit:.0}; reached beside the client: {:.0} %",
        100.0 * own.rate / limit
    );
    println!("binary: {:.1} MiB", number(binary_bytes) / f64::from(1 << 20));
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Of sorted figures.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).or(sorted.last()).copied().unwrap_or_default()
}
