//! An Okta tenant file, in the words of the admin console: Directory, Applications, Security > API.

mod authorization_server;
mod expression;
mod org_authorization_server;

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node, closest};

use self::{
    authorization_server::{Known, authorization_server},
    org_authorization_server::org_authorization_server,
};
use super::{
    Client, Grant, Implicit, Tenant, User,
    reading::{Names, grants, quoted, redirect_uris, reference, references, texts, unique},
};
use crate::{profile::Profile, secret::Secret};

/// Attributes that every Okta user profile has (Directory > Profile Editor).
const BASE_ATTRIBUTES: [&str; 10] = [
    "login",
    "email",
    "firstName",
    "lastName",
    "displayName",
    "nickName",
    "title",
    "department",
    "locale",
    "mobilePhone",
];

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let domain = domain(fields, diagnostics);
    let multiple_audiences = features(fields, diagnostics);
    let trusted_origins = trusted_origins(fields, diagnostics);
    let directory = directory(fields, diagnostics);
    let mut client_ids = Names::default();
    let clients: Vec<_> = fields
        .list("applications", diagnostics)
        .iter()
        .filter_map(|node| application(node, &directory, &mut client_ids, diagnostics))
        .collect();
    let known = Known {
        domain: domain.unwrap_or_default(),
        multiple_audiences,
        trusted_origins: &trusted_origins,
        names: super::expression::Names {
            attributes: &directory.attributes,
            group_ids: &directory.group_ids,
        },
        groups: &directory.groups,
        logins: directory.logins.list(),
        clients: client_ids.list(),
    };
    // An organization always has its own server; a file without it has nothing to do with it.
    let org = fields.optional("org_authorization_server");
    if org.is_none() {
        fields.required("authorization_servers", diagnostics);
    }
    let mut server_ids = Names::default();
    let mut servers: Vec<_> = fields
        .list("authorization_servers", diagnostics)
        .iter()
        .filter_map(|node| authorization_server(node, &known, &mut server_ids, diagnostics))
        .collect();
    servers.extend(org.and_then(|node| org_authorization_server(node, &known, &clients, diagnostics)));
    let profile = servers.first()?.profile;
    Some(Tenant { profile, servers, clients, users: directory.users })
}

fn domain<'n>(fields: &mut Fields<'n>, diagnostics: &mut Diagnostics) -> Option<&'n str> {
    let text = fields.required_text("domain", diagnostics)?;
    let node = fields.optional("domain")?;
    let fits = url::Url::parse(&format!("https://{text}")).is_ok_and(|url| {
        url.path() == "/" && !text.ends_with('/') && url.username().is_empty() && url.query().is_none()
    });
    if !fits {
        diagnostics
            .error(node.span, format!("`{text}` is no domain"))
            .help("write it bare, as in `acme.okta.com`");
        return None;
    }
    Some(text)
}

fn features(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> bool {
    let known = ["multiple_audiences".to_owned()];
    !references(fields, "features", "a feature", &known, diagnostics).is_empty()
}

/// Security > API > Trusted Origins, those with CORS.
fn trusted_origins(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut origins = Vec::new();
    for node in fields.list("trusted_origins", diagnostics) {
        let text = node.as_text().unwrap_or_default();
        if url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text) {
            origins.push(text.to_owned());
        } else {
            diagnostics.error(node.span, format!("`{text}` is no origin")).help(
                "scheme, host and port if it is not the usual one, as in `https://console.example.com`",
            );
        }
    }
    origins
}

/// Directory > People, Groups and Profile Editor.
#[derive(Default)]
struct Directory {
    attributes: Vec<String>,
    groups: Vec<String>,
    /// Ids, where the file has them, with the names.
    group_ids: Vec<(String, String)>,
    logins: Names,
    users: Vec<User>,
}

fn directory(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Directory {
    let mut directory = Directory::default();
    directory.attributes.extend(BASE_ATTRIBUTES.map(str::to_owned));
    let Some(node) = fields.required("directory", diagnostics) else { return directory };
    let Some(mut fields) = Fields::new(node, "the directory", diagnostics) else { return directory };
    directory.attributes.extend(texts(&mut fields, "profile_attributes", diagnostics));
    groups(&mut fields, &mut directory, diagnostics);
    let people = fields.list("people", diagnostics);
    let users = people.iter().filter_map(|node| {
        person(node, &directory.attributes, &directory.groups, &mut directory.logins, diagnostics)
    });
    directory.users = users.collect();
    fields.finish(diagnostics);
    directory
}

/// Names, or maps of `name` and `id` where an expression wants ids.
fn groups(fields: &mut Fields<'_>, directory: &mut Directory, diagnostics: &mut Diagnostics) {
    for node in fields.list("groups", diagnostics) {
        if let Some(name) = node.as_text() {
            directory.groups.push(name.to_owned());
            continue;
        }
        let Some(mut fields) = Fields::new(node, "a group", diagnostics) else { continue };
        let name = fields.required_text("name", diagnostics).map(str::to_owned);
        let id = fields.required_text("id", diagnostics).map(str::to_owned);
        fields.finish(diagnostics);
        directory.groups.extend(name.clone());
        directory.group_ids.extend(id.zip(name));
    }
}

fn person(
    node: &Node,
    attributes: &[String],
    groups: &[String],
    logins: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<User> {
    let mut fields = Fields::new(node, "a person", diagnostics)?;
    let login = unique(&mut fields, "username", "person", logins, diagnostics);
    let id = fields.text("id", diagnostics).map(str::to_owned);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let groups = references(&mut fields, "groups", "a group of this file", groups, diagnostics);
    let mut profile = Map::new();
    for entry in fields.optional("profile").and_then(Node::as_mapping).unwrap_or_default() {
        if !attributes.contains(&entry.key) {
            let error = diagnostics.error(entry.key_span, format!("the user profile has no `{}`", entry.key));
            match closest(&entry.key, attributes.iter().map(String::as_str)) {
                Some(name) => error.help(format!("did you mean `{name}`?")),
                None => error.help("add it to `profile_attributes`, as in Directory > Profile Editor"),
            };
        }
        profile.insert(entry.key.clone(), entry.value.to_json());
    }
    fields.finish(diagnostics);
    let login = login?;
    profile.entry("email").or_insert_with(|| login.clone().into());
    if !profile.contains_key("displayName")
        && let (Some(first), Some(last)) = (profile.get("firstName"), profile.get("lastName"))
    {
        let name = [first, last].map(|name| name.as_str().unwrap_or_default()).join(" ");
        profile.insert("displayName".to_owned(), name.into());
    }
    Some(User { id, login, password: password?, groups, profile })
}

/// Applications > Applications.
fn application(
    node: &Node,
    directory: &Directory,
    ids: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<Client> {
    const TYPES: [(&str, bool); 3] = [("Native", false), ("Web", true), ("API Services", true)];
    const PKCE: [(&str, bool); 2] = [("Required", true), ("Optional", false)];
    let mut fields = Fields::new(node, "an application", diagnostics)?;
    let name = fields.required_text("name", diagnostics);
    let id = unique(&mut fields, "client_id", "application with the client ID", ids, diagnostics);
    fields.required("application_type", diagnostics);
    let confidential = fields.choice("application_type", &TYPES, diagnostics);
    let secret = fields.text("client_secret", diagnostics);
    match (confidential, secret) {
        (Some(true), None) => {
            diagnostics
                .error(fields.span(), "this application needs a `client_secret`")
                .help("only `application_type: Native` has none");
        }
        (Some(false), Some(_)) => {
            let at = fields.optional("client_secret").map_or(node.span, |node| node.span);
            diagnostics
                .error(at, "a native application has no `client_secret`")
                .help("it could not keep one; it proves itself with PKCE");
        }
        _ => {}
    }
    let requires_pkce = fields.choice("proof_key_for_code_exchange", &PKCE, diagnostics).unwrap_or(true);
    if !requires_pkce && confidential == Some(false) {
        diagnostics.error(node.span, "a native application cannot do without PKCE");
    }
    let grants = grants(&mut fields, "grant_types", &[Grant::AuthorizationCode], diagnostics);
    let sign_out_redirect_uris = redirect_uris(&mut fields, "sign_out_redirect_uris", diagnostics);
    let redirect_uris = redirect_uris(&mut fields, "sign_in_redirect_uris", diagnostics);
    // The console has a box for each kind of token below the grant; both are ticked here.
    let has_implicit = grants.contains(&Grant::Implicit);
    if (has_implicit || grants.contains(&Grant::AuthorizationCode))
        && fields.list("sign_in_redirect_uris", diagnostics).is_empty()
    {
        diagnostics.error(
            node.span,
            "an application with the authorization code grant needs `sign_in_redirect_uris`",
        );
    }
    let assigned = match fields.optional("assignments") {
        None => None,
        Some(node) if node.as_text() == Some("Everyone") => None,
        Some(node) => {
            if node.as_sequence().is_none() {
                diagnostics
                    .expected(node, "`Everyone` or a list of groups")
                    .help(format!("the groups are {}", quoted(&directory.groups)));
            }
            let nodes = node.as_sequence().unwrap_or_default();
            let groups = nodes
                .iter()
                .filter_map(|node| reference(node, "a group of this file", &directory.groups, diagnostics));
            Some(groups.collect())
        }
    };
    let api_scopes: Vec<_> = Profile::okta_org().words("api_scopes").map(str::to_owned).collect();
    let scopes =
        references(&mut fields, "okta_api_scopes", "a scope of Okta's APIs", &api_scopes, diagnostics);
    fields.finish(diagnostics);
    Some(Client {
        id: id?,
        name: name?.to_owned(),
        secret: secret.map(Secret::new),
        redirect_uris,
        sign_out_redirect_uris,
        implicit: Implicit { id_tokens: has_implicit, access_tokens: has_implicit },
        grants,
        requires_pkce,
        scopes: Some(scopes),
        default_scopes: Vec::new(),
        assigned,
        audience: None,
    })
}
