//! The Registry Server's section, `toolhive-registry-server.upstream.config`: the open-source server's own configuration,
//! as far as it says who may do what (PLATFORM.md §9).
//!
//! What that server would read and the reference does not is accepted, with a word where somebody could miss it: no
//! source is synced, and no database is opened.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, Node};

use super::{form::Form, section::Section};
use crate::model::{
    identifier::{Audience, Issuer},
    resource_url::ResourceUrl,
};

mod auth;
mod claim_map;
mod sources;

pub use claim_map::{ClaimMap, NoClaimValue, values_of};
pub use sources::is_source_name;

/// The settings of the Registry Server, complete (CFG-REQUIRED).
#[derive(Clone, Debug)]
pub struct RegistryServer {
    /// `auth`: whose tokens it takes, and who has which role.
    pub auth: Auth,
    /// `sources`, in the order written.
    pub sources: Vec<Source>,
    /// `registries`: the named views, in the order written.
    pub registries: Vec<Registry>,
}

/// `auth.mode`, with what belongs to it.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Nobody is asked for a token, and neither roles nor claims are looked at. By explicit choice alone.
    Anonymous,
    /// Every request but those for public documents brings a token.
    OAuth(OAuth),
}

/// `auth.oauth` and `auth.authz`.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// `resourceUrl`: its own public URL.
    pub resource_url: ResourceUrl,
    /// `realm` of its challenges; `mcp-registry` where it is absent.
    pub realm: String,
    /// `providers`, at least one.
    pub providers: Vec<Provider>,
    /// `authz.roles`; nobody has a role where `authz` is absent.
    pub roles: RoleRules,
}

/// Whose tokens it takes.
#[derive(Clone, Debug)]
pub struct Provider {
    /// `name`.
    pub name: String,
    /// `issuerUrl`, character for character.
    pub issuer: Issuer,
    /// `audience`; where it is absent, `aud` is not looked at.
    pub audience: Option<Audience>,
}

/// What a caller may administer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything; it stands in for every other role, and no claim is asked of it.
    SuperAdmin,
    /// The sources.
    ManageSources,
    /// The registries.
    ManageRegistries,
    /// The entries.
    ManageEntries,
}

/// Who has which role: a caller whose claims satisfy one of its claim maps.
#[derive(Clone, Debug, Default)]
pub struct RoleRules(BTreeMap<Role, Vec<ClaimMap>>);

/// Where entries come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// `name`, a DNS label.
    pub name: String,
    /// Which of the five kinds it is.
    pub kind: SourceKind,
    /// The settings of its kind, as written.
    pub config: Json,
    /// `syncPolicy.interval`, as written; of the kinds that are synced.
    pub interval: Option<String>,
    /// `claims`; empty where it has none.
    pub claims: ClaimMap,
}

/// The kinds of sources; which one it is says the block that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A Git repository.
    Git,
    /// Another registry's API.
    Api,
    /// A file, local or behind a URL.
    File,
    /// What is published through the API. At most one source is.
    Managed,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// A named view of sources.
#[derive(Clone, Debug)]
pub struct Registry {
    /// `name`: one segment of its path.
    pub name: String,
    /// `sources`: the first that has a name that the caller may see provides it.
    pub sources: Vec<String>,
    /// `claims`; empty where it has none.
    pub claims: ClaimMap,
}

impl RegistryServer {
    /// Its public URL, if its settings say.
    #[must_use]
    pub fn url(&self) -> Option<&ResourceUrl> {
        match &self.auth {
            Auth::Anonymous => None,
            Auth::OAuth(oauth) => Some(&oauth.resource_url),
        }
    }

    /// Whose tokens it takes; nobody's where it asks for none.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        match &self.auth {
            Auth::Anonymous => &[],
            Auth::OAuth(oauth) => &oauth.providers,
        }
    }
}

impl Role {
    /// Every role, in the order in which the open-source server names them.
    pub const ALL: [Self; 4] =
        [Self::SuperAdmin, Self::ManageSources, Self::ManageRegistries, Self::ManageEntries];

    /// The name in the configuration and in `GET /v1/me`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "superAdmin",
            Self::ManageSources => "manageSources",
            Self::ManageRegistries => "manageRegistries",
            Self::ManageEntries => "manageEntries",
        }
    }
}

impl RoleRules {
    /// The claim maps of each role.
    #[must_use]
    pub const fn new(rules: BTreeMap<Role, Vec<ClaimMap>>) -> Self {
        Self(rules)
    }

    /// The claim maps of a role, or-ed.
    #[must_use]
    pub fn of(&self, role: Role) -> &[ClaimMap] {
        self.0.get(&role).map_or(&[], Vec::as_slice)
    }
}

impl SourceKind {
    /// Every kind, in the order in which the open-source server looks for them.
    pub const ALL: [Self; 5] = [Self::Git, Self::Api, Self::File, Self::Managed, Self::Kubernetes];

    /// The name of its block.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Api => "api",
            Self::File => "file",
            Self::Managed => "managed",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// It has a `syncPolicy`.
    #[must_use]
    pub const fn is_synced(self) -> bool {
        matches!(self, Self::Git | Self::Api | Self::File)
    }

    /// The kind of a block's name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

pub(super) fn read(node: &Node, _form: Form, findings: &mut Diagnostics) -> Option<RegistryServer> {
    let mut chart = Section::open(node, "the Registry Server", findings)?;
    let upstream =
        chart.required_section("upstream", "it has `config`, the server's own configuration", findings);
    chart.finish_chart(findings);
    let mut upstream = upstream?;
    let config = upstream.required_section("config", "it has `auth`, `sources` and `registries`", findings);
    let read = config.and_then(|config| read_config(config, findings));
    upstream.finish_chart(findings);
    read
}

fn read_config(mut config: Section<'_>, findings: &mut Diagnostics) -> Option<RegistryServer> {
    let auth = config
        .required_section(
            "auth",
            "it has `mode` and `oauth`; only `mode: anonymous` asks nobody for a token",
            findings,
        )
        .and_then(|auth| auth::read(auth, findings));
    // Who has no claims is of no matter where nobody looks at them.
    let claims_count = matches!(auth, Some(Auth::OAuth(_)));
    let sources = config
        .required("sources", "where entries come from, as in `- name: internal` with `managed: {}`", findings)
        .and_then(|node| sources::read(node, claims_count, findings));
    let registries = config
        .required("registries", "the named views of the sources that consumers ask", findings)
        .and_then(|node| sources::read_registries(node, sources.as_deref(), claims_count, findings));
    if config.optional("database").is_some() {
        findings
            .warning(config.place_of("database"), "no database is opened: the catalogue lies in memory")
            .help("it is the open-source server's own setting; here nothing outlives a run");
    }
    config.ignore(&["telemetry", "audit"]);
    config.finish(findings);
    Some(RegistryServer { auth: auth?, sources: sources?, registries: registries? })
}
