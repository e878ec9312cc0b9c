//! A file whose nested keys stand level with their section: copied from a web page that lost the indentation.
//!
//! Such a file is told so once. Forty errors about missing and duplicate keys would hide the one cause.

use spanned_yaml::{Diagnostics, Entry, Node, Span, Value};

/// Which keys stand below which section.
const NESTED: &[(&str, &[&str])] = &[
    ("enterpriseManager", &["enabled"]),
    ("cloudUi", &["enabled"]),
    ("registryServer", &["enabled"]),
    ("enterprise-manager", &["idpConfig", "signingConfig", "resourceURL", "clientID", "enterpriseConfig"]),
    ("toolhive-cloud-ui", &["oidc", "betterAuth", "apiBaseUrl", "enterpriseManagerUrl"]),
    ("toolhive-registry-server", &["upstream"]),
    ("upstream", &["config"]),
    ("config", &["auth", "sources", "registries", "database"]),
    ("auth", &["mode", "oauth", "authz"]),
    ("oauth", &["resourceUrl", "realm", "providers"]),
    ("authz", &["roles"]),
    ("roles", &["superAdmin", "manageSources", "manageRegistries", "manageEntries"]),
    ("idpConfig", &["issuer", "audience", "requiredScope", "idpType"]),
    ("signingConfig", &["existingSecret", "envelopeTTL", "refreshInterval"]),
    ("oidc", &["issuerUrl", "clientId", "clientSecret"]),
    ("betterAuth", &["secret", "url"]),
    ("enterpriseConfig", &["registry", "non_registry_servers", "telemetry", "degraded_mode"]),
    ("registry", &["value", "enforcement"]),
    ("degraded_mode", &["policy", "grace_period", "message"]),
];

/// Where the indentation is lost.
pub(super) struct Lost<'n> {
    section: &'n str,
    nested: &'n str,
    span: Span,
}

/// The first section without a value that has a key of its own beside it.
pub(super) fn lost(node: &Node) -> Option<Lost<'_>> {
    match &node.value {
        Value::Scalar(_) => None,
        Value::Sequence(items) => items.iter().find_map(lost),
        Value::Mapping(entries) => {
            lost_among(entries).or_else(|| entries.iter().find_map(|entry| lost(&entry.value)))
        }
    }
}

fn lost_among(entries: &[Entry]) -> Option<Lost<'_>> {
    entries.iter().enumerate().filter(|(_, section)| section.value.is_null()).find_map(|(index, section)| {
        let (_, nested) = NESTED.iter().find(|(name, _)| *name == section.key)?;
        let next = entries.get(index + 1)?;
        nested.contains(&next.key.as_str()).then_some(Lost {
            section: &section.key,
            nested: &next.key,
            span: section.key_span,
        })
    })
}

impl Lost<'_> {
    pub(super) fn report(&self, findings: &mut Diagnostics) {
        let Self { section, nested, span } = self;
        findings.error(*span, "indentation lost").label(format!("`{nested}` belongs below this")).help(format!(
            "indent `{nested}` and the keys after it two spaces deeper than `{section}:`, and likewise in the rest \
             of the file; web pages lose the indentation when they are copied"
        ));
    }
}
