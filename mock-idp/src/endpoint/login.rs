//! The sign-in page and its form: takes a password, asks the policies, sends the browser back with a code.
//!
//! After credentials it is always 303, so that no browser repeats them elsewhere (RFC 9700 §4.12).

use axum::{http::StatusCode, response::Response};
use jiff::{SignedDuration, Timestamp};

use super::{authorize::redirect_error, redirect_uri};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    fault,
    journal::Note,
    page::{Failure, Login, html},
    policy::{self, Requested},
    profile::Section,
    refusal::Rule,
    request::Call,
    response,
    route::Place,
    state::{Authorization, Code, Transaction},
    tenant::User,
};

/// What the page says after a wrong password or an unknown login.
pub(super) const WRONG_PASSWORD: &str = "Username or password is wrong. Please try again.";

/// `POST` of the form.
pub(super) fn login(call: &Call<'_>, note: &mut Note) -> Response {
    let provider = call.provider;
    let now = provider.clock.now();
    let id = call.form.first("transaction").unwrap_or_default();
    let transaction =
        provider.state().transactions.get(id).filter(|transaction| transaction.expires > now).cloned();
    let Some(transaction) = transaction else {
        note.error = Some("transaction_unknown".to_owned());
        let page = Failure {
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
    provider.state().transactions.remove(id);
    match authorized(call, &transaction, &user, now, note) {
        Ok(response) => response,
        Err(rule) => redirect_error(
            call,
            StatusCode::SEE_OTHER,
            &transaction.redirect_uri,
            transaction.in_fragment,
            transaction.state.as_deref(),
            rule.into(),
            note,
        ),
    }
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
    response::page(status, html(&page), redirect_uri::form_target(&transaction.redirect_uri).as_deref())
}

/// The authorization of a user who has just signed in, as far as the policies permit it.
pub(super) fn permitted(
    call: &Call<'_>,
    mut authorization: Authorization,
    defaulted: bool,
    user: &User,
    now: Timestamp,
) -> Result<Authorization, Rule> {
    let client = call.provider.tenant.client(&authorization.client).ok_or(Rule::AuthorizeClientUnknown)?;
    let requested = Requested { scopes: authorization.scopes, defaulted };
    let grant = authorization.grant;
    let api = call.server.api(&authorization.audience);
    let permit = policy::permit(call.server, api, client, Some(user), grant, &requested)?;
    authorization.user.clone_from(&user.id);
    authorization.scopes = permit.scopes;
    authorization.access_token_seconds = permit.access_token_seconds;
    authorization.auth_time = Some(now.as_second());
    Ok(authorization)
}

/// What the policies make of the request now that the user is known: a code, or a reason.
fn authorized(
    call: &Call<'_>,
    transaction: &Transaction,
    user: &User,
    now: Timestamp,
    note: &mut Note,
) -> Result<Response, Rule> {
    let provider = call.provider;
    let authorization = permitted(call, transaction.authorization.clone(), transaction.defaulted, user, now)?;
    let lifetime = SignedDuration::from_secs(call.profile().seconds("code_seconds"));
    let code = {
        let mut state = provider.state();
        let code = state.chance.url_safe(Purpose::Code, 43);
        let family = state.new_family();
        let record = Code {
            authorization,
            redirect_uri: transaction.redirect_uri.clone(),
            challenge: transaction.challenge.clone(),
            expires: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            family,
        };
        state.codes.insert(code.clone(), record);
        code
    };
    let mut vars = provider.server_vars(call.server);
    vars.set("code", code);
    vars.set_some("state", transaction.state.as_deref());
    let mut params = call.profile().render(Section::AuthorizationResponse, &vars);
    fault::callback(provider, call.place.journal_name(), &mut params, note);
    Ok(response::redirect(StatusCode::SEE_OTHER, &transaction.redirect_uri, transaction.in_fragment, &params))
}
