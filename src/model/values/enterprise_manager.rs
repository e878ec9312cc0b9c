//! The Enterprise Manager's section: whose tokens it takes, how it signs, what it serves.

use jiff::SignedDuration;
pub use mcp_policy::claims::IdpType;
use spanned_yaml::{Diagnostics, Node};

use super::{
    form::{CLOUD_UI_KEYS, Form},
    section::Section,
};
use crate::model::{
    directives::Directives,
    identifier::{Audience, ClientId, Issuer, Scope},
    resource_url::ResourceUrl,
};

/// The settings of the Enterprise Manager, complete (CFG-REQUIRED).
#[derive(Clone, Debug)]
pub struct EnterpriseManager {
    /// `idpConfig.issuer`, character for character.
    pub issuer: Issuer,
    /// `idpConfig.audience`.
    pub audience: Audience,
    /// `idpConfig.requiredScope`.
    pub required_scope: Scope,
    /// `idpConfig.idpType`; generic where it is absent.
    pub idp_type: IdpType,
    /// `signingConfig.existingSecret`: the Kubernetes Secret with `signing.pem`.
    pub existing_secret: Option<String>,
    /// `signingConfig.envelopeTTL`: how long a signed envelope is valid; 24h where it is absent.
    pub envelope_ttl: Interval,
    /// `signingConfig.refreshInterval`: how often clients poll; 5m where it is absent.
    pub refresh_interval: Interval,
    /// `resourceURL`: where clients reach the Manager, and the `resource` of RFC 9728; as written.
    pub resource_url: ResourceUrl,
    /// `clientID`: the public client of the Stacklok CLI and Desktop.
    pub client_id: ClientId,
    /// `enterpriseConfig`: the policy.
    pub directives: Directives,
}

/// A duration with the text that was written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// As in the file: `5m`.
    pub written: String,
    /// Its length; more than nothing.
    pub length: SignedDuration,
}

pub(super) fn read(node: &Node, form: Form, findings: &mut Diagnostics) -> Option<EnterpriseManager> {
    let mut section = Section::open(node, "the Enterprise Manager", findings)?;
    let idp = section
        .required_section("idpConfig", "it has `issuer`, `audience`, `requiredScope` and `idpType`", findings)
        .and_then(|idp| read_idp(idp, findings));
    let signing = read_signing(&mut section, findings);
    let resource_url = section.required_url(
        "resourceURL",
        "the public URL where clients reach the Enterprise Manager, as in `https://config.example.com`",
        findings,
    );
    if let (Some(url), Some(node)) = (resource_url, node.get("resourceURL"))
        && url.ends_with('/')
    {
        findings
            .warning(node.span, "`resourceURL` ends in a slash")
            .help("clients compare it character for character, and a platform URL has none: remove it");
    }
    let client_id = section.required_string(
        "clientID",
        "the client ID of the public (PKCE) application for the Stacklok CLI and Desktop",
        findings,
    );
    let directives = if let Some(policy) = section.optional("enterpriseConfig") {
        Directives::read(policy, findings)
    } else {
        findings
            .warning(section.place_of("enterpriseConfig"), "there is no policy: `enterpriseConfig` is absent")
            .help("clients get an envelope without directives");
        Some(Directives::default())
    };
    form.ignore(&mut section, CLOUD_UI_KEYS);
    section.finish_chart(findings);
    let (idp, signing) = (idp?, signing?);
    Some(EnterpriseManager {
        issuer: idp.issuer,
        audience: idp.audience,
        required_scope: idp.required_scope,
        idp_type: idp.idp_type,
        existing_secret: signing.existing_secret,
        envelope_ttl: signing.envelope_ttl,
        refresh_interval: signing.refresh_interval,
        resource_url: ResourceUrl::parse(resource_url?).ok()?,
        client_id: ClientId::new(client_id?),
        directives: directives?,
    })
}

struct Provider {
    issuer: Issuer,
    audience: Audience,
    required_scope: Scope,
    idp_type: IdpType,
}

fn read_idp(mut section: Section<'_>, findings: &mut Diagnostics) -> Option<Provider> {
    let idp_type = match section.optional("idpType") {
        Some(node) => read_idp_type(node, findings),
        None => Some(IdpType::default()),
    };
    let issuer = read_issuer(&mut section, "issuer", idp_type == Some(IdpType::Okta), findings);
    let audience = section.required_string(
        "audience",
        "the `aud` that the IdP puts into tokens for the Manager; without it nothing would be checked",
        findings,
    );
    let scope = section.required_string("requiredScope", "as in `toolhive:config:read`", findings);
    let scope_is_one =
        scope.is_none_or(|scope| !scope.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\'));
    if !scope_is_one {
        findings
            .error(section.place_of("requiredScope"), "`requiredScope` is no single scope")
            .help("one scope, without spaces and quotes (RFC 6749 §3.3)");
    }
    section.finish(findings);
    Some(Provider {
        issuer: issuer?,
        audience: Audience::new(audience?),
        required_scope: Scope::new(scope.filter(|_| scope_is_one)?),
        idp_type: idp_type?,
    })
}

fn read_idp_type(node: &Node, findings: &mut Diagnostics) -> Option<IdpType> {
    let text = super::section::string(node, "idpType", findings)?;
    match text {
        "entra" => Some(IdpType::Entra),
        "okta" => Some(IdpType::Okta),
        "generic" => Some(IdpType::Generic),
        _ => {
            let near = spanned_yaml::closest(text, ["entra", "okta", "generic"]);
            let help = near.map_or_else(String::new, |name| format!("did you mean `{name}`? "));
            findings
                .error(node.span, format!("`{text}` is no idpType"))
                .help(format!("{help}there are `entra`, `okta`, `generic`"));
            None
        }
    }
}

/// An issuer is taken character for character: a trailing slash is part of it, and some providers have one.
/// Okta's have none.
pub(super) fn read_issuer(
    section: &mut Section<'_>,
    key: &'static str,
    okta: bool,
    findings: &mut Diagnostics,
) -> Option<Issuer> {
    let node = section.optional(key);
    let text = section.required_url(
        key,
        "the base URL of your identity provider, exactly as its tokens' `iss`",
        findings,
    )?;
    let okta = okta || url::Url::parse(text).is_ok_and(|url| url.host_str().is_some_and(is_okta_host));
    if let (true, Some(node)) = (okta, node) {
        if text.ends_with('/') {
            findings
                .warning(node.span, "an Okta issuer has no slash at its end")
                .help("it is compared with a token's `iss` character for character: remove the slash");
        } else if !text.contains("/oauth2/") {
            findings.warning(node.span, "this is Okta's org authorization server").help(
                "the platform cannot verify its tokens: use a custom authorization server, as in \
                 `https://acme.okta.com/oauth2/default`",
            );
        }
    }
    Some(Issuer::new(text))
}

pub(super) fn is_okta_host(host: &str) -> bool {
    [".okta.com", ".oktapreview.com", ".okta-emea.com"].iter().any(|domain| host.ends_with(domain))
}

struct Signing {
    existing_secret: Option<String>,
    envelope_ttl: Interval,
    refresh_interval: Interval,
}

fn read_signing(manager: &mut Section<'_>, findings: &mut Diagnostics) -> Option<Signing> {
    let Some(node) = manager.optional("signingConfig") else {
        return Some(Signing {
            existing_secret: None,
            envelope_ttl: Interval::of_hours(24),
            refresh_interval: Interval::of_minutes(5),
        });
    };
    let mut section = Section::open(node, "signingConfig", findings)?;
    let existing_secret = section.string("existingSecret", findings).map(str::to_owned);
    let ttl = section.interval("envelopeTTL", Interval::of_hours(24), findings);
    let refresh = section.interval("refreshInterval", Interval::of_minutes(5), findings);
    let place = section.place_of("refreshInterval");
    section.finish(findings);
    let (envelope_ttl, refresh_interval) = (ttl?, refresh?);
    if refresh_interval.length > envelope_ttl.length / 2 {
        let Interval { written, .. } = &envelope_ttl;
        findings
            .warning(place, format!("clients poll less often than twice in `envelopeTTL`, {written}"))
            .help("an envelope may end before the next poll: shorten `refreshInterval` or lengthen `envelopeTTL`");
    }
    Some(Signing { existing_secret, envelope_ttl, refresh_interval })
}

impl Interval {
    fn of_hours(hours: i64) -> Self {
        Self { written: format!("{hours}h"), length: SignedDuration::from_hours(hours) }
    }

    fn of_minutes(minutes: i64) -> Self {
        Self { written: format!("{minutes}m"), length: SignedDuration::from_mins(minutes) }
    }
}
