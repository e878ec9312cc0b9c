//! A suite: the scenarios, the requirement catalogue that they cover, and the files that they name.
//!
//! The caller brings the files, from a folder or from the executable; nothing is read here.

mod catalogue;
mod coverage;
mod divergences;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Source, Span};

pub use reference::{is_file, is_written_out, resolve};

use self::catalogue::LocatedCatalogue;
use crate::{
    model::{digest::digest, identifier::ScenarioId, requirement::Catalogue},
    scenario::{
        read::{self, Context, Outside},
        syntax::CheckedScenario,
    },
};

/// The files of a suite, unread.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its root as the user knows it: a folder, or a word for the embedded one.
    pub name: String,
    /// Path under the root, with `/` between its parts, → text.
    pub files: BTreeMap<String, Source>,
}

/// Brings a file that a scenario names relative to itself, with the name that it gets among the files, or says why not.
pub type Find<'f> = dyn FnMut(&ScenarioId, &str) -> Result<(String, Source), String> + 'f;

/// A suite that may run.
#[derive(Clone, Debug)]
pub struct CheckedSuite {
    /// Its root as the user knows it.
    pub name: String,
    /// SHA-256 over the names and contents of all its files, in hexadecimal.
    pub digest: String,
    /// Its requirements.
    pub catalogue: Catalogue,
    /// Its scenarios, ordered by id.
    pub scenarios: Vec<CheckedScenario>,
    /// Its files, for what scenarios name.
    pub files: BTreeMap<String, Source>,
    /// What deserves a look though it is no error.
    pub warnings: Vec<Diagnostics>,
}

impl Suite {
    /// Reads and checks everything. On an error, the findings of every file that has any, ordered by path.
    pub fn check(&self, outside: Outside) -> Result<CheckedSuite, Vec<Diagnostics>> {
        let (catalogue, catalogue_found) = self.catalogue();
        if catalogue.catalogue.requirements.is_empty() {
            // Every scenario would be told that its requirements are unknown, which is not its fault.
            return Err(vec![catalogue_found]);
        }
        let context = Context::new(catalogue.ids(), catalogue.observations(), outside);
        let mut findings = Vec::new();
        let mut scenarios = Vec::new();
        for (path, source) in &self.files {
            let Some(id) = scenario_id(path) else {
                findings.extend(misplaced(path, source));
                continue;
            };
            let (scenario, mut found) = read::scenario(id, source, &context);
            if let Some(scenario) = scenario {
                reference::check(&scenario, &self.files, &mut found);
                scenarios.push(scenario);
            }
            findings.push(found);
        }
        findings.insert(0, catalogue_found);
        // Coverage means something only if everything was understood.
        if !findings.iter().any(Diagnostics::has_errors)
            && let Some(found) = findings.first_mut()
        {
            coverage::check(&catalogue, &scenarios, found);
            divergences::check(&catalogue.catalogue.divergences, &catalogue.divergences, &scenarios, found);
        }
        findings.retain(|found| !found.is_empty());
        if findings.iter().any(Diagnostics::has_errors) {
            return Err(findings);
        }
        Ok(CheckedSuite {
            name: self.name.clone(),
            digest: self.digest(),
            catalogue: catalogue.catalogue,
            scenarios,
            files: self.files.clone(),
            warnings: findings,
        })
    }

    /// Reads and checks scenarios that belong to no suite, against the requirements of this one. Whether every
    /// requirement is covered is not asked. `find` brings a file that a scenario names relative to itself, with the name
    /// that it gets among the files, or says why not.
    pub fn check_alone(
        &self,
        scenarios: &[(ScenarioId, Source)],
        outside: Outside,
        find: &mut Find<'_>,
    ) -> Result<CheckedSuite, Vec<Diagnostics>> {
        let (catalogue, catalogue_found) = self.catalogue();
        let context = Context::new(catalogue.ids(), catalogue.observations(), outside);
        let mut findings = vec![catalogue_found];
        let mut suite = Self { name: self.name.clone(), files: BTreeMap::new() };
        let mut checked = Vec::new();
        for (id, source) in scenarios {
            let (scenario, mut found) = read::scenario(id.clone(), source, &context);
            suite.files.insert(source.name().to_owned(), source.clone());
            if let Some(scenario) = scenario {
                for (reference, written) in reference::named(&scenario) {
                    match find(id, &reference) {
                        Ok((name, source)) => {
                            suite.files.insert(name, source);
                        }
                        Err(reason) => {
                            found
                                .error(written.span, reason)
                                .help("paths are relative to the scenario's folder");
                        }
                    }
                }
                checked.push(scenario);
            }
            findings.push(found);
        }
        findings.retain(|found| !found.is_empty());
        if findings.iter().any(Diagnostics::has_errors) {
            return Err(findings);
        }
        checked.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        Ok(CheckedSuite {
            name: suite.name.clone(),
            digest: suite.digest(),
            catalogue: catalogue.catalogue,
            scenarios: checked,
            files: suite.files,
            warnings: findings,
        })
    }

    /// SHA-256 over the names and contents of all files, each preceded by its length, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(self.files.iter().flat_map(|(path, source)| [path.as_str(), source.text()]))
    }

    fn catalogue(&self) -> (LocatedCatalogue, Diagnostics) {
        if let Some(source) = self.files.get(CATALOGUE) {
            return catalogue::read(source);
        }
        let mut found = Diagnostics::new(Source::new(format!("{}/{CATALOGUE}", self.name), ""));
        found
            .error(Span::default(), "the suite has no requirement catalogue")
            .help("write one: `requirements` and `sets`");
        (LocatedCatalogue::default(), found)
    }
}

impl CheckedSuite {
    /// The scenario of an id.
    #[must_use]
    pub fn find(&self, id: &ScenarioId) -> Option<&CheckedScenario> {
        self.scenarios.iter().find(|scenario| scenario.id == *id)
    }

    /// The tags in use.
    #[must_use]
    pub fn tags(&self) -> BTreeSet<&str> {
        self.scenarios.iter().flat_map(|scenario| scenario.tags.iter().map(String::as_str)).collect()
    }
}

const CATALOGUE: &str = "requirements.yaml";

/// Folders at the root whose files scenarios name; they hold no scenarios.
const DATA: [&str; 3] = ["values/", "tenants/", "manifests/"];

/// The id of the scenario that a file holds, if it holds one: `area/behaviour`.
fn scenario_id(path: &str) -> Option<ScenarioId> {
    let word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let id = path.strip_suffix(".yaml")?;
    (!is_data(path) && id.contains('/') && id.split('/').all(word)).then(|| ScenarioId::new(id))
}

fn is_data(path: &str) -> bool {
    DATA.iter().any(|folder| path.starts_with(folder))
}

/// A file that looks like a scenario and is at no scenario's place: left out silently it would never run.
fn misplaced(path: &str, source: &Source) -> Option<Diagnostics> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if is_data(path) || path == CATALOGUE || !matches!(extension.as_deref(), Some("yaml" | "yml")) {
        return None;
    }
    let mut found = Diagnostics::new(source.clone());
    found
        .error(Span::default(), format!("`{path}` is no place for a scenario"))
        .help("a scenario lies at `<area>/<behaviour>.yaml`, in lower case, words joined by hyphens");
    Some(found)
}
