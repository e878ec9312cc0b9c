//! A request and its answer, as they went over the wire: `>` is what was sent, `<` what came back.

use super::page::{Ink, Page, span};
use crate::{
    outcome::{Exchange, HttpRequest, HttpResponse, trim::is_page},
    report::visible::abbreviate,
};

/// So many lines of a body are shown; the JSON report has the rest.
const BODY_LINES: usize = 12;

pub(super) fn section(page: &mut Page, exchange: &Exchange) {
    page.label_at(
        2,
        "wire",
        &[
            span(Ink::Plain, exchange.component.as_str()),
            span(Ink::Dim, &format!(", {:.0} ms", exchange.duration_ms)),
        ],
    );
    request(page, &exchange.request);
    match (&exchange.response, &exchange.error) {
        (Some(answer), _) => response(page, answer),
        (None, Some(error)) => page.verbatim(2, "< ", Ink::Magenta, &format!("no answer: {error}")),
        (None, None) => page.verbatim(2, "< ", Ink::Magenta, "no answer"),
    }
}

fn request(page: &mut Page, request: &HttpRequest) {
    page.verbatim(2, "> ", Ink::Bold, &format!("{} {}", request.method, request.url));
    headers(page, "> ", &request.headers);
    body(page, "> ", request.body.as_deref());
}

fn response(page: &mut Page, response: &HttpResponse) {
    page.verbatim(2, "< ", Ink::Bold, &response.status.to_string());
    headers(page, "< ", &response.headers);
    body(page, "< ", response.body.as_deref());
}

fn headers(page: &mut Page, prefix: &str, headers: &[(String, String)]) {
    for (name, value) in headers {
        page.verbatim(2, prefix, Ink::Plain, &format!("{name}: {}", abbreviate(value)));
    }
}

fn body(page: &mut Page, prefix: &str, body: Option<&str>) {
    let Some(body) = body.filter(|body| !body.is_empty()) else { return };
    if is_page(body) {
        let words = format!("[an HTML page of {} lines, in the JSON report]", body.lines().count());
        page.verbatim(2, prefix, Ink::Dim, &words);
        return;
    }
    let pretty = match serde_json::from_str::<serde_json::Value>(body) {
        Ok(value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| body.to_owned())
        }
        _ => body.to_owned(),
    };
    let pretty = abbreviate(&pretty);
    page.verbatim(2, prefix, Ink::Plain, " ");
    for line in pretty.lines().take(BODY_LINES) {
        page.verbatim(2, prefix, Ink::Plain, &short(line));
    }
    let more = pretty.lines().count().saturating_sub(BODY_LINES);
    if more > 0 {
        page.verbatim(2, prefix, Ink::Dim, &format!("[{more} more lines in the JSON report]"));
    }
}

/// One line of a body, at most some lines on the page.
fn short(line: &str) -> String {
    const LONGEST: usize = 400;
    let length = line.chars().count();
    if length <= LONGEST {
        return line.to_owned();
    }
    let start: String = line.chars().take(LONGEST).collect();
    format!("{start} [{} more characters in the JSON report]", length - LONGEST)
}
