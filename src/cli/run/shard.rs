//! `--shard`: leaves the cases of one shard, and names in the report what it is a part of.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    cli::{
        refusal::Refusal,
        suite::{Chosen, Setup, SuiteError},
    },
    model::{digest::digest, shard::Shard},
    outcome::{ShardOf, merge::case_digest},
    reference::enterprise_manager::SigningKey,
    scenario::{CheckedScenario, syntax::Cell},
};

/// Of the selected cases, in the suite's order, only those of the shard stay.
///
/// Reads what every selected case is set up with, also those of the other shards: whatever of it differs from one
/// machine to the next would divide them differently, and is found when the reports are joined.
pub(super) fn keep(
    shard: Shard,
    cells: &mut Vec<(Arc<CheckedScenario>, Cell)>,
    chosen: &Chosen,
    variables: &[(String, String)],
    environment: &BTreeMap<String, String>,
    signing_key: Option<&SigningKey>,
) -> Result<ShardOf, Refusal> {
    let setups = cells.iter().map(|(scenario, cell)| (scenario, Setup { cell, variables, environment }));
    let platforms: Result<Vec<_>, _> =
        setups.map(|(scenario, setup)| platform(scenario, &setup, chosen)).collect();
    let platforms = platforms.map_err(Refusal::usage)?;
    let named = variables.iter().flat_map(|(name, value)| [name.as_str(), value]);
    let set_up = cells.iter().zip(&platforms).flat_map(|((_, cell), platform)| {
        std::iter::once(cell.id.as_str()).chain(platform.iter().map(String::as_str))
    });
    let signing_key = signing_key.map(|key| key.kid().as_str());
    let set_up_digest = digest(named.chain(signing_key).chain(set_up));
    let selected = cells.len();
    let cases = case_digest(cells.iter().map(|(_, cell)| &cell.id));
    let mut mine = shard.of(&platforms).into_iter();
    cells.retain(|_| mine.next().unwrap_or_default());
    Ok(ShardOf { index: shard.index, count: shard.count, selected, digest: set_up_digest, cases })
}

/// What a case's platform is started with, as text: values, tenant, custom resources.
fn platform(
    scenario: &CheckedScenario,
    setup: &Setup<'_>,
    chosen: &Chosen,
) -> Result<Vec<String>, SuiteError> {
    let values = chosen.values_of(scenario, setup)?;
    let tenant = chosen.tenant_of(scenario, setup)?;
    let manifests = chosen.manifests_of(scenario, &scenario.manifests.written, setup)?;
    let tenant = tenant.map_or_else(|shipped| shipped, |file| file.text().to_owned());
    let manifests = manifests.iter().map(|source| source.text().to_owned());
    Ok([values.text().to_owned(), tenant].into_iter().chain(manifests).collect())
}
