//! The tenant file of a Keycloak realm, in the words of its Admin Console.

mod client_scope;

use serde_json::{Map, Value as Json, json};
use spanned_yaml::{Diagnostics, Fields, Node};

use self::client_scope::{Scopes, client_scope, dedicated_mappers};
use super::{
    Api, AudienceMapper, Client, Form, Format, Grant, Server, Tenant, User,
    reading::{Names, choices, host, redirect_uris, references, seconds, segment, texts, unique},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

/// The client that every user has roles of, and so the audience of every token.
const ACCOUNT: &str = "account";

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let profile = Profile::keycloak();
    let host = host(fields, "host", "keycloak.example.com", diagnostics);
    let realm = segment(fields, "realm", diagnostics);
    let lifetime = seconds(fields, "access_token_lifespan", 1..=31_536_000, diagnostics);
    let client_nodes = fields.list("clients", diagnostics);
    let mut known_clients = vec![ACCOUNT.to_owned()];
    known_clients.extend(client_nodes.iter().filter_map(client_id));
    let mut scopes = Scopes::default();
    let mut names = Names::default();
    for node in fields.list("client_scopes", diagnostics) {
        client_scope(node, &known_clients, &mut names, &mut scopes, diagnostics);
    }
    let mut known_scopes: Vec<_> = profile.words("openid_scopes").map(str::to_owned).collect();
    known_scopes.extend(scopes.own.iter().map(|scope| scope.name.clone()));
    let mut ids = Names::default();
    let mut mappers = std::mem::take(&mut scopes.audiences);
    let clients: Vec<_> = client_nodes
        .iter()
        .filter_map(|node| client(node, &known_clients, &known_scopes, &mut ids, &mut mappers, diagnostics))
        .collect();
    let mut logins = Names::default();
    let default_roles = realm.as_deref().map(default_roles).unwrap_or_default();
    let users = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &known_clients, &default_roles, &mut logins, diagnostics))
        .collect();
    let (host, realm) = (host?, realm?);
    let origin = format!("https://{host}");
    let path = format!("/realms/{realm}");
    let server = Server {
        names: Vec::new(),
        moved: false,
        profile,
        name: format!("Realm {realm}"),
        id: realm,
        issuer: format!("{origin}{path}"),
        origin,
        path,
        apis: vec![Api { audience: ACCOUNT.to_owned(), scopes: scopes.own, ..Api::default() }],
        claims: scopes.claims,
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format {
            scope_claims: &["scope"],
            audience_form: Form::ArrayIfSeveral,
            audience_mappers: mappers,
            hidden_scopes: scopes.hidden,
            access_token_seconds: lifetime,
            ..Format::default()
        },
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

fn client_id(node: &Node) -> Option<String> {
    let entries = node.as_mapping()?;
    entries.iter().find(|entry| entry.key == "client_id")?.value.as_text().map(str::to_owned)
}

fn client(
    node: &Node,
    known_clients: &[String],
    known_scopes: &[String],
    ids: &mut Names,
    mappers: &mut Vec<AudienceMapper>,
    diagnostics: &mut Diagnostics,
) -> Option<Client> {
    const FLOWS: [(&str, Grant); 3] = [
        ("Standard flow", Grant::AuthorizationCode),
        ("Service accounts roles", Grant::ClientCredentials),
        ("OAuth 2.0 Device Authorization Grant", Grant::DeviceCode),
    ];
    const METHODS: [(&str, bool); 1] = [("S256", true)];
    let mut fields = Fields::new(node, "a client", diagnostics)?;
    let id = unique(&mut fields, "client_id", "client", ids, diagnostics);
    let name = fields.text("name", diagnostics).map(str::to_owned);
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    let mut grants =
        choices(&mut fields, "authentication_flow", "an authentication flow", &FLOWS, diagnostics);
    let redirect_uris = redirect_uris(&mut fields, "valid_redirect_uris", diagnostics);
    if grants.contains(&Grant::AuthorizationCode)
        && fields.list("valid_redirect_uris", diagnostics).is_empty()
    {
        diagnostics.error(node.span, "a client with the standard flow needs `valid_redirect_uris`");
    }
    if secret.is_none() && grants.contains(&Grant::ClientCredentials) {
        diagnostics
            .error(node.span, "service accounts need client authentication")
            .help("add `client_secret`, or take `Service accounts roles` out of `authentication_flow`");
    }
    let pkce = fields.choice("pkce_method", &METHODS, diagnostics).is_some();
    let what = "a client scope of this file";
    let default_scopes = references(&mut fields, "default_client_scopes", what, known_scopes, diagnostics);
    let optional = references(&mut fields, "optional_client_scopes", what, known_scopes, diagnostics);
    if let Some(id) = &id {
        mappers.extend(dedicated_mappers(&mut fields, id, known_clients, diagnostics));
    }
    fields.finish(diagnostics);
    if grants.iter().any(|grant| *grant != Grant::ClientCredentials) {
        grants.push(Grant::RefreshToken);
    }
    let id = id?;
    let always = ["openid".to_owned()].into_iter();
    Some(Client {
        requires_pkce: pkce || secret.is_none(),
        scopes: Some(always.chain(default_scopes.iter().cloned()).chain(optional).collect()),
        default_scopes,
        ..Client::new(id, name, secret, redirect_uris, grants)
    })
}

/// What a realm gives every user.
fn default_roles(realm: &str) -> Vec<String> {
    let default =
        [&format!("default-roles-{realm}"), "offline_access", "uma_authorization"].map(str::to_owned);
    default.to_vec()
}

fn user(
    node: &Node,
    known_clients: &[String],
    default_roles: &[String],
    logins: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "username", "user", logins, diagnostics);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let id = fields.text("id", diagnostics).map(str::to_owned);
    let groups = texts(&mut fields, "groups", diagnostics);
    let mut profile = Map::new();
    for (key, attribute) in [("email", "email"), ("first_name", "given_name"), ("last_name", "family_name")] {
        if let Some(text) = fields.text(key, diagnostics) {
            profile.insert(attribute.to_owned(), text.into());
        }
    }
    let names: Vec<_> =
        ["given_name", "family_name"].iter().filter_map(|key| profile.get(*key)?.as_str()).collect();
    if !names.is_empty() {
        let name = names.join(" ");
        profile.insert("name".to_owned(), name.into());
    }
    let own = texts(&mut fields, "realm_roles", diagnostics);
    profile.insert("realm_roles".to_owned(), own.iter().chain(default_roles).cloned().collect());
    let mut client_roles = Map::new();
    client_roles
        .insert(ACCOUNT.to_owned(), json!(["manage-account", "manage-account-links", "view-profile"]));
    for entry in fields.optional("client_roles").and_then(Node::as_mapping).unwrap_or_default() {
        if !known_clients.contains(&entry.key) {
            diagnostics
                .error(entry.key_span, format!("`{}` is not a client of this file", entry.key))
                .help("roles belong to a client: add it to `clients`");
        }
        client_roles.insert(entry.key.clone(), entry.value.to_json());
    }
    profile.insert("client_roles".to_owned(), Json::Object(client_roles));
    for entry in fields.optional("attributes").and_then(Node::as_mapping).unwrap_or_default() {
        profile.insert(entry.key.clone(), entry.value.to_json());
    }
    fields.finish(diagnostics);
    Some(User { id, login: login?, password: password?, groups, profile })
}
