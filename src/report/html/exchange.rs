//! What went over the wire, as lines of text: in full where somebody has to act, shortened where all is well.

use crate::{
    outcome::{Exchange, trim::is_page},
    report::visible::abbreviate,
};

/// How much of the traffic is on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// What was checked, of the first case of a scenario alone.
    Outline,
    /// What was checked, and nothing of the traffic.
    Verdicts,
    /// One line an exchange.
    Lines,
    /// The headers that explain an answer, and the beginning of a body.
    Short,
    /// All headers, and bodies of up to 200 lines.
    Full,
}

/// Answer headers that explain an answer.
const TELLING: [&str; 5] = ["www-authenticate", "location", "etag", "content-type", "retry-after"];

/// An exchange on the page.
pub(super) struct Wire {
    /// `enterprise-manager: GET https://… → 401, 3 ms`
    pub(super) line: String,
    /// Request and answer, if they are shown.
    pub(super) texts: Option<[String; 2]>,
}

impl Wire {
    pub(super) fn new(exchange: &Exchange, evidence: Evidence) -> Self {
        let request = &exchange.request;
        let url = clipped(&abbreviate(&request.url), if evidence == Evidence::Full { 2_000 } else { 110 });
        let answer = match (&exchange.response, &exchange.error) {
            (Some(response), _) => response.status.to_string(),
            (None, Some(error)) => format!("no answer: {error}"),
            (None, None) => "no answer".to_owned(),
        };
        let line = format!(
            "{}: {} {url} \u{2192} {answer}, {:.0} ms",
            exchange.component, request.method, exchange.duration_ms
        );
        let texts = (evidence > Evidence::Lines).then(|| {
            let sent = message(&request.headers, request.body.as_deref(), evidence, |_| true);
            let received = exchange.response.as_ref().map_or_else(String::new, |response| {
                let telling = |name: &str| evidence == Evidence::Full || TELLING.contains(&name);
                message(&response.headers, response.body.as_deref(), evidence, telling)
            });
            [sent, received]
        });
        Self { line, texts: texts.filter(|texts| texts.iter().any(|text| !text.is_empty())) }
    }
}

/// Headers, an empty line, the body.
fn message(
    headers: &[(String, String)],
    body: Option<&str>,
    evidence: Evidence,
    wanted: impl Fn(&str) -> bool,
) -> String {
    let mut text: Vec<_> = headers
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| format!("{name}: {}", abbreviate(value)))
        .collect();
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        if !text.is_empty() {
            text.push(String::new());
        }
        text.push(content(body, evidence));
    }
    text.join("\n")
}

fn content(body: &str, evidence: Evidence) -> String {
    const LINES: usize = 200;
    if is_page(body) {
        return format!("[an HTML page of {} lines, in the JSON report]", body.lines().count());
    }
    if evidence < Evidence::Full {
        return clipped(&abbreviate(body), 300);
    }
    let pretty = match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| body.to_owned())
        }
        _ => body.to_owned(),
    };
    let pretty = abbreviate(&pretty);
    let more = pretty.lines().count().saturating_sub(LINES);
    if more == 0 {
        return pretty;
    }
    let kept: Vec<_> = pretty.lines().take(LINES).collect();
    format!("{}\n[{more} more lines in the JSON report]", kept.join("\n"))
}

/// The beginning of a text, with a word about the rest.
pub(super) fn clipped(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    if length <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest).collect();
    format!("{start}\u{2026} [{} more characters in the JSON report]", length - longest)
}
