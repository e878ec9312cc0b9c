//! `advance`: one jump of all clocks, or of one.

use std::collections::BTreeMap;

use spanned_yaml::{Fields, Node};

use super::{reader::Reader, variable::Place};
use crate::{
    model::duration,
    outcome::Capability,
    scenario::{
        syntax::{Advance, AxisValue, Whose},
        template::Template,
    },
};

impl Reader<'_> {
    pub(super) fn advance(&mut self, node: &Node) -> Option<Advance> {
        self.ledger.need([Capability::ClockControl]);
        if node.as_mapping().is_none() {
            return Some(Advance { by: self.jump(node)?, of: Whose::All });
        }
        let mut fields = Fields::new(node, "`advance`", &mut self.found)?;
        let by = fields.required("by", &mut self.found).and_then(|node| self.jump(node));
        let of = fields.entry("of");
        let client = fields.entry("client");
        fields.finish(&mut self.found);
        let of = match (of, client) {
            (None, None) => Whose::All,
            (Some(entry), None) => Whose::Component(self.component(&entry.value)?),
            (None, Some(entry)) => {
                let name = self.client_name(&entry.value)?;
                self.ledger.client_use(&name, entry.value.span);
                Whose::Client(name)
            }
            (Some(_), Some(entry)) => {
                self.found
                    .error(entry.key_span, "one clock is moved at a time")
                    .help("keep one of `of` and `client`");
                return None;
            }
        };
        Some(Advance { by: by?, of })
    }

    fn jump(&mut self, node: &Node) -> Option<Template> {
        let by = self.template(node, Place::Step)?;
        for text in self.possible(&by) {
            match duration::parse(&text) {
                Ok(duration) if duration.is_zero() => {
                    self.found.error(node.span, format!("`{text}` moves no clock"));
                }
                Ok(_) => {}
                Err(error) => {
                    self.found.error(node.span, error.to_string());
                }
            }
        }
        Some(by)
    }

    /// What a text with at most one axis of the matrix in it may become; nothing where other variables decide.
    fn possible(&self, template: &Template) -> Vec<String> {
        let Some((name, _)) = template.variables().next() else {
            return template.literal().map(str::to_owned).into_iter().collect();
        };
        let Some(axis) = self.axes.iter().find(|axis| name.strip_prefix("matrix.") == Some(&axis.name))
        else {
            return Vec::new();
        };
        let cell = |value: &AxisValue| BTreeMap::from([(axis.name.clone(), value.value.clone())]);
        axis.values.iter().filter_map(|value| template.fill(&cell(value)).ok()).collect()
    }
}
