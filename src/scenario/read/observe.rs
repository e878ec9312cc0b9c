//! `observe`: which of the two sides of a divergence the platform is on. No requirement is at stake in it.

use spanned_yaml::{Fields, Node, closest};

use super::{matching::Actual, reader::Reader, variable::Place, words::listed};
use crate::{model::identifier::DivergenceId, scenario::syntax::Observe};

impl Reader<'_> {
    pub(super) fn observe(&mut self, node: &Node) -> Option<Observe> {
        let mut fields = Fields::new(node, "`observe`", &mut self.found)?;
        let id_node = fields.required("divergence", &mut self.found);
        let value_node = fields.required("value", &mut self.found);
        let value = value_node.and_then(|node| self.template(node, Place::Step));
        let is = fields.required("is", &mut self.found);
        fields.finish(&mut self.found);

        let id_node = id_node?;
        let id = DivergenceId::new(self.text(id_node)?);
        let context = self.context;
        let Some(known) = context.divergences.get(&id) else {
            let ids = context.divergences.keys().map(DivergenceId::as_str);
            self.unknown(id_node.span, id.as_str(), "divergence", ids);
            return None;
        };
        let is = is?;
        let Some(entries) = is.as_mapping() else {
            self.found.expected(is, "a map from each observation to what the value is then");
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key)) {
            let message = format!("`{}` is no observation of `{id}`", entry.key);
            let error = self.found.error(entry.key_span, message);
            match closest(&entry.key, known.iter().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("there are {}", listed(known.iter().map(String::as_str)))),
            };
        }
        if entries.len() < 2 {
            self.found
                .error(is.span, "only one thing can be observed here, so nothing is")
                .help("say of at least two observations what the value is then");
        }
        if let (Some(node), Some(value)) = (value_node, &value)
            && !is_a_capture(&value.written())
        {
            self.found
                .error(node.span, "what is observed comes from the platform")
                .help("capture it in a step before, and write `${capture.name}`");
        }
        for entry in entries.iter().filter(|entry| entry.value.get("present").is_some()) {
            self.found
                .error(entry.value.span, "every value that was captured meets this, or none does")
                .help("say what the value is then");
        }
        let is: Vec<_> = entries
            .iter()
            .map(|entry| Some((entry.key.clone(), self.matcher(&entry.value, Actual::Json)?)))
            .collect();
        Some(Observe { divergence: id, value: value?, is: is.into_iter().collect::<Option<_>>()? })
    }
}

/// `${capture.name}`, and nothing else.
fn is_a_capture(text: &str) -> bool {
    let name = text.strip_prefix("${capture.").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.contains('}'))
}
