//! From a path to an endpoint. The paths are the profile's; the host of a request does not matter: issuers are
//! pinned to what the tenant says.

use std::collections::BTreeMap;

use crate::{
    profile::{Section, template::Vars},
    tenant::{Server, Tenant},
};

/// An endpoint of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    OpenidConfiguration,
    OauthMetadata,
    OauthMetadataLegacy,
    Keys,
    Authorize,
    Login,
    Token,
    Introspect,
    Userinfo,
    Revoke,
    Logout,
    DeviceAuthorize,
    Device,
    Register,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// An endpoint of a server, by its index.
    Endpoint(usize, Place),
    /// An endpoint of a server that does not exist.
    UnknownServer(String),
    /// `GET /`, a page for people.
    Index,
    /// `GET /healthz`.
    Health,
    /// Nothing is there.
    Nowhere,
}

/// All paths of a tenant.
#[derive(Debug)]
pub(crate) struct Routes {
    exact: BTreeMap<String, (usize, Place)>,
    /// Before and after the server id in a path.
    by_server: Vec<(String, String)>,
}

impl Routes {
    pub(crate) fn new(tenant: &Tenant) -> Self {
        let mut exact = BTreeMap::new();
        for (index, server) in tenant.servers.iter().enumerate() {
            for place in Place::ALL {
                for id in std::iter::once(&server.id).chain(&server.names) {
                    if let Some(path) = place.path_for(server, id) {
                        exact.entry(path).or_insert((index, place));
                    }
                }
            }
        }
        let by_server = tenant
            .servers
            .iter()
            .flat_map(|server| server.profile.section(Section::Paths))
            .filter_map(|field| field.value.as_str()?.split_once("${server.id}"))
            .map(|(before, after)| (before.to_owned(), after.to_owned()))
            .collect();
        Self { exact, by_server }
    }

    pub(crate) fn find(&self, path: &str) -> Route {
        if let Some((server, place)) = self.exact.get(path) {
            return Route::Endpoint(*server, *place);
        }
        match path {
            "/" => return Route::Index,
            "/healthz" => return Route::Health,
            _ => {}
        }
        self.by_server
            .iter()
            .filter_map(|(before, after)| path.strip_prefix(before.as_str())?.strip_suffix(after.as_str()))
            .find(|id| !id.is_empty() && !id.contains('/'))
            .map_or(Route::Nowhere, |id| Route::UnknownServer(id.to_owned()))
    }
}

impl Place {
    pub(crate) const ALL: [Self; 14] = [
        Self::OpenidConfiguration,
        Self::OauthMetadata,
        Self::OauthMetadataLegacy,
        Self::Keys,
        Self::Authorize,
        Self::Login,
        Self::Token,
        Self::Introspect,
        Self::Userinfo,
        Self::Revoke,
        Self::Logout,
        Self::DeviceAuthorize,
        Self::Device,
        Self::Register,
    ];

    /// The name in the profile files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenidConfiguration => "openid_configuration",
            Self::OauthMetadata => "oauth_metadata",
            Self::OauthMetadataLegacy => "oauth_metadata_legacy",
            Self::Keys => "keys",
            Self::Authorize => "authorize",
            Self::Login => "login",
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Userinfo => "userinfo",
            Self::Revoke => "revoke",
            Self::Logout => "logout",
            Self::DeviceAuthorize => "device_authorize",
            Self::Device => "device",
            Self::Register => "register",
        }
    }

    /// What the journal calls it.
    pub(crate) fn journal_name(self) -> &'static str {
        match self {
            Self::OpenidConfiguration | Self::OauthMetadata | Self::OauthMetadataLegacy => "discovery",
            Self::DeviceAuthorize | Self::Device => "device",
            other => other.name(),
        }
    }

    /// It answers with the protocol's error object (RFC 6749 §5.2).
    pub(crate) fn has_oauth_errors(self) -> bool {
        matches!(self, Self::Token | Self::Introspect | Self::Revoke | Self::DeviceAuthorize)
    }

    /// Its path does not say whose it is, at a profile of several servers.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::Login | Self::Device | Self::Register)
    }

    /// Its path at a server, if the server's profile has it.
    pub(crate) fn path(self, server: &Server) -> Option<String> {
        self.path_for(server, &server.id)
    }

    /// Its path under one of the server's names.
    fn path_for(self, server: &Server, id: &str) -> Option<String> {
        path_of(self.location(server, id)?)
    }

    /// Its URL. A profile's path may be a whole URL, where it is not on the issuer's host.
    pub(crate) fn url(self, server: &Server) -> Option<String> {
        let location = self.location(server, &server.id)?;
        if location.contains("://") && !server.moved {
            return Some(location);
        }
        Some(format!("{}{}", server.origin, path_of(location)?))
    }

    fn location(self, server: &Server, id: &str) -> Option<String> {
        let field = server.profile.section(Section::Paths).iter().find(|field| field.name == self.name())?;
        let mut vars = Vars::default();
        vars.set("server.id", id);
        vars.set("issuer.path", server.path.as_str());
        vars.expand_text(field.value.as_str()?)
    }
}

/// The path of a location, which may be a whole URL.
fn path_of(location: String) -> Option<String> {
    match location.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map(|(_, path)| format!("/{path}")),
        None => Some(location),
    }
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::tenants::SHIPPED;

    #[test]
    fn paths_lead_to_their_servers() {
        let (tenant, _) = Tenant::parse(&Source::new("okta", SHIPPED[0].1)).unwrap();
        let routes = Routes::new(&tenant);
        let legacy = "/oauth2/aus1ui/.well-known/oauth-authorization-server";
        assert_eq!(routes.find("/oauth2/aus1em/v1/keys"), Route::Endpoint(0, Place::Keys));
        assert_eq!(routes.find(legacy), Route::Endpoint(1, Place::OauthMetadataLegacy));
        assert_eq!(
            routes.find("/.well-known/oauth-authorization-server/oauth2/aus1registry"),
            Route::Endpoint(2, Place::OauthMetadata)
        );
        assert_eq!(routes.find("/oauth2/nope/v1/token"), Route::UnknownServer("nope".to_owned()));
        assert_eq!(routes.find("/oauth2/v1/token"), Route::Nowhere);
        assert_eq!(routes.find("/oauth2/aus1em/v1/keys/"), Route::Nowhere);
    }
}
