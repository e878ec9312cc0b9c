//! `sources` and `registries`: where entries come from, and the named views of them.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use spanned_yaml::{Diagnostics, Node, Span};

use super::{ClaimMap, Registry, Source, SourceKind, claim_map};
use crate::model::values::{
    enterprise_manager::Interval,
    section::{Section, string},
};

pub(super) fn read(node: &Node, claims_count: bool, findings: &mut Diagnostics) -> Option<Vec<Source>> {
    let items = items(node, "sources", findings)?;
    let mut sources: Vec<Source> = Vec::new();
    let mut managed = 0;
    for item in items {
        let Some(source) = read_source(item, claims_count, findings) else { continue };
        let place = place(item, "name");
        if sources.iter().any(|other| other.name == source.name) {
            findings
                .error(place, format!("two sources are called `{}`", source.name))
                .help("give each a name of its own");
        }
        managed += usize::from(source.kind == SourceKind::Managed);
        if managed > 1 && source.kind == SourceKind::Managed {
            findings
                .error(place, "a second source is `managed`")
                .help("what is published needs one place to go: keep one of them");
        }
        sources.push(source);
    }
    (sources.len() == items.len()).then_some(sources)
}

fn read_source(node: &Node, claims_count: bool, findings: &mut Diagnostics) -> Option<Source> {
    let mut section = Section::open(node, "a source", findings)?;
    let name = section.required_string("name", "a name of its own, as in `internal`", findings);
    if let Some(name) = name
        && !is_source_name(name)
    {
        findings
            .error(place(node, "name"), format!("`{name}` is no name for a source"))
            .help("it becomes a DNS label: lower-case letters, digits and hyphens, at most 63");
    }
    let blocks: Vec<_> =
        SourceKind::ALL.into_iter().filter_map(|kind| Some((kind, section.optional(kind.name())?))).collect();
    let known = SourceKind::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
    let kind = match blocks.as_slice() {
        [(kind, block)] => Some((*kind, read_block(*kind, block, findings).map(|()| block.to_json()))),
        [] => {
            findings
                .error(section.place_of("name"), "this source has no kind")
                .help(format!("give it one of {known}; a source for what is published has `managed: {{}}`"));
            None
        }
        [_, (second, _), ..] => {
            findings
                .error(section.place_of(second.name()), "this source has two kinds")
                .help(format!("keep one of {known}"));
            None
        }
    };
    let interval = match &kind {
        Some((kind, _)) if kind.is_synced() => {
            findings
                .warning(section.place_of(kind.name()), "this source is not synced")
                .help("it is empty until entries are put into the catalogue over the control wire");
            Some(read_interval(&mut section, findings))
        }
        _ => {
            section.ignore(&["syncPolicy"]);
            None
        }
    };
    section.ignore(&["filter"]);
    let claims = read_claims(&mut section, "a source", claims_count, findings);
    section.finish(findings);
    let (kind, config) = kind?;
    let config = config?;
    Some(Source {
        name: name.filter(|name| is_source_name(name))?.to_owned(),
        kind,
        config,
        interval: match interval {
            Some(read) => Some(read?),
            None => None,
        },
        claims: claims?,
    })
}

/// What the open-source server asks of each kind.
fn read_block(kind: SourceKind, node: &Node, findings: &mut Diagnostics) -> Option<()> {
    let mut block = Section::open(node, kind.name(), findings)?;
    let complete = match kind {
        SourceKind::Git => {
            block.ignore(&["branch", "tag", "commit", "path", "auth"]);
            block.required_string("repository", "the repository's URL", findings).is_some()
        }
        SourceKind::Api => {
            block.ignore(&["timeout"]);
            block.required_url("endpoint", "the base URL of the other registry", findings).is_some()
        }
        SourceKind::File => {
            let (path, url) = (block.string("path", findings), block.string("url", findings));
            block.ignore(&["timeout"]);
            if path.is_some() == url.is_some() {
                findings
                    .error(node.span, "a `file` source has `path` or `url`")
                    .help("one of them, and not both");
            }
            path.is_some() != url.is_some()
        }
        SourceKind::Managed => true,
        SourceKind::Kubernetes => {
            block.ignore(&["namespaces"]);
            true
        }
    };
    block.finish(findings);
    complete.then_some(())
}

fn read_interval(source: &mut Section<'_>, findings: &mut Diagnostics) -> Option<String> {
    let mut policy =
        source.required_section("syncPolicy", "how often it is synced: `interval: '30m'`", findings)?;
    let advice = "as in `30m` or `1h`";
    let written = policy.required("interval", advice, findings).and_then(|_| {
        let never = Interval { written: String::new(), length: SignedDuration::ZERO };
        policy.interval("interval", never, findings)
    });
    policy.finish(findings);
    written.map(|interval| interval.written)
}

pub(super) fn read_registries(
    node: &Node,
    sources: Option<&[Source]>,
    claims_count: bool,
    findings: &mut Diagnostics,
) -> Option<Vec<Registry>> {
    let items = items(node, "registries", findings)?;
    let mut names = BTreeSet::new();
    let mut registries = Vec::new();
    for item in items {
        let Some(registry) = read_registry(item, sources, claims_count, findings) else { continue };
        if !names.insert(registry.name.clone()) {
            findings
                .error(place(item, "name"), format!("two registries are called `{}`", registry.name))
                .help("give each a name of its own");
        }
        registries.push(registry);
    }
    (registries.len() == items.len()).then_some(registries)
}

fn read_registry(
    node: &Node,
    known: Option<&[Source]>,
    claims_count: bool,
    findings: &mut Diagnostics,
) -> Option<Registry> {
    let mut section = Section::open(node, "a registry", findings)?;
    let name = section.required_string("name", "a name of its own, as in `default`", findings);
    let is_segment =
        |name: &str| ![".", ".."].contains(&name) && !name.contains(|c: char| c.is_whitespace() || c == '/');
    if let Some(name) = name
        && !is_segment(name)
    {
        findings
            .error(place(node, "name"), format!("`{name}` is no name for a registry"))
            .help("it is one segment of a path, `/registry/{name}/v0.1/servers`: no slash, no white space");
    }
    let sources = section
        .required("sources", "the names of its sources, the one that comes first first", findings)
        .and_then(|node| read_names(node, known, findings));
    let claims = read_claims(&mut section, "a registry", claims_count, findings);
    section.finish(findings);
    Some(Registry {
        name: name.filter(|name| is_segment(name))?.to_owned(),
        sources: sources?,
        claims: claims?,
    })
}

/// Names of sources, each once, each of a source that is there. Where the sources have mistakes of their own, nothing is
/// said of names that may be theirs.
fn read_names(node: &Node, known: Option<&[Source]>, findings: &mut Diagnostics) -> Option<Vec<String>> {
    let items = items(node, "sources", findings)?;
    let mut names: Vec<String> = Vec::new();
    let mut whole = true;
    for item in items {
        let Some(name) = string(item, "sources", findings) else {
            whole = false;
            continue;
        };
        if let Some(known) = known
            && !known.iter().any(|source| source.name == name)
        {
            let there = known.iter().map(|source| source.name.as_str());
            let near = spanned_yaml::closest(name, there.clone());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there are {}",
                    there.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            findings.error(item.span, format!("there is no source `{name}`")).help(help);
        }
        if names.iter().any(|other| other == name) {
            findings
                .error(item.span, format!("the source `{name}` is named twice"))
                .help("remove one of them");
        }
        names.push(name.to_owned());
    }
    whole.then_some(names)
}

/// RS-UNLABELLED: what has no claims is hidden from everybody but a superAdmin, which is seldom meant.
fn read_claims(
    section: &mut Section<'_>,
    what: &str,
    claims_count: bool,
    findings: &mut Diagnostics,
) -> Option<ClaimMap> {
    let claims = match section.optional("claims") {
        Some(node) => claim_map::read(node, findings)?,
        None => ClaimMap::default(),
    };
    if claims_count && claims.is_empty() {
        findings
            .warning(section.place_of("name"), format!("{what} without claims is for a superAdmin only"))
            .help("label it with claims that its readers share, as in `claims: {org: 'acme'}`");
    }
    Some(claims)
}

/// A DNS label (RFC 1123), as the open-source server wants it.
#[must_use]
pub fn is_source_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Where the value of a key stands.
fn place(node: &Node, key: &str) -> Span {
    node.get(key).unwrap_or(node).span
}

fn items<'n>(node: &'n Node, key: &str, findings: &mut Diagnostics) -> Option<&'n [Node]> {
    let items = node.as_sequence();
    match items {
        None => {
            findings.expected(node, &format!("a list for `{key}`"));
        }
        Some([]) => {
            findings.error(node.span, format!("`{key}` is empty")).help("at least one belongs there");
        }
        Some(_) => {}
    }
    items.filter(|items| !items.is_empty())
}
