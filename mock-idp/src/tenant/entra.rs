//! An Entra tenant file, in the words of the Entra admin center: Users, Groups, App registrations, Enterprise
//! applications.

mod app_registration;

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node};

use self::app_registration::{Known, Registration, app_registration, permissions};
use super::{
    AccessTokens, Api, Format, Scope, Server, Tenant, User,
    app_registration::{AppRegistration, SignInAudience},
    directory::CONSUMERS,
    reading::{Names, reference, unique},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

/// Microsoft Graph: the API of whatever names no other. It is the last of the server's.
const GRAPH: (&str, &str) = ("00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com");

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let (mut tenant_ids, mut domains) = (Names::default(), Names::default());
    let tenant_id = guid(fields, "tenant_id", "tenant", &mut tenant_ids, diagnostics);
    let own_domains = domain_names(fields, &mut domains, diagnostics);
    let others = other_tenants(fields, &mut tenant_ids, &mut domains, diagnostics);
    let groups = groups(fields, diagnostics);
    let mut logins = Names::default();
    let mut object_ids = Names::default();
    let users: Vec<_> = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &groups, tenant_ids.list(), &mut logins, &mut object_ids, diagnostics))
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
    let mut apis = Vec::new();
    let mut clients = Vec::new();
    for (Registration { mut api, mut client, .. }, permissions) in registrations.into_iter().zip(permissions)
    {
        client.scopes = Some(permissions);
        api.registration.tenant.clone_from(&tenant_id);
        apis.push(api);
        clients.push(client);
    }
    apis.push(graph());
    let applications =
        clients.iter().map(|client| (client.name.clone(), client.id.clone())).collect::<Vec<_>>();
    for assignment in apis.iter_mut().flat_map(|api| &mut api.enterprise_application.assignments) {
        assignment.to.resolve(&applications);
    }
    let mut servers = Vec::new();
    for (id, names) in std::iter::once((tenant_id, own_domains)).chain(others) {
        servers.extend(endpoints(Profile::entra_v2(), &id, &id, &names, &apis));
    }
    for id in ["common", "organizations"] {
        servers.extend(endpoints(Profile::entra_multitenant(), id, "{tenantid}", &[], &apis));
    }
    Some(Tenant { profile: Profile::entra_v2(), servers, clients, users })
}

/// The endpoints of both versions, of a tenant or of none.
fn endpoints(v2: &'static Profile, id: &str, tenant: &str, names: &[String], apis: &[Api]) -> [Server; 2] {
    let origin = "https://login.microsoftonline.com";
    let versions = [
        (v2, format!("{origin}/{tenant}/v2.0"), format!("/{id}/v2.0")),
        (Profile::entra_v1(), format!("https://sts.windows.net/{tenant}/"), format!("/{id}")),
    ];
    versions.map(|(profile, issuer, path)| Server {
        moved: false,
        profile,
        name: profile.title.clone(),
        issuer,
        origin: origin.to_owned(),
        path,
        names: names.to_vec(),
        apis: apis.to_vec(),
        claims: Vec::new(),
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format::default(),
        id: id.to_owned(),
    })
}

/// Microsoft's own API, in every tenant. Its tokens are for itself alone.
fn graph() -> Api {
    let (id, uri) = GRAPH;
    Api {
        audience: id.to_owned(),
        identifiers: vec![uri.to_owned()],
        scopes: vec![Scope { name: "User.Read".to_owned(), default: false, published: false }],
        access_tokens: AccessTokens::JwtHashedNonce,
        registration: AppRegistration {
            audience: SignInAudience::Everyone,
            access_token_version: Some(1),
            ..AppRegistration::default()
        },
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

/// Custom domain names: they may stand for the tenant ID in a path.
fn domain_names(fields: &mut Fields<'_>, names: &mut Names, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut domains = Vec::new();
    for node in fields.list("custom_domain_names", diagnostics) {
        let Some(text) = node.as_text() else {
            diagnostics.expected(node, "a domain name");
            continue;
        };
        if text.contains('.') && !text.contains(['/', ':']) {
            names.take("domain name", text, node, diagnostics);
            domains.push(text.to_owned());
        } else {
            diagnostics.error(node.span, format!("`{text}` is no domain name")).help("as in `acme.test`");
        }
    }
    domains
}

/// Tenants that are not the file's own: users of theirs sign in where an application lets them. That of the personal
/// accounts is called `consumers`.
fn other_tenants(
    fields: &mut Fields<'_>,
    ids: &mut Names,
    domains: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Vec<String>)> {
    let mut tenants = Vec::new();
    for node in fields.list("other_tenants", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a tenant", diagnostics) else { continue };
        let id = guid(&mut fields, "tenant_id", "tenant", ids, diagnostics);
        let mut names = domain_names(&mut fields, domains, diagnostics);
        fields.finish(diagnostics);
        if id.as_deref() == Some(CONSUMERS) {
            names.push("consumers".to_owned());
        }
        tenants.extend(id.map(|id| (id, names)));
    }
    tenants
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
    tenants: &[String],
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
    let kind = fields.choice("user_type", &[("Member", "Member"), ("Guest", "Guest")], diagnostics);
    let elsewhere = tenants.get(1..).unwrap_or_default();
    let home = fields
        .optional("home_tenant_id")
        .and_then(|node| reference(node, "one of the `other_tenants`", elsewhere, diagnostics));
    if kind == Some("Guest") && fields.optional("home_tenant_id").is_none() {
        diagnostics
            .error(node.span, "a guest without a `home_tenant_id`")
            .help("name the one of the `other_tenants` where the account is");
    }
    fields.finish(diagnostics);
    let mut profile = Map::new();
    let attributes =
        [("displayName", name), ("email", email), ("userType", kind), ("homeTenantId", home.as_deref())];
    for (key, text) in attributes {
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
