//! An Entra tenant file, in the words of the Entra admin center: Users, Groups, App registrations, Enterprise
//! applications.

mod app_registration;

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node};

use self::app_registration::{Known, Registration, app_registration, permissions};
use super::{
    AccessTokens, Api, Format, Scope, Server, Tenant, User,
    reading::{Names, reference, unique},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

/// Microsoft Graph: the API of whatever names no other. It is the last of the server's.
const GRAPH: (&str, &str) = ("00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com");

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let profile = Profile::entra_v2();
    let tenant_id = guid(fields, "tenant_id", "tenant", &mut Names::default(), diagnostics);
    let groups = groups(fields, diagnostics);
    let mut logins = Names::default();
    let mut object_ids = Names::default();
    let users: Vec<_> = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &groups, &mut logins, &mut object_ids, diagnostics))
        .collect();
    fields.required("app_registrations", diagnostics);
    let nodes = fields.list("app_registrations", diagnostics);
    let known = Known { groups: &groups, logins: logins.list(), applications: &registration_names(nodes) };
    let (mut client_ids, mut display_names) = (Names::default(), Names::default());
    let registrations: Vec<_> = nodes
        .iter()
        .filter_map(|node| app_registration(node, &known, &mut client_ids, &mut display_names, diagnostics))
        .collect();
    let permissions = permissions(&registrations, diagnostics);
    let tenant_id = tenant_id?;
    let origin = "https://login.microsoftonline.com".to_owned();
    let path = format!("/{tenant_id}/v2.0");
    let mut apis = Vec::new();
    let mut clients = Vec::new();
    for (Registration { api, mut client, .. }, permissions) in registrations.into_iter().zip(permissions) {
        client.scopes = Some(permissions);
        apis.push(api);
        clients.push(client);
    }
    apis.push(graph());
    let applications =
        clients.iter().map(|client| (client.name.clone(), client.id.clone())).collect::<Vec<_>>();
    for assignment in apis.iter_mut().flat_map(|api| &mut api.enterprise_application.assignments) {
        assignment.to.resolve(&applications);
    }
    let server = Server {
        profile,
        name: "Microsoft Entra ID".to_owned(),
        issuer: format!("{origin}{path}"),
        origin,
        path,
        apis,
        claims: Vec::new(),
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format::default(),
        id: tenant_id,
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

/// Its tokens are for Microsoft alone, and clients are told to take them as opaque; here they are.
fn graph() -> Api {
    let (id, uri) = GRAPH;
    Api {
        audience: id.to_owned(),
        identifiers: vec![uri.to_owned()],
        scopes: vec![Scope { name: "User.Read".to_owned(), default: false, published: false }],
        access_tokens: AccessTokens::Opaque,
        ..Api::default()
    }
}

/// A GUID that must be there and new.
fn guid(
    fields: &mut Fields<'_>,
    key: &'static str,
    what: &str,
    names: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let text = unique(fields, key, what, names, diagnostics)?;
    let node = fields.optional(key)?;
    is_guid(&text, node, diagnostics).then_some(text)
}

/// Lower case: tokens have it so, and claims are compared character for character.
fn is_guid(text: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-';
    let fits = parts == [8, 4, 4, 4, 12] && text.bytes().all(digits);
    if !fits {
        diagnostics
            .error(node.span, format!("`{text}` is no GUID"))
            .help("as in `9188040d-6c67-4c5b-b112-36a304b66dad`, in lower case");
    }
    fits
}

/// Groups > All groups: display names with their object ids.
fn groups(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<(String, String)> {
    let (mut names, mut ids) = (Names::default(), Names::default());
    let mut groups = Vec::new();
    for node in fields.list("groups", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a group", diagnostics) else { continue };
        let name = unique(&mut fields, "display_name", "group", &mut names, diagnostics);
        let id = guid(&mut fields, "object_id", "group with the object ID", &mut ids, diagnostics);
        fields.finish(diagnostics);
        groups.extend(name.zip(id));
    }
    groups
}

/// Users > All users.
fn user(
    node: &Node,
    groups: &[(String, String)],
    logins: &mut Names,
    object_ids: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "user_principal_name", "user", logins, diagnostics);
    let id = match fields.optional("object_id") {
        Some(_) => guid(&mut fields, "object_id", "user with the object ID", object_ids, diagnostics),
        None => None,
    };
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let name = fields.required_text("display_name", diagnostics);
    let email = fields.text("mail", diagnostics);
    let nodes = fields.list("groups", diagnostics);
    let groups = nodes.iter().filter_map(|node| group(node, groups, diagnostics)).collect();
    fields.finish(diagnostics);
    let mut profile = Map::new();
    for (key, text) in [("displayName", name), ("email", email)] {
        if let Some(text) = text {
            profile.insert(key.to_owned(), text.into());
        }
    }
    Some(User { id, login: login?, password: password?, groups, profile })
}

/// The object id of a group that the file calls by its display name.
fn group(node: &Node, groups: &[(String, String)], diagnostics: &mut Diagnostics) -> Option<String> {
    let names: Vec<_> = groups.iter().map(|(name, _)| name.clone()).collect();
    let name = reference(node, "a group of this file", &names, diagnostics)?;
    groups.iter().find(|(known, _)| *known == name).map(|(_, id)| id.clone())
}

/// What the registrations are called, before they are read: assignments may point forward.
fn registration_names(nodes: &[Node]) -> Vec<String> {
    let name = |node: &Node| node.get("display_name").and_then(Node::as_text).map(str::to_owned);
    nodes.iter().filter_map(name).collect()
}
