//! The state of the walk, and the readers of the words that most steps share.

use spanned_yaml::{Diagnostics, Node, Source, Span, closest};

use super::{Context, family::elsewhere, ledger::Ledger, words::listed};
use crate::{
    model::identifier::{Component, PROXY, RequirementId, UPSTREAM},
    scenario::syntax::Axis,
};

pub(super) struct Reader<'a> {
    pub(super) context: &'a Context,
    pub(super) found: Diagnostics,
    pub(super) ledger: Ledger,
    pub(super) axes: Vec<Axis>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source, context: &'a Context) -> Self {
        Self { context, found: Diagnostics::new(source), ledger: Ledger::default(), axes: Vec::new() }
    }

    /// Every item of a list once; one that stands there twice is an error.
    pub(super) fn distinct<T: PartialEq>(
        &mut self,
        nodes: &[Node],
        read: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for node in nodes {
            let Some(item) = read(self, node) else { continue };
            if items.contains(&item) {
                self.found
                    .error(node.span, format!("`{}` is listed twice", node.as_text().unwrap_or_default()));
            } else {
                items.push(item);
            }
        }
        items
    }

    /// A word out of a closed set.
    pub(super) fn one_of<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let meaning = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if meaning.is_none() {
            self.unknown(node.span, &text, what, words.iter().map(|(word, _)| *word));
        }
        meaning
    }

    /// "`x` is no <what>", with the nearest that is.
    pub(super) fn unknown<'w>(
        &mut self,
        span: Span,
        text: &str,
        what: &str,
        words: impl Iterator<Item = &'w str> + Clone,
    ) {
        let help = match closest(text, words.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("there are {}", listed(words)),
        };
        self.found.error(span, format!("`{text}` is no {what}")).help(help);
    }

    /// A component of the platform.
    pub(super) fn component(&mut self, node: &Node) -> Option<Component> {
        let text = self.text(node)?;
        if text.starts_with(PROXY) || text.starts_with(UPSTREAM) {
            return self.server(node);
        }
        let component = Component::new(text);
        if self.context.components.contains(&component) {
            return Some(component);
        }
        let context = self.context;
        self.unknown(
            node.span,
            component.as_str(),
            "component",
            context.components.iter().map(Component::as_str),
        );
        None
    }

    /// The requirement that a check has at stake: as written, or the scenario's first.
    pub(super) fn rule(&mut self, node: Option<&Node>) -> Option<RequirementId> {
        let id = self.rule_borne_out(node)?;
        self.ledger.stake(&id);
        Some(id)
    }

    /// The same of a check that only looks at what others have done: it bears the requirement out, and puts it at no stake.
    pub(super) fn rule_borne_out(&mut self, node: Option<&Node>) -> Option<RequirementId> {
        let Some(node) = node else { return self.ledger.first_requirement() };
        let id = self.requirement(node)?;
        if !self.ledger.lists(&id) {
            self.found
                .error(node.span, format!("`{id}` is not among the scenario's `requirements`"))
                .help("a check is about what the scenario is about: list it there, or name another");
        }
        Some(id)
    }

    /// A rule is at stake at the component whose it is.
    pub(super) fn at_home(&mut self, rule: &RequirementId, component: &Component, node: &Node) {
        if let Some(home) = elsewhere(rule, component) {
            self.found
                .error(
                    node.span,
                    format!("`{rule}` is a rule of {home}, so it is not at stake at {component}"),
                )
                .help("name the requirement that is at stake as `rule:`");
        }
    }

    /// `requirements`
    pub(super) fn requirements(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let Some(nodes) = node.as_sequence() else {
            self.found.expected(node, "a list of requirements");
            return;
        };
        if nodes.is_empty() {
            self.found.error(node.span, "`requirements` is empty").help("a scenario is about at least one");
        }
        let spanned = |reader: &mut Self, node: &Node| Some(Listed(reader.requirement(node)?, node.span));
        let listed = self.distinct(nodes, spanned);
        self.ledger.list(listed.into_iter().map(|Listed(id, span)| (id, span)));
    }

    fn requirement(&mut self, node: &Node) -> Option<RequirementId> {
        let id = RequirementId::new(self.text(node)?);
        if self.context.requirements.contains(&id) {
            return Some(id);
        }
        let error = self.found.error(node.span, format!("unknown requirement `{id}`"));
        match closest(id.as_str(), self.context.requirements.iter().map(RequirementId::as_str)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("`requirements.yaml` has the catalogue"),
        };
        None
    }

    /// A tag: words in lower case, joined by hyphens.
    pub(super) fn tag(&mut self, node: &Node) -> Option<String> {
        let tag = self.text(node)?;
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if tag.split('-').all(word) {
            return Some(tag);
        }
        self.found
            .error(node.span, format!("`{tag}` is no tag"))
            .help("a tag is words in lower case, joined by hyphens: `audience-mismatch`");
        None
    }
}

/// A requirement and where it is listed; equal by what it is.
struct Listed(RequirementId, Span);

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
