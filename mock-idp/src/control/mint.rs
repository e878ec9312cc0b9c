//! `POST /control/mint`: a token as the profile would write it, with any defect wanted.
//!
//! No policy is asked. The members keep the profile's order; what is set replaces in place, what is new comes last.

mod order;

use serde_json::{Map, Value as Json, json};

use self::order::{Kind, Like, Order};
use super::answer::{self, Answer, Problem, server_of};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    issue::{self, Members, Subject},
    policy,
    provider::{Provider, Signer},
    signature::Unsigned,
    tenant::AccessTokens,
};

/// So often a signature is made anew until it shows the form that was asked for. One of ECDSA differs each time.
const TRIES: u8 = 32;

pub(super) async fn mint(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let mut order: Order = answer::read(body)?;
    order.check()?;
    let server = server_of(provider, &order.issuer)?;
    if let (Some(like), Some(server)) = (&mut order.like, provider.tenant.servers.get(server)) {
        let (api, scopes) = policy::unqualified(server, &like.scopes);
        like.scopes = scopes;
        like.audience = like.audience.take().or(api.map(|api| api.audience.clone()));
    }
    let form = order.form(provider, server);
    let is_id_token = order.like.as_ref().is_some_and(|like| like.kind == Kind::IdToken);
    let signer = if is_id_token {
        provider.id_token_signer(server).await
    } else {
        provider.access_token_signer(server, form).await
    };
    let signer = signer.ok_or(FAILED)?;
    let sign = order.sign.unwrap_or_default();
    let (mut header, mut claims) = if order.bare {
        (Map::new(), Map::new())
    } else {
        let (mut header, claims) = template(provider, server, &signer, order.like.as_ref())?;
        if let Some(algorithm) = sign.algorithm() {
            header.insert("alg".to_owned(), algorithm.into());
        }
        (header, claims)
    };
    if form.are_unreadable() {
        return unreadable(provider, server, form, &order);
    }
    // Assignment keeps the place of a member that is there.
    header.extend(std::mem::take(&mut order.header));
    claims.extend(std::mem::take(&mut order.claims));
    for name in &order.without_header {
        header.shift_remove(name);
    }
    for name in &order.without {
        claims.shift_remove(name);
    }
    header.extend(sign.embedded(provider, server).await?);
    let hashed = issue::signed_header(form, &header);
    let token = written(provider, server, &signer, &order, [&hashed, &header], &claims).await?;
    // A text that was given is not read: it need not be JSON.
    let shown = |raw: &Option<String>, members: Members| raw.is_none().then_some(members);
    let (header, claims) = (shown(&order.raw_header, header), shown(&order.raw_payload, claims));
    Ok(Answer::Document(json!({"token": token, "header": header, "claims": claims})))
}

impl From<Unsigned> for Problem {
    fn from(unsigned: Unsigned) -> Self {
        match unsigned {
            Unsigned::Failed => FAILED,
            Unsigned::Impossible(why) => Self::Invalid(why),
        }
    }
}

const FAILED: Problem = Problem::Internal("the token could not be signed");

/// The three parts, signed over the first two as they are written, but for a header that is signed otherwise.
async fn written(
    provider: &Provider,
    server: usize,
    signer: &Signer,
    order: &Order,
    [hashed, header]: [&Members; 2],
    claims: &Members,
) -> Result<String, Problem> {
    let text = |raw: &Option<String>, members: &Members| {
        raw.clone().unwrap_or_else(|| serde_json::to_string(members).unwrap_or_default())
    };
    let encode = |bytes: &[u8]| order.encoding.map_or_else(|| issue::base64url(bytes), |own| own.part(bytes));
    let payload = encode(&order.payload(text(&order.raw_payload, claims)));
    let [under, input] = [hashed, header]
        .map(|header| format!("{}.{payload}", encode(text(&order.raw_header, header).as_bytes())));
    if let Some(signature) = &order.signature {
        return Ok(format!("{input}.{signature}"));
    }
    let algorithm = header.get("alg").and_then(Json::as_str).unwrap_or_default();
    let sign = order.sign.unwrap_or_default();
    for _ in 0..TRIES {
        let signature = sign.signature(provider, server, signer, algorithm, &under).await?;
        let token = format!("{input}.{}", encode(&signature));
        if order.encoding.is_none_or(|encoding| encoding.shows(&token)) {
            return Ok(token);
        }
    }
    Err(Problem::Invalid("this token is written the same in that `encoding`: change a claim".to_owned()))
}

/// A token without header and claims: there is nothing to change in it.
fn unreadable(
    provider: &Provider,
    server: usize,
    form: AccessTokens,
    order: &Order,
) -> Result<Answer, Problem> {
    if order.changes_something() {
        return Err(Problem::Invalid(format!(
            "the access tokens of `{}` are opaque: there is no header, claim or signature to change; \
             `bare` makes a JWT from nothing",
            order.issuer
        )));
    }
    let server = provider.tenant.servers.get(server).ok_or(FAILED)?;
    let token = issue::unreadable::token(provider, server, form);
    Ok(Answer::Document(json!({"token": token, "header": null, "claims": null})))
}

/// Header and claims as the profile writes them.
fn template(
    provider: &Provider,
    index: usize,
    signer: &Signer,
    like: Option<&Like>,
) -> Result<(Members, Members), Problem> {
    let server = provider.tenant.servers.get(index).ok_or(FAILED)?;
    let Some(like) = like else {
        let audience = server.apis.first().map(|api| api.audience.as_str());
        let subject = Subject { audience, ..Subject::default() };
        let mut vars = issue::vars(provider, server, &signer.id, &subject);
        return Ok(issue::access_token(provider, server, &mut vars, &subject));
    };
    let client = provider.tenant.client(&like.client_id).ok_or_else(|| {
        let known = provider.tenant.clients.iter().map(|client| client.id.as_str());
        unknown("client", &like.client_id, known)
    })?;
    let user = like.user.as_deref().map(|login| {
        let state = provider.state();
        state
            .user_by_login(login)
            .cloned()
            .ok_or_else(|| unknown("user", login, state.users.iter().map(|user| user.login.as_str())))
    });
    let user = user.transpose()?;
    let default = client.audience.as_deref().or(server.apis.first().map(|api| api.audience.as_str()));
    let session = user.is_some().then(|| provider.state().chance.guid(Purpose::SessionId));
    let subject = Subject {
        client: Some(&client.id),
        user: user.as_ref(),
        scopes: &like.scopes,
        audience: like.audience.as_deref().or(default),
        auth_time: user.is_some().then(|| provider.clock.now().as_second()),
        nonce: None,
        session: session.as_deref(),
        access_token_seconds: None,
        implicit: false,
        id_token_alone: false,
    };
    let mut vars = issue::vars(provider, server, &signer.id, &subject);
    Ok(match like.kind {
        Kind::AccessToken => issue::access_token(provider, server, &mut vars, &subject),
        Kind::IdToken => issue::id_token(provider, server, &mut vars, &subject),
    })
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    Problem::NotFound(format!("`{name}` is no {what} of this tenant; it has {}", known.join(", ")))
}
