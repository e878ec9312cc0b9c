//! The client credentials grant (RFC 6749 §4.4).

use super::{Registration, ServerMetadata, SignIn, SignInError, Tokens, token_response};

pub(super) async fn run(flow: &mut SignIn<'_>, registration: &Registration) -> Result<Tokens, SignInError> {
    let metadata = ServerMetadata::fetch(flow.courier, &registration.issuer, flow.rules).await?;
    let mut fields = vec![("grant_type".into(), "client_credentials".into())];
    if !registration.scopes.is_empty() {
        fields.push(("scope".into(), registration.scopes.join(" ")));
    }
    token_response::request(flow, &metadata.token_endpoint, registration, fields).await
}
