//! The authorization endpoint (RFC 6749 §4.1.1): checks a request, then shows the sign-in page.
//!
//! Until client and redirect URI are known to belong together nothing is redirected (RFC 6749 §4.1.2.1).

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use jiff::SignedDuration;

use super::{
    login,
    prompt::{self, Prompt},
    redirect_uri,
};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    fault,
    grant::pkce,
    issue,
    journal::{Note, Pkce, short},
    page::{Failure, html},
    policy,
    profile::{Section, template::Vars},
    refusal::Rule,
    request::{Call, Params, Refusal},
    response::{self, error_vars},
    response_type::{ResponseMode, ResponseType},
    state::{Authorization, Transaction},
    tenant::Client,
};

/// How long a sign-in page waits.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// The longest `state` or `nonce`, in bytes.
const MOST_KEPT: usize = 8 << 10;

/// `GET` or `POST` with the parameters of an authorization request.
pub(super) async fn authorize(call: &Call<'_>, note: &mut Note) -> Response {
    let params = if call.method == Method::POST { &call.form } else { &call.query };
    describe(call, params, note);
    let (client, redirect_uri) = match destination(call, params) {
        Ok(found) => found,
        Err(refusal) => return failure_page(call, refusal, note),
    };
    let answered = match check(call, params, client, redirect_uri) {
        Ok(transaction) => begin(call, params, &transaction, note).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| {
        if call.profile().words("errors_on_page").any(|rule| rule == refusal.rule.name()) {
            return failure_page(call, refusal, note);
        }
        let mode = ResponseMode::for_error(call.server, params);
        redirect_error(call, StatusCode::FOUND, redirect_uri, mode, params.first("state"), refusal, note)
    })
}

/// Back to the client at once where somebody has signed in before and that will do; else the sign-in page.
async fn begin(
    call: &Call<'_>,
    params: &Params,
    transaction: &Transaction,
    note: &mut Note,
) -> Result<Response, Refusal> {
    let provider = call.provider;
    let username = match prompt::decide(call, params).await? {
        Prompt::SignedIn { user, session } => {
            let answer = login::authorized(call, StatusCode::FOUND, transaction, &user, &session, note);
            return Ok(answer.await?);
        }
        Prompt::Ask { username } => username,
    };
    let id = {
        let mut state = provider.state();
        state.tidy(provider.clock.now());
        let id = state.chance.url_safe(Purpose::Transaction, 43);
        state.transactions.insert(id.clone(), transaction.clone());
        id
    };
    Ok(login::page(call, &id, transaction, StatusCode::OK, &username, None))
}

/// Sends an error to the client.
pub(super) fn redirect_error(
    call: &Call<'_>,
    status: StatusCode,
    redirect_uri: &str,
    mode: ResponseMode,
    state: Option<&str>,
    refusal: Refusal,
    note: &mut Note,
) -> Response {
    let vars = call.provider.server_vars(call.server);
    let (_, mut vars) = error_vars(call.provider, call.profile(), refusal, &vars, note);
    vars.set_some("state", state);
    let mut params = call.profile().render(Section::AuthorizationError, &vars);
    fault::callback(call.provider, call.place.journal_name(), &mut params, note);
    response::to_client(status, redirect_uri, mode, &params)
}

/// Shows an error to the person, because it cannot be sent to a client.
pub(super) fn failure_page(call: &Call<'_>, refusal: Refusal, note: &mut Note) -> Response {
    let (status, vars) = error_vars(call.provider, call.profile(), refusal, &Vars::default(), note);
    let text = |placeholder| vars.expand_text(placeholder).unwrap_or_default();
    let advice = match refusal.rule {
        Rule::AuthorizeClientMissing | Rule::AuthorizeClientUnknown | Rule::ClientOfOneTenant => {
            "Compare the client ID with the applications of this tenant."
        }
        Rule::AuthorizeRedirectMismatch => {
            "Compare the redirect URI, character by character, with those registered for the application."
        }
        Rule::PolicyDenied | Rule::UserNotAssigned => {
            "Compare the access policies and assignments with what the application asks for."
        }
        _ => "Correct the request of the application.",
    };
    let title = "This sign-in cannot go on";
    let page =
        Failure { title, error: &text("${error}"), description: &text("${error_description}"), advice };
    response::page(status, html(&page), None)
}

fn describe(call: &Call<'_>, params: &Params, note: &mut Note) {
    note.client_id = params.first("client_id").map(short);
    note.scopes = params.first("scope").map(|scope| policy::split(&short(scope)));
    note.resource = call.targets(params).next().map(short);
    note.redirect_uri = params.first("redirect_uri").map(short);
    note.state_present = Some(params.first("state").is_some());
    note.response_mode = params.first("response_mode").map(short);
    note.prompt = params.first("prompt").map(short);
    note.max_age = params.first("max_age").map(short);
    note.login_hint_present = params.first("login_hint").map(|_| true);
    note.nonce_present = Some(params.first("nonce").is_some());
    note.pkce = Some(Pkce {
        challenge_method: params.first("code_challenge_method").map(short),
        challenge_present: params.first("code_challenge").is_some(),
        challenge_seen_before: params.first("code_challenge").map(|challenge| {
            let digest = issue::base64url(digest(&SHA256, challenge.as_bytes()).as_ref());
            call.provider.state().challenges.insert(digest, ())
        }),
        verifier_present: params.first("code_verifier").is_some(),
    });
}

/// A known client and one of its redirect URIs.
fn destination<'a>(call: &'a Call<'_>, params: &'a Params) -> Result<(&'a Client, &'a str), Refusal> {
    let id = params.one("client_id")?.ok_or(Rule::AuthorizeClientMissing)?;
    let client = call.provider.tenant.client(id).ok_or(Rule::AuthorizeClientUnknown)?;
    call.server.knows(id)?;
    let requested = params.one("redirect_uri")?.ok_or(Rule::AuthorizeRedirectMismatch)?;
    if client.redirect_uris.iter().any(|registered| redirect_uri::matches(registered, requested)) {
        Ok((client, requested))
    } else {
        Err(Rule::AuthorizeRedirectMismatch.into())
    }
}

/// A parameter that comes back to the client, and is kept until then.
fn kept(params: &Params, name: &'static str) -> Result<Option<String>, Refusal> {
    let value = params.one(name)?;
    if value.is_some_and(|value| value.len() > MOST_KEPT) {
        return Err(Refusal { rule: Rule::ParameterTooLong, parameter: Some(name) });
    }
    Ok(value.map(str::to_owned))
}

/// Okta's order: response type, scopes of the server, and later, with the user, the policies.
fn check(
    call: &Call<'_>,
    params: &Params,
    client: &Client,
    redirect_uri: &str,
) -> Result<Transaction, Refusal> {
    let response_type = ResponseType::of(call.server, client, params)?;
    let response_mode = ResponseMode::of(call.server, params, response_type)?;
    let grant = response_type.grant();
    if params.first("request").is_some() || params.first("request_uri").is_some() {
        return Err(Rule::RequestObjectUnsupported.into());
    }
    let resources: Vec<_> = call.targets(params).collect();
    let scope = params.one("scope")?;
    let (_, requested) = policy::resolve(call.server, client, grant, &resources, scope)?;
    let challenge = if response_type.code { pkce::challenge(client, params)? } else { None };
    let state = kept(params, "state")?;
    let nonce = kept(params, "nonce")?;
    if response_type.id_token {
        if !requested.scopes.iter().any(|scope| scope == "openid") {
            return Err(Rule::ScopeMissing.into());
        }
        if nonce.is_none() {
            return Err(Rule::NonceRequired.into());
        }
    }
    Ok(Transaction {
        defaulted: requested.defaulted,
        authorization: Authorization {
            nonce,
            offline: params.one("access_type")? == Some("offline"),
            ..Authorization::waiting(call.index, client, grant, requested)
        },
        redirect_uri: redirect_uri.to_owned(),
        state,
        response_type,
        response_mode,
        challenge,
        expires: call.provider.clock.now().saturating_add(PATIENCE).unwrap_or(jiff::Timestamp::MAX),
    })
}
