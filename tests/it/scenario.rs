//! The scenario language from outside: fixtures with their golden diagnostics, whole suites, the schema and the
//! examples of the manual.

mod fixtures;
mod manual;
mod mutations;
mod observed;
mod own_files;
mod schema;
mod suite;

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::Source;
use touchstone::{
    model::identifier::{DivergenceId, RequirementId, ScenarioId},
    scenario::{
        CheckedScenario,
        read::{self, Context, Outside},
    },
};

/// The requirements and outside names that fixtures use.
fn context() -> Context {
    let requirements = [
        "TOK-AUD",
        "TOK-AUD-TYPE",
        "TOK-JWT",
        "TOK-KEYSET",
        "TOK-REFUSAL",
        "CL-LOGIN",
        "EM-ETAG",
        "EM-ENVELOPE",
    ];
    Context::new(
        requirements.into_iter().map(RequirementId::new).collect(),
        BTreeMap::from([(
            DivergenceId::new("missing-scope"),
            ["unauthorized", "forbidden"].map(str::to_owned).into(),
        )]),
        Outside {
            variables: BTreeSet::from(["region".to_owned()]),
            environment: BTreeSet::from(["STAGE".to_owned()]),
        },
    )
}

/// Reads a scenario, or says why not.
fn read(text: &str) -> Result<CheckedScenario, String> {
    let source = Source::new("scenario.yaml", text);
    let (scenario, found) = read::scenario(ScenarioId::new("area/behaviour"), &source, &context());
    scenario.ok_or_else(|| found.render(false))
}
