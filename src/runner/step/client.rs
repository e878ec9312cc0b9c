//! `client`: the simulated client does something, and says what came of it.
//!
//! Its answers count under two conditions. A permission counts only beside a refusal of the same wish that differs in
//! one thing, and the other way round (`runner/credit/wishes.rs`). A mode without contact counts only if the client
//! had contact before and failed to have it since, and, where nobody reaches the Manager, if nobody did.

use serde_json::{Map, Value as Json, json};

use super::{Context, Done, Stuck, check, fault, fill, matched};
use crate::{
    client::{self, Decision, EnrollError, Mode},
    model::identifier::Component,
    outcome::{Cause, Check, CheckStatus},
    runner::credit::Wished,
    scenario::{
        matcher::Matcher,
        syntax::{ClientStep, Deed, Wish},
        template::{JsonTemplate, Template},
    },
    signin::Person,
};

/// What the client said, and what it must have said beyond the step's own expectations.
struct Said {
    title: String,
    answer: Json,
    checks: Vec<Check>,
    mode: Option<Mode>,
    go_on: bool,
}

impl Said {
    fn done(title: String, checks: Vec<Check>, go_on: bool) -> Self {
        Self { title, answer: Json::Null, checks, mode: None, go_on }
    }
}

pub(super) async fn take(context: &mut Context<'_>, step: &ClientStep) -> Result<Done, Stuck> {
    let said = match &step.does {
        Deed::Enroll { user } => enroll(context, step, user).await?,
        Deed::Start { managed, environment, refused } => {
            let given = (managed.as_ref(), environment.as_ref());
            start(context, step, given, refused.as_ref())?
        }
        Deed::SignIn { user, refused } => sign_in(context, step, user, refused.as_ref()).await?,
        Deed::TrySignIn { user } => try_to_sign_in(context, step, user).await?,
        Deed::Poll { contact } => poll(context, step, *contact).await?,
        Deed::Ask { wish, permitted } => ask(context, step, wish, *permitted).await?,
        Deed::Status => status(context, step)?,
        Deed::Stop => {
            context.clients.find(&step.name)?.off();
            Said::done(format!("`{}` goes off", step.name), Vec::new(), true)
        }
    };
    let Said { title, answer, mut checks, mode, go_on } = said;
    if let Some(rule) = &step.rule {
        for (pointer, matcher) in &step.expect {
            let what = format!("what `{}` says of `{pointer}`", step.name);
            checks.push(matched(context, &what, Some(rule), matcher, answer.pointer(pointer))?);
        }
    }
    for (name, pointer) in &step.capture {
        let value = answer.pointer(pointer).cloned().ok_or_else(|| Stuck {
            reason: format!("`{}` says nothing of `{pointer}` to capture as `{name}`", step.name),
            cause: Cause::Implementation,
        })?;
        context.captures.insert(name.clone(), value);
    }
    if mode.is_some_and(Mode::is_away)
        && let Some((lacking, cause)) = lacking(context, &step.name).await?
    {
        for check in checks.iter_mut().filter(|check| check.status == CheckStatus::Pass) {
            check.status = CheckStatus::Error(lacking.clone());
            check.cause = Some(cause);
        }
    }
    Ok(Done { title, checks, go_on })
}

/// Why a mode without contact cannot be believed, if it cannot, and who has to act: the client that says so without
/// having tried, or whoever let somebody reach the Manager.
async fn lacking(context: &mut Context<'_>, name: &str) -> Result<Option<(String, Cause)>, Stuck> {
    if let Some(lacking) = context.clients.find(name)?.lacks() {
        let words = format!("`{name}` says that it is without contact, but {lacking}");
        return Ok(Some((words, Cause::Implementation)));
    }
    let contact = context.clients.find(name)?.last_contact();
    // A fault that lasted for some connections only is over once there was a contact.
    let Some(outage) = context.world.outage.filter(|outage| contact < Some(outage.step)) else {
        return Ok(None);
    };
    let manager = Component::new("enterprise-manager");
    if context.world.absence_of(&manager).is_some() {
        // Nobody reaches who is not there, and its journal is not there either.
        return Ok(None);
    }
    let last = fault::last_entry(context, &manager).await?;
    let words = "the Enterprise Manager's journal has requests since it is out of reach";
    Ok((last > outage.last_entry).then(|| (words.to_owned(), Cause::Harness)))
}

/// Starts, signs in and polls. Nothing is at stake, but without it nothing after it makes sense.
async fn enroll(context: &mut Context<'_>, step: &ClientStep, user: &Template) -> Result<Said, Stuck> {
    if let Err(reason) = open(context, &step.name, (None, None))? {
        return Err(Stuck { reason, cause: Cause::Configuration });
    }
    let said = sign_in(context, step, user, None).await?;
    if !said.go_on {
        return Ok(said);
    }
    let simulated = context.clients.find(&step.name)?;
    let poll = simulated.on()?.poll(&context.wire).await;
    simulated.saw(&poll, context.step);
    let title = format!("`{}` is enrolled", step.name);
    let status = if poll.contact { CheckStatus::Pass } else { CheckStatus::Fail };
    let cause = (!poll.contact).then_some(Cause::Implementation);
    let check = check(&title, None, status, "a first contact", &poll.reason, cause);
    Ok(Said::done(title, vec![check], poll.contact))
}

fn start(
    context: &mut Context<'_>,
    step: &ClientStep,
    given: (Option<&Template>, Option<&Template>),
    refused: Option<&Matcher>,
) -> Result<Said, Stuck> {
    let title = format!("`{}` starts", step.name);
    let opened = open(context, &step.name, given)?;
    match (opened, refused) {
        (Ok(()), None) => {
            let said = status(context, step)?;
            Ok(Said { title, ..said })
        }
        (Err(reason), None) => Err(Stuck { reason, cause: Cause::Configuration }),
        (Err(reason), Some(words)) => {
            let checks = match &step.rule {
                Some(rule) => {
                    vec![matched(context, "why it does not start", Some(rule), words, Some(&reason.into()))?]
                }
                None => Vec::new(),
            };
            Ok(Said::done(format!("`{}` does not start", step.name), checks, true))
        }
        (Ok(()), Some(_)) => {
            let rule = step.rule.clone();
            let cause = Some(Cause::Implementation);
            let check = check(&title, rule, CheckStatus::Fail, "it does not start", "it starts", cause);
            Ok(Said::done(title, vec![check], true))
        }
    }
}

/// Opens the client, or says why its platform URL is none (CL-BOOTSTRAP).
fn open(
    context: &mut Context<'_>,
    name: &str,
    (managed, environment): (Option<&Template>, Option<&Template>),
) -> Result<Result<(), String>, Stuck> {
    let managers =
        context.endpoint(&Component::new("enterprise-manager")).map_err(Stuck::harness)?.base.clone();
    let filled = |template: Option<&Template>| template.map(|template| fill(context, template)).transpose();
    let (managed, environment) = (filled(managed)?, filled(environment)?);
    let environment = if managed.is_none() { environment.or(Some(managers)) } else { environment };
    let rules = context.settings.rules;
    let url = match client::bootstrap(managed.as_deref(), environment.as_deref(), rules) {
        Ok(url) => url,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let clock = context.platform.clock();
    context.clients.start(name, url, &clock, rules)?;
    Ok(Ok(()))
}

async fn sign_in(
    context: &mut Context<'_>,
    step: &ClientStep,
    user: &Template,
    refused: Option<&Matcher>,
) -> Result<Said, Stuck> {
    let (title, signed_in) = signed_in(context, step, user).await?;
    let rule = step.rule.clone();
    match (signed_in, refused) {
        (Ok(()), None) => {
            let check = check(&title, rule, CheckStatus::Pass, "an access token", "an access token", None);
            Ok(Said::done(title, vec![check], true))
        }
        (Ok(()), Some(_)) => {
            let cause = Some(Cause::Implementation);
            let check = check(&title, rule, CheckStatus::Fail, "it refuses to", "an access token", cause);
            Ok(Said::done(title, vec![check], true))
        }
        (Err(error), Some(words)) => {
            let actual = error.to_string().into();
            let checks = match &step.rule {
                Some(rule) => {
                    vec![matched(context, "why there is no token", Some(rule), words, Some(&actual))?]
                }
                None => Vec::new(),
            };
            Ok(Said::done(title, checks, true))
        }
        (Err(error), None) => {
            let cause = if error.is_no_answer() { Cause::Environment } else { Cause::Configuration };
            let check =
                check(&title, rule, CheckStatus::Fail, "an access token", &error.to_string(), Some(cause));
            Ok(Said::done(title, vec![check], false))
        }
    }
}

/// Nothing is demanded: what became of it is captured.
async fn try_to_sign_in(
    context: &mut Context<'_>,
    step: &ClientStep,
    user: &Template,
) -> Result<Said, Stuck> {
    let (title, signed_in) = signed_in(context, step, user).await?;
    let reason = match signed_in {
        Ok(()) => Json::Null,
        Err(error) if error.is_no_answer() => {
            return Err(Stuck { reason: error.to_string(), cause: Cause::Environment });
        }
        Err(error) => error.to_string().into(),
    };
    let answer = json!({ "reason": reason });
    Ok(Said { answer, ..Said::done(format!("{title}, if it can"), Vec::new(), true) })
}

async fn signed_in(
    context: &mut Context<'_>,
    step: &ClientStep,
    user: &Template,
) -> Result<(String, Result<(), EnrollError>), Stuck> {
    let login = fill(context, user)?;
    let password = context.password(&login).await?;
    let title = format!("`{}` signs {login} in", step.name);
    let person = Person { login, password };
    let client = context.clients.find(&step.name)?.on()?;
    Ok((title, client.sign_in(&context.wire, &person).await))
}

async fn poll(context: &mut Context<'_>, step: &ClientStep, contact: bool) -> Result<Said, Stuck> {
    let simulated = context.clients.find(&step.name)?;
    let poll = simulated.on()?.poll(&context.wire).await;
    simulated.saw(&poll, context.step);
    let words = |contact| if contact { "contact" } else { "no contact" };
    let title = format!("`{}` polls: {}", step.name, words(contact));
    let as_expected = poll.contact == contact;
    let observed = format!("{}: {}", words(poll.contact), poll.reason);
    let status = if as_expected { CheckStatus::Pass } else { CheckStatus::Fail };
    let cause = (!as_expected).then_some(Cause::Implementation);
    let check = check(&title, step.rule.clone(), status, words(contact), &observed, cause);
    Ok(Said { title, answer: json!(poll), checks: vec![check], mode: Some(poll.mode), go_on: true })
}

async fn ask(
    context: &mut Context<'_>,
    step: &ClientStep,
    wish: &Wish,
    permitted: bool,
) -> Result<Said, Stuck> {
    let (subject, decision) = decide(context, step, wish).await?;
    context.clients.find(&step.name)?.saw_polls_of(&decision, context.step);
    let may = if permitted { "may" } else { "may not" };
    let title = format!("`{}` {may} {} `{subject}`", step.name, wish.word());
    let as_expected = decision.permitted == permitted;
    let words = |permitted| if permitted { "permitted" } else { "forbidden" };
    let observed = format!(
        "{} in mode {} by {}: {}",
        words(decision.permitted),
        decision.mode.word(),
        decision.rule,
        decision.reason
    );
    let status = if as_expected { CheckStatus::Pass } else { CheckStatus::Fail };
    let cause = (!as_expected).then_some(Cause::Implementation);
    let check = check(&title, step.rule.clone(), status, words(permitted), &observed, cause);
    let mut checks = vec![check];
    // Why it is forbidden is visible, so it must be the expected rule: the step's, unless it expects another by name.
    let named = step.expect.iter().any(|(pointer, _)| pointer == "/rule");
    if let (Some(rule), false, false) = (&step.rule, permitted || decision.permitted, named) {
        let what = format!("why `{}` may not {} `{subject}`", step.name, wish.word());
        let expected = Matcher::Equals(JsonTemplate::Fixed(rule.as_str().into()));
        let actual = decision.rule.as_str().into();
        checks.push(matched(context, &what, Some(rule), &expected, Some(&actual))?);
    }
    context.wished.push(Wished {
        step: context.step,
        client: step.name.clone(),
        wish: wish.word(),
        subject,
        mode: decision.mode,
        permitted,
    });
    Ok(Said { title, answer: json!(decision), checks, mode: Some(decision.mode), go_on: true })
}

/// What is wished for, and the client's decision.
async fn decide(
    context: &mut Context<'_>,
    step: &ClientStep,
    wish: &Wish,
) -> Result<(String, Decision), Stuck> {
    let subject = match wish {
        Wish::Install(text) | Wish::Run(text) | Wish::Keep(text) | Wish::Set(text, _) | Wish::Unset(text) => {
            fill(context, text)?
        }
    };
    let value = match wish {
        Wish::Set(_, value) => value.fill(context)?,
        _ => Json::Null,
    };
    let client = context.clients.find(&step.name)?.on()?;
    let wire = &context.wire;
    let decision = match wish {
        Wish::Install(_) => client.install(wire, &subject).await,
        Wish::Run(_) => client.run(wire, &subject).await,
        Wish::Keep(_) => client.keep(wire, &subject).await,
        Wish::Set(..) => client.set(wire, &subject, value).await,
        Wish::Unset(_) => client.unset(wire, &subject).await,
    };
    Ok((subject, decision))
}

fn status(context: &mut Context<'_>, step: &ClientStep) -> Result<Said, Stuck> {
    let simulated = context.clients.find(&step.name)?;
    let url = simulated.platform_url.to_string();
    let status = simulated.on()?.status();
    let mode = status.mode;
    let mut answer = match json!(status) {
        Json::Object(members) => members,
        _ => Map::new(),
    };
    answer.insert("platform_url".into(), url.into());
    let title = format!("`{}` is {}", step.name, mode.word());
    Ok(Said { title, answer: answer.into(), checks: Vec::new(), mode: Some(mode), go_on: true })
}
