//! Reading one section of the file: strings that are strings, URLs, durations, each mistake with its advice.

use jiff::SignedDuration;
use spanned_yaml::{Diagnostics, Fields, Node, Span, Value, closest};
use url::Url;

use super::{enterprise_manager::Interval, placeholder};
use crate::model::duration;

/// Keys that every Helm chart may have; never ours, and not worth a warning.
const HELM: &str = "\
    affinity annotations autoscaling commonLabels config containerPorts containerSecurityContext \
    deployment enabled env envFrom extraEnv extraEnvFrom extraVolumeMounts extraVolumes \
    fullnameOverride global httpRoute image imagePullSecrets ingress initContainers labels \
    livenessProbe logLevel metrics nameOverride namespace networkPolicy nodeSelector podAnnotations \
    podDisruptionBudget podLabels podSecurityContext port priorityClassName readinessProbe \
    replicaCount replicas resources securityContext service serviceAccount startupProbe strategy \
    terminationGracePeriodSeconds tolerations topologySpreadConstraints volumeMounts volumes";

/// One mapping under reading. Close it with [`finish`](Section::finish).
pub(super) struct Section<'n> {
    node: &'n Node,
    fields: Fields<'n>,
    what: &'static str,
}

impl<'n> Section<'n> {
    /// `what` names the section in messages: "idpConfig".
    pub(super) fn open(node: &'n Node, what: &'static str, findings: &mut Diagnostics) -> Option<Self> {
        Some(Self { node, fields: Fields::new(node, what, findings)?, what })
    }

    /// The value of a key, if it has one.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.fields.optional(key)
    }

    /// The value of a key that must have one (CFG-REQUIRED). `advice` says what belongs there.
    pub(super) fn required(
        &mut self,
        key: &'static str,
        advice: &str,
        findings: &mut Diagnostics,
    ) -> Option<&'n Node> {
        let found = self.fields.optional(key);
        if found.is_none() && !self.has_near_miss_of(key) {
            findings.error(self.place_of(key), format!("{} needs `{key}`", self.what)).help(advice);
        }
        found
    }

    /// A subsection that must be there.
    pub(super) fn required_section(
        &mut self,
        key: &'static str,
        advice: &str,
        findings: &mut Diagnostics,
    ) -> Option<Self> {
        Self::open(self.required(key, advice, findings)?, key, findings)
    }

    /// A subsection, if it is there.
    pub(super) fn section(&mut self, key: &'static str, findings: &mut Diagnostics) -> Option<Self> {
        Self::open(self.optional(key)?, key, findings)
    }

    /// A string that must be there and not be empty.
    pub(super) fn required_string(
        &mut self,
        key: &'static str,
        advice: &str,
        findings: &mut Diagnostics,
    ) -> Option<&'n str> {
        let node = self.required(key, advice, findings)?;
        string(node, key, findings)
    }

    /// A string, if it is there; an empty one is a mistake.
    pub(super) fn string(&mut self, key: &'static str, findings: &mut Diagnostics) -> Option<&'n str> {
        string(self.optional(key)?, key, findings)
    }

    /// A URL with `https`, without user, query and fragment, taken character for character.
    pub(super) fn required_url(
        &mut self,
        key: &'static str,
        advice: &str,
        findings: &mut Diagnostics,
    ) -> Option<&'n str> {
        let node = self.required(key, advice, findings)?;
        url(node, key, &["https"], findings)
    }

    /// The same for a key that may be absent, with the schemes that it may have.
    pub(super) fn url(
        &mut self,
        key: &'static str,
        schemes: &[&str],
        findings: &mut Diagnostics,
    ) -> Option<&'n str> {
        url(self.optional(key)?, key, schemes, findings)
    }

    /// A positive Go duration, or the given one where the key is absent.
    pub(super) fn interval(
        &mut self,
        key: &'static str,
        absent: Interval,
        findings: &mut Diagnostics,
    ) -> Option<Interval> {
        let Some(node) = self.optional(key) else { return Some(absent) };
        let Some(text) = node.as_text() else {
            findings.expected(node, "a duration").help("write it as in `24h`, `1h30m` or `90s`");
            return None;
        };
        match duration::parse(text) {
            Ok(length) if length > SignedDuration::ZERO => {
                Some(Interval { written: text.to_owned(), length })
            }
            Ok(_) => {
                findings
                    .error(node.span, format!("`{key}` is `{text}`"))
                    .help("it must be more than nothing");
                None
            }
            Err(_) if placeholder::is_in(text) => None,
            Err(error) => {
                findings.error(node.span, error.to_string());
                None
            }
        }
    }

    /// The place to blame for a key that is missing: the key without a value, else the section's first line.
    pub(super) fn place_of(&self, key: &str) -> Span {
        let entries = self.node.as_mapping().unwrap_or_default();
        let entry = entries.iter().find(|entry| entry.key == key).or_else(|| entries.first());
        entry.map_or(self.node.span, |entry| entry.key_span)
    }

    /// A misspelt form of the key is there; [`finish`](Section::finish) reports it.
    pub(super) fn has_near_miss_of(&self, key: &'static str) -> bool {
        let entries = self.node.as_mapping().unwrap_or_default();
        entries.iter().any(|entry| entry.key != key && closest(&entry.key, [key]).is_some())
    }

    /// Keys that are somebody else's.
    pub(super) fn ignore(&mut self, keys: &[&'static str]) {
        for key in keys.iter().filter(|key| self.node.get(key).is_some()) {
            self.fields.optional(key);
        }
    }

    /// Reports what is left: a near miss of a key of ours is an error, another unknown key a warning.
    pub(super) fn finish(self, findings: &mut Diagnostics) {
        self.fields.finish_lenient(findings);
    }

    /// The same for the top of a chart, which has Helm's own keys beside ours.
    pub(super) fn finish_chart(mut self, findings: &mut Diagnostics) {
        self.ignore(&HELM.split_whitespace().collect::<Vec<_>>());
        self.finish(findings);
    }
}

/// A string that is one: a number or boolean without quotes is changed on its way through Helm (`1234567` becomes
/// `1.234567e+06`).
pub(super) fn string<'n>(node: &'n Node, key: &str, findings: &mut Diagnostics) -> Option<&'n str> {
    let Some(text) = node.as_str() else {
        let error = findings.expected(node, &format!("a string for `{key}`"));
        if matches!(node.value, Value::Scalar(_)) {
            error.help("put the value in quotes, or Helm may change it on its way");
        }
        return None;
    };
    if text.trim().is_empty() {
        findings.error(node.span, format!("`{key}` is empty")).help("an empty setting is never \"no check\"");
        return None;
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        findings
            .error(node.span, format!("`{key}` has white space around it or a control character in it"))
            .help("it is compared character for character: remove it");
        return None;
    }
    (!placeholder::is_in(text)).then_some(text)
}

fn url<'n>(node: &'n Node, key: &str, schemes: &[&str], findings: &mut Diagnostics) -> Option<&'n str> {
    let text = string(node, key, findings)?;
    let has_scheme = schemes.iter().any(|scheme| text.starts_with(&format!("{scheme}://")));
    let advice = match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && !has_scheme => "TLS is required: write `https://…`".to_owned(),
        _ if !has_scheme => {
            format!("write it with its scheme, {}, as in `https://idp.example.com`", schemes.join(" or "))
        }
        Err(error) => format!("it cannot be read: {error}"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "remove the user from it".to_owned()
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            "remove what follows `?` or `#`".to_owned()
        }
        Ok(_) => return Some(text),
    };
    findings.error(node.span, format!("`{key}` is no URL that the platform can use")).help(advice);
    None
}
