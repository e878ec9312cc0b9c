//! `mint`: the IdP makes a token with any header, claim and signature.

use serde_json::{Map, Value as Json, json};

use super::{Context, Done, Stuck, fill, fill_all};
use crate::{
    model::identifier::Component,
    outcome::Cause,
    runner::{
        control::{self, ControlError},
        held::Held,
    },
    scenario::{
        read::words::SIGNATURES,
        syntax::{Mint, MintBase, SignWith},
        template::JsonTemplate,
    },
};

pub(super) async fn take(context: &mut Context<'_>, step: &Mint) -> Result<Done, Stuck> {
    let title = format!("`{}` is minted", step.name);
    let held = match &step.base {
        MintBase::Text(text) => Held::new(fill(context, text)?, SignWith::Issuer, false),
        MintBase::Token(base) => {
            let order = from_token(context, step, base)?;
            mint(context, step, &order).await?
        }
        MintBase::Like { issuer, user, client_id, scopes, audience } => {
            let discovered = context.discovered().await?;
            let text = |template: &Option<_>, otherwise: String| match template {
                Some(template) => fill(context, template),
                None => Ok(otherwise),
            };
            let mut like = Map::new();
            like.insert("client_id".into(), text(client_id, discovered.client_id)?.into());
            let scopes = match scopes {
                Some(scopes) => fill_all(context, scopes)?,
                None => discovered.scopes,
            };
            like.insert("scopes".into(), scopes.into());
            for (name, template) in [("user", user), ("audience", audience)] {
                if let Some(template) = template {
                    like.insert(name.into(), fill(context, template)?.into());
                }
            }
            let mut order = patches(context, step)?;
            order.insert("issuer".into(), text(issuer, discovered.issuer)?.into());
            order.insert("like".into(), like.into());
            mint(context, step, &order).await?
        }
    };
    context.hold(&step.name, held);
    Ok(Done { title, checks: Vec::new(), go_on: true })
}

async fn mint(context: &Context<'_>, step: &Mint, order: &Map<String, Json>) -> Result<Held, Stuck> {
    let idp = context.endpoint(&Component::new("idp")).map_err(Stuck::harness)?;
    let issuer = order.get("issuer").and_then(Json::as_str).map(str::to_owned);
    let order = Json::Object(order.clone());
    let token = control::mint(context.platform.http(), idp, &order).await;
    let token = token.map_err(|error| match error {
        // A client, user or issuer that the IdP does not know: the values and the tenant do not fit.
        ControlError::Refused { .. } => {
            Stuck { reason: format!("the IdP did not mint the token: {error}"), cause: Cause::Configuration }
        }
        error => error.into(),
    })?;
    let raw = step.raw_header.is_some() || step.raw_payload.is_some();
    Ok(Held { raw, issuer, ..Held::new(token, step.sign, false) })
}

/// Header and claims of the base, changed as the step says, under the key that signed the base.
fn from_token(context: &Context<'_>, step: &Mint, base: &str) -> Result<Map<String, Json>, Stuck> {
    let held = context.held(base).map_err(Stuck::harness)?;
    let no_jwt = || Stuck::harness(format!("`{base}` is no JWT, so nothing can be made from it"));
    let (header, claims) = held.parts.clone().ok_or_else(no_jwt)?;
    let issuer = held.issuer.clone().ok_or_else(no_jwt)?;
    let signature = held.text.rsplit('.').next().unwrap_or_default().to_owned();
    let mut order = patches(context, step)?;
    if step.sign == SignWith::Kept {
        order.remove("sign");
        order.insert("signature".into(), signature.into());
    }
    for (name, mut object, without, raw) in [
        ("header", header, &step.without_header, &step.raw_header),
        ("claims", claims, &step.without, &step.raw_payload),
    ] {
        if raw.is_some() {
            continue;
        }
        let set = order.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
        object.retain(|member, _| !without.contains(member));
        object.extend(set);
        order.insert(name.into(), object.into());
    }
    order.insert("issuer".into(), issuer.into());
    order.insert("bare".into(), true.into());
    Ok(order)
}

fn patches(context: &Context<'_>, step: &Mint) -> Result<Map<String, Json>, Stuck> {
    let filled = |members: &[(String, JsonTemplate)]| -> Result<Map<String, Json>, Stuck> {
        members.iter().map(|(name, value)| Ok((name.clone(), value.fill(context)?))).collect()
    };
    let mut order = Map::new();
    order.insert("header".into(), filled(&step.header)?.into());
    order.insert("claims".into(), filled(&step.claims)?.into());
    order.insert("without_header".into(), json!(step.without_header));
    order.insert("without".into(), json!(step.without));
    for (name, raw) in [("raw_header", &step.raw_header), ("raw_payload", &step.raw_payload)] {
        if let Some(raw) = raw {
            order.insert(name.into(), fill(context, raw)?.into());
        }
    }
    if let Some(bytes) = &step.inflates_to {
        order.insert("inflates_to".into(), bytes.fill(context)?);
    }
    order.extend(step.encoding.map(|encoding| ("encoding".to_owned(), encoding.into())));
    // The wire has the words of the language.
    let sign = SIGNATURES.iter().find(|(_, sign)| *sign == step.sign);
    order.extend(sign.map(|(word, _)| ("sign".to_owned(), (*word).into())));
    Ok(order)
}
