//! `journal`: how often an endpoint was called.

use spanned_yaml::{Fields, Node, Span, closest};

use super::{
    ledger::Origin,
    matching::Actual,
    reader::Reader,
    words::{COMPONENT_ENTRY, IDP_ENTRY, MCP_DETAIL, listed},
};
use crate::{
    model::identifier::Component,
    outcome::Capability,
    scenario::{matcher::Matcher, syntax::JournalCheck},
};

impl Reader<'_> {
    pub(super) fn journal(&mut self, node: &Node) -> Option<JournalCheck> {
        let mut fields = Fields::new(node, "`journal`", &mut self.found)?;
        let of = fields.required("of", &mut self.found).and_then(|node| self.component(node));
        let endpoint_node = fields.required("endpoint", &mut self.found);
        let matching = fields
            .optional("matching")
            .map_or(Some(Vec::new()), |node| self.entry_matchers(node, of.as_ref()));
        let count_node = fields.required("count", &mut self.found);
        let count = count_node.and_then(|node| self.matcher(node, Actual::Count));
        if let (Some(node), Some(count)) = (count_node, &count)
            && count.takes_every_count()
        {
            self.found
                .error(node.span, "every number meets this, so nothing is checked")
                .help("say how many there must be: `count: 0`, `count: {ge: 1}`");
        }
        let rule = fields.optional("rule");
        let rule = self.rule_borne_out(rule);
        if let Some(rule) = &rule {
            self.ledger.journal(rule);
        }
        let capture = fields
            .optional("capture")
            .map_or(Some(Vec::new()), |node| self.entry_captures(node, of.as_ref()));
        fields.finish(&mut self.found);
        self.ledger.check();
        self.ledger.need([Capability::Journal]);

        let of = of?;
        let endpoint = self.endpoint(endpoint_node?, &of);
        Some(JournalCheck {
            of,
            endpoint: endpoint?,
            matching: matching?,
            count: count?,
            rule: rule?,
            capture: capture?,
        })
    }

    fn entry_captures(&mut self, node: &Node, of: Option<&Component>) -> Option<Vec<(String, String)>> {
        let known = of.map(entry_of);
        self.kept(node, Origin::Other, |reader, node| {
            let what = reader.single(node, "a capture", &["entry"])?;
            let text = reader.text(&what.value)?;
            match &known {
                Some(known) => reader.entry_pointer(&text, what.value.span, known),
                None => reader.pointer(&text, what.value.span),
            }
        })
    }

    fn entry_matchers(&mut self, node: &Node, of: Option<&Component>) -> Option<Vec<(String, Matcher)>> {
        let Some(known) = of.map(entry_of) else { return self.pointer_matchers(node) };
        self.matchers(node, Actual::Json, |reader, text, span| reader.entry_pointer(text, span, &known))
    }

    /// A pointer to what an entry has: no entry ever matches one to anything else, so a count of 0 would be idle.
    pub(super) fn entry_pointer(&mut self, text: &str, span: Span, known: &[&str]) -> Option<String> {
        let pointer = self.pointer(text, span)?;
        let item = pointer.strip_prefix("/scopes/").is_some_and(|index| index.parse::<u8>().is_ok());
        if known.contains(&pointer.as_str()) || (item && known.contains(&"/scopes")) {
            return Some(pointer);
        }
        let error = self.found.error(span, format!("an entry of that journal has no `{pointer}`"));
        match closest(&pointer, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("there are {}", listed(known.iter().copied()))),
        };
        None
    }
}

/// What an entry of its journal has.
fn entry_of(component: &Component) -> Vec<&'static str> {
    match component.as_str() {
        "idp" => IDP_ENTRY.to_vec(),
        server if server.contains(':') => [&COMPONENT_ENTRY[..], &MCP_DETAIL].concat(),
        _ => COMPONENT_ENTRY.to_vec(),
    }
}
