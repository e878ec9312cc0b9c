//! The custom resources of the cases, looked at before the first case: mistakes where none are meant, and none where
//! the scenario says that there are some.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use mcp_policy::{
    manifest,
    rbac::{self, Options},
};
use spanned_yaml::Source;

use crate::model::identifier::CaseId;

/// What was found.
#[derive(Debug, Default)]
pub(in crate::cli) struct Mistakes {
    /// What was looked at: names and texts.
    seen: BTreeSet<Vec<(String, String)>>,
    words: String,
}

impl Mistakes {
    /// Looks at one set of custom resources, as its platform will see them: together.
    pub(in crate::cli) fn look(&mut self, case: &CaseId, sources: &[Source], broken: bool, color: bool) {
        let key = sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned())).collect();
        if sources.is_empty() || !self.seen.insert(key) {
            return;
        }
        let (manifests, mut findings) = manifest::read(sources.to_vec());
        let compilation = rbac::compile(&manifests, &Options::default());
        findings.extend(&compilation.findings);
        let unusable = findings.has_errors() || compilation.targets.values().any(Result::is_err);
        if unusable && !broken {
            self.words.push_str(&findings.render(color));
        } else if broken && !unusable {
            // Into a text: it cannot fail.
            let _ = writeln!(self.words, "{case}: `broken_manifests` without a mistake in them\n");
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
