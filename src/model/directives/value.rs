//! The values of the directives, one reader for each shape.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, Node, closest};
use url::Url;

use super::read::At;
use crate::model::{concealed::Concealed, duration};

/// `registry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The registry's API.
    pub api_url: String,
    /// The API as the Cloud UI's server reaches it, before its own `apiBaseUrl`.
    pub server_api_url: Option<String>,
    /// Whether the address may be private.
    pub allow_private_ip: Option<bool>,
}

/// `telemetry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// The OpenTelemetry collector.
    pub otel_endpoint: String,
    /// The share of traces that is kept, 0 to 1.
    pub sampling_rate: Option<f64>,
    /// Traces are sent.
    pub tracing_enabled: Option<bool>,
    /// Metrics are sent.
    pub metrics_enabled: Option<bool>,
    /// Headers of the requests to the collector.
    pub headers: Concealed<BTreeMap<String, String>>,
    /// Without TLS.
    pub insecure: Option<bool>,
}

/// `ca_certificate`: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaCertificate {
    /// The certificate itself.
    Pem(String),
    /// Where it is.
    Url(String),
}

/// `degraded_mode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DegradedMode {
    /// What happens after the grace.
    pub policy: DegradedPolicy,
    /// How long after the last contact the directives hold with a warning; none where it is absent (CL-GRACE).
    pub grace_period: Option<SignedDuration>,
    /// What a user is told.
    pub message: Option<String>,
}

/// What happens after the grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DegradedPolicy {
    /// Installing goes on, with a warning.
    Warn,
    /// No new server.
    BlockNew,
}

pub(super) fn boolean(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<bool> {
    let value = node.as_bool();
    if value.is_none() {
        at.expected(node, "`true` or `false`, without quotes", findings);
    }
    value
}

/// A map of strings. A number or boolean must be quoted, or the type that arrives is not the one meant.
pub(super) fn texts(
    node: &Node,
    at: At<'_>,
    findings: &mut Diagnostics,
) -> Option<Concealed<BTreeMap<String, String>>> {
    let Some(entries) = node.as_mapping() else {
        at.expected(node, "a map of strings", findings);
        return None;
    };
    let mut texts = BTreeMap::new();
    for entry in entries {
        let path = format!("{}.{}", at.0, entry.key);
        texts.insert(entry.key.clone(), text(&entry.value, At(&path), findings)?.to_owned());
    }
    Some(Concealed::new(texts))
}

pub(super) fn registry(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<Registry> {
    let mut map = Map::open(node, at, &["api_url", "server_api_url", "allow_private_ip"], findings)?;
    let api_url = map.required("api_url", url, findings);
    let server_api_url = map.optional("server_api_url", url, findings);
    let allow_private_ip = map.optional("allow_private_ip", boolean, findings);
    Some(Registry { api_url: api_url?, server_api_url, allow_private_ip })
}

pub(super) fn telemetry(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<Telemetry> {
    let known =
        &["otel_endpoint", "sampling_rate", "tracing_enabled", "metrics_enabled", "headers", "insecure"];
    let mut map = Map::open(node, at, known, findings)?;
    let otel_endpoint = map.required("otel_endpoint", owned, findings);
    let sampling_rate = map.optional("sampling_rate", rate, findings);
    let tracing_enabled = map.optional("tracing_enabled", boolean, findings);
    let metrics_enabled = map.optional("metrics_enabled", boolean, findings);
    let headers = map.optional("headers", texts, findings);
    let insecure = map.optional("insecure", boolean, findings);
    Some(Telemetry {
        otel_endpoint: otel_endpoint?,
        sampling_rate,
        tracing_enabled,
        metrics_enabled,
        headers: headers.unwrap_or_else(|| Concealed::new(BTreeMap::new())),
        insecure,
    })
}

pub(super) fn ca_certificate(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<CaCertificate> {
    let mut map = Map::open(node, at, &["pem", "url"], findings)?;
    match (map.optional("pem", pem, findings), map.optional("url", url, findings)) {
        (Some(pem), None) if !map.has("url") => Some(CaCertificate::Pem(pem)),
        (None, Some(url)) if !map.has("pem") => Some(CaCertificate::Url(url)),
        _ => {
            if map.has("pem") == map.has("url") {
                let which = if map.has("pem") { "both `pem` and `url`" } else { "neither `pem` nor `url`" };
                findings.error(node.span, format!("`{}` has {which}", at.0)).help("give exactly one of them");
            }
            None
        }
    }
}

pub(super) fn degraded_mode(node: &Node, findings: &mut Diagnostics) -> Option<DegradedMode> {
    let at = At("enterpriseConfig.degraded_mode");
    if let Some(entry) =
        node.as_mapping().and_then(|entries| entries.iter().find(|entry| entry.key == "enforcement"))
    {
        findings
            .error(entry.key_span, format!("`{}` has no `enforcement`", at.0))
            .help("it always holds: remove the line");
    }
    let mut map = Map::open(node, at, &["policy", "grace_period", "message", "enforcement"], findings)?;
    let policy = map.required("policy", degraded_policy, findings);
    let grace_period = map.optional("grace_period", grace, findings);
    let message = map.optional("message", owned, findings);
    Some(DegradedMode { policy: policy?, grace_period, message })
}

fn degraded_policy(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<DegradedPolicy> {
    match text(node, at, findings)? {
        "warn" => Some(DegradedPolicy::Warn),
        "block_new" => Some(DegradedPolicy::BlockNew),
        other => {
            findings.error(node.span, format!("`{}` is `{other}`", at.0)).help("it is `warn` or `block_new`");
            None
        }
    }
}

fn grace(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<SignedDuration> {
    match duration::parse(node.as_text().unwrap_or_default()) {
        Ok(length) if length >= SignedDuration::ZERO => Some(length),
        Ok(_) => {
            findings.error(node.span, format!("`{}` is negative", at.0)).help("`0s` means no grace");
            None
        }
        Err(error) => {
            findings.error(node.span, format!("`{}`: {error}", at.0));
            None
        }
    }
}

fn rate(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<f64> {
    let Json::Number(number) = node.to_json() else {
        at.expected(node, "a number from 0 to 1", findings);
        return None;
    };
    let rate = number.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
    if rate.is_none() {
        findings.error(node.span, format!("`{}` is {number}", at.0)).help("it is a share, from 0 to 1");
    }
    rate
}

fn url(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<String> {
    let text = text(node, at, findings)?;
    let usable = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    if !usable || text.trim() != text {
        // A placeholder is reported with its line by the values file.
        if !text.contains('<') {
            findings
                .error(node.span, format!("`{}` is no URL", at.0))
                .help("write it with its scheme, as in `https://registry.example.com`");
        }
        return None;
    }
    Some(text.to_owned())
}

fn pem(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<String> {
    let text = text(node, at, findings)?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        findings
            .error(node.span, format!("`{}` is no PEM certificate", at.0))
            .help("it begins with `-----BEGIN CERTIFICATE-----`; write it as a block, after `|`");
        return None;
    }
    Some(text.to_owned())
}

fn owned(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<String> {
    text(node, at, findings).map(str::to_owned)
}

fn text<'n>(node: &'n Node, at: At<'_>, findings: &mut Diagnostics) -> Option<&'n str> {
    let text = node.as_str();
    match text {
        None => at.expected(node, "a string", findings),
        Some(text) if text.trim().is_empty() => {
            findings.error(node.span, format!("`{}` is empty", at.0));
            return None;
        }
        Some(_) => {}
    }
    text
}

/// A map inside a directive. Unknown members are reported when it is opened.
struct Map<'n, 'p> {
    node: &'n Node,
    at: At<'p>,
    known: &'p [&'static str],
}

type Read<T> = fn(&Node, At<'_>, &mut Diagnostics) -> Option<T>;

impl<'n, 'p> Map<'n, 'p> {
    fn open(
        node: &'n Node,
        at: At<'p>,
        known: &'p [&'static str],
        findings: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(entries) = node.as_mapping() else {
            at.expected(node, "a map", findings);
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            at.unknown(entry, known, findings);
        }
        Some(Self { node, at, known })
    }

    fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some_and(|node| !node.is_null())
    }

    fn optional<T>(&mut self, key: &str, read: Read<T>, findings: &mut Diagnostics) -> Option<T> {
        let node = self.node.get(key).filter(|node| !node.is_null())?;
        read(node, At(&format!("{}.{key}", self.at.0)), findings)
    }

    fn required<T>(&mut self, key: &str, read: Read<T>, findings: &mut Diagnostics) -> Option<T> {
        let entries = self.node.as_mapping().unwrap_or_default();
        let misspelt = entries.iter().any(|entry| {
            let is_known = self.known.contains(&entry.key.as_str());
            !is_known && closest(&entry.key, self.known.iter().copied()) == Some(key)
        });
        if !self.has(key) && !misspelt {
            let span = entries.first().map_or(self.node.span, |entry| entry.key_span);
            findings.error(span, format!("`{}` needs `{key}`", self.at.0));
        }
        self.optional(key, read, findings)
    }
}
