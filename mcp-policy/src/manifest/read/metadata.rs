//! `metadata`: a resource's name and namespace as the API server takes them. Everything else in it is ignored.

use spanned_yaml::{Entry, Node, closest};

use super::{
    identity::Kind,
    merge,
    walk::{Size, Walk},
};
use crate::manifest::Written;

/// Under which name the cluster keeps a resource.
pub(super) struct Metadata {
    pub(super) name: Written<String>,
    /// `None`: it belongs to the whole cluster.
    pub(super) namespace: Option<String>,
}

/// Where a namespaced resource without a namespace goes.
const DEFAULT: &str = "default";

/// The members that Kubernetes knows; a slip for one that counts must not be taken for one of these.
const KNOWN: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Reads `metadata`. Without a name there is nothing to speak of.
pub(super) fn read(node: &Node, kind: Kind, walk: &mut Walk<'_>) -> Option<Metadata> {
    let Some(metadata) = node.get("metadata").filter(|value| !value.is_null()) else {
        let first = node.as_mapping().and_then(<[Entry]>::first);
        walk.error(
            first.map_or(node.span, |entry| entry.key_span),
            format!("{} needs `metadata`", kind.called()),
        )
        .help("`metadata:` with a `name`");
        return None;
    };
    let Some(entries) = metadata.as_mapping() else {
        walk.expected(metadata, "`metadata`, a map");
        return None;
    };
    let errors = walk.errors;
    for entry in entries.iter().filter(|entry| !KNOWN.contains(&entry.key.as_str())) {
        if let Some(meant @ ("name" | "namespace")) = closest(&entry.key, KNOWN) {
            walk.error(entry.key_span, format!("metadata has no `{}`", entry.key))
                .help(format!("did you mean `{meant}`?"));
        }
    }
    if walk.errors > errors {
        return None;
    }
    let member = |key| metadata.get(key).filter(|value| !value.is_null());
    let namespace = match member("namespace") {
        Some(written) if kind.is_namespaced() => {
            let namespace = walk.string(written, "`namespace`", Size::NOT_EMPTY)?;
            if !is_label(namespace) {
                walk.error(written.span, format!("`{namespace}` is no name of a namespace")).help(
                    "at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends",
                );
                return None;
            }
            Some(namespace.to_owned())
        }
        Some(written) => {
            let found = walk.warning(written.span, format!("{} belongs to no namespace", kind.called()));
            match kind {
                Kind::ClusterRoleBinding => found.help(
                    "it counts in every namespace, as at the API server: a PlatformRoleBinding counts in one",
                ),
                _ => found.help("the namespace is ignored, as at the API server"),
            };
            None
        }
        None => kind.is_namespaced().then(|| DEFAULT.to_owned()),
    };
    let Some(written) = member("name") else {
        let at = entries.first().map_or(metadata.span, |entry| entry.key_span);
        let error = walk.error(at, format!("{} needs `metadata.name`", kind.called()));
        if member("generateName").is_some() {
            error.help("with `generateName` alone every `kubectl create` makes another resource");
        }
        return None;
    };
    let name = walk.string(written, "`name`", Size::NOT_EMPTY)?;
    if !is_subdomain(name) {
        walk.error(written.span, format!("`{name}` is no name of a resource")).help(
            "at most 253 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
        );
        return None;
    }
    if kind.is_namespaced() && member("namespace").is_none() {
        walk.warning(written.span, format!("{} `{name}` names no namespace", kind.name()))
            .help(format!("it is taken for `{DEFAULT}`; kubectl takes the namespace of its context"));
    }
    Some(Metadata { name: walk.written(written, name), namespace })
}

/// The namespace of a resource that cannot be read, as far as that can be told.
pub(super) fn namespace(node: &Node) -> Option<String> {
    let metadata = node.get("metadata")?;
    let entries = metadata.as_mapping()?;
    if merge::is_in(metadata) {
        return None;
    }
    let slip = |entry: &Entry| {
        !KNOWN.contains(&entry.key.as_str()) && closest(&entry.key, KNOWN) == Some("namespace")
    };
    if entries.iter().any(slip) {
        return None;
    }
    match metadata.get("namespace").filter(|value| !value.is_null()) {
        None => Some(DEFAULT.to_owned()),
        Some(written) => written.as_str().filter(|text| is_label(text)).map(str::to_owned),
    }
}

/// RFC 1123: a label.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// RFC 1123: a subdomain. Kubernetes bounds the whole, not its labels.
fn is_subdomain(text: &str) -> bool {
    let label = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= 253
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{is_label, is_subdomain};

    #[test]
    fn names_of_kubernetes() {
        for name in ["a", "0", "a-b", "github.mcp", &"a".repeat(253), &"a".repeat(64)] {
            assert!(is_subdomain(name), "{name}");
        }
        for name in ["", "-a", "a-", "a..b", ".a", "a.-b", "A", "a_b", "a b", "a\n", "ä", &"a".repeat(254)] {
            assert!(!is_subdomain(name), "{name}");
        }
        assert!(is_label(&"a".repeat(63)));
        for name in ["", "a.b", "-", &"a".repeat(64)] {
            assert!(!is_label(name), "{name}");
        }
    }
}
