//! The tenant file of an Amazon Cognito user pool, in the words of its console.

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node};

use super::{
    Api, Client, Format, Grant, Scope, Server, Tenant, User,
    reading::{Names, choices, redirect_uris, references, seconds, segment, texts, unique},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let profile = Profile::cognito();
    let region = segment(fields, "region", diagnostics);
    let pool = segment(fields, "user_pool_id", diagnostics);
    if let (Some(region), Some(pool), Some(node)) = (&region, &pool, fields.optional("user_pool_id"))
        && !pool.starts_with(&format!("{region}_"))
    {
        diagnostics
            .error(node.span, format!("`{pool}` is no user pool of `{region}`"))
            .help(format!("its id begins with `{region}_`"));
    }
    let prefix = segment(fields, "domain_prefix", diagnostics);
    let lifetime = seconds(fields, "access_token_expiration", 300..=86_400, diagnostics);
    let scopes = resource_servers(fields, diagnostics);
    let mut known: Vec<_> = profile.words("openid_scopes").map(str::to_owned).collect();
    known.extend(scopes.iter().map(|scope| scope.name.clone()));
    let mut ids = Names::default();
    let clients = fields
        .list("app_clients", diagnostics)
        .iter()
        .filter_map(|node| client(node, &known, &mut ids, diagnostics))
        .collect();
    let mut logins = Names::default();
    let users = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &mut logins, diagnostics))
        .collect();
    let (region, pool, prefix) = (region?, pool?, prefix?);
    let origin = format!("https://cognito-idp.{region}.amazonaws.com");
    let path = format!("/{pool}");
    let server = Server {
        names: Vec::new(),
        moved: false,
        profile,
        // The host of the endpoints, which is not the issuer's.
        id: format!("{prefix}.auth.{region}.amazoncognito.com"),
        name: "Amazon Cognito".to_owned(),
        issuer: format!("{origin}{path}"),
        origin,
        path,
        apis: vec![Api { audience: pool, scopes, ..Api::default() }],
        claims: Vec::new(),
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format { scope_claims: &["scope"], access_token_seconds: lifetime, ..Format::default() },
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

/// Custom scopes: a request, and a token, has them with the name of their resource server.
fn resource_servers(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Scope> {
    let mut scopes = Vec::new();
    let mut identifiers = Names::default();
    for node in fields.list("resource_servers", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a resource server", diagnostics) else { continue };
        let what = "resource server with the identifier";
        let identifier = unique(&mut fields, "identifier", what, &mut identifiers, diagnostics);
        fields.text("name", diagnostics);
        let mut names = Names::default();
        for node in fields.list("custom_scopes", diagnostics) {
            let Some(mut fields) = Fields::new(node, "a custom scope", diagnostics) else { continue };
            let name = unique(&mut fields, "name", "custom scope", &mut names, diagnostics);
            fields.text("description", diagnostics);
            fields.finish(diagnostics);
            let (Some(name), Some(identifier)) = (name, &identifier) else { continue };
            let printable = |byte: u8| byte.is_ascii_graphic() && !b"\"\\/".contains(&byte);
            if !name.bytes().all(printable) {
                diagnostics
                    .error(node.span, format!("`{name}` is no name of a custom scope"))
                    .help("without blanks, quotes, backslashes and `/`, which comes before it");
            }
            scopes.push(Scope { name: format!("{identifier}/{name}"), default: false, published: false });
        }
        fields.finish(diagnostics);
    }
    scopes
}

fn client(node: &Node, known: &[String], ids: &mut Names, diagnostics: &mut Diagnostics) -> Option<Client> {
    const FLOWS: [(&str, Grant); 2] = [
        ("Authorization code grant", Grant::AuthorizationCode),
        ("Client credentials", Grant::ClientCredentials),
    ];
    let mut fields = Fields::new(node, "an app client", diagnostics)?;
    let id = unique(&mut fields, "client_id", "app client", ids, diagnostics);
    let name = fields.text("name", diagnostics).map(str::to_owned);
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    fields.required("oauth_grant_types", diagnostics);
    let mut grants =
        choices(&mut fields, "oauth_grant_types", "a grant type of Cognito", &FLOWS, diagnostics);
    let redirect_uris = redirect_uris(&mut fields, "allowed_callback_urls", diagnostics);
    let has_code = grants.contains(&Grant::AuthorizationCode);
    if has_code && fields.list("allowed_callback_urls", diagnostics).is_empty() {
        diagnostics.error(
            node.span,
            "an app client with the authorization code grant needs `allowed_callback_urls`",
        );
    }
    if grants.contains(&Grant::ClientCredentials) {
        if has_code {
            diagnostics
                .error(node.span, "Cognito takes client credentials with no other grant type")
                .help("make a second app client");
        }
        if secret.is_none() {
            diagnostics.error(node.span, "the client credentials grant needs a `client_secret`");
        }
    }
    let scopes = references(&mut fields, "allowed_scopes", "a scope of this file", known, diagnostics);
    if scopes.is_empty() {
        diagnostics.error(node.span, "an app client needs `allowed_scopes`");
    }
    fields.finish(diagnostics);
    if has_code {
        grants.push(Grant::RefreshToken);
    }
    let id = id?;
    Some(Client { scopes: Some(scopes), ..Client::new(id, name, secret, redirect_uris, grants) })
}

fn user(node: &Node, logins: &mut Names, diagnostics: &mut Diagnostics) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "email", "user", logins, diagnostics);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let id = fields.text("sub", diagnostics).map(str::to_owned);
    let groups = texts(&mut fields, "groups", diagnostics);
    let mut profile = Map::new();
    profile.extend(login.iter().map(|email| ("email".to_owned(), email.as_str().into())));
    for key in ["name", "given_name", "family_name"] {
        profile.extend(fields.text(key, diagnostics).map(|text| (key.to_owned(), text.into())));
    }
    fields.finish(diagnostics);
    Some(User { id, login: login?, password: password?, groups, profile })
}
