//! The tenant file of Google accounts, in the words of the Google Cloud and Workspace consoles.

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node};

use super::{
    AccessTokens, Api, Client, Format, Grant, Server, Tenant, User,
    reading::{Names, host, redirect_uris, texts, unique},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let profile = Profile::google();
    let domain = host(fields, "workspace_domain", "acme.test", diagnostics);
    let mut ids = Names::default();
    let clients = fields
        .list("oauth_clients", diagnostics)
        .iter()
        .filter_map(|node| client(node, &mut ids, diagnostics))
        .collect();
    let mut logins = Names::default();
    let users = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &mut logins, diagnostics))
        .collect();
    let origin = "https://accounts.google.com".to_owned();
    let server = Server {
        names: Vec::new(),
        moved: false,
        profile,
        // What `hd` says.
        id: domain?,
        name: "Google".to_owned(),
        issuer: origin.clone(),
        apis: vec![Api {
            audience: "https://www.googleapis.com".to_owned(),
            access_tokens: AccessTokens::Opaque,
            ..Api::default()
        }],
        origin,
        path: String::new(),
        claims: Vec::new(),
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format::default(),
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

fn client(node: &Node, ids: &mut Names, diagnostics: &mut Diagnostics) -> Option<Client> {
    const TYPES: [(&str, &[Grant]); 3] = [
        ("Web application", &[Grant::AuthorizationCode, Grant::RefreshToken]),
        ("Desktop app", &[Grant::AuthorizationCode, Grant::RefreshToken]),
        ("TVs and Limited Input devices", &[Grant::DeviceCode, Grant::RefreshToken]),
    ];
    let mut fields = Fields::new(node, "an OAuth client", diagnostics)?;
    let id = unique(&mut fields, "client_id", "OAuth client", ids, diagnostics);
    let name = fields.text("name", diagnostics).map(str::to_owned);
    fields.required("application_type", diagnostics);
    let grants = fields.choice("application_type", &TYPES, diagnostics).unwrap_or_default();
    let kind = fields.text("application_type", diagnostics).unwrap_or_default();
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    if secret.is_none() && kind == "Web application" {
        diagnostics.error(node.span, "a web application needs a `client_secret`");
    }
    let mut uris = redirect_uris(&mut fields, "authorized_redirect_uris", diagnostics);
    let given = !fields.list("authorized_redirect_uris", diagnostics).is_empty();
    match (kind, given) {
        ("Web application", false) => {
            diagnostics.error(node.span, "a web application needs `authorized_redirect_uris`");
        }
        ("Desktop app", true) => {
            diagnostics
                .error(node.span, "a desktop app has no `authorized_redirect_uris`")
                .help("Google takes any path at `http://127.0.0.1` and any port: remove them");
        }
        _ => {}
    }
    if kind == "Desktop app" {
        uris.push("http://127.0.0.1/callback".to_owned());
    }
    fields.finish(diagnostics);
    let id = id?;
    Some(Client::new(id, name, secret, uris, grants.to_vec()))
}

fn user(node: &Node, logins: &mut Names, diagnostics: &mut Diagnostics) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "primary_email", "user", logins, diagnostics);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let id = fields.text("id", diagnostics).map(str::to_owned);
    if let (Some(id), Some(node)) = (&id, fields.optional("id"))
        && (id.is_empty() || id.len() > 255 || !id.bytes().all(|byte| byte.is_ascii_digit()))
    {
        diagnostics.error(node.span, format!("`{id}` is no id of an account")).help("up to 255 digits");
    }
    // No token says them; they stand here as in every tenant, for those who look them up elsewhere.
    let groups = texts(&mut fields, "groups", diagnostics);
    let mut profile = Map::new();
    profile.extend(login.iter().map(|email| ("email".to_owned(), email.as_str().into())));
    for (key, attribute) in [("first_name", "given_name"), ("last_name", "family_name")] {
        profile.extend(fields.text(key, diagnostics).map(|text| (attribute.to_owned(), text.into())));
    }
    let names: Vec<_> =
        ["given_name", "family_name"].iter().filter_map(|key| profile.get(*key)?.as_str()).collect();
    let name = names.join(" ");
    profile.insert("name".to_owned(), name.into());
    fields.finish(diagnostics);
    Some(User { id, login: login?, password: password?, groups, profile })
}
