//! `advance`: one jump of all clocks.

use std::collections::BTreeMap;

use spanned_yaml::Node;

use super::{reader::Reader, variable::Place};
use crate::{
    model::duration,
    outcome::Capability,
    scenario::{syntax::AxisValue, template::Template},
};

impl Reader<'_> {
    pub(super) fn advance(&mut self, node: &Node) -> Option<Template> {
        let by = self.template(node, Place::Step)?;
        self.ledger.need([Capability::ClockControl]);
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
