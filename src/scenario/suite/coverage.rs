//! Every requirement has a scenario, or a reason why it has none; never both.

use std::collections::BTreeSet;

use spanned_yaml::Diagnostics;

use super::catalogue::LocatedCatalogue;
use crate::scenario::syntax::CheckedScenario;

pub(super) fn check(located: &LocatedCatalogue, scenarios: &[CheckedScenario], found: &mut Diagnostics) {
    let covered: BTreeSet<_> = scenarios.iter().flat_map(|scenario| &scenario.requirements).collect();
    for rule in &located.catalogue.requirements {
        let Some(places) = located.places.get(&rule.id) else { continue };
        match (covered.contains(&rule.id), &rule.untested, &rule.excluded) {
            (true, Some(_), _) => {
                let scenario = scenarios.iter().find(|scenario| scenario.requirements.contains(&rule.id));
                let name = scenario.map_or("a scenario", |scenario| scenario.id.as_str());
                found
                    .error(places.untested.unwrap_or(places.id), format!("`{}` is called untested", rule.id))
                    .help(format!("`{name}` tests it: remove `untested`"));
            }
            (false, None, None) => {
                found
                    .error(places.id, format!("no scenario covers `{}`", rule.id))
                    .help("write one, or say why there is none: `untested: reason`");
            }
            _ => {}
        }
    }
}
