//! Which components a values file configures, and where: the umbrella chart's sections behind their switches,
//! or a component chart's own top level.

use spanned_yaml::{Diagnostics, Entry, Fields, Node, closest};

use super::section::Section;

pub(super) const MANAGER: &str = "enterprise-manager";
pub(super) const CLOUD_UI: &str = "toolhive-cloud-ui";
const REGISTRY: &str = "toolhive-registry-server";

/// The names of one component in the umbrella chart, and the keys inside its section.
struct Component {
    switch: &'static str,
    section: &'static str,
    keys: &'static [&'static str],
}

const MANAGER_NAMES: Component =
    Component { switch: "enterpriseManager", section: MANAGER, keys: MANAGER_KEYS };
const CLOUD_UI_NAMES: Component = Component { switch: "cloudUi", section: CLOUD_UI, keys: CLOUD_UI_KEYS };
const REGISTRY_NAMES: Component =
    Component { switch: "registryServer", section: REGISTRY, keys: &["upstream"] };
const COMPONENTS: [&Component; 3] = [&MANAGER_NAMES, &CLOUD_UI_NAMES, &REGISTRY_NAMES];

pub(super) const MANAGER_KEYS: &[&str] =
    &["idpConfig", "signingConfig", "resourceURL", "clientID", "enterpriseConfig"];
pub(super) const CLOUD_UI_KEYS: &[&str] = &["oidc", "betterAuth", "apiBaseUrl", "enterpriseManagerUrl"];

/// The two forms of a values file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `enterpriseManager.enabled: true` and the settings under `enterprise-manager:`.
    Umbrella,
    /// The settings at the top level; `idpConfig:` and `oidc:` say whose they are.
    Component,
}

impl Form {
    /// The form of a document, or an error that says what it should look like.
    pub(super) fn of(root: &Node, findings: &mut Diagnostics) -> Option<Self> {
        let Some(entries) = root.as_mapping() else {
            findings.expected(root, "the values of the platform's chart, a map");
            return None;
        };
        let umbrella = entries.iter().any(|entry| umbrella_names().any(|name| name == entry.key));
        let ours = entries.iter().find(|entry| component_keys().any(|name| name == entry.key));
        match (umbrella, ours) {
            (true, None) => {
                report_near_misses(entries, findings);
                Some(Self::Umbrella)
            }
            (true, Some(stray)) => {
                let section = if MANAGER_KEYS.contains(&stray.key.as_str()) { MANAGER } else { CLOUD_UI };
                findings
                    .error(stray.key_span, format!("`{}` stands beside the umbrella chart's keys", stray.key))
                    .help(format!("indent it below `{section}:`, or keep one component's values in a file"));
                report_near_misses(entries, findings);
                Some(Self::Umbrella)
            }
            (false, Some(_)) => Some(Self::Component),
            (false, None) => {
                if !report_near_misses(entries, findings) {
                    let span = entries.first().map_or(root.span, |entry| entry.key_span);
                    findings.error(span, "no component of the platform is configured here").help(
                        "the umbrella chart has `enterpriseManager.enabled` and `enterprise-manager:`; \
                         a component chart has `idpConfig:` or `oidc:` at the top level",
                    );
                }
                None
            }
        }
    }

    pub(super) fn enterprise_manager<'n>(
        self,
        root: &'n Node,
        findings: &mut Diagnostics,
    ) -> Option<&'n Node> {
        match self {
            Self::Umbrella => MANAGER_NAMES.section_if_enabled(root, findings),
            Self::Component => has_any(root, MANAGER_KEYS).then_some(root),
        }
    }

    pub(super) fn cloud_ui<'n>(self, root: &'n Node, findings: &mut Diagnostics) -> Option<&'n Node> {
        match self {
            Self::Umbrella => CLOUD_UI_NAMES.section_if_enabled(root, findings),
            Self::Component => has_any(root, CLOUD_UI_KEYS).then_some(root),
        }
    }

    /// Of the umbrella form alone: the component form has no key that is the registry's.
    pub(super) fn registry_server<'n>(self, root: &'n Node, findings: &mut Diagnostics) -> Option<&'n Node> {
        match self {
            Self::Umbrella => REGISTRY_NAMES.section_if_enabled(root, findings),
            Self::Component => None,
        }
    }

    /// The keys at the top level that belong to the other component of a file in component form.
    pub(super) fn ignore(self, section: &mut Section<'_>, others: &[&'static str]) {
        if self == Self::Component {
            section.ignore(others);
        }
    }
}

impl Component {
    fn section_if_enabled<'n>(&self, root: &'n Node, findings: &mut Diagnostics) -> Option<&'n Node> {
        if !self.enabled(root, findings) {
            return None;
        }
        let section = root.get(self.section).filter(|node| !node.is_null());
        if section.is_none() {
            let span =
                entry(root, self.section).or_else(|| entry(root, self.switch)).map(|entry| entry.key_span);
            findings
                .error(span.unwrap_or(root.span), format!("`{}` is enabled without settings", self.switch))
                .help(format!("add `{}:` with {}", self.section, backticked(self.keys)));
        }
        section
    }

    fn enabled(&self, root: &Node, findings: &mut Diagnostics) -> bool {
        let Some(switch) = entry(root, self.switch).filter(|entry| !entry.value.is_null()) else {
            if let Some(section) = entry(root, self.section) {
                findings
                    .warning(
                        section.key_span,
                        format!("`{}` is set, but the component is absent", self.section),
                    )
                    .help(format!("set `{}.enabled: true` to have it", self.switch));
            }
            return false;
        };
        let Some(mut fields) = Fields::new(&switch.value, self.switch, findings) else { return false };
        let enabled = fields.optional("enabled").map(|node| {
            // What is neither is an error; the section is read all the same, for all its mistakes at once.
            node.as_bool().unwrap_or_else(|| {
                findings
                    .expected(node, "`true` or `false`")
                    .help("without quotes: Helm takes any string for true");
                true
            })
        });
        for key in self.keys {
            if let Some(stray) = fields.entry(key) {
                findings.error(stray.key_span, format!("`{key}` stands under `{}`", self.switch)).help(
                    format!("`{}` has the switch alone: move it below `{}:`", self.switch, self.section),
                );
            }
        }
        fields.finish_lenient(findings);
        enabled.unwrap_or(false)
    }
}

/// Reports keys that look like ours; the keys of other components are theirs. The bound on the length keeps
/// `toolhive-registry-api` from being taken for `toolhive-registry-server`.
fn report_near_misses(entries: &[Entry], findings: &mut Diagnostics) -> bool {
    let mut found = false;
    for entry in entries {
        let switch_like = entry.value.get("enabled").is_some();
        let mut names: Vec<_> = umbrella_names().chain(component_keys()).collect();
        names.sort_by_key(|name| COMPONENTS.iter().any(|component| component.switch == *name) != switch_like);
        if names.contains(&entry.key.as_str()) {
            continue;
        }
        let near = closest(&entry.key, names).filter(|name| name.len().abs_diff(entry.key.len()) <= 2);
        if let Some(name) = near {
            found = true;
            findings
                .error(entry.key_span, format!("the platform's values have no `{}`", entry.key))
                .help(format!("did you mean `{name}`?"));
        }
    }
    found
}

fn umbrella_names() -> impl Iterator<Item = &'static str> {
    COMPONENTS.into_iter().flat_map(|component| [component.switch, component.section])
}

fn component_keys() -> impl Iterator<Item = &'static str> {
    MANAGER_KEYS.iter().chain(CLOUD_UI_KEYS).copied()
}

fn has_any(root: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| root.get(key).is_some())
}

fn entry<'n>(root: &'n Node, key: &str) -> Option<&'n Entry> {
    root.as_mapping()?.iter().find(|entry| entry.key == key)
}

fn backticked(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
