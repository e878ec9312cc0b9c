//! A tenant: what an administrator has set up at the provider, in one form for all profiles.
//!
//! The file is read in the vendor's own words (`tenant/okta.rs`, `tenant/keycloak.rs` and so on), every mistake of it
//! at once. A [`Tenant`] that exists has no dangling reference. It never changes: what a run changes
//! is `state`.

mod app_registration;
mod at;
mod auth0;
mod claim_form;
mod claim_value;
mod cognito;
mod directory;
mod enterprise_application;
mod entra;
mod expression;
mod generic;
mod google;
mod keycloak;
mod okta;
mod reading;

pub use self::at::AddressError;
use self::{app_registration::AppRegistration, enterprise_application::EnterpriseApplication};
pub(crate) use self::{
    claim_form::ClaimForm,
    claim_value::{ClaimValue, GroupFilter},
    expression::About,
    reading::is_loopback,
};

use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Fields, Source, parse};

use crate::{keys::Algorithm, profile::Profile, route::Place, secret::Secret};

/// A provider's set-up.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// What is answered where no server is asked.
    pub(crate) profile: &'static Profile,
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<Client>,
    pub(crate) users: Vec<User>,
}

/// An issuer with its scopes, claims and policies: Okta's authorization server, Entra's tenant.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// What it answers. A tenant may have servers of several profiles of its vendor.
    pub(crate) profile: &'static Profile,
    pub(crate) id: String,
    pub(crate) name: String,
    /// As it stands in `iss`, character for character.
    pub(crate) issuer: String,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The issuer's path without a final slash.
    pub(crate) path: String,
    /// What may stand for its id in a path: Entra's domain names.
    pub(crate) names: Vec<String>,
    /// It is not on the vendor's hosts, but all at its own address.
    pub(crate) moved: bool,
    /// At least one.
    pub(crate) apis: Vec<Api>,
    pub(crate) claims: Vec<Claim>,
    /// In order of priority.
    pub(crate) policies: Vec<Policy>,
    pub(crate) algorithm: Algorithm,
    pub(crate) format: Format,
}

impl Server {
    /// The same under another name: issuer and endpoints have it.
    pub(crate) fn at_host(&self, host: &str) -> Self {
        let origin = format!("https://{host}");
        let path = self.issuer.strip_prefix(&self.origin).unwrap_or_default();
        Self { issuer: format!("{origin}{path}"), origin, ..self.clone() }
    }
}

/// An audience with its own scopes. All audiences of an Okta server share the server's scopes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Api {
    pub(crate) audience: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) access_tokens: AccessTokens,
    /// Other names of it, where a request's scopes say which API they belong to: Entra's Application ID URI.
    pub(crate) identifiers: Vec<String>,
    /// Its scopes are for users who have the permission of that name.
    pub(crate) rbac: bool,
    pub(crate) permissions_in_token: bool,
    pub(crate) enterprise_application: EnterpriseApplication,
    pub(crate) registration: AppRegistration,
}

/// The form of an API's access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AccessTokens {
    /// A JWT under a key of the server's key set.
    #[default]
    Jwt,
    /// A JWT under a key that no key set has.
    JwtUnpublishedKey,
    /// A JWT whose signature only the API itself can check: what was signed has a hash in the place of the header's
    /// `nonce`.
    JwtHashedNonce,
    /// A random text that only the provider can look up.
    Opaque,
    /// A JWE that only the provider can open.
    Jwe,
}

/// A scope of an API.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: String,
    /// Granted where a request names no scope.
    pub(crate) default: bool,
    /// Listed in the discovery documents.
    pub(crate) published: bool,
}

/// A claim of the server's own.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) value: ClaimValue,
    pub(crate) form: ClaimForm,
    pub(crate) in_access_token: bool,
    pub(crate) in_id_token: bool,
    /// Also in an ID token that comes without anything to ask userinfo with.
    pub(crate) in_userinfo: bool,
    /// Only with one of these scopes; with any where absent.
    pub(crate) scopes: Option<Vec<String>>,
}

impl Claim {
    /// The scopes bring it.
    pub(crate) fn is_for(&self, scopes: &[String]) -> bool {
        self.scopes.as_ref().is_none_or(|own| own.iter().any(|scope| scopes.contains(scope)))
    }
}

/// An access policy: clients, and what they may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// All clients where absent.
    pub(crate) clients: Option<Vec<String>>,
    /// In order of priority.
    pub(crate) rules: Vec<PolicyRule>,
}

/// A rule of an access policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRule {
    pub(crate) grants: Vec<Grant>,
    pub(crate) user: RuleUser,
    /// Any scope where absent.
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) access_token_seconds: Option<i64>,
}

/// Whom a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RuleUser {
    /// Every user, and machines.
    #[default]
    Any,
    /// Machines alone.
    Nobody,
    /// Members of these groups, and these users by their logins. No machine.
    OneOf { groups: Vec<String>, users: Vec<String> },
}

/// A way to get a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    AuthorizationCode,
    ClientCredentials,
    RefreshToken,
    /// RFC 8628.
    DeviceCode,
    /// Tokens from the authorization endpoint itself: implicit and hybrid.
    Implicit,
}

/// Which tokens an application may have from the authorization endpoint itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Implicit {
    pub(crate) id_tokens: bool,
    pub(crate) access_tokens: bool,
}

/// An application that asks for tokens.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    /// A confidential client has one.
    pub(crate) secret: Option<Secret>,
    pub(crate) redirect_uris: Vec<String>,
    /// Where a browser may be sent after a sign-out.
    pub(crate) sign_out_redirect_uris: Vec<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) implicit: Implicit,
    pub(crate) requires_pkce: bool,
    /// What it may be granted, where the provider says so per client.
    pub(crate) scopes: Option<Vec<String>>,
    /// Granted whether it asks for them or not.
    pub(crate) default_scopes: Vec<String>,
    /// The groups that it is assigned to; everyone where absent.
    pub(crate) assigned: Option<Vec<String>>,
    /// The audience where a request names no resource; the server's first where absent.
    pub(crate) audience: Option<String>,
}

impl Client {
    /// One that is asked for PKCE where it has no secret, and may have what the provider gives everyone.
    pub(crate) fn new(
        id: String,
        name: Option<String>,
        secret: Option<Secret>,
        redirect_uris: Vec<String>,
        grants: Vec<Grant>,
    ) -> Self {
        Self {
            name: name.unwrap_or_else(|| id.clone()),
            id,
            requires_pkce: secret.is_none(),
            secret,
            redirect_uris,
            sign_out_redirect_uris: Vec::new(),
            grants,
            implicit: Implicit::default(),
            scopes: None,
            default_scopes: Vec::new(),
            assigned: None,
            audience: None,
        }
    }
}

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Immutable; drawn from the seed where the file has none.
    pub(crate) id: Option<String>,
    pub(crate) login: String,
    pub(crate) password: Secret,
    pub(crate) groups: Vec<String>,
    /// The attributes, `email` and `name` among them.
    pub(crate) profile: Map<String, Json>,
}

/// What differs from provider to provider in an access token, where the profile leaves it to the tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Format {
    pub(crate) type_header: Option<String>,
    pub(crate) client_id_claim: Option<String>,
    /// `scope`, `scp` or both.
    pub(crate) scope_claims: &'static [&'static str],
    pub(crate) scope_form: Form,
    pub(crate) audience_form: Form,
    /// Audiences beside that of the request.
    pub(crate) audience_mappers: Vec<AudienceMapper>,
    /// Scopes that are granted, but stand in no `scope`.
    pub(crate) hidden_scopes: Vec<String>,
    /// Keys are published without `alg`.
    pub(crate) hides_key_algorithm: bool,
    pub(crate) access_token_seconds: Option<i64>,
    /// The issuer has the name by which the request came.
    pub(crate) host_of_request: bool,
    /// Origins whose pages may use the endpoints, where the provider has a list of them.
    pub(crate) trusted_origins: Vec<String>,
}

/// A further audience of access tokens.
#[derive(Clone, Debug)]
pub(crate) struct AudienceMapper {
    pub(crate) audience: String,
    /// Only with this scope.
    pub(crate) scope: Option<String>,
    /// Only for this client.
    pub(crate) client: Option<String>,
}

/// How a claim of several values is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// One value, or values with blanks between them.
    #[default]
    String,
    /// A list, even of one.
    Array,
    /// One value alone, several as a list.
    ArrayIfSeveral,
    /// Not at all.
    Absent,
}

impl Tenant {
    /// Reads a tenant file. With the tenant come the warnings; without it, every mistake of the file.
    pub fn parse(source: &Source) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut diagnostics = Diagnostics::new(source.clone());
        let tenant = Self::read(&mut diagnostics);
        match tenant {
            Some(tenant) if !diagnostics.has_errors() => Ok((tenant, diagnostics)),
            _ => Err(diagnostics),
        }
    }

    fn read(diagnostics: &mut Diagnostics) -> Option<Self> {
        type Reader = fn(&mut Fields<'_>, &mut Diagnostics) -> Option<Tenant>;
        const PROVIDERS: [(&str, Reader); 8] = [
            ("okta", okta::read),
            ("entra", entra::read),
            ("keycloak", keycloak::read),
            ("auth0", auth0::read),
            ("google", google::read),
            ("cognito", cognito::read),
            ("rfc9068", generic::rfc9068),
            ("generic", generic::read),
        ];
        let node = parse(diagnostics)?;
        let mut fields = Fields::new(&node, "a tenant", diagnostics)?;
        fields.required("provider", diagnostics);
        let read = fields.choice("provider", &PROVIDERS, diagnostics)?;
        let tenant = read(&mut fields, diagnostics);
        fields.finish(diagnostics);
        tenant
    }

    /// The host names that its issuers and their endpoints live on.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for server in self.servers.iter().filter(|server| !server.is_template()) {
            let endpoints = Place::ALL.into_iter().filter_map(|place| place.url(server));
            for url in std::iter::once(server.issuer.clone()).chain(endpoints) {
                let url = url::Url::parse(&url).ok();
                let host = url
                    .as_ref()
                    .and_then(url::Url::host_str)
                    .map(|host| host.trim_matches(['[', ']']).to_owned());
                hosts.extend(host.filter(|host| !hosts.contains(host)));
            }
        }
        hosts
    }

    /// Its issuers, in the order of the file.
    #[must_use]
    pub fn issuers(&self) -> Vec<String> {
        let servers = self.servers.iter().filter(|server| !server.is_template());
        servers.map(|server| server.issuer.clone()).collect()
    }

    /// Passwords and client secrets with what they are, so that a caller can redact them.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &'static str)> {
        let passwords = self.users.iter().map(|user| (user.password.reveal().to_owned(), "password"));
        let clients = self.clients.iter().filter_map(|client| client.secret.as_ref());
        passwords.chain(clients.map(|secret| (secret.reveal().to_owned(), "client secret"))).collect()
    }

    /// All servers sign with the same keys, as the endpoints of one Entra tenant do.
    pub(crate) fn servers_share_keys(&self) -> bool {
        self.profile.setting("servers_share_keys") == true
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }
}

impl Server {
    /// The API that an audience, or another of its names, belongs to.
    pub(crate) fn api(&self, audience: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.names().any(|name| name == audience))
    }

    /// The form of the access tokens for an audience; for one that is no API's, that of the first.
    pub(crate) fn access_tokens(&self, audience: Option<&str>) -> AccessTokens {
        let api = audience.and_then(|audience| self.api(audience)).or(self.apis.first());
        api.map(|api| api.access_tokens).unwrap_or_default()
    }
}

impl AccessTokens {
    /// Nobody but the provider can read them.
    pub(crate) fn are_unreadable(self) -> bool {
        matches!(self, Self::Opaque | Self::Jwe)
    }
}

impl Api {
    /// A scope as a request names it.
    pub(crate) fn qualified(&self, scope: &str) -> String {
        self.identifiers
            .first()
            .map_or_else(|| scope.to_owned(), |identifier| format!("{identifier}/{scope}"))
    }

    /// What a request can call it: the identifiers, and the audience itself.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.identifiers.iter().chain(std::iter::once(&self.audience)).map(String::as_str)
    }
}

impl Client {
    /// The origins of its redirect URIs, each once.
    pub(crate) fn origins(&self) -> Vec<String> {
        let mut origins = Vec::new();
        for uri in &self.redirect_uris {
            let origin = url::Url::parse(uri).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
            origins
                .extend(origin.map(|origin| origin.ascii_serialization()).filter(|o| !origins.contains(o)));
        }
        origins
    }
}

impl User {
    /// An attribute of the profile. Without one of that name, `groups` are the memberships.
    pub(crate) fn attribute(&self, name: &str) -> Option<Json> {
        let memberships = || (name == "groups").then(|| self.groups.clone().into());
        self.profile_attribute(name).or_else(memberships)
    }

    /// An attribute of the profile alone: Okta's `user.…` never has the memberships.
    pub(crate) fn profile_attribute(&self, name: &str) -> Option<Json> {
        let login = || (name == "login").then(|| self.login.clone().into());
        self.profile.get(name).cloned().or_else(login)
    }

    /// What the user may do at an API, where the tenant has such permissions.
    pub(crate) fn permissions(&self, audience: &str) -> Vec<&str> {
        let permissions = self.profile.get("permissions").and_then(|apis| apis.get(audience));
        permissions.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
    }
}

impl Grant {
    /// As `grant_type` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Implicit => "implicit",
        }
    }
}
