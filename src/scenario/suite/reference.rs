//! The files that scenarios name, relative to themselves.

use std::collections::BTreeMap;

use spanned_yaml::{Diagnostics, Source, closest};

use crate::{
    model::identifier::ScenarioId,
    scenario::{
        syntax::{Action, CheckedScenario},
        template::Template,
    },
};

/// The path under the suite's root of a file that a scenario names relative to its own folder: `../values/x.yaml` in
/// `audience/prefix` is `values/x.yaml`. Nothing if it leaves the suite.
#[must_use]
pub fn resolve(scenario: &ScenarioId, reference: &str) -> Option<String> {
    if reference.starts_with('/') || reference.contains('\\') {
        return None;
    }
    let mut parts: Vec<_> = scenario.as_str().split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A tenant is a file of the suite if it looks like one, else the name of a shipped tenant.
#[must_use]
pub fn is_file(tenant: &str) -> bool {
    tenant.contains('/') || tenant.strip_suffix(".yaml").is_some()
}

/// Manifests are documents written out if they have more than one line, else a file.
#[must_use]
pub fn is_written_out(manifests: &str) -> bool {
    manifests.contains('\n')
}

impl CheckedScenario {
    /// The error that no tenant of this name is shipped, at its place in the file.
    #[must_use]
    pub fn tenant_diagnostic(&self, name: &str, known: &[&str]) -> Diagnostics {
        let mut found = Diagnostics::new(self.source.clone());
        let error = found.error(self.tenant.span, format!("no tenant `{name}` is shipped"));
        let known_names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        error.help(closest(name, known.iter().copied()).map_or_else(
            || format!("there are {}; a file is named with its `.yaml`", known_names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        ));
        found
    }
}

/// The files that the cells of a scenario name, each once, with where. Those with variables from outside are left to the
/// run.
pub(super) fn named(scenario: &CheckedScenario) -> Vec<(String, &Template)> {
    let mut named: Vec<(String, &Template)> = Vec::new();
    for cell in scenario.cells() {
        let tenant = scenario.tenant.fill(&cell).ok().filter(|tenant| is_file(tenant));
        let values = scenario.values.fill(&cell).ok();
        let changes = scenario.steps.iter().filter_map(|step| match &step.action {
            Action::Manifests(manifests) => Some(&manifests.written),
            _ => None,
        });
        let manifests = scenario.manifests.written.iter().chain(changes.flatten());
        let manifests = manifests.map(|written| {
            (written.fill(&cell).ok().filter(|manifests| !is_written_out(manifests)), written)
        });
        for (reference, written) in
            [(values, &scenario.values), (tenant, &scenario.tenant)].into_iter().chain(manifests)
        {
            let Some(reference) = reference else { continue };
            if !named.iter().any(|(known, _)| *known == reference) {
                named.push((reference, written));
            }
        }
    }
    named
}

/// Reports every file that a scenario names and the suite does not have.
pub(super) fn check(scenario: &CheckedScenario, files: &BTreeMap<String, Source>, found: &mut Diagnostics) {
    for (reference, written) in named(scenario) {
        one(scenario, &reference, written, files, found);
    }
}

fn one(
    scenario: &CheckedScenario,
    reference: &str,
    written: &Template,
    files: &BTreeMap<String, Source>,
    found: &mut Diagnostics,
) {
    match resolve(&scenario.id, reference) {
        None => {
            found
                .error(written.span, format!("`{reference}` leaves the suite"))
                .help("name a file of the suite, relative to the scenario's folder");
        }
        Some(path) if files.contains_key(&path) => {}
        Some(path) => {
            let error = found.error(written.span, format!("the suite has no file `{path}`"));
            match closest(&path, files.keys().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("paths are relative to the scenario's folder"),
            };
        }
    }
}
