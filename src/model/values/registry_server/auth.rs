//! `auth`: the mode, the providers of tokens, and the claim maps of the roles.

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Node, closest};

use super::{Auth, OAuth, Provider, Role, RoleRules, claim_map};
use crate::model::{
    identifier::Audience,
    resource_url::ResourceUrl,
    values::{
        enterprise_manager::read_issuer,
        section::{Section, string},
    },
};

/// What the open-source server calls itself in a challenge.
const DEFAULT_REALM: &str = "mcp-registry";

enum Mode {
    Anonymous,
    OAuth,
}

pub(super) fn read(mut section: Section<'_>, findings: &mut Diagnostics) -> Option<Auth> {
    // The open-source server takes `oauth` where nothing is said.
    let mode = match section.optional("mode") {
        Some(node) => read_mode(node, findings),
        None => Some(Mode::OAuth),
    };
    if section.optional("publicPaths").is_some() {
        findings
            .warning(section.place_of("publicPaths"), "`publicPaths` opens nothing here")
            .help("the reference asks for a token on every path but those of public documents");
    }
    match mode {
        Some(Mode::Anonymous) => {
            findings
                .warning(section.place_of("mode"), "nobody is asked for a token: `mode` is `anonymous`")
                .help("whoever reaches the registry reads and publishes; it is meant for development");
            section.ignore(&["oauth", "authz"]);
            section.finish(findings);
            Some(Auth::Anonymous)
        }
        mode => {
            let oauth = read_oauth(&mut section, findings);
            section.finish(findings);
            mode.and(oauth).map(Auth::OAuth)
        }
    }
}

fn read_mode(node: &Node, findings: &mut Diagnostics) -> Option<Mode> {
    let text = string(node, "mode", findings)?;
    match text {
        "oauth" => Some(Mode::OAuth),
        "anonymous" => Some(Mode::Anonymous),
        _ => {
            let near = closest(text, ["oauth", "anonymous"]);
            let help = near.map_or_else(String::new, |name| format!("did you mean `{name}`? "));
            findings
                .error(node.span, format!("`{text}` is no mode"))
                .help(format!("{help}there are `oauth` and `anonymous`"));
            None
        }
    }
}

fn read_oauth(auth: &mut Section<'_>, findings: &mut Diagnostics) -> Option<OAuth> {
    let oauth = auth.required_section("oauth", "it has `resourceUrl` and `providers`", findings);
    let roles = if let Some(node) = auth.optional("authz") {
        read_authz(node, findings)
    } else {
        findings
            .warning(auth.place_of("authz"), "there is no `authz`: nobody has a role")
            .help("the open-source server would give every caller all four; here absence opens nothing");
        RoleRules::default()
    };
    let mut oauth = oauth?;
    let url = oauth.required_url(
        "resourceUrl",
        "the public URL of the Registry Server, as in `https://registry.example.com`",
        findings,
    );
    let realm = oauth.string("realm", findings);
    let providers = oauth
        .required("providers", "each has `name`, `issuerUrl` and `audience`", findings)
        .and_then(|node| read_providers(node, findings));
    oauth.finish(findings);
    Some(OAuth {
        resource_url: ResourceUrl::parse(url?).ok()?,
        realm: realm.unwrap_or(DEFAULT_REALM).to_owned(),
        providers: providers?,
        roles,
    })
}

fn read_providers(node: &Node, findings: &mut Diagnostics) -> Option<Vec<Provider>> {
    let items = node.as_sequence().filter(|items| !items.is_empty());
    let Some(items) = items else {
        findings
            .error(node.span, "`providers` has no provider")
            .help("name at least one, a list of maps with `name`, `issuerUrl` and `audience`");
        return None;
    };
    let mut names = BTreeSet::new();
    let mut providers = Vec::new();
    for item in items {
        let Some(provider) = read_provider(item, findings) else { continue };
        if !names.insert(provider.name.clone()) {
            findings
                .error(
                    item.get("name").unwrap_or(item).span,
                    format!("two providers are called `{}`", provider.name),
                )
                .help("give each a name of its own");
        }
        providers.push(provider);
    }
    (providers.len() == items.len()).then_some(providers)
}

fn read_provider(node: &Node, findings: &mut Diagnostics) -> Option<Provider> {
    let mut section = Section::open(node, "a provider", findings)?;
    let name = section.required_string("name", "any name of its own, as in `okta`", findings);
    let issuer = read_issuer(&mut section, "issuerUrl", false, findings);
    let audience = section.string("audience", findings);
    let said = node.get("audience").is_some_and(|node| !node.is_null());
    if !said && !section.has_near_miss_of("audience") {
        findings
            .warning(section.place_of("issuerUrl"), "this provider has no `audience`")
            .help("a token that its issuer made for any other service is accepted too");
    }
    for key in ["introspectionUrl", "jwksUrl"] {
        if section.optional(key).is_some() {
            findings.warning(section.place_of(key), format!("`{key}` is not used")).help(
                "tokens are verified with the keys that the issuer's metadata names, and never sent anywhere",
            );
        }
    }
    section.ignore(&["clientId", "clientSecretFile", "caCertPath", "authTokenFile", "allowPrivateIP"]);
    section.finish(findings);
    Some(Provider { name: name?.to_owned(), issuer: issuer?, audience: audience.map(Audience::new) })
}

fn read_authz(node: &Node, findings: &mut Diagnostics) -> RoleRules {
    let Some(mut authz) = Section::open(node, "authz", findings) else { return RoleRules::default() };
    let roles = authz.section("roles", findings).map(|roles| read_roles(roles, findings));
    authz.finish(findings);
    roles.unwrap_or_default()
}

fn read_roles(mut section: Section<'_>, findings: &mut Diagnostics) -> RoleRules {
    let mut rules = BTreeMap::new();
    for role in Role::ALL {
        let Some(node) = section.optional(role.name()) else { continue };
        let Some(items) = node.as_sequence() else {
            findings
                .expected(node, &format!("a list of claim maps for `{}`", role.name()))
                .help("as in `- groups: ['registry-admins']`; of several maps one is enough");
            continue;
        };
        let maps: Vec<_> = items
            .iter()
            .filter_map(|item| {
                let map = claim_map::read(item, findings)?;
                if map.is_empty() {
                    findings
                        .warning(item.span, "a map without claims matches nobody")
                        .help("name the claims that a caller must have");
                }
                Some(map)
            })
            .collect();
        rules.insert(role, maps);
    }
    section.finish(findings);
    RoleRules::new(rules)
}
