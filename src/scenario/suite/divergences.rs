//! The `divergences` of the catalogue: where documents, code and standards disagree.

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Fields, Node, Span, closest};

use crate::{
    model::{
        divergence::{Divergence, Reading, Side},
        identifier::DivergenceId,
    },
    scenario::syntax::{Action, CheckedScenario},
};

/// The divergences, and where their ids stand.
pub(super) fn read(
    nodes: &[Node],
    places: &mut BTreeMap<DivergenceId, Span>,
    found: &mut Diagnostics,
) -> Vec<Divergence> {
    nodes.iter().filter_map(|node| divergence(node, places, found)).collect()
}

fn divergence(
    node: &Node,
    places: &mut BTreeMap<DivergenceId, Span>,
    found: &mut Diagnostics,
) -> Option<Divergence> {
    let mut fields = Fields::new(node, "a divergence", found)?;
    let id_node = fields.required("id", found);
    let id = fields.required_text("id", found);
    let about = fields.required_text("about", found);
    let sides = Reading::ALL.map(|reading| (reading, fields.optional(reading.name())));
    let observations_node = fields.required("observations", found);
    let unobserved = fields.text("unobserved", found).map(str::to_owned);
    let span = fields.span();
    fields.finish(found);

    let (id, id_node) = (DivergenceId::new(id?), id_node?);
    if places.insert(id.clone(), id_node.span).is_some() {
        found.error(id_node.span, format!("duplicate divergence `{id}`"));
        return None;
    }
    let observations = words(observations_node?, found)?;
    if observations.len() < 2 {
        found
            .error(span, format!("of `{id}` only one thing can be observed"))
            .help("where two sides disagree there are at least two `observations`");
    }
    let mut said = BTreeMap::new();
    for (reading, node) in sides {
        if let Some(side) = node.and_then(|node| side(node, &observations, found)) {
            said.insert(reading, side);
        }
    }
    if said.len() < 2 && unobserved.is_none() {
        found
            .error(span, format!("`{id}` has one side only"))
            .help("there are `documentation`, `open-source` and `standards`");
    }
    Some(Divergence { id, about: about?.to_owned(), sides: said, observations, unobserved })
}

fn side(node: &Node, observations: &BTreeMap<String, String>, found: &mut Diagnostics) -> Option<Side> {
    let mut fields = Fields::new(node, "a side", found)?;
    let says = fields.required_text("says", found);
    let accepts_node = fields.required("accepts", found);
    let accepts = fields.list("accepts", found);
    fields.finish(found);
    let mut accepted = Vec::new();
    for node in accepts {
        let text = node.as_text().unwrap_or_default();
        if observations.contains_key(text) {
            accepted.push(text.to_owned());
            continue;
        }
        let error = found.error(node.span, format!("`{text}` is none of the observations"));
        if let Some(near) = closest(text, observations.keys().map(String::as_str)) {
            error.help(format!("did you mean `{near}`?"));
        }
    }
    if accepts.is_empty() {
        let span = accepts_node.map_or(node.span, |node| node.span);
        found.error(span, "a side that accepts nothing").help("leave it out where it is silent");
    }
    Some(Side { says: says?.to_owned(), accepts: accepted })
}

/// A map of texts.
fn words(node: &Node, found: &mut Diagnostics) -> Option<BTreeMap<String, String>> {
    let Some(entries) = node.as_mapping() else {
        found.expected(node, "a map from each observation to its words");
        return None;
    };
    let mut words = BTreeMap::new();
    for entry in entries {
        match entry.value.as_text() {
            Some(text) => {
                words.insert(entry.key.clone(), text.to_owned());
            }
            None => {
                found.expected(&entry.value, "words");
            }
        }
    }
    Some(words)
}

/// Every divergence is observed by a scenario, or says why not; never both.
pub(super) fn check(
    divergences: &[Divergence],
    places: &BTreeMap<DivergenceId, Span>,
    scenarios: &[CheckedScenario],
    found: &mut Diagnostics,
) {
    let steps = scenarios.iter().flat_map(|scenario| &scenario.steps);
    let observed: BTreeSet<_> = steps
        .filter_map(|step| match &step.action {
            Action::Observe(step) => Some(&step.divergence),
            _ => None,
        })
        .collect();
    for divergence in divergences {
        let id = &divergence.id;
        let at = places.get(id).copied().unwrap_or_default();
        match (observed.contains(id), &divergence.unobserved) {
            (true, Some(_)) => {
                found.error(at, format!("`{id}` is called unobserved, and a scenario observes it"));
            }
            (false, None) => {
                found
                    .error(at, format!("no scenario observes `{id}`"))
                    .help("write one, or say why there is none: `unobserved: reason`");
            }
            _ => {}
        }
    }
}
