//! What each step of a scenario does, one file a step.

mod accept;
mod advance;
mod browser;
mod client;
mod fault;
mod journal;
mod keys;
mod manifests;
mod mcp;
mod mint;
mod observe;
mod refuse;
mod request;
mod sign_in;
mod tamper;
mod token;
mod upstream;

use super::context::Context;
use crate::{
    model::identifier::{Component, RequirementId},
    net::courier::{Answer, Courier as _, Request, SendError},
    outcome::{Cause, Check, CheckStatus, verdict},
    runner::{
        control::ControlError,
        credit::{Shown, Target},
    },
    scenario::{
        matcher::Matcher,
        syntax::{Action, Advance, Whose},
        template::{Template, Undefined},
    },
    target::{Probe, TargetError},
};

/// What became of a step.
pub(super) struct Done {
    /// The step in words.
    pub(super) title: String,
    /// What it checked.
    pub(super) checks: Vec<Check>,
    /// Whether the steps after it make sense.
    pub(super) go_on: bool,
}

/// The step could not be taken: an error without a verdict.
#[derive(Debug)]
pub(super) struct Stuck {
    pub(super) reason: String,
    pub(super) cause: Cause,
}

impl Stuck {
    pub(super) fn harness(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cause: Cause::Harness }
    }
}

impl From<Undefined> for Stuck {
    fn from(error: Undefined) -> Self {
        Self::harness(error.to_string())
    }
}

impl From<ControlError> for Stuck {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NoAnswer(error) => error.into(),
            error => Self::harness(error.to_string()),
        }
    }
}

impl From<TargetError> for Stuck {
    fn from(error: TargetError) -> Self {
        let cause = match error {
            TargetError::Environment(_) => Cause::Environment,
            _ => Cause::Harness,
        };
        Self { reason: error.to_string(), cause }
    }
}

impl From<SendError> for Stuck {
    fn from(error: SendError) -> Self {
        Self { reason: error.to_string(), cause: Cause::Environment }
    }
}

impl Action {
    /// The step's key in a scenario.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignIn(_) => "sign_in",
            Self::Mint(_) => "mint",
            Self::Accept(_) => "accept",
            Self::Refuse(_) => "refuse",
            Self::Request(_) => "request",
            Self::Token(_) => "token",
            Self::Journal(_) => "journal",
            Self::Advance(_) => "advance",
            Self::Client(_) => "client",
            Self::Browser(_) => "browser",
            Self::Tamper(_) => "tamper",
            Self::Fault(_) => "fault",
            Self::Restore(_) => "restore",
            Self::Keys(_) => "keys",
            Self::Policy(_) => "policy",
            Self::Mcp(_) => "mcp",
            Self::Manifests(_) => "manifests",
            Self::Upstream(_) => "upstream",
            Self::Restart(_) => "restart",
            Self::Observe(_) => verdict::OBSERVE,
            Self::Catalogue(_) => "catalogue",
        }
    }
}

impl Action {
    /// The component that the step speaks to, where it names one.
    #[must_use]
    pub const fn component(&self) -> Option<&Component> {
        match self {
            Self::Fault(step) => Some(&step.of),
            Self::Keys(step) => Some(&step.of),
            Self::Restore(of)
            | Self::Restart(of)
            | Self::Advance(Advance { of: Whose::Component(of), .. }) => Some(of),
            Self::Accept(step) => Some(&step.by),
            Self::Refuse(step) => Some(&step.by),
            Self::Request(step) => Some(&step.to),
            Self::Browser(step) => Some(&step.at),
            Self::Journal(step) => Some(&step.of),
            Self::Mcp(step) => Some(&step.server),
            Self::Upstream(step) => Some(&step.of),
            Self::Policy(step) => Some(&step.of),
            Self::Catalogue(step) => Some(&step.of),
            Self::SignIn(_)
            | Self::Mint(_)
            | Self::Token(_)
            | Self::Advance(_)
            | Self::Client(_)
            | Self::Tamper(_)
            | Self::Manifests(_)
            | Self::Observe(_) => None,
        }
    }
}

/// Takes a step. A step that cannot be taken is one check with the status error, and nothing follows it.
pub(super) async fn take(context: &mut Context<'_>, action: &Action) -> Done {
    let done = match action {
        Action::SignIn(step) => sign_in::take(context, step).await,
        Action::Mint(step) => mint::take(context, step).await,
        Action::Accept(step) => accept::take(context, step).await,
        Action::Refuse(step) => refuse::take(context, step).await,
        Action::Request(step) => request::take(context, step).await,
        Action::Token(step) => token::take(context, step),
        Action::Journal(step) => journal::take(context, step).await,
        Action::Advance(step) => advance::take(context, step).await,
        Action::Client(step) => client::take(context, step).await,
        Action::Browser(step) => browser::take(context, step).await,
        Action::Tamper(step) => tamper::take(context, step),
        Action::Fault(step) => fault::set(context, step).await,
        Action::Restore(of) => fault::restore(context, of).await,
        Action::Keys(step) => keys::change(context, step).await,
        Action::Policy(step) => keys::policy(context, step).await,
        Action::Mcp(step) => mcp::take(context, step).await,
        Action::Manifests(step) => manifests::take(context, step).await,
        Action::Upstream(step) => upstream::take(context, step).await,
        Action::Restart(of) => upstream::restart(context, of).await,
        Action::Observe(step) => observe::take(context, step),
        Action::Catalogue(step) => keys::catalogue(context, step).await,
    };
    done.unwrap_or_else(|stuck| {
        let title = format!("`{}` could not be taken", action.kind());
        let check = not_taken(context, &title, stuck);
        Done { title, checks: vec![check], go_on: false }
    })
}

pub(super) use fault::IDLE as IDLE_FAULT;
pub(super) use request::REASONS;

/// An error for each fault in force that answered nobody.
pub(super) async fn left_over_faults(context: &Context<'_>) -> Vec<Check> {
    fault::left_over(context).await.unwrap_or_else(|stuck| vec![not_taken(context, "the last faults", stuck)])
}

/// What could not be done is an error without a verdict.
fn not_taken(context: &Context<'_>, what: &str, stuck: Stuck) -> Check {
    Check {
        what: what.to_owned(),
        requirement: context.first_requirement(),
        status: CheckStatus::Error(stuck.reason.clone()),
        expected: "the step can be taken".into(),
        observed: stuck.reason,
        note: None,
        cause: Some(stuck.cause),
    }
}

/// Shows a held token to a component's protected path.
async fn present(
    context: &Context<'_>,
    component: &Component,
    token: &str,
) -> Result<(Answer, Shown), Stuck> {
    let endpoint = context.endpoint(component).map_err(Stuck::harness)?;
    let held = context.held(token).map_err(Stuck::harness)?;
    let url = format!("{}{}", endpoint.base, endpoint.protected_path);
    let (method, request) = match endpoint.probe {
        Probe::Get => ("GET", Request::get(url)),
        Probe::Initialize => {
            let request = Request::json("POST", url, &mcp::initialize());
            ("POST", request.header("accept", "application/json, text/event-stream"))
        }
    };
    let request = request.header("authorization", format!("Bearer {}", held.text));
    let target = Target::new(method, &endpoint.protected_path);
    Ok((context.wire.send(request).await?, Shown::Token { name: token.to_owned(), target }))
}

/// The component could not get at the IdP's keys, and that is not what the check is about: no verdict.
fn keys_out_of_reach(reason: Option<&RequirementId>, expected: &RequirementId) -> bool {
    reason.is_some_and(|reason| {
        reason != expected && ["TOK-KEYSET-FAULT", "TOK-META"].contains(&reason.as_str())
    })
}

/// The words of the error that follows from it.
const OUT_OF_REACH: &str = "the component could not get the identity provider's keys";

/// Which rule the component gives as its reason, if it lets one see: the requirement id at the start of
/// `error_description`, in the challenge or in the body.
fn reason(answer: &Answer) -> Option<RequirementId> {
    let challenge = answer.header("www-authenticate").and_then(|value| {
        request::challenge::parse(value).into_iter().find(|(name, _)| name == "error_description")
    });
    let description = match challenge {
        Some((_, description)) => description,
        None => answer.json()?.get("error_description")?.as_str()?.to_owned(),
    };
    let (id, _) = description.split_once(": ")?;
    let like_an_id = id.contains('-')
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    like_an_id.then(|| RequirementId::new(id))
}

/// An answer in a few words: status and the component's own reason.
fn summary(answer: &Answer) -> String {
    let description =
        answer.json().and_then(|body| Some(body.get("error_description")?.as_str()?.to_owned()));
    match (description, reason(answer)) {
        (Some(description), _) => format!("{}, {description}", answer.status),
        (None, Some(reason)) => format!("{}, {reason}", answer.status),
        (None, None) => answer.status.to_string(),
    }
}

/// A check without a note.
fn check(
    what: &str,
    requirement: Option<RequirementId>,
    status: CheckStatus,
    expected: &str,
    observed: &str,
    cause: Option<Cause>,
) -> Check {
    let (what, expected, observed) = (what.to_owned(), expected.to_owned(), observed.to_owned());
    Check { what, requirement, status, expected, observed, note: None, cause }
}

/// The check of a matcher on a value.
fn matched(
    context: &Context<'_>,
    what: &str,
    rule: Option<&RequirementId>,
    matcher: &Matcher,
    actual: Option<&serde_json::Value>,
) -> Result<Check, Stuck> {
    let matcher = matcher.fill(context)?;
    let (status, expected, observed) = match matcher.check(actual, context) {
        Ok(()) => {
            let observed = actual.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            (CheckStatus::Pass, matcher.describe(), observed)
        }
        Err(mismatch) => (CheckStatus::Fail, mismatch.expected, mismatch.observed),
    };
    let cause = (status == CheckStatus::Fail).then_some(Cause::Implementation);
    let what = what.to_owned();
    Ok(Check { what, requirement: rule.cloned(), status, expected, observed, note: None, cause })
}

fn fill(context: &Context<'_>, template: &Template) -> Result<String, Stuck> {
    Ok(template.fill(context)?)
}

fn fill_all(context: &Context<'_>, templates: &[Template]) -> Result<Vec<String>, Stuck> {
    templates.iter().map(|template| fill(context, template)).collect()
}
