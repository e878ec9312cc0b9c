//! Introspection (RFC 7662): what a token of this server is worth. Of any other it says that it is not active, and no
//! more.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value as Json};

use super::client_authentication::{for_tokens, uses_header};
use crate::{
    clock::Clock as _,
    issue::{self, Members, Subject},
    journal::Note,
    presented,
    profile::Section,
    refusal::Rule,
    request::{Call, Refusal},
    response::{json, oauth_error},
    tenant::{Client, User},
};

/// `POST` of a `token`, by a client that authenticates itself.
pub(super) async fn introspect(call: &Call<'_>, note: &mut Note) -> Response {
    let asked = for_tokens(call, "introspection_endpoint_auth_methods_supported", note);
    match asked.and_then(|client| Ok((client, token(call)?))) {
        Ok((client, token)) => {
            let inactive = || Map::from_iter([("active".to_owned(), false.into())]);
            let answer = active(call, client, token).await.unwrap_or_else(inactive);
            json(StatusCode::OK, "no-store", &answer)
        }
        Err(refusal) => oauth_error(call, refusal, uses_header(call), note),
    }
}

/// The parameter of introspection and revocation.
pub(super) fn token<'c>(call: &'c Call<'_>) -> Result<&'c str, Refusal> {
    Ok(call.form.one("token")?.ok_or(Rule::TokenMissing)?)
}

async fn active(call: &Call<'_>, client: &Client, token: &str) -> Option<Members> {
    if let Some(found) = refresh_token(call, client, token) {
        let (user, client, scopes, claims) = found;
        return answer(call, Some(&user), &client, &scopes, claims).await;
    }
    let found = presented::access_token(call, token).await?;
    answer(call, found.user.as_ref(), &found.client, &found.scopes, found.claims).await
}

/// A refresh token, which only its own client may ask about. Its one claim is when it ends.
fn refresh_token(
    call: &Call<'_>,
    client: &Client,
    token: &str,
) -> Option<(User, String, Vec<String>, Members)> {
    let now = call.provider.clock.now();
    let state = call.provider.state();
    let refresh = state.refresh.get(token)?;
    let authorization = &refresh.authorization;
    let usable = refresh.expires > now
        && refresh.used.is_none()
        && authorization.client == client.id
        && authorization.server == call.index;
    let user = usable.then(|| state.user(authorization.user.as_deref()?)).flatten()?.clone();
    let claims = Map::from_iter([("exp".to_owned(), Json::from(refresh.expires.as_second()))]);
    Some((user, client.id.clone(), authorization.scopes.clone(), claims))
}

/// The profile's members of an active token's answer.
async fn answer(
    call: &Call<'_>,
    user: Option<&User>,
    client: &str,
    scopes: &[String],
    claims: Members,
) -> Option<Members> {
    let signer = call.provider.signer(call.index).await?;
    let subject = Subject { client: Some(client), user, scopes, ..Subject::default() };
    let mut vars = issue::vars(call.provider, call.server, &signer.id, &subject);
    vars.set("claims.presented", claims);
    Some(call.profile().render_for(Section::Introspection, &[], scopes, &vars))
}
