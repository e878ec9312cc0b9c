//! From text to a [`CheckedScenario`] in one walk, with all mistakes of the file at once.
//!
//! The walk reads top-down and knows what the lines above have defined; what only the whole file can tell (a control
//! that never happens, a requirement that no check is about) is entered in a `ledger` and settled at the end.

mod accept;
mod advance;
mod axes;
mod browser;
mod capture;
mod client;
mod expect;
mod family;
mod fault;
mod journal;
mod keys;
mod ledger;
mod matching;
pub mod mcp;
mod mint;
mod observe;
mod reader;
mod refuse;
mod request;
mod sign_in;
mod step;
mod token;
mod value;
mod variable;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Fields, Source};

use self::{reader::Reader, variable::Place, words::CAPABILITIES};
use crate::{
    model::identifier::{Component, DivergenceId, RequirementId, ScenarioId},
    scenario::syntax::{CheckedScenario, Manifests},
};

/// What a scenario may name besides what it defines itself.
#[derive(Clone, Debug)]
pub struct Context {
    /// The requirements of the catalogue.
    pub requirements: BTreeSet<RequirementId>,
    /// The divergences of the catalogue, each with what can be observed of it.
    pub divergences: BTreeMap<DivergenceId, BTreeSet<String>>,
    /// The parts of the platform.
    pub components: BTreeSet<Component>,
    /// Names from outside.
    pub outside: Outside,
}

/// Names that the caller gives values to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// From the command line: `${var.NAME}`.
    pub variables: BTreeSet<String>,
    /// From the environment: `${env.NAME}`.
    pub environment: BTreeSet<String>,
}

impl Context {
    /// The components of a platform, and the given names.
    #[must_use]
    pub fn new(
        requirements: BTreeSet<RequirementId>,
        divergences: BTreeMap<DivergenceId, BTreeSet<String>>,
        outside: Outside,
    ) -> Self {
        let components = words::COMPONENTS.into_iter().map(Component::new).collect();
        Self { requirements, divergences, components, outside }
    }
}

/// Reads a scenario. It is there exactly if there is no error; the diagnostics may then still hold warnings.
#[must_use]
pub fn scenario(
    id: ScenarioId,
    source: &Source,
    context: &Context,
) -> (Option<CheckedScenario>, Diagnostics) {
    let mut reader = Reader::new(source.clone(), context);
    let scenario = reader.scenario(id);
    let found = reader.found;
    (scenario.filter(|_| !found.has_errors()), found)
}

impl Reader<'_> {
    fn scenario(&mut self, id: ScenarioId) -> Option<CheckedScenario> {
        let node = spanned_yaml::parse(&mut self.found)?;
        let mut fields = Fields::new(&node, "a scenario", &mut self.found)?;

        let title = fields.required("title", &mut self.found);
        let why = fields.required("why", &mut self.found).and_then(|node| self.literal(node));
        let requirements = fields.required("requirements", &mut self.found);
        self.requirements(requirements);
        let tags = fields.list("tags", &mut self.found);
        let tags = self.distinct(tags, Self::tag);
        let needs = fields.list("needs", &mut self.found);
        let needs = self.distinct(needs, |reader, node| reader.one_of(node, "capability", &CAPABILITIES));
        self.ledger.need(needs);
        // The title uses the matrix's axes.
        self.matrix(fields.entry("matrix"));
        let title = title.and_then(|node| self.template(node, Place::Title));
        let values = fields.required("platform", &mut self.found).and_then(|node| {
            let mut fields = Fields::new(node, "`platform`", &mut self.found)?;
            let values = fields.required("values", &mut self.found);
            let manifests = fields.entry("manifests");
            let broken = fields.entry("broken_manifests");
            fields.finish(&mut self.found);
            if let (Some(_), Some(broken)) = (manifests, broken) {
                self.found
                    .error(broken.key_span, "`broken_manifests` beside `manifests`")
                    .help("list all of them as `broken_manifests`");
            }
            let manifests = match (manifests, broken) {
                (Some(entry), _) => self.manifests(&entry.value, false),
                (None, Some(entry)) => self.manifests(&entry.value, true),
                (None, None) => Some(Manifests::default()),
            };
            Some((self.template(values?, Place::Setup)?, manifests?))
        });
        let (values, manifests) = values.unzip();
        let tenant = fields.required("idp", &mut self.found).and_then(|node| {
            let mut fields = Fields::new(node, "`idp`", &mut self.found)?;
            let tenant = fields.required("tenant", &mut self.found);
            fields.finish(&mut self.found);
            self.template(tenant?, Place::Setup)
        });
        let steps = fields.required("steps", &mut self.found);
        let steps = self.steps(steps);
        if !self.found.has_errors() && !self.ledger.checks() {
            let span = fields.entry("steps").map_or(fields.span(), |entry| entry.key_span);
            self.found
                .error(span, "the scenario checks nothing")
                .help("add a step that does: `accept`, `refuse`, `request`, `token`, `journal`, `client`, `browser`, or a refused `sign_in`");
        }
        self.ledger.clean_up();
        let always = fields.optional("always");
        let always = self.steps(always);
        fields.finish(&mut self.found);

        let axes = std::mem::take(&mut self.axes);
        self.ledger.settle(&mut self.found);
        Some(CheckedScenario {
            id,
            source: self.found.source().clone(),
            title: title?,
            why: why?,
            requirements: self.ledger.requirements(),
            tags,
            needs: self.ledger.needs(),
            matrix: axes,
            values: values?,
            manifests: manifests?,
            tenant: tenant?,
            steps,
            always,
        })
    }
}
