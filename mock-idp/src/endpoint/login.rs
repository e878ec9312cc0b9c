//! The sign-in page and its form: takes a password, asks the policies, sends the browser back with a code.
//!
//! After credentials it is always 303, so that no browser repeats them elsewhere (RFC 9700 §4.12).

use axum::{http::StatusCode, response::Response};
use jiff::{SignedDuration, Timestamp};

use super::{authorize::redirect_error, session};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    fault,
    issue::{self, Order},
    journal::Note,
    page::{Failure, Login, html},
    policy::{self, Requested},
    profile::Section,
    refusal::Rule,
    request::Call,
    response::{self, form_target},
    route::Place,
    state::{Authorization, Code, Session, Transaction},
    tenant::User,
};

/// What the page says after a wrong password or an unknown login.
pub(super) const WRONG_PASSWORD: &str = "Username or password is wrong. Please try again.";

/// `POST` of the form.
pub(super) async fn login(call: &Call<'_>, note: &mut Note) -> Response {
    let provider = call.provider;
    let now = provider.clock.now();
    let id = call.form.first("transaction").unwrap_or_default();
    let transaction =
        provider.state().transactions.get(id).filter(|transaction| transaction.expires > now).cloned();
    let Some(transaction) = transaction else {
        note.error = Some("transaction_unknown".to_owned());
        let page = Failure {
            title: "This sign-in cannot go on",
            error: "sign-in ended",
            description: "This sign-in is over: it was finished before, or it waited too long.",
            advice: "Go back to the application and begin again.",
        };
        return response::page(StatusCode::BAD_REQUEST, html(&page), None);
    };
    // The form's path may be shared by all servers: from here on the call is the transaction's server's.
    let Some(call) = &call.to_server(transaction.authorization.server) else {
        note.error = Some("transaction_unknown".to_owned());
        return response::page(StatusCode::BAD_REQUEST, String::new(), None);
    };
    note.issuer = Some(call.server.issuer.clone());
    note.client_id = Some(transaction.authorization.client.clone());
    let (username, user) = user(call);
    let Some(user) = user else {
        note.error = Some("wrong_password".to_owned());
        return page(call, id, &transaction, StatusCode::FORBIDDEN, username, Some(WRONG_PASSWORD));
    };
    note.user = Some(user.login.clone());
    provider.state().transactions.remove(id);
    let status = StatusCode::SEE_OTHER;
    let session = session::new(call, &user, now);
    let mut response = match authorized(call, status, &transaction, &user, &session, note).await {
        Ok(response) => response,
        Err(rule) => redirect_error(
            call,
            status,
            &transaction.redirect_uri,
            transaction.response_mode,
            transaction.state.as_deref(),
            rule.into(),
            note,
        ),
    };
    session::begin(call, session, &mut response);
    response
}

/// All logins of the tenant.
pub(super) fn logins(call: &Call<'_>) -> Vec<String> {
    call.provider.state().users.iter().map(|user| user.login.clone()).collect()
}

/// The login of the form, and who that is if the password is right.
pub(super) fn user<'c>(call: &'c Call<'_>) -> (&'c str, Option<User>) {
    let username = call.form.first("username").unwrap_or_default();
    let password = call.form.first("password").unwrap_or_default();
    let state = call.provider.state();
    let user = state.user_by_login(username).filter(|user| user.password.matches(password));
    (username, user.cloned())
}

/// The page for a transaction.
pub(super) fn page(
    call: &Call<'_>,
    id: &str,
    transaction: &Transaction,
    status: StatusCode,
    username: &str,
    message: Option<&str>,
) -> Response {
    let client = call.provider.tenant.client(&transaction.authorization.client);
    let logins = logins(call);
    let page = Login {
        server: &call.server.name,
        client: client.map_or("an application", |client| &client.name),
        action: &Place::Login.path(call.server).unwrap_or_default(),
        transaction: id,
        username,
        message,
        logins: &logins,
    };
    response::page(status, html(&page), form_target(&transaction.redirect_uri).as_deref())
}

/// The authorization of a user who has signed in, as far as the policies permit it.
pub(super) fn permitted(
    call: &Call<'_>,
    mut authorization: Authorization,
    defaulted: bool,
    user: &User,
    session: &Session,
) -> Result<Authorization, Rule> {
    let client = call.provider.tenant.client(&authorization.client).ok_or(Rule::AuthorizeClientUnknown)?;
    let audience = authorization.audience.clone();
    let requested = Requested { scopes: authorization.scopes, defaulted, audience };
    let grant = authorization.grant;
    let api = call.server.api(&authorization.audience);
    let permit = policy::permit(call.server, api, client, Some(user), grant, &requested)?;
    authorization.user.clone_from(&user.id);
    authorization.scopes = permit.scopes;
    authorization.access_token_seconds = permit.access_token_seconds;
    authorization.auth_time = Some(session.auth_time.as_second());
    authorization.session = Some(session.id.clone());
    Ok(authorization)
}

/// What the policies make of the request now that the user is known: a code, tokens, or a reason.
pub(super) async fn authorized(
    call: &Call<'_>,
    status: StatusCode,
    transaction: &Transaction,
    user: &User,
    session: &Session,
    note: &mut Note,
) -> Result<Response, Rule> {
    let provider = call.provider;
    let asked = transaction.response_type;
    let authorization =
        permitted(call, transaction.authorization.clone(), transaction.defaulted, user, session)?;
    let family = provider.state().new_family();
    let code = asked.code.then(|| code(call, transaction, &authorization, family));
    let mut vars = provider.server_vars(call.server);
    if asked.has_tokens() {
        let order = Order {
            access_token: asked.token,
            id_token: asked.id_token,
            code: code.as_deref(),
            family: Some(family),
            implicit: true,
        };
        let issued =
            issue::tokens(provider, call.server, &authorization, &order, note).await.ok_or(Rule::Internal)?;
        vars.copy(&issued, &["id_token"]);
        if asked.token {
            vars.copy(&issued, &ACCESS_TOKEN);
        }
    }
    vars.set("session.id", session.id.as_str());
    vars.set_some("code", code);
    vars.set_some("state", transaction.state.as_deref());
    let mut params = call.profile().render(Section::AuthorizationResponse, &vars);
    fault::callback(provider, call.place.journal_name(), &mut params, note);
    Ok(response::to_client(status, &transaction.redirect_uri, transaction.response_mode, &params))
}

/// The placeholders that come with an access token.
const ACCESS_TOKEN: [&str; 5] =
    ["access_token", "access_token.type", "access_token.lifetime", "scope", "scope.qualified"];

/// A code for the authorization.
fn code(call: &Call<'_>, transaction: &Transaction, authorization: &Authorization, family: u64) -> String {
    let lifetime = SignedDuration::from_secs(call.profile().seconds("code_seconds"));
    let now = call.provider.clock.now();
    let record = Code {
        authorization: authorization.clone(),
        redirect_uri: transaction.redirect_uri.clone(),
        challenge: transaction.challenge.clone(),
        expires: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        family,
    };
    let mut state = call.provider.state();
    let code = state.chance.url_safe(Purpose::Code, 43);
    state.codes.insert(code.clone(), record);
    code
}
