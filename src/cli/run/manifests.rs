//! The custom resources of the cases, looked at before the first case: mistakes where none are meant, none where the
//! scenario says that there are some, and servers that a scenario names and they do not have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    sync::Arc,
};

use mcp_policy::{
    manifest,
    rbac::{self, Options},
};
use spanned_yaml::{Diagnostics, Source, closest};

use crate::{
    model::identifier::CaseId,
    scenario::{CheckedScenario, read::mcp::server_of},
};

/// What was found.
#[derive(Debug, Default)]
pub(in crate::cli) struct Mistakes {
    /// What was looked at, with the servers that are in it.
    seen: BTreeMap<Vec<(String, String)>, Arc<Servers>>,
    words: String,
}

/// Servers as `namespace/kind/name`.
pub(in crate::cli) type Servers = BTreeSet<String>;

impl Mistakes {
    /// Looks at one set of custom resources, as its platform will see them: together. It has these servers.
    pub(in crate::cli) fn look(
        &mut self,
        case: &CaseId,
        sources: &[Source],
        broken: bool,
        color: bool,
    ) -> Arc<Servers> {
        if sources.is_empty() {
            return Arc::default();
        }
        let texts =
            sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned())).collect();
        if let Some(servers) = self.seen.get(&texts) {
            return Arc::clone(servers);
        }
        let (manifests, mut findings) = manifest::read(sources.to_vec());
        let servers = manifests.servers.iter().map(|server| server.id.value.to_string());
        let servers = Arc::new(servers.collect());
        self.seen.insert(texts, Arc::clone(&servers));
        let compilation = rbac::compile(&manifests, &Options::default());
        findings.extend(&compilation.findings);
        let unusable = findings.has_errors() || compilation.targets.values().any(Result::is_err);
        if unusable && !broken {
            self.words.push_str(&findings.render(color));
        } else if broken && !unusable {
            // Into a text: it cannot fail.
            let _ = writeln!(self.words, "{case}: `broken_manifests` without a mistake in them\n");
        }
        servers
    }

    /// Looks for the servers that a scenario names among the custom resources with which its platform begins. One that
    /// is nowhere would leave its case without a verdict.
    pub(in crate::cli) fn look_for_servers(
        &mut self,
        scenario: &CheckedScenario,
        servers: &Servers,
        color: bool,
    ) {
        let mut found = Diagnostics::new(scenario.source.clone());
        for step in scenario.steps.iter().chain(&scenario.always) {
            let Some(server) = step.action.component().and_then(server_of) else { continue };
            if servers.contains(server) {
                continue;
            }
            let error = found.error(step.span, format!("the custom resources have no `{server}`"));
            error.help(match closest(server, servers.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if servers.is_empty() => {
                    "`manifests` has the servers, and who may do what there".to_owned()
                }
                None => format!("there are {}", servers.iter().cloned().collect::<Vec<_>>().join(", ")),
            });
        }
        // The cells of a scenario mostly have the same mistakes.
        let words = found.render(color);
        if !self.words.contains(&words) {
            self.words.push_str(&words);
        }
    }

    pub(in crate::cli) fn any(&self) -> bool {
        !self.words.is_empty()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
