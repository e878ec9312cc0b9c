//! The files that scenarios name, relative to themselves.

use std::collections::BTreeMap;

use spanned_yaml::{Diagnostics, Source, closest};

use crate::{
    model::identifier::ScenarioId,
    scenario::{syntax::CheckedScenario, template::Template},
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

/// Reports every file that a scenario names and the suite does not have, for each cell of the matrix. References with
/// variables from outside are left to the run.
pub(super) fn check(scenario: &CheckedScenario, files: &BTreeMap<String, Source>, found: &mut Diagnostics) {
    let mut reported = Vec::new();
    for cell in scenario.cells() {
        let tenant = scenario.tenant.fill(&cell).ok().filter(|tenant| is_file(tenant));
        let values = scenario.values.fill(&cell).ok();
        for (reference, written) in [(values, &scenario.values), (tenant, &scenario.tenant)] {
            let Some(reference) = reference else { continue };
            if reported.contains(&reference) {
                continue;
            }
            if !one(scenario, &reference, written, files, found) {
                reported.push(reference);
            }
        }
    }
}

fn one(
    scenario: &CheckedScenario,
    reference: &str,
    written: &Template,
    files: &BTreeMap<String, Source>,
    found: &mut Diagnostics,
) -> bool {
    match resolve(&scenario.id, reference) {
        None => {
            found
                .error(written.span, format!("`{reference}` leaves the suite"))
                .help("name a file of the suite, relative to the scenario's folder");
            false
        }
        Some(path) if files.contains_key(&path) => true,
        Some(path) => {
            let error = found.error(written.span, format!("the suite has no file `{path}`"));
            match closest(&path, files.keys().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("paths are relative to the scenario's folder"),
            };
            false
        }
    }
}
