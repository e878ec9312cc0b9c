//! The frame that every directive shares: `{value, enforcement}`, its mistakes told with the directive's path.

use spanned_yaml::{Diagnostics, Fields, Node, closest};

use super::{Directive, Enforcement};

/// A path for messages: `enterpriseConfig.registry.value`.
#[derive(Clone, Copy)]
pub(super) struct At<'p>(pub(super) &'p str);

const NAMES: &[&str] = &[
    "registry",
    "non_registry_servers",
    "telemetry",
    "ca_certificate",
    "build_env",
    "playground",
    "help_menu",
    "assistant",
    "degraded_mode",
];

/// Reads a directive's frame, and its value by `read`.
pub(super) fn directive<T>(
    policy: &mut Fields<'_>,
    name: &'static str,
    findings: &mut Diagnostics,
    read: fn(&Node, At<'_>, &mut Diagnostics) -> Option<T>,
) -> Option<Directive<T>> {
    let path = format!("enterpriseConfig.{name}");
    let entry = policy.entry(name)?;
    let Some(members) = entry.value.as_mapping() else {
        At(&path).expected(&entry.value, "a map with `value` and `enforcement`", findings);
        return None;
    };
    let member = |key| entry.value.get(key).filter(|node| !node.is_null());
    if member("enforcement").is_none() {
        findings
            .error(entry.key_span, format!("`{path}` needs `enforcement`"))
            .help("`enforced`: users cannot change it; `default`: they can");
    }
    if member("value").is_none() {
        findings.error(entry.key_span, format!("`{path}` needs `value`"));
    }
    let enforcement = member("enforcement").and_then(|node| enforcement(node, At(&path), findings));
    let value = member("value").and_then(|node| read(node, At(&format!("{path}.value")), findings));
    for member in members.iter().filter(|member| !["value", "enforcement"].contains(&member.key.as_str())) {
        At(&path).unknown(member, &["value", "enforcement"], findings);
    }
    Some(Directive { value: value?, enforcement: enforcement? })
}

fn enforcement(node: &Node, at: At<'_>, findings: &mut Diagnostics) -> Option<Enforcement> {
    match node.as_str() {
        Some("enforced") => Some(Enforcement::Enforced),
        Some("default") => Some(Enforcement::Default),
        _ => {
            let written = node.as_text().unwrap_or_else(|| node.kind());
            findings
                .error(node.span, format!("`{}.enforcement` is `{written}`", at.0))
                .help("it is `enforced` or `default`");
            None
        }
    }
}

/// The directives that nobody knows. A near miss of a known one is a mistake; anything else passes through.
pub(super) fn unknown(policy: &Node, findings: &mut Diagnostics) -> Vec<String> {
    let entries = policy.as_mapping().unwrap_or_default();
    let unknown = entries.iter().filter(|entry| !NAMES.contains(&entry.key.as_str()));
    unknown
        .inspect(|entry| {
            let message = format!("there is no directive `{}`", entry.key);
            match closest(&entry.key, NAMES.iter().copied()) {
                Some(name) => findings.error(entry.key_span, message).help(format!("did you mean `{name}`?")),
                None => findings
                    .warning(entry.key_span, message)
                    .help("it goes to clients unchanged; whether one knows it cannot be checked here"),
            };
        })
        .map(|entry| entry.key.clone())
        .collect()
}

impl At<'_> {
    /// "`path`: expected X, found Y".
    pub(super) fn expected(self, node: &Node, expected: &str, findings: &mut Diagnostics) {
        findings.error(node.span, format!("`{}`: expected {expected}, found {}", self.0, node.kind()));
    }

    /// A member that has no meaning here: a near miss is a mistake, anything else a warning.
    pub(super) fn unknown(
        self,
        member: &spanned_yaml::Entry,
        known: &[&'static str],
        findings: &mut Diagnostics,
    ) {
        let message = format!("`{}` has no `{}`", self.0, member.key);
        match closest(&member.key, known.iter().copied()) {
            Some(name) => findings.error(member.key_span, message).help(format!("did you mean `{name}`?")),
            None => findings.warning(member.key_span, message).help("it goes to clients unchanged"),
        };
    }
}
