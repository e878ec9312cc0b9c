//! `POST /control/mint`: a token as the profile would write it, with any defect wanted.
//!
//! No policy is asked. The members keep the profile's order; what is set replaces in place, what is new comes last.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::answer::{self, Answer, Problem, server_of};
use crate::{
    clock::Clock as _,
    issue::{self, Members, Subject},
    keys::hmac,
    policy,
    provider::{Provider, Signer},
    tenant::AccessTokens,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    issuer: String,
    #[serde(default)]
    like: Option<Like>,
    #[serde(default)]
    header: Members,
    #[serde(default)]
    claims: Members,
    #[serde(default)]
    without_header: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    /// Header and claims are complete as given: nothing of the profile is added.
    #[serde(default)]
    bare: bool,
    #[serde(default)]
    sign: Sign,
}

/// Whose token it looks like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Like {
    #[serde(default)]
    kind: Kind,
    /// A login.
    user: Option<String>,
    client_id: String,
    #[serde(default)]
    scopes: Vec<String>,
    /// That which the scopes name, else the client's, else the server's first where absent.
    audience: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    AccessToken,
    IdToken,
}

/// What makes the signature.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Sign {
    /// The issuer's key.
    #[default]
    Issuer,
    /// A key of the same kind that no key set has. `kid` stays the issuer's unless set.
    Unpublished,
    /// Nothing: the third part is empty.
    None,
    /// An HMAC under the PEM of the issuer's public key (RFC 8725 §2.1).
    HmacPublicPem,
    /// The issuer's key, one bit flipped.
    Corrupted,
    /// The unpublished key, whose public half comes along as the header's `jwk` (RFC 8725 §3.10).
    EmbeddedJwk,
}

pub(super) async fn mint(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let mut order: Order = answer::read(body)?;
    let server = server_of(provider, &order.issuer)?;
    if let (Some(like), Some(server)) = (&mut order.like, provider.tenant.servers.get(server)) {
        let (api, scopes) = policy::unqualified(server, &like.scopes);
        like.scopes = scopes;
        like.audience = like.audience.take().or(api.map(|api| api.audience.clone()));
    }
    let form = order.form(provider, server);
    let signer = provider.access_token_signer(server, form).await.ok_or(FAILED)?;
    let (mut header, mut claims) = if order.bare {
        (Map::new(), Map::new())
    } else {
        let (mut header, claims) = template(provider, server, &signer, order.like.as_ref())?;
        if let Some(algorithm) = order.sign.algorithm() {
            header.insert("alg".to_owned(), algorithm.into());
        }
        (header, claims)
    };
    if form == AccessTokens::Opaque {
        return opaque(provider, &order);
    }
    // Assignment keeps the place of a member that is there.
    header.extend(order.header);
    claims.extend(order.claims);
    for name in &order.without_header {
        header.shift_remove(name);
    }
    for name in &order.without {
        claims.shift_remove(name);
    }
    if order.sign == Sign::EmbeddedJwk {
        let key = provider.unpublished(server).await.ok_or(FAILED)?;
        let members = key.public_members().into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        header.insert("jwk".to_owned(), Json::Object(members.collect()));
    }
    let input = issue::signing_input(&header, &claims);
    let signature = order.sign.signature(provider, server, &signer, &header, &input).await?;
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
    Ok(Answer::Document(json!({"token": token, "header": header, "claims": claims})))
}

const FAILED: Problem = Problem::Internal("the token could not be signed");

impl Order {
    /// The form of the token that it is like. One of its own making is a JWT under a published key.
    fn form(&self, provider: &Provider, server: usize) -> AccessTokens {
        let like = self.like.as_ref();
        if self.bare || like.is_some_and(|like| like.kind == Kind::IdToken) {
            return AccessTokens::Jwt;
        }
        let client = like.and_then(|like| provider.tenant.client(&like.client_id));
        let audience = like.and_then(|like| like.audience.as_deref());
        let audience = audience.or(client.and_then(|client| client.audience.as_deref()));
        let server = provider.tenant.servers.get(server);
        server.map(|server| server.access_tokens(audience)).unwrap_or_default()
    }

    fn changes_something(&self) -> bool {
        let Self { header, claims, without_header, without, sign, .. } = self;
        !header.is_empty()
            || !claims.is_empty()
            || !without_header.is_empty()
            || !without.is_empty()
            || *sign != Sign::Issuer
    }
}

/// A token without header and claims: there is nothing to change in it.
fn opaque(provider: &Provider, order: &Order) -> Result<Answer, Problem> {
    if order.changes_something() {
        return Err(Problem::Invalid(format!(
            "the access tokens of `{}` are opaque: there is no header, claim or signature to change; \
             `bare` makes a JWT from nothing",
            order.issuer
        )));
    }
    Ok(Answer::Document(json!({"token": issue::opaque(provider), "header": null, "claims": null})))
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
        let vars = issue::vars(provider, server, signer, &subject);
        return Ok(issue::access_token(provider, server, &vars, &subject));
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
    let subject = Subject {
        client: Some(&client.id),
        user: user.as_ref(),
        scopes: &like.scopes,
        audience: like.audience.as_deref().or(default),
        auth_time: user.is_some().then(|| provider.clock.now().as_second()),
        nonce: None,
        access_token_seconds: None,
    };
    let vars = issue::vars(provider, server, signer, &subject);
    Ok(match like.kind {
        Kind::AccessToken => issue::access_token(provider, server, &vars, &subject),
        Kind::IdToken => issue::id_token(provider, server, &vars, &subject),
    })
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    Problem::NotFound(format!("`{name}` is no {what} of this tenant; it has {}", known.join(", ")))
}

impl Sign {
    /// What `alg` says if nothing else is set; nothing for what the issuer's key does.
    fn algorithm(self) -> Option<&'static str> {
        match self {
            Self::None => Some("none"),
            Self::HmacPublicPem => Some("HS256"),
            Self::Issuer | Self::Unpublished | Self::Corrupted | Self::EmbeddedJwk => None,
        }
    }

    async fn signature(
        self,
        provider: &Provider,
        server: usize,
        signer: &Signer,
        header: &Members,
        input: &str,
    ) -> Result<Vec<u8>, Problem> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Issuer => signer.key.sign(input.as_bytes()).ok_or(FAILED),
            Self::Unpublished | Self::EmbeddedJwk => {
                let key = provider.unpublished(server).await.ok_or(FAILED)?;
                key.sign(input.as_bytes()).ok_or(FAILED)
            }
            Self::HmacPublicPem => {
                let pem = signer.key.public_pem().ok_or(FAILED)?;
                let algorithm = header.get("alg").and_then(Json::as_str).unwrap_or_default();
                Ok(hmac(algorithm, pem.as_bytes(), input.as_bytes()))
            }
            Self::Corrupted => {
                let mut signature = signer.key.sign(input.as_bytes()).ok_or(FAILED)?;
                let middle = signature.len() / 2;
                if let Some(byte) = signature.get_mut(middle) {
                    *byte ^= 1;
                }
                Ok(signature)
            }
        }
    }
}
