//! `keys`, `policy` and `catalogue`: what the owners of the IdP, the Manager and the Registry Server change while they run.

use serde_json::{Map, Value as Json, json};

use super::{Context, Done, Stuck, check, fill, matched};
use crate::{
    net::courier::{Courier as _, Request},
    outcome::{Cause, CheckStatus},
    runner::control::{self, ControlError},
    scenario::syntax::{Catalogue, KeyChange, Keys, Policy, Publication},
};

pub(super) async fn change(context: &mut Context<'_>, step: &Keys) -> Result<Done, Stuck> {
    let mut order = Map::new();
    if step.of.as_str() == "idp" {
        let issuer = match &step.issuer {
            Some(issuer) => fill(context, issuer)?,
            None => context.discovered().await?.issuer,
        };
        order.insert("issuer".into(), issuer.into());
    }
    if let Some(pem) = &step.pem {
        let pem = fill(context, pem)?;
        context.settings.secrets.register(&pem, "signing key");
        order.insert("pem".into(), pem.into());
    }
    let (path, words) = match step.does {
        KeyChange::Rotate => ("rotate", "a new key signs"),
        KeyChange::RotateAhead => {
            order.insert("ahead".into(), true.into());
            ("rotate", "a new key is published ahead of its use")
        }
        KeyChange::Replace => {
            order.insert("emergency".into(), true.into());
            ("rotate", "a new key signs, and the old ones are withdrawn")
        }
        KeyChange::Retire => ("retire", "the keys that do not sign are withdrawn"),
        KeyChange::Publish => ("publish", "one more key is published"),
    };
    if let Some(Publication { key, set, without, first }) = &step.publication {
        let set: Result<Map<_, _>, Stuck> =
            set.iter().map(|(name, value)| Ok((name.clone(), value.fill(context)?))).collect();
        order.insert("key".into(), (*key).into());
        order.insert("set".into(), set?.into());
        order.insert("without".into(), json!(without));
        order.insert("first".into(), (*first).into());
    }
    let endpoint = context.endpoint(&step.of).map_err(Stuck::harness)?;
    let changed = control::change_keys(context.platform.http(), endpoint, path, &Json::Object(order)).await;
    let title = format!("{}: {words}", step.of);
    let Some(refused) = &step.refused else {
        let answer = changed?;
        // One more key takes none away.
        if step.does != KeyChange::Publish {
            context.world.keys_changed(&answer);
        }
        return Ok(Done { title, checks: Vec::new(), go_on: true });
    };
    let outcome = match changed {
        Err(ControlError::Refused { status: 400, message }) => matched(
            context,
            "the words of the refusal",
            Some(&refused.rule),
            &refused.message,
            Some(&message.into()),
        )?,
        Err(error) => return Err(error.into()),
        Ok(_) => check(
            &format!("{} refuses the key", step.of),
            Some(refused.rule.clone()),
            CheckStatus::Fail,
            "the change is refused",
            "it is made",
            Some(Cause::Implementation),
        ),
    };
    Ok(Done { title: format!("{} refuses a key", step.of), checks: vec![outcome], go_on: true })
}

pub(super) async fn policy(context: &mut Context<'_>, step: &Policy) -> Result<Done, Stuck> {
    let text = match step.file.fill(context)? {
        Json::String(text) => text,
        document => json!(document).to_string(),
    };
    let manager = context.endpoint(&step.of).map_err(Stuck::harness)?;
    control::policy(context.platform.http(), manager, text).await?;
    // A policy that the Manager does not take would leave the old one to be tested.
    if !step.broken && !context.world.is_faulty(&step.of) {
        let health = Request::get(format!("{}/healthz", manager.base));
        let answer = context.platform.http().send(health).await?;
        let error = answer.json().and_then(|body| Some(body.pointer("/policy/error")?.as_str()?.to_owned()));
        if let Some(error) = error {
            let reason = format!("the Enterprise Manager does not take the policy: {error}");
            return Err(Stuck { reason, cause: Cause::Harness });
        }
    }
    let how = if step.broken { " so that it is none" } else { "" };
    Ok(Done {
        title: format!("the Enterprise Manager's policy is written anew{how}"),
        checks: Vec::new(),
        go_on: true,
    })
}

pub(super) async fn catalogue(context: &Context<'_>, step: &Catalogue) -> Result<Done, Stuck> {
    let entries = step.entries.fill(context)?;
    let server = context.endpoint(&step.of).map_err(Stuck::harness)?;
    control::catalogue(context.platform.http(), server, entries).await?;
    let title = "the Registry Server's catalogue is filled anew".to_owned();
    Ok(Done { title, checks: Vec::new(), go_on: true })
}
