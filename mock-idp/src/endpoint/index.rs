//! `GET /`: the tenant at a glance, with commands to copy.

use axum::{http::StatusCode, response::Response};

use crate::{
    page::{Index, IndexClient, IndexIssuer, IndexUser, html},
    policy,
    provider::Provider,
    response,
    route::Place,
    tenant::{Client, Grant, Server},
};

/// The page.
pub(super) fn page(provider: &Provider) -> Response {
    let users = provider
        .state()
        .users
        .iter()
        .map(|user| IndexUser {
            login: user.login.clone(),
            password: user.password.reveal().to_owned(),
            groups: user.groups.join(", "),
        })
        .collect();
    let tenant = &provider.tenant;
    let servers = tenant.servers.iter().filter(|server| !server.is_template());
    let page = Index {
        title: &provider.profile().title,
        issuers: servers.map(|server| issuer(provider, server)).collect(),
        clients: tenant.clients.iter().map(client).collect(),
        users,
    };
    response::page(StatusCode::OK, html(&page), None)
}

fn issuer<'p>(provider: &'p Provider, server: &'p Server) -> IndexIssuer<'p> {
    let audiences: Vec<_> = server.apis.iter().map(|api| api.audience.as_str()).collect();
    let mut scopes: Vec<_> = server.profile.words("openid_scopes").map(str::to_owned).collect();
    for scope in api_scopes(server) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    IndexIssuer {
        name: &server.name,
        issuer: &server.issuer,
        audiences: audiences.join(" "),
        scopes: scopes.join(" "),
        commands: commands(provider, server),
    }
}

fn commands(provider: &Provider, server: &Server) -> Vec<String> {
    let url = |place: Place| place.url(server);
    let curl = "curl --cacert ca.pem --connect-to ::$ADDRESS";
    let read = [Place::OpenidConfiguration, Place::Keys].into_iter().filter_map(url);
    let mut commands: Vec<_> = read.map(|url| format!("{curl} {url}")).collect();
    let machine =
        provider.tenant.clients.iter().find(|client| client.grants.contains(&Grant::ClientCredentials));
    let everything = server.apis.iter().map(|api| api.qualified(".default"));
    let mut scopes = api_scopes(server).chain(everything);
    if let (Some(client), Some(token)) = (machine, url(Place::Token)) {
        let permitted = scopes.find(|scope| is_permitted(server, client, scope));
        if let (Some(scope), Some(secret)) = (permitted, &client.secret) {
            commands.push(format!(
                "{curl} -u '{}:{}' -d grant_type=client_credentials -d 'scope={scope}' {token}",
                client.id,
                secret.reveal()
            ));
        }
    }
    commands
}

/// The scopes of all APIs, as a request names them.
fn api_scopes(server: &Server) -> impl Iterator<Item = String> {
    server.apis.iter().flat_map(|api| api.scopes.iter().map(|scope| api.qualified(&scope.name)))
}

fn is_permitted(server: &Server, client: &Client, scope: &str) -> bool {
    let grant = Grant::ClientCredentials;
    policy::resolve(server, client, grant, &[], Some(scope))
        .and_then(|(api, requested)| policy::permit(server, Some(api), client, None, grant, &requested))
        .is_ok()
}

fn client(client: &Client) -> IndexClient<'_> {
    // Of a URN its last part: the rest would burst the table.
    let short = |grant: &Grant| grant.name().rsplit(':').next().unwrap_or_default();
    let grants: Vec<_> = client.grants.iter().map(short).collect();
    IndexClient {
        name: &client.name,
        id: &client.id,
        secret: client.secret.as_ref().map_or("none, PKCE", |secret| secret.reveal()),
        grants: grants.join(", "),
    }
}
