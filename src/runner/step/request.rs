//! `request`: any request to a component, with matchers on the answer.

pub(super) mod challenge;
mod signature;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;
use url::Url;

use super::{Context, Done, Stuck, fill, matched, reason};
use crate::{
    model::identifier::RequirementId,
    net::courier::{Answer, Courier as _, Request, SendError},
    outcome::{Cause, Check, CheckStatus},
    runner::credit::{Expected, Presentation, Shown, Target},
    scenario::{
        matcher::Matcher,
        syntax::{Capture, Expect, Request as Step},
    },
};

pub(super) async fn take(context: &mut Context<'_>, step: &Step) -> Result<Done, Stuck> {
    let endpoint = context.endpoint(&step.to).map_err(Stuck::harness)?;
    let path = match &step.path {
        Some(path) => fill(context, path)?,
        None => endpoint.protected_path.clone(),
    };
    let url = match &step.path {
        Some(_) => url(&endpoint.base, &path)?,
        None => format!("{}{path}", endpoint.base),
    };
    let mut headers = Vec::new();
    if let Some(token) = &step.token {
        let held = context.held(token).map_err(Stuck::harness)?;
        headers.push(("authorization".to_owned(), format!("Bearer {}", held.text)));
    }
    for (name, value) in &step.headers {
        headers.push((name.clone(), fill(context, value)?));
    }
    let credential = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let body = step.body.as_ref().map(|body| fill(context, body)).transpose()?;
    let request = Request { method: step.method.clone(), url, headers, body };
    let sent = (0..step.at_once).map(|_| context.wire.send(request.clone())).collect();
    let answers = all(sent).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut checks =
        worst(answers.iter().map(|answer| checks(context, &step.expect, step.rule.as_ref(), answer)))?;
    if let (Some(words), Some(check)) = (&step.warn, checks.first_mut())
        && check.status == CheckStatus::Pass
    {
        check.status = CheckStatus::Warn(fill(context, words)?);
    }
    let Some(answer) = answers.first() else { return Err(Stuck::harness("nothing was sent")) };
    if let Some(expected) = expected(answer, credential) {
        let target = Target::new(&step.method, &path);
        let presentation = Presentation {
            step: context.step,
            check: 0,
            component: step.to.clone(),
            shown: shown(context, step, &request, target),
            expected,
            control: step.control.clone(),
            differs: step.differs.clone(),
            when: context.when(&step.to, step.token.as_deref()),
            out_of_reach: false,
            is_open: is_open(&step.expect),
        };
        // The first check is that of the status.
        let admitted = step.token.is_some() && (200..300).contains(&answer.status);
        let expected =
            |check| if check == 0 && admitted { Expected::Admitted } else { presentation.expected };
        let each = (0..checks.len()).map(|check| Presentation {
            check,
            expected: expected(check),
            ..presentation.clone()
        });
        context.presentations.extend(each);
    }
    capture(context, step, answer)?;
    let often = if step.at_once > 1 { format!(", {} times at once", step.at_once) } else { String::new() };
    Ok(Done { title: format!("{} {path} of {}{often}", step.method, step.to), checks, go_on: true })
}

/// The token that was shown, by its name, or with whatever else the request brought.
fn shown(context: &Context<'_>, step: &Step, request: &Request, target: Target) -> Shown {
    if let Some(name) = &step.token {
        return Shown::Token { name: name.clone(), target };
    }
    let sent = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let token = sent.and_then(|(_, value)| context.named(value.strip_prefix("Bearer ")?));
    Shown::Otherwise { target, token }
}

/// Below the component's address, or as it is written, if that is of the component's own origin: a token goes nowhere
/// else.
pub(super) fn url(base: &str, path: &str) -> Result<String, Stuck> {
    if path.starts_with('/') {
        return Ok(format!("{base}{path}"));
    }
    let origin = |text: &str| Url::parse(text).map(|url| url.origin().ascii_serialization());
    match (origin(base), origin(path)) {
        (Ok(own), Ok(other)) if own == other => Ok(path.to_owned()),
        _ => Err(Stuck::harness(format!("`{path}` is neither a path nor of the component's origin"))),
    }
}

type Sent<'s> = Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + 's>>;

/// Waits for all of them at the same time.
async fn all(mut sent: Vec<Sent<'_>>) -> Vec<Result<Answer, SendError>> {
    let mut answers: Vec<_> = sent.iter().map(|_| None).collect();
    poll_fn(|task| {
        for (sent, answer) in sent.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = sent.as_mut().poll(task) {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// Of several answers each check as it was at its worst.
fn worst(each: impl Iterator<Item = Result<Vec<Check>, Stuck>>) -> Result<Vec<Check>, Stuck> {
    let mut worst: Vec<Check> = Vec::new();
    for checks in each {
        let checks = checks?;
        if worst.is_empty() {
            worst = checks;
            continue;
        }
        for (known, new) in worst.iter_mut().zip(checks) {
            if known.status == CheckStatus::Pass {
                *known = new;
            }
        }
    }
    Ok(worst)
}

/// On which side of the component's gate the request ended; nothing if it was served without a credential.
fn expected(answer: &Answer, credential: bool) -> Option<Expected> {
    match (answer.status >= 400, credential) {
        (true, _) => Some(Expected::Refused),
        (false, true) => Some(Expected::Served),
        (false, false) => None,
    }
}

/// What is expected of an answer, each with the requirement at stake.
pub(super) fn checks(
    context: &Context<'_>,
    expect: &Expect,
    rule: Option<&RequirementId>,
    answer: &Answer,
) -> Result<Vec<Check>, Stuck> {
    let mut checks = Vec::new();
    let mut add = |what: &str, matcher: &Matcher, actual: Option<&Json>| -> Result<(), Stuck> {
        let mut check = matched(context, what, rule, matcher, actual)?;
        // The IdP is not under test: one that answers otherwise is not set up as the scenario needs it.
        if rule.is_none() && check.cause.is_some() {
            check.cause = Some(Cause::Configuration);
        }
        checks.push(check);
        Ok(())
    };
    if let Some(matcher) = &expect.status {
        add("the status", matcher, Some(&answer.status.into()))?;
    }
    for (name, matcher) in &expect.headers {
        let actual = decisive(context, answer, name, matcher)?;
        add(&format!("the header `{name}`"), matcher, actual.as_ref())?;
    }
    if let Some(matcher) = &expect.body {
        add("the body", matcher, Some(&answer.text().into()))?;
    }
    let body = answer.json();
    for (pointer, matcher) in &expect.json {
        add(
            &format!("the body's `{pointer}`"),
            matcher,
            body.as_ref().and_then(|body| body.pointer(pointer)),
        )?;
    }
    let parameters = answer.header("www-authenticate").map(challenge::parse).unwrap_or_default();
    for (name, matcher) in &expect.challenge {
        let actual = parameters.iter().find(|(parameter, _)| parameter == name);
        let actual = actual.map(|(_, value)| Json::from(value.as_str()));
        add(&format!("the challenge's `{name}`"), matcher, actual.as_ref())?;
    }
    let jws = jws(answer);
    for (part, matchers) in [("header", &expect.jws_header), ("payload", &expect.jws_payload)] {
        let object = jws.as_ref().and_then(|jws| jws.get(part));
        for (pointer, matcher) in matchers {
            add(
                &format!("the envelope's {part} `{pointer}`"),
                matcher,
                object.and_then(|o| o.pointer(pointer)),
            )?;
        }
    }
    if let Some(key_set) = &expect.jws_signed_by {
        checks.push(signed(rule, answer, &key_set.fill(context)?));
    }
    // Where it is left open whether the answer is a refusal, so is its reason.
    if !is_open(expect) {
        checks.extend(rule.and_then(|rule| another_reason(rule, answer, expect)));
    }
    if let Some(order) = &expect.challenge_order {
        let names: Vec<_> =
            parameters.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "scheme").collect();
        checks.push(in_order(rule, order, &names));
    }
    Ok(checks)
}

/// Whether a denial is among what is expected.
fn may_be_a_denial(expect: &Expect) -> bool {
    expect.status.as_ref().is_none_or(|status| status.holds(Some(&403.into())))
}

/// Whether the answer may as well be no refusal.
fn is_open(expect: &Expect) -> bool {
    expect.status.as_ref().is_some_and(|status| status.holds(Some(&200.into())))
}

/// The value of a header that decides: of several under one name, the first that is not as expected.
fn decisive(
    context: &Context<'_>,
    answer: &Answer,
    name: &str,
    matcher: &Matcher,
) -> Result<Option<Json>, Stuck> {
    let matcher = matcher.fill(context)?;
    let values = answer.headers.iter().filter(|(known, _)| known == name);
    let mut values: Vec<_> = values.map(|(_, value)| Json::from(value.as_str())).collect();
    let other = values.iter().position(|value| matcher.check(Some(value), context).is_err());
    Ok((!values.is_empty()).then(|| values.swap_remove(other.unwrap_or_default())))
}

/// The rules that a component gives as its reason, each about the token that was shown.
pub(in crate::runner) const REASONS: [&str; 14] = [
    "TOK-JWT",
    "TOK-OPAQUE",
    "TOK-ISS",
    "TOK-META",
    "TOK-AUD",
    "TOK-AUD-TYPE",
    "TOK-SCOPE",
    "TOK-EXP",
    "TOK-ALG",
    "TOK-KID",
    "TOK-KEYSET-FAULT",
    "TOK-HEADERS",
    "TOK-FORM",
    "TOK-SUB",
];

/// The reason of a component that saw no token.
const NO_TOKEN: &str = "TOK-BEARER";

/// A failed check where the component says that another rule than the one at stake refused the token.
fn another_reason(rule: &RequirementId, answer: &Answer, expect: &Expect) -> Option<Check> {
    if answer.status < 400 {
        return None;
    }
    let known = |rule: &RequirementId| REASONS.contains(&rule.as_str());
    // What is not written as a token is, may be told as either.
    let not_shown = |reason: &RequirementId| reason.as_str() == NO_TOKEN && rule.as_str() != "TOK-FORM";
    let reason = reason(answer).filter(|reason| known(reason) || not_shown(reason));
    let (expected, observed) = match reason {
        Some(reason) if known(rule) && reason != *rule => (rule.to_string(), reason.to_string()),
        // The policies deny, and that is said in one way (MCP-DENY); what they are not asked about they do not deny.
        _ if rule.as_str().starts_with("OP-") && answer.status != 403 && may_be_a_denial(expect) => {
            ("403, a denial by the policies".to_owned(), answer.status.to_string())
        }
        _ => return None,
    };
    Some(Check {
        what: "the reason".into(),
        requirement: Some(rule.clone()),
        status: CheckStatus::Fail,
        expected,
        observed,
        note: None,
        cause: Some(Cause::Implementation),
    })
}

fn signed(rule: Option<&RequirementId>, answer: &Answer, key_set: &Json) -> Check {
    let fault = signature::fault(&answer.text(), key_set);
    Check {
        what: "the envelope's signature".into(),
        requirement: rule.cloned(),
        status: if fault.is_none() { CheckStatus::Pass } else { CheckStatus::Fail },
        expected: "it verifies with ES256 and the published key whose thumbprint its kid is".into(),
        cause: fault.is_some().then_some(Cause::Implementation),
        observed: fault.unwrap_or_else(|| "it does".into()),
        note: None,
    }
}

fn in_order(rule: Option<&RequirementId>, expected: &[String], observed: &[&str]) -> Check {
    let pass = expected.iter().map(String::as_str).eq(observed.iter().copied());
    Check {
        what: "the order of the challenge's parameters".into(),
        requirement: rule.cloned(),
        status: if pass { CheckStatus::Pass } else { CheckStatus::Fail },
        expected: expected.join(", "),
        observed: observed.join(", "),
        note: None,
        cause: (!pass).then_some(Cause::Implementation),
    }
}

fn capture(context: &mut Context<'_>, step: &Step, answer: &Answer) -> Result<(), Stuck> {
    let body = answer.json();
    let jws = jws(answer);
    let of_jws = |part: &str, pointer: &str| jws.as_ref()?.get(part)?.pointer(pointer).cloned();
    let mut found = Vec::new();
    for (name, what) in &step.capture {
        let value = match what {
            Capture::Status => Some(answer.status.into()),
            Capture::Header(header) => answer.header(header).map(Json::from),
            Capture::Json(pointer) => body.as_ref().and_then(|body| body.pointer(pointer).cloned()),
            Capture::Body => Some(answer.text().into()),
            Capture::JwsHeader(pointer) => of_jws("header", pointer),
            Capture::JwsPayload(pointer) => of_jws("payload", pointer),
        };
        let value = value.ok_or_else(|| Stuck {
            reason: format!("there is nothing to capture as `{name}` in the answer ({})", answer.status),
            cause: Cause::Implementation,
        })?;
        found.push((name.clone(), value));
    }
    context.captures.extend(found);
    Ok(())
}

/// The body as a compact JWS: `{"header", "payload"}`.
fn jws(answer: &Answer) -> Option<Json> {
    let text = answer.text();
    let parts: Vec<_> = text.split('.').collect();
    let [header, payload, _signature] = parts.as_slice() else { return None };
    let decode = |part: &str| serde_json::from_slice::<Json>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some(serde_json::json!({"header": decode(header)?, "payload": decode(payload)?}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_the_component_for_nobody() {
        let base = "https://platform.test/em";
        let of = |path: &str| url(base, path).map_err(|stuck| stuck.reason);
        assert_eq!(of("/api").as_deref(), Ok("https://platform.test/em/api"));
        assert_eq!(of("https://platform.test/beside").as_deref(), Ok("https://platform.test/beside"));
        for elsewhere in [
            "https://other.test/",
            "https://platform.test.other.test/",
            "https://platform.test:8443/",
            "x",
            "",
        ] {
            assert!(of(elsewhere).is_err(), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn all_are_under_way_before_one_is_answered() {
        let gate = &tokio::sync::Barrier::new(3);
        let sent = |status| -> Sent<'_> {
            Box::pin(async move {
                gate.wait().await;
                Ok(Answer { status, headers: Vec::new(), body: Vec::new() })
            })
        };
        let answers = all([200, 201, 202].map(sent).into()).await;
        let statuses: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().status).collect();
        assert_eq!(statuses, [200, 201, 202]);
    }

    #[test]
    fn one_bad_answer_of_many_is_what_counts() {
        let check = |status: CheckStatus| {
            let (what, expected, observed) = (String::new(), String::new(), status.name().to_owned());
            Check { what, requirement: None, status, expected, observed, note: None, cause: None }
        };
        let each = [CheckStatus::Pass, CheckStatus::Fail, CheckStatus::Pass];
        let worst = worst(each.into_iter().map(|status| Ok(vec![check(status)]))).unwrap();
        assert_eq!(worst.first().unwrap().status, CheckStatus::Fail);
    }
}
