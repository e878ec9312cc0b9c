//! `sign_in`: a client obtains tokens by a real flow, is refused them, or it is open which of the two.

use serde_json::json;

use super::{Context, Done, Stuck, check, fill, fill_all, matched, token};
use crate::{
    model::identifier::{Component, Issuer},
    outcome::{Cause, CheckStatus},
    runner::{
        credit::{Expected, Presentation, Shown},
        held::Held,
    },
    scenario::{
        syntax::{Flow, OpenSignIn, Refuser, SignIn as Step, SignInRefused, SignWith},
        template::Template,
    },
    signin::{Person, Registration, SignIn, SignInError, Tokens},
};

pub(super) async fn take(context: &mut Context<'_>, step: &Step) -> Result<Done, Stuck> {
    let registration = registration(context, step).await?;
    let issuer = registration.issuer.clone();
    let (who, result) = run(context, step, &registration).await?;
    let when = context.when(&Component::new("idp"), None);
    let controls =
        [step.refused.as_ref().map(|refused| &refused.control), step.open.as_ref().map(|open| &open.control)];
    let control = controls.into_iter().flatten().next().cloned();
    let expected = if control.is_some() { Expected::SignInRefused } else { Expected::SignedIn };
    context.presentations.push(Presentation {
        step: context.step,
        check: 0,
        component: Component::new(format!("sign-in at {issuer}")),
        shown: Shown::SignIn {
            name: step.name.clone(),
            asked: asked(&registration, &who, when.faults.clone()),
        },
        expected,
        control,
        differs: None,
        when,
        out_of_reach: false,
        is_open: false,
    });
    match (&step.refused, &step.open) {
        (Some(refused), _) => refused_as_expected(context, refused, &who, &issuer, result),
        (None, Some(open)) => answered(context, open, &who, &issuer, result),
        (None, None) => signed_in(context, step, &who, &registration, result),
    }
}

async fn run(
    context: &mut Context<'_>,
    step: &Step,
    registration: &Registration,
) -> Result<(String, Result<Tokens, SignInError>), Stuck> {
    let person = match (&step.user, step.flow) {
        (Some(user), Flow::AuthorizationCode | Flow::DeviceCode) => {
            let login = fill(context, user)?;
            let password = context.password(&login).await?;
            Some(Person { login, password })
        }
        _ => None,
    };
    let refresh_token = match &step.from {
        None => None,
        Some(from) => {
            let held = context.held(from).map_err(Stuck::harness)?;
            let missing = || Stuck {
                reason: format!("the sign-in of `{from}` gave no refresh token"),
                cause: Cause::Configuration,
            };
            Some((from.clone(), held.refresh_token.clone().ok_or_else(missing)?))
        }
    };
    let mut chance = context.chance.clone();
    let mut flow = SignIn { courier: &context.wire, chance: &mut chance, rules: context.settings.rules };
    let (who, result) = match (person, refresh_token) {
        (Some(person), _) if step.flow == Flow::DeviceCode => {
            (person.login.clone(), flow.device_code(registration, &person).await)
        }
        (Some(person), _) => (person.login.clone(), flow.authorization_code(registration, &person).await),
        (None, Some((from, token))) => (from, flow.refresh_token(registration, &token).await),
        (None, None) => (registration.client_id.clone(), flow.client_credentials(registration).await),
    };
    context.chance = chance;
    Ok((who, result))
}

/// What a sign-in asks for, member by member: the one in which two differ is the defect.
fn asked(registration: &Registration, who: &str, faults: String) -> Vec<(&'static str, String)> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        ("user", who.to_owned()),
        ("client_id", registration.client_id.clone()),
        ("client_secret", optional(&registration.client_secret)),
        ("redirect_uri", optional(&registration.redirect_uri)),
        ("scopes", registration.scopes.join(" ")),
        ("resource", optional(&registration.resource)),
        ("faults", faults),
    ]
}

/// The client as the step has it; what the step leaves out comes from the Manager's discovery document.
async fn registration(context: &Context<'_>, step: &Step) -> Result<Registration, Stuck> {
    let complete = step.issuer.is_some() && step.client_id.is_some() && step.scopes.is_some();
    let discovered = if complete { None } else { Some(context.discovered().await?) };
    let text = |template: &Option<Template>| template.as_ref().map(|text| fill(context, text)).transpose();
    let or =
        |given: Option<String>, found: Option<&String>| given.or_else(|| found.cloned()).unwrap_or_default();
    let discovered = discovered.as_ref();
    let client_secret = text(&step.client_secret)?;
    if let Some(secret) = &client_secret {
        context.settings.secrets.register(secret, "client secret");
    }
    Ok(Registration {
        issuer: Issuer::new(or(text(&step.issuer)?, discovered.map(|found| &found.issuer))),
        client_id: or(text(&step.client_id)?, discovered.map(|found| &found.client_id)),
        client_secret,
        redirect_uri: text(&step.redirect_uri)?,
        scopes: match &step.scopes {
            Some(scopes) => fill_all(context, scopes)?,
            None => discovered.map(|found| found.scopes.clone()).unwrap_or_default(),
        },
        // A client that refreshes asks for what it asked for at first (RFC 8707 §2.2).
        resource: match &step.from {
            Some(from) if step.resource.is_none() => {
                context.held(from).map_err(Stuck::harness)?.resource.clone()
            }
            _ => text(&step.resource)?,
        },
    })
}

fn signed_in(
    context: &mut Context<'_>,
    step: &Step,
    who: &str,
    registration: &Registration,
    result: Result<Tokens, SignInError>,
) -> Result<Done, Stuck> {
    let title = format!("{who} signs in at {}", registration.issuer);
    // Signing in is a means here: no requirement is at stake.
    let rule = None;
    match result {
        Ok(tokens) => {
            if let Some(refresh_token) = &tokens.refresh_token {
                context.settings.secrets.register(refresh_token, "refresh token");
            }
            let held = Held::new(tokens.access_token, SignWith::Issuer, true);
            let resource = registration.resource.clone();
            context.hold(&step.name, Held { refresh_token: tokens.refresh_token, resource, ..held });
            if let Some(name) = &step.id_token {
                let missing = || Stuck { reason: "no ID token came".into(), cause: Cause::Configuration };
                let id_token = tokens.id_token.ok_or_else(missing)?;
                context.hold(name, Held::new(id_token, SignWith::Issuer, true));
            }
            let check = check(&title, rule, CheckStatus::Pass, "an access token", "an access token", None);
            Ok(Done { title, checks: vec![check], go_on: true })
        }
        Err(SignInError::NoAnswer(error)) => Err(error.into()),
        Err(SignInError::Loopback(reason)) => Err(Stuck { reason, cause: Cause::Environment }),
        Err(error) => {
            let observed = error.to_string();
            let cause = Some(Cause::Configuration);
            let check = check(&title, rule, CheckStatus::Fail, "an access token", &observed, cause);
            Ok(Done { title, checks: vec![check], go_on: false })
        }
    }
}

/// The IdP issues or refuses, and what it does is kept. An answer that the client cannot take is neither.
fn answered(
    context: &mut Context<'_>,
    open: &OpenSignIn,
    who: &str,
    issuer: &Issuer,
    result: Result<Tokens, SignInError>,
) -> Result<Done, Stuck> {
    let title = format!("{who} asks {issuer} for a token, which may be refused");
    let expected = "an access token, or none and an error code";
    let (kept, observed): (Vec<_>, _) = match result {
        Ok(tokens) => {
            if let Some(refresh_token) = &tokens.refresh_token {
                context.settings.secrets.register(refresh_token, "refresh token");
            }
            let held = Held::new(tokens.access_token, SignWith::Issuer, true);
            let each = open.capture.iter().map(|(_, what)| token::kept(&held, what));
            (each.collect::<Result<_, _>>()?, "an access token".to_owned())
        }
        Err(SignInError::Refused { error, .. }) => {
            let observed = format!("no token, `{error}`");
            (open.capture.iter().map(|_| json!({ "error": error })).collect(), observed)
        }
        Err(SignInError::NoAnswer(error)) => return Err(error.into()),
        Err(SignInError::Loopback(reason)) => return Err(Stuck { reason, cause: Cause::Environment }),
        Err(error) => {
            let cause = Some(Cause::Configuration);
            let check = check(&title, None, CheckStatus::Fail, expected, &error.to_string(), cause);
            return Ok(Done { title, checks: vec![check], go_on: false });
        }
    };
    context.captures.extend(open.capture.iter().map(|(name, _)| name.clone()).zip(kept));
    let check = check(&title, None, CheckStatus::Pass, expected, &observed, None);
    Ok(Done { title, checks: vec![check], go_on: true })
}

fn refused_as_expected(
    context: &Context<'_>,
    refused: &SignInRefused,
    who: &str,
    issuer: &Issuer,
    result: Result<Tokens, SignInError>,
) -> Result<Done, Stuck> {
    let (title, expected) = match &refused.by {
        Refuser::Idp(error) => {
            (format!("{issuer} refuses to sign {who} in ({error})"), format!("no token, `{error}`"))
        }
        Refuser::Client => {
            (format!("the client does not sign {who} in at {issuer}"), "no token, the client refuses".into())
        }
    };
    let rule = Some(refused.rule.clone());
    let failed = |observed: &str| {
        let cause = match refused.by {
            Refuser::Idp(_) => Cause::Configuration,
            Refuser::Client => Cause::Implementation,
        };
        check(&title, rule.clone(), CheckStatus::Fail, &expected, observed, Some(cause))
    };
    let mut checks = Vec::new();
    match result {
        Err(SignInError::NoAnswer(error)) => return Err(error.into()),
        Err(SignInError::Loopback(reason)) => return Err(Stuck { reason, cause: Cause::Environment }),
        Ok(_) => checks.push(failed("an access token")),
        Err(SignInError::Protocol(words)) if refused.by == Refuser::Client => {
            checks.push(check(&title, rule.clone(), CheckStatus::Pass, &expected, &words, None));
            if let Some(matcher) = &refused.description {
                let what = "why the client refuses";
                checks.push(matched(context, what, Some(&refused.rule), matcher, Some(&words.into()))?);
            }
        }
        Err(SignInError::Refused { error, description }) if refused.by == Refuser::Idp(error.clone()) => {
            let observed = format!("no token, `{error}`");
            checks.push(check(&title, rule.clone(), CheckStatus::Pass, &expected, &observed, None));
            if let Some(matcher) = &refused.description {
                let actual = description.map(serde_json::Value::from);
                let what = "the refusal's description";
                checks.push(matched(context, what, Some(&refused.rule), matcher, actual.as_ref())?);
            }
        }
        Err(error) => checks.push(failed(&error.to_string())),
    }
    Ok(Done { title, checks, go_on: true })
}
