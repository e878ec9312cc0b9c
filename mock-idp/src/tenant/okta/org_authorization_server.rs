//! The org authorization server: built in, for Okta's own APIs. There is nothing to set up but the scopes of Okta's
//! APIs that an application was granted; what its access tokens look like differs from organization to organization.

use spanned_yaml::{Diagnostics, Fields, Node};

use super::{
    super::{AccessTokens, Api, Client, Format, Grant, Policy, PolicyRule, RuleUser, Scope, Server},
    authorization_server::Known,
};
use crate::{keys::Algorithm, profile::Profile};

pub(super) fn org_authorization_server(
    node: &Node,
    known: &Known<'_>,
    clients: &[Client],
    diagnostics: &mut Diagnostics,
) -> Option<Server> {
    const FORMS: [(&str, AccessTokens); 3] = [
        ("jwt", AccessTokens::Jwt),
        ("jwt-unpublished-key", AccessTokens::JwtUnpublishedKey),
        ("opaque", AccessTokens::Opaque),
    ];
    let mut fields = Fields::new(node, "the org authorization server", diagnostics)?;
    fields.required("access_tokens", diagnostics);
    let access_tokens = fields.choice("access_tokens", &FORMS, diagnostics);
    fields.finish(diagnostics);
    let profile = Profile::okta_org();
    let scopes = profile.words("api_scopes").map(|name| Scope {
        name: name.to_owned(),
        default: false,
        published: false,
    });
    let origin = format!("https://{}", known.domain);
    let api = Api {
        audience: origin.clone(),
        scopes: scopes.collect(),
        access_tokens: access_tokens?,
        ..Api::default()
    };
    Some(Server {
        profile,
        id: "org".to_owned(),
        name: "Org authorization server".to_owned(),
        issuer: origin.clone(),
        origin,
        names: Vec::new(),
        moved: false,
        path: String::new(),
        apis: vec![api],
        claims: Vec::new(),
        policies: clients.iter().map(|client| policy(profile, client)).collect(),
        algorithm: Algorithm::Rs256,
        format: Format { trusted_origins: known.trusted_origins.to_vec(), ..Format::default() },
    })
}

/// What an application may ask for: `OpenID` scopes, and the scopes of Okta's APIs that it was granted.
fn policy(profile: &Profile, client: &Client) -> Policy {
    let openid = profile.words("openid_scopes").map(str::to_owned);
    let rule = PolicyRule {
        grants: vec![Grant::AuthorizationCode, Grant::ClientCredentials, Grant::DeviceCode, Grant::Implicit],
        user: RuleUser::Any,
        scopes: Some(openid.chain(client.scopes.iter().flatten().cloned()).collect()),
        access_token_seconds: None,
    };
    Policy { clients: Some(vec![client.id.clone()]), rules: vec![rule] }
}
