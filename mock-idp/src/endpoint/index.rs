//! `GET /`: the tenant at a glance, with commands to copy.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::{http::StatusCode, response::Response};

use crate::{
    page::{Index, IndexClient, IndexCommand, IndexIssuer, IndexUser, html},
    policy,
    provider::Provider,
    response,
    route::Place,
    secret::Secret,
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
            groups: user.groups.clone(),
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
    let mut scopes: Vec<_> = server.profile.words("openid_scopes").map(str::to_owned).collect();
    for scope in api_scopes(server) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    IndexIssuer {
        name: &server.name,
        issuer: &server.issuer,
        audiences: server.apis.iter().map(|api| api.audience.as_str()).collect(),
        scopes,
        commands: commands(provider, server),
    }
}

fn commands(provider: &Provider, server: &Server) -> Vec<IndexCommand> {
    let url = |place: Place| place.url(server);
    let curl = format!("curl --cacert ca.pem{}", detour(provider, server));
    let read = [(Place::OpenidConfiguration, "Discovery"), (Place::Keys, "Key set")];
    let mut commands: Vec<_> = read
        .into_iter()
        .filter_map(|(place, shows)| Some(IndexCommand { shows, text: format!("{curl} {}", url(place)?) }))
        .collect();
    let machine =
        provider.tenant.clients.iter().find(|client| client.grants.contains(&Grant::ClientCredentials));
    let everything = server.apis.iter().map(|api| api.qualified(".default"));
    let mut scopes = api_scopes(server).chain(everything);
    if let (Some(client), Some(token)) = (machine, url(Place::Token)) {
        let permitted = scopes.find(|scope| is_permitted(server, client, scope));
        if let (Some(scope), Some(secret)) = (permitted, &client.secret) {
            let text = format!(
                "{curl} -u '{}:{}' -d grant_type=client_credentials -d 'scope={scope}' {token}",
                client.id,
                secret.reveal()
            );
            commands.push(IndexCommand { shows: "Machine token", text });
        }
    }
    commands
}

/// How curl finds a host that leads elsewhere; nothing where the issuer lives at the address that is listened on.
fn detour(provider: &Provider, server: &Server) -> String {
    let mut here = provider.address;
    if here.ip().is_unspecified() {
        here.set_ip(if here.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let own = ["localhost".to_owned(), here.ip().to_string(), format!("[{}]", here.ip())];
    if own.iter().any(|host| server.origin == format!("https://{host}:{}", here.port())) {
        return String::new();
    }
    format!(" --connect-to ::{here}")
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
    IndexClient {
        name: &client.name,
        id: &client.id,
        secret: client.secret.as_ref().map(Secret::reveal),
        grants: client.grants.iter().map(short).collect(),
    }
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::{IdpClock, KeyPool, Tenant, clock::RunningClock, tenants::SHIPPED};

    #[test]
    fn a_detour_is_for_hosts_that_lead_elsewhere() {
        let detour = |url: &str, address: &str| {
            let tenant = Tenant::parse(&Source::new("tenant.yaml", SHIPPED[0].1)).unwrap().0.at(url).unwrap();
            let clock = RunningClock::new(IdpClock::System);
            let provider = Provider::new(tenant, [7; 32], clock, KeyPool::new(), address.parse().unwrap());
            detour(&provider, &provider.tenant.servers[0])
        };
        assert_eq!(detour("https://localhost:8443", "0.0.0.0:8443"), "");
        assert_eq!(detour("https://127.0.0.1:8443", "127.0.0.1:8443"), "");
        assert_eq!(detour("https://[::1]:8443", "[::]:8443"), "");
        assert_eq!(detour("https://localhost", "0.0.0.0:8443"), " --connect-to ::127.0.0.1:8443");
        assert_eq!(detour("https://idp.test:8443", "[::]:8443"), " --connect-to ::[::1]:8443");
    }
}
