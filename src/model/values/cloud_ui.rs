//! The Cloud UI's section: which client signs users in, and whose tokens its `/api/*` takes.

use spanned_yaml::{Diagnostics, Node};

use super::{
    enterprise_manager::{is_okta_host, read_issuer},
    form::{Form, MANAGER_KEYS},
    section::{Section, string},
};
use crate::model::{
    concealed::Concealed,
    identifier::{Audience, ClientId, Issuer, Scope},
    resource_url::ResourceUrl,
};

/// The settings of the Enterprise Cloud UI, complete (CFG-REQUIRED).
#[derive(Clone, Debug)]
pub struct CloudUi {
    /// `oidc.issuerUrl`, character for character.
    pub issuer: Issuer,
    /// `oidc.clientId`: its confidential web application.
    pub client_id: ClientId,
    /// `oidc.clientSecret`.
    pub client_secret: Option<Concealed<String>>,
    /// `oidc.providerId`, the last segment of the callback's path, as it is registered at the IdP; where it is absent,
    /// `okta` or `entra` by the issuer's host, else `oidc`.
    pub provider_id: String,
    /// `oidc.resource`: what to ask the IdP for where it goes by that (RFC 8707), as Okta's server with several audiences
    /// does. Others refuse the parameter.
    pub resource: Option<String>,
    /// `oidc.scopes`; `openid email profile offline_access` where it is absent.
    pub scopes: Vec<Scope>,
    /// `oidc.audience`, the `aud` of the access tokens that it takes; the client ID where it is absent (UI-AT).
    pub audience: Audience,
    /// `betterAuth.url`: its own public URL.
    pub url: Option<ResourceUrl>,
    /// `apiBaseUrl`: the Registry Server.
    pub api_base_url: Option<String>,
    /// `enterpriseManagerUrl`.
    pub enterprise_manager_url: Option<String>,
    /// `enterpriseManagerResource`: the same for the Cloud UI's own token, with which it asks the Manager.
    pub enterprise_manager_resource: Option<String>,
}

impl CloudUi {
    /// Where the IdP sends the browser back to, below the Cloud UI's own URL.
    #[must_use]
    pub fn callback_path(&self) -> String {
        format!("/api/auth/oauth2/callback/{}", self.provider_id)
    }
}

const DEFAULT_SCOPES: &str = "openid,email,profile,offline_access";

pub(super) fn read(node: &Node, form: Form, findings: &mut Diagnostics) -> Option<CloudUi> {
    let mut section = Section::open(node, "the Cloud UI", findings)?;
    let oidc = section
        .required_section("oidc", "it has `issuerUrl`, `clientId` and `clientSecret`", findings)
        .and_then(|oidc| read_oidc(oidc, findings));
    let url = section.section("betterAuth", findings).and_then(|mut section| {
        section.string("secret", findings);
        let url = section.url("url", &["https"], findings);
        section.finish(findings);
        url
    });
    let schemes = ["https", "http"];
    let api_base_url = section.url("apiBaseUrl", &schemes, findings);
    let enterprise_manager_url = section.url("enterpriseManagerUrl", &schemes, findings);
    let enterprise_manager_resource = section.string("enterpriseManagerResource", findings);
    form.ignore(&mut section, MANAGER_KEYS);
    section.finish_chart(findings);
    let oidc = oidc?;
    Some(CloudUi {
        issuer: oidc.issuer,
        client_id: oidc.client_id,
        client_secret: oidc.client_secret,
        provider_id: oidc.provider_id,
        resource: oidc.resource,
        scopes: oidc.scopes,
        audience: oidc.audience,
        url: url.and_then(|url| ResourceUrl::parse(url).ok()),
        api_base_url: api_base_url.map(str::to_owned),
        enterprise_manager_url: enterprise_manager_url.map(str::to_owned),
        enterprise_manager_resource: enterprise_manager_resource.map(str::to_owned),
    })
}

struct Oidc {
    issuer: Issuer,
    client_id: ClientId,
    client_secret: Option<Concealed<String>>,
    provider_id: String,
    resource: Option<String>,
    scopes: Vec<Scope>,
    audience: Audience,
}

fn read_oidc(mut section: Section<'_>, findings: &mut Diagnostics) -> Option<Oidc> {
    let issuer = read_issuer(&mut section, "issuerUrl", false, findings);
    let client_id =
        section.required_string("clientId", "the client ID of the Cloud UI's web application", findings);
    let client_secret = section.string("clientSecret", findings);
    let provider_id = section.optional("providerId").map(|node| read_provider_id(node, findings));
    let resource = section.string("resource", findings);
    let scopes = section.optional("scopes").map(|node| read_scopes(node, findings));
    let audience = section.string("audience", findings);
    section.finish(findings);
    let (issuer, client_id) = (issuer?, client_id?);
    Some(Oidc {
        provider_id: provider_id.unwrap_or_else(|| Some(provider_of(&issuer).to_owned()))?,
        resource: resource.map(str::to_owned),
        issuer,
        client_id: ClientId::new(client_id),
        client_secret: client_secret.map(|secret| Concealed::new(secret.to_owned())),
        scopes: scopes.unwrap_or_else(|| split(DEFAULT_SCOPES)),
        audience: Audience::new(audience.unwrap_or(client_id)),
    })
}

/// One segment of a path that needs no escaping.
fn read_provider_id(node: &Node, findings: &mut Diagnostics) -> Option<String> {
    let text = string(node, "providerId", findings)?;
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Some(text.to_owned());
    }
    findings
        .error(node.span, "`providerId` is no segment of a path")
        .help("letters, digits, `-` and `_`, as in `okta`: the callback ends in it");
    None
}

fn provider_of(issuer: &Issuer) -> &'static str {
    match url::Url::parse(issuer.as_str()).ok().as_ref().and_then(url::Url::host_str) {
        Some(host) if is_okta_host(host) => "okta",
        Some("login.microsoftonline.com" | "sts.windows.net") => "entra",
        _ => "oidc",
    }
}

/// A comma-separated string, as the chart has it, or a list.
fn read_scopes(node: &Node, findings: &mut Diagnostics) -> Vec<Scope> {
    match node.as_sequence() {
        Some(items) => {
            items.iter().filter_map(|item| string(item, "scopes", findings)).map(Scope::new).collect()
        }
        None => string(node, "scopes", findings).map(split).unwrap_or_default(),
    }
}

fn split(text: &str) -> Vec<Scope> {
    text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(Scope::new).collect()
}
