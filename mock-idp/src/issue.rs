//! Writing tokens: the profile's members filled in for an authorization, then signed.

mod audience;
mod recipient;
mod roles;
pub(crate) mod unreadable;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::{
    chance::{Purpose, guid_of},
    clock::Clock as _,
    fault::{self, Token},
    grant::Granted,
    journal::Note,
    keys::Algorithm,
    profile::{Profile, Section, template::Vars},
    provider::{Provider, Signer},
    signature::Sign,
    state::{Authorization, Issued},
    tenant::{About, AccessTokens, Claim, Client, Form, Server, User},
};

/// Header or claims, in the order in which they are written.
pub(crate) type Members = Map<String, Json>;

/// What a token is about. Everything may be missing: a minted token can be as bare as wanted.
#[derive(Debug, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) user: Option<&'a User>,
    pub(crate) scopes: &'a [String],
    pub(crate) audience: Option<&'a str>,
    pub(crate) auth_time: Option<i64>,
    pub(crate) nonce: Option<&'a str>,
    /// The id of the sign-in.
    pub(crate) session: Option<&'a str>,
    /// Of the access token; the tenant's or the profile's where absent.
    pub(crate) access_token_seconds: Option<i64>,
    /// The tokens come from the authorization endpoint itself.
    pub(crate) implicit: bool,
    /// The ID token comes with neither an access token nor a code.
    pub(crate) id_token_alone: bool,
}

/// The placeholders of a token's header and claims, and of the response that carries it.
pub(crate) fn vars(provider: &Provider, server: &Server, key_id: &str, subject: &Subject<'_>) -> Vars {
    let profile = server.profile;
    let skew = provider.skew(&server.issuer).as_secs();
    let now = provider.clock.now().as_second().saturating_add(skew);
    let lifetime = subject
        .access_token_seconds
        .or(server.format.access_token_seconds)
        .unwrap_or_else(|| own_lifetime(provider, profile));
    let expires_at = now.saturating_add(lifetime);
    let mut vars = provider.server_vars(server);
    vars.set("key.kid", key_id);
    vars.set("now", now);
    vars.set("now.text", now.to_string());
    vars.set("access_token.lifetime", lifetime);
    vars.set("access_token.lifetime.text", lifetime.to_string());
    vars.set("access_token.expires_at", expires_at);
    vars.set("access_token.expires_at.text", expires_at.to_string());
    vars.set("id_token.expires_at", now.saturating_add(profile.seconds("id_token_seconds")));
    if let Some(client) = subject.client {
        let confidential = provider.tenant.client(client).is_some_and(|client| client.secret.is_some());
        vars.set("client.id", client);
        vars.set("client.object_id", guid_of(&["service principal", &server.id, client]));
        if server.profile.setting("web_origins") == true {
            vars.set_some("client.origins", provider.tenant.client(client).map(Client::origins));
        }
        vars.set("client.authentication", if confidential { "1" } else { "0" });
    }
    vars.set_some("auth_time", subject.auth_time.map(|time| time.saturating_add(skew)));
    vars.set_some("nonce", subject.nonce);
    vars.set_some("audience", audience::claim(server, subject));
    roles::describe(&mut vars, server, subject);
    scopes(&mut vars, server, subject);
    vars.set_some("session.id", subject.session);
    vars.set_some("session.event", subject.session.map(|session| guid_of(&["event", session])));
    if let Some(user) = subject.user {
        vars.set_some("user.id", user.id.as_deref());
        vars.set("user.login", user.login.as_str());
        vars.set_some("user.idp", user.guest_of().and_then(|tenant| guest_provider(profile, tenant)));
        vars.set_some("user.email", user.attribute("email"));
        vars.set_some("user.given_name", user.attribute("firstName"));
        vars.set_some("user.family_name", user.attribute("lastName"));
        vars.set("user.groups", user.groups.clone());
        vars.set_some("user.name", user.attribute("displayName").or_else(|| user.attribute("name")));
    }
    let claims = |wanted: fn(&Claim) -> bool| own_claims(server, subject, wanted);
    vars.set("claims.access_token", claims(|claim| claim.in_access_token));
    let alone: fn(&Claim) -> bool =
        if subject.id_token_alone { |claim| claim.in_userinfo } else { |claim| claim.in_id_token };
    vars.set("claims.id_token", claims(alone));
    vars.set("claims.userinfo", claims(|claim| claim.in_userinfo));
    vars
}

/// Header and claims of an access token.
pub(crate) fn access_token(
    provider: &Provider,
    server: &Server,
    vars: &mut Vars,
    subject: &Subject<'_>,
) -> (Members, Members) {
    let sections = [Section::AccessTokenHeader, Section::AccessTokenClaims];
    token(provider, server, vars, subject, subject.audience, sections)
}

/// Header and claims of an ID token. `vars` may hold the access token that it comes with.
pub(crate) fn id_token(
    provider: &Provider,
    server: &Server,
    vars: &mut Vars,
    subject: &Subject<'_>,
) -> (Members, Members) {
    token(provider, server, vars, subject, subject.client, [Section::IdTokenHeader, Section::IdTokenClaims])
}

fn token(
    provider: &Provider,
    server: &Server,
    vars: &mut Vars,
    subject: &Subject<'_>,
    recipient: Option<&str>,
    sections: [Section; 2],
) -> (Members, Members) {
    vars.scoped(|vars| {
        recipient::describe(vars, server, subject, recipient);
        let mut random = |name, purpose, length| {
            vars.set(name, provider.state().chance.url_safe(purpose, length));
        };
        random("token.id", Purpose::TokenId, 43);
        random("token.uti", Purpose::OpaqueClaim, 22);
        random("token.aio", Purpose::OpaqueClaim, 64);
        random("token.rh", Purpose::OpaqueClaim, 48);
        vars.set("token.guid", provider.state().chance.guid(Purpose::TokenGuid));
        let for_access = sections.contains(&Section::AccessTokenHeader);
        if for_access && server.access_tokens(recipient) == AccessTokens::JwtHashedNonce {
            vars.set("token.nonce", provider.state().chance.url_safe(Purpose::OpaqueClaim, 43));
        }
        let documents =
            [kind(subject.user.is_some(), subject.client), if subject.implicit { "authorize" } else { "" }];
        let [header, claims] =
            sections.map(|section| server.profile.render_for(section, &documents, subject.scopes, vars));
        (header, claims)
    })
}

/// The token endpoint's answer for a grant. Nothing if the key or the signature fails.
pub(crate) async fn response(
    provider: &Provider,
    server: &Server,
    granted: Granted,
    asks_client_info: bool,
    note: &mut Note,
) -> Option<Members> {
    let Granted { authorization, refresh_token, family } = granted;
    let id_token = authorization.user.is_some() && authorization.scopes.iter().any(|scope| scope == "openid");
    let order = Order { access_token: true, id_token, code: None, family, implicit: false };
    let mut vars = tokens(provider, server, &authorization, &order, note).await?;
    vars.set_some("refresh_token", refresh_token);
    if asks_client_info && authorization.user.is_some() {
        vars.set_some("client_info", client_info(server, &vars));
    }
    let kind = kind(authorization.user.is_some(), Some(&authorization.client));
    Some(server.profile.render_for(Section::TokenResponse, &[kind], &authorization.scopes, &vars))
}

/// Which tokens, and what they come with.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) access_token: bool,
    pub(crate) id_token: bool,
    /// The code beside them, which `c_hash` belongs to.
    pub(crate) code: Option<&'a str>,
    /// The sign-in that they go back to; none for a machine.
    pub(crate) family: Option<u64>,
    /// They come from the authorization endpoint itself.
    pub(crate) implicit: bool,
}

/// The tokens of an order among the placeholders of a response. Nothing if the key or a signature fails.
pub(crate) async fn tokens(
    provider: &Provider,
    asked: &Server,
    authorization: &Authorization,
    order: &Order<'_>,
    note: &mut Note,
) -> Option<Vars> {
    let signer = provider.signer(authorization.server).await?;
    let user = authorization.user.as_deref().and_then(|id| provider.state().user(id).cloned());
    let server = provider.tenant.issuing(asked, user.as_ref());
    let seconds = authorization.access_token_seconds.or(server.format.access_token_seconds);
    let subject = Subject {
        client: Some(&authorization.client),
        user: user.as_ref(),
        scopes: authorization.scopes.as_slice(),
        audience: Some(&authorization.audience),
        auth_time: authorization.auth_time,
        nonce: authorization.nonce.as_deref(),
        session: authorization.session.as_deref(),
        access_token_seconds: seconds.or_else(|| Some(own_lifetime(provider, server.profile))),
        implicit: order.implicit,
        id_token_alone: !order.access_token && order.code.is_none(),
    };
    let mut vars = vars(provider, server, &signer.id, &subject);
    let index = authorization.server;
    // What the authorization endpoint itself issues, no fault changes.
    let mut forged = |token, signer: &Signer, header: &mut Members, claims: &mut Members| {
        if order.implicit {
            Sign::default()
        } else {
            fault::token(provider, token, signer, header, claims, note)
        }
    };
    if order.access_token {
        let form = server.access_tokens(subject.audience);
        let unpublished = match form {
            AccessTokens::JwtUnpublishedKey => Some(provider.access_token_signer(index, form).await?),
            _ => None,
        };
        let signer = unpublished.as_ref().unwrap_or(&signer);
        let own = provider.tenant.access_token_server(server, &authorization.audience);
        let (mut header, mut claims) = if std::ptr::eq(own, server) {
            vars.set("key.kid", signer.id.as_str());
            access_token(provider, own, &mut vars, &subject)
        } else {
            let mut vars = self::vars(provider, own, &signer.id, &subject);
            access_token(provider, own, &mut vars, &subject)
        };
        let is_opaque = form.are_unreadable();
        let token = if is_opaque {
            unreadable::token(provider, server, form)
        } else {
            let by = forged(Token::Access, signer, &mut header, &mut claims);
            sign(provider, index, signer, form, by, header, &claims).await?
        };
        if is_opaque || order.family.is_some() {
            let expires = claims.get("exp").and_then(Json::as_i64).unwrap_or_default();
            let expires = Timestamp::from_second(expires).unwrap_or(Timestamp::MAX);
            let claims = is_opaque.then_some(claims);
            let (client, scopes) = (authorization.client.clone(), authorization.scopes.clone());
            provider
                .state()
                .issued
                .add(&token, Issued { family: order.family, client, scopes, expires, claims });
        }
        vars.set("at_hash", half_hash(server.algorithm, &token));
        vars.set("access_token", token);
        vars.set("access_token.type", "Bearer");
    }
    if user.is_some() && order.id_token {
        vars.set_some("c_hash", order.code.map(|code| half_hash(server.algorithm, code)));
        let signer = provider.id_token_signer(index).await?;
        vars.set("key.kid", signer.id.as_str());
        let (mut header, mut claims) = id_token(provider, server, &mut vars, &subject);
        let by = forged(Token::Id, &signer, &mut header, &mut claims);
        let token = sign(provider, index, &signer, AccessTokens::Jwt, by, header, &claims).await?;
        vars.set("id_token", token);
    }
    Some(vars)
}

/// What Microsoft's libraries know an account by, as they want it written.
fn client_info(server: &Server, vars: &Vars) -> Option<String> {
    let members = vars.expand(server.profile.setting("client_info")).filter(Json::is_object)?;
    Some(URL_SAFE_NO_PAD.encode(members.to_string()))
}

/// By the names that a profile's `only` has for tokens and their response.
fn kind(has_user: bool, client: Option<&str>) -> &'static str {
    match (has_user, client) {
        (true, _) => "user",
        (false, Some(_)) => "machine",
        (false, None) => "",
    }
}

async fn sign(
    provider: &Provider,
    server: usize,
    signer: &Signer,
    form: AccessTokens,
    by: Sign,
    mut header: Members,
    claims: &Members,
) -> Option<String> {
    header.extend(by.embedded(provider, server).await.ok()?);
    let shown = signing_input(&header, claims);
    let algorithm = header.get("alg").and_then(Json::as_str).unwrap_or_default();
    let hashed =
        (form == AccessTokens::JwtHashedNonce).then(|| signing_input(&signed_header(form, &header), claims));
    let input = hashed.as_deref().unwrap_or(&shown);
    let signature = by.signature(provider, server, signer, algorithm, input).await.ok()?;
    Some(format!("{shown}.{}", base64url(&signature)))
}

/// The header that the signature is over, for most forms as it is sent.
pub(crate) fn signed_header(form: AccessTokens, header: &Members) -> Members {
    let mut header = header.clone();
    if form == AccessTokens::JwtHashedNonce
        && let Some(nonce) = header.get_mut("nonce")
    {
        let hash = digest(&SHA256, nonce.as_str().unwrap_or_default().as_bytes());
        *nonce = base64url(hash.as_ref()).into();
    }
    header
}

/// How a token names the tenant that a guest's account is of: as the issuer of version 1.0.
fn guest_provider(profile: &Profile, tenant: &str) -> Option<Json> {
    let mut vars = Vars::default();
    vars.set("server.id", tenant);
    vars.expand(profile.setting("guest_provider"))
}

/// As the parts of a JWS are written.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Header and payload of a JWS (RFC 7515 §5.1).
fn signing_input(header: &Members, claims: &Members) -> String {
    let encode =
        |members: &Members| URL_SAFE_NO_PAD.encode(serde_json::to_string(members).unwrap_or_default());
    format!("{}.{}", encode(header), encode(claims))
}

/// `at_hash` and `c_hash` (`OpenID` Connect Core §3.3.2.11): half of the algorithm's hash.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = digest(algorithm.hash(), token.as_bytes());
    let hash = hash.as_ref();
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// Seconds that the profile gives an access token; some providers add a part of an hour by chance.
fn own_lifetime(provider: &Provider, profile: &Profile) -> i64 {
    let spread = u32::try_from(profile.seconds("access_token_spread_seconds")).unwrap_or_default();
    let more = if spread > 0 { provider.state().chance.below(Purpose::Lifetime, spread) } else { 0 };
    profile.seconds("access_token_seconds").saturating_add(more.into())
}

fn scopes(vars: &mut Vars, server: &Server, subject: &Subject<'_>) {
    let format = &server.format;
    let scopes: Vec<_> =
        subject.scopes.iter().filter(|scope| !format.hidden_scopes.contains(scope)).cloned().collect();
    vars.set_some("format.type_header", format.type_header.as_deref());
    vars.set_some("format.client_id_claim", format.client_id_claim.as_deref());
    if scopes.is_empty() {
        return;
    }
    let written: Vec<_> = scopes.iter().map(|scope| server.profile.long_name(scope)).collect();
    let (list, text) = (Json::from(written.as_slice()), written.join(" "));
    let form = match format.scope_form {
        Form::Array => list.clone(),
        Form::ArrayIfSeveral if scopes.len() > 1 => list.clone(),
        _ => Json::from(text.as_str()),
    };
    vars.set_some("format.scope", format.scope_claims.contains(&"scope").then(|| form.clone()));
    vars.set_some("format.scp", format.scope_claims.contains(&"scp").then_some(form));
    vars.set("scopes", list);
    vars.set("scope", text);
    let (openid, own): (Vec<_>, Vec<_>) =
        scopes.iter().map(String::as_str).partition(|scope| server.profile.is_openid(scope));
    let api = subject.audience.and_then(|audience| server.api(audience));
    let qualified = |scope: &str| api.map_or_else(|| scope.to_owned(), |api| api.qualified(scope));
    if own.is_empty() {
        vars.set("scope.qualified", openid.join(" "));
    } else {
        vars.set("scope.api", own.join(" "));
        vars.set("scope.qualified", own.into_iter().map(qualified).collect::<Vec<_>>().join(" "));
    }
}

/// The server's own claims that fit the scopes and that have a value for whom the token is about.
fn own_claims(server: &Server, subject: &Subject<'_>, wanted: fn(&Claim) -> bool) -> Members {
    let about = About {
        user: subject.user,
        client: subject.client,
        everyone: server.profile.setting("everyone_group").as_str(),
    };
    let about_somebody = subject.user.is_some() || subject.client.is_some();
    server
        .claims
        .iter()
        .filter(|claim| about_somebody && wanted(claim) && claim.is_for(subject.scopes))
        .filter_map(|claim| Some((claim.name.clone(), claim.form.apply(claim.value.of(about)?))))
        .collect()
}
