//! `requirements.yaml`: the catalogue and its frozen sets.

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Fields, Node, Source, Span, closest};

use super::divergences;
use crate::model::{
    identifier::{DivergenceId, RequirementId},
    requirement::{Catalogue, Level, Provenance, Requirement},
};

/// The catalogue, and where in the file its parts stand.
#[derive(Debug, Default)]
pub(super) struct LocatedCatalogue {
    pub(super) catalogue: Catalogue,
    pub(super) places: BTreeMap<RequirementId, Places>,
    pub(super) divergences: BTreeMap<DivergenceId, Span>,
}

/// Where a requirement stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) id: Span,
    pub(super) untested: Option<Span>,
}

impl LocatedCatalogue {
    pub(super) fn ids(&self) -> BTreeSet<RequirementId> {
        self.places.keys().cloned().collect()
    }

    /// Every divergence with what can be observed of it.
    pub(super) fn observations(&self) -> BTreeMap<DivergenceId, BTreeSet<String>> {
        let divergences = self.catalogue.divergences.iter();
        divergences.map(|one| (one.id.clone(), one.observations.keys().cloned().collect())).collect()
    }
}

/// Level and word.
pub(crate) const LEVELS: [(&str, Level); 3] =
    [("MUST", Level::Must), ("SHOULD", Level::Should), ("MAY", Level::May)];

/// Provenance and word.
pub(crate) const PROVENANCES: [(&str, Provenance); 4] =
    [("doc", Provenance::Doc), ("obs", Provenance::Obs), ("rfc", Provenance::Rfc), ("own", Provenance::Own)];

pub(super) fn read(source: &Source) -> (LocatedCatalogue, Diagnostics) {
    let mut found = Diagnostics::new(source.clone());
    let mut located = LocatedCatalogue::default();
    if let Some(node) = spanned_yaml::parse(&mut found) {
        catalogue(&node, &mut located, &mut found);
    }
    (located, found)
}

fn catalogue(node: &Node, located: &mut LocatedCatalogue, found: &mut Diagnostics) {
    let Some(mut fields) = Fields::new(node, "the catalogue", found) else { return };
    let sets = fields.required("sets", found);
    let rules_node = fields.required("requirements", found);
    let rules = fields.list("requirements", found);
    let divergences = fields.list("divergences", found);
    fields.finish(found);
    located.catalogue.divergences = divergences::read(divergences, &mut located.divergences, found);
    if let (Some(node), []) = (rules_node, rules) {
        found.error(node.span, "the catalogue has no requirement");
    }

    // References may point forward: they are settled when all ids are known.
    let mut implications = Vec::new();
    for node in rules {
        let Some(rule) = requirement(node, located, &mut implications, found) else { continue };
        located.catalogue.requirements.push(rule);
    }
    for node in implications {
        known(node, located, found);
    }
    if let Some(sets) = sets {
        read_sets(sets, located, found);
    }
}

fn requirement<'n>(
    node: &'n Node,
    located: &mut LocatedCatalogue,
    implications: &mut Vec<&'n Node>,
    found: &mut Diagnostics,
) -> Option<Requirement> {
    let mut fields = Fields::new(node, "a requirement", found)?;
    let id_node = fields.required("id", found);
    let statement = fields.required_text("statement", found);
    fields.required("level", found);
    let level = fields.choice("level", &LEVELS, found);
    let provenance_node = fields.required("provenance", found);
    let provenance: Vec<_> =
        fields.list("provenance", found).iter().filter_map(|node| provenance(node, found)).collect();
    if let Some(node) = provenance_node.filter(|node| node.as_sequence().is_some_and(<[_]>::is_empty)) {
        found.error(node.span, "`provenance` is empty").help("there are `doc`, `obs`, `rfc`, `own`");
    }
    let source = fields.required_text("source", found);
    let implies = fields.list("implies", found);
    let untested = fields.optional("untested");
    let excluded = fields.optional("excluded");
    fields.finish(found);

    let id_node = id_node?;
    let id = requirement_id(id_node, found)?;
    let places = Places { id: id_node.span, untested: untested.map(|node| node.span) };
    if let Some(first) = located.places.get(&id) {
        let line = found.source().position(first.id).0;
        found
            .error(id_node.span, format!("duplicate requirement `{id}`"))
            .help(format!("it is in line {line} already"));
        return None;
    }
    located.places.insert(id.clone(), places);
    implications.extend(implies);
    if let (Some(_), Some(excluded)) = (untested, excluded) {
        found
            .error(excluded.span, format!("`{id}` is both untested and excluded"))
            .help("untested: nothing tests it yet; excluded: nothing will. Keep one");
    }
    if let (Some(excluded), Some(Level::Must)) = (excluded, level)
        && provenance.contains(&Provenance::Doc)
    {
        found
            .error(excluded.span, format!("`{id}` cannot be excluded"))
            .help("it is a MUST of the documentation: write `untested:` with the reason");
    }
    let untested = reason(untested, found);
    let excluded = reason(excluded, found);
    Some(Requirement {
        id,
        statement: statement?.to_owned(),
        level: level?,
        provenance,
        source: source?.to_owned(),
        implies: implies.iter().filter_map(Node::as_text).map(RequirementId::new).collect(),
        untested,
        excluded,
    })
}

/// `TOK-AUD-TYPE`, `TOK-SCOPE-401`
fn requirement_id(node: &Node, found: &mut Diagnostics) -> Option<RequirementId> {
    let Some(text) = node.as_text() else {
        found.expected(node, "a requirement's id");
        return None;
    };
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if text.contains('-') && text.split('-').all(word) {
        return Some(RequirementId::new(text));
    }
    found
        .error(node.span, format!("`{text}` is no requirement's id"))
        .help("an id is words in upper case, joined by hyphens: `TOK-AUD`");
    None
}

fn provenance(node: &Node, found: &mut Diagnostics) -> Option<Provenance> {
    let text = node.as_text().unwrap_or_default();
    let meaning = PROVENANCES.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    if meaning.is_none() {
        found
            .error(node.span, format!("`{text}` is no provenance"))
            .help("there are `doc`, `obs`, `rfc`, `own`");
    }
    meaning
}

fn reason(node: Option<&Node>, found: &mut Diagnostics) -> Option<String> {
    let node = node?;
    let text = node.as_text().filter(|text| !text.trim().is_empty());
    if text.is_none() {
        found.error(node.span, "a reason is missing").help("say why, in words");
    }
    text.map(str::to_owned)
}

fn read_sets(node: &Node, located: &mut LocatedCatalogue, found: &mut Diagnostics) {
    let Some(entries) = node.as_mapping() else {
        found.expected(node, "a map from revision to requirements");
        return;
    };
    for entry in entries {
        let Some(nodes) = entry.value.as_sequence() else {
            found.expected(&entry.value, "a list of requirements");
            continue;
        };
        let mut ids = Vec::new();
        for node in nodes {
            let Some(id) = known(node, located, found) else { continue };
            if ids.contains(&id) {
                found.error(node.span, format!("`{id}` is listed twice"));
            } else if located.catalogue.find(&id).is_some_and(|rule| rule.excluded.is_some()) {
                found
                    .error(node.span, format!("`{id}` is excluded, so it can be in no set"))
                    .help("take it off the set");
            } else {
                ids.push(id);
            }
        }
        located.catalogue.sets.insert(entry.key.clone(), ids);
    }
}

fn known(node: &Node, located: &LocatedCatalogue, found: &mut Diagnostics) -> Option<RequirementId> {
    let Some(text) = node.as_text() else {
        found.expected(node, "a requirement's id");
        return None;
    };
    let id = RequirementId::new(text);
    if located.places.contains_key(&id) {
        return Some(id);
    }
    let error = found.error(node.span, format!("unknown requirement `{text}`"));
    if let Some(near) = closest(text, located.places.keys().map(RequirementId::as_str)) {
        error.help(format!("did you mean `{near}`?"));
    }
    None
}
